"""The two words by which an owner knows a true agent: on the status page of that request, while its call lives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.casework import bridges, call_checks, verification
from tests.public.records import new_status_link
from tests.public.visitor import Page, Visitor
from tests.ringing import digits_of, pick_up, press
from tests.talking import called_back, give_desk_phone, hang_up, take
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGES = ("/status", "/status/call")


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk that can call somebody, with an agent who has a desk phone."""
    made = World(database_url, tmp_path, telephone="demo")
    give_desk_phone(made, "alice")
    yield made
    made.close()


def follow(visitor: Visitor, world: World, case_id: str) -> None:
    visitor.language = "en"
    visitor.open(f"/en/status/{new_status_link(world, case_id)}")


def words_on(page: Page) -> list[str]:
    return [word.get_text(strip=True) for word in page.html.select(".call-words span")]


def test_the_words_are_shown_from_the_call_to_the_end_of_the_conversation(
    visitor: Visitor, world: World
) -> None:
    case_id, call = called_back(world)
    follow(visitor, world, case_id)
    wanted = [*bridges.words(world.system, call)]
    assert [words_on(visitor.get(page)) for page in PAGES] == [wanted, wanted]
    assert "The agent says these two words first" in visitor.page.text
    assert "If not, hang up." in visitor.page.text
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    for page in PAGES:
        shown = visitor.get(page)
        assert words_on(shown) == wanted
        assert not shown.html.select(".call-code")
    take(world, call)
    assert [words_on(visitor.get(page)) for page in PAGES] == [wanted, wanted]
    hang_up(world, call)
    assert [words_on(visitor.get(page)) for page in PAGES] == [[], []]


def test_another_request_shows_no_words(visitor: Visitor, world: World) -> None:
    _, call = called_back(world)
    other = world.verifying(account_email="x@nowhere.example", reply_email="x@nowhere.example")
    follow(visitor, world, other)
    text = visitor.get("/status").text
    assert not {*bridges.words(world.system, call)} & {*text.split()}
    assert words_on(visitor.page) == []


@ONE_DATABASE
def test_a_call_that_leads_to_nobody_has_no_words(visitor: Visitor, world: World) -> None:
    world.account()
    case_id = world.verifying()
    verification.ask(world.as_("alice"), case_id, ["H2"])
    call_checks.ask_call(world.owner, case_id, language="ja")
    follow(visitor, world, case_id)
    assert words_on(visitor.get("/status/call")) == []


@ONE_DATABASE
def test_script_is_told_how_the_conversation_stands_and_no_words(visitor: Visitor, world: World) -> None:
    case_id, call = called_back(world)
    follow(visitor, world, case_id)
    address = str(visitor.get("/status").html.select_one("[data-live]")["data-live"])
    assert visitor.client.get(address).json["done"] is False
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    answer = visitor.client.get(address)
    assert (answer.json["state"], answer.json["done"]) == (
        "connecting",
        True,
    )  # the page has other things to show
    address = str(visitor.get("/status").html.select_one("[data-live]")["data-live"])
    assert visitor.client.get(address).json["done"] is False
    take(world, call)
    assert visitor.client.get(address).json["state"] == "connected"
    assert not [word for word in bridges.words(world.system, call) if word in answer.get_data(as_text=True)]
    hang_up(world, call)
    assert visitor.client.get(address).json["done"] is True


@ONE_DATABASE
def test_the_words_are_in_the_language_of_the_call_and_said_so(visitor: Visitor, world: World) -> None:
    case_id, call = called_back(world)
    follow(visitor, world, case_id)
    shown = visitor.get("/status").html.select_one(".call-words")
    assert shown["lang"] == call.language
    assert shown["translate"] == "no"
