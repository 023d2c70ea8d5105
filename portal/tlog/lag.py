"""How far the signed log is behind what is written. Grave acts wait for it: what cannot be proven later is not done now."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.models import AuditCheckpoint, AuditEvent, AuditLeaf, AuditWaiting


def unsigned_since(session: Session) -> datetime | None:
    """When the oldest event was written that no signed head covers; None where there is none, or no log was ever signed."""
    signed: int | None = session.execute(select(func.max(AuditCheckpoint.size))).scalar_one()
    if signed is None:
        return None
    placed = (
        select(AuditEvent.at)
        .join(AuditLeaf, AuditLeaf.event_id == AuditEvent.id)
        .where(AuditLeaf.place >= signed)
        .order_by(AuditLeaf.place)
        .limit(1)
    )
    waiting = select(func.min(AuditWaiting.at))
    found = [session.execute(query).scalar_one_or_none() for query in (placed, waiting)]
    return min((at for at in found if at is not None), default=None)


def is_behind(session: Session, now: datetime, limit: timedelta) -> bool:
    """Whether an event has gone unsigned for longer than this."""
    since = unsigned_since(session)
    return since is not None and since <= now - limit
