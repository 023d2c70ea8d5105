"""Counting how often something happened: exactly, however many count at once, and forgotten when its window is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from portal import throttle
from portal.casework.context import Refused
from portal.engine import writing
from portal.models import Throttle
from tests.together import together
from tests.world import World

HOUR = timedelta(hours=1)
HALF_PAST = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


def hit(
    world: World, key: str = "k", *, rule: str = "r", at: datetime = HALF_PAST, window: timedelta = HOUR
) -> int:
    with world.system.act():
        return throttle.hit(world.session, world.runtime.vault, rule, key, window=window, now=at)


def test_every_hit_counts_one_more(world: World) -> None:
    assert [hit(world) for _ in range(3)] == [1, 2, 3]


def test_keys_and_rules_count_for_themselves(world: World) -> None:
    hit(world)
    assert [hit(world, "other"), hit(world, rule="other"), hit(world)] == [1, 1, 2]


@pytest.mark.parametrize("window", [timedelta(minutes=15), HOUR, timedelta(days=1)])
def test_a_new_window_begins_at_one(world: World, window: timedelta) -> None:
    start = datetime(2026, 11, 24, tzinfo=UTC)
    last = start + window - timedelta(microseconds=1)
    assert [hit(world, at=at, window=window) for at in (start, last, start + window)] == [1, 2, 1]


def test_the_key_itself_is_not_kept(world: World) -> None:
    hit(world, "192.0.2.7")
    row = world.session.execute(select(Throttle)).scalar_one()
    assert (row.digest, row.rule) == (world.runtime.vault.digest("r", "192.0.2.7"), "r")


def test_old_windows_are_thrown_away_and_the_running_one_is_kept(world: World) -> None:
    hit(world, at=HALF_PAST - timedelta(days=3))
    hit(world)
    with world.system.act():
        throttle.forget_before(world.session, HALF_PAST - timedelta(days=2))
    assert world.session.execute(select(func.count()).select_from(Throttle)).scalar_one() == 1
    assert hit(world) == 2


def test_a_refused_act_takes_its_own_count_back(world: World) -> None:
    with pytest.raises(Refused):
        hit_and_refuse(world)
    assert hit(world) == 1


def hit_and_refuse(world: World) -> None:
    with world.system.act():
        hit(world)
        raise Refused("wrong_status")


def test_eight_at_once_are_counted_exactly(world: World) -> None:
    vault = world.runtime.vault

    def count() -> list[int]:
        found = []
        for _ in range(5):
            with world.runtime.sessions() as session, writing(session):
                found.append(throttle.hit(session, vault, "r", "k", window=HOUR, now=HALF_PAST))
        return found

    counts = [number for numbers in together(8, count) for number in numbers]
    assert sorted(counts) == list(range(1, 41))
