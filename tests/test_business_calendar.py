from datetime import date

import pytest

from portal.business_calendar import is_holiday
from portal.domain.languages import LANGUAGES


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        (date(2026, 1, 1), True),  # New Year's Day
        (date(2026, 11, 23), True),  # Labour Thanksgiving Day
        (date(2026, 5, 6), True),  # a substitute: Constitution Day fell on a Sunday
        (date(2026, 9, 22), True),  # a citizens' holiday: a day between two holidays
        (date(2026, 11, 24), False),
        (date(2026, 12, 25), False),
        (date(2026, 11, 21), False),  # a Saturday is no holiday; the support hours leave it out
        (date(2027, 1, 1), True),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_japanese_public_holidays_close_the_desk(language, day, closed):
    assert is_holiday(language, day) is closed


def test_an_unknown_language_has_no_calendar():
    with pytest.raises(KeyError):
        is_holiday("fr", date(2026, 1, 1))
