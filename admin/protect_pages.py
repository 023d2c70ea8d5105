"""What two admins decide about an account: proposed by one, decided by another, and until its day stopped by any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template, request
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from admin.base import StaffView, ctx, see
from admin.forms import DeskForm, built, choices, code_field, radio_field, reason_field
from portal import labels
from portal.casework import protection
from portal.casework.context import NotFound, Refused
from portal.casework.protection import Asked
from portal.domain.lifecycle import Role
from portal.models import Account, Proposal

# What each proposal does once it is in force, for those who propose it and those who agree.
MEANING: Mapping[str, LazyString] = {
    "account_protect": _l(
        "From then on nobody resets MFA of this account by self-service. Requests to the desk go on as usual."
    ),
    "account_unprotect": _l("From then on the owner can reset MFA by self-service again."),
    "account_calls_on": _l(
        "From then on the portal places calls for self-service to this account again. Find out first why they failed."
    ),
}

# What the account's page says after an act.
SAID: Mapping[str, LazyString] = {
    "proposed": _l("Your proposal is saved. A different administrator decides."),
    "effective": _l("Agreed and done. Administrators and leads are told."),
    "agreed": _l("Agreed. It takes effect at the time below, and until then it can be stopped."),
    "refused": _l("Refused. Nothing changes."),
    "withdrawn": _l("Withdrawn. Nothing changes."),
    "stopped": _l("Stopped. Nothing changes. Administrators and leads are told."),
}
SEES = frozenset({Role.ADMIN, Role.LEAD, Role.COMPLIANCE})
NOT_AS_SHOWN = frozenset({"proposal_changed", "proposal_decided"})


class ProtectView(StaffView):
    """Admins propose and agree; a lead may stop; compliance reads."""

    roles = SEES

    @expose("/")
    def index(self) -> Response:
        return see("accounts.index")

    @expose("/<account_id>/<kind>", methods=("GET", "POST"))
    def propose(self, account_id: str, kind: str) -> Response:
        account = _account(account_id)
        if kind not in protection.SETTINGS:
            raise NotFound()
        form = built(("reason", reason_field(_l("Reason"), labels.TABLES["refusal"]["reason_missing"])))
        if request.method == "POST" and form.validate():
            try:
                protection.propose(ctx(), account.id, kind, reason=form["reason"].data)
            except Refused as refused:
                form.place(refused)
            else:
                return see("accounts.account", account_id=account.id, said="proposed")
        return _paint_propose(account, kind, form)

    @expose("/<account_id>/proposals/<proposal_id>", methods=("GET", "POST"))
    def proposal(self, account_id: str, proposal_id: str) -> Response:
        account = _account(account_id)
        asked = _asked(account, proposal_id)
        form = _decision_form(asked)
        if request.method == "POST" and form.validate():
            return _decide(account, asked, form)
        return _paint_proposal(account, asked, form, 422 if form.errors else 200)


def _paint_propose(account: Account, kind: str, form: DeskForm) -> Response:
    setting = protection.SETTINGS[kind]
    reasons = (
        ("wrong_role",)
        if not ctx().actor.is_any(protection.MAY)
        else ()
        if setting.fits(account)
        else ("setting_as_wanted",)
    )
    blockers = [labels.word("refusal", reason) for reason in reasons]
    return _page("protect", 422 if form.errors else 200, account, kind, form=form, blockers=blockers)


def _account(account_id: str) -> Account:
    account = ctx().session.get(Account, account_id)
    if account is None:
        raise NotFound()
    return account


def _asked(account: Account, proposal_id: str) -> Asked:
    """What waits under this id. Says so where it was decided meanwhile."""
    found = next((one for one in protection.asked_for(ctx(), account) if one.id == proposal_id), None)
    if found is None:
        proposal = ctx().session.get(Proposal, proposal_id)
        known = proposal is not None and proposal.target_id == account.id
        raise Refused("proposal_decided") if known else NotFound()
    return found


def _decision_form(asked: Asked) -> DeskForm:
    """Agree or refuse; one's own proposal is only withdrawn, and what is agreed only stopped."""
    if asked.is_own or asked.state != "open":
        return built(("code", code_field()))
    ways = choices((("agree", _l("Agree")), ("refuse", _l("Refuse"))))
    return built(
        ("decision", radio_field(_l("Decision"), ways, _l("Select a decision"))), ("code", code_field())
    )


def _decide(account: Account, asked: Asked, form: DeskForm) -> Response:
    try:
        said = _done(account, asked, form)
    except NotFound:
        raise
    except Refused as refused:
        if refused.reason == "proposal_decided":
            raise
        form.place(refused)
        code = 409 if refused.reason in NOT_AS_SHOWN else 422
        return _paint_proposal(account, _asked(account, asked.id), form, code)
    return see("accounts.account", account_id=account.id, said=said)


def _done(account: Account, asked: Asked, form: DeskForm) -> str:
    code, digest = form["code"].data, request.form.get("digest", "")
    if asked.state == "agreed":
        protection.stop(ctx(), account.id, asked.id, code=code)
        return "stopped"
    # as sent: the proposer's form has no such field, and casework says why they may not agree
    if request.form.get("decision") == "agree":
        return protection.agree(ctx(), account.id, asked.id, digest=digest, code=code)
    protection.refuse(ctx(), account.id, asked.id, digest=digest, code=code)
    return "withdrawn" if asked.is_own else "refused"


def _paint_proposal(account: Account, asked: Asked, form: DeskForm, code: int) -> Response:
    form.forget_code()
    return _page("protect_proposal", code, account, asked.kind, asked=asked, form=form)


def _page(template: str, code: int, account: Account, kind: str, **values: Any) -> Response:
    delay = ctx().limits.grant_delay if protection.SETTINGS[kind].waits else None
    html = render_template(
        f"staff/{template}.html", account=account, kind=kind, meaning=MEANING[kind], delay=delay, **values
    )
    return Response(html, code, mimetype="text/html")
