"""What happens because time passes: once, in every order, and driven by the clock argument."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import timers, verification
from portal.domain.lifecycle import TIMERS, Act, Status, Timer
from portal.models import CaseTimer
from tests.world import World


def test_every_timer_of_the_life_cycle_has_its_entry() -> None:
    named = {timer.act for rows in TIMERS.values() for timer in rows}
    assert named | {Act.END_WAITING, Act.REMIND_CONTACTS} == set(timers.TIMED)


TABLE = [(status, timer) for status, rows in TIMERS.items() for timer in rows]


@pytest.mark.parametrize(("status", "timer"), TABLE, ids=[f"{s}-{t.act}" for s, t in TABLE])
def test_a_timer_fires_at_its_time_and_not_a_second_earlier(
    world: World, status: Status, timer: Timer
) -> None:
    world.account()
    case_id = world.walks[status]()
    at = first(world, case_id, timer.act)
    others_before(world, case_id, at)
    world.now = at - timedelta(seconds=1)
    assert timer.act not in fired(world)
    world.now = at
    assert timer.act in fired(world)


def first(world: World, case_id: str, act: Act):  # type: ignore[no-untyped-def]
    query = select(CaseTimer.at).where(CaseTimer.case_id == case_id, CaseTimer.act == act)
    return world.session.execute(query.order_by(CaseTimer.at)).scalars().first()


def others_before(world: World, case_id: str, at) -> None:  # type: ignore[no-untyped-def]
    while world.now < at - timedelta(hours=1):
        world.now = min(world.now + timedelta(days=1), at - timedelta(hours=1))
        timers.run_due(world.runtime)


def fired(world: World) -> set[Act]:
    before = set(rows(world))
    timers.run_due(world.runtime)
    return {act for act, _ in before - set(rows(world))}


def rows(world: World) -> list[tuple[Act, str]]:
    world.session.rollback()
    found = world.session.execute(select(CaseTimer.act, CaseTimer.at)).all()
    return [(Act(act), str(at)) for act, at in found]


def test_an_unconfirmed_request_expires_without_a_mail(world: World) -> None:
    case_id = world.expired()
    assert (world.status(case_id), world.case(case_id).close_reason) == ("expired", "unconfirmed")
    assert world.mails(case_id, "expired") == []


def test_the_owner_is_reminded_on_three_days_and_the_case_ends_on_the_fourteenth(world: World) -> None:
    world.account()
    case_id = world.waiting_owner()
    seen = []
    for _ in range(14):
        world.pass_time(days=1)
        seen.append(len(world.mails(case_id, "reminder")))
    assert seen == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3]
    assert world.status(case_id) == "waiting_owner"
    world.pass_time(hours=14)  # to midnight
    assert (world.status(case_id), world.case(case_id).close_reason) == ("expired", "no_answer")


def test_a_worker_that_was_away_for_weeks_reminds_and_ends_in_order(world: World) -> None:
    world.account()
    case_id = world.waiting_owner()
    world.pass_time(days=60)
    assert world.status(case_id) == "expired"


def test_two_workers_do_a_timer_once(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    world.now = first(world, case_id, Act.ALARM_APPROVAL)
    timers.run_due(world.runtime)
    timers.run_due(world.runtime)
    assert len(world.mails(case_id, "lead_alarm")) == 2  # one for each of two leads


def test_leaving_a_status_takes_its_timers_away(world: World) -> None:
    world.account()
    case_id = world.verifying()
    verification.release(world.as_("alice"), case_id)
    world.session.rollback()
    assert (
        world.session.execute(select(CaseTimer.act).where(CaseTimer.case_id == case_id)).scalars().all() == []
    )


def test_last_resort_tells_every_contact_each_week(world: World) -> None:
    world.account()
    case_id = world.last_resort()
    counts = []
    for _ in range(4):
        world.pass_time(days=7)
        world.deliver()
        counts.append(len(world.mails(case_id, "waiting_reminder")))
    assert counts == [2, 4, 6, 8]
    world.pass_time(days=3)
    assert world.status(case_id) == "ready"


def test_a_reminder_that_is_undelivered_holds_the_removal_up_but_not_for_ever(world: World) -> None:
    world.account()
    case_id = world.last_resort()
    world.pass_time(days=31)
    assert world.status(case_id) == "cooling_off"
    world.deliver("dead")
    world.pass_time(seconds=1)
    assert world.status(case_id) == "ready"
