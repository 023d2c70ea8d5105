"""Languages: who decides which one is spoken, that the choice sticks, and how times are written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import gettext

from portal import i18n, labels, written_times
from portal.domain.languages import LANGUAGES
from tests import web

MOMENT = datetime(2026, 11, 23, 5, 5, tzinfo=UTC)
SKIP = {"ja": "本文へ移動", "en": "Skip to main content"}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return web.portal(web.demo_settings(tmp_path))


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_speaks_the_language_of_its_address(client: FlaskClient, language: str) -> None:
    text = client.get(f"/{language}/", headers={"Accept-Language": "de"}).text
    assert SKIP[language] in text
    assert f'<html lang="{language}">' in text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en-GB,en;q=0.9", "en"),
        ("ja-JP,ja;q=0.9,en;q=0.5", "ja"),
        ("de,fr;q=0.9,en;q=0.1", "en"),
        ("de", "ja"),
        ("", "ja"),
        ("*", "ja"),
        ("../../etc/passwd", "ja"),
        ("en;q=abc,,;;", "ja"),
    ],
)
def test_browser_decides_at_first_from_a_closed_list(client: FlaskClient, header: str, language: str) -> None:
    assert SKIP[language] in client.get("/desk/", headers={"Accept-Language": header}).text


def test_choice_of_a_language_sticks_for_a_year(client: FlaskClient) -> None:
    chosen = client.get("/en/")
    assert "Max-Age=31536000" in chosen.headers["Set-Cookie"]
    assert "HttpOnly" in chosen.headers["Set-Cookie"]
    assert SKIP["en"] in client.get("/desk/", headers={"Accept-Language": "ja"}).text


def test_cookie_with_an_unknown_language_is_ignored(client: FlaskClient) -> None:
    client.set_cookie("lang", "xx")
    assert client.get("/desk/", headers={"Accept-Language": "en"}).text.startswith("en|")


def test_live_language_cookie_is_bound_to_this_host(tmp_path: Path) -> None:
    client = web.portal(web.live_settings(tmp_path)).test_client()
    cookie = client.get("/en/", base_url=web.LIVE).headers["Set-Cookie"]
    assert cookie.startswith("__Host-lang=en")
    assert "Secure" in cookie


def test_setting_of_the_signed_in_person_wins_over_the_cookie(app: Flask) -> None:
    with app.test_request_context("/desk/", headers={"Cookie": "lang=ja"}):
        assert i18n.current() == "ja"
        i18n.speak("en")
        assert i18n.current() == "en"


def test_address_wins_over_the_setting_of_the_signed_in_person(app: Flask) -> None:
    with app.test_request_context("/ja/"):
        i18n.speak("en")
        assert i18n.current() == "ja"


def test_switch_leads_to_the_same_page_with_its_query(client: FlaskClient) -> None:
    text = client.get("/ja/show/a/b%20c?q=1%262&q=%E8%A7%A3").text
    assert 'href="/en/show/a/b%20c?q=1%262&amp;q=%E8%A7%A3"' in text


def test_query_cannot_steer_the_switch_elsewhere(client: FlaskClient) -> None:
    text = client.get("/ja/?_scheme=javascript&_external=1&lang=xx&_anchor=x").text
    assert 'href="/en/?_scheme=javascript' in text


def test_switch_of_a_missing_page_leads_to_the_start(client: FlaskClient) -> None:
    assert 'href="/en/"' in client.get("/ja/nothing/here").text


def test_page_without_a_language_in_its_address_offers_no_link(client: FlaskClient) -> None:
    assert client.get("/desk/").text.split("|")[1] == "None"


def test_page_that_answers_a_form_offers_no_link(app: Flask) -> None:
    with app.test_request_context("/ja/take", method="POST"):
        assert i18n.other_language_url() is None


def test_unknown_language_in_an_address_is_no_page(client: FlaskClient) -> None:
    assert client.get("/xx/").status_code == 404


def test_mail_speaks_its_own_language_inside_a_page(app: Flask) -> None:
    with app.test_request_context("/ja/"):
        with i18n.spoken_in("en"):
            assert gettext("Skip to main content") == SKIP["en"]
            with i18n.spoken_in("ja"):
                assert gettext("Skip to main content") == SKIP["ja"]
            assert gettext("Skip to main content") == SKIP["en"]
        assert gettext("Skip to main content") == SKIP["ja"]


def test_worker_speaks_a_language_without_any_request(app: Flask) -> None:
    with app.app_context():
        assert i18n.current() == "ja"
        with i18n.spoken_in("en"):
            assert gettext("Skip to main content") == SKIP["en"]
            assert i18n.when(MOMENT).endswith("JST (UTC+9)")
        assert gettext("Skip to main content") == SKIP["ja"]


def test_unknown_language_is_never_spoken(app: Flask) -> None:
    with app.app_context(), pytest.raises(ValueError, match="xx"), i18n.spoken_in("xx"):
        pass


def test_word_is_said_in_the_named_language(app: Flask) -> None:
    with app.test_request_context("/en/"):
        assert labels.word("status", "cooling_off", "ja") == "待機期間中"
        assert labels.word("status", "cooling_off") == "Waiting period"


def test_word_is_filled_with_values(app: Flask) -> None:
    with app.test_request_context("/ja/"):
        text = labels.word("owner_sentence", "cooling_off", time=i18n.when(MOMENT))
        assert (
            text == "2026年11月23日（月）14:05（日本時間）以降に MFA を無効にします。それまでは取り消せます。"
        )


@pytest.mark.parametrize(
    ("language", "text"),
    [("ja", "2026年11月23日（月）14:05（日本時間）"), ("en", "23 November 2026 at 2:05pm JST (UTC+9)")],
)
def test_moment_is_written_with_date_hour_and_zone(language: str, text: str) -> None:
    assert written_times.when(MOMENT, language) == text


@pytest.mark.parametrize(
    ("hour", "text"), [(15, "12:00am"), (0, "9:00am"), (3, "12:00pm"), (14, "11:00pm"), (4, "1:00pm")]
)
def test_english_clock_has_no_hour_zero(hour: int, text: str) -> None:
    assert written_times.clock(datetime(2026, 1, 1, hour, 0, tzinfo=UTC), "en") == text


def test_day_of_a_moment_is_the_day_in_japan() -> None:
    late = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)
    assert written_times.day(late, "ja") == "2027年1月1日（金）"
    assert written_times.day(date(2026, 12, 31), "en") == "31 December 2026"


def test_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        written_times.when(datetime(2026, 1, 1), "ja")  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize(
    ("span", "ja", "en", "short"),
    [
        (timedelta(seconds=59), "1 分未満", "under a minute", "under 1m"),
        (timedelta(minutes=1), "1 分", "1 minute", "1m"),
        (timedelta(hours=2, minutes=15), "2 時間 15 分", "2 hours 15 minutes", "2h 15m"),
        (timedelta(hours=-1), "1 時間", "1 hour", "1h"),
        (timedelta(hours=72), "72 時間", "72 hours", "72h"),
        (timedelta(days=7), "7 日", "7 days", "7d"),
        (timedelta(days=4, hours=1), "4 日 1 時間", "4 days 1 hour", "4d 1h"),
        (timedelta(days=365), "1 年", "1 year", "1y"),
        (timedelta(days=400), "400 日", "400 days", "400d"),
        (timedelta(days=2557), "7 年", "7 years", "7y"),
        (timedelta(days=2558), "2558 日", "2558 days", "2558d"),
        (timedelta(days=365, hours=3), "365 日 3 時間", "365 days 3 hours", "365d 3h"),
    ],
)
def test_span_is_written_in_its_two_largest_units_or_its_whole_years(
    span: timedelta, ja: str, en: str, short: str
) -> None:
    assert written_times.duration(span, "ja") == ja
    assert written_times.duration(span, "en") == en
    assert written_times.duration(span, "en", short=True) == short


def test_every_language_can_write_times() -> None:
    assert set(written_times.WRITINGS) == set(LANGUAGES)


def test_page_shows_the_time_of_the_desks_clock(tmp_path: Path) -> None:
    app = web.portal(web.demo_settings(tmp_path), clock=lambda session: MOMENT)
    long, tag, day = app.test_client().get("/en/now").text.split("|")
    assert long == "23 November 2026 at 2:05pm JST (UTC+9)"
    assert tag == f'<time datetime="2026-11-23T05:05:00Z">{long}</time>'
    assert day == "23 November 2026"
