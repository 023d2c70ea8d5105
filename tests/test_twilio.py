"""Twilio, played by a server on loopback: what is ordered, what it is told to say, and every question that is not genuine."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.casework import calls
from portal.models import Case, PhoneCall, SelfService
from portal.telephone import Placing, TelephoneError
from portal.twilio_telephone import TwilioTelephone
from tests import calling, web
from tests.applications import app_for
from tests.calling import NUMBER, code, seen, wrong
from tests.post import work_off
from tests.twilio_line import OURS, Line, twilio_line
from tests.twilio_stand_in import ACCOUNT, SENDER, SID, TOKEN, LocalClient, signed, stand_in


@pytest.fixture
def line(database_url: str, tmp_path: Path) -> Iterator[Line]:
    with twilio_line(database_url, tmp_path) as made:
        yield made


# what is meant to work


def test_a_call_is_ordered_with_our_addresses_and_nothing_of_its_digits(line: Line) -> None:
    call = line.ordered()
    order = line.twilio.order
    assert (order["To"], order["From"]) == (NUMBER, SENDER)
    path = calls.path_of(line.world.system, call.id)
    assert order["Url"] == f"https://mfa.corp.example/voice/{path}"
    assert order["StatusCallback"] == f"{order['Url']}/status"
    assert (order["MachineDetection"], order["Timeout"]) == ("Enable", "30")
    assert code(line.world, call) not in str(line.twilio.orders)
    assert line.twilio.authorised == ["Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()]
    assert (call.state, call.provider_id) == ("calling", SID)


def test_a_call_from_the_ring_to_the_right_digits(line: Line) -> None:
    call = line.ordered()
    asked = line.twilio.ask(AnsweredBy="human")
    assert asked.code == 200
    assert asked.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert asked.names == ["Gather", "Gather", "Gather", "Say", "Hangup"]
    gather = asked.verbs[0].attrib
    assert (gather["numDigits"], gather["finishOnKey"], gather["input"]) == ("6", "", "dtmf")
    assert gather["action"] == f"{line.twilio.order['Url']}/keys"
    assert code(line.world, call) not in asked.body
    done = line.keys(code(line.world, call))
    assert done.names == ["Say", "Hangup"]
    assert "The digits are right." in done.words
    line.twilio.ask("/status", CallStatus="completed")
    assert seen(line.world, call).outcome == "confirmed"
    assert line.world.session.get_one(SelfService, call.self_service_id).call_at is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("language", "spoken", "words"), [("ja", "ja-JP", "自動音声"), ("en", "en-US", "automated")]
)
def test_the_call_speaks_its_language(line: Line, language: str, spoken: str, words: str) -> None:
    line.ordered(language=language)
    asked = line.twilio.ask()
    assert words in asked.words
    assert f'language="{spoken}"' in asked.body


def test_nine_stops(line: Line) -> None:
    call = line.ordered()
    line.twilio.ask()
    stopped = line.keys("9")
    assert stopped.names == ["Say", "Hangup"]
    assert seen(line.world, call).outcome == "stopped"
    assert line.world.session.execute(select(Case.status)).scalar_one() == "frozen"


def test_wrong_digits_are_asked_for_again_and_then_not(line: Line) -> None:
    call = line.ordered()
    line.twilio.ask()
    names = [line.keys(wrong(line.world, call)).names[0] for _ in range(3)]
    assert names == ["Gather", "Gather", "Say"]
    assert line.keys(code(line.world, call)).names == ["Hangup"]
    assert seen(line.world, call).outcome == "wrong"


@pytest.mark.parametrize(
    ("by", "outcome"), [("machine_start", "machine"), ("machine_end_beep", "machine"), ("fax", "failed")]
)
def test_a_machine_is_hung_up_on_without_a_word(line: Line, by: str, outcome: str) -> None:
    call = line.ordered()
    assert line.twilio.ask(AnsweredBy=by).names == ["Hangup"]
    assert seen(line.world, call).outcome == outcome


@pytest.mark.parametrize(
    ("status", "outcome"), [("busy", "busy"), ("no-answer", "no_answer"), ("failed", "failed")]
)
def test_the_end_of_a_call_is_taken_down(line: Line, status: str, outcome: str) -> None:
    call = line.ordered()
    answer = line.twilio.ask("/status", CallStatus=status)
    assert (answer.code, answer.body) == (204, "")
    assert seen(line.world, call).outcome == outcome


def test_a_notice_is_spoken_and_its_end_reported(line: Line) -> None:
    world = line.world
    world.account()
    world.approved()
    world.now += timedelta(hours=1)
    work_off(world)
    call = world.session.execute(select(PhoneCall)).scalar_one()
    assert line.twilio.order["MachineDetection"] == "DetectMessageEnd"
    asked = line.twilio.ask(AnsweredBy="human")
    assert asked.names == ["Gather", "Redirect", "Hangup"]
    assert asked.verbs[0].attrib["numDigits"] == "1"
    assert [say.attrib["language"] for say in asked.verbs[0]] == ["ja-JP", "en-US"]
    line.twilio.ask("/keys")
    assert seen(world, call).outcome == "heard"


def test_a_notice_is_left_on_a_machine(line: Line) -> None:
    world = line.world
    world.account()
    world.approved()
    world.now += timedelta(hours=1)
    work_off(world)
    asked = line.twilio.ask(AnsweredBy="machine_end_beep")
    assert asked.names == ["Say", "Say", "Hangup"]
    assert world.session.execute(select(PhoneCall.outcome)).scalar_one() == "left"


def test_what_owners_called_their_device_cannot_add_to_what_is_said(line: Line) -> None:
    world = line.world
    account = world.account()
    attempt = calling.attempt(world, account)
    with world.system.act():
        attempt.device_label = '</Say><Dial>+882161234567</Dial><Say> & "'
    calling.ask(world, account, self_service_id=attempt.id)
    work_off(world)
    asked = line.twilio.ask()
    assert asked.names == ["Gather", "Gather", "Gather", "Say", "Hangup"]
    assert "Dial" not in {one.tag for verb in asked.verbs for one in verb.iter()}


# not genuine


@pytest.mark.parametrize(
    "forged",
    [
        {"signature": ""},
        {"signature": "AAAA"},
        {"signature": "ＡＡＡＡ".encode().decode("latin-1")},
        {"token": "f" * 32},
        {"signed_for": "https://mfa.corp.example/voice/" + "A" * 43},
        {"signed_for": "http://127.0.0.1/"},
        {"AccountSid": "AC" + "b2" * 16},
    ],
    ids=["none", "junk", "no ascii", "other token", "other path", "inner address", "other account"],
)
def test_an_unsigned_question_is_told_nothing_and_changes_nothing(line: Line, forged: dict[str, str]) -> None:
    call = line.ordered()
    for rest, more in (("", {}), ("/keys", {"Digits": "9"}), ("/status", {"CallStatus": "busy"})):
        if "signed_for" in forged:
            forged["signed_for"] += rest
        answer = line.twilio.ask(rest, **forged, **more)
        assert (answer.code, answer.body) == (403, "")
    assert (seen(line.world, call).state, seen(line.world, call).outcome) == ("calling", None)


@pytest.mark.parametrize(
    "changes", [{"CallSid": "CA" + "d4" * 16}, {"To": "+819099999999"}, {"CallSid": ""}, {"To": ""}]
)
def test_a_signed_question_about_another_call_finds_nothing(line: Line, changes: dict[str, str]) -> None:
    call = line.ordered()
    for rest, more in (("", {}), ("/keys", {"Digits": "9"}), ("/status", {"CallStatus": "busy"})):
        answer = line.twilio.ask(rest, **changes, **more)
        assert (answer.code, answer.body) == (404, "")
    assert (seen(line.world, call).state, seen(line.world, call).outcome) == ("calling", None)


def test_a_signed_question_with_an_unknown_path_finds_nothing(line: Line) -> None:
    line.ordered()
    assert line.twilio.ask(address="https://mfa.corp.example/voice/" + "A" * 43).code == 404
    assert line.twilio.ask(address="https://mfa.corp.example/voice/short").code == 404


def test_a_parameter_that_was_added_or_changed_on_the_way_breaks_the_signature(line: Line) -> None:
    call = line.ordered()
    line.twilio.ask()
    honest = {"AccountSid": ACCOUNT, "CallSid": SID, "To": NUMBER, "Digits": wrong(line.world, call)}
    url = f"{line.twilio.order['Url']}/keys"
    sealed = {"X-Twilio-Signature": signed(url, honest)}
    for changed in (
        {**honest, "Digits": "9"},
        {**honest, "More": "1"},
        {"AccountSid": ACCOUNT, "CallSid": SID},
    ):
        assert line.twilio.post(url, changed, sealed).code == 403
    assert line.twilio.post(f"{url}?Digits=9", honest, sealed).code == 403
    assert seen(line.world, call).tries == 0
    assert line.twilio.post(url, honest, sealed).code == 200


def test_a_replayed_question_changes_nothing(line: Line) -> None:
    call = line.ordered()
    line.twilio.ask()
    digits = code(line.world, call)
    line.keys(digits)
    before = seen(line.world, call).tries
    assert line.keys(digits).names == ["Hangup"]
    assert line.keys("9").names == ["Hangup"]
    assert line.twilio.ask().names == ["Hangup"]
    line.twilio.ask("/status", CallStatus="busy")
    now = seen(line.world, call)
    assert (now.outcome, now.tries) == ("confirmed", before)
    assert line.world.session.execute(select(Case.id)).first() is None


def test_a_late_question_finds_the_digits_worth_nothing(line: Line) -> None:
    call = line.ordered()
    line.twilio.ask()
    digits = code(line.world, call)
    line.world.now += timedelta(minutes=5)
    assert "no longer work" in line.keys(digits).words
    assert seen(line.world, call).outcome == "expired"


def test_digits_that_come_before_the_answer_are_not_taken(line: Line) -> None:
    call = line.ordered()
    assert line.keys(code(line.world, call)).names == ["Hangup"]
    assert seen(line.world, call).state == "calling"


@pytest.mark.parametrize("name", ["Digits", "CallSid"])
def test_a_parameter_that_comes_twice_is_refused(line: Line, name: str) -> None:
    call = line.ordered()
    line.twilio.ask()
    url = f"{line.twilio.order['Url']}/keys"
    honest = {"AccountSid": ACCOUNT, "CallSid": SID, "To": NUMBER, "Digits": "9"}
    twice = [*honest.items(), (name, honest[name])]
    answer = line.twilio.post(url, twice, {"X-Twilio-Signature": signed(url, honest)})
    assert answer.code == 400
    assert seen(line.world, call).tries == 0


def test_a_page_of_another_site_cannot_ask(line: Line) -> None:
    line.ordered()
    url = line.twilio.order["Url"]
    assert line.twilio.post(url, {}, {"Origin": "https://else.example"}).code == 403


def test_asking_by_get_answers_nothing(line: Line) -> None:
    call = line.ordered()
    client = app_for(line.world.runtime).test_client()
    for rest in ("", "/keys", "/status"):
        path = line.twilio.order["Url"].removeprefix(web.LIVE) + rest
        assert client.get(path, base_url=web.LIVE).status_code == 405
    assert seen(line.world, call).state == "calling"


# faster, slower, broken


def test_the_question_that_comes_before_the_order_is_answered_is_taken(line: Line) -> None:
    line.twilio.before_answering = line.twilio.ask
    call = line.ordered()
    assert (call.state, call.provider_id) == ("answered", SID)
    line.keys(code(line.world, call))
    assert seen(line.world, call).outcome == "confirmed"


def test_before_the_order_is_answered_another_number_still_binds_nothing(line: Line) -> None:
    answers: list[int] = []
    line.twilio.before_answering = lambda: answers.append(
        line.twilio.ask(To="+819099999999", CallSid="CAbad").code
    )
    call = line.ordered()
    assert answers == [404]
    assert (call.state, call.provider_id) == ("calling", SID)


def test_an_order_whose_answer_was_lost_is_not_repeated(line: Line) -> None:
    line.twilio.lost = True
    call = line.ordered()
    work_off(line.world)
    line.world.now += timedelta(minutes=3)
    work_off(line.world)
    assert (call.outcome, len(line.twilio.orders)) == ("failed", 1)


@pytest.mark.parametrize(
    ("answers", "permanent"),
    [(400, True), (404, True), (401, True), (429, False), (500, False), (503, False)],
)
def test_what_twilio_refuses_is_a_failure_that_quotes_nobody(
    line: Line, caplog: pytest.LogCaptureFixture, answers: int, permanent: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    line.twilio.code = answers
    telephone = line.world.runtime.telephone
    assert telephone is not None
    with pytest.raises(TelephoneError) as refused:
        telephone.place(Placing(NUMBER, "p" * 43, "c"))
    assert refused.value.permanent is permanent
    assert NUMBER not in str(refused.value)
    assert NUMBER[1:] not in caplog.text


def test_a_twilio_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    settings = web.live_settings(tmp_path, telephone="twilio", twilio=OURS)
    telephone = TwilioTelephone(settings, LocalClient("http://127.0.0.1:9"))
    with pytest.raises(TelephoneError) as refused:
        telephone.place(Placing(NUMBER, "p" * 43, "c"))
    assert not refused.value.permanent


def test_nothing_is_taken_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TWILIO_EDGE", "TWILIO_REGION"):
        monkeypatch.setenv(name, "else")
    settings = web.live_settings(tmp_path, telephone="twilio", twilio=OURS)
    with stand_in() as (twilio, address):
        TwilioTelephone(settings, LocalClient(address)).place(Placing(NUMBER, "p" * 43, "c"))
    assert twilio.order["To"] == NUMBER


def test_where_twilio_is_not_the_telephone_nothing_answers_at_its_addresses(tmp_path: Path) -> None:
    client = web.portal(web.live_settings(tmp_path)).test_client()
    for rest in ("", "/keys", "/status"):
        assert client.post(f"/voice/{'A' * 43}{rest}", base_url=web.LIVE).status_code in {400, 404}
