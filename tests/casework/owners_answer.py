"""What the tests of owners' answers share: a case that waits for its owner, and what has become of it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from portal.casework import responding, verification
from portal.models import AuditEvent
from tests.world import World

TOMORROW = datetime(2026, 11, 25, 1, 30, tzinfo=UTC)  # Wednesday, 10:30 in Tokyo


def asked(world: World, *items: str, **changes: object) -> str:
    """A case of which these things are asked, on an account with a telephone that can be called."""
    world.account()
    case_id = world.verifying(**changes)
    verification.ask(world.as_("alice"), case_id, items)
    return case_id


def done(world: World, case_id: str) -> set[str]:
    return set(responding.done(world.owner, world.case(case_id)))


def events(world: World, case_id: str) -> list[str]:
    world.session.rollback()
    query = select(AuditEvent.tag).where(AuditEvent.case_id == case_id).order_by(AuditEvent.sseq)
    return list(world.session.execute(query).scalars())
