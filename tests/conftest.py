"""What every test may ask for: a fresh database of each kind, that really commits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import databases

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from sqlalchemy import Engine

    from tests.world import World


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all worker processes of this run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def postgresql_server(shelf: Path) -> Iterator[str]:
    with databases.postgresql(shelf) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, shelf: Path) -> Iterator[str]:
    """The address of a migrated, empty database; each test of it runs once per kind.

    `@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)` keeps to one kind.
    """
    if request.param == "sqlite":
        copy = databases.fresh_sqlite(shelf, migrate)
    else:
        server = request.getfixturevalue("postgresql_server")
        copy = databases.fresh_postgresql(shelf, migrate, server=server)
    with copy as address:
        yield address


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    from portal.engine import make_engine

    made = make_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk with its cast and its clock, on each kind of database."""
    from tests.world import World

    made = World(database_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def calling_world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """The same desk with a telephone: the demo's, which rings nowhere but in the page."""
    from tests.world import World

    made = World(database_url, tmp_path, telephone="demo")
    yield made
    made.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One real browser for all tests of a process. Debian builds it without a window as well: that takes a sixth less time."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium-headless-shell")
        yield browser
        browser.close()


def migrate(address: str) -> None:
    # Imported here, because the tests of the rules are to run without a database library.
    from portal.engine import make_engine, upgrade

    engine = make_engine(address)
    upgrade(engine)
    engine.dispose()
