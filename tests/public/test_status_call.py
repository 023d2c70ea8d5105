"""The page of the call to the registered number: who sees digits, what is said of the number, and every way a call can end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal.casework import call_checks, verification
from portal.models import PhoneCall
from tests.public.records import new_status_link, statements
from tests.public.visitor import Page, Visitor
from tests.ringing import digits_of, end, pick_up, placed, press, wrong_digits
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CALLING = "Answer the call and key in the number below."


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk that can call somebody."""
    made = World(database_url, tmp_path, telephone="demo")
    yield made
    made.close()


def follow(visitor: Visitor, world: World, case_id: str) -> Page:
    visitor.open(f"/{visitor.language}/status/{new_status_link(world, case_id)}")
    return visitor.get("/status/call")


def asked(world: World, *items: str, **changes: object) -> str:
    case_id = world.verifying(**changes)
    verification.ask(world.as_("alice"), case_id, list(items) or ["H2"])
    return case_id


def call_me(visitor: Visitor, world: World) -> tuple[Page, PhoneCall]:
    """Press the button, and let the telephone ring."""
    world.now += timedelta(minutes=2)
    page = visitor.send("")
    world.now += call_checks.READ_FIRST
    (call,) = placed(world)
    return page, call


def shown_digits(page: Page) -> str:
    return "".join(digit.get_text() for digit in page.html.select(".call-code__digit"))


def english(visitor: Visitor) -> Visitor:
    visitor.language = "en"
    return visitor


# what a stranger sees


@ONE_DATABASE
def test_without_the_link_to_a_request_there_is_no_page(visitor: Visitor, world: World) -> None:
    page = visitor.get("/status/call")
    assert page.code == 404
    assert not page.html.select(".call-code")


@ONE_DATABASE
def test_nobody_is_offered_a_call_that_was_not_asked_for(visitor: Visitor, world: World) -> None:
    world.account()
    page = follow(visitor, world, world.verifying())
    assert page.path == "/ja/status"


@ONE_DATABASE
def test_a_stranger_is_told_nothing_of_the_number(visitor: Visitor, world: World) -> None:
    world.account()
    page = follow(english(visitor), world, asked(world, reply_email="new@elsewhere.example"))
    assert (
        "We call the phone number that is registered on the account, not the number in your form."
        in page.text
    )
    assert "5678" not in page.response.text
    assert not page.html.select("[name=contact]")


@ONE_DATABASE
def test_who_has_proven_a_contact_sees_the_end_of_the_number(visitor: Visitor, world: World) -> None:
    world.account()
    page = follow(english(visitor), world, asked(world))
    assert page.html.select_one(".masked bdi").get_text() == "***-****-5678"
    assert "+8190" not in page.response.text


@ONE_DATABASE
def test_the_digits_of_one_request_are_on_no_page_of_another(
    visitor: Visitor, world: World, app: object
) -> None:
    world.account()
    mine, theirs = asked(world), asked(world, reply_email="new@elsewhere.example")
    follow(visitor, world, mine)
    page, call = call_me(visitor, world)
    assert shown_digits(page) == digits_of(world, call)
    other = Visitor(app)  # type: ignore[arg-type]
    assert digits_of(world, call) not in shown_digits(follow(other, world, theirs))


@ONE_DATABASE
def test_the_page_changes_nothing_when_it_is_opened(visitor: Visitor, world: World) -> None:
    world.account()
    follow(visitor, world, asked(world))
    visitor.get("/status/call")
    assert placed(world) == []


# the call


def test_the_digits_are_shown_before_it_rings_and_keyed_in_they_are_a_proof(
    visitor: Visitor, world: World
) -> None:
    world.account()
    case_id = asked(world)
    follow(english(visitor), world, case_id)
    page, call = call_me(visitor, world)
    assert shown_digits(page) == digits_of(world, call)
    assert CALLING in page.text
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    page = visitor.get("/status/call")
    assert "Confirmed" in page.text
    assert not page.html.select(".call-code")
    assert not page.html.select("form[method=post]")
    assert "You have done everything we asked" in visitor.get("/status").text
    assert world.status(case_id) == "verifying"


