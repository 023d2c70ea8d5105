"""Counts support hours, in which the desk's own deadlines run. Waiting periods run by the calendar instead.

Times go in and come out in UTC; only the opening and closing of a day are thought of in the desk's own zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from portal.domain.languages import SupportHours

# A calendar that never opens is a mistake in a table, and must not become an endless loop.
LONGEST_CLOSURE = timedelta(days=366)

IsHoliday = Callable[[date], bool]


def add_business_hours(
    start: datetime, hours: int | timedelta, hours_of: SupportHours, is_holiday: IsHoliday
) -> datetime:
    """Return the earliest moment at which so many support hours have passed since `start`.

    Raises ValueError for a negative length, a time without a zone, or a calendar that never opens.
    """
    left = hours if isinstance(hours, timedelta) else timedelta(hours=hours)
    if left < timedelta(0):
        raise ValueError("support hours are counted forwards")
    if not left:
        return _utc(start)
    for opens, closes in _openings(_utc(start), hours_of, is_holiday):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    raise AssertionError("unreachable: openings end only by an error")


def business_elapsed(
    start: datetime, end: datetime, hours_of: SupportHours, is_holiday: IsHoliday
) -> timedelta:
    """Return how much support time lies between two moments; zero where `end` is not after `start`."""
    total, until = timedelta(0), _utc(end)
    if until <= _utc(start):
        return total
    for opens, closes in _openings(_utc(start), hours_of, is_holiday, until=until):
        if opens >= until:
            break
        total += min(closes, until) - opens
    return total


def slots(
    start: datetime, until: datetime, length: timedelta, hours_of: SupportHours, is_holiday: IsHoliday
) -> Iterator[datetime]:
    """Yield the beginnings, from `start` to `until`, of stretches of support time that follow each other from each opening."""
    zone = ZoneInfo(hours_of.zone)
    for opens, closes in _openings(_utc(start), hours_of, is_holiday, until=_utc(until)):
        whole = _at(opens.astimezone(zone).date(), hours_of, zone)[0]
        at = whole - (whole - opens) // length * length
        while at + length <= closes and at <= until:
            yield at
            at += length


def _openings(
    start: datetime, hours_of: SupportHours, is_holiday: IsHoliday, until: datetime | None = None
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the stretches in which the desk is open, the first one cut off at `start`."""
    zone = ZoneInfo(hours_of.zone)
    day = start.astimezone(zone).date()
    last = start
    while until is None or _at(day, hours_of, zone)[0] < until:
        opens, closes = _at(day, hours_of, zone)
        if day.weekday() in hours_of.weekdays and not is_holiday(day) and closes > start:
            yield max(opens, start), closes
            last = closes
        elif until is None and opens - last > LONGEST_CLOSURE:
            raise ValueError("the desk does not open for a year")
        day += timedelta(days=1)


def _at(day: date, hours_of: SupportHours, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The opening and closing of a day, in UTC, so that clock changes in the zone cannot bend a sum."""
    return (
        datetime.combine(day, hours_of.opens, tzinfo=zone).astimezone(UTC),
        datetime.combine(day, hours_of.closes, tzinfo=zone).astimezone(UTC),
    )


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)
