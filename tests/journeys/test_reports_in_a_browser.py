"""Reports in a real browser, by keyboard alone: from the list to a preview, saved settings and the export, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.admin.report_pages import REPORTS, builder, day, result
from tests.journeys.keyboard import Keyboard
from tests.journeys.served import served
from tests.journeys.story import Story
from tests.journeys.test_owner_pages_in_a_browser import looking

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.parametrize("language", ["ja", "en"]),
]
LOOKS = (("dark", 1280), ("light", 320))  # the last one stays
SAVE = {"ja": "この条件を保存", "en": "Save these settings"}
SAVED = {"ja": "条件を保存しました。", "en": "The settings are saved."}
CHOSEN = {"ja": "2026年11月22日〜2026年11月23日", "en": "22 November 2026 to 23 November 2026"}
TABLES = """() => [...document.querySelectorAll('.report-region')].map((one) => {
    one.scrollLeft = 9999;
    const fixed = one.querySelector('tbody th').getBoundingClientRect(), around = one.getBoundingClientRect();
    return [one.scrollWidth > one.clientWidth, Math.abs(fixed.left - around.left) < 2];
})"""


@pytest.fixture
def story(database_url: str, tmp_path: Path, language: str) -> Iterator[Story]:
    with served(database_url, tmp_path, language) as told:
        told.world.account()
        told.world.deactivated()
        told.world.declined(account_email="p@nowhere.example", reply_email="p@nowhere.example")
        yield told


@pytest.fixture
def keyboard(chromium: Browser, story: Story) -> Iterator[Keyboard]:
    with looking(chromium, viewport={"width": 320, "height": 640}, locale=story.language) as page:
        chika = story.clerk("chika")
        page.context.add_cookies([{"name": "staff", "value": chika.cookie or "", "url": story.base}])
        made = Keyboard(page)
        made.looks = LOOKS
        yield made
        assert made.faults == []


def test_a_report_is_asked_for_read_kept_and_exported_without_a_mouse(
    story: Story, keyboard: Keyboard, language: str
) -> None:
    page = keyboard.page
    keyboard.open(f"{story.base}{REPORTS}")
    keyboard.follow("/admin/reports/volumes")
    keyboard.fill(period="last_7_days")
    assert page.locator("#finding, .empty").count() == 1
    page.goto(f"{story.base}{result('volumes', start=str(day(story.world, -7)), end=str(day(story.world)))}")
    open_details(keyboard, SAVE[language])
    keyboard.page.locator("#name").focus()
    page.keyboard.type("Week")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    keyboard.look()
    assert SAVED[language] in page.inner_text("main")
    keyboard.follow("/admin/reports/volumes/result")
    keyboard.follow("/admin/exports/new")
    assert page.locator("h1").count() == 1


def open_details(keyboard: Keyboard, words: str) -> None:
    """Go to a summary with these words, and open what it hides."""
    while words not in keyboard.next()["words"]:
        assert keyboard.page.evaluate("document.activeElement !== document.body"), words
    keyboard.page.keyboard.press("Enter")


def test_results_of_every_kind_fit_a_phone_and_keep_their_first_column(
    story: Story, keyboard: Keyboard
) -> None:
    span = {"start": str(day(story.world, -7)), "end": str(day(story.world))}
    wide = []
    for report in ("four_eyes", "times", "removals"):
        keyboard.open(f"{story.base}{result(report, **span)}")
        wide += keyboard.page.evaluate(TABLES)
    keyboard.open(f"{story.base}{result('volumes', period='custom', start='x')}")
    assert keyboard.page.evaluate("document.activeElement.id") == "error-summary"
    assert all(stays for _scrolls, stays in wide)
    assert any(scrolls for scrolls, _stays in wide)


def test_the_days_are_said_as_soon_as_they_are_chosen(
    story: Story, keyboard: Keyboard, language: str
) -> None:
    page = keyboard.page
    page.goto(f"{story.base}{builder('volumes')}")
    before = page.inner_text(".chosen")
    page.locator("[name=period][value=last_7_days]").check()
    assert page.inner_text(".chosen") != before
    page.locator("[name=period][value=custom]").check()
    assert page.inner_text(".chosen") == ""
    for name, typed in (("start", "2026-11-22"), ("end", "2026-11-23")):
        page.fill(f"[name={name}]", typed)
        page.dispatch_event(f"[name={name}]", "change")
    assert CHOSEN[language] in page.inner_text(".chosen")
    assert page.evaluate("getComputedStyle(document.querySelector('.chosen')).display") != "none"
