"""What owners and registered contacts do in the stories of the demo: each deed is the real act of whoever does it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pyotp
from sqlalchemy import select

from portal import receipts
from portal.casework import drafts, intake, objection, proofs, responding
from portal.casework.intake import OwnerRequest
from portal.connectors import local
from portal.demo.households import Household, contact_of
from portal.demo.people import Human
from portal.demo.stage import Stage
from portal.models import Account, Case, DirectoryPrincipal, OutboxRow, Principal

ACCEPTED = {"declaration": "2026-11-23", "waiting": "2026-11-23", "privacy": "2026-11-23"}

# How an owner says that papers are on their way.
POSTED = {
    "ja": "証明書は昨日、書留で郵送しました。",
    "en": "I sent the certificate by registered post yesterday.",
}


@dataclass(frozen=True)
class Crew:
    """Which colleagues have to do with a case. `other_lead` and `other_approver` have had no part in it."""

    verifier: str
    other_verifier: str
    approver: str
    other_approver: str
    lead: str
    other_lead: str


CREWS = (
    Crew("mori", "clarke", "ishii", "reed", "kobayashi", "turner"),
    Crew("clarke", "mori", "reed", "ishii", "turner", "kobayashi"),
)


@dataclass(frozen=True)
class Part:
    """Who a story is about, what the register knows of them, and who serves them."""

    stage: Stage
    human: Human
    home: Household | None
    principal_kind: str = "root"

    @property
    def crew(self) -> Crew:
        return CREWS[self.human.number % len(CREWS)]

    @property
    def account_id(self) -> str:
        assert self.home is not None
        return self.home.account_id


def request_of(part: Part, **changed: Any) -> OwnerRequest:
    """What the person's form says."""
    human = part.human
    request = OwnerRequest(
        language=human.language,
        principal_kind=part.principal_kind,
        account_email=human.email,
        account_number=human.account_number if human.number % 2 else None,
        name=human.name,
        kana=human.kana if human.number % 2 else None,
        latin_name=human.latin_name if human.kana and human.number % 3 == 0 else None,
        organisation=human.company,
        holder_kind="company" if human.company else "individual",
        is_administrator="yes" if human.company else "no",
        reply_email=human.email,
        phone=human.phone,
        call_time=("any", "morning", "afternoon", "evening")[human.number % 4],
        registered_phone="no",
        phone_on_device="yes",
        problem=("lost", "broken", "replaced")[human.number % 3],
        device_kind="virtual",
        theft_suspected=False,
        detail=None,
        accepted=ACCEPTED,
        triage={"user": part.principal_kind, "outcome": "request_form", "why": "phone_lost"},
    )
    return replace(request, **changed)


def send(part: Part, **changed: Any) -> str:
    """Fill in the form and send it. Returns the case."""
    ctx = part.stage.owner(part.human)
    return intake.submit(ctx, drafts.start(ctx, {}), request_of(part, **changed)).case_id


def confirm(part: Part, address: str | None = None) -> None:
    """Press the button behind the link in the mail."""
    link = part.stage.link(address or part.human.email, "confirm")
    intake.confirm(part.stage.owner(part.human), link)


def stop(part: Part, address: str | None = None) -> None:
    """ "This was not me", from the second mailbox of the account."""
    link = part.stage.link(address or part.human.second_email, "stop")
    objection.stop_by_link(part.stage.owner(part.human), link)


def type_letter_code(part: Part, case_id: str) -> None:
    """The letter has arrived, and its code is typed on the status page."""
    stage = part.stage
    case = stage.session.get_one(Case, case_id, populate_existing=True)
    letter = receipts.document_of(stage.system, case, "letter")
    assert letter is not None
    code = "-".join(receipts.open_facts(stage.system, letter)["code_groups"])
    proofs.enter_letter_code(stage.owner(part.human), case_id, code)
    # with the last of them the case goes back to the desk by itself
    for item in sorted(responding.TOLD.intersection(case.asked)):
        responding.tell(stage.owner(part.human), case_id, item, POSTED[case.language])


def type_device_code(part: Part, case_id: str) -> None:
    """Another device of the account is found in a drawer."""
    assert part.home is not None
    device_id, secret = list(part.home.secrets.items())[-1]
    code = pyotp.TOTP(secret).at(part.stage.clock.now)
    proofs.enter_device_code(part.stage.owner(part.human), case_id, device_id, code)


def sign_in_with_mfa(part: Part) -> None:
    """Somebody passes MFA on the account while the desk is still at work."""
    stage = part.stage
    with stage.system.act():
        account = stage.session.get_one(Account, part.account_id)
        query = select(Principal).where(Principal.account_id == account.id)
        principal = stage.session.execute(query).scalar_one()
        person = stage.session.get_one(DirectoryPrincipal, principal.external_id)
        local.add_session(stage.session, person, mfa=True, now=stage.clock.now)


def bounce(part: Part, case_id: str) -> None:
    """The server of the second mailbox refuses whatever waits for it."""
    stage = part.stage
    contact = contact_of(stage.system, part.account_id, part.human.second_email)
    query = select(OutboxRow).where(
        OutboxRow.case_id == case_id, OutboxRow.contact_id == contact.id, OutboxRow.state == "pending"
    )
    with stage.system.act():
        for row in stage.session.execute(query).scalars():
            row.state, row.last_error, row.done_at = "dead", "550 5.1.1", stage.clock.now
            row.attempts = 1
