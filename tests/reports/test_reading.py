"""Reading: one moment of the database, nothing written, and no more memory for many rows than for few."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal import reports
from portal.reports.reading import BATCH, streamed
from tests.reports.asking import asked, owner
from tests.sql import only_on
from tests.world import World


def test_a_snapshot_does_not_see_what_comes_after_it(world: World) -> None:
    world.submit(**owner(world, 1))
    with reports.snapshot(world.runtime.engine) as session:
        world.submit(**owner(world, 2))
        assert reports.count(session, asked(world, "cases")) == 1
        assert len(list(reports.stream(session, asked(world, "cases")))) == 1
    with reports.snapshot(world.runtime.engine) as session:
        assert reports.count(session, asked(world, "cases")) == 2


@only_on("postgresql")
def test_a_snapshot_cannot_write(world: World) -> None:
    with reports.snapshot(world.runtime.engine) as session, pytest.raises(DBAPIError, match="read-only"):
        session.execute(text("DELETE FROM throttle"))


@only_on("postgresql")
def test_a_snapshot_may_take_its_time_and_no_session_after_it(world: World) -> None:
    settings = ("statement_timeout", "idle_in_transaction_session_timeout")
    with reports.snapshot(world.runtime.engine) as session:
        assert [session.execute(text(f"SHOW {name}")).scalar_one() for name in settings] == ["0", "0"]
    with world.runtime.engine.connect() as connection:
        assert [connection.execute(text(f"SHOW {name}")).scalar_one() for name in settings] == ["15s", "30s"]
        assert connection.execute(text("SHOW transaction_isolation")).scalar_one() == "read committed"


NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n",
    "postgresql": "SELECT i FROM generate_series(1, 5000) AS n(i)",
}


def test_rows_come_some_at_a_time(world: World) -> None:
    """Nothing else is read while the first rows are looked at, and other statements may come between."""
    numbers = text(NUMBERS[world.runtime.engine.dialect.name])
    with reports.snapshot(world.runtime.engine) as session:
        rows = streamed(session, numbers, None)
        first = [next(rows) for _ in range(BATCH)]
        assert session.execute(text("SELECT 1")).scalar_one() == 1
        assert [number for (number,) in [*first, *rows]] == list(range(1, 5001))
