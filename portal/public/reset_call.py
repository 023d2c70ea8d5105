"""Step 2 of the owner's own path: the digits stand on the page, the telephone rings, and the page tells how the call stands."""

from __future__ import annotations

from flask import Response, jsonify, request

from portal import i18n, labels
from portal.casework import calls, self_service
from portal.casework.context import Refused, Throttled
from portal.domain.self_service import FAILURES
from portal.models import PhoneCall
from portal.public.forms import CallForm
from portal.public.reset import at, attempt, masked, onwards, wait_words
from portal.public.signed_in import old_cookie, present, visitor
from portal.public.visit import context, is_sent, owners, paint, see

# Why no call is placed, where the page itself says so and still has a use.
SAID_HERE = frozenset({"calls_used_up", "call_running", "phone_not_callable"})


@owners.route("/reset/call", methods=["GET", "POST"])
@at("call")
def reset_call() -> Response:
    """Call and digits are made by the button, because digits without a call would be a secret that waits to be told.

    They stand on the page before the telephone rings: the call is placed some seconds later.
    """
    form = CallForm(request.form if request.method == "POST" else {"language": _spoken()})
    del form["contact"]
    if not is_sent(form):
        return _painted(form)
    raw = old_cookie() or ""
    try:
        self_service.ask_call(context(), present(), raw, language=form["language"].data)
    except Throttled as refusal:
        return _painted(form, wait_words(refusal), 429)
    except Refused as refusal:
        if refusal.reason not in SAID_HERE:
            return onwards(None)
        return _painted(form, labels.word("refusal", refusal.reason), 422, used_up=refusal.reason)
    return see("reset_call")


def _spoken() -> str:
    """The language that was chosen for the last call, else that of the page."""
    last = calls.last_call(context(), self_service_id=attempt().id)
    return last.language if last else i18n.current()


def _painted(form: CallForm, wrong: str = "", code: int = 200, used_up: str = "") -> Response:
    ctx = context()
    call = calls.last_call(ctx, self_service_id=attempt().id)
    outcome = _outcome(call)
    live = call is not None and outcome is None
    return paint(
        "reset_call",
        form,
        code,
        attempt=attempt(),
        number=masked(attempt().call_contact_id),
        call=call,
        shown={"state": call.state, "outcome": outcome} if call else None,
        call_code=calls.code_of(ctx, call, old_cookie() or "") if call and live else None,
        reason=used_up if used_up in FAILURES else outcome if outcome in FAILURES else "call_did_not_come",
        wrong=wrong,
    )


def _outcome(call: PhoneCall | None) -> str | None:
    """How the call ended. One whose time is over has ended, also where nobody has written it down yet."""
    if call is None or call.outcome is not None:
        return call.outcome if call else None
    return "expired" if call.expires_at <= context().now else None


@owners.get("/reset/state")
def reset_state() -> Response:
    """The same for script, which asks every few seconds: what the page would say, and whether to look at it again."""
    found = visitor()
    running = self_service.attempt_of(context(), found) if found and found.may.prove else None
    call = calls.last_call(context(), self_service_id=running.id) if running else None
    if call is None:
        return jsonify(state="ended", label="", words="", done=True)
    outcome = _outcome(call)
    key = outcome or call.state
    return jsonify(
        state=key,
        label=labels.word("call_outcome" if outcome else "call_state", key),
        words=labels.word("call_advice", key),
        done=outcome is not None,
    )
