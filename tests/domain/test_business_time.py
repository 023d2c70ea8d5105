from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.business_time import add_business_hours, business_elapsed, slots
from portal.domain.languages import DEFAULT_LANGUAGE, JAPAN_OFFICE, LANGUAGES, SupportHours
from tests.domain.steady import steady

TOKYO = ZoneInfo("Asia/Tokyo")
HOLIDAYS = {date(2026, 11, 23), date(2026, 11, 3)}
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
LONDON = SupportHours(zone="Europe/London", weekdays=frozenset(range(7)), opens=time(0, 30), closes=time(3))

moments = st.integers(0, 365 * 24 * 60).map(lambda minute: NEW_YEAR + timedelta(minutes=minute))
lengths = st.integers(0, 40 * 60).map(lambda minutes: timedelta(minutes=minutes))


def is_holiday(day):
    return day in HOLIDAYS


def jst(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=TOKYO)


def add(start, hours):
    return add_business_hours(start, hours, JAPAN_OFFICE, is_holiday)


def elapsed(start, end):
    return business_elapsed(start, end, JAPAN_OFFICE, is_holiday)


# November 2026: Monday 2, holiday Tuesday 3, Friday 20, holiday Monday 23
@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (jst(2, 9), 9, jst(2, 18)),
        (jst(2, 9), 1, jst(2, 10)),
        (jst(4, 10), 9, jst(5, 10)),
        (jst(2, 17), 9, jst(4, 17)),
        (jst(2, 18), 1, jst(4, 10)),
        (jst(2, 3), 1, jst(2, 10)),
        (jst(20, 17, 30), 1, jst(24, 9, 30)),
        (jst(21, 12), 9, jst(24, 18)),
        (jst(20, 9), 27, jst(25, 18)),
        (jst(20, 13, 15), timedelta(minutes=30), jst(20, 13, 45)),
    ],
)
def test_hours_run_only_while_the_desk_is_open(start, hours, due):
    assert add(start, hours) == due


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (jst(2, 9), jst(2, 18), 9),
        (jst(2, 0), jst(5, 0), 18),
        (jst(2, 17), jst(4, 10), 2),
        (jst(20, 18), jst(24, 9), 0),
        (jst(3, 9), jst(3, 18), 0),
        (jst(21, 0), jst(23, 23), 0),
        (jst(5, 12), jst(5, 12), 0),
        (jst(5, 12), jst(4, 12), 0),
    ],
)
def test_elapsed_time_leaves_out_nights_weekends_and_holidays(start, end, hours):
    assert elapsed(start, end) == timedelta(hours=hours)


def test_result_is_in_utc():
    assert add(jst(2, 9), 1).tzinfo is UTC


def test_no_hours_are_over_at_once():
    assert add(jst(21, 3), 0) == jst(21, 3)


def test_hours_stay_true_over_a_change_of_clocks():
    # In London clocks go forward on 29 March 2026 at 1:00: between 0:30 and 3:00 lie one and a half hours.
    start = datetime(2026, 3, 29, tzinfo=UTC)
    due = add_business_hours(start, timedelta(hours=2), LONDON, lambda day: False)

    assert due == datetime(2026, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize("wrong", [-1, timedelta(seconds=-1)])
def test_negative_hours_are_refused(wrong):
    with pytest.raises(ValueError, match="forwards"):
        add(jst(2, 9), wrong)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        add(datetime(2026, 11, 2, 9), 1)  # noqa: DTZ001


def test_a_calendar_that_never_opens_is_an_error_and_no_endless_loop():
    with pytest.raises(ValueError, match="does not open"):
        add_business_hours(jst(2, 9), 1, JAPAN_OFFICE, lambda day: True)


def test_a_calendar_that_never_opens_has_no_elapsed_time():
    assert business_elapsed(jst(2, 9), jst(30, 9), JAPAN_OFFICE, lambda day: True) == timedelta(0)


@steady
@given(moments, lengths)
def test_exactly_the_added_time_has_elapsed(start, length):
    assert elapsed(start, add(start, length)) == length


@steady
@given(moments, lengths.filter(bool))
def test_no_earlier_moment_would_do(start, length):
    assert elapsed(start, add(start, length) - timedelta(seconds=1)) < length


@steady
@given(moments, lengths, lengths)
def test_adding_twice_is_adding_the_sum(start, one, other):
    assert add(add(start, one), other) == add(start, one + other)


@steady
@given(st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_elapsed_time_adds_up(three):
    assert elapsed(three[0], three[2]) == sum((elapsed(a, b) for a, b in pairwise(three)), timedelta(0))


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_its_own_name_and_a_zone_that_exists(code):
    language = LANGUAGES[code]

    assert language.code == code
    assert language.native_name
    assert ZoneInfo(language.zone)
    assert ZoneInfo(language.support.zone)


def test_languages_and_their_names_are_those_of_the_product():
    assert {code: language.native_name for code, language in LANGUAGES.items()} == {
        "ja": "日本語",
        "en": "English",
    }
    assert DEFAULT_LANGUAGE in LANGUAGES


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_desk_is_open_on_weekdays_from_nine_to_six(code):
    support = LANGUAGES[code].support

    assert support.weekdays == {0, 1, 2, 3, 4}
    assert (support.opens, support.closes) == (time(9), time(18))


@pytest.mark.parametrize(
    ("weekdays", "opens", "closes"), [(frozenset(), time(9), time(18)), (frozenset({0}), time(18), time(9))]
)
def test_support_hours_without_an_opening_are_refused(weekdays, opens, closes):
    with pytest.raises(ValueError, match="must open"):
        SupportHours(zone="Asia/Tokyo", weekdays=weekdays, opens=opens, closes=closes)


HALF_HOUR = timedelta(minutes=30)


def offered(start, until, hours_of=JAPAN_OFFICE):
    return list(slots(start, until, HALF_HOUR, hours_of, is_holiday))


def test_slots_follow_each_other_from_the_opening_to_the_last_that_ends_before_closing():
    assert offered(jst(2, 0), jst(2, 23)) == [jst(2, 9) + HALF_HOUR * number for number in range(18)]


@pytest.mark.parametrize(
    ("start", "first"),
    [
        (jst(2, 9), jst(2, 9)),
        (jst(2, 9, 1), jst(2, 9, 30)),
        (jst(2, 17, 30), jst(2, 17, 30)),
        (jst(2, 17, 31), jst(4, 9)),
        (jst(20, 18), jst(24, 9)),
    ],
)
def test_the_first_slot_begins_when_the_desk_is_open_and_never_before_the_start(start, first):
    assert offered(start, start + timedelta(days=5))[0] == first


def test_no_slot_begins_after_the_end_and_none_is_found_where_the_desk_stays_closed():
    assert offered(jst(2, 9), jst(2, 10)) == [jst(2, 9), jst(2, 9, 30), jst(2, 10)]
    assert offered(jst(21, 9), jst(23, 18)) == []


def test_slots_are_counted_from_an_opening_at_any_minute():
    early = SupportHours(
        zone="Asia/Tokyo", weekdays=frozenset(range(7)), opens=time(9, 15), closes=time(10, 30)
    )
    assert offered(jst(5, 9, 20), jst(5, 23), early) == [jst(5, 9, 45)]


@given(moments, lengths)
def test_every_slot_is_support_time_from_its_first_minute_to_its_last(start, length):
    for at in offered(start, start + length):
        assert start <= at <= start + length
        assert elapsed(at, at + HALF_HOUR) == HALF_HOUR
