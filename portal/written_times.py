"""How each language writes a day, a moment and a span of time. Plain tables, one entry a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Tokyo")
LONGEST_IN_HOURS = timedelta(hours=72)  # waiting periods up to this length are known by their hours
_WEEKDAYS = "月火水木金土日"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Units:
    """Endings for years, days, hours and minutes; a pair where one and many differ."""

    years: tuple[str, str]
    days: tuple[str, str]
    hours: tuple[str, str]
    minutes: tuple[str, str]
    joint: str
    under_a_minute: str


@dataclass(frozen=True)
class Writing:
    """One language's way to write times."""

    day: Callable[[date], str]
    span: Callable[[date, date], str]
    clock: Callable[[datetime], str]
    when: str
    moment: str  # where the page says the zone once
    long: Units
    short: Units


def _english_clock(local: datetime) -> str:
    return f"{local.hour % 12 or 12}:{local.minute:02}{'am' if local.hour < 12 else 'pm'}"


def _english_span(start: date, end: date) -> str:
    """The year once, where it is the same."""
    first, last = (f"{day.day} {_MONTHS[day.month - 1]}" for day in (start, end))
    year = "" if start.year == end.year else f" {start.year}"
    return f"{last} {end.year}" if start == end else f"{first}{year} to {last} {end.year}"


def _japanese_span(start: date, end: date) -> str:
    first, last = (f"{day.month}月{day.day}日" for day in (start, end))
    year = "" if start.year == end.year else f"{end.year}年"
    return f"{start.year}年{first}" if start == end else f"{start.year}年{first}〜{year}{last}"


_JAPANESE_UNITS = Units((" 年", " 年"), (" 日", " 日"), (" 時間", " 時間"), (" 分", " 分"), " ", "1 分未満")

WRITINGS: Mapping[str, Writing] = {
    "ja": Writing(
        day=lambda d: f"{d.year}年{d.month}月{d.day}日（{_WEEKDAYS[d.weekday()]}）",
        span=_japanese_span,
        clock=lambda t: f"{t.hour}:{t.minute:02}",
        when="{day}{clock}（日本時間）",
        moment="{day}{clock}",
        long=_JAPANESE_UNITS,
        short=_JAPANESE_UNITS,
    ),
    "en": Writing(
        day=lambda d: f"{d.day} {_MONTHS[d.month - 1]} {d.year}",
        span=_english_span,
        clock=_english_clock,
        when="{day} at {clock} JST (UTC+9)",
        moment="{day}, {clock}",
        long=Units(
            (" year", " years"),
            (" day", " days"),
            (" hour", " hours"),
            (" minute", " minutes"),
            " ",
            "under a minute",
        ),
        short=Units(("y", "y"), ("d", "d"), ("h", "h"), ("m", "m"), " ", "under 1m"),
    ),
}


def local(moment: datetime) -> datetime:
    """The same moment on a clock in Japan."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone means two things")
    return moment.astimezone(ZONE)


def day(moment: date, language: str) -> str:
    """The calendar day, of a date or of a moment as it falls in Japan."""
    return WRITINGS[language].day(local(moment) if isinstance(moment, datetime) else moment)


def span(start: date, end: date, language: str) -> str:
    """Several days in a row, both ends included, as short as they can be said."""
    return WRITINGS[language].span(start, end)


def exactly(moment: datetime) -> str:
    """A moment to the second, the same in every language: columns of them are compared, not read."""
    return f"{local(moment):%Y-%m-%d %H:%M:%S}"


def clock(moment: datetime, language: str) -> str:
    return WRITINGS[language].clock(local(moment))


def when(moment: datetime, language: str, *, zone: bool = True) -> str:
    """Day, time and zone in full, because an owner may read it in another country; without `zone` in lists that say it once."""
    writing, here = WRITINGS[language], local(moment)
    return (writing.when if zone else writing.moment).format(day=writing.day(here), clock=writing.clock(here))


def duration(span: timedelta, language: str, *, short: bool = False) -> str:
    """The two largest units of a span, or its whole years; the sign is the caller's business."""
    writing = WRITINGS[language]
    units = writing.short if short else writing.long
    if years := _whole_years(abs(span)):
        return f"{years}{units.years[years != 1]}"
    minutes = int(abs(span).total_seconds()) // 60
    in_days = abs(span) > LONGEST_IN_HOURS
    days, hours = (minutes // 1440, minutes % 1440 // 60) if in_days else (0, minutes // 60)
    counted = ((days, units.days), (hours, units.hours), (0 if in_days else minutes % 60, units.minutes))
    parts = [f"{number}{ending[number != 1]}" for number, ending in counted if number]
    return units.joint.join(parts) or units.under_a_minute


def _whole_years(span: timedelta) -> int:
    """How many years a span is, if it is years and nothing else: with as many leap days as may fall into them."""
    years, rest = divmod(span, timedelta(days=365))
    return years if rest <= timedelta(days=-(-years // 4)) and not rest % timedelta(days=1) else 0
