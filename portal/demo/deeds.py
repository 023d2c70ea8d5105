"""What people do in the stories of the demo: each deed is the real act, done by the person whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pyotp
from sqlalchemy import select

from portal import receipts
from portal.casework import approval, deactivation, drafts, intake, objection, verification
from portal.casework.intake import OwnerRequest
from portal.connectors import ConnectorError, local
from portal.demo.households import Household, contact_of
from portal.demo.people import Human
from portal.demo.stage import Stage
from portal.models import Account, Case, DirectoryPrincipal, IdentityCheck, OutboxRow, Principal

ACCEPTED = {"declaration": "2026-11-23", "waiting": "2026-11-23", "privacy": "2026-11-23"}


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


# owners and registered contacts


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
    verification.enter_letter_code(stage.owner(part.human), case_id, code)
    intake.answer(stage.owner(part.human), case_id)


def type_device_code(part: Part, case_id: str) -> None:
    """Another device of the account is found in a drawer."""
    assert part.home is not None
    device_id, secret = list(part.home.secrets.items())[-1]
    code = pyotp.TOTP(secret).at(part.stage.clock.now)
    verification.enter_device_code(part.stage.owner(part.human), case_id, device_id, code)


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


# the desk


def check(part: Part, case_id: str, method: str = "D2", result: str = "match") -> IdentityCheck:
    """A verifier checks identity and writes down what was seen."""
    found = evidence(part.stage, method) if result == "match" else {}
    note = "" if result == "match" else NOTES[part.human.language]
    ctx = part.stage.staff(part.crew.verifier)
    return verification.record_check(ctx, case_id, method, result, evidence=found, note=note)


NOTES = {
    "ja": "身分証の写真と画面の方が別人に見えました。",
    "en": "The person on screen did not look like the photo.",
}


def evidence(stage: Stage, method: str) -> dict[str, str]:
    """What a check of this method writes down."""
    today = stage.clock.now.date()
    lately, later = (today - timedelta(days=20)).isoformat(), (today + timedelta(days=900)).isoformat()
    photo = {"document_type": "driving_licence", "document_end": "4821"}
    return {
        "D1": {
            "provider": "Sample ID",
            "transaction": "TX-20481",
            "assurance": "chip_read",
            "name_result": "exact",
        },
        "D2": {**photo, "expires_on": later, "face_compared": "yes", "gesture_done": "yes"},
        "D5": {"notary_name": "見本公証役場", "paper_number": "R8-0412", "issued_on": lately},
        "D6": {"paper_number": "0100-01-000000", "issued_on": lately},
        "W1": {
            "colleague": "IT 管理部",
            "channel": "signed_in_message",
            "statement": "本人の依頼で間違いありません。",
        },
        "W3": {"place": "見本営業所 1F", **photo},
    }[method]


def post_letter(part: Part, case_id: str, *asked: str) -> None:
    """Send the letter with a code, and ask the owner for it and for whatever else is missing."""
    stage, verifier = part.stage, part.crew.verifier
    contact = contact_of(stage.system, part.account_id, part.human.address)
    verification.post_letter(stage.staff(verifier), case_id, contact.id)
    verification.ask(stage.staff(verifier), case_id, ["H4", *asked])


def propose(part: Part, case_id: str) -> None:
    """Propose to remove the first device that is shown."""
    ctx = part.stage.staff(part.crew.verifier)
    case = ctx.session.get_one(Case, case_id, populate_existing=True)
    shown = approval.devices_of(ctx, case)
    approval.propose_removal(ctx, case_id, [shown[0].id])


def approve(part: Part, case_id: str, who: str) -> None:
    """The second person opens each check, repeats a live one where the tier asks for it, and agrees."""
    stage = part.stage
    case = stage.session.get_one(Case, case_id, populate_existing=True)
    for check_id in _attested(part, case_id):
        approval.open_check(stage.staff(who), case_id, check_id)
    if case.tier != "standard" and case.decision == "remove":
        found = evidence(stage, "D2")
        approval.repeat_check(stage.staff(who), case_id, "D2", "match", evidence=found)
    approval.approve(stage.staff(who), case_id, code=stage.code(who))


def _attested(part: Part, case_id: str) -> Sequence[str]:
    query = select(IdentityCheck.id).where(
        IdentityCheck.case_id == case_id,
        IdentityCheck.attested_by == "person",
        IdentityCheck.voided_at.is_(None),
    )
    return list(part.stage.session.execute(query).scalars())


def execute(part: Part, case_id: str) -> None:
    """Start the removal with a fresh code. The worker does it, if the other system lets it."""
    stage, verifier = part.stage, part.crew.verifier
    deactivation.execute(stage.staff(verifier), case_id, code=stage.code(verifier))


class SilentDirectory(local.LocalConnector):
    """A directory that answers no call that would change anything."""

    def deactivate(self, *_: Any, **__: Any) -> None:
        raise ConnectorError("no answer")

    def is_gone(self, *_: Any, **__: Any) -> bool:
        raise ConnectorError("no answer")


def execute_in_vain(part: Part, case_id: str) -> None:
    """The removal fails three times and is handed back to people."""
    execute(part, case_id)
    ctx = part.stage.system
    silent = replace(ctx, connectors={**ctx.connectors, "local": SilentDirectory(ctx.vault)})
    for _ in range(ctx.limits.removal_tries):
        with suppress(ConnectorError):
            deactivation.carry_out(silent, case_id)


def do_steps(part: Part, case_id: str, done: Sequence[str], attested: Sequence[str]) -> None:
    """Some steps of a runbook by one person, some of them attested by another."""
    stage, crew = part.stage, part.crew
    case = stage.session.get_one(Case, case_id, populate_existing=True)
    (removal,) = deactivation.removals_of(stage.system, case)
    for step in done:
        deactivation.confirm_step(stage.staff(crew.verifier), case_id, removal.id, step)
        if step in attested:
            attester, code = stage.staff(crew.approver), stage.code(crew.approver)
            deactivation.attest_step(attester, case_id, removal.id, step, code=code)


def end_freeze(part: Part, case_id: str, outcome: str, reason: str, *, agreed_by: str | None) -> None:
    """A lead proposes how the freeze ends; somebody who has had no part in the case agrees, or not yet."""
    stage, lead = part.stage, part.crew.other_lead
    objection.propose_unfreeze(stage.staff(lead), case_id, outcome, reason)
    if agreed_by:
        objection.agree_unfreeze(stage.staff(agreed_by), case_id, code=stage.code(agreed_by))
