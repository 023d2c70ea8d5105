"""How often something may happen: counters in the database, so that every process counts alike and a restart forgets nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.models import Throttle
from portal.vault import Vault


def hit(session: Session, vault: Vault, rule: str, key: str, *, window: timedelta, now: datetime) -> int:
    """Count one more for this key in the running window and return the count. Atomic on both databases."""
    seconds = int(window.total_seconds())
    start = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
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
