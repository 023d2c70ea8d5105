"""The first pages: which language they open in, what they promise, and that they say it in one language."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.public.records import statements
from tests.public.visitor import Page, Visitor, named
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TELLING = ("/", "/help", "/privacy", "/accessibility", "/find", "/find/sent", "/request/deleted")


@ONE_DATABASE
@pytest.mark.parametrize(
    ("asked", "cookie", "language"),
    [
        ("ja,en;q=0.5", None, "ja"),
        ("en-GB,en;q=0.9", None, "en"),
        ("fr", None, "ja"),
        ("", None, "ja"),
        ("ja", "en", "en"),
        ("en", "ja", "ja"),
        ("en", "fr", "en"),
    ],
)
def test_front_door_opens_in_the_chosen_language_or_the_browsers(
    app: Flask, asked: str, cookie: str | None, language: str
):
    client = app.test_client()
    if cookie:
        client.set_cookie("lang", cookie)

    answer = client.get("/", headers={"Accept-Language": asked})

    assert answer.headers["Location"] == f"/{language}/"
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))


@ONE_DATABASE
def test_language_of_a_page_is_remembered_for_a_year(visitor: Visitor):
    page = visitor.get("/")
    visitor.other_language()

    assert "Max-Age=31536000" in page.response.headers["Set-Cookie"]
    assert visitor.client.get("/").headers["Location"] == "/en/"


@ONE_DATABASE
@pytest.mark.parametrize(
    ("lang", "heading", "way", "status", "cancel", "promise"),
    [
        (
            "ja",
            "MFA デバイスを使えないとき",
            "解除方法を確認する",
            "リクエストの状況を見る",
            "リクエストを取り消す",
            "担当者がパスワードや認証コードをお聞きすることはありません。",
        ),
        (
            "en",
            "If you cannot use your MFA device",
            "Check what you can do",
            "Check a request",
            "Cancel a request",
            "Our staff never ask for your password or codes.",
        ),
    ],
)
def test_start_page_shows_the_ways_to_go(
    visitor: Visitor, lang: str, heading: str, way: str, status: str, cancel: str, promise: str
):
    visitor.language = lang
    page = visitor.get("/")

    links = {named(link): link["href"] for link in page.html.main.find_all("a")}
    assert page.heading == heading
    assert page.title.startswith(f"{heading}{'｜' if lang == 'ja' else ' | '}")
    assert (links[way], links[status], links[cancel]) == (f"/{lang}/triage", f"/{lang}/find", f"/{lang}/find")
    assert promise in page.text


@ONE_DATABASE
def test_hours_and_first_reply_stand_beside_each_language_in_that_language(visitor: Visitor, lang: str):
    visitor.language = lang
    page = visitor.get("/")

    said = {dd["lang"]: dd.get_text(" ", strip=True) for dd in page.html.select(".hours dd")}
    assert "最初の返信の目安" in said["ja"]
    assert "2026年11月25日（水）10:00（日本時間）" in said["ja"]
    assert "25 November 2026 at 10:00am JST (UTC+9)" in said["en"]


@ONE_DATABASE
@pytest.mark.parametrize("path", TELLING)
def test_page_speaks_one_language_and_offers_the_other(visitor: Visitor, lang: str, path: str):
    visitor.language = lang
    page = visitor.get(path)

    assert page.code == 200
    assert page.html.html["lang"] == lang
    assert page.foreign_words(lang) == []
    assert page.heading in page.title
    assert current_language(page) == lang


@ONE_DATABASE
def test_help_stands_in_the_same_place_on_every_page(visitor: Visitor):
    footers = {tuple(named(link) for link in visitor.get(path).html.footer.find_all("a")) for path in TELLING}

    assert footers == {("お困りのとき", "書面を確認する", "個人情報の取り扱い", "アクセシビリティ")}


@ONE_DATABASE
def test_start_page_names_itself_in_each_language_for_search_engines(visitor: Visitor, world: World):
    links = visitor.get("/").html.head.find_all("link", rel="alternate")

    base = world.runtime.settings.base_url
    assert {link["hreflang"]: link["href"] for link in links} == {
        "ja": f"{base}/ja/",
        "en": f"{base}/en/",
        "x-default": f"{base}/",
    }


@ONE_DATABASE
def test_privacy_page_says_how_long_each_thing_is_kept(visitor: Visitor, lang: str):
    visitor.language = lang
    kept = [value.get_text() for value in visitor.get("/privacy").html.select(".summary__value")]

    times = {
        "ja": ("24 時間", "30 日", "1 年", "7 年", "90 日"),
        "en": ("24 hours", "30 days", "1 year", "7 years", "90 days"),
    }[lang]
    assert [time in line for time, line in zip(times, kept, strict=True)] == [True] * 5


@ONE_DATABASE
def test_address_without_its_last_slash_still_opens(visitor: Visitor):
    assert visitor.get("").path == "/ja/"


def test_start_page_asks_the_database_nothing(world: World, visitor: Visitor):
    visitor.get("/")
    with statements(world) as sent:
        visitor.get("/")

    assert [words for words in sent if "FROM" in words] == []


def current_language(page: Page) -> Any:
    current = page.html.select_one(".languages__current")
    assert current is not None
    assert current["aria-current"] == "true"
    return current["lang"]
