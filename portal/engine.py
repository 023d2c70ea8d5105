"""Engines for both databases: how a connection is opened, how an act locks, what the database's time is, and migrations."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
POSTGRES_OPTIONS = "-c lock_timeout=3000 -c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000 -c timezone=UTC"
BUSY_TIMEOUT_MS = 30_000

_threads = threading.Lock()


def make_engine(url: str, **options: Any) -> Engine:
    """An engine with the settings that the design's promises rest on: foreign keys, full sync, time-outs."""
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, **options)
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options.setdefault("pool_pre_ping", True)
    return create_engine(url, connect_args={"options": POSTGRES_OPTIONS}, **options)


def _open_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # NORMAL may lose the last commits when the power goes
        "foreign_keys=ON",
        "secure_delete=ON",  # a key that was destroyed must not lie in a free page; not every build does it unasked
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A reader that becomes a writer gets "database is locked" whatever the time-out says: acts begin as writers.
    immediate = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def writing(session: Session) -> Iterator[None]:
    """One write transaction: committed at the end, rolled back when anything is raised."""
    session.rollback()
    session.expire_all()
    with _write_turn(session.get_bind()):
        try:
            session.connection(execution_options={"writes": True})
            yield
            session.commit()
        except BaseException:
            session.rollback()
            raise


@contextmanager
def revocable(session: Session) -> Iterator[None]:
    """A part of a write transaction: taken back alone when anything is raised in it, and otherwise committed with the rest."""
    with session.begin_nested():
        yield


@contextmanager
def _write_turn(bind: Engine | Connection) -> Iterator[None]:
    """SQLite's busy handler is unfair (one writer of eight got 1 write in 5 s): writers queue on a file lock instead."""
    database = bind.engine.url.database
    if bind.dialect.name != "sqlite" or not database:
        yield
        return
    with _threads, open(f"{database}.lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def database_time(session: Session) -> datetime:
    """The one clock of an act: PostgreSQL's own, because its clients' clocks may differ; this machine's on SQLite."""
    if session.get_bind().dialect.name == "postgresql":
        at: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        return at.astimezone(UTC)
    return datetime.now(UTC)


def machine_time() -> datetime:
    """This machine's time, for what is made before there is a database."""
    return datetime.now(UTC)


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to a revision. Safe to repeat."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine
    command.upgrade(config, revision)
