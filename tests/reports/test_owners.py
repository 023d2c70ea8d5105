"""What owners did without the desk, what they could not do, and what became of calls and removals."""

from __future__ import annotations

from portal import reports
from portal.casework import self_service_handover
from portal.reports import Hidden
from tests.casework.resetting import Browser
from tests.reports.asking import asked, owner, row, rows, told
from tests.world import World


def browser(world: World) -> Browser:
    world.account()
    return Browser(world)


def test_a_reset_that_failed_is_shown_at_its_step_and_with_its_reason(calling_world: World) -> None:
    world = calling_world
    begun = browser(world)
    begun.with_mail()
    self_service_handover.fail(world.owner, begun.visitor, "mail_not_received")
    found = row(world, "fallbacks")
    assert (found["step"], found["failure"], found["attempts"]) == ("mail", "mail_not_received", 1)
    assert (found["requests_after"], found["after_share"]) == (0, 0.0)
    facts = {"started": 1, "removed": 0, "failed": 1, "requests_after": 0}
    assert told(world, "fallbacks").facts == facts


def test_a_request_that_came_of_a_failed_reset_is_counted_with_it(calling_world: World) -> None:
    world = calling_world
    begun = browser(world)
    begun.with_mail()
    attempt = self_service_handover.fail(world.owner, begun.visitor, "mail_not_received")
    case_id = world.submit()
    with world.system.act():
        world.lock(case_id).self_service_id = attempt.id
    assert row(world, "fallbacks")["requests_after"] == 1


def test_a_reset_that_its_owner_finished_is_a_removal_without_the_desk(calling_world: World) -> None:
    world = calling_world
    begun = browser(world)
    begun.with_all()
    begun.remove()
    (found,) = rows(world, "other_removals")
    assert (found["what"], found["connector"]) == ("account:self_service:removed", "local")
    assert found["account"] == Hidden(clear="123456789012")
    assert len(found["log_hash"]) == 64
    assert told(world, "fallbacks").facts["removed"] == 1
    assert list(reports.stream(world.session, asked(world, "removals"))) == []


def test_calls_are_counted_by_how_they_ended(calling_world: World) -> None:
    world = calling_world
    browser(world).with_all()
    found = row(world, "calls")
    assert (found["call_outcome"], found["calls"], found["share"]) == ("confirmed", 1, 1.0)


def test_devices_are_counted_by_what_became_of_them_at_their_system(world: World) -> None:
    world.deactivated(**owner(world, 1))
    world.executing(**owner(world, 2))
    found = row(world, "connectors")
    assert tuple(found.values()) == ("local", 2, 1, 0, 1, 0.0)
