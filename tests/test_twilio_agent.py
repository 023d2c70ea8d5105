"""Twilio connects a call-back to the agent: what it is told, once, and every question about the agent's end that is not genuine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal.casework import bridges
from portal.models import PhoneCall
from tests.calling import NUMBER, seen
from tests.ringing import digits_of, wrong_digits
from tests.talking import AGENT, give_desk_phone
from tests.twilio_line import Line, twilio_line
from tests.twilio_stand_in import ACCOUNT, SENDER, SID, Answer, signed

CHILD = "CA" + "e5" * 16


@pytest.fixture
def line(database_url: str, tmp_path: Path) -> Iterator[Line]:
    with twilio_line(database_url, tmp_path) as made:
        give_desk_phone(made.world, "alice")
        yield made


def proven(line: Line) -> tuple[PhoneCall, Answer]:
    """A call-back whose digits were right, and what Twilio was told then."""
    call = line.called_back()
    line.twilio.ask(AnsweredBy="human")
    return call, line.keys(digits_of(line.world, call))


def connected(line: Line) -> PhoneCall:
    call, _ = proven(line)
    line.agent()
    line.agent("/keys", Digits="1")
    return seen(line.world, call)


# what is meant to work


def test_the_call_says_that_an_agent_follows_and_how_to_know_them(line: Line) -> None:
    call = line.called_back()
    asked = line.twilio.ask()
    assert "They first say two words." in asked.words
    assert not {*bridges.words(line.world.system, call)} & {*asked.body.replace("<", " ").split()}
    assert AGENT not in asked.body
    assert asked.names == ["Gather", "Gather", "Gather", "Say", "Hangup"]


def test_after_the_right_digits_the_stored_number_is_dialled_for_a_limited_time(line: Line) -> None:
    _, told = proven(line)
    assert told.names == ["Say", "Dial", "Hangup"]
    dial = told.verbs[1]
    assert (dial.attrib["timeLimit"], dial.attrib["timeout"]) == ("900", "25")
    assert dial.attrib["action"] == f"{line.twilio.order['Url']}/parted"
    (number,) = dial
    assert (number.tag, number.text) == ("Number", AGENT)
    assert number.attrib["url"] == f"{line.twilio.order['Url']}/agent"
    assert "record" not in told.body.lower()


def test_the_agents_telephone_shows_our_number_and_not_the_owners(line: Line) -> None:
    _, told = proven(line)
    assert told.verbs[1].attrib["callerId"] == SENDER
    assert NUMBER not in told.body


def test_the_agent_hears_which_request_it_is_and_takes_it_with_a_key(line: Line) -> None:
    call, _ = proven(line)
    asked = line.agent()
    assert asked.names == ["Gather", "Hangup"]
    reference = line.world.case(call.case_id or "").reference.replace("-", "")
    assert reference in asked.words.replace("、", "").replace(", ", "")
    assert not {*bridges.words(line.world.system, call)} & {*asked.words.split()}
    assert asked.verbs[0].attrib["numDigits"] == "1"
    assert line.agent("/keys", Digits="1").names == []
    assert seen(line.world, call).connected_at == line.world.now


def test_the_end_of_the_conversation_is_written_and_told_to_who_is_left(line: Line) -> None:
    call = connected(line)
    line.world.now += timedelta(seconds=75)
    over = line.twilio.ask("/parted", DialCallStatus="completed", DialCallSid=CHILD, DialCallDuration="75")
    assert over.names == ["Say", "Hangup"]
    assert bridges.seconds(seen(line.world, call)) == 75


def test_an_owner_who_hangs_up_first_ends_it_too(line: Line) -> None:
    call = connected(line)
    line.world.now += timedelta(seconds=20)
    line.twilio.ask("/status", CallStatus="completed")
    assert bridges.seconds(seen(line.world, call)) == 20


@pytest.mark.parametrize("how", ["no-answer", "busy", "failed", "canceled"])
def test_an_agent_who_is_not_reached_is_said_and_the_digits_count(line: Line, how: str) -> None:
    call, _ = proven(line)
    said = line.twilio.ask("/parted", DialCallStatus=how)
    assert "Your digits were right and count." in said.words
    now = seen(line.world, call)
    assert (now.outcome, now.connected_at, now.parted_at) == ("confirmed", None, line.world.now)


def test_without_a_desk_phone_the_call_ends_after_the_digits(line: Line) -> None:
    give_desk_phone(line.world, "alice", None)
    _, told = proven(line)
    assert told.names == ["Say", "Hangup"]


# what is not genuine


@pytest.mark.parametrize("rest", ["/agent", "/agent/keys", "/parted"])
@pytest.mark.parametrize("forged", [{"signature": ""}, {"token": "f" * 32}, {"AccountSid": "AC" + "b2" * 16}])
def test_an_unsigned_question_connects_and_parts_nobody(
    line: Line, rest: str, forged: dict[str, str]
) -> None:
    call, _ = proven(line)
    end = {"CallSid": CHILD, "ParentCallSid": SID, "To": AGENT} if "agent" in rest else {}
    answer = line.twilio.ask(rest, **{"Digits": "1", **end, **forged})
    assert (answer.code, answer.body) == (403, "")
    now = seen(line.world, call)
    assert (now.connected_at, now.parted_at) == (None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"To": "+81312340000"},
        {"To": NUMBER},
        {"To": ""},
        {"ParentCallSid": CHILD},
        {"ParentCallSid": ""},
    ],
)
def test_a_signed_question_about_another_telephone_connects_nobody(
    line: Line, changes: dict[str, str]
) -> None:
    call, _ = proven(line)
    for rest in ("", "/keys"):
        answer = line.agent(rest, Digits="1", **changes)
        assert answer.code == 404 or answer.names == ["Hangup"]
    assert seen(line.world, call).connected_at is None


@pytest.mark.parametrize("before", ["ringing", "answered", "wrong digits", "stopped", "machine"])
def test_nobody_is_connected_before_the_right_digits_or_after_a_stop(line: Line, before: str) -> None:
    call = line.called_back()
    if before == "machine":
        assert line.twilio.ask(AnsweredBy="machine_start").names == ["Hangup"]
    elif before != "ringing":
        line.twilio.ask()
    if before == "wrong digits":
        for _ in range(3):
            assert "Dial" not in line.keys(wrong_digits(line.world, call)).names
    if before == "stopped":
        assert "Dial" not in line.keys("9").names
    for answer in (line.agent("/keys", Digits="1"), line.agent()):
        assert answer.code == 404 or answer.names == ["Hangup"]
    line.twilio.ask("/parted", DialCallStatus="completed")
    now = seen(line.world, call)
    assert (now.connected_at, now.parted_at) == (None, None)


def test_the_right_digits_once_more_dial_nobody_a_second_time(line: Line) -> None:
    call, _ = proven(line)
    assert line.keys(digits_of(line.world, call)).names == ["Hangup"]
    assert line.twilio.ask().names == ["Hangup"]


def test_a_replayed_question_moves_neither_beginning_nor_end(line: Line) -> None:
    call = connected(line)
    began = call.connected_at
    line.world.now += timedelta(seconds=30)
    assert line.agent("/keys", Digits="1").names == []
    line.twilio.ask("/parted", DialCallStatus="completed")
    ended = seen(line.world, call).parted_at
    line.world.now += timedelta(seconds=30)
    assert line.agent("/keys", Digits="1").names == ["Hangup"]
    assert line.agent().names == ["Hangup"]
    line.twilio.ask("/parted", DialCallStatus="completed")
    line.twilio.ask("/status", CallStatus="completed")
    now = seen(line.world, call)
    assert (now.connected_at, now.parted_at) == (began, ended)


def test_a_late_question_connects_nobody(line: Line) -> None:
    call, _ = proven(line)
    line.world.now += timedelta(minutes=2)
    assert line.agent().names == ["Hangup"]
    assert line.agent("/keys", Digits="1").names == ["Hangup"]
    assert seen(line.world, call).connected_at is None


def test_a_signature_of_one_address_does_not_open_another(line: Line) -> None:
    call, _ = proven(line)
    url = line.twilio.order["Url"]
    honest = {"AccountSid": ACCOUNT, "CallSid": CHILD, "ParentCallSid": SID, "To": AGENT, "Digits": "1"}
    sealed = {"X-Twilio-Signature": signed(f"{url}/agent", honest)}
    assert line.twilio.post(f"{url}/agent/keys", honest, sealed).code == 403
    assert seen(line.world, call).connected_at is None


def test_a_desk_phone_that_was_changed_meanwhile_is_not_the_one_that_was_dialled(line: Line) -> None:
    call, _ = proven(line)
    give_desk_phone(line.world, "alice", "+81312345679")
    assert line.agent().names == ["Hangup"]
    assert line.agent("/keys", Digits="1").names == ["Hangup"]
    assert seen(line.world, call).connected_at is None
