"""The status page of a request: where it stands, what the owner has to do, what happened, and the papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, cast

from flask import Response, abort, g, request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal import labels
from portal.casework import deactivation, lookup, objection, proofs
from portal.casework.context import Refused, Throttled
from portal.casework.devices import devices_of
from portal.choices import SelectChoice
from portal.connectors import ConnectorError
from portal.domain.lifecycle import Status
from portal.models import Case
from portal.public import fields, owner_view
from portal.public.confirm import gone
from portal.public.forms import DeviceCodeForm, LetterForm, OwnerForm
from portal.public.visit import (
    CASE_COOKIE,
    ERRORS_SHOWN,
    context,
    cookie,
    is_sent,
    is_switching,
    keep_cookie,
    owners,
    paint,
    see,
)

WRONG = "wrong"  # the errors shown are not of the form's own making: the code did not fit
P = ParamSpec("P")

# What an act of the owner is answered with, above the page that shows what has become of it.
SAID: Mapping[str, LazyString] = {
    "answered": _l("Thank you. We go on with your request."),
    "all_done": _l("You have done everything we asked"),
    "message": _l("We have received your message."),
    "told": _l("Thank you. It is marked as done."),
    "booked": _l("Your call is booked."),
    "link": _l("If the link can be sent again, it is on its way to the registered email address."),
    "letter": _l("The code is right. We go on with your request."),
    "device": _l("The code is right. We go on with your request."),
    "ready": _l("Thank you. Keep the sign-in page open: a member of our team turns MFA off within the hour."),
    "appealed": _l("Different members of our team will look at your request again."),
    "too_late": _l("That was no longer possible. This is how things stand now."),
}


def needs_case(view: Callable[P, Response]) -> Callable[P, Response]:
    """Show the page only to a browser that came with the link to a request."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        case = lookup.case_by_status_link(context(), cookie(CASE_COOKIE) or "")
        if case is None:
            return gone("status")
        g.case_of_visit, g.was_waiting = case, case.status == Status.WAITING_OWNER
        return view(*args, **kwargs)

    return guarded


def case_of_visit() -> Case:
    return cast(Case, g.case_of_visit)


def said_after(usual: str) -> str:
    """What an act is answered with: if it did the last of what was asked for, that is the better news."""
    went_back = g.was_waiting and case_of_visit().status != Status.WAITING_OWNER
    return "all_done" if went_back else usual


def too_late() -> Response:
    return see("status", said="too_late")


@owners.get("/status/<token:raw>")
def status_link(raw: str) -> Response:
    """Move the link's secret out of the address, where screens, histories and helpers would show it."""
    case = lookup.case_by_status_link(context(), raw)
    return keep_cookie(see("status"), CASE_COOKIE, raw) if case else gone("status")


@owners.get("/status")
@needs_case
def status() -> Response:
    said = request.args.get("said", "")
    view = owner_view.of(context(), case_of_visit())
    return paint("status", said=SAID.get(said), is_late=said == "too_late", view=view)


@owners.post("/status/ready")
@needs_case
def ready() -> Response:
    return _act(lambda: deactivation.declare_ready(context(), case_of_visit().id), "ready")


@owners.route("/status/appeal", methods=["GET", "POST"])
@needs_case
def appeal() -> Response:
    if request.method == "GET":
        view = owner_view.of(context(), case_of_visit())
        return paint("appeal", view=view) if view.appeal_until else see("status")
    return _act(lambda: objection.appeal(context(), case_of_visit().id), "appealed")


@owners.route("/status/letter", methods=["GET", "POST"])
@needs_case
def letter() -> Response:
    # not before a letter was posted: any other answer would tell a stranger whether the account exists
    if not owner_view.of(context(), case_of_visit()).takes_letter:
        return too_late()
    form = LetterForm(request.form if request.method == "POST" else None)
    wrong = _l("The code does not match. Compare it with the letter and enter it again")
    return _code_page(
        "letter",
        form,
        wrong=wrong,
        prove=lambda code: proofs.enter_letter_code(context(), case_of_visit().id, fields.letter_code(code)),
    )


@owners.route("/status/device", methods=["GET", "POST"])
@needs_case
def device() -> Response:
    case = case_of_visit()
    choices = _devices(case)
    if not choices:
        return too_late()
    form = DeviceCodeForm(request.form if request.method == "POST" else None)
    form["device"].choices = choices
    wrong = _l("The code does not match. Enter the newest code in your app")
    return _code_page(
        "device",
        form,
        wrong=wrong,
        prove=lambda code: proofs.enter_device_code(
            context(), case.id, form["device"].data, fields.mfa_code(code)
        ),
    )


def _code_page(page: str, form: OwnerForm, *, wrong: LazyString, prove: Callable[[str], bool]) -> Response:
    """Try a code. One that does not fit, or comes too often, is answered at the field, in either language."""
    if not is_sent(form):
        if is_switching() and request.form.get(ERRORS_SHOWN) == WRONG and not form.errors:
            form["code"].errors = [str(wrong)]
        return paint(f"{page}_code", form, errors_mean=WRONG)
    try:
        if prove(form["code"].data):
            return see("status", said=said_after(page))
        form["code"].errors = [str(wrong)]
    except Refused as refusal:
        if refusal.reason != "too_many_codes":
            return refused(refusal)
        form["code"].errors = [labels.word("refusal", refusal.reason)]
    return paint(f"{page}_code", form, errors_mean=WRONG)


def _devices(case: Case) -> list[SelectChoice]:
    """The devices to choose from, only where we asked for one; named only to a requester who has proven something."""
    if "P1" not in case.asked:
        return []
    try:
        shown = devices_of(context(), case)
    except ConnectorError:
        abort(503)
    numbered = enumerate(shown, start=1)
    return [SelectChoice(one.id, owner_view.device_words(case, one, number)) for number, one in numbered]


def _act(act: Callable[[], object], said: str) -> Response:
    try:
        act()
    except Refused as refusal:
        return refused(refusal)
    return see("status", said=said)


def refused(refusal: Refused) -> Response:
    """Things have moved on since the page was opened: show how they stand. Too many attempts have their own page."""
    if isinstance(refusal, Throttled):
        raise refusal
    return too_late()
