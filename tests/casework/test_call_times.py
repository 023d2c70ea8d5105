"""When owners are called: half hours of the desk's own hours, chosen by them, changed by them, and by nobody else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.casework import responding
from portal.casework.context import Refused, Throttled
from tests.casework.owners_answer import TOMORROW, asked, done, events
from tests.world import World

NEVER = (
    datetime(2026, 11, 24, 1, 30, tzinfo=UTC),  # within the hour
    datetime(2026, 11, 23, 3, 0, tzinfo=UTC),  # yesterday, a holiday
    datetime(2026, 11, 28, 3, 0, tzinfo=UTC),  # Saturday
    datetime(2026, 11, 24, 9, 0, tzinfo=UTC),  # the desk has just closed
    datetime(2026, 11, 24, 23, 30, tzinfo=UTC),  # before it opens
    datetime(2026, 11, 25, 1, 45, tzinfo=UTC),  # no half hour
    datetime(2026, 12, 2, 1, 30, tzinfo=UTC),  # in more than a week
)


@pytest.fixture
def world(calling_world: World) -> World:
    return calling_world


def test_the_owner_chooses_when_to_be_called_and_may_choose_again(world: World) -> None:
    case_id = asked(world, "H3", "D5")
    responding.book_call(world.owner, case_id, TOMORROW)
    assert (world.case(case_id).call_booked_at, done(world, case_id)) == (TOMORROW, {"H3"})
    later = TOMORROW + timedelta(days=1)
    responding.book_call(world.owner, case_id, later)
    assert world.case(case_id).call_booked_at == later
    assert events(world, case_id).count("case:call:booked") == 2


def test_with_the_call_booked_and_nothing_else_asked_the_case_goes_back_and_is_due_then(world: World) -> None:
    case_id = asked(world, "H3")
    responding.book_call(world.owner, case_id, TOMORROW)
    case = world.case(case_id)
    assert (case.status, case.due_at, case.call_booked_at) == ("verifying", TOMORROW, TOMORROW)


def test_a_call_can_be_booked_before_anybody_asks(world: World) -> None:
    world.account()
    case_id = world.queued()
    due = world.case(case_id).due_at
    responding.book_call(world.owner, case_id, TOMORROW)
    case = world.case(case_id)
    assert (case.status, case.call_booked_at, case.due_at, case.answered) == ("queued", TOMORROW, due, [])


def test_nobody_is_called_outside_support_hours_too_soon_or_too_late(world: World) -> None:
    case_id = asked(world, "H3")
    for at in NEVER:
        with pytest.raises(Refused, match="slot_gone"):
            responding.book_call(world.owner, case_id, at)
    assert (world.case(case_id).call_booked_at, world.status(case_id)) == (None, "waiting_owner")


def test_half_hours_are_offered_from_the_next_support_hour_to_a_week_ahead_without_weekends(
    world: World,
) -> None:
    case_id = asked(world, "H3")
    offered = responding.slots(world.owner, world.case(case_id))
    days = sorted({at.date() for at in offered})
    assert days == [date(2026, 11, day) for day in (24, 25, 26, 27, 30)] + [date(2026, 12, 1)]
    assert offered[0] == datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # asked at 10:01
    assert [at.hour * 60 + at.minute for at in offered if at.day == 25] == list(range(0, 9 * 60, 30))


def test_the_log_cannot_be_filled_by_booking_again_and_again(world: World) -> None:
    case_id = asked(world, "H3", "D5")
    for _ in range(world.runtime.limits.owner_messages_day):
        responding.book_call(world.owner, case_id, TOMORROW)
    with pytest.raises(Throttled):
        responding.book_call(world.owner, case_id, TOMORROW)


@pytest.mark.parametrize(
    "status", ["unconfirmed", "pending_approval", "cooling_off", "frozen", "declined", "expired"]
)
def test_no_call_is_booked_where_there_is_nothing_to_talk_about(world: World, status: str) -> None:
    world.account()
    case_id = world.walks[status]()
    at = responding.slots(world.owner, world.case(case_id))[0]
    with pytest.raises(Refused, match="wrong_status"):
        responding.book_call(world.owner, case_id, at)
