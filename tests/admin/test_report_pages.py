"""A report on its page: sentence, chart and table in this order, what each column means, and the record that it was read."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from admin import report_result
from portal import charts, labels, reports
from portal.casework.context import Context
from portal.domain.reports import Asked
from portal.models import AuditEvent
from portal.reports import Result
from tests.admin.conftest import Hire
from tests.admin.desk import queued, statements
from tests.admin.report_pages import day, finding, query, result, rows, today, totals
from tests.people import HANAKO
from tests.sql import attack, changed, only_on, row_of, unguarded
from tests.world import World


def reads(world: World) -> list[dict[str, str]]:
    world.session.rollback()
    found = select(AuditEvent).where(AuditEvent.tag == "staff:report:read").order_by(AuditEvent.sseq)
    return [json.loads(event.event_bytes)["d"] for event in world.session.execute(found).scalars()]


def test_the_sentence_comes_first_then_the_chart_then_the_table(world: World, clerk: Hire, lang: str) -> None:
    queued(world, 2)
    page = clerk("chika", lang).get(today(world, "volumes"))
    main = str(page.html.main)
    places = [
        main.index(mark) for mark in ('id="finding"', 'class="drawing"', 'class="report-table"', "dictionary")
    ]
    assert places == sorted(places)
    chart = page.html.select_one("svg.drawing")
    assert (chart["role"], chart["aria-labelledby"]) == ("img", "finding")
    assert page.foreign_words(lang) == []


def test_sentence_chart_and_table_say_the_same_numbers(world: World, clerk: Hire) -> None:
    queued(world, 2)
    world.declined(account_email="p9@nowhere.example", reply_email="p9@nowhere.example")
    page = clerk("chika", "en").get(today(world, "volumes"))
    assert "3 received" in finding(page)
    assert "1 declined" in finding(page)
    (row,) = rows(page)
    assert (row["Requests"], row["Declined"]) == ("3", "1")
    assert totals(page)[:2] == ["Total", "3"]
    drawn = [words.get_text() for words in page.html.select("svg .drawing__value")]
    assert drawn == ["Requests 3", "Deactivated 0", "Declined 1"]


def test_a_report_that_cites_the_log_says_whether_the_log_is_whole(world: World, clerk: Hire) -> None:
    world.account()
    world.deactivated()
    chika, span = clerk("chika", "en"), {"start": str(day(world, -30)), "end": str(day(world))}
    for report, cites in (("removals", True), ("four_eyes", True), ("volumes", False)):
        page = chika.get(result(report, **span))
        assert bool(page.html.select(".integrity")) is cites, report
        assert ("/admin/log/" in {link["href"] for link in page.html.main.find_all("a")}) is cites


def test_a_chart_that_would_be_too_long_is_not_drawn_and_the_page_says_so(
    world: World, clerk: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_result, "MOST_GROUPS", 0)
    monkeypatch.setattr(charts, "MOST_GROUPS", 0)
    queued(world)
    page = clerk("chika", "en").get(today(world, "volumes"))
    assert not page.html.select("svg.drawing")
    assert "A chart shows 0 groups at most." in page.text


def test_the_table_has_a_caption_a_region_of_its_own_and_numbers_on_the_right(
    world: World, clerk: Hire
) -> None:
    queued(world)
    page = clerk("chika", "en").get(today(world, "volumes"))
    table = page.html.select_one("table.report-table")
    assert table.caption.get_text(" ", strip=True) == "Requests by month"
    assert table.parent["role"] == "region"
    assert table.parent["tabindex"] == "0"
    assert table.parent["aria-labelledby"] == table.caption["id"]
    assert all("table__number" in (cell.get("class") or []) for cell in table.select("tbody td"))


def test_of_a_long_list_the_first_rows_are_shown_and_how_many_there_are(
    world: World, clerk: Hire, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "SHOWN", 2)
    queued(world, 3)
    page = clerk("chika", lang).get(today(world, "cases"))
    assert len(rows(page)) == 2
    assert {"ja": "3 件中 2 件を表示", "en": "Showing 2 of 3"}[lang] in page.text


def test_of_a_short_table_all_rows_can_be_shown(
    world: World, clerk: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "SHOWN", 1)
    queued(world)
    world.declined()
    chika = clerk("chika", "en")
    page = chika.get(today(world, "statuses"))
    assert len(rows(page)) == 1
    assert "Showing 1 of 2" in page.text
    page = chika.follow("Show all 2")
    assert len(rows(page)) == 2
    assert "Showing" not in page.text


def test_receipt_numbers_lead_to_their_cases_and_events_into_the_log(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.deactivated()
    chika = clerk("chika", "en")
    page = chika.get(result("removals", period="last_7_days", basis="received"))
    links = {link.get_text(strip=True): link["href"] for link in page.html.select("table.report-table a")}
    assert page.code == 200
    page = chika.get(result("removals", start=str(day(world, -7)), end=str(day(world))))
    links = {link.get_text(strip=True): link["href"] for link in page.html.select("table.report-table a")}
    assert links[world.case(case_id).reference] == f"/admin/case/{case_id}"
    event = row_of(world, "audit_event", tag="case:device:deactivated")
    assert links[event["id"]] == f"/admin/log/{event['id']}"


def test_each_column_is_explained_after_the_table_in_the_words_of_the_exported_dictionary(
    world: World, clerk: Hire
) -> None:
    queued(world)
    page = clerk("chika", "en").get(today(world, "volumes"))
    explained = page.html.select(".report-region ~ .report-more .dictionary dt")
    assert [one.get_text(strip=True) for one in explained] == [
        head.get_text(" ", strip=True) for head in page.html.select("table.report-table thead th")
    ]
    assert labels.word("report_column_help", "declined", "en") in page.text


@pytest.mark.parametrize("report", ["volumes", "cases", "removals", "times"])
def test_personal_data_is_on_no_page(world: World, clerk: Hire, report: str) -> None:
    world.account()
    world.deactivated()
    page = clerk("chika").get(
        result(report, start=str(day(world, -7)), end=str(day(world)), basis="received")
    )
    assert page.code == 200
    assert rows(page)
    for secret in (HANAKO["name"], HANAKO["account_email"], HANAKO["number"]):
        assert secret not in page.text


def test_a_period_without_data_says_so_and_leads_to_the_nearest_that_has_some(
    world: World, clerk: Hire, lang: str
) -> None:
    queued(world)
    before = str(day(world))
    world.pass_time(days=3)
    chika = clerk("chika", lang)
    page = chika.get(today(world, "volumes"))
    assert {"ja": "この条件に該当するリクエストはありません。", "en": "No requests match"}[lang] in page.text
    assert not page.html.select("table, svg.drawing")
    page = chika.open(page.html.select_one(".empty a")["href"])
    assert query(f"?{page.query}")["end"] == before
    assert rows(page)


def test_a_period_without_data_leads_nowhere_where_there_is_none(world: World, clerk: Hire) -> None:
    page = clerk("chika", "en").get(today(world, "volumes"))
    assert "No requests match" in page.text
    assert not page.html.select(".empty a")


def test_four_eyes_has_its_proof_and_no_exception(world: World, clerk: Hire) -> None:
    world.declined()
    page = clerk("chika", "en").get(today(world, "four_eyes"))
    assert "100.0%" in finding(page)
    assert "SELECT" in page.html.select_one("pre.statement").get_text()
    assert not page.html.select(".banner--important")


def test_a_decision_by_one_is_held_up_with_a_link_to_its_case(world: World, clerk: Hire) -> None:
    case_id = world.declined()
    event = row_of(world, "audit_event", tag="case:decline:approved")
    unguarded(world)
    attack(world, changed("audit_event", event["id"], actor=f"staff:{world.logins['alice'].staff_id}"))
    page = clerk("chika", "en").get(today(world, "four_eyes"))
    alarm = page.html.select_one(".banner--important")
    assert "This must never happen" in alarm.get_text()
    assert alarm.find("a", string=world.case(case_id).reference)["href"] == f"/admin/case/{case_id}"


def test_a_sample_shows_its_seed_and_is_drawn_by_it_again(world: World, clerk: Hire) -> None:
    world.account()
    world.deactivated()
    chika, days = clerk("chika", "en"), {"start": str(day(world, -3)), "end": str(day(world))}
    first = chika.get(result("sample", **days))
    seed = query(first.html.find("a", string="Export")["href"])["seed"]
    assert seed in first.text
    assert chika.follow("Change settings").value("seed") == seed
    again = chika.get(result("sample", **days, seed=seed))
    assert rows(again) == rows(first)
    other = chika.get(result("sample", **days, seed="another"))
    assert rows(other)[0]["Draw"] != rows(first)[0]["Draw"]


def test_a_report_leads_to_its_export_with_the_same_settings(world: World, clerk: Hire) -> None:
    queued(world, language="en")
    chika = clerk("chika", "en")
    chika.get(today(world, "cases", language="en", basis="received"))
    page = chika.follow("Export")
    here = str(day(world))
    assert page.code == 200
    assert (page.value("start"), page.value("end"), page.value("language")) == (here, here, "en")


def test_filters_are_named_as_a_sentence_also_on_paper(world: World, clerk: Hire) -> None:
    queued(world)
    page = clerk("chika", "en").get(today(world, "volumes", language="ja", status="queued"))
    said = page.html.select(".report-asked")[1].get_text(" ", strip=True)
    assert "Date basis: Received" in said
    assert "Language: 日本語" in said.replace("Japanese", "日本語")
    assert "Status: Received" in said


def test_every_read_is_on_record_with_report_and_days_and_nothing_that_was_typed(
    world: World, clerk: Hire
) -> None:
    here = str(day(world))
    chika = clerk("chika")
    chika.get(today(world, "volumes"))
    chika.get(today(world, "sample", seed="山田 花子"))
    chika.get(result("volumes", period="custom", start="x", end=here))
    assert reads(world) == [
        {"report": "volumes", "from": here, "to": here},
        {"report": "sample", "from": here, "to": here},
    ]


def test_a_page_takes_the_same_statements_however_many_cases_there_are(world: World, clerk: Hire) -> None:
    chika = clerk("chika")
    queued(world)
    found = []
    for more in (0, 5):
        queued(world, more)
        world.now += timedelta(seconds=1)
        with statements(world) as seen:
            chika.get(today(world, "volumes"))
        found.append(len(seen))
    assert found[0] == found[1]


@only_on("postgresql")
def test_a_report_that_takes_longer_than_a_page_may_says_so_and_keeps_what_was_asked(
    world: World, clerk: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(ctx: Context, _asked: Asked) -> Result:
        ctx.session.execute(text("SET LOCAL statement_timeout = 10"))
        ctx.session.execute(text("SELECT pg_sleep(5)"))
        raise AssertionError("it was not stopped")

    monkeypatch.setitem(reports.SUMMARIES, "volumes", (reports.SUMMARIES["volumes"][0], slow))
    chika = clerk("chika", "en")
    page = chika.get(today(world, "volumes", tier="elevated"))
    assert page.code == 422
    assert "This report takes too long for a page." in page.html.select_one("#error-summary").get_text()
    assert page.html.select_one("#tier option[selected]")["value"] == "elevated"
    assert chika.get(today(world, "statuses")).code == 200
