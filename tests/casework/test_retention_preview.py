"""What would go is said beforehand, and is exactly what goes then."""

from __future__ import annotations

from portal.casework import intake, retention
from portal.domain.retention import PERIODS
from portal.models import OutboxRow, new_id
from tests.admin.clerk import whole_database
from tests.admin.desk import queued
from tests.casework.kept import DAY, decided, later, noted, proposed, run
from tests.world import World


def test_the_preview_says_what_goes_by_a_date_and_what_a_hold_keeps(world: World) -> None:
    first, second = queued(world, 2)
    for case_id in (first, second):
        intake.withdraw(world.owner, case_id, "device_works")
    decided(world, "case_hold", second)
    world.session.rollback()
    now = retention.preview(world.system)
    ahead = retention.preview(world.system, world.now + 100 * DAY)

    assert [(one.number, one.held) for one in now] == [(0, 0)] * 4
    assert [(one.number, one.held) for one in ahead] == [(1, 1), (1, 1), (0, 0), (0, 0)]
    assert [case.id for case in ahead[0].first] == [first]
    assert retention.ends_at(ahead[0].first[0], PERIODS[0], world.runtime.limits) > world.now


def test_the_preview_changes_nothing(world: World) -> None:
    world.account()
    world.declined()
    later(world, days=3000)
    before = whole_database(world)
    retention.preview(world.system)

    assert whole_database(world) == before


def test_what_the_preview_says_is_what_a_run_deletes(world: World) -> None:
    plain, held, asked_for, written_to, told = queued(world, 5)
    for case_id in (plain, held, asked_for, written_to, told):
        intake.withdraw(world.owner, case_id, "device_works")
    decided(world, "case_hold", held)
    proposed(world, "case_hold", asked_for)
    said = []
    for days in (29, 5, 60, 280, 3000):
        later(world, days=days)
        if days == 5:
            noted(world, written_to)
            with world.system.act():
                row = {"kind": "mail", "unique_key": new_id(), "case_id": told, "state": "pending"}
                times = {"created_at": world.now, "not_before": world.now + DAY}
                world.session.add(OutboxRow(id=new_id(), attempts=0, security=False, **row, **times))
        before = {one.period.key: one.number for one in retention.preview(world.system)}
        said.append(sum(before.values()))
        assert run(world) == before
    assert said == [0, 1, 5, 3, 3]
