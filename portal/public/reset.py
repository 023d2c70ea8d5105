"""The owner's own path, step by step: choosing the device, the mailed link, the removal, and the way out to the request form.

The telephone has pages of its own: reset_call.py. Which step a browser is at the database says, so that no page can be
reached before the one in front of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, cast

from flask import Response, abort, g, request
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import RadioField

from portal import contact, db, i18n, labels, receipts
from portal.casework import (
    self_service,
    self_service_facts,
    self_service_handover,
    self_service_mailbox,
    self_service_removal,
)
from portal.casework.context import NotFound, Refused, Throttled
from portal.casework.self_service_end import step_of
from portal.choices import SelectChoice
from portal.connectors import Device
from portal.models import Contact, SelfService
from portal.public import papers, steps
from portal.public.drafting import keep, values
from portal.public.fields import Chosen
from portal.public.forms import OwnerForm
from portal.public.signed_in import needs, old_cookie, present, welcome
from portal.public.visit import context, is_sent, owners, paint, see

P = ParamSpec("P")

PAGES = {"mail": "reset_mail", "call": "reset_call", "remove": "reset_remove"}


class DeviceForm(OwnerForm):
    device = RadioField(
        _l("Which MFA device do you want to remove?"),
        [Chosen(_l("Select the MFA device to deactivate"))],
        choices=[],
        validate_choice=False,
    )


def attempt() -> SelfService:
    """The attempt that this browser carries, on a page that is `at` one of its steps."""
    return cast(SelfService, g.attempt_of_visit)


def at(step: str) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Show a page only to the browser whose attempt is at this step; any other goes where it stands."""

    def decorate(view: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(view)
        @needs("password")
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
            found = self_service.attempt_of(context(), present())
            if found is None or step_of(found) != step:
                return onwards(found)
            g.attempt_of_visit = found
            return view(*args, **kwargs)

        return guarded

    return decorate


def onwards(found: SelfService | None) -> Response:
    """To the step that the browser's attempt is at, or to what has become of it."""
    if found is not None:
        return see(PAGES[step_of(found)])
    ctx, visitor = context(), present()
    if self_service.moved_away(ctx, visitor):
        return see("reset_elsewhere")
    last = self_service.last_of(ctx, visitor)
    if last is not None and last.removed_at is not None:
        return see("one_use_pass")  # a worker has finished it: the password now needs a pass
    if last is not None and last.failed_step == "start":
        return see("reset_closed")
    return see("reset_over" if last is not None else "reset")


@owners.route("/reset", methods=["GET", "POST"])
@needs("password")
def reset() -> Response:
    """Which device it is about, before anything is proven: the mail and the call name it, and no other can go."""
    ctx, visitor = context(), present()
    if not self_service.offered(ctx):
        return see("reset_closed")
    running = self_service.attempt_of(ctx, visitor)
    devices = self_service.devices_of(ctx, visitor)
    form = DeviceForm(request.form if request.method == "POST" else {"device": _only(devices, running)})
    form["device"].choices = [SelectChoice(one.id, one.label) for one in devices]
    if not is_sent(form):
        return paint("reset_start", form, devices=devices, running=running)
    begun = self_service.begin(ctx, visitor, form["device"].data, language=i18n.current())
    return onwards(begun if begun.ended_at is None else None)


def _only(devices: tuple[Device, ...], running: SelfService | None) -> str:
    """What is chosen already: the device of the running attempt, or the one there is. It is still shown and confirmed."""
    if running is not None and running.device_id:
        return running.device_id
    return devices[0].id if len(devices) == 1 else ""


@owners.get("/reset/closed")
@needs("password")
def reset_closed() -> Response:
    """One text for every reason: whoever holds only the password is not told what protects the account."""
    return paint("reset_closed")


@owners.get("/reset/over")
@needs("password")
def reset_over() -> Response:
    return paint("reset_over")


@owners.get("/reset/elsewhere")
@needs("password")
def reset_elsewhere() -> Response:
    """The link was opened in another browser, and the attempt goes on there and nowhere else."""
    return paint("reset_elsewhere")


# step 1


@owners.route("/reset/mail", methods=["GET", "POST"])
@at("mail")
def reset_mail() -> Response:
    if request.method == "GET":
        return _mail_page()
    try:
        self_service_mailbox.send_link(context(), present())
    except Throttled as refusal:
        return _mail_page(wait_words(refusal), 429)
    except Refused as refusal:
        if refusal.reason == "attempt_over":
            return onwards(None)
        return _mail_page(labels.word("refusal", refusal.reason), 429)
    return see("reset_mail")


def wait_words(refusal: Throttled) -> str:
    seconds = int(refusal.details["retry_after"])
    return str(ngettext("Wait %(num)s second.", "Wait %(num)s seconds.", seconds))


def _mail_page(wrong: str = "", code: int = 200) -> Response:
    ctx, settings = context(), db.runtime().settings
    return paint(
        "reset_mail",
        code=code,
        attempt=attempt(),
        address=masked(attempt().mailbox_contact_id),
        sent=self_service_mailbox.sent_of(ctx, attempt()),
        link_life=i18n.duration(ctx.limits.prove_link_life),
        wrong=wrong,
        sender=settings.smtp.sender if settings.smtp else None,
        service=settings.service_name,
    )


def masked(contact_id: str | None) -> str:
    """A registered contact, as far as a page may name it."""
    ctx = context()
    row = ctx.session.get_one(Contact, contact_id)
    value = self_service_facts.value_of(ctx, present().account, row)
    return contact.mask_email(value) if row.kind == "email" else contact.mask_phone(value)


# step 3


@owners.route("/reset/remove", methods=["GET", "POST"])
@at("remove")
def reset_remove() -> Response:
    ctx, found = context(), attempt()
    waits = found.hold_until is not None and ctx.now < found.hold_until
    if request.method == "GET" or waits:
        return paint("reset_waiting" if waits else "reset_remove", attempt=found)
    try:
        _attempt, opened = self_service_removal.remove(ctx, present(), old=old_cookie() or "")
    except Refused as refusal:
        if refusal.reason != "removal_failed":
            return onwards(None)
        return paint("reset_remove", code=503, attempt=found, wrong=labels.word("refusal", refusal.reason))
    return welcome(see("reset_done"), opened)


@owners.post("/reset/stop")
@needs("password")
def reset_stop() -> Response:
    """The owner calls a removal off that still waits."""
    self_service_handover.fail(context(), present(), "other_way", language=i18n.current())
    return see("reset_over")


@owners.get("/reset/done")
@needs("limited", "enrol", "full")
def reset_done() -> Response:
    ctx = context()
    found = self_service_removal.newest_of(ctx, present())
    if found is None:
        return see("credentials")
    return paint(
        "reset_done",
        attempt=found,
        paper=self_service_removal.paper_of(ctx, found),
        object_until=(found.removed_at or ctx.now) + ctx.limits.objection_window,
        held=i18n.duration(ctx.limits.changes_held),
        emergency=db.runtime().settings.emergency,
    )


@owners.get("/reset/paper/<string(length=32):document_id>")
@needs("limited", "enrol", "full")
def reset_paper(document_id: str) -> Response:
    """The paper, to whoever is signed in as the user whose device it was."""
    ctx = context()
    found = self_service_removal.newest_of(ctx, present())
    paper = self_service_removal.paper_of(ctx, found) if found else None
    if found is None or found.removed_at is None or paper is None or paper.id != document_id:
        abort(404)
    data = receipts.open_pdf(ctx, paper)
    return papers.handed_out(paper, data, f"{found.removed_at:%Y%m%d}") if data else see("reset_done")


# the way out


@owners.post("/reset/to-form")
@needs("password")
def reset_to_form() -> Response:
    """On to the request form, with all that is known by now."""
    ctx = context()
    try:
        self_service_handover.fail(ctx, present(), request.form.get("reason", ""), language=i18n.current())
    except NotFound:
        abort(404)
    found = self_service_handover.handed_over(ctx, present())
    return keep(steps.from_self_service(values(), found), see("request_form"))
