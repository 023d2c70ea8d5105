"""After the right digits of a call-back: who is connected to whom, by which words, for how long, and what it is worth."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import bridges, call_checks, calls, overdue_calls, talks, verification
from portal.casework.context import NotFound, Refused
from portal.models import AuditEvent, Staff
from tests.ringing import digits_of, end, pick_up, placed, press, reread, wrong_digits
from tests.talking import (
    AGENT,
    asked_agent,
    called_back,
    checks,
    give_desk_phone,
    hang_up,
    proven,
    take,
    talked,
)
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def world(calling_world: World) -> World:
    """A desk that can call somebody, with an agent who has a desk phone."""
    give_desk_phone(calling_world, "alice")
    return calling_world


def shown(world: World, case_id: str) -> call_checks.OnScreen:
    world.session.rollback()
    found = call_checks.on_screen(world.owner, world.case(case_id))
    assert found is not None
    return found


# who is connected


def test_the_right_digits_lead_to_the_agents_own_desk_phone_for_a_limited_time(world: World) -> None:
    _, call = called_back(world)
    pick_up(world, call)
    said = press(world, call, digits_of(world, call))
    assert said is not None
    assert said.say == "connecting"
    assert said.bridge == bridges.Bridge(AGENT, world.runtime.limits.call_talk)


def test_nobody_is_connected_before_the_digits_are_right(world: World) -> None:
    _, call = called_back(world)
    opening = pick_up(world, call)
    assert opening is not None
    assert (opening.say, opening.bridge) == ("joined", None)
    for _ in range(world.runtime.limits.call_tries):
        said = press(world, call, wrong_digits(world, call))
        assert said is not None
        assert said.bridge is None
    assert asked_agent(world, call) is None
    assert not take(world, call)
    assert reread(world, call).connected_at is None


def test_nine_stops_everything_and_connects_nobody(world: World) -> None:
    case_id, call = called_back(world)
    pick_up(world, call)
    said = press(world, call, "9")
    assert said is not None
    assert said.bridge is None
    assert world.status(case_id) == "frozen"
    assert not take(world, call)


def test_an_answering_machine_at_the_owners_is_never_connected(world: World) -> None:
    _, call = called_back(world)
    assert pick_up(world, call, machine=True) is None
    assert not take(world, call)


def test_a_machine_at_the_agents_presses_no_key_and_is_connected_to_nobody(world: World) -> None:
    _, call = proven(world)
    assert asked_agent(world, call) is not None
    for digits in ("", "2", "11", "*"):
        assert not take(world, call, digits=digits)
    assert reread(world, call).connected_at is None


def test_a_call_is_connected_once(world: World) -> None:
    _, call = proven(world)
    assert press(world, call, digits_of(world, call)) is None  # the question comes again: no second bridge
    take(world, call)
    began = reread(world, call).connected_at
    world.now += timedelta(seconds=20)
    assert asked_agent(world, call) is None
    assert take(world, call)
    assert reread(world, call).connected_at == began
    hang_up(world, call)
    assert not take(world, call)
    assert asked_agent(world, call) is None


def test_an_agent_without_a_desk_phone_hears_nothing_and_the_digits_count(world: World) -> None:
    give_desk_phone(world, "alice", None)
    case_id, call = called_back(world)
    opening = pick_up(world, call)
    assert opening is not None
    assert opening.say == "callback"
    said = press(world, call, digits_of(world, call))
    assert said is not None
    assert (said.say, said.bridge) == ("right", None)
    assert shown(world, case_id).words is None
    give_desk_phone(world, "alice")  # too late: nobody is connected to a call that is over
    with pytest.raises(Refused):
        talks.record_result(world.as_("alice"), case_id, call.id, "match")
    assert not take(world, call)
    assert len(checks(world, case_id, "system")) == 1


def test_the_owners_own_call_leads_to_nobody(world: World) -> None:
    world.account()
    case_id = world.verifying()
    verification.ask(world.as_("alice"), case_id, ["H2"])
    call = call_checks.ask_call(world.owner, case_id, language="ja")
    world.now += call_checks.READ_FIRST
    placed(world)
    pick_up(world, call)
    said = press(world, call, digits_of(world, call))
    assert said is not None
    assert (said.say, said.bridge) == ("right", None)


@pytest.mark.parametrize("change", ["released", "disabled", "their own number"])
def test_who_has_not_the_case_any_more_or_is_the_number_itself_is_not_connected(
    world: World, change: str
) -> None:
    case_id, call = called_back(world)
    pick_up(world, call)
    digits = digits_of(world, call)
    if change == "released":
        verification.release(world.as_("alice"), case_id)
        verification.claim(world.as_("vic"), case_id)
    elif change == "disabled":
        with world.system.act():
            world.session.get_one(Staff, world.logins["alice"].staff_id).disabled_at = world.now
    else:
        give_desk_phone(world, "alice", "+819012345678")
    said = press(world, call, digits)
    assert said is not None
    assert (said.say, said.bridge) == ("right", None)
    assert len(checks(world, case_id, "system")) == 1


def test_a_case_that_is_taken_away_while_the_agents_telephone_rings_is_not_connected(world: World) -> None:
    case_id, call = proven(world)
    verification.take_over(world.as_("vic"), case_id, "on leave")
    assert asked_agent(world, call) is None
    assert not take(world, call)
    assert reread(world, call).connected_at is None


def test_only_the_stored_number_is_asked_whether_it_takes_the_call(world: World) -> None:
    _, call = proven(world)
    for number in ("+81312340000", "", "+819012345678"):
        assert not take(world, call, number=number)
    with pytest.raises(NotFound):
        take(world, call, provider_id="another call")
    assert take(world, call)


# how it ends


def test_the_length_of_the_conversation_is_on_record(world: World) -> None:
    _, call = talked(world, seconds=83)
    assert bridges.seconds(call) == 83
    query = select(AuditEvent).where(AuditEvent.tag == "account:call:parted")
    assert '"seconds":83' in world.session.execute(query).scalar_one().event_bytes.decode()


def test_an_owner_who_hangs_up_ends_the_conversation(world: World) -> None:
    _, call = proven(world)
    take(world, call)
    world.now += timedelta(seconds=30)
    end(world, call, "completed")
    assert bridges.seconds(reread(world, call)) == 30
    world.now += timedelta(seconds=30)
    hang_up(world, call)
    assert bridges.seconds(reread(world, call)) == 30


def test_an_agent_who_does_not_answer_leaves_the_digits_as_they_are(world: World) -> None:
    case_id, call = proven(world)
    said = hang_up(world, call)
    assert said is not None
    assert said.say == "not_reached"
    assert (reread(world, call).connected_at, shown(world, case_id).is_live) == (None, False)
    assert not take(world, call)
    assert len(checks(world, case_id, "system")) == 1


def test_an_agent_who_answers_too_late_is_not_connected(world: World) -> None:
    _, call = proven(world)
    world.now += calls.AGENT_ANSWERS
    assert asked_agent(world, call) is None
    assert not take(world, call)


def test_a_conversation_whose_end_nobody_reports_ends_with_its_time(world: World) -> None:
    _, call = proven(world)
    take(world, call)
    world.now += world.runtime.limits.call_talk + timedelta(hours=1)
    overdue_calls.end_all(world.system)
    assert bridges.seconds(reread(world, call)) == world.runtime.limits.call_talk.total_seconds()


def test_nobody_is_called_while_the_two_are_talking(world: World) -> None:
    case_id, call = proven(world)
    take(world, call)
    world.now += timedelta(minutes=5)
    with pytest.raises(Refused, match="call_running"):
        call_checks.call_back(world.as_("alice"), case_id, call.contact_id or "")
    hang_up(world, call)
    assert call_checks.call_back(world.as_("alice"), case_id, call.contact_id or "").id != call.id


# the two words


def test_the_words_are_shown_from_the_call_to_its_end_and_not_before_or_after(world: World) -> None:
    case_id, call = called_back(world)
    seen = [shown(world, case_id).words]
    pick_up(world, call)
    seen.append(shown(world, case_id).words)
    press(world, call, digits_of(world, call))
    seen.append(shown(world, case_id).words)
    take(world, call)
    seen.append(shown(world, case_id).words)
    assert set(seen) == {bridges.words(world.system, call)}
    hang_up(world, call)
    assert (shown(world, case_id).words, shown(world, case_id).is_live) == (None, False)


@pytest.mark.parametrize("how", ["no-answer", "busy", "failed"])
def test_a_call_that_came_to_nothing_has_no_words(world: World, how: str) -> None:
    case_id, call = called_back(world)
    end(world, call, how)
    assert shown(world, case_id).words is None


def test_every_call_has_other_words(world: World) -> None:
    case_id, call = called_back(world)
    end(world, call, "no-answer")
    world.now += timedelta(minutes=2)
    again = call_checks.call_back(world.as_("alice"), case_id, call.contact_id or "")
    assert bridges.words(world.system, call) != bridges.words(world.system, again)
