"""Whether what was promised was kept: checks, waiting periods, objections."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import ColumnElement, update

from portal.casework import deactivation, objection
from portal.models import AuditEvent
from tests.casework.test_objection import stop, upheld
from tests.reports.asking import owner, row, rows, told
from tests.tlog.tampering import tampered
from tests.world import World


def test_each_method_shows_what_its_checks_found(world: World) -> None:
    case_id = world.verifying(**owner(world, 1))
    world.check("alice", case_id, "D4", "mismatch")
    world.check("alice", case_id, "D2", "could_not")
    world.check("alice", case_id, "D2")
    found = {line["method"]: tuple(line.values())[1:] for line in rows(world, "checks")}
    assert found["D2"] == (2, 1, 0, 1, 0.5, 0, 0)
    assert found["D4"] == (1, 0, 1, 0, 1.0, 0, 0)


def test_checks_stand_in_the_order_of_the_methods(world: World) -> None:
    case_id = world.verifying(**owner(world, 1))
    for method in ("D4", "D2"):
        world.check("alice", case_id, method)
    assert [line["method"] for line in rows(world, "checks")] == ["H1", "D2", "D4"]


def test_a_void_check_is_shown_as_void(world: World) -> None:
    case_id = world.pending_approval(**owner(world, 1))
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "the holder was asked")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))
    found = next(line for line in rows(world, "checks") if line["method"] == "D2")
    assert (found["checks"], found["voided"]) == (1, 1)


def test_a_waiting_period_that_was_served_is_not_shortened(world: World) -> None:
    world.executing(**owner(world, 1))
    found = row(world, "waits")
    assert (found["tier"], found["policy_set"]) == ("standard", "standard")
    assert (found["removals"], found["hours_due"], found["shortened"], found["extended"]) == (1, 24.0, 0, 0)
    assert found["hours_least"] == found["hours_waited"] == pytest.approx(25, abs=0.1)


def test_a_removal_that_still_waits_is_not_counted(world: World) -> None:
    world.cooling_off(**owner(world, 1))
    assert rows(world, "waits") == []


def started(case_id: str, tag: str = "case:removal:started") -> tuple[ColumnElement[bool], ...]:
    return AuditEvent.case_id == case_id, AuditEvent.tag == tag


def test_a_removal_that_began_too_soon_by_the_log_was_shortened(world: World) -> None:
    """The row of the case cannot say so: the database would refuse it."""
    case_id = world.executing(**owner(world, 1))
    sooner = world.now - timedelta(hours=2)
    tampered(world, update(AuditEvent).where(*started(case_id)).values(at=sooner))
    assert row(world, "waits")["shortened"] == 1
    assert told(world, "waits").facts["shortened"] == 1


def test_a_removal_without_a_waiting_period_in_the_log_was_shortened(world: World) -> None:
    case_id = world.executing(**owner(world, 1))
    which = started(case_id, "case:waiting:started")
    tampered(world, update(AuditEvent).where(*which).values(tag="case:note:written"))
    found = row(world, "waits")
    assert (found["shortened"], found["hours_due"], found["hours_least"]) == (1, None, None)


def test_a_wait_of_the_last_resort_is_held_to_its_own_length(world: World) -> None:
    world.account()
    case_id = world.last_resort()
    world.pass_time(hours=721)
    world.deliver()  # the weekly reminders
    world.pass_time(hours=1)
    deactivation.execute(world.as_("lee"), case_id, code=world.code("lee"))
    found = row(world, "waits")
    assert (found["policy_set"], found["hours_due"], found["shortened"]) == ("last_resort", 720.0, 0)
    sooner = world.now - timedelta(hours=200)
    tampered(world, update(AuditEvent).where(*started(case_id)).values(at=sooner))
    assert row(world, "waits")["shortened"] == 1


def test_a_wait_that_was_made_longer_is_due_in_its_whole_length(world: World) -> None:
    case_id = upheld(world)
    stop(world, case_id)
    world.deliver()
    world.pass_time(days=11)
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    found = row(world, "waits")
    assert (found["hours_due"], found["extended"], found["shortened"]) == (168 + 72, 1, 0)


def test_objections_are_counted_by_what_came_of_them(world: World) -> None:
    world.frozen(**owner(world, 1))
    world.reversed(**owner(world, 2))
    found = row(world, "objections")
    assert found["channel"] == "mail"
    assert (found["objections"], found["with_request"], found["undecided"], found["founded"]) == (2, 2, 1, 1)
    assert found["hours_to_outcome"] == pytest.approx(0.02, abs=0.02)
    assert told(world, "objections").facts["frozen"] == 2


def test_a_freeze_counts_in_the_period_in_which_it_began(world: World) -> None:
    case_id = world.frozen(**owner(world, 1))
    world.now += timedelta(days=60)
    objection.propose_unfreeze(world.as_("lee"), case_id, "decline", "the holder was asked")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))
    assert told(world, "objections").rows == []
    assert told(world, "objections").facts["frozen"] == 0
