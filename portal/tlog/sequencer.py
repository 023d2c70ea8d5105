"""Gives events their places in the tree, in batches, after the acts that wrote them are over.

Any number of workers may try: on PostgreSQL a lock lets one through, on SQLite the write turn does, and the places' primary
key refuses a second leader on either. Places and tiles are written in one transaction, so that a kill leaves whole batches.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, text
from sqlalchemy.orm import Session, aliased

from portal.audit import GENESIS, leaf
from portal.casework.context import Context
from portal.models import AuditEvent, AuditLeaf, AuditWaiting
from portal.tlog import tiles

BATCH = 5000
LEADER = 0x6B61696A6F  # the number of the advisory lock: "kaijo"


class BrokenLog(Exception):
    """An event is not what was hashed, or its stream does not lead to it. It gets no place, and nothing behind it either."""

    def __init__(self, event_id: str) -> None:
        super().__init__(f"the event {event_id} does not fit")
        self.event_id = event_id


@dataclass(frozen=True)
class Placed:
    """What one batch did: how many events got a place, and what they said."""

    events: int = 0
    tags: frozenset[str] = frozenset()


def size_of(session: Session) -> int:
    """How many events have a place."""
    query = select(func.coalesce(func.max(AuditLeaf.place), -1) + 1)
    return int(session.execute(query).scalar_one())


def sequence(ctx: Context) -> Placed:
    """Place one batch of waiting events. Raises BrokenLog and places nothing."""
    session = ctx.session
    if session.execute(select(AuditWaiting.event_id).limit(1)).first() is None:
        return Placed()
    with ctx.act():
        rows = session.execute(_batch()).all() if _leads(session) else []
        if not rows:
            return Placed()  # another was quicker
        _check(rows)
        size = size_of(session)
        tiles.grow(session, size, [bytes.fromhex(event.leaf_hash) for event, _before in rows])
        ids = [event.id for event, _before in rows]
        session.execute(
            insert(AuditLeaf), [{"place": size + at, "event_id": one} for at, one in enumerate(ids)]
        )
        for start in range(0, len(ids), 500):
            session.execute(delete(AuditWaiting).where(AuditWaiting.event_id.in_(ids[start : start + 500])))
    return Placed(len(rows), frozenset(event.tag for event, _before in rows))


def _leads(session: Session) -> bool:
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": LEADER}).scalar_one())


def _batch() -> Select[AuditEvent, str]:
    """The oldest waiting events, each with the hash of the one before it in its stream."""
    in_order = AuditWaiting.at, AuditWaiting.stream, AuditWaiting.sseq
    batch = select(AuditWaiting.event_id).order_by(*in_order).limit(BATCH).subquery()
    before = aliased(AuditEvent)
    return (
        select(AuditEvent, before.leaf_hash)
        .join(batch, batch.c.event_id == AuditEvent.id)
        .outerjoin(before, (before.stream == AuditEvent.stream) & (before.sseq == AuditEvent.sseq - 1))
        .order_by(AuditEvent.at, AuditEvent.stream, AuditEvent.sseq)
    )


def _check(rows: Sequence[Any]) -> None:
    # A bit that flipped on the disk would be signed for ever: everything is hashed anew before it gets a place.
    for event, before in rows:
        expected = before or GENESIS
        if leaf(event.event_bytes) != event.leaf_hash or _said(event) != (event.id, expected):
            raise BrokenLog(event.id)


def _said(event: AuditEvent) -> tuple[str, str] | None:
    try:
        said = json.loads(event.event_bytes)
        return said["id"], said["sprev"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
