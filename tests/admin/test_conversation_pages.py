"""A call-back that leads to its agent, on the pages of the desk: the two words, the result, and the lead's own call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal.casework import bridges, call_checks
from portal.models import PhoneCall
from tests.admin.clerk import Clerk
from tests.admin.desk import banner, do, has_form, open_act, send
from tests.public.visitor import Page
from tests.ringing import digits_of, pick_up, placed, press
from tests.talking import AGENT, called_back, give_desk_phone, hang_up, take, talked
from tests.world import World

Hire = Callable[..., Clerk]
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk that can call somebody, with an agent and a lead who have desk phones."""
    made = World(database_url, tmp_path, telephone="demo")
    for name in ("alice", "lee"):
        give_desk_phone(made, name)
    yield made
    made.close()


def case_page(clerk: Clerk, case_id: str) -> Page:
    return clerk.get(f"/admin/case/{case_id}")


def proven(world: World, call: PhoneCall) -> None:
    pick_up(world, call)
    press(world, call, digits_of(world, call))


def words_on(page: Page) -> list[str]:
    return [word.get_text(strip=True) for word in page.html.select(".call-words span")]


def test_the_words_are_on_the_case_page_for_the_agent_of_the_call_and_for_nobody_else(
    world: World, clerk: Hire
) -> None:
    case_id, call = called_back(world)
    assert words_on(case_page(clerk("alice"), case_id)) == [*bridges.words(world.system, call)]
    for name in ("vic", "bob", "lee", "chika"):
        assert words_on(case_page(clerk(name), case_id)) == []


def test_the_words_are_there_while_the_call_lives_and_no_longer(world: World, clerk: Hire) -> None:
    case_id, call = called_back(world)
    alice = clerk("alice", "en")
    proven(world, call)
    page = case_page(alice, case_id)
    assert "Connecting to the agent" in page.text
    assert "Never ask the owner for them" in page.text
    take(world, call)
    assert len(words_on(case_page(alice, case_id))) == 2
    hang_up(world, call)
    assert words_on(case_page(alice, case_id)) == []


@ONE_DATABASE
def test_the_words_of_a_case_are_on_no_page_of_another(world: World, clerk: Hire) -> None:
    called_back(world)
    other = world.verifying(account_email="x@nowhere.example", reply_email="x@nowhere.example")
    assert words_on(case_page(clerk("alice"), other)) == []


@ONE_DATABASE
def test_no_page_of_the_desk_shows_the_number_of_the_owner_or_of_the_agent(world: World, clerk: Hire) -> None:
    case_id, call = called_back(world)
    proven(world, call)
    for name in ("alice", "lee"):
        text = case_page(clerk(name), case_id).response.text
        assert AGENT not in text
        assert "+819012345678" not in text


@ONE_DATABASE
@pytest.mark.parametrize(
    ("name", "words"), [("alice", "your desk phone rings"), ("vic", "You have not set a desk phone")]
)
def test_before_the_call_it_says_whether_it_leads_to_whoever_places_it(
    world: World, clerk: Hire, name: str, words: str
) -> None:
    world.account()
    page = open_act(clerk(name, "en"), "checks/call", world.verifying(name))
    assert words in page.text


def test_the_agent_records_the_result_with_the_length_of_the_conversation(world: World, clerk: Hire) -> None:
    case_id, call = talked(world, seconds=83)
    alice = clerk("alice", "en")
    page = case_page(alice, case_id)
    assert "Length of the conversation: 1:23" in page.text
    where = f"/admin/checks/{case_id}/talk/{call.id}"
    assert where in page.links()
    done = do(alice, "checks/talk", case_id, call.id, result="match")
    assert "The result is saved." in banner(done)
    assert "Length of the call 1:23" in done.text
    assert "What is said on a call is not proof." in done.text
    assert where not in done.links()


def test_a_mismatch_needs_a_note_and_takes_the_digits_their_worth(
    world: World, clerk: Hire, lang: str
) -> None:
    case_id, call = talked(world, seconds=83)
    alice = clerk("alice", lang)
    page = do(alice, "checks/talk", case_id, call.id, result="mismatch")
    assert page.code == 422
    assert page.errors_at("note")
    done = send(alice, result="mismatch", note="somebody else answered")
    contradicted = {
        "ja": "同じ種類の別の記録が不一致です。",
        "en": "Another check of the same kind did not match.",
    }[lang]
    assert contradicted in done.text


@ONE_DATABASE
def test_nobody_else_and_nobody_twice_records_a_conversation(world: World, clerk: Hire) -> None:
    case_id, call = talked(world, seconds=83)
    for name in ("vic", "bob"):
        assert clerk(name).get(f"/admin/checks/{case_id}/talk/{call.id}").code == 404
    alice = clerk("alice", "en")
    do(alice, "checks/talk", case_id, call.id, result="match")
    again = alice.get(f"/admin/checks/{case_id}/talk/{call.id}")
    assert not has_form(again)
    assert "already recorded" in again.text
    assert alice.get(f"/admin/checks/{case_id}/talk/{'0' * 32}").code == 404


# the second person


def proposed(world: World) -> str:
    account = world.account(is_administrator=True)
    case_id = world.verifying()
    world.check("alice", case_id, "D2")
    proven_call = call_checks.call_back(world.as_("alice"), case_id, world.contacts(account, "phone")[0].id)
    placed(world)
    proven(world, proven_call)
    world.propose("alice", case_id)
    world.now += timedelta(minutes=2)
    return case_id


def test_the_lead_repeats_the_call_from_the_second_approval_and_hears_the_owner(
    world: World, clerk: Hire
) -> None:
    case_id = proposed(world)
    lee = clerk("lee", "en")
    approve = lee.get(f"/admin/decisions/{case_id}/approve")
    where = f"/admin/checks/{case_id}/repeat_call"
    assert where in approve.links()
    page = lee.get(where)
    contact = str(page.html.select_one("[name=contact]")["value"])
    done = send(lee, contact=contact)
    assert "The registered number is being called." in banner(done)
    (call,) = placed(world)
    assert words_on(case_page(lee, case_id)) == [*bridges.words(world.system, call)]
    assert words_on(case_page(clerk("alice"), case_id)) == []
    proven(world, call)
    take(world, call)
    hang_up(world, call)
    done = do(lee, "checks/repeat_talk", case_id, call.id, result="match")
    assert "The result is saved." in banner(done)
    assert "Repeated by the second person" in done.text


@ONE_DATABASE
def test_nobody_but_an_untouched_lead_has_the_page_of_the_second_call(world: World, clerk: Hire) -> None:
    case_id = proposed(world)
    for name in ("alice", "vic", "bob"):
        assert not has_form(clerk(name).get(f"/admin/checks/{case_id}/repeat_call"))
    assert clerk("chika").get(f"/admin/checks/{case_id}/repeat_call").code == 403
