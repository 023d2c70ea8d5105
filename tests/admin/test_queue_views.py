"""A person's own views of the queue: kept under a name, listed with their counts, forgotten again, and nobody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from portal.models import SavedView
from tests.admin.clerk import Clerk
from tests.admin.conftest import Hire
from tests.admin.desk import queued, says_in, statements, tags_of
from tests.admin.queue_page import QUEUE, counts, references
from tests.public.visitor import Page
from tests.world import World

ENGLISH = "view=open&language=en&sort=-received"


def save(clerk: Clerk, name: str, query: str = ENGLISH) -> Page:
    clerk.get(f"{QUEUE}?{query}")
    return clerk.post(f"{QUEUE}views?{query}", {"csrf_token": clerk.token, "name": name})


def views(world: World) -> list[str]:
    world.session.rollback()
    return [view.name for view in world.session.query(SavedView).order_by(SavedView.created_at)]


def chosen(page: Page, name: str) -> str:
    return str(page.html.find("select", attrs={"name": name}).find("option", selected=True)["value"])


def test_what_is_shown_now_can_be_kept_under_a_name(world: World, clerk: Hire, lang: str) -> None:
    english = queued(world, language="en")[0]
    queued(world)
    alice = clerk("alice", lang)
    page = save(alice, "  Newest  English ")

    assert {"ja": "ビューを保存しました。", "en": "The view is saved."}[lang] in page.text
    assert counts(page)[-1] == "Newest English 1"
    assert references(page) == [world.case(english).reference]
    assert page.html.select_one(".desk-nav--wide .views__link[aria-current]").get_text(" ", strip=True) == (
        "Newest English 1"
    )


def test_an_own_view_opens_with_its_filters_and_its_order(world: World, clerk: Hire) -> None:
    queued(world, language="en")
    alice = clerk("alice")
    save(alice, "English")
    link = alice.get(QUEUE).html.select(".desk-nav--wide .views__link")[-1]
    page = alice.get(str(link["href"]))

    assert (chosen(page, "language"), page.value("sort")) == ("en", "-received")
    assert page.html.find(attrs={"aria-sort": "descending"}).get_text(strip=True) == "受付日時"


def test_own_views_stand_after_the_built_in_ones_in_the_order_of_saving(world: World, clerk: Hire) -> None:
    alice = clerk("alice", "en")
    save(alice, "Second letter")
    world.pass_time(minutes=1)
    save(alice, "Alphabetically first", "view=open&tier=elevated")

    assert [words.rpartition(" ")[0] for words in counts(alice.get(QUEUE))][-2:] == [
        "Second letter",
        "Alphabetically first",
    ]


def test_nobody_sees_a_colleague_s_views(clerk: Hire) -> None:
    save(clerk("alice"), "Mine alone")

    assert "Mine alone" not in clerk("vic").get(QUEUE).text


WRONG = {
    "": ("ビューの名前を入力してください。", "Enter a name for the view"),
    "   ": ("ビューの名前を入力してください。", "Enter a name for the view"),
    "x" * 41: (
        "ビューの名前は 40 文字以内で入力してください。",
        "Name of the view must be 40 characters or less",
    ),
    "\u200b": ("名前は 40 文字以内で入力してください。", "Name must be 40 characters or less"),
    "ＥＮＧＬＩＳＨ": ("同じ名前のビューがすでにあります。", "You already have a view with this name"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_name_that_cannot_be_kept_is_refused_at_its_field(
    world: World, clerk: Hire, lang: str, name: str
) -> None:
    alice = clerk("alice", lang)
    save(alice, "English")
    page = save(alice, name)

    says_in(lang, page, "name", WRONG[name])
    assert page.value("name") == name
    assert page.html.find("details", open=True)
    assert views(world) == ["English"]


def test_one_view_too_many_is_refused_at_its_field(world: World, app: Flask, clerk: Hire, lang: str) -> None:
    app.extensions["kaijo"] = replace(world.runtime, limits=replace(world.runtime.limits, saved_views=1))
    alice = clerk("alice", lang)
    save(alice, "First")

    says_in(
        lang,
        save(alice, "Second", "view=open&status=ready"),
        "name",
        (
            "保存できるビューの数の上限に達しています。先にいずれかのビューを削除してください。",
            "You have reached the limit for saved views. Delete one first",
        ),
    )
    assert views(world) == ["First"]


def delete_form(clerk: Clerk) -> str:
    assert clerk.page is not None
    return str(clerk.page.html.select_one("form.keep-view")["action"])


def test_a_view_is_deleted_where_it_is_open(world: World, clerk: Hire, lang: str) -> None:
    alice = clerk("alice", lang)
    save(alice, "English")
    page = alice.post(delete_form(alice), {"csrf_token": alice.token})

    assert {"ja": "ビューを削除しました。", "en": "The view is deleted."}[lang] in page.text
    assert views(world) == []


def test_deleting_a_view_twice_is_deleting_it_once(clerk: Hire) -> None:
    alice = clerk("alice")
    save(alice, "English")
    address = delete_form(alice)
    alice.post(address, {"csrf_token": alice.token})

    assert alice.post(address, {"csrf_token": alice.token}).path == QUEUE


def test_nobody_deletes_a_colleague_s_view(world: World, clerk: Hire) -> None:
    alice, vic = clerk("alice"), clerk("vic")
    save(alice, "English")
    vic.get(QUEUE)
    vic.post(delete_form(alice), {"csrf_token": vic.token})

    assert views(world) == ["English"]


def test_a_search_is_not_kept_because_it_names_somebody(clerk: Hire) -> None:
    page = clerk("alice").get(f"{QUEUE}?q=yamada")

    assert not page.html.find("form", action=lambda action: action and "/views" in action)


def test_saving_a_view_is_on_record_like_other_settings(world: World, clerk: Hire) -> None:
    save(clerk("alice"), "English")

    assert tags_of(world, f"staff:{world.logins['alice'].staff_id}")[-1] == "staff:settings:changed"


def test_a_view_of_filters_that_are_no_more_still_opens(world: World, clerk: Hire) -> None:
    alice = clerk("alice")
    save(alice, "English")
    with world.system.act():
        view = world.session.query(SavedView).one()
        view.filters = {"view": "abolished", "tier": "golden", "language": "en", "colour": "red"}

    page = alice.get(QUEUE)
    assert alice.get(page.html.select(".desk-nav--wide .views__link")[-1]["href"]).code == 200


def test_a_view_can_be_kept_by_nobody_but_staff_with_a_queue(stranger: Hire, clerk: Hire) -> None:
    ada = clerk("ada")
    ada.get("/admin/own/")

    assert ada.post(f"{QUEUE}views?view=open", {"csrf_token": ada.token, "name": "x"}).code == 403


def test_own_views_cost_no_statement_each(world: World, clerk: Hire) -> None:
    alice = clerk("alice")
    queued(world, 2)
    asked = []
    for number in range(4):
        with statements(world) as seen:
            alice.get(f"{QUEUE}?view=open")
        asked.append(len(seen))
        save(alice, f"View {number}")

    assert len(set(asked)) == 1, asked
