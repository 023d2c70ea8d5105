"""The languages of Kaijo: what each is called, and when somebody who speaks it is at the desk.

Adding a language is one entry here and one catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True)
class SupportHours:
    """When the desk is open. Weekdays as in `date.weekday()`: Monday is 0."""

    zone: str
    weekdays: frozenset[int]
    opens: time
    closes: time

    def __post_init__(self) -> None:
        if not self.weekdays or self.opens >= self.closes:
            raise ValueError("support hours must open on some weekday, and close later than they open")


@dataclass(frozen=True)
class Language:
    """One language. `holidays` names the calendar of the days on which its desk is closed."""

    code: str
    native_name: str
    zone: str
    support: SupportHours
    holidays: str


JAPAN_OFFICE = SupportHours(zone="Asia/Tokyo", weekdays=frozenset(range(5)), opens=time(9), closes=time(18))

LANGUAGES: Mapping[str, Language] = {
    language.code: language
    for language in (
        Language(code="ja", native_name="日本語", zone="Asia/Tokyo", support=JAPAN_OFFICE, holidays="JP"),
        # One desk answers both languages until an operator staffs English at other hours.
        Language(code="en", native_name="English", zone="Asia/Tokyo", support=JAPAN_OFFICE, holidays="JP"),
    )
}

DEFAULT_LANGUAGE = "ja"
