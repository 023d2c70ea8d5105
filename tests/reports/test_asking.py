"""What somebody asks for: read from texts, judged field by field, and never half understood."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from portal.domain.limits import DEFAULTS
from portal.domain.reports import REPORTS, Asked
from portal.reports import WrongAsked, check, read, written

TODAY = date(2026, 11, 26)
APRIL = Asked("volumes", date(2026, 4, 1), date(2026, 4, 30))


def wrong(asked: Asked) -> dict[str, str]:
    with pytest.raises(WrongAsked) as caught:
        check(asked, TODAY, DEFAULTS)
    return caught.value.errors


def wrong_texts(**given: str) -> dict[str, str]:
    with pytest.raises(WrongAsked) as caught:
        read({"report": "volumes", **given}, TODAY, DEFAULTS)
    return caught.value.errors


def test_what_can_be_made_is_given_back_unchanged() -> None:
    for report in REPORTS.values():
        asked = replace(APRIL, report=report.key, basis=report.bases[0])
        assert check(asked, TODAY, DEFAULTS) is asked


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"report": "salaries"}, {"report": "report_unknown"}),
        ({"basis": "paid"}, {"basis": "basis_unknown"}),
        ({"basis": "removed"}, {"basis": "basis_unknown"}),
        ({"filters": {"colour": "red"}}, {"colour": "filter_unknown"}),
        ({"filters": {"status": "lost"}}, {"status": "filter_unknown"}),
        ({"filters": {"outcome": "training"}}, {"outcome": "filter_unknown"}),
        (
            {"report": "calls", "basis": "happened", "filters": {"tier": "standard"}},
            {"tier": "filter_unknown"},
        ),
        ({"columns": ("month", "salary")}, {"columns": "column_unknown"}),
        ({"seed": "x" * 101}, {"seed": "seed_too_long"}),
        ({"seed": "a\x00b"}, {"seed": "seed_unprintable"}),
        ({"seed": "a\udcffb"}, {"seed": "seed_unprintable"}),
        ({"start": date(1, 1, 1), "end": date(1, 1, 2)}, {"start": "start_too_early"}),
        ({"start": date(2026, 5, 1)}, {"start": "start_after_end"}),
        ({"end": date(2026, 11, 27)}, {"end": "end_in_future"}),
        ({"start": date(2025, 4, 29)}, {"end": "period_too_long"}),
        ({"basis": "paid", "end": date(2026, 3, 1)}, {"basis": "basis_unknown", "start": "start_after_end"}),
    ],
)
def test_each_mistake_is_named_at_its_own_field(changes: dict[str, Any], errors: dict[str, str]) -> None:
    assert wrong(replace(APRIL, **changes)) == errors


def test_a_leap_year_is_not_too_long() -> None:
    assert check(replace(APRIL, start=date(2025, 4, 30), end=date(2026, 4, 30)), TODAY, DEFAULTS)
    assert check(replace(APRIL, start=date(2024, 1, 1), end=date(2024, 12, 31)), TODAY, DEFAULTS)


def test_nothing_given_means_last_month_by_the_usual_date() -> None:
    asked = read({"report": "removals"}, TODAY, DEFAULTS)
    assert asked == Asked("removals", date(2026, 10, 1), date(2026, 10, 31), "removed")


def test_a_preset_is_read_on_the_day_on_which_it_is_asked() -> None:
    given = {"report": "volumes", "period": "last_fiscal_year", "status": "declined", "basis": "closed"}
    asked = read(given, TODAY, DEFAULTS)
    assert (asked.start, asked.end) == (date(2025, 4, 1), date(2026, 3, 31))
    assert (asked.basis, asked.filters) == ("closed", {"status": "declined"})


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"period": "soon"}, {"period": "period_unknown"}),
        ({"period": "custom"}, {"start": "start_missing", "end": "end_missing"}),
        ({"start": "2026-04-01"}, {"end": "end_missing"}),
        ({"end": "2026-04-01"}, {"start": "start_missing"}),
        ({"start": "2026-02-30", "end": "2026-04-01"}, {"start": "start_unreadable"}),
        ({"start": "2026-04-01", "end": "yesterday"}, {"end": "end_unreadable"}),
        ({"start": "2026-04-02", "end": "2026-04-01"}, {"start": "start_after_end"}),
        ({"start": "0001-01-01", "end": "9999-12-31"}, {"end": "end_in_future"}),
        (
            {"period": "custom", "basis": "x"},
            {"start": "start_missing", "end": "end_missing", "basis": "basis_unknown"},
        ),
        ({"report": "", "period": "today"}, {"report": "report_unknown"}),
        ({"tier": "royal"}, {"tier": "filter_unknown"}),
        ({"columns": "month salary"}, {"columns": "column_unknown"}),
    ],
)
def test_texts_that_say_nothing_possible_are_refused(given: dict[str, str], errors: dict[str, str]) -> None:
    assert wrong_texts(**given) == errors


def test_what_is_written_is_read_again_as_it_was() -> None:
    asked = replace(
        APRIL,
        report="sample",
        basis="approved",
        filters={"tier": "elevated"},
        seed="7 8",
        columns=("place", "draw"),
    )
    assert read(written(asked), TODAY, DEFAULTS) == asked
