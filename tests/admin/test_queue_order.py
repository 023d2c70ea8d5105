"""Filters that combine and orders that can be turned: both stay in the address, and pages lead through every order."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from portal.casework import approval, verification
from tests.admin.conftest import Hire
from tests.admin.desk import queued
from tests.admin.queue_page import QUEUE, references
from tests.public.visitor import Page
from tests.world import World

COLUMNS = {"due": "Due", "received": "Received"}


def numbers(world: World, *case_ids: str) -> list[str]:
    return [world.case(case_id).reference for case_id in case_ids]


def head(page: Page, words: str) -> tuple[str, str | None]:
    """Where the head of a column leads, and how it orders the list."""
    found = page.html.find("th", scope="col", string=words)
    return str(found.a["href"]), found.get("aria-sort")


def apart(world: World, number: int) -> list[str]:
    """Cases received hours apart; whoever came first is due first."""
    made = []
    for _ in range(number):
        made += queued(world)
        world.now += timedelta(hours=2)
    return made


def test_the_queue_begins_with_what_is_due_first(clerk: Hire, world: World) -> None:
    apart(world, 2)
    page = clerk("alice", "en").get(QUEUE)

    assert head(page, "Due")[1] == "ascending"
    assert head(page, "Received")[1] is None


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_orders_the_list_both_ways(world: World, clerk: Hire, column: str) -> None:
    first, second, third = apart(world, 3)
    alice, words = clerk("alice", "en"), COLUMNS[column]
    page = alice.get(f"{QUEUE}?sort=-{column}")

    assert references(page) == numbers(world, third, second, first)
    assert head(page, words)[1] == "descending"
    page = alice.get(head(page, words)[0])
    assert references(page) == numbers(world, first, second, third)
    assert head(page, words)[1] == "ascending"
    assert "descending" in str(alice.get(head(page, words)[0]).html.thead)


def test_second_approval_begins_with_whoever_has_waited_longest(world: World, clerk: Hire) -> None:
    world.account()
    older = queued(world)[0]
    world.now += timedelta(hours=1)
    newer = queued(world)[0]
    for case_id in (newer, older):  # the newer one is proposed first, and so due first
        verification.claim(world.as_("alice"), case_id)
        approval.propose_decline(world.as_("alice"), case_id, "details_differ")
        world.now += timedelta(days=1)
    page = clerk("bob", "en").get(f"{QUEUE}?view=second_approval")

    assert references(page) == numbers(world, older, newer)
    assert head(page, "Received")[1] == "ascending"


@pytest.mark.parametrize("order", ["due", "-due", "received", "-received"])
def test_pages_lead_through_every_order_and_back(world: World, clerk: Hire, order: str) -> None:
    made = queued(world, 27)
    alice = clerk("alice")
    first = alice.get(f"{QUEUE}?sort={order}")
    second = alice.get(first.html.find("a", rel="next")["href"])

    assert sorted(references(first) + references(second)) == sorted(numbers(world, *made))
    assert references(alice.get(second.html.find("a", rel="prev")["href"])) == references(first)


def test_cases_received_at_one_moment_are_neither_lost_nor_shown_twice(world: World, clerk: Hire) -> None:
    made = queued(world, 30)
    with world.system.act():
        for case_id in made:
            world.case(case_id).created_at = world.now
    alice = clerk("alice")
    first = alice.get(f"{QUEUE}?sort=received")
    second = alice.get(first.html.find("a", rel="next")["href"])

    assert sorted(references(first) + references(second)) == sorted(numbers(world, *made))


def test_filters_combine(world: World, clerk: Hire) -> None:
    wanted = queued(world, language="en")[0]
    queued(world, language="ja")
    taken = queued(world, language="en")[0]
    verification.claim(world.as_("alice"), taken)
    alice = clerk("alice")

    page = alice.get(f"{QUEUE}?view=open&status=queued&language=en&tier=standard&assignee=nobody")
    assert references(page) == numbers(world, wanted)
    assert not references(alice.get(f"{QUEUE}?view=open&status=queued&language=en&tier=elevated"))
    assert not references(alice.get(f"{QUEUE}?view=open&status=verifying&assignee=nobody"))


def test_a_verifier_is_chosen_by_name_as_the_column_says(world: World, clerk: Hire) -> None:
    world.account()
    hers, his = world.verifying(), queued(world)[0]
    verification.claim(world.as_("vic"), his)
    alice = clerk("alice", "en")
    page = alice.get(f"{QUEUE}?view=open&assignee={world.logins['vic'].person_id}")
    select = page.html.find("select", attrs={"name": "assignee"})

    assert references(page) == numbers(world, his)
    assert [option.get_text() for option in select.find_all("option")] == [
        "All",
        "Unassigned",
        "Alice Verity",
        "Vic Verdi",
    ]
    assert select.find("option", selected=True).get_text() == "Vic Verdi"
    assert references(alice.get(f"{QUEUE}?view=mine&assignee=")) == numbers(world, hers)


def test_a_case_that_is_decided_is_no_longer_found_by_who_held_it(world: World, clerk: Hire) -> None:
    world.account()
    world.pending_approval()
    alice = clerk("alice")

    assert not references(alice.get(f"{QUEUE}?view=open&assignee={world.logins['alice'].person_id}"))


def test_filters_and_order_stay_when_one_of_them_changes(world: World, clerk: Hire) -> None:
    queued(world, 2, language="en")
    page = clerk("alice", "en").get(f"{QUEUE}?view=open&language=en&tier=standard&sort=-received")

    assert head(page, "Due")[0] == f"{QUEUE}?view=open&language=en&tier=standard"
    chosen = [option["value"] for option in page.html.select(".filters option[selected]")]
    assert [*chosen, page.value("sort")] == ["", "en", "standard", "", "-received"]


def test_a_filter_and_its_column_have_one_name(world: World, clerk: Hire, lang: str) -> None:
    queued(world)
    page = clerk("alice", lang).get(QUEUE)
    heads = {head.get_text(strip=True) for head in page.html.select("thead th")}
    named = [page.html.find("label", attrs={"for": name}).get_text(" ", strip=True) for name in (
        "status", "language", "tier", "assignee"
    )]  # fmt: skip

    assert {name.partition(" ")[0] for name in named} <= heads


def test_a_list_without_cases_says_so_and_offers_to_clear_its_filters(clerk: Hire, lang: str) -> None:
    page = clerk("alice", lang).get(f"{QUEUE}?view=mine&assignee=nobody")

    words = {"ja": "このビューに該当するケースはありません。", "en": "No cases in this view"}
    assert words[lang] in page.text
    assert page.links().count(f"{QUEUE}?view=mine") > 1


ODD = ("assignee=somebody", "assignee=" + "a" * 32, "sort=name", "sort=--due")


def test_filters_made_by_hand_are_answered_clearly(clerk: Hire) -> None:
    alice = clerk("alice")

    assert {query: alice.get(f"{QUEUE}?{query}").code for query in ODD} == dict.fromkeys(ODD, 400)


def test_a_place_of_one_order_leads_nowhere_bad_in_another(world: World, clerk: Hire) -> None:
    queued(world, 2)
    place = quote("<dt:2026-11-24 01:00:00+00:00~s:" + "a" * 32)

    assert [
        clerk("alice").get(f"{QUEUE}?sort={order}&page={place}").code for order in ("due", "-received")
    ] == [
        200,
        200,
    ]
