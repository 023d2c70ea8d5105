"""Filled demos, one on each kind of database, for all tests of this folder: they look, and do little else."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal.demo.programme import WALKS
from tests import databases
from tests.conftest import migrate
from tests.demo.filled import FEW, Filled, Record, built, fill_one, opened


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, shelf: Path) -> Iterator[Filled]:
    """All stories on SQLite; on PostgreSQL one for each status, and those that are special. Copies of them on both.

    Filling takes a while: all worker processes of this run share what the first of them has filled.
    """
    kind, folder = request.param, shelf / f"demo-{request.param}"
    server = request.getfixturevalue("postgresql_server") if kind == "postgresql" else ""
    url = server.replace("/postgres?", "/kaijo_demo?") or f"sqlite:///{folder}/kaijo.sqlite"
    noted = folder / "record"
    with databases.locked(shelf / f"demo-{kind}.start"):
        if not noted.exists():
            folder.mkdir()
            make_database(server, shelf)
            made = built(url, folder)
            noted.write_bytes(pickle.dumps(fill_one(made, FEW if server else WALKS)))
            made.engine.dispose()
    record: Record = pickle.loads(noted.read_bytes())  # noqa: S301  our own, written above
    found = opened(built(url, folder), record)
    yield found
    found.close()


def make_database(server: str, shelf: Path) -> None:
    """On PostgreSQL, a database that stays until the server stops; SQLite makes its own."""
    if not server:
        return
    with (
        databases.fresh_postgresql(shelf, migrate, server=server),
        psycopg.connect(server, autocommit=True) as connection,
    ):
        connection.execute("CREATE DATABASE kaijo_demo TEMPLATE kaijo_template STRATEGY wal_log")


@pytest.fixture
def demo(filled: Filled) -> Iterator[Filled]:
    """The filled demo, with no transaction left open behind a test."""
    yield filled
    filled.session.rollback()
