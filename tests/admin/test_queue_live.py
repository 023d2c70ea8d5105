"""New cases are counted for a page that is open, without moving its list and without keeping anybody signed in."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

import pytest

from portal.casework import verification
from tests.admin.clerk import Clerk
from tests.admin.conftest import Hire
from tests.admin.desk import queued, statements
from tests.admin.queue_page import QUEUE
from tests.world import World


def open_page(clerk: Clerk, query: str = "view=unassigned") -> str:
    """Open a list, and give the address where its script asks."""
    line = clerk.get(f"{QUEUE}?{query}").html.select_one(".fresh")
    assert line["role"] == "status"
    assert line.get_text() == ""
    return str(line["data-news"])


def new(clerk: Clerk, address: str) -> int:
    answer = clerk.client.get(address)
    assert answer.status_code == 200, answer.text
    return int(answer.get_json()["number"])


def test_a_case_that_came_since_is_counted(world: World, clerk: Hire, lang: str) -> None:
    queued(world)
    alice = clerk("alice", lang)
    address = open_page(alice)
    assert new(alice, address) == 0
    world.pass_time(minutes=1)
    queued(world, 3)

    said = alice.client.get(address).get_json()
    assert said == {"number": 3, "words": {"ja": "新着 3 件を表示", "en": "Show 3 new"}[lang]}


def test_only_what_fits_the_filters_is_counted(world: World, clerk: Hire) -> None:
    alice = clerk("alice")
    address = open_page(alice, "view=open&language=en&status=queued")
    world.pass_time(minutes=1)
    queued(world, 2, language="ja")
    queued(world, 1, language="en")

    assert new(alice, address) == 1


def test_a_case_that_stays_in_the_view_is_not_new_because_something_was_done(
    world: World, clerk: Hire
) -> None:
    case_id = queued(world)[0]
    alice = clerk("alice")
    address = open_page(alice, "view=open")
    world.pass_time(minutes=1)
    verification.claim(world.as_("vic"), case_id)

    assert new(alice, address) == 0


def test_a_case_that_comes_back_is_new(world: World, clerk: Hire) -> None:
    case_id = queued(world)[0]
    verification.claim(world.as_("vic"), case_id)
    alice = clerk("alice")
    address = open_page(alice)
    world.pass_time(minutes=1)
    verification.release(world.as_("vic"), case_id)

    assert new(alice, address) == 1


def test_a_case_that_a_lead_gives_to_me_is_new_among_mine(world: World, clerk: Hire) -> None:
    case_id = queued(world)[0]
    verification.claim(world.as_("vic"), case_id)
    alice = clerk("alice")
    address = open_page(alice, "view=mine")
    world.pass_time(minutes=1)
    verification.reassign(world.as_("lee"), case_id, world.logins["alice"].person_id)

    assert new(alice, address) == 1


def test_what_becomes_due_soon_by_the_clock_is_new_there(world: World, clerk: Hire) -> None:
    case_id = queued(world)[0]
    world.now = world.case(case_id).due_at - timedelta(hours=4, minutes=5)
    alice = clerk("alice")
    address = open_page(alice, "view=due_soon")
    assert new(alice, address) == 0
    world.now += timedelta(minutes=8)

    assert new(alice, address) == 1


def test_looking_for_new_cases_keeps_nobody_signed_in(world: World, clerk: Hire) -> None:
    alice = clerk("alice")
    address = open_page(alice)
    for _ in range(16):
        world.now += timedelta(minutes=1)
        answer = alice.client.get(address)

    assert answer.status_code in {302, 303}
    assert "/admin/sign-in" in answer.headers["Location"]


def test_new_cases_are_counted_to_a_hundred(
    world: World, clerk: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.casework.queue.MOST_NEW", 2)
    alice = clerk("alice", "en")
    address = open_page(alice)
    world.pass_time(minutes=1)
    queued(world, 4)

    assert alice.client.get(address).get_json()["words"] == "Show 2+ new"


def test_the_page_says_how_old_its_list_is_when_it_cannot_ask(world: World, clerk: Hire, lang: str) -> None:
    line = clerk("alice", lang).get(QUEUE).html.select_one(".fresh")

    assert ("時点のものです。" if lang == "ja" else "This list is from ") in line["data-failed"]
    assert line["data-reload"] == {"ja": "再読み込み", "en": "Reload"}[lang]
    assert line["data-again"] == f"{QUEUE}?view=unassigned"


def test_a_search_is_not_followed(clerk: Hire) -> None:
    assert clerk("alice").get(f"{QUEUE}?q=yamada").html.select_one(".fresh") is None


ODD = (
    "",
    "yesterday",
    "2026-11-24",
    "2026-11-24T01:00:00",
    "2026-13-24T01:00:00+00:00",
    "0000-01-01T00:00:00+00:00",
)


@pytest.mark.parametrize("since", ODD)
def test_a_moment_made_by_hand_is_answered_clearly(clerk: Hire, since: str) -> None:
    assert clerk("alice").client.get(f"{QUEUE}live?since={quote(since)}").status_code == 400


def test_a_moment_of_long_ago_is_as_old_as_a_session_can_be(world: World, clerk: Hire) -> None:
    queued(world)
    world.now += timedelta(days=3)
    since = quote(datetime(2020, 1, 1, tzinfo=world.now.tzinfo).isoformat())

    assert new(clerk("alice"), f"{QUEUE}live?view=open&since={since}") == 0


def test_nobody_without_a_queue_is_told(clerk: Hire, stranger: Hire) -> None:
    since = quote("2026-11-24T01:00:00+00:00")

    assert clerk("ada").client.get(f"{QUEUE}live?since={since}").status_code == 403
    assert stranger().client.get(f"{QUEUE}live?since={since}").status_code in {302, 303}


def test_asking_costs_equally_many_statements_for_3_and_for_30_new_cases(world: World, clerk: Hire) -> None:
    alice = clerk("alice")
    address = open_page(alice)
    asked = []
    for number in (3, 27):
        world.now += timedelta(seconds=1)
        queued(world, number)
        with statements(world) as seen:
            assert new(alice, address) >= number
        asked.append(len(seen))

    assert asked[0] == asked[1]
