"""Taking a request back, and stopping somebody else's: two presses from the mail, without signing in."""

from __future__ import annotations

from flask import Response, request

from portal import db
from portal.casework import intake, objection, transition
from portal.casework.context import Context, Refused
from portal.contact import mask_account_number
from portal.domain.lifecycle import FINAL, Act, Status
from portal.models import Account, Case, Contact, LinkToken
from portal.public.confirm import TOLD, about, gone, has_stopped, outcomes_of, stopped
from portal.public.forms import CancelForm
from portal.public.status import case_of_visit, needs_case
from portal.public.visit import context, is_sent, owners, paint, see

CALLED_OFF = frozenset({Status.CANCELLED, Status.EXPIRED, Status.DECLINED, Status.REVERSED})


@owners.route("/status/cancel", methods=["GET", "POST"])
@needs_case
def cancel() -> Response:
    """The requester takes the request back, or says that it never was theirs."""
    ctx, case = context(), case_of_visit()
    if case.status in FINAL | {Status.FROZEN}:
        return see("cancelled")
    form = CancelForm(request.form if request.method == "POST" else None)
    if not is_sent(form):
        may_withdraw = transition.allows(ctx, case, Act.WITHDRAW)
        return paint(
            "cancel",
            form if may_withdraw else None,
            may_withdraw=may_withdraw,
            may_object=transition.allows(ctx, case, Act.OBJECT),
            emergency=db.runtime().settings.emergency,
            **about(case),
        )
    return _take_back(case, form["reason"].data)


def _take_back(case: Case, reason: str) -> Response:
    try:
        if reason == "not_mine":
            objection.object_by_requester(context(), case.id)
        else:
            intake.withdraw(context(), case.id, reason)
    except Refused as refusal:
        if refusal.reason != "wrong_status":
            raise
        return see("status", said="too_late")
    return see("cancelled")


@owners.get("/status/cancelled")
@needs_case
def cancelled() -> Response:
    """How it ended; the same page for whoever cancels twice."""
    case = case_of_visit()
    if case.status not in FINAL | {Status.FROZEN, Status.DEACTIVATED}:
        return see("status")
    return paint("cancelled", emergency=db.runtime().settings.emergency, **about(case))


@owners.get("/stop/<token:raw>")
def stop(raw: str) -> Response:
    """What a registered contact can stop, before anything is done."""
    ctx = context()
    link = objection.link_for(ctx, raw)
    if link is not None and link.case_id is None and link.contact_id is not None:
        return _stop_account(ctx, link)
    case = ctx.session.get(Case, link.case_id) if link and link.case_id else None
    if link is None or case is None:
        return gone("stop")
    heard = outcomes_of(case, link.contact_id)
    if has_stopped(heard):
        return stopped(case)
    return paint(
        "stop",
        called_off=case.status in CALLED_OFF,
        heard="upheld" in heard,
        emergency=db.runtime().settings.emergency,
        **about(case),
    )


def _stop_account(ctx: Context, link: LinkToken) -> Response:
    """The stop of a notice about an account and no request."""
    if case := objection.stopped_by(ctx, link):
        return stopped(case)
    contact = ctx.session.get_one(Contact, link.contact_id)
    account = ctx.session.get_one(Account, contact.account_id)
    return paint(
        "stop_account",
        account=mask_account_number(account.number),
        noticed_at=link.created_at,
        emergency=db.runtime().settings.emergency,
    )


@owners.post("/stop/<token:raw>")
def stop_now(raw: str) -> Response:
    if objection.stop_by_link(context(), raw) is None:
        return gone("stop")
    return see("stop", raw=raw, **TOLD)
