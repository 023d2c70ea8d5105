"""How rows are read: from one moment of the database, and through its cursor, so that a million need no more memory than a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, Select, select, text
from sqlalchemy.orm import Session

from portal.models import Installation

BATCH = 1000
# For this transaction alone: a list of a million takes longer than any page may, and is read to its end.
UNHURRIED = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL cursor_tuple_fraction = 1.0",
)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """A session that only reads, and sees the database as it is now for as long as it lasts."""
    is_postgresql = engine.dialect.name == "postgresql"
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if is_postgresql else {}
    with engine.connect().execution_options(**options) as connection, Session(connection) as session:
        for setting in UNHURRIED if is_postgresql else ():
            session.execute(text(setting))
        session.execute(select(Installation.id)).all()  # the first thing read fixes the moment
        yield session


def streamed(session: Session, query: Select[Any], limit: int | None) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement, some at a time."""
    if limit is not None:
        yield from (tuple(row) for row in session.execute(query.limit(limit)))
        return
    result = session.execute(query, execution_options={"yield_per": BATCH})
    for part in result.partitions():
        yield from map(tuple, part)
