"""What two admins decide about an account: proposed by one, decided by another, and until its day stopped by any."""

from __future__ import annotations

from flask import Response
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin import two_people
from admin.base import StaffView, ctx, see
from admin.two_people import Place, Words
from portal.casework import decisions
from portal.casework.context import NotFound
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
        if kind not in MATTER.kinds:
            raise NotFound()
        return two_people.propose_page(MATTER, WORDS, kind, _place(account_id))

    @expose("/<account_id>/proposals/<proposal_id>", methods=("GET", "POST"))
    def proposal(self, account_id: str, proposal_id: str) -> Response:
        place, asked = _place(account_id), decisions.find(ctx(), MATTER, proposal_id)
        if asked.target_id != account_id:
            raise NotFound()
        return two_people.decision_page(MATTER, WORDS, place, asked)


def _place(account_id: str) -> Place:
    account = ctx().session.get(Account, account_id)
    if account is None:
        raise NotFound()
    name = _("Account %(number)s", number=account.number)
    return Place(account, name, "accounts.account", {"account_id": account_id})
