"""The pages on which an IAM user corrects the registered number, and the one on which anybody who was told undoes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from portal.models import Account, PhoneCall, PhoneChange
from tests.applications import app_for
from tests.casework.keepers import (
    NEW,
    Keeper,
    Telephoned,
    corrected,
    iam_user,
    keyed,
    numbers,
    pressed_nine,
    revert_links,
    root_user,
)
from tests.people import HANAKO
from tests.public.keeper import browser_of
from tests.public.visitor import Page, Visitor
from tests.world import World

OLD = HANAKO["phone"]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = Telephoned(database_url, tmp_path, telephone="demo")
    yield made
    made.close()


@pytest.fixture
def app(world: World) -> Flask:
    settings = replace(world.runtime.settings, windows=("public",))
    return app_for(replace(world.runtime, settings=settings))


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def taro(world: World, account: Account) -> Keeper:
    return iam_user(world, account, "taro", edits=True)


def enter(browser: Visitor, keeper: Keeper, number: str = "090-0000-1111", **changes: str) -> Page:
    browser.get("/credentials/phone")
    return browser.send(**{"number": number, "code": keeper.code(), **changes})


def call(world: World, browser: Visitor, language: str = "ja") -> PhoneCall:
    world.now += timedelta(minutes=2)
    browser.get("/credentials/phone/call")
    browser.send(language=language)
    world.session.rollback()
    found = world.session.query(PhoneCall).order_by(PhoneCall.created_at.desc()).first()
    assert found is not None
    return found


# who comes in


@pytest.mark.parametrize("page", ["/credentials/phone", "/credentials/phone/call"])
def test_nobody_gets_here_without_signing_in_with_mfa(app: Flask, taro: Keeper, page: str, lang: str) -> None:
    stranger = Visitor(app, lang).client.get(f"/{lang}{page}")
    answers = [
        browser_of(app, taro, lang, stage).client.get(f"/{lang}{page}") for stage in ("password", "limited")
    ]

    assert stranger.headers["Location"] == f"/{lang}/sign-in"
    assert {answer.status_code for answer in answers} == {303}


@pytest.mark.parametrize("page", ["/credentials/phone", "/credentials/phone/call"])
def test_for_who_may_not_change_it_there_is_no_such_page(
    world: World, app: Flask, account: Account, page: str
) -> None:
    for keeper in (root_user(world, account), iam_user(world, account, "jiro")):
        assert browser_of(app, keeper).get(page).code == 404


# the way through


def test_a_number_is_corrected_and_its_new_holder_keys_in_what_the_page_shows(
    world: World, app: Flask, account: Account, taro: Keeper, lang: str
) -> None:
    browser = browser_of(app, taro, lang)
    page = enter(browser, taro, "０９０－００００－１１１１")
    assert page.path == f"/{lang}/credentials/phone/call", page.text
    assert "０９０－００００－１１１１" in page.text
    assert "+81 90-0000-1111" in page.text
    placed = call(world, browser, lang)
    shown = "".join(
        digit.get_text()
        for digit in browser.page.html.select(".call-code__digit")  # type: ignore[union-attr]
    )
    keyed(world, placed)
    done = browser.get("/credentials/phone/call")

    assert len(shown) == 6
    assert placed.language == lang
    assert numbers(world, account) == [NEW]
    assert "***-****-1111".replace("-", "") in done.text.replace(" ", "").replace("-", "")
    assert {"ja": "電話番号", "en": "The phone number is changed"}[lang] in done.text or lang == "ja"


def test_the_digits_are_shown_in_the_browser_that_asked_and_in_no_other(
    world: World, app: Flask, taro: Keeper
) -> None:
    browser, other = browser_of(app, taro), browser_of(app, taro)
    enter(browser, taro)
    call(world, browser)

    assert len(browser.get("/credentials/phone/call").html.select(".call-code__digit")) == 6
    assert other.get("/credentials/phone/call").html.select(".call-code__digit") == []


def test_nothing_of_the_digits_is_stored(world: World, app: Flask, taro: Keeper) -> None:
    browser = browser_of(app, taro)
    enter(browser, taro)
    placed = call(world, browser)
    shown = "".join(
        digit.get_text() for digit in browser.get("/credentials/phone/call").html.select(".call-code__digit")
    )

    assert shown not in repr(vars(placed))


def test_nine_on_the_new_number_says_so_and_leaves_the_old(
    world: World, app: Flask, account: Account, taro: Keeper
) -> None:
    browser = browser_of(app, taro, "en")
    enter(browser, taro)
    pressed_nine(world, call(world, browser, "en"))
    page = browser.get("/credentials/phone/call")

    assert "The phone number was not changed" in page.text
    assert numbers(world, account) == [OLD]


def test_another_call_too_soon_is_answered_on_the_page(world: World, app: Flask, taro: Keeper) -> None:
    browser = browser_of(app, taro, "en")
    enter(browser, taro)
    call(world, browser, "en")
    page = browser.send(language="en")

    assert (page.code, "Wait 60 seconds" in page.text) == (429, True)


# what is wrong


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("", "Enter the new phone number"),
        ("090", "Enter a phone number in the correct format"),
        ("12025550123", "Start numbers outside Japan with + and the country code"),
        ("0120-000-000", "Enter a number on which a person answers, not a toll-free or special-rate number"),
        ("+1 202 555 0123", "We cannot call this number. Use another number or another way."),
        (OLD, "This is the number that is registered already. Enter another one"),
    ],
)
def test_a_number_that_cannot_be_taken_is_said_at_its_field_and_kept(
    world: World, app: Flask, taro: Keeper, number: str, words: str
) -> None:
    page = enter(browser_of(app, taro, "en"), taro, number)

    assert (page.code, page.errors_at("number"), page.value("number")) == (422, [words], number)
    assert page.value("code") == ""
    assert world.session.query(PhoneChange).count() == 0


def test_a_wrong_code_is_said_at_its_field_also_in_the_other_language(
    world: World, app: Flask, taro: Keeper
) -> None:
    browser = browser_of(app, taro, "en")
    page = enter(browser, taro, code="000000")
    other = browser.switch()

    assert page.errors_at("code") == ["The code does not match. Enter the newest code in your app"]
    assert (page.value("code"), page.value("number")) == ("", "090-0000-1111")
    assert len(other.errors_at("code")) == 1
    assert other.value("number") == "090-0000-1111"
    assert world.session.query(PhoneChange).count() == 0


def test_a_form_from_elsewhere_changes_nothing(world: World, app: Flask, taro: Keeper) -> None:
    browser = browser_of(app, taro)
    browser.get("/credentials/phone")
    sent = {**browser.fill(), "csrf_token": "forged", "number": NEW, "code": taro.code()}

    assert browser.post("/ja/credentials/phone", sent).code == 400
    assert world.session.query(PhoneChange).count() == 0


def test_while_changes_are_held_the_page_says_until_when_and_takes_nothing(
    world: World, app: Flask, account: Account, taro: Keeper
) -> None:
    browser = browser_of(app, taro, "en")
    browser.get("/credentials/phone")
    sent = browser.fill(number=NEW, code=taro.code())
    with world.system.act():
        root_user(world, account).entry.changes_held_until = world.now + timedelta(hours=72)
    answer = browser.post("/en/credentials/phone", sent)

    assert "The number cannot be changed now" in answer.text
    assert not answer.html.main.find_all("form")
    assert world.session.query(PhoneChange).count() == 0


# undoing


def test_the_link_shows_first_and_its_button_undoes(
    world: World, app: Flask, account: Account, taro: Keeper, lang: str
) -> None:
    change = corrected(taro)
    raw = next(iter(revert_links(world, change).values()))
    contact = Visitor(app, lang)
    shown = contact.get(f"/revert/{raw}")
    before = numbers(world, account)
    done = contact.send()

    assert "taro" in shown.text
    assert (before, numbers(world, account)) == ([NEW], [OLD])
    assert (done.code, contact.get(f"/revert/{raw}").heading) == (200, done.heading)
    assert not done.html.main.find_all("form")


def test_a_scanner_that_opens_every_link_undoes_nothing(
    world: World, app: Flask, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    client = app.test_client()
    for raw in revert_links(world, change).values():
        for method in ("GET", "HEAD", "OPTIONS"):
            client.open(f"/en/revert/{raw}", method=method)

    assert numbers(world, account) == [NEW]


@pytest.mark.parametrize("raw", ["A" * 43, "x" * 43])
def test_a_link_that_is_no_longer_good_says_so(
    world: World, app: Flask, account: Account, taro: Keeper, raw: str, lang: str
) -> None:
    corrected(taro)
    contact = Visitor(app, lang)

    assert contact.get(f"/revert/{raw}").code == 404
    assert numbers(world, account) == [NEW]


def test_no_page_shows_a_whole_number_to_who_was_told(world: World, app: Flask, taro: Keeper) -> None:
    change = corrected(taro)
    raw = next(iter(revert_links(world, change).values()))
    text = Visitor(app, "en").get(f"/revert/{raw}").response.text

    assert not [whole for whole in (NEW, OLD, "0000-1111", HANAKO["number"]) if whole in text]
