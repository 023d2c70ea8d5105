"""What the tests of retention share: turning the clock past a period, what two decide, and what is left in the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal.casework import decisions, keeping, messages, retention
from portal.casework.context import Refused
from portal.domain.retention import PERIODS
from portal.models import AuditEvent, Base, OutboxRow, Proposal, SubjectKey
from tests.world import START, World

DAY = timedelta(days=1)
MARGIN = timedelta(days=3)  # cases end some acts after the world has begun


def later(world: World, **amount: float) -> None:
    """Turn the clock; the mails of the desk have arrived by then."""
    world.session.rollback()
    world.deliver()
    with world.system.act():
        world.session.query(OutboxRow).filter_by(state="pending").update(
            {"state": "done", "done_at": world.now}
        )
    world.now += timedelta(**amount)


def run(world: World, **more: Any) -> dict[str, int]:
    world.session.rollback()
    gone = retention.run(world.runtime, **more)
    world.session.rollback()
    return gone


def kept_until(world: World, stage: str) -> None:
    """Turn the clock to when this class goes, letting those before it go."""
    for period in PERIODS:
        limit = getattr(world.runtime.limits, period.limit)
        later(world, seconds=max(0.0, (limit + MARGIN - (world.now - START)).total_seconds()))
        if period.key == stage:
            return
        run(world)


def proposed(
    world: World, kind: str, target_id: str, by: str = "lee", reason: str = "A court asks"
) -> Proposal:
    proposal_id = decisions.propose(world.as_(by), keeping.MATTER, kind, target_id, reason=reason)
    return world.session.get_one(Proposal, proposal_id)


def agreed(world: World, proposal: Proposal, by: str = "lou", **changes: Any) -> str:
    ctx = world.as_(by)
    return decisions.agree(
        ctx, keeping.MATTER, proposal.id, **{"digest": proposal.digest, "code": world.code(by), **changes}
    )


def decided(world: World, kind: str, target_id: str) -> Proposal:
    """Proposed by one, agreed by another."""
    proposal = proposed(world, kind, target_id)
    agreed(world, proposal)
    world.session.rollback()
    return world.session.get_one(Proposal, proposal.id)


def erased(world: World, case_id: str) -> Proposal:
    """A case that two have erased."""
    later(world, days=15)
    proposal = decided(world, "case_erase", case_id)
    later(world, hours=24)
    decisions.apply_due(world.system, keeping.MATTER)
    world.session.rollback()
    return proposal


def noted(world: World, case_id: str, text: str = "She sounded hurried") -> None:
    messages.note(world.as_("alice"), case_id, world.case(case_id).version, text)


def events(world: World, tag: str) -> list[dict[str, Any]]:
    """What the events of a tag say."""
    world.session.rollback()
    rows = world.session.execute(
        select(AuditEvent.event_bytes).where(AuditEvent.tag == tag).order_by(AuditEvent.at, AuditEvent.sseq)
    )
    return [json.loads(row)["d"] for row in rows.scalars()]


def has_key(world: World, subject_id: str) -> bool:
    world.session.rollback()
    return world.session.get(SubjectKey, subject_id) is not None


def held_of(world: World, key: str, value: str) -> Iterator[tuple[str, str]]:
    """Every column that still holds something of the personal classes in rows that hang on this: (column, class)."""
    world.session.rollback()
    for table in Base.metadata.sorted_tables:
        where = "id" if (table.name, key) == ("cases", "case_id") else key
        if where not in table.columns or (table.name == "cases" and key != "case_id"):
            continue
        personal = [
            column for column in table.columns if column.info["holds"] in {"evidence", "network", "contact"}
        ]
        for row in world.session.execute(table.select().where(table.columns[where] == value)).mappings():
            yield from ((f"{table.name}.{one.name}", one.info["holds"]) for one in personal if row[one.name])


def classes_of(world: World, case_id: str) -> set[str]:
    """Which personal classes of a case are still there."""
    return {holds for _column, holds in held_of(world, "case_id", case_id)}


def refusal(function: Any, *args: Any, **kwargs: Any) -> str:
    try:
        function(*args, **kwargs)
    except Refused as refused:
        return refused.reason
    raise AssertionError("nothing was refused")