@ONE_DATABASE
def test_the_digits_are_read_out_one_by_one(visitor: Visitor, world: World) -> None:
    world.account()
    follow(english(visitor), world, asked(world))
    page, call = call_me(visitor, world)
    read = page.html.select_one("#call-code-read").get_text(strip=True)
    assert read == ", ".join(digits_of(world, call))
    assert page.html.select_one(".call-code__digits")["aria-hidden"] == "true"


@ONE_DATABASE
@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("no-answer", "No answer"),
        ("busy", "Line busy"),
        ("failed", "Could not be connected"),
    ],
)
def test_each_way_in_which_it_did_not_come_through_has_its_words(
    visitor: Visitor, world: World, status: str, words: str
) -> None:
    world.account()
    follow(english(visitor), world, asked(world))
    _, call = call_me(visitor, world)
    end(world, call, status)
    page = visitor.get("/status/call")
    assert words in page.text
    assert not shown_digits(page)
    assert "Call again" in page.text


@ONE_DATABASE
def test_a_machine_wrong_digits_and_time_have_their_words_too(visitor: Visitor, world: World) -> None:
    world.account()
    follow(english(visitor), world, asked(world))
    _, call = call_me(visitor, world)
    pick_up(world, call, machine=True)
    assert "Answered by a machine" in visitor.get("/status/call").text
    _, call = call_me(visitor, world)
    pick_up(world, call)
    for _ in range(world.runtime.limits.call_tries):
        press(world, call, wrong_digits(world, call))
    assert "Number did not match" in visitor.get("/status/call").text
    _, call = call_me(visitor, world)
    world.now = call.expires_at
    page = visitor.get("/status/call")
    assert "Number expired" in page.text
    assert not shown_digits(page)


@ONE_DATABASE
def test_a_stop_on_the_telephone_is_said_and_nothing_can_be_asked_for_any_more(
    visitor: Visitor, world: World
) -> None:
    world.account()
    follow(english(visitor), world, asked(world))
    _, call = call_me(visitor, world)
    pick_up(world, call)
    press(world, call, "9")
    page = visitor.get("/status/call")
    assert "Stopped with 9 on the phone" in page.text
    assert not page.html.select("form[method=post]")


@ONE_DATABASE
def test_another_call_too_soon_is_told_how_long_to_wait(visitor: Visitor, world: World) -> None:
    world.account()
    follow(english(visitor), world, asked(world))
    call_me(visitor, world)
    page = visitor.send("")
    assert page.code == 429
    assert "Wait 52 seconds." in page.text
    assert shown_digits(page)  # the call that is under way goes on


@ONE_DATABASE
def test_used_up_calls_are_said_on_the_page(visitor: Visitor, world: World) -> None:
    world.account()
    follow(english(visitor), world, asked(world))
    for _ in range(world.runtime.limits.calls_per_number_hour):
        _, call = call_me(visitor, world)
        end(world, call, "no-answer")
    world.now += timedelta(minutes=2)
    page = visitor.send("")
    assert page.code == 422
    assert "The call did not come" in page.text


@ONE_DATABASE
def test_the_call_did_not_come_is_there_from_the_first_second(visitor: Visitor, world: World) -> None:
    world.account()
    page = follow(english(visitor), world, asked(world))
    assert "The call did not come" in page.text
    assert [link for link in page.links() if link.endswith("/help")]


@ONE_DATABASE
def test_the_language_of_the_call_is_chosen_apart_from_the_pages(visitor: Visitor, world: World) -> None:
    world.account()
    page = follow(visitor, world, asked(world))
    assert page.value("language") == "ja"
    visitor.send("", language="en")
    world.now += call_checks.READ_FIRST
    assert [call.language for call in placed(world)] == ["en"]


