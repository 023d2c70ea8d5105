"""The board for leads: who may open it, that its numbers lead into the queue, and that chart and table say the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.admin.clerk import Clerk
from tests.admin.desk import statements
from tests.casework.test_board import stranger
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]
BOARD = "/admin/board/"


def table(page: Page, section: str) -> list[list[str]]:
    """The rows of the table in one section, the last of them its totals."""
    found = page.html.select_one(f"section[aria-labelledby={section}-h] table")
    assert found is not None
    for hidden in found.select(".visually-hidden"):
        if hidden.name != "caption":
            hidden.decompose()
    rows = found.select("tbody tr")
    return [
        [" ".join(cell.get_text(" ", strip=True).split()) for cell in row.find_all(["th", "td"])]
        for row in rows
    ]


def chart(page: Page, section: str) -> dict[str, str]:
    """What a chart says to those who see it: the name of each line and the number at its end."""
    lines = page.html.select(f"section[aria-labelledby={section}-h] .chart__line")
    return {
        line.select_one(".chart__name").get_text(): line.select_one(".chart__number").get_text()
        for line in lines
    }


def finding(page: Page, section: str) -> str:
    return str(page.html.select_one(f"#{section}-finding").get_text())


def fill(world: World) -> None:
    for number, language in enumerate(("ja", "ja", "en")):
        world.queued(language=language, **stranger(number))
    world.verifying(**stranger(5))


def test_leads_and_compliance_read_the_board_and_nobody_else(world: World, clerk: Hire) -> None:
    codes = {name: clerk(name).get(BOARD).code for name in ("alice", "bob", "lee", "chika", "ada")}
    assert codes == {"alice": 403, "bob": 403, "lee": 200, "chika": 200, "ada": 403}


def test_the_board_stands_in_the_menu_of_those_who_may_open_it(world: World, clerk: Hire) -> None:
    assert BOARD in clerk("lee").get("/admin/queue/").links()
    assert BOARD not in clerk("alice").get("/admin/queue/").links()


def test_open_cases_by_status_and_language_have_totals(world: World, clerk: Hire) -> None:
    fill(world)
    page = clerk("lee", "en").get(BOARD)
    assert table(page, "places") == [
        ["Received", "2", "1", "3"],
        ["Checking identity", "1", "0", "1"],
        ["Total", "3", "1", "4"],
    ]
    assert finding(page, "places").endswith('"Received" than in any other: 3 of 4.')


def test_the_chart_says_the_numbers_of_its_table(world: World, clerk: Hire, lang: str) -> None:
    fill(world)
    page = clerk("lee", lang).get(BOARD)
    for section in ("places", "ages", "waits"):
        totals = {row[0]: row[-1] for row in table(page, section)}
        assert chart(page, section)
        assert chart(page, section).items() <= totals.items()


def test_a_chart_is_one_picture_named_by_its_sentence(world: World, clerk: Hire) -> None:
    fill(world)
    page = clerk("lee").get(BOARD)
    pictures = page.html.select(".chart")
    assert len(pictures) == 3
    for picture in pictures:
        assert picture["role"] == "img"
        assert page.html.find(id=picture["aria-labelledby"]).get_text(strip=True)
        assert not picture.find_all(["a", "button"])


def test_languages_are_told_apart_without_colour(world: World, clerk: Hire) -> None:
    fill(world)
    page = clerk("lee").get(BOARD)
    first = page.html.select_one(".chart__line")
    assert [part.get("fill") for part in first.find_all("rect")] == [None, "url(#hatch-2)"]
    assert page.html.find(id="hatch-2") is not None


def test_nothing_is_painted_by_a_style_in_the_page(world: World, clerk: Hire) -> None:
    fill(world)
    page = clerk("lee").get(BOARD)
    assert not page.html.find_all(style=True)
    assert not page.html.main.find_all(["style", "script"])


def test_every_number_leads_to_the_cases_that_it_counts(world: World, clerk: Hire) -> None:
    fill(world)
    lee = clerk("lee", "en")
    page = lee.get(BOARD)
    links = page.html.select("section[aria-labelledby=places-h] td a")
    assert len(links) == 8
    for link in links:
        number = link.find(string=True, recursive=False)
        rows = lee.get(link["href"]).html.select("main table tbody tr")
        assert len(rows) == int(number), link["href"]


def test_the_oldest_and_the_unassigned_are_one_press_away(world: World, clerk: Hire) -> None:
    oldest = world.queued(**stranger(1))
    world.now += timedelta(hours=2)
    world.queued(**stranger(2))
    page = clerk("lee", "en").get(BOARD)
    assert f"/admin/case/{oldest}" in page.links()
    assert "/admin/queue/?view=unassigned" in page.links()
    assert world.case(oldest).reference in page.text


def test_overdue_cases_are_said_with_how_long(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    world.verifying(**stranger(2))
    world.now = world.case(case_id).due_at + timedelta(hours=3)
    page = clerk("lee", "en").get(BOARD)
    assert finding(page, "late").startswith("2 of 2 open cases are overdue, the longest by 3 hours")
    assert table(page, "late") == [
        ["Received", "1", "1"],
        ["Checking identity", "1", "1"],
        ["Total", "2", "2"],
    ]
    assert chart(page, "late") == {"Received": "1", "Checking identity": "1"}


def test_waits_that_end_today_are_said(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.cooling_off()
    page = clerk("lee", "en").get(BOARD)
    assert finding(page, "waits") == "No waiting period ends today."
    until = world.case(case_id).waiting_until
    assert until is not None
    world.now = until - timedelta(hours=3)
    page = clerk("lou", "en").get(BOARD)
    assert finding(page, "waits") == "The waiting period ends today for 1 of 1 waiting cases."
    assert table(page, "waits")[0] == ["Today, 25 November 2026", "1"]
    assert table(page, "waits")[-1] == ["Total", "1"]


def test_an_empty_desk_says_so(world: World, clerk: Hire) -> None:
    page = clerk("lee", "en").get(BOARD)
    assert [finding(page, one) for one in ("places", "late", "ages")] == [
        "No case is open.",
        "No case is overdue.",
        "No case is open.",
    ]


def test_the_board_says_that_it_is_no_report(world: World, clerk: Hire) -> None:
    assert "training cases. It is not a report." in clerk("chika", "en").get(BOARD).text


def test_the_board_speaks_one_language(world: World, clerk: Hire, lang: str) -> None:
    fill(world)
    assert clerk("lee", lang).get(BOARD).foreign_words(lang) == []


@pytest.mark.parametrize("number", [1, 4])
def test_the_board_asks_the_database_as_often_for_one_case_as_for_many(
    world: World, clerk: Hire, number: int
) -> None:
    for one in range(number):
        world.queued(**stranger(one))
    lee = clerk("lee")
    lee.get(BOARD)
    with statements(world) as seen:
        lee.get(BOARD)
    assert len([one for one in seen if "FROM cases" in one]) == 4
    assert len(seen) < 20
