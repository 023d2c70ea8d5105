"""The periods that a report can be asked for: days in Japan, both ends included, never from the process's own clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

JAPAN = ZoneInfo("Asia/Tokyo")
FISCAL_MONTH = 4  # a Japanese fiscal year begins on 1 April
QUARTER = 3

Period = tuple[date, date]


def _month(day: date, back: int = 0) -> Period:
    return _months(day.replace(day=1), back, 1)


def _months(first: date, back: int, length: int) -> Period:
    """So many whole months, those that begin `back` such spans before the month of `first`."""
    start = first.year * 12 + first.month - 1 - back * length
    end = start + length
    last = date(end // 12, end % 12 + 1, 1) - timedelta(days=1)
    return date(start // 12, start % 12 + 1, 1), last


def _quarter(day: date, back: int = 0) -> Period:
    return _months(day.replace(month=(day.month - 1) // QUARTER * QUARTER + 1, day=1), back, QUARTER)


def _fiscal_year(day: date, back: int = 0) -> Period:
    year = day.year - (day.month < FISCAL_MONTH)
    return _months(date(year, FISCAL_MONTH, 1), back, 12)


# What each choice means on a day. The present ones end today: nobody can report on tomorrow.
PRESETS: Mapping[str, Callable[[date], Period]] = {
    "today": lambda day: (day, day),
    "yesterday": lambda day: (day - timedelta(days=1), day - timedelta(days=1)),
    "last_7_days": lambda day: (day - timedelta(days=7), day - timedelta(days=1)),
    "last_30_days": lambda day: (day - timedelta(days=30), day - timedelta(days=1)),
    "this_month": lambda day: (_month(day)[0], day),
    "last_month": lambda day: _month(day, 1),
    "this_quarter": lambda day: (_quarter(day)[0], day),
    "last_quarter": lambda day: _quarter(day, 1),
    "this_fiscal_year": lambda day: (_fiscal_year(day)[0], day),
    "last_fiscal_year": lambda day: _fiscal_year(day, 1),
}


def today(now: datetime) -> date:
    """The day in Japan."""
    return now.astimezone(JAPAN).date()


def bounds(start: date, end: date) -> tuple[datetime, datetime]:
    """The moments between which a period lies: from the first, up to but without the second."""
    return _midnight(start), _midnight(end + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), JAPAN).astimezone(UTC)
