"""The queue: who sees it, which cases stand in which view, how much time is left, and that it stays quick."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest
from flask import Flask

from portal.casework import queue
from portal.domain.lifecycle import Status
from tests.admin.conftest import Hire
from tests.admin.desk import queued, statements
from tests.admin.queue_page import QUEUE, cell, references
from tests.people import HANAKO
from tests.world import World

# In which views a case of each status stands, besides those of all open cases and of its language.
VIEWS = {
    Status.QUEUED: {"unassigned"},
    Status.VERIFYING: {"mine"},
    Status.WAITING_OWNER: {"mine", "waiting_owner"},
    Status.PENDING_APPROVAL: {"second_approval"},
    Status.COOLING_OFF: {"waiting_period"},
    Status.READY: {"waiting_period"},
    Status.EXECUTING: {"waiting_period"},
    Status.FROZEN: {"on_hold"},
    Status.DEACTIVATED: {"closed"},
    Status.DECLINED: {"closed"},
    Status.CANCELLED: {"closed"},
    Status.EXPIRED: {"closed"},
    Status.REVERSED: {"closed"},
}


def test_everybody_at_work_and_compliance_see_the_queue(clerk: Hire) -> None:
    assert [clerk(name).get(QUEUE).code for name in ("alice", "bob", "lee", "chika")] == [200] * 4


def test_an_administrator_does_not_see_the_queue(clerk: Hire) -> None:
    assert clerk("ada").get(QUEUE).code == 403


def test_nobody_sees_the_queue_without_signing_in(stranger: Hire) -> None:
    assert "/admin/sign-in" in stranger().get(QUEUE).path


def test_the_home_page_leads_to_the_queue(clerk: Hire) -> None:
    assert clerk("alice").get("/admin/").path == QUEUE


@pytest.mark.parametrize("status", VIEWS)
def test_a_case_stands_in_the_views_of_its_status(world: World, clerk: Hire, status: Status) -> None:
    world.account()
    reference = world.case(world.walks[status]()).reference
    alice = clerk("alice")
    found = {view for view in queue.VIEWS if reference in references(alice.get(f"{QUEUE}?view={view}"))}
    always = set() if "closed" in VIEWS[status] else {"ja", "open"}
    assert found - {"due_soon"} == VIEWS[status] | always


def test_an_unconfirmed_request_stands_in_no_view(world: World, clerk: Hire) -> None:
    world.submit()
    alice = clerk("alice")
    assert not [view for view in queue.VIEWS if references(alice.get(f"{QUEUE}?view={view}"))]


def test_what_is_due_soon_or_overdue_has_its_own_view(world: World, clerk: Hire) -> None:
    case_id = queued(world)[0]
    assert not references(clerk("alice").get(f"{QUEUE}?view=due_soon"))
    world.now = world.case(case_id).due_at - timedelta(hours=3)
    assert references(clerk("alice").get(f"{QUEUE}?view=due_soon")) == [world.case(case_id).reference]


def test_a_case_that_waits_for_its_owner_is_never_due_soon(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.waiting_owner()
    world.now = world.case(case_id).due_at - timedelta(hours=1)
    assert not references(clerk("alice").get(f"{QUEUE}?view=due_soon"))


def test_a_view_of_a_language_holds_the_cases_of_that_language(world: World, clerk: Hire) -> None:
    english = queued(world, language="en")[0]
    alice = clerk("alice")
    assert references(alice.get(f"{QUEUE}?view=en")) == [world.case(english).reference]
    assert not references(alice.get(f"{QUEUE}?view=ja"))


def test_what_is_due_first_comes_first(world: World, clerk: Hire) -> None:
    first = queued(world)[0]
    world.now += timedelta(hours=2)
    second = world.queued(account_email="late@nowhere.example", reply_email="late@nowhere.example")
    assert references(clerk("alice").get(QUEUE)) == [world.case(each).reference for each in (first, second)]


def test_of_closed_cases_the_newest_comes_first(world: World, clerk: Hire) -> None:
    older = world.cancelled(account_email="a@nowhere.example", reply_email="a@nowhere.example")
    world.now += timedelta(hours=2)
    newer = world.cancelled(account_email="b@nowhere.example", reply_email="b@nowhere.example")
    shown = references(clerk("alice").get(f"{QUEUE}?view=closed"))
    assert shown == [world.case(each).reference for each in (newer, older)]


DUE = {
    "fine": (timedelta(hours=2, minutes=15), "残り 2 時間 15 分", "2h 15m left"),
    "soon": (timedelta(minutes=25), "まもなく期限 残り 25 分", "Due soon 25m left"),
    "over": (timedelta(hours=-1), "期限超過 1 時間", "Overdue 1h"),
}


@pytest.mark.parametrize("look", DUE)
def test_the_time_left_is_said_in_words(world: World, clerk: Hire, lang: str, look: str) -> None:
    left, japanese, english = DUE[look]
    case_id = queued(world)[0]
    world.now = world.case(case_id).due_at - left - timedelta(seconds=30)  # signing in takes half a minute
    page = clerk("alice", lang).get(QUEUE)
    assert (japanese if lang == "ja" else english) in page.text
    assert page.html.select_one(f".due--{look} time")["datetime"]


def test_the_clock_of_a_case_that_waits_for_its_owner_stands_still(world: World, clerk: Hire) -> None:
    world.account()
    world.waiting_owner()
    page = clerk("alice").get(f"{QUEUE}?view=waiting_owner")
    assert "一時停止中（お客様の対応待ち）" in page.text


def test_a_closed_case_is_not_due(world: World, clerk: Hire) -> None:
    world.cancelled()
    assert cell(clerk("alice").get(f"{QUEUE}?view=closed"), "対応期限") == "–"


def test_views_say_how_many_open_cases_they_hold(world: World, clerk: Hire) -> None:
    queued(world, 3)
    page = clerk("alice", "en").get(QUEUE)
    counts = [link.get_text(" ", strip=True) for link in page.html.select(".views__link")]
    assert "Unassigned 3" in counts
    assert "All open cases 3" in counts
    assert "Closed cases" in counts


def test_counts_stop_at_their_cap(world: World, app: Flask, clerk: Hire) -> None:
    low = replace(world.runtime.limits, count_cap=2)
    app.extensions["kaijo"] = replace(world.runtime, limits=low)
    queued(world, 3)
    page = clerk("alice", "en").get(QUEUE)
    assert "Unassigned 2+" in [link.get_text(" ", strip=True) for link in page.html.select(".views__link")]


def test_the_table_is_a_table_whose_caption_counts_nothing(world: World, clerk: Hire) -> None:
    queued(world)
    table = clerk("alice").get(QUEUE).html.table
    assert table.caption.get_text() == "ケース：未割り当て"
    assert [head["scope"] for head in table.thead.find_all("th")] == ["col"] * 8
    assert table.tbody.th["scope"] == "row"
    assert all(cell["data-label"] for cell in table.tbody.find_all("td"))
    assert table.find(attrs={"aria-sort": "ascending"}).get_text() == "対応期限"


def test_an_empty_view_says_so_and_leads_on(clerk: Hire) -> None:
    page = clerk("alice").get(QUEUE)
    assert "このビューに該当するケースはありません。" in page.text
    assert "/admin/queue/?view=open" in page.links()


def test_an_empty_list_of_filtered_cases_offers_to_clear_the_filters(clerk: Hire) -> None:
    page = clerk("alice").get(f"{QUEUE}?view=open&status=ready")
    links = [link.get_text() for link in page.html.main.find_all("a")]
    assert links.count("条件をクリアする") == 2


def test_filters_narrow_the_view_and_stay_chosen(world: World, clerk: Hire) -> None:
    world.account()
    world.verifying()
    wanted = world.queued(language="en", account_email="x@nowhere.example", reply_email="x@nowhere.example")
    alice = clerk("alice")
    for name, value in (("status", "queued"), ("language", "en")):
        page = alice.get(f"{QUEUE}?view=open&{name}={value}")
        assert references(page) == [world.case(wanted).reference]
        chosen = page.html.find("select", attrs={"name": name}).find("option", selected=True)
        assert chosen["value"] == value


def test_pages_lead_forth_and_back(world: World, clerk: Hire) -> None:
    made = queued(world, 27)
    alice = clerk("alice")
    first = alice.get(QUEUE)
    second = alice.get(first.html.find("a", rel="next")["href"])
    assert len(references(first)) == 25
    assert set(references(first)) | set(references(second)) == {world.case(each).reference for each in made}
    assert references(alice.get(second.html.find("a", rel="prev")["href"])) == references(first)


def test_paging_keeps_the_filters(world: World, clerk: Hire) -> None:
    queued(world, 26, language="en")
    page = clerk("alice").get(f"{QUEUE}?view=open&language=en")
    assert "view=open&language=en&page=" in page.html.find("a", rel="next")["href"]


def test_who_holds_a_case_is_named_while_they_hold_it(world: World, clerk: Hire) -> None:
    world.account()
    world.pending_approval()
    queued(world)
    world.verifying(account_email="x@nowhere.example", reply_email="x@nowhere.example")
    page = clerk("bob").get(f"{QUEUE}?view=open")
    held = [cell.get_text(strip=True) for cell in page.html.select("td.table__name")]
    assert sorted(held) == ["Alice Verity", "–", "未割り当て"]


NEXT = {
    ("alice", Status.QUEUED): "自分に割り当てる",
    ("bob", Status.QUEUED): "確認担当者への割り当て待ち",
    ("alice", Status.VERIFYING): "本人確認を行う",
    ("vic", Status.VERIFYING): "本人確認の完了待ち",
    ("alice", Status.PENDING_APPROVAL): "二次承認には別の担当者が必要です",
    ("bob", Status.PENDING_APPROVAL): "二次承認",
    ("chika", Status.PENDING_APPROVAL): "二次承認には別の担当者が必要です",
    ("lee", Status.FROZEN): "停止後の対応を決める",
    ("alice", Status.FROZEN): "責任者の判断待ち",
    ("alice", Status.DEACTIVATED): "必要な対応はありません",
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("name", "status"), NEXT)
def test_the_next_step_is_said_for_whoever_looks(
    world: World, clerk: Hire, name: str, status: Status
) -> None:
    world.account()
    world.walks[status]()
    view = "closed" if status is Status.DEACTIVATED else "open"
    assert cell(clerk(name).get(f"{QUEUE}?view={view}"), "次の対応") == NEXT[name, status]


ODD = (
    "view=all",
    "status=lost",
    "status=unconfirmed",
    "language=fr",
    "tier=gold",
    "page=x",
    "page=%3E",
    "page=%3Ei:1",
    "page=%3Ex~x",
    "page=%3Es:a~s:b",
    "page=%3Edt:2026-11-24+01:00:00%2B00:00",
    "page=%3Edt:2026-99-99+01:00:00%2B00:00~s:" + "a" * 32,
    "page=%3Edt:0000-01-01+01:00:00%2B00:00~s:" + "a" * 32,
    "page=%3Edt:2026-11-24+01:00:00%2B00:00~s:" + "a" * 32 + "~i:1",
    "page=%3Eb:AAAA~b:AAAA",
    "page=%3Euuid:1~dt:x",
    "q=%00",
    "q=%FF",
)


def test_addresses_made_by_hand_are_answered_clearly(clerk: Hire) -> None:
    alice = clerk("alice")
    assert {query: alice.get(f"{QUEUE}?{query}").code for query in ODD} == dict.fromkeys(ODD, 400)
    assert alice.page is not None
    assert alice.page.heading


def test_a_place_between_the_pages_of_a_list_that_has_changed_is_fine(world: World, clerk: Hire) -> None:
    place = quote(">dt:2030-01-01 00:00:00+00:00~s:" + "a" * 32)
    assert clerk("alice").get(f"{QUEUE}?page={place}").code == 200


def test_the_queue_speaks_one_language(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    for walk in (world.verifying, world.cancelled):
        walk()
    queued(world, 2, language="en")
    reader = clerk("alice", lang)
    for query in ("view=open", "view=closed", "view=en", "view=on_hold", "q=zz", "q=a", "status=queued"):
        assert reader.get(f"{QUEUE}?{query}").foreign_words(lang) == []


def test_the_database_is_asked_equally_often_for_3_and_for_60_cases(world: World, clerk: Hire) -> None:
    alice = clerk("alice")
    asked = {}
    for number in (3, 57):
        queued(world, number)
        for path in (QUEUE, f"{QUEUE}?view=open", f"{QUEUE}?q={quote(HANAKO['name'])}"):
            with statements(world) as seen:
                alice.get(path)
            asked.setdefault(path, []).append(len(seen))
    assert all(few == many for few, many in asked.values()), asked
