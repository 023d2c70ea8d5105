"""Reports in words, in both languages: the sentence, what must be said beside figures, what is wrong with asking."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask

from portal import i18n, labels, report_words, written_times
from portal.domain.languages import LANGUAGES
from portal.domain.limits import DEFAULTS
from portal.domain.reports import REPORTS, Asked
from portal.reports import ERRORS, Result, WrongAsked
from tests import web

QUARTER = Asked("volumes", date(2026, 4, 1), date(2026, 6, 30))
FACTS = {"received": 128, "deactivated": 97, "declined": 19, "hours_to_decision": 31.44}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    made = web.portal(web.demo_settings(tmp_path_factory.mktemp("words")))
    with made.app_context():
        yield made


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "1 April to 30 June 2026: 128 received, 97 deactivated, 19 declined, 31.4 hours on average"),
        ("ja", "2026年4月1日〜6月30日：受付 128 件、無効化 97 件、不承認 19 件、平均 31.4 時間"),
    ],
)
def test_the_sentence_says_the_whole_report(app: Flask, language: str, words: str) -> None:
    with i18n.spoken_in(language):
        assert report_words.sentence(QUARTER, FACTS) == words


def test_what_is_not_known_is_not_said(app: Flask) -> None:
    with i18n.spoken_in("en"):
        said = report_words.sentence(QUARTER, {**FACTS, "hours_to_decision": None})
    assert said.endswith("19 declined")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_report_has_a_sentence(app: Flask, language: str) -> None:
    assert {*report_words.PARTS, "parity"} == set(REPORTS)
    with i18n.spoken_in(language):
        for report, parts in report_words.PARTS.items():
            facts = {part.fact: 0.5 if part.write is report_words.percent else 1234 for part in parts}
            said = report_words.sentence(Asked(report, QUARTER.start, QUARTER.end), facts)
            assert "%(" not in said
            assert "1,234" in said or "50.0%" in said


def test_languages_are_compared_in_one_sentence(app: Flask) -> None:
    facts = {"by_language": {"ja": (90, 70, 10, 0.875, 3.25, 9.0), "en": (2, 0, 0, None, None, None)}}
    with i18n.spoken_in("en"):
        said = report_words.sentence(Asked("parity", QUARTER.start, QUARTER.end), facts)
    assert said == (
        "1 April to 30 June 2026: In Japanese 90 requests, 87.5% approved,"
        " half with the desk for 3.2 hours at most, In English 2 requests"
    )


def test_small_numbers_and_what_must_never_happen_are_said_in_plain_words(app: Flask) -> None:
    cases = (
        ("parity", {"small": True}, "fewer than 20 decided"),
        ("volumes", {"requests": 19}, "fewer than 20 requests"),
        ("waits", {"shortened": 1}, "A waiting period was shortened"),
        ("four_eyes", {"exceptions": 1, "references": ("ABCD-2345",)}, "ABCD-2345"),
        ("agents", {}, "less than 3 minutes"),
        ("sample", {"seed": "7f"}, "Seed: 7f"),
    )
    with i18n.spoken_in("en"):
        for report, facts, words in cases:
            asked = Asked(report, QUARTER.start, QUARTER.end)
            (note,) = report_words.notes(asked, Result([], None, facts), DEFAULTS)
            assert words in note
        for facts in ({"requests": 20}, {"requests": 0}, {}):
            assert report_words.notes(QUARTER, Result([], None, facts), DEFAULTS) == []


def test_a_period_without_data_names_the_nearest_one_that_has_some(app: Flask) -> None:
    with i18n.spoken_in("en"):
        assert report_words.nothing(None) == ["No requests match"]
        assert report_words.nothing((QUARTER.start, QUARTER.end))[1].endswith("1 April to 30 June 2026")


def test_mistakes_are_said_in_the_words_of_the_page(app: Flask) -> None:
    errors = {
        "start": "start_after_end",
        "end": "period_too_long",
        "seed": "seed_too_long",
    }
    with i18n.spoken_in("en"):
        assert report_words.errors(WrongAsked(errors), DEFAULTS) == {
            "start": "Start date must be the same as or before the end date",
            "end": "Period must be 366 days or less",
            "seed": "Seed must be 100 characters or less",
        }
    with i18n.spoken_in("ja"):
        said = report_words.errors(WrongAsked({"a": "start_missing", "b": "period_too_long"}), DEFAULTS)
        assert said == {
            "a": "開始日を入力してください。",
            "b": "期間は 366 日以内で指定してください。",
        }


def test_every_mistake_has_words() -> None:
    assert set(labels.TABLES["report_error"]) == set(ERRORS)


@pytest.mark.parametrize(
    ("start", "end", "english", "japanese"),
    [
        ("2026-04-01", "2026-06-30", "1 April to 30 June 2026", "2026年4月1日〜6月30日"),
        ("2025-04-01", "2026-03-31", "1 April 2025 to 31 March 2026", "2025年4月1日〜2026年3月31日"),
        ("2026-04-01", "2026-04-01", "1 April 2026", "2026年4月1日"),
    ],
)
def test_a_period_is_written_as_short_as_it_can_be_said(
    start: str, end: str, english: str, japanese: str
) -> None:
    days = (date.fromisoformat(start), date.fromisoformat(end))
    assert written_times.span(*days, "en") == english
    assert written_times.span(*days, "ja") == japanese
