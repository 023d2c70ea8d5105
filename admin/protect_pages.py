"""What two admins decide about an account: proposed by one, decided by another, and until its day stopped by any."""

from __future__ import annotations

from flask import Response, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin import two_people
from admin.base import StaffView, ctx, see
from admin.two_people import Place, Words
from portal.casework import decisions
from portal.casework.context import NotFound
from portal.casework.decisions import Asked
from portal.casework.protection import MATTER
from portal.domain.lifecycle import Role
from portal.models import Account

WORDS = Words(
    meaning={
        "account_protect": _l(
            "From then on nobody resets MFA of this account by self-service. Requests to the desk go on as usual."
        ),
        "account_unprotect": _l("From then on the owner can reset MFA by self-service again."),
        "account_calls_on": _l(
            "From then on the portal places calls for self-service to this account again. Find out first why they failed."
        ),
    },
    waits=_l(
        "It takes effect %(duration)s after a second administrator has agreed. Administrators and leads are told, "
        "and each of them can stop it until then."
    ),
    at_once=_l("It takes effect as soon as a second administrator has agreed."),
    undecided=_l("Another administrator decides on this."),
    said={
        **two_people.SAID,
        "proposed": _l("Your proposal is saved. A different administrator decides."),
        "effective": _l("Agreed and done. Administrators and leads are told."),
        "stopped": _l("Stopped. Nothing changes. Administrators and leads are told."),
    },
)
SEES = frozenset({Role.ADMIN, Role.LEAD, Role.COMPLIANCE})


class ProtectView(StaffView):
    """Admins propose and agree; a lead may stop; compliance reads."""

    roles = SEES

    @expose("/")
    def index(self) -> Response:
        return see("accounts.index")

    @expose("/<account_id>/<kind>", methods=("GET", "POST"))
    def propose(self, account_id: str, kind: str) -> Response:
        place = _place(account_id)
        if kind not in MATTER.kinds:
            raise NotFound()
        form = two_people.reason_form()
        if request.method == "POST" and form.validate() and two_people.proposed(MATTER, kind, place, form):
            return see("accounts.account", account_id=account_id, said="proposed")
        return two_people.paint_reason(MATTER, WORDS, kind, place, form)

    @expose("/<account_id>/proposals/<proposal_id>", methods=("GET", "POST"))
    def proposal(self, account_id: str, proposal_id: str) -> Response:
        place = _place(account_id)
        asked = _asked(place, proposal_id)
        form, code = two_people.decision_form(asked), 200
        if request.method == "POST" and form.validate():
            said, code = two_people.decided(MATTER, asked, form)
            if said:
                return see("accounts.account", account_id=account_id, said=said)
            asked = _asked(place, proposal_id)
        code = 422 if form.errors and code == 200 else code
        return two_people.paint_decision(MATTER, WORDS, asked, place, form, code)


def _place(account_id: str) -> Place:
    account = ctx().session.get(Account, account_id)
    if account is None:
        raise NotFound()
    back = url_for("accounts.account", account_id=account_id)
    return Place(account, _("Account %(number)s", number=account.number), back)


def _asked(place: Place, proposal_id: str) -> Asked:
    asked = decisions.find(ctx(), MATTER, proposal_id)
    if asked.target_id != place.target.id:
        raise NotFound()
    return asked
