"""Error pages: in the reader's language, calm, with a support ID, and never with anything technical."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient

from portal import errors, security
from tests import web

TITLES = {
    404: ("ページが見つかりません", "Page not found"),
    500: ("システムに問題が発生しました", "There is a problem with the service"),
    503: ("ただいま利用できません", "The service is unavailable for now"),
}
ID = re.compile(r"\b[2-9B-Z]{4}-[2-9B-Z]{4}\b")


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return web.portal(web.demo_settings(tmp_path))


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.mark.parametrize(("language", "place"), [("ja", 0), ("en", 1)])
@pytest.mark.parametrize(("path", "code"), [("nothing", 404), ("break/x", 500), ("down", 503)])
def test_error_page_speaks_the_language_of_the_address(
    client: FlaskClient, path: str, code: int, language: str, place: int
) -> None:
    answer = client.get(f"/{language}/{path}")
    assert answer.status_code == code
    assert f"<h1>{TITLES[code][place]}</h1>" in answer.text
    assert f'<html lang="{language}"' in answer.text
    assert ID.search(answer.text)


def test_error_page_outside_the_portal_follows_the_browser(client: FlaskClient) -> None:
    assert "Page not found" in client.get("/nothing", headers={"Accept-Language": "en"}).text


def test_unexpected_error_is_logged_by_route_with_its_support_id(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        text = client.get("/ja/break/a-token-from-a-mail").text
    shown = ID.search(text)
    assert shown
    assert shown[0] in caplog.text
    assert "/break/<token>" in caplog.text
    assert "a-token-from-a-mail" not in caplog.text


def test_unexpected_error_shows_nothing_of_its_cause(client: FlaskClient) -> None:
    answer = client.get("/ja/break/a-token-from-a-mail")
    assert "secret reason" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "Traceback" not in answer.text


def test_support_id_is_new_for_each_request(client: FlaskClient) -> None:
    first, second = (ID.search(client.get("/ja/nothing").text) for _time in range(2))
    assert first
    assert second
    assert first[0] != second[0]


def test_owner_is_told_that_answers_are_saved_and_staff_are_told_to_look(client: FlaskClient) -> None:
    assert "入力内容は保存されています。" in client.get("/ja/break/x").text
    assert "ケースの状態を確かめて" in client.get("/desk/break/x").text


def test_page_that_breaks_while_saying_so_still_says_it(app: Flask, client: FlaskClient) -> None:
    @app.context_processor
    def broken() -> dict[str, str]:
        raise RuntimeError("broken words")

    answer = client.get("/en/nothing")
    assert answer.status_code == 404
    assert "Page not found" in answer.text
    assert answer.headers["Content-Security-Policy"] == security.HEADERS["Content-Security-Policy"]


def test_form_that_is_too_old_says_that_nothing_is_lost(client: FlaskClient) -> None:
    answer = client.post("/ja/take", data={"name": "a"})
    assert answer.status_code == 400
    assert "もう一度ボタンを押してください" in answer.text


def test_damaged_text_is_named_as_such(client: FlaskClient) -> None:
    assert "Some characters could not be read" in client.get("/en/?q=%ff").text


def test_visitors_text_never_comes_back(client: FlaskClient) -> None:
    assert "<script>" not in client.get("/en/%3Cscript%3Ealert(1)%3C/script%3E").text


@pytest.mark.parametrize(
    ("key", "code", "words"),
    [
        ("refused", 409, "二次承認には別の担当者が必要です"),
        ("stale", 409, "ほかの担当者がこのケースを更新しました"),
        ("throttled", 429, "3 分後にもう一度試してください。"),
        ("not_found", 404, "ページが見つかりません"),
    ],
)
def test_refusal_that_no_page_caught_is_said_in_words(
    client: FlaskClient, key: str, code: int, words: str
) -> None:
    answer = client.get(f"/ja/refuse/{key}")
    assert answer.status_code == code
    assert words in answer.text


def test_too_often_says_when_to_come_back(client: FlaskClient) -> None:
    assert client.get("/en/refuse/throttled").headers["Retry-After"] == "130"


def test_forbidden_way_names_the_ways_that_are_open(client: FlaskClient) -> None:
    allowed = client.get("/ja/take").headers["Allow"]
    assert {way.strip() for way in allowed.split(",")} == {"POST", "OPTIONS"}


def test_page_without_its_last_stroke_leads_on(client: FlaskClient) -> None:
    answer = client.get("/ja")
    assert answer.status_code == 308
    assert answer.headers["Location"].endswith("/ja/")


@pytest.mark.parametrize("code", sorted(errors.PAGES))
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_error_has_a_page(app: Flask, code: int, language: str) -> None:
    with app.test_request_context(f"/{language}/"):
        words = errors.PAGES[code]
        html = render_template(
            "error.html",
            code=code,
            page_title=str(words.title),
            message=str(words.message),
            advice=str(words.advice),
            support_id="7K4Q-2W9D",
        )
        assert f"<h1>{words.title}</h1>" in html