@ONE_DATABASE
def test_a_hand_made_language_or_number_is_refused_at_the_field(visitor: Visitor, world: World) -> None:
    world.account()
    follow(english(visitor), world, asked(world))
    page = visitor.send("", language="fr")
    assert page.code == 422
    assert page.errors_at("language") == ["Select the language of the call"]
    assert placed(world) == []


@ONE_DATABASE
def test_several_numbers_are_a_choice_for_who_has_proven_something(visitor: Visitor, world: World) -> None:
    account = world.account()
    with world.system.act():
        second = world.contact(account, "phone", "+81312345678", since=world.now - timedelta(days=60))
    page = follow(english(visitor), world, asked(world))
    assert len(page.html.select("[name=contact]")) == 2
    assert visitor.send("").errors_at("contact") == ["Select the number"]
    visitor.send("", contact=second.id)
    world.now += call_checks.READ_FIRST
    assert [call.contact_id for call in placed(world)] == [second.id]


# a call of the desk's


def called_back(world: World) -> tuple[str, PhoneCall]:
    account = world.account()
    case_id = world.verifying()
    call_checks.call_back(world.as_("alice"), case_id, world.contacts(account, "phone")[0].id)
    (call,) = placed(world)
    return case_id, call


def test_a_call_back_shows_its_digits_on_the_status_page_while_it_lives(
    visitor: Visitor, world: World
) -> None:
    case_id, call = called_back(world)
    follow(english(visitor), world, case_id)
    page = visitor.get("/status")
    assert "Our team is having the registered phone number called." in page.text
    assert shown_digits(page) == digits_of(world, call)
    assert shown_digits(visitor.get("/status/call")) == digits_of(world, call)
    assert not visitor.page.html.select("form[action$=call]")
    world.now = call.expires_at
    assert not shown_digits(visitor.get("/status"))


@ONE_DATABASE
def test_who_was_asked_to_answer_our_call_finds_the_page_and_cannot_start_it(
    visitor: Visitor, world: World
) -> None:
    world.account()
    page = follow(english(visitor), world, asked(world, "H3"))
    assert "When our team has this number called, the number to key in appears on this page." in page.text
    assert not page.html.select("form[method=post]")
    refused = visitor.post("/en/status/call", {"language": "en", "csrf_token": ""})
    assert placed(world) == []
    assert refused.code in {200, 400}


@ONE_DATABASE
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_speaks_one_language(visitor: Visitor, world: World, language: str) -> None:
    world.account()
    visitor.language = language
    page = follow(visitor, world, asked(world))
    assert page.foreign_words(language) == []
    page, _ = call_me(visitor, world)
    assert page.foreign_words(language) == []


@ONE_DATABASE
def test_script_is_told_how_the_call_stands_and_no_digits(visitor: Visitor, world: World) -> None:
    world.account()
    follow(english(visitor), world, asked(world))
    page, call = call_me(visitor, world)
    address = page.html.select_one("[data-live]")["data-live"]
    answer = visitor.client.get(address)
    assert answer.json == {"state": "calling", "label": "Calling", "words": CALLING, "done": False}
    assert digits_of(world, call) not in answer.text
    end(world, call, "busy")
    assert visitor.client.get(address).json["done"] is True
    assert not visitor.get("/status/call").html.select("[data-live]")


@ONE_DATABASE
def test_how_a_call_stands_is_told_to_its_own_request_only(visitor: Visitor, world: World) -> None:
    assert visitor.get("/status/call/state").code == 404


@ONE_DATABASE
def test_the_page_takes_a_constant_number_of_statements(visitor: Visitor, world: World) -> None:
    world.account()
    follow(visitor, world, asked(world))
    with statements(world) as first:
        visitor.get("/status/call")
    for _ in range(2):
        _, call = call_me(visitor, world)
        end(world, call, "no-answer")
    with statements(world) as later:
        visitor.get("/status/call")
    assert len(later) <= len(first) + 1  # the contact of the call
