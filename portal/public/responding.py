"""Where the owner answers the desk: words, a time to be called, the mailbox link once more. Each leads back to the status page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

from flask import Response, abort, request
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

from portal import i18n
from portal.casework import proofs, responding
from portal.casework.context import Refused
from portal.choices import SelectChoice
from portal.domain.lifecycle import Act, Status, row_for
from portal.models import Case
from portal.notice_facts import TASKS
from portal.public import fields
from portal.public.forms import CallTimeForm, MessageForm, OwnerForm
from portal.public.refusals import attempted, is_filled_in, paint_tried
from portal.public.status import case_of_visit, needs_case, refused, said_after, too_late
from portal.public.visit import context, is_switching, owners, paint, see
from portal.written_times import ZONE

Words: TypeAlias = LazyString | str


@owners.route("/status/message", methods=["GET", "POST"])
@needs_case
def message() -> Response:
    case = case_of_visit()
    if row_for(Act.RECEIVE_MESSAGE, Status(case.status)) is None:
        return too_late()
    return _words_page(
        "message",
        lambda text: responding.write(context(), case.id, text),
        title=_l("Write to our team"),
        lead=_l("We answer by email, and you find the answer on the status page too."),
        button=_l("Send message"),
    )


@owners.route("/status/done/<item>", methods=["GET", "POST"])
@needs_case
def told(item: str) -> Response:
    """Something that is done elsewhere: nobody but the owner can tell us that it is."""
    if item not in TASKS:
        abort(404)
    case = case_of_visit()
    if case.status != Status.WAITING_OWNER or item not in responding.TOLD & set(case.asked):
        return too_late()
    return _words_page(
        "told",
        lambda text: responding.tell(context(), case.id, item, text),
        title=TASKS[item],
        lead=_l(
            "When you have done this, tell us how: for example when you sent it and how it was sent, or who confirms "
            "the request. If you have a question, write to our team instead."
        ),
        button=_l("I have done this"),
    )


@owners.route("/status/answer", methods=["GET", "POST"])
@needs_case
def answered() -> Response:
    case = case_of_visit()
    if case.status != Status.WAITING_OWNER:
        return too_late()
    return _words_page(
        "answered",
        lambda text: responding.answer(context(), case.id, text),
        title=_l("I cannot do the rest"),
        lead=_l(
            "Tell us what you cannot do and why. We will continue with what you have done, or ask for something else."
        ),
        button=_p("answer", "Send and continue"),
    )


def _words_page(
    said: str, send: Callable[[str], object], *, title: Words, lead: Words, button: Words
) -> Response:
    """A page with a field for words. What cannot be taken is said at the field, and what was typed stays there."""
    form = MessageForm(request.form if request.method == "POST" else None)
    if is_filled_in(form, "message"):
        try:
            if _did(form, "message", lambda: send(fields.message(form["message"].data))):
                return see("status", said=said if said == "answered" else said_after(said))
        except Refused as refusal:
            return refused(refusal)
    limit = context().limits.message_length
    return paint_tried("status_message", form, title=title, lead=lead, button=button, limit=limit)


def _did(form: OwnerForm, field: str, act: Callable[[], object]) -> bool:
    """Do it. Where it was refused, the field says why."""

    def do() -> bool:
        act()
        return True

    return bool(attempted(form, field, do))


@owners.route("/status/call-time", methods=["GET", "POST"])
@needs_case
def call_time() -> Response:
    """Choose when to be called. What a page offered may be over when it is sent, so casework judges once more."""
    case = case_of_visit()
    if row_for(Act.BOOK_CALL, Status(case.status)) is None:
        return too_late()
    form = _call_form(case)
    if is_filled_in(form, "time"):
        try:
            at = _moment(form)
            if _did(form, "time", lambda: responding.book_call(context(), case.id, at)):
                return see("status", said=said_after("booked"))
        except Refused as refusal:
            return refused(refusal)
    return paint_tried("status_call_time", form, case=case, offered=bool(form["day"].choices))


def _call_form(case: Case) -> CallTimeForm:
    slots = [at.astimezone(ZONE) for at in responding.slots(context(), case)]
    booked = case.call_booked_at.astimezone(ZONE) if case.call_booked_at else None
    chosen = {"day": _day(booked), "time": _clock(booked)} if booked in slots and booked else {}
    form = CallTimeForm(request.form if request.method == "POST" else chosen or None)
    form["day"].choices = [SelectChoice(day, i18n.day(next(first))) for day, first in groupby(slots, _day)]
    clocks = {_clock(at): at for at in sorted(slots, key=_clock)}
    choose = SelectChoice("", _("Select a time"))
    form["time"].choices = [choose, *(SelectChoice(key, _half_hour(at)) for key, at in clocks.items())]
    return form


def _half_hour(at: datetime) -> str:
    start, end = i18n.clock(at), i18n.clock(at + responding.SLOT)
    return str(_("%(start)s to %(end)s", start=start, end=end))


def _day(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d") if at else ""


def _clock(at: datetime | None) -> str:
    return at.strftime("%H:%M") if at else ""


def _moment(form: CallTimeForm) -> datetime:
    """The two choices put together; both are of those that the page offers."""
    written = f"{form['day'].data} {form['time'].data}"
    return datetime.strptime(written, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


@owners.route("/status/mailbox", methods=["GET", "POST"])
@needs_case
def link_again() -> Response:
    case = case_of_visit()
    if case.status != Status.WAITING_OWNER or "H1" not in case.asked:
        return too_late()
    if request.method != "POST" or is_switching():
        return paint("status_mailbox", life=i18n.duration(context().limits.confirm_life))
    try:
        proofs.send_link_again(context(), case.id)
    except Refused as refusal:
        return refused(refusal)
    return see("status", said="link")
