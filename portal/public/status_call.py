"""The call to the registered number: the owner asks for it (H2) or the desk places it (H3), and only this page has its digits."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, jsonify, request
from flask_babel import ngettext

from portal import i18n, labels
from portal.casework import call_checks, phones
from portal.casework.call_checks import OnScreen
from portal.casework.context import Context, Refused, Throttled
from portal.choices import SelectChoice
from portal.domain.lifecycle import Status
from portal.models import Case
from portal.public.forms import CallForm
from portal.public.status import case_of_visit, needs_case
from portal.public.visit import context, is_sent, owners, paint, see

ASKED_IN = frozenset({Status.QUEUED, Status.VERIFYING, Status.WAITING_OWNER})
# Why no call is placed, where the page says so itself and still has a use.
SAID_HERE = frozenset({"calls_used_up", "call_running", "phone_not_callable", "too_many_codes"})


@dataclass(frozen=True)
class CallPage:
    """What the page shows: the number as far as it may be named, the newest call, and whether another can be asked for."""

    numbers: tuple[str, ...]
    call: OnScreen | None
    may_ask: bool  # H2 was asked for, and is not done yet
    awaits: bool  # H3 was: the desk will have the number called


@owners.route("/status/call", methods=["GET", "POST"])
@needs_case
def phone_check() -> Response:
    ctx, case = context(), case_of_visit()
    page = page_of(ctx, case)
    if page.call is None and not (page.may_ask or page.awaits):
        return see("status", said="too_late")
    form = _form(ctx, case)
    if not is_sent(form):
        return _painted(page, form)
    if not page.may_ask:
        return see("status", said="too_late")
    chosen = form["contact"].data if "contact" in form else None
    try:
        call_checks.ask_call(ctx, case.id, language=form["language"].data, contact_id=chosen)
    except Refused as refusal:
        return _refused(page, form, refusal)
    return see("phone_check")


@owners.get("/status/call/state")
@needs_case
def phone_check_state() -> Response:
    """The same for script, which asks every few seconds: what the page would say, and whether to look at it again: the call
    is over, or no longer what the page has `shown`."""
    call = call_checks.on_screen(context(), case_of_visit())
    if call is None:
        return jsonify(state="ended", label="", words="", done=True)
    now = "digits" if call.code else call.talk
    is_done = now is None or now != request.args.get("shown", "digits")
    if call.talk:
        label, words = labels.word("talk_state", call.talk), labels.word("talk_advice", call.talk)
        return jsonify(state=call.talk, label=label, words=words, done=is_done)
    key = call.outcome or call.state
    label = labels.word("call_outcome" if call.outcome else "call_state", key)
    return jsonify(state=key, label=label, words=labels.word("call_advice", key), done=is_done)


def page_of(ctx: Context, case: Case) -> CallPage:
    call = call_checks.on_screen(ctx, case)
    proven = case.proven_by is not None
    asked = case.asked if case.status in ASKED_IN and phones.can_call(ctx, case) else []
    done = call is not None and call.outcome == "confirmed"
    numbers = [phones.masked(ctx, one) for one in call_checks.choices(ctx, case)] if proven else []
    return CallPage(tuple(numbers), call, "H2" in asked and not done, "H3" in asked)


def _form(ctx: Context, case: Case) -> CallForm:
    form = CallForm(request.form if request.method == "POST" else {"language": i18n.current()})
    possible = call_checks.choices(ctx, case)
    if len(possible) > 1:
        form["contact"].choices = [SelectChoice(one.id, phones.masked(ctx, one)) for one in possible]
    else:
        del form["contact"]
    return form


def _painted(page: CallPage, form: CallForm, code: int = 200, wrong: str = "") -> Response:
    return paint("status_call", form, code, page=page, wrong=wrong)


def _refused(page: CallPage, form: CallForm, refusal: Refused) -> Response:
    """Limits on calls are said here, where the ways on are; what has moved on since is on the status page."""
    if isinstance(refusal, Throttled):
        seconds = int(refusal.details["retry_after"])
        wait = ngettext("Wait %(num)s second.", "Wait %(num)s seconds.", seconds)
        return _painted(page, form, 429, wait)
    if refusal.reason in SAID_HERE:
        return _painted(page, form, 422, labels.word("refusal", refusal.reason))
    return see("status", said="too_late")
