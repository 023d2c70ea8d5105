"""What could not be delivered: who was to be told what, why it failed, and another try."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, render_template, request
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from admin.base import StaffView, ctx, see
from portal import labels
from portal.casework import undelivered
from portal.casework.context import NotFound, Refused
from portal.casework.undelivered import Undelivered
from portal.domain.lifecycle import Role
from portal.models import OutboxRow

SAID: Mapping[str, LazyString] = {
    "again": _l("We are trying again. If it fails, it comes back to this list.")
}

# Work that is no notice, as this page calls it.
WORK: Mapping[str, LazyString] = {
    "document": _l("Making a document"),
    "match": _l("Matching a request with the register"),
    "arrival": _l("Matching a request with the register"),
    "find": _l("Sending a link"),
    "remove": _l("A deactivation"),
    "suspend": _l("Suspending an account"),
    "call": _l("An automated call"),
    "reset": _l("A removal by the owner"),
    "export": _l("A file for compliance"),
    "mail": _l("An email"),
    "spoken": _l("A call with a notice"),
}
WAYS: Mapping[str, LazyString] = {"mail": _l("Email"), "spoken": _l("Telephone")}


class UndeliveredView(StaffView):
    """For leads, who try again, and administrators, who look after the mail server."""

    roles = undelivered.READERS
    icon = "warning"

    @expose("/")
    def index(self) -> Response:
        return _page(200, said=SAID.get(request.args.get("said", "")))

    @expose("/<row_id>/again", methods=("POST",))
    def again(self, row_id: str) -> Response:
        try:
            undelivered.send_again(ctx(), row_id)
        except NotFound:
            raise
        except Refused as refused:
            return _page(422, refused=labels.word("refusal", refused.reason))
        return see("undelivered.index", said="again")


def what(row: OutboxRow) -> str:
    """What was to be carried out, in words."""
    notices, notice = labels.TABLES["notice"], row.notice or ""
    return str(notices[notice] if notice in notices else WORK.get(row.kind, row.kind))


def why(row: OutboxRow) -> str:
    """Why it failed. Our own sentences and the names of errors: neither quotes an address."""
    error = row.last_error or ""
    return str(CAUSES.get(error, error))


CAUSES: Mapping[str, LazyString] = {
    "nobody is left to write to": _l("There is no longer an address."),
    "what the mail was to say is erased": _l("Its content has been deleted."),
    "too many mails to this address": _l("Too many emails went to this address."),
    "nobody can be called": _l("No telephone service is connected."),
    "no try came to an end": _l("No attempt was completed."),
}


def _page(code: int, **values: object) -> Response:
    found: list[Undelivered] = undelivered.listed(ctx())
    html = render_template(
        "staff/undelivered.html",
        rows=found,
        number=undelivered.number(ctx()),
        may_send=Role.LEAD in ctx().actor.roles,
        what=what,
        why=why,
        ways=WAYS,
        **values,
    )
    return Response(html, code, mimetype="text/html")
