"""Runs migrations on both databases.

Batch rebuilds on SQLite drop triggers and fail or cascade with foreign keys on: triggers and foreign keys are off while a
migration runs, triggers are made again from one list afterwards, and `foreign_key_check` has the last word.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from sqlalchemy import Connection, Engine

from migrations import triggers
from portal.models import Base


def run(engine: Engine) -> None:
    with (
        engine.connect() as connection,
        _without_foreign_keys(connection),
        connection.execution_options(writes=True).begin(),
    ):
        if connection.dialect.name == "postgresql":
            _take_turn(connection)
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            transactional_ddl=True,
        )
        triggers.drop(connection)
        context.run_migrations()
        triggers.create(connection)
        if connection.dialect.name == "sqlite":
            _check_keys(connection)


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        # Also after a migration that failed: the connection goes back to the pool and serves others.
        raw.execute("PRAGMA foreign_keys=ON")


def _take_turn(connection: Connection) -> None:
    """Two hosts that start at once migrate one after the other, and no time-out of the web cuts a migration off."""
    for statement in (
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL lock_timeout = 0",
        "SELECT pg_advisory_xact_lock(7241)",
        "SET LOCAL lock_timeout = '3s'",  # a table must not be kept from everybody while we wait for it
    ):
        connection.exec_driver_sql(statement)


def _check_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise RuntimeError(f"The migration would break foreign keys: {broken[:5]}")


run(context.config.attributes["engine"])
