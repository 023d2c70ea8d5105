"""The course of a case: what was said and what was done in one list, narrowed by tabs that are links without script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bs4 import Tag

from portal.casework import messages
from tests.admin.clerk import Clerk
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]
NOTE, LETTER = "The voice sounded young", "My phone fell into the sea"


def written(world: World) -> str:
    """A case with a note, a message of the owner and a history."""
    world.account()
    case_id = world.verifying()
    messages.note(world.as_("alice"), case_id, world.case(case_id).version, NOTE)
    messages.receive(world.owner, world.case(case_id), LETTER)
    return case_id


def shown(page: Page) -> list[Tag]:
    return [item for item in page.html.select("#course li.timeline__item") if not item.has_attr("hidden")]


def texts(page: Page) -> str:
    return " ".join(item.get_text(" ", strip=True) for item in shown(page))


TABS = {
    "ja": ["すべて", "お客様とのやり取り", "社内メモ", "操作履歴"],
    "en": ["All", "Conversation with the owner", "Internal notes", "History"],
}


def test_the_tabs_are_links_and_all_of_it_is_shown_first(world: World, clerk: Hire, lang: str) -> None:
    page = clerk("alice", lang).get(f"/admin/case/{written(world)}")
    tabs = page.html.select("#course-tabs a")
    assert [tab.get_text(strip=True) for tab in tabs] == TABS[lang]
    assert [tab.has_attr("aria-current") for tab in tabs] == [True, False, False, False]
    assert NOTE in texts(page)
    assert LETTER in texts(page)


@pytest.mark.parametrize(("tab", "there", "absent"), [("owner", LETTER, NOTE), ("notes", NOTE, LETTER)])
def test_a_tab_narrows_the_list_also_without_script(
    world: World, clerk: Hire, tab: str, there: str, absent: str
) -> None:
    page = clerk("alice").get(f"/admin/case/{written(world)}?show={tab}")
    assert there in texts(page)
    assert absent not in texts(page)
    assert page.html.select_one("#course-tabs [aria-current]")["data-tab"] == tab


def test_the_history_says_that_something_was_written_and_not_what(world: World, clerk: Hire) -> None:
    page = clerk("alice", "en").get(f"/admin/case/{written(world)}?show=log")
    assert NOTE not in texts(page)
    assert LETTER not in texts(page)
    assert "Assigned to themselves" in texts(page)
    assert all("log" in item["data-in"].split() for item in shown(page))


def test_a_message_stands_once_among_everything(world: World, clerk: Hire) -> None:
    page = clerk("alice").get(f"/admin/case/{written(world)}")
    assert texts(page).count(NOTE) == 1
    assert len([item for item in shown(page) if "log" not in item["data-in"].split()]) == 2


def test_a_tab_made_by_hand_shows_all(world: World, clerk: Hire) -> None:
    page = clerk("alice").get(f"/admin/case/{written(world)}?show=secrets")
    assert page.code == 200
    assert NOTE in texts(page)


def test_a_tab_with_nothing_in_it_says_so(world: World, clerk: Hire, lang: str) -> None:
    page = clerk("alice", lang).get(f"/admin/case/{world.queued()}?show=notes")
    empty = [line for line in page.html.select("#course .empty") if not line.has_attr("hidden")]
    words = {"ja": "まだ何も書かれていません。", "en": "Nothing has been written yet."}
    assert [line.get_text(strip=True) for line in empty] == [words[lang]]


def test_notes_are_kept_from_the_second_person_until_they_have_seen_for_themselves(
    world: World, clerk: Hire
) -> None:
    world.account()
    case_id = world.verifying()
    messages.note(world.as_("alice"), case_id, world.case(case_id).version, NOTE)
    world.check("alice", case_id, "W1", "could_not")
    world.check("alice", case_id)
    world.propose("alice", case_id)
    bob = clerk("bob", "en")
    page = bob.get(f"/admin/case/{case_id}")
    assert NOTE not in page.text
    assert "does not fit" not in page.text
    assert "Internal notes are shown after you have opened every check yourself." in page.text
    world.open_checks("bob", case_id)
    page = bob.get(f"/admin/case/{case_id}")
    assert NOTE in page.text
    assert "does not fit" in page.text
