"""Filled demos, one on each kind of database, for all tests of this folder: they look, and do little else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.demo.programme import WALKS
from tests import databases
from tests.conftest import migrate
from tests.demo.filled import FEW, Filled, fill_one


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, shelf: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    """All stories on SQLite; on PostgreSQL one for each status, and those that are special. Copies of all of them on both."""
    folder = tmp_path_factory.mktemp("demo")
    if request.param == "sqlite":
        copy, programme = databases.fresh_sqlite(shelf, migrate), WALKS
    else:
        server = request.getfixturevalue("postgresql_server")
        copy, programme = databases.fresh_postgresql(shelf, migrate, server=server), FEW
    with copy as url:
        made = fill_one(url, folder, programme)
        yield made
        made.close()


@pytest.fixture
def demo(filled: Filled) -> Iterator[Filled]:
    """The filled demo, with no transaction left open behind a test."""
    yield filled
    filled.session.rollback()
