"""The registered telephone number: an IAM user corrects it and has it called, and whoever was told of it undoes that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, g, request
from flask_babel import ngettext

from portal import contact, db, i18n, labels
from portal.casework import calls, phone_change, phone_facts, phone_notices
from portal.casework.context import Context, NotFound, Refused, Throttled
from portal.casework.owner_sessions import Visitor
from portal.contact import mask_account_number, mask_phone
from portal.models import Account, PhoneCall, PhoneChange, Principal
from portal.public.account_forms import NumberForm, is_filled_in, place
from portal.public.confirm import gone
from portal.public.forms import CallForm
from portal.public.signed_in import OWNER_COOKIE, needs, present
from portal.public.visit import context, cookie, is_sent, owners, paint, see

# Refusals that the form can say: all else is about the session, or somebody else's.
SAID_HERE = frozenset(
    {
        "wrong_code",
        "owner_codes_off",
        "phone_not_callable",
        "phone_unchanged",
        "objection_open",
        "executing",
    }
)
CALL_SAID_HERE = frozenset(
    {"calls_used_up", "call_running", "phone_not_callable", "no_telephone", "objection_open", "executing"}
)


@dataclass(frozen=True)
class NumberPage:
    """A number that waits for its call: as typed and as understood, the newest call, and its digits for this browser."""

    typed: str
    understood: str
    until: datetime
    call: PhoneCall | None
    code: str | None


@owners.route("/credentials/phone", methods=["GET", "POST"])
@needs("full")
def phone_number() -> Response:
    ctx, visitor = context(), _editor()
    form = NumberForm(request.form if request.method == "POST" else None)
    held = phone_facts.held_until(ctx, visitor.account, visitor.principal)
    if held or not is_filled_in(form, SAID_HERE):
        return _painted(ctx, visitor, form)
    number = contact.parse_phone(form["number"].data)
    try:
        phone_change.begin(ctx, visitor, number.e164, code=form["code"].data, typed=number.raw)
    except Refused as refusal:
        if refusal.reason == "changes_held":
            return see("phone_number")
        if refusal.reason not in SAID_HERE:
            raise
        place(form, refusal)
        return _painted(ctx, visitor, form)
    return see("phone_number_call")


@owners.route("/credentials/phone/call", methods=["GET", "POST"])
@needs("full")
def phone_number_call() -> Response:
    """The call that confirms the number, and what has become of it."""
    ctx, visitor = context(), _editor()
    change = phone_facts.newest_of(ctx, visitor)
    if change is None:
        return see("phone_number")
    if not phone_facts.is_waiting(ctx, change):
        return _ended(ctx, visitor, change)
    form = CallForm(request.form if request.method == "POST" else {"language": i18n.current()})
    del form["contact"]
    if not is_sent(form):
        return _call_page(ctx, visitor, change, form)
    try:
        phone_change.ask_call(ctx, visitor, cookie(OWNER_COOKIE) or "", language=form["language"].data)
    except Refused as refusal:
        return _not_called(ctx, visitor, change, form, refusal)
    return see("phone_number_call")


@owners.get("/revert/<token:raw>")
def revert(raw: str) -> Response:
    """What a registered contact can undo, before anything is done; and afterwards that it is."""
    ctx = context()
    change = phone_change.link_for(ctx, raw)
    if change is None:
        return gone("revert")
    account = ctx.session.get_one(Account, change.account_id)
    return paint(
        "phone_reverted" if change.reverted_at else "phone_revert",
        change=change,
        account=mask_account_number(account.number),
        number=mask_phone(phone_facts.number_of(ctx, account, change)),
        by=ctx.session.get_one(Principal, change.principal_id).username,
        until=phone_notices.revert_until(ctx, change),
        emergency=db.runtime().settings.emergency,
    )


@owners.post("/revert/<token:raw>")
def revert_now(raw: str) -> Response:
    if phone_change.revert_by_link(context(), raw) is None:
        return gone("revert")
    return see("revert", raw=raw)


def _editor() -> Visitor:
    """The IAM user at this browser, where they may edit contact details. For anybody else the page does not exist."""
    visitor = present()
    if not phone_facts.may_change(visitor.principal):
        raise NotFound()
    return visitor


def _painted(ctx: Context, visitor: Visitor, form: NumberForm) -> Response:
    change = phone_facts.newest_of(ctx, visitor)
    present_number = phone_facts.newest_phone(ctx, visitor.account)
    held = phone_facts.held_until(ctx, visitor.account, visitor.principal)
    return paint(
        "phone_number",
        None if held else form,
        errors_mean=g.get("errors_mean", "yes"),
        held=held,
        waiting=change is not None and phone_facts.is_waiting(ctx, change),
        present=mask_phone(phone_facts.value_of(ctx, visitor.account, present_number))
        if present_number
        else None,
        wait=_wait(ctx),
    )


def _wait(ctx: Context) -> str:
    """How long a reset with a corrected number waits."""
    return i18n.duration(timedelta(hours=ctx.limits.corrected_phone_wait_hours))


def _page_of(ctx: Context, visitor: Visitor, change: PhoneChange) -> NumberPage:
    number = phone_facts.number_of(ctx, visitor.account, change)
    call = calls.last_call(ctx, phone_change_id=change.id, kind="new_number")
    return NumberPage(
        typed=phone_facts.typed_of(ctx, visitor.account, change),
        understood=contact.parse_phone(number).display,
        until=change.expires_at,
        call=call,
        code=_code(ctx, call),
    )


def _code(ctx: Context, call: PhoneCall | None) -> str | None:
    """The digits of a running call, in the browser that asked for it and in no other."""
    if call is None or call.outcome is not None or call.expires_at <= ctx.now:
        return None
    found = calls.code_of(ctx, call, cookie(OWNER_COOKIE) or "")
    return found if calls.code_digest(ctx, call.id, found) == call.code_digest else None


def _call_page(
    ctx: Context, visitor: Visitor, change: PhoneChange, form: CallForm, code: int = 200, wrong: str = ""
) -> Response:
    page = _page_of(ctx, visitor, change)
    return paint("phone_number_call", form, code, page=page, wrong=wrong)


def _not_called(
    ctx: Context, visitor: Visitor, change: PhoneChange, form: CallForm, refusal: Refused
) -> Response:
    if isinstance(refusal, Throttled):
        seconds = int(refusal.details["retry_after"])
        wait = ngettext("Wait %(num)s second.", "Wait %(num)s seconds.", seconds)
        return _call_page(ctx, visitor, change, form, 429, wait)
    if refusal.reason in CALL_SAID_HERE:
        return _call_page(ctx, visitor, change, form, 422, labels.word("refusal", refusal.reason))
    if refusal.reason in {"changes_held", "phone_change_over"}:
        return see("phone_number")
    raise refusal


def _ended(ctx: Context, visitor: Visitor, change: PhoneChange) -> Response:
    call = calls.last_call(ctx, phone_change_id=change.id, kind="new_number")
    return paint(
        "phone_number_done",
        change=change,
        call=call,
        number=mask_phone(phone_facts.number_of(ctx, visitor.account, change)),
        wait=_wait(ctx),
        young=i18n.duration(ctx.limits.contact_age),
        told_again=[i18n.duration(later) for later in ctx.limits.phone_change_told],
    )
