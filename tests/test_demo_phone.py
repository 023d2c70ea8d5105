"""The demo's telephone: what can be done with a call that rings, in both languages and without script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.casework import bridges
from portal.models import Case, OutboxRow, PhoneCall
from tests import calling, ringing, web
from tests.applications import app_for
from tests.calling import NUMBER, code, seen, wrong
from tests.people import HANAKO
from tests.post import work_off
from tests.talking import AGENT, called_back, give_desk_phone
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = calling.desk(database_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def client(desk: World) -> FlaskClient:
    return app_for(desk.runtime).test_client()


class Phone:
    """Somebody with the telephone in their hand."""

    def __init__(self, client: FlaskClient, call: PhoneCall, language: str = "en") -> None:
        self.client, self.path = client, f"/demo/phone/{call.id}"
        self.headers = {"Accept-Language": language}
        self.page = self.read(client.get(self.path, headers=self.headers).text)

    def read(self, html: str) -> BeautifulSoup:
        self.page = BeautifulSoup(html, "html.parser")
        return self.page

    def do(self, act: str) -> BeautifulSoup:
        return self._send(self.path, do=act)

    def key(self, digits: str = "", key: str | None = None) -> BeautifulSoup:
        return self._send(f"{self.path}/keys", digits=digits, **({"key": key} if key else {}))

    def press(self, digits: str) -> BeautifulSoup:
        """Press the keys of the keypad, one after the other."""
        for digit in digits:
            field = self.page.select_one("#digits")
            self.key(str(field["value"]) if field else "", digit)
        return self.page

    def _send(self, path: str, **fields: str) -> BeautifulSoup:
        token = self.page.select_one("input[name=csrf_token]")
        fields["csrf_token"] = str(token["value"]) if token else ""
        answer = self.client.post(path, data=fields, headers=self.headers, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return self.read(answer.text)

    @property
    def title(self) -> str:
        found = self.page.select_one("h1")
        return found.get_text(" ", strip=True) if found else ""

    @property
    def voice(self) -> str:
        return " ".join(part.get_text(" ", strip=True) for part in self.page.select(".quoted"))


def rings(world: World, **more: str) -> PhoneCall:
    """A call for step 2 that the worker has placed."""
    account = world.account()
    call = calling.ask(world, account, self_service_id=calling.attempt(world, account).id, **more)
    work_off(world)
    return seen(world, call)


def test_a_call_rings_is_answered_and_takes_the_digits_of_the_screen(
    desk: World, client: FlaskClient
) -> None:
    call = rings(desk)
    phone = Phone(client, call)
    assert phone.title == "The phone is ringing"
    phone.do("answer")
    assert phone.title == "On the phone"
    assert "MFA device “Phone”" in phone.voice
    assert "9, 0, 1, 2" in phone.voice
    assert code(desk, call) not in str(phone.page)
    phone.key(code(desk, call))
    assert (phone.title, seen(desk, call).outcome) == ("Call ended", "confirmed")
    assert "The digits are right." in phone.voice


def test_the_keys_of_the_keypad_do_the_same_one_by_one(desk: World, client: FlaskClient) -> None:
    call = rings(desk)
    phone = Phone(client, call)
    phone.do("answer")
    assert len(phone.page.select(".keypad button[name=key]")) == 10
    phone.press(code(desk, call))
    assert seen(desk, call).outcome == "confirmed"


def test_nine_and_silence_stop_everything(desk: World, client: FlaskClient) -> None:
    call = rings(desk)
    phone = Phone(client, call)
    phone.do("answer")
    phone.press("9")
    assert seen(desk, call).outcome is None
    phone.key("9")
    assert seen(desk, call).outcome == "stopped"
    assert "We have stopped this." in phone.voice
    assert desk.session.execute(select(Case.status)).scalar_one() == "frozen"


def test_wrong_digits_are_answered_and_three_end_the_call(desk: World, client: FlaskClient) -> None:
    call = rings(desk)
    phone = Phone(client, call)
    phone.do("answer")
    for _ in range(2):
        phone.key(wrong(desk, call))
        assert "did not match" in phone.voice
        assert phone.title == "On the phone"
    phone.key(wrong(desk, call))
    assert (phone.title, seen(desk, call).outcome) == ("Call ended", "wrong")


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        ("decline", "busy"),
        ("busy", "busy"),
        ("ring_out", "no_answer"),
        ("machine", "machine"),
    ],
)
def test_each_way_not_to_answer_ends_the_call_in_its_own_way(
    desk: World, client: FlaskClient, act: str, outcome: str
) -> None:
    call = rings(desk)
    Phone(client, call).do(act)
    assert seen(desk, call).outcome == outcome


@ONE_DATABASE
def test_hanging_up_ends_the_call(desk: World, client: FlaskClient) -> None:
    call = rings(desk)
    phone = Phone(client, call)
    phone.do("answer")
    phone.do("hang_up")
    assert seen(desk, call).outcome == "hung_up"


@ONE_DATABASE
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_voice_speaks_the_language_of_the_call_whatever_the_page_speaks(
    desk: World, client: FlaskClient, language: str
) -> None:
    call = rings(desk, language=language)
    phone = Phone(client, call, "en")
    phone.do("answer")
    quote = phone.page.select_one(".quoted")
    assert quote is not None
    assert quote["lang"] == language
    assert ("この電話" in phone.voice or "自動音声" in phone.voice) == (language == "ja")


@ONE_DATABASE
def test_calls_are_listed_with_their_number_and_how_they_stand(desk: World, client: FlaskClient) -> None:
    rings(desk)
    page = client.get("/demo/phone", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert NUMBER in page.text
    assert "Ringing" in page.text
    assert NUMBER in client.get("/demo/phone", query_string={"to": NUMBER}).text
    other = client.get("/demo/phone", query_string={"to": "+819087654321"}, headers={"Accept-Language": "en"})
    assert "Nobody has been called yet." in other.text


@ONE_DATABASE
def test_a_call_that_has_not_been_placed_does_not_ring(desk: World, client: FlaskClient) -> None:
    account = desk.account()
    call = calling.ask(desk, account, self_service_id=calling.attempt(desk, account).id)
    assert client.get(f"/demo/phone/{call.id}").status_code == 404
    assert client.get(f"/demo/phone/{'0' * 32}").status_code == 404


@ONE_DATABASE
def test_what_is_no_act_of_a_telephone_is_refused(desk: World, client: FlaskClient) -> None:
    call = rings(desk)
    phone = Phone(client, call)
    token = phone.page.select_one("input[name=csrf_token]")
    assert token is not None
    answer = client.post(f"/demo/phone/{call.id}", data={"do": "confirm", "csrf_token": str(token["value"])})
    assert answer.status_code == 400
    assert client.post(f"/demo/phone/{call.id}", data={"do": "answer"}).status_code == 400
    assert seen(desk, call).state == "calling"


@ONE_DATABASE
def test_a_call_of_the_desk_names_the_request(desk: World, client: FlaskClient) -> None:
    account = desk.account()
    case_id = desk.verifying()
    call = calling.ask(desk, account, "check", ctx=desk.system, case_id=case_id, round=1)
    work_off(desk)
    phone = Phone(client, seen(desk, call))
    phone.do("answer")
    reference = ", ".join(desk.case(case_id).reference.replace("-", ""))
    assert reference in phone.voice
    assert "24 November at 10 a.m." in phone.voice
    assert HANAKO["account_email"] not in phone.voice


def test_a_call_back_is_connected_to_the_agent_and_either_end_hangs_up(
    desk: World, client: FlaskClient
) -> None:
    give_desk_phone(desk, "alice")
    _, call = called_back(desk)
    phone = Phone(client, call)
    phone.do("answer")
    assert "2 つの言葉" in phone.voice
    phone.key(ringing.digits_of(desk, call))
    assert phone.title == "The agent's phone is ringing"
    assert {NUMBER, AGENT} <= {part.get_text(strip=True) for part in phone.page.select("dl dd")}
    phone.do("agent_takes")
    assert phone.title == "Connected to the agent"
    desk.now += timedelta(seconds=40)
    phone.do("part")
    assert phone.title == "Call ended"
    assert bridges.seconds(seen(desk, call)) == 40


def test_an_agent_who_does_not_answer_ends_the_call(desk: World, client: FlaskClient) -> None:
    give_desk_phone(desk, "alice")
    _, call = called_back(desk)
    phone = Phone(client, call)
    phone.do("answer")
    phone.key(ringing.digits_of(desk, call))
    phone.do("part")
    assert (phone.title, seen(desk, call).connected_at) == ("Call ended", None)


def spoken_notice(world: World) -> PhoneCall:
    """A notice to the registered telephone, which rings now."""
    world.account()
    world.approved()
    world.pass_time(hours=1)
    work_off(world)
    world.session.rollback()
    query = select(PhoneCall).where(PhoneCall.kind == "notice")
    return world.session.execute(query).scalars().one()


def test_a_notice_is_spoken_and_heard(desk: World, client: FlaskClient) -> None:
    call = spoken_notice(desk)
    phone = Phone(client, call)
    phone.do("answer")
    assert HANAKO["number"][-4:] not in phone.voice
    assert len(phone.voice) > 100
    phone.key("")
    assert seen(desk, call).outcome == "heard"
    row = desk.session.get_one(OutboxRow, call.outbox_id, populate_existing=True)
    assert row.state == "done"


def test_nine_on_a_notice_is_taken_at_once(desk: World, client: FlaskClient) -> None:
    call = spoken_notice(desk)
    phone = Phone(client, call)
    phone.do("answer")
    phone.press("9")
    assert seen(desk, call).outcome == "stopped"
    assert desk.status(call.case_id or "") == "frozen"


def test_there_is_no_such_telephone_where_real_people_are_called(tmp_path: Path) -> None:
    app = web.portal(web.live_settings(tmp_path))
    assert app.test_client().get("/demo/phone", base_url=web.LIVE).status_code == 404
