"""How often something may happen: counters in the database, so that every process counts alike and a restart forgets nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.models import Throttle
from portal.vault import Vault

FOR_GOOD = datetime(9000, 1, 1, tzinfo=UTC)


def hit(session: Session, vault: Vault, rule: str, key: str, *, window: timedelta, now: datetime) -> int:
    """Count one more for this key in the running window and return the count. Atomic on both databases."""
    seconds = int(window.total_seconds())
    start = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
    return _add(session, vault, rule, key, start)


def tally(session: Session, vault: Vault, rule: str, key: str, *, until: datetime = FOR_GOOD) -> int:
    """Count one more of what only `clear` forgives, however long it takes. Kept until the given moment."""
    return _add(session, vault, rule, key, until)


def tallied(session: Session, vault: Vault, rule: str, key: str) -> int:
    """How many were counted under this key, in whatever windows are still kept."""
    query = select(func.sum(Throttle.count)).where(
        Throttle.rule == rule, Throttle.digest == vault.digest(rule, key)
    )
    return int(session.execute(query).scalar_one() or 0)


def clear(session: Session, vault: Vault, rule: str, key: str) -> None:
    """Forgive what was counted under this key."""
    session.execute(delete(Throttle).where(Throttle.rule == rule, Throttle.digest == vault.digest(rule, key)))


def _add(session: Session, vault: Vault, rule: str, key: str, start: datetime) -> int:
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Throttle).values(
        rule=rule, digest=vault.digest(rule, key), window_at=start, count=1
    )
    statement = statement.on_conflict_do_update(
        index_elements=["rule", "digest", "window_at"], set_={"count": Throttle.count + 1}
    ).returning(Throttle.count)
    return int(session.execute(statement).scalar_one())


def forget_before(session: Session, moment: datetime) -> None:
    """Delete counters of windows long past."""
    session.execute(delete(Throttle).where(Throttle.window_at < moment))
