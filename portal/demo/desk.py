"""What the desk does in the stories of the demo: each deed is the real act, with a code of whoever does it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal.casework import approval, deactivation, objection, proofs, verification
from portal.casework.devices import devices_of
from portal.connectors import ConnectorError, local
from portal.demo.deeds import Part
from portal.demo.households import contact_of
from portal.demo.stage import Stage
from portal.models import Case, IdentityCheck

NOTES = {
    "ja": "身分証の写真と画面の方が別人に見えました。",
    "en": "The person on screen did not look like the photo.",
}


def check(part: Part, case_id: str, method: str = "D2", result: str = "match") -> IdentityCheck:
    """A verifier checks identity and writes down what was seen."""
    found = evidence(part.stage, method) if result == "match" else {}
    note = "" if result == "match" else NOTES[part.human.language]
    ctx = part.stage.staff(part.crew.verifier)
    return verification.record_check(ctx, case_id, method, result, evidence=found, note=note)


def evidence(stage: Stage, method: str) -> dict[str, str]:
    """What a check of this method writes down."""
    today = stage.clock.now.date()
    lately, later = (today - timedelta(days=20)).isoformat(), (today + timedelta(days=900)).isoformat()
    photo = {"document_type": "driving_licence", "document_end": "4821"}
    return {
        "D2": {**photo, "expires_on": later, "face_compared": "yes", "gesture_done": "yes"},
        "D5": {"notary_name": "見本公証役場", "paper_number": "R8-0412", "issued_on": lately},
        "D6": {"paper_number": "0100-01-000000", "issued_on": lately},
        "W3": {"place": "見本営業所 1F", **photo},
    }[method]


def post_letter(part: Part, case_id: str, *asked: str) -> None:
    """Send the letter with a code, and ask the owner for it and for whatever else is missing."""
    stage, verifier = part.stage, part.crew.verifier
    contact = contact_of(stage.system, part.account_id, part.human.address)
    proofs.post_letter(stage.staff(verifier), case_id, contact.id)
    verification.ask(stage.staff(verifier), case_id, ["H4", *asked])


def propose(part: Part, case_id: str) -> None:
    """Propose to remove the first device that is shown."""
    ctx = part.stage.staff(part.crew.verifier)
    case = ctx.session.get_one(Case, case_id, populate_existing=True)
    shown = devices_of(ctx, case)
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
