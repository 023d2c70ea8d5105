"""Public holidays, from the `holidays` library: the days on which the desk of a language is closed."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

from portal.domain.languages import LANGUAGES


def is_holiday(language: str, day: date) -> bool:
    """Say whether the desk of a language is closed on a day because it is a public holiday."""
    return day in _holidays(LANGUAGES[language].holidays, day.year)


# A year at a time and then frozen: the library fills a shared calendar while it is asked, so that a second
# thread could find a year half filled.
@lru_cache(maxsize=64)
def _holidays(calendar: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(calendar, years=year))
