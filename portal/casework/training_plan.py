"""The plan of a training case: hashed into the audit log when it is planted, opened there when the case ends.

So nobody can say afterwards that a case was a training case all along, nor plan another verdict than the one that was meant.
"""

from __future__ import annotations

import hashlib
import json
import secrets

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from portal import audit
from portal.casework.context import Context
from portal.domain.training import outcome_of
from portal.models import Account, AuditEvent, Case, Contact, OutboxRow, Training

STREAM = "system"
PLANTED, OPENED = "training:case:planted", "training:case:opened"
PLANNED = ("case", "scenario", "planter", "salt")  # what the commitment is made of


def commitment(**plan: str) -> str:
    """The hash that stands for a plan until it is opened; the salt keeps anybody from guessing it."""
    return hashlib.sha256(audit.canonical({name: plan[name] for name in PLANNED})).hexdigest()


def fix(ctx: Context, case: Case, scenario: str) -> Training:
    """Fix the plan in the planter's act. The log names neither the case nor the planter yet."""
    planter, salt = ctx.actor.person_id or "", secrets.token_hex(32)
    row = Training(
        case_id=case.id,
        planter_id=planter,
        scenario=scenario,
        salt=salt,
        commitment=commitment(case=case.id, scenario=scenario, planter=planter, salt=salt),
        planted_at=ctx.now,
    )
    ctx.session.add(row)
    audit.append(
        ctx.session, STREAM, PLANTED, actor="system", at=ctx.now, facts={"commitment": row.commitment}
    )
    return row


def open_plan(ctx: Context, case: Case) -> None:
    """The case has ended: judge it, and put the whole plan on record. Only once, whatever becomes of the case."""
    row = ctx.session.get(Training, case.id)
    if row is None or row.opened_at is not None:
        return
    row.opened_at, row.outcome = ctx.now, outcome_so_far(ctx.session, case)
    facts = {
        "case": row.case_id,
        "commitment": row.commitment,
        "salt": row.salt,
        "scenario": row.scenario,
        "planter": row.planter_id,
        "outcome": row.outcome,
    }
    audit.append(ctx.session, STREAM, OPENED, actor="system", at=ctx.now, facts=facts)


def outcome_so_far(session: Session, case: Case) -> str:
    """How the case would be judged if it ended now."""
    query = select(AuditEvent.tag, AuditEvent.status_after).where(AuditEvent.case_id == case.id)
    rows = session.execute(query.order_by(AuditEvent.sseq))
    return outcome_of((tag, status or "") for tag, status in rows)


def verified(session: Session) -> frozenset[str]:
    """The training cases whose opened plan is the one that the log had committed to before."""
    query = select(AuditEvent).where(AuditEvent.stream == STREAM, AuditEvent.tag.in_((PLANTED, OPENED)))
    committed, found = set[str](), set[str]()
    for event in session.execute(query.order_by(AuditEvent.sseq)).scalars():
        said = json.loads(event.event_bytes)["d"]
        if event.tag == PLANTED:
            committed.add(said["commitment"])
        elif said["commitment"] in committed and commitment(**_plan(said)) == said["commitment"]:
            found.add(said["case"])
    return frozenset(found)


def _plan(said: dict[str, str]) -> dict[str, str]:
    return {name: said[name] for name in PLANNED}


def is_invented(session: Session, row: OutboxRow) -> bool:
    """Whether a piece of work is about a training case or its account: whoever it would reach does not exist."""
    of_contact = Contact.account_id == Account.id, Contact.id == row.contact_id
    query = select(
        or_(
            exists().where(Case.id == row.case_id, Case.training),
            exists().where(Account.subject_id == row.subject_id, Account.training),
            exists().where(*of_contact, Account.training),
        )
    )
    return bool(session.execute(query).scalar_one())
