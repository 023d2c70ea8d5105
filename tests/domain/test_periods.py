"""Periods: days in Japan, months and quarters of any length, and a fiscal year that begins in April."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.periods import PRESETS, bounds, today
from tests.domain.steady import steady

WRITTEN = """
2026-11-26 today            2026-11-26 2026-11-26
2026-11-26 yesterday        2026-11-25 2026-11-25
2026-11-26 last_7_days      2026-11-19 2026-11-25
2026-11-26 last_30_days     2026-10-27 2026-11-25
2026-11-26 this_month       2026-11-01 2026-11-26
2026-11-26 last_month       2026-10-01 2026-10-31
2026-11-26 this_quarter     2026-10-01 2026-11-26
2026-11-26 last_quarter     2026-07-01 2026-09-30
2026-11-26 this_fiscal_year 2026-04-01 2026-11-26
2026-11-26 last_fiscal_year 2025-04-01 2026-03-31
2026-03-31 this_fiscal_year 2025-04-01 2026-03-31
2026-03-31 last_fiscal_year 2024-04-01 2025-03-31
2026-04-01 this_fiscal_year 2026-04-01 2026-04-01
2026-04-01 last_fiscal_year 2025-04-01 2026-03-31
2026-01-01 yesterday        2025-12-31 2025-12-31
2026-01-15 last_month       2025-12-01 2025-12-31
2026-01-15 last_quarter     2025-10-01 2025-12-31
2026-03-31 last_month       2026-02-01 2026-02-28
2028-03-01 last_month       2028-02-01 2028-02-29
2026-05-31 last_quarter     2026-01-01 2026-03-31
"""
ROWS = [line.split() for line in WRITTEN.strip().splitlines()]


@pytest.mark.parametrize(("day", "preset", "start", "end"), ROWS)
def test_each_choice_means_what_people_mean_by_it(day: str, preset: str, start: str, end: str) -> None:
    found = PRESETS[preset](date.fromisoformat(day))
    assert tuple(each.isoformat() for each in found) == (start, end)


@steady
@given(st.dates(date(1990, 1, 1), date(2200, 1, 1)))
def test_no_choice_reaches_into_the_future_or_runs_backwards(day: date) -> None:
    for preset, choose in PRESETS.items():
        start, end = choose(day)
        assert start <= end <= day, preset
        assert end - start <= timedelta(days=365), preset


@steady
@given(st.dates(date(1990, 1, 1), date(2200, 1, 1)))
def test_the_last_span_ends_on_the_day_before_this_one_begins(day: date) -> None:
    for span in ("month", "quarter", "fiscal_year"):
        start, _ = PRESETS[f"this_{span}"](day)
        _, end = PRESETS[f"last_{span}"](day)
        assert end + timedelta(days=1) == start


def test_the_day_is_that_of_japan_and_not_of_the_machine() -> None:
    assert today(datetime(2026, 11, 26, 14, 59, 59, tzinfo=UTC)) == date(2026, 11, 26)
    assert today(datetime(2026, 11, 26, 15, 0, tzinfo=UTC)) == date(2026, 11, 27)


def test_a_period_goes_from_midnight_to_midnight_in_japan() -> None:
    first, beyond = bounds(date(2026, 4, 1), date(2026, 4, 30))
    assert first == datetime(2026, 3, 31, 15, 0, tzinfo=UTC)
    assert beyond == datetime(2026, 4, 30, 15, 0, tzinfo=UTC)
