"""What an agent writes down of a conversation, when, and what it is worth beside the digits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import call_checks, talks, verification
from portal.casework.context import NotFound, Refused
from portal.casework.facts import verdict_of
from portal.models import IdentityCheck
from tests.ringing import digits_of, pick_up, placed, press
from tests.talking import checks, give_desk_phone, hang_up, proven, take, talked
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def world(calling_world: World) -> World:
    """A desk that can call somebody, with an agent who has a desk phone."""
    give_desk_phone(calling_world, "alice")
    return calling_world


def test_what_the_agent_heard_is_recorded_with_its_length_and_proves_nothing(world: World) -> None:
    case_id, call = talked(world, seconds=83)
    before = verdict_of(world.system, world.case(case_id))
    check = talks.record_result(world.as_("alice"), case_id, call.id, "match")
    case = world.case(case_id)
    evidence = world.runtime.vault.open_json(world.session, case.subject_id, check, "evidence")
    assert evidence == {"call": call.id, "call_length": "1:23"}
    after = verdict_of(world.system, case)
    assert (after.required, (check.id, "conversation") in after.ignored) == (before.required, True)


def test_what_the_agent_noticed_takes_the_digits_their_worth_and_counts_as_a_failed_check(
    world: World,
) -> None:
    case_id, call = talked(world)
    world.check("alice", case_id, "D2")
    talks.record_result(world.as_("alice"), case_id, call.id, "mismatch", note="somebody whispered answers")
    digits = checks(world, case_id, "system")[0]
    assert (digits.id, "contradicted") in verdict_of(world.system, world.case(case_id)).ignored


@ONE_DATABASE
@pytest.mark.parametrize("result", ["mismatch", "could_not"])
def test_a_result_that_is_no_match_needs_a_note(world: World, result: str) -> None:
    case_id, call = talked(world)
    with pytest.raises(Refused, match="note_missing"):
        talks.record_result(world.as_("alice"), case_id, call.id, result, note=" ")


@ONE_DATABASE
def test_the_result_of_a_conversation_is_recorded_once_by_its_agent_when_it_is_over(world: World) -> None:
    case_id, call = proven(world)
    with pytest.raises(NotFound):
        talks.record_result(world.as_("alice"), case_id, call.id, "match")
    take(world, call)
    with pytest.raises(Refused, match="call_running"):
        talks.record_result(world.as_("alice"), case_id, call.id, "match")
    hang_up(world, call)
    with pytest.raises(Refused, match="result_missing"):
        talks.record_result(world.as_("alice"), case_id, call.id, "perhaps")
    with pytest.raises(NotFound):
        talks.record_result(world.as_("vic"), case_id, call.id, "match")
    talks.record_result(world.as_("alice"), case_id, call.id, "match")
    with pytest.raises(Refused, match="already_recorded"):
        talks.record_result(world.as_("alice"), case_id, call.id, "mismatch", note="second thoughts")


@ONE_DATABASE
def test_a_conversation_of_another_case_or_an_earlier_round_is_not_found(world: World) -> None:
    case_id, call = talked(world)
    other = world.verifying(account_email="x@nowhere.example", reply_email="x@nowhere.example")
    with pytest.raises(NotFound):
        talks.record_result(world.as_("alice"), other, call.id, "match")
    with pytest.raises(NotFound):
        talks.record_result(world.as_("alice"), case_id, "x", "match")


def test_no_result_is_written_for_the_check_of_the_digits_by_hand(world: World) -> None:
    case_id, call = talked(world)
    with pytest.raises(Refused, match="method_not_available"):
        verification.record_check(world.as_("alice"), case_id, "H3", "match", evidence={"call": call.id})


def test_whom_the_agent_did_not_recognise_proves_nothing_by_the_owners_own_call_to_that_number(
    world: World,
) -> None:
    case_id, call = talked(world)
    talks.record_result(world.as_("alice"), case_id, call.id, "mismatch", note="another voice answers")
    world.now += timedelta(minutes=10)
    verification.ask(world.as_("alice"), case_id, ["H2"])
    own = call_checks.ask_call(world.owner, case_id, language="ja")
    world.now += call_checks.READ_FIRST
    placed(world)
    pick_up(world, own)
    press(world, own, digits_of(world, own))
    ignored = dict(verdict_of(world.system, world.case(case_id)).ignored)
    query = select(IdentityCheck.id).where(IdentityCheck.case_id == case_id, IdentityCheck.method == "H2")
    assert ignored[world.session.execute(query).scalar_one()] == "contradicted"
