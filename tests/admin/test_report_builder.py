"""The report builder: which reports there are, the periods to choose from, and what is said of a report that cannot be."""

from __future__ import annotations

import pytest

from admin.report_form import GROUP_WORDS, GROUPS
from portal.domain.reports import REPORTS as ALL
from tests.admin.conftest import Hire
from tests.admin.desk import says_in
from tests.admin.report_pages import REPORTS, builder, day, query, result
from tests.world import World

PRESETS = {
    "ja": [
        *("今日", "昨日", "過去 7 日間", "過去 30 日間", "今月", "先月", "今四半期", "前四半期"),
        *("今年度（4月1日〜）", "前年度", "期間を指定"),
    ],
    "en": [
        *("Today", "Yesterday", "Last 7 days", "Last 30 days", "This month", "Last month"),
        *("This quarter", "Last quarter", "This fiscal year (from 1 April)", "Last fiscal year", "Custom"),
    ],
}
ALWAYS = {
    "ja": "2026年10月1日〜10月31日（日本時間）。終了日を含む",
    "en": "1 October to 31 October 2026 (Japan time). End date included",
}
DATES = {"period": "custom", "start": "2026-10-01", "end": "2026-10-31"}


def test_compliance_opens_reports_and_nobody_else(clerk: Hire) -> None:
    for address in (REPORTS, builder("volumes"), result("volumes", **DATES)):
        codes = {name: clerk(name).get(address).code for name in ("alice", "bob", "lee", "chika", "ada")}
        assert codes == {"alice": 403, "bob": 403, "lee": 403, "chika": 200, "ada": 403}


def test_every_report_is_listed_once_with_the_question_that_it_answers(clerk: Hire, lang: str) -> None:
    page = clerk("chika", lang).get(REPORTS)
    listed = [line.a["href"].rpartition("/")[2] for line in page.html.select(".reports li")]
    assert sorted(listed) == sorted(ALL)
    assert all(line.p.get_text(strip=True) for line in page.html.select(".reports li"))
    assert list(GROUPS) == list(GROUP_WORDS)
    assert page.foreign_words(lang) == []


def test_periods_are_radios_in_a_fieldset_each_with_its_days_written_out(clerk: Hire, lang: str) -> None:
    page = clerk("chika", lang).get(builder("volumes"))
    choices = page.html.select(".periods fieldset .choice")
    assert [one.label.get_text(strip=True) for one in choices] == PRESETS[lang]
    hints = [one.select_one(".choice__hint") for one in choices]
    assert all(hint.get_text(strip=True) for hint in hints[:-1])
    assert page.foreign_words(lang) == []


def test_the_chosen_range_is_always_written_out(clerk: Hire, lang: str) -> None:
    chika = clerk("chika", lang)
    for address in (builder("volumes"), builder("volumes", **DATES), result("volumes", **DATES)):
        said = chika.get(address).html.select_one("main :is(.chosen, .report-asked)[role=status]")
        assert ALWAYS[lang] in said.get_text()


def test_a_report_can_be_asked_for_by_all_that_it_has_and_no_more(clerk: Hire) -> None:
    chika = clerk("chika", "en")
    asked = {
        key: {field["name"] for field in chika.get(builder(key)).html.select("main form [name]")}
        - {"csrf_token"}
        for key in ("volumes", "objections", "sample")
    }
    dates, filters = {"period", "start", "end"}, {"status", "language", "reason", "outcome", "tier"}
    assert asked == {
        "volumes": dates | filters | {"basis"},
        "objections": dates,
        "sample": dates | filters | {"basis", "seed"},
    }


def test_a_preview_is_an_address_of_fixed_days_that_can_be_passed_on(clerk: Hire) -> None:
    chika = clerk("chika")
    sent = {"period": "last_month", "start": "", "end": "", "basis": "closed", "status": "", "language": "en"}
    chika.get(result("volumes", **sent))
    assert chika.page is not None
    assert chika.page.code == 200
    assert query(f"?{chika.page.query}") == {
        "start": "2026-10-01",
        "end": "2026-10-31",
        "basis": "closed",
        "language": "en",
        "preset": "last_month",
    }


