"""The figures of the board, each against cases that got where they are by doing the acts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.casework import board, intake, objection
from portal.domain.lifecycle import OPEN, Status
from tests.admin.desk import statements
from tests.world import World

SHOWN = OPEN - {Status.UNCONFIRMED}


def stranger(number: int) -> dict[str, str]:
    """A form of somebody of their own: a second one of the same person would be merged."""
    return {"account_email": f"p{number}@mail.example", "reply_email": f"p{number}@mail.example"}


def figures(world: World) -> board.Board:
    world.session.rollback()
    return board.figures(world.system)


@pytest.mark.parametrize("status", list(Status))
def test_an_open_case_is_counted_once_in_its_status_and_language(world: World, status: Status) -> None:
    world.account()
    world.walks[status](language="en")
    seen = figures(world)
    assert seen.open == ({(status, "en"): 1} if status in SHOWN else {})
    assert seen.number() == sum(seen.ages) == int(status in SHOWN)


def test_cases_are_told_apart_by_language(world: World) -> None:
    for number, language in enumerate(("ja", "ja", "en")):
        world.queued(language=language, **stranger(number))
    world.verifying(language="en", **stranger(9))
    seen = figures(world)
    assert (seen.number(), seen.number(Status.QUEUED), seen.number(language="en")) == (4, 3, 2)
    assert seen.number(Status.QUEUED, "ja") == 2


def test_nothing_is_counted_where_nothing_is_open(world: World) -> None:
    world.cancelled()
    seen = figures(world)
    assert (seen.number(), seen.oldest, seen.first_due, set(seen.ages)) == (0, None, None, {0})
    assert set(seen.waits.values()) == {0}


def test_a_case_is_late_from_its_due_time_on(world: World) -> None:
    case_id = world.queued()
    due_at = world.case(case_id).due_at
    world.now = due_at
    assert sum(figures(world).late.values()) == 0
    world.now = due_at + timedelta(seconds=1)
    seen = figures(world)
    assert seen.late[Status.QUEUED] == 1
    assert seen.first_due == due_at


@pytest.mark.parametrize("status", [Status.WAITING_OWNER, Status.COOLING_OFF])
def test_nobody_at_the_desk_is_late_while_an_owner_answers_or_a_wait_runs(
    world: World, status: Status
) -> None:
    world.account()
    case_id = world.walks[status]()
    world.now = world.case(case_id).due_at + timedelta(days=2)
    seen = figures(world)
    assert status not in seen.late
    assert seen.first_due is None


def test_cases_are_sorted_by_the_days_since_they_came_in(world: World) -> None:
    start = world.now
    made = []
    for days in (40, 30, 29, 10, 2, 0):
        world.now = start - timedelta(days=days)
        made.append(world.queued(**stranger(days)))
    world.now = start
    seen = figures(world)
    assert seen.ages == (1, 1, 0, 1, 2, 1)
    assert seen.oldest is not None
    assert seen.oldest.id == made[0]


def test_the_oldest_case_is_the_one_that_came_in_first_whatever_its_status(world: World) -> None:
    first = world.verifying()
    world.pass_time(hours=1)
    world.queued(**stranger(1))
    intake.withdraw(world.owner, world.queued(**stranger(2)), "device_works")
    assert figures(world).oldest == world.case(first)


def test_a_wait_is_counted_on_the_day_of_japan_on_which_it_ends(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    until = world.case(case_id).waiting_until
    assert until is not None
    # Tuesday, shortly after ten in Tokyo, and a day of waiting
    assert figures(world).waits[date(2026, 11, 25)] == 1
    world.now = datetime(2026, 11, 24, 14, 59, tzinfo=UTC)  # still Tuesday in Japan
    assert list(figures(world).waits.values())[:2] == [0, 1]
    world.now += timedelta(minutes=1)
    assert list(figures(world).waits.values())[:2] == [1, 0]


def test_a_wait_that_has_not_started_ends_on_no_day(world: World) -> None:
    world.account()
    world.approved()
    seen = figures(world)
    assert seen.number(Status.COOLING_OFF) == 1
    assert set(seen.waits.values()) == {0}


def test_a_wait_that_cannot_end_is_held_up_from_the_next_day_on(world: World) -> None:
    account = world.account()
    world.cooling_off()
    # said of another matter of the same account: this case's wait runs on but cannot end
    objection.object_on_account(world.system, world.contacts(account, "email")[1].id, channel="mail")
    world.pass_time(hours=48)
    seen = figures(world)
    assert seen.held_up == 1
    assert set(seen.waits.values()) == {0}


def test_all_figures_take_four_statements_however_many_cases_are_open(world: World) -> None:
    counted = []
    for number in (1, 4):
        for one in range(number):
            world.queued(**stranger(10 * number + one))
        with statements(world) as seen:
            board.figures(world.system)
        counted.append(len([one for one in seen if "SELECT" in one]))
    assert counted == [4, 4]
