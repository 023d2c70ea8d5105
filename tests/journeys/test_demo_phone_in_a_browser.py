"""The demo's telephone in a real browser without script: what axe finds, what fits on a small phone, and its keypad by keyboard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests import calling
from tests.applications import app_for
from tests.calling import code, seen
from tests.journeys.keyboard import violations
from tests.journeys.served import free_port
from tests.journeys.test_owner_pages_in_a_browser import SMALL_TARGETS, WIDTH
from tests.post import work_off
from tests.world import World

pytestmark = pytest.mark.browser
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[World]:
    port = free_port()
    world = calling.desk(database_url, tmp_path, base_url=f"http://127.0.0.1:{port}")
    server = make_server("127.0.0.1", port, app_for(world.runtime), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield world
    server.shutdown()
    thread.join()
    server.server_close()
    world.close()


def found_by_axe(page: Page) -> list[str]:
    return [f"{one['id']}: {one['help']}" for one in violations(page)]


def looked_at(page: Page, where: str) -> None:
    page.mouse.move(0, 0)
    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)
        assert found_by_axe(page) == [], where
    assert page.evaluate(WIDTH) <= 320, where
    if where != "calls":  # links in cells are words in a line, as on the page of mails
        assert page.evaluate(SMALL_TARGETS) == [], where


@ONE_DATABASE
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_state_of_a_call_is_clean_on_a_small_phone(
    desk: World, chromium: Browser, language: str
) -> None:
    base = desk.runtime.settings.base_url
    # axe itself is script, so that here script is on
    context = chromium.new_context(
        viewport={"width": 320, "height": 640}, locale=language, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{base}/demo/phone")
    looked_at(page, "no calls")
    account = desk.account()
    call = calling.ask(desk, account, self_service_id=calling.attempt(desk, account).id, language=language)
    work_off(desk)
    page.goto(f"{base}/demo/phone")
    looked_at(page, "calls")
    go(page, page.locator("tbody a").first.click)
    looked_at(page, "ringing")
    go(page, lambda: page.locator("button[value=answer]").click())
    looked_at(page, "answered")
    page.locator("#digits").fill("000")
    go(page, lambda: page.locator("button[name=key][value='1']").click())
    looked_at(page, "keys pressed")
    assert page.locator("#digits").input_value() == "0001"
    page.locator("#digits").fill(code(desk, call))
    go(page, lambda: page.keyboard.press("Enter"))
    looked_at(page, "ended")
    assert seen(desk, call).outcome == "confirmed"
    context.close()


@ONE_DATABASE
def test_the_telephone_is_answered_by_keyboard_without_script(desk: World, chromium: Browser) -> None:
    account = desk.account()
    call = calling.ask(desk, account, self_service_id=calling.attempt(desk, account).id)
    work_off(desk)
    context = chromium.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(f"{desk.runtime.settings.base_url}/demo/phone/{call.id}")
    press(page, "Answer")
    for digit in code(desk, call):
        press(page, digit)
    page.wait_for_load_state()
    assert page.locator("h1").inner_text() == "Call ended"
    assert seen(desk, call).outcome == "confirmed"
    context.close()


def press(page: Page, words: str) -> None:
    """Go to a button as Tab would, and press it with the keyboard."""
    button = page.get_by_role("button", name=words, exact=True)
    button.focus()
    go(page, lambda: page.keyboard.press("Enter"))


def go(page: Page, press: Callable[[], None]) -> None:
    with page.expect_navigation():
        press()