def test_the_settings_of_a_report_lead_back_into_the_builder(world: World, clerk: Hire) -> None:
    chika = clerk("chika", "en")
    chika.get(result("volumes", period="last_month", basis="closed", tier="elevated"))
    page = chika.follow("Change settings")
    assert (page.value("period"), page.value("basis")) == ("last_month", "closed")
    assert page.html.select_one("#tier option[selected]")["value"] == "elevated"
    world.pass_time(days=10)  # the same address is now about the month before last
    page = clerk("chika").open(f"{page.path}?{page.query}")
    assert (page.value("period"), page.value("start"), page.value("end")) == (
        "custom",
        "2026-10-01",
        "2026-10-31",
    )


WRONG: dict[str, tuple[dict[str, str], tuple[str, str]]] = {
    "start": (
        {"start": "", "end": "2026-10-31"},
        ("開始日を入力してください。", "Enter a start date"),
    ),
    "end": ({"start": "2026-10-01", "end": ""}, ("終了日を入力してください。", "Enter an end date")),
}
IMPOSSIBLE: list[tuple[str, str, str, tuple[str, str]]] = [
    (
        *("start", "2026-10-02", "2026-10-01"),
        (
            "開始日は終了日以前の日付にしてください。",
            "Start date must be the same as or before the end date",
        ),
    ),
    (
        *("end", "2025-01-01", "2026-10-01"),
        ("期間は 366 日以内で指定してください。", "Period must be 366 days or less"),
    ),
]


@pytest.mark.parametrize("field", WRONG)
def test_a_date_that_is_missing_is_asked_for_at_its_field(clerk: Hire, lang: str, field: str) -> None:
    dates, words = WRONG[field]
    page = clerk("chika", lang).get(result("volumes", period="custom", **dates))
    says_in(lang, page, field, words)
    assert {name: page.value(name) for name in dates} == dates


@pytest.mark.parametrize(("field", "start", "end", "words"), IMPOSSIBLE)
def test_an_impossible_range_is_said_at_its_field_and_kept(
    clerk: Hire, lang: str, field: str, start: str, end: str, words: tuple[str, str]
) -> None:
    page = clerk("chika", lang).get(result("volumes", period="custom", start=start, end=end))
    says_in(lang, page, field, words)
    assert (page.value("period"), page.value("start"), page.value("end")) == ("custom", start, end)


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("end", {"start": "2026-10-01", "end": "tomorrow"}),
        ("start", {"start": "2026-02-30", "end": "2026-03-01"}),
        ("period", {"period": "last_century"}),
        ("basis", {**DATES, "basis": "removed"}),
        ("status", {**DATES, "status": "lost"}),
    ],
)
def test_what_was_made_by_hand_is_refused_at_its_field(
    clerk: Hire, field: str, asked: dict[str, str]
) -> None:
    page = clerk("chika", "en").get(result("volumes", **asked))
    assert page.code == 422
    assert page.errors_at(field)


def test_what_is_no_day_is_shown_as_text_because_a_native_field_would_show_nothing(clerk: Hire) -> None:
    page = clerk("chika", "en").get(result("volumes", period="custom", start="2026-02-30", end="2026-03-01"))
    fields = [page.html.select_one(f"[name={name}]") for name in ("start", "end")]
    assert [(one["type"], one["value"]) for one in fields] == [("text", "2026-02-30"), ("date", "2026-03-01")]


def test_days_to_come_are_refused(world: World, clerk: Hire) -> None:
    here, then = day(world).isoformat(), day(world, 1).isoformat()
    page = clerk("chika", "en").get(result("volumes", start=here, end=then))
    assert page.errors_at("end") == ["End date must be today or earlier"]


def test_columns_and_filters_that_a_report_does_not_have_are_said_above_the_form(clerk: Hire) -> None:
    page = clerk("chika", "en").get(result("objections", **DATES, tier="elevated"))
    assert page.code == 422
    assert "Select a value from the list" in page.html.select_one("#error-summary").get_text()
    page = clerk("chika", "en").get(result("volumes", **DATES, columns="password"))
    assert "Name only columns that this report has" in page.html.select_one("#error-summary").get_text()


@pytest.mark.parametrize("address", [builder("passwords"), result("passwords"), f"{REPORTS}saved/x"])
def test_there_is_no_page_for_a_report_that_is_not_there(clerk: Hire, address: str) -> None:
    assert clerk("chika").get(address).code == 404
