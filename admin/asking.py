"""Asking the owner: what can be asked for and until when, and the very mail that will say it, in the owner's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, Form, StringField
from wtforms.validators import StopValidation

from admin import mail_preview
from admin.acts import Visit
from admin.evidence_form import day_of
from admin.forms import DeskForm, Needed, boxes_field, built, choices, sent_version
from portal import audit, i18n, labels
from portal.casework import verification
from portal.casework.context import Context
from portal.domain.lifecycle import Status
from portal.notice_facts import TASKS

NOTICE = "check_needed"


class DueDay(Needed):
    """A day on which something can be due: after today, and within the time that owners have."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(_l("Enter the due date, for example 2026-12-08"))
        self.ctx = ctx

    def __call__(self, form: Form, field: Field) -> None:
        super().__call__(form, field)
        day = read_day(field.data)
        if day is None:
            raise StopValidation(str(self.words))
        field.data = day.isoformat()
        error = verification.due_error(self.ctx, day)
        if error == "due_too_late":
            last = i18n.day(verification.last_due_day(self.ctx))
            raise StopValidation(_("Due date must be %(day)s or earlier", day=last))
        if error:
            raise StopValidation(labels.word("refusal", error))


def read_day(text: str) -> date | None:
    """A day however it is typed; None where there is no such day."""
    try:
        return date.fromisoformat(day_of(text))
    except ValueError:
        return None


def form(visit: Visit) -> DeskForm:
    """What to ask for, and until when; filled with what the address names to be previewed."""
    ctx = visit.ctx
    last = verification.last_due_day(ctx).isoformat()
    # made in the order of the page, which WTForms takes from here
    items = boxes_field(
        _l("Ask the owner for"),
        choices((key, TASKS[key]) for key in verification.askable(ctx, visit.case)),
        _l("Select what to ask for."),
        _l("Select all that you need."),
    )
    due = StringField(
        _l("Due date"),
        [DueDay(ctx)],
        description=_l("The owner has until the end of that day in Japan."),
        render_kw={"type": "date", "min": verification.first_due_day(ctx).isoformat(), "max": last},
    )
    filled = {
        "items": _possible(visit, request.args.getlist("items")),
        "due": request.args.get("due") or last,
    }
    return built(("items", items), ("due", due), filled=filled)


def ask(visit: Visit, sent: DeskForm) -> str | None:
    """Send the mail, or only show it first."""
    items, due = sent["items"].data, sent["due"].data
    if "preview" in request.form:
        return url_for("checks.act", case_id=visit.case.id, key="ask", items=items, due=due)
    verification.ask(visit.ctx, visit.case.id, items, due=read_day(due), version=sent_version())
    return None


def preview(visit: Visit) -> Mapping[str, Any]:
    """The whole mail, as far as something can be sent that way."""
    chosen = request.form if request.method == "POST" else request.args
    wanted = _possible(visit, chosen.getlist("items"))
    due = read_day(chosen.get("due", "")) or verification.last_due_day(visit.ctx)
    if not wanted or verification.due_error(visit.ctx, due):
        return {}
    until = audit.timestamp(verification.end_of(due))
    mail = mail_preview.preview(
        visit.ctx, visit.case, NOTICE, status=Status.WAITING_OWNER, items=wanted, until=until
    )
    return {"subject": mail.subject, "body": mail.text}


def _possible(visit: Visit, items: list[str]) -> list[str]:
    """Keys that nobody can ask for are left out."""
    possible = verification.askable(visit.ctx, visit.case)
    return [key for key in items if key in possible]
