"""The demo's mailbox: every mail that would have been sent, with its links and papers. Registered in demo mode only."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from typing import cast

from flask import Blueprint, Response, abort, render_template, request, send_file
from sqlalchemy import select

from portal import db
from portal.models import DemoMail

SHOWN = 50

mailbox = Blueprint("mailbox", __name__, url_prefix="/demo/mail")


@mailbox.get("")
def mails() -> str:
    """The newest mails, all of them or those to one address."""
    wanted = request.args.get("to", "")
    query = select(DemoMail).order_by(DemoMail.at.desc(), DemoMail.id)
    if wanted:
        query = query.where(DemoMail.recipient == wanted)
    rows = list(db.session().execute(query.limit(SHOWN)).scalars())
    return render_template("demo/mails.html", mails=rows, to=wanted, shown=SHOWN)


@mailbox.get("/<string(length=32):mail_id>")
def mail(mail_id: str) -> str:
    """One mail as plain text, which has the same words as its other form."""
    row = _row(mail_id)
    message = _message(row)
    body = message.get_body(("plain",))
    names = [part.get_filename() or "" for part in message.iter_attachments()]
    return render_template(
        "demo/mail.html", mail=row, text=body.get_content() if body else "", papers=list(enumerate(names))
    )


@mailbox.get("/<string(length=32):mail_id>/<int:place>")
def paper(mail_id: str, place: int) -> Response:
    """A paper that came with a mail."""
    parts = list(_message(_row(mail_id)).iter_attachments())
    if place >= len(parts):
        abort(404)
    data = cast(bytes, parts[place].get_content())
    return send_file(
        BytesIO(data), "application/pdf", as_attachment=True, download_name=parts[place].get_filename()
    )


def _row(mail_id: str) -> DemoMail:
    return db.session().get(DemoMail, mail_id) or abort(404)


def _message(row: DemoMail) -> EmailMessage:
    return message_from_bytes(row.raw, policy=default)
