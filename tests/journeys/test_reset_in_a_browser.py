"""The owner's own path in a real browser: clean at every step on a small phone, with script and without, and by keyboard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from portal.casework.self_service import READ_FIRST
from portal.models import PhoneCall
from tests.applications import app_for
from tests.casework.resetting import newest_link
from tests.journeys.served import free_port
from tests.journeys.test_owner_pages_in_a_browser import SMALL_TARGETS, WIDTH, broken_rules
from tests.people import HANAKO
from tests.ringing import pick_up, placed, press
from tests.world import World

pytestmark = pytest.mark.browser
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PASSWORD = "correct horse battery"
GO_ON = "main form:not([action*=to-form]) button[type=submit]:not(.visually-hidden)"


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[World]:
    port = free_port()
    world = World(database_url, tmp_path, telephone="demo", base_url=f"http://127.0.0.1:{port}")
    world.account()
    server = make_server("127.0.0.1", port, app_for(world.runtime), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield world
    server.shutdown()
    thread.join()
    server.server_close()
    world.close()


def looked_at(page: Page, where: str) -> None:
    page.mouse.move(0, 0)
    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look, reduced_motion="reduce")
        assert broken_rules(page) == [], where
    assert page.evaluate(WIDTH) <= 320, where
    assert page.evaluate(SMALL_TARGETS) == [], where


def go_on(page: Page) -> None:
    with page.expect_navigation():
        page.locator(GO_ON).first.click()


def to_devices(page: Page, desk: World, language: str) -> str:
    base = f"{desk.runtime.settings.base_url}/{language}"
    page.goto(f"{base}/sign-in")
    page.fill("[name=email]", str(HANAKO["account_email"]))
    go_on(page)
    page.fill("[name=password]", PASSWORD)
    go_on(page)
    page.goto(f"{base}/reset")
    return base


def to_call(page: Page, desk: World, language: str) -> str:
    base = to_devices(page, desk, language)
    page.locator("[name=device]").first.check()
    go_on(page)
    go_on(page)
    page.goto(f"{base}/reset/link/{newest_link(desk)}")
    go_on(page)
    return base


def ringing(desk: World) -> PhoneCall:
    desk.now += READ_FIRST
    (call,) = placed(desk)
    return call


def shown_digits(page: Page) -> str:
    return "".join(page.locator(".call-code__digit").all_text_contents())


@ONE_DATABASE
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_step_is_clean_on_a_small_phone(desk: World, chromium: Browser, language: str) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    base = to_devices(page, desk, language)
    looked_at(page, "devices")
    go_on(page)
    looked_at(page, "devices, nothing chosen")
    page.locator("[name=device]").first.check()
    go_on(page)
    looked_at(page, "mail")
    go_on(page)
    looked_at(page, "mail, sent")
    go_on(page)
    looked_at(page, "mail, too soon")
    link = f"{base}/reset/link/{newest_link(desk)}"
    with chromium.new_context(viewport={"width": 320, "height": 640}) as other:
        elsewhere = other.new_page()
        elsewhere.goto(link)
        looked_at(elsewhere, "link elsewhere")
        go_on(elsewhere)
        looked_at(elsewhere, "link elsewhere, no password")
    page.goto(link)
    looked_at(page, "link")
    go_on(page)
    looked_at(page, "call")
    page.goto(link)
    looked_at(page, "link, used")
    page.goto(f"{base}/reset/call")
    go_on(page)
    looked_at(page, "call, ringing")
    go_on(page)
    looked_at(page, "call, too soon")
    call, digits = ringing(desk), shown_digits(page)
    pick_up(desk, call)
    press(desk, call, digits)
    page.goto(f"{base}/reset/call")
    looked_at(page, "remove")
    go_on(page)
    looked_at(page, "done")
    context.close()


@ONE_DATABASE
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_ways_out_are_clean_too(desk: World, chromium: Browser, language: str) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    base = to_call(page, desk, language)
    for path in ("closed", "over", "elsewhere"):
        page.goto(f"{base}/reset/{path}")
        looked_at(page, path)
    desk.now += timedelta(minutes=31)
    page.goto(f"{base}/reset/link/{newest_link(desk)}")
    looked_at(page, "link, over")
    context.close()


@ONE_DATABASE
def test_script_follows_the_call_and_leads_on(desk: World, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 640})
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    to_call(page, desk, "en")
    go_on(page)
    line, digits = page.locator(".call-state"), shown_digits(page)
    expect(line).to_contain_text("Calling")
    call = ringing(desk)
    pick_up(desk, call)
    expect(line).to_contain_text("Connected", timeout=10_000)
    press(desk, call, digits)
    expect(page).to_have_url(f"{desk.runtime.settings.base_url}/en/reset/remove", timeout=15_000)
    assert refused == []
    context.close()


@ONE_DATABASE
def test_the_whole_way_without_script(desk: World, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    to_call(page, desk, "ja")
    go_on(page)
    call, digits = ringing(desk), shown_digits(page)
    pick_up(desk, call)
    press(desk, call, digits)
    with page.expect_navigation():
        page.locator("main a.button--secondary").first.click()  # "check again"
    assert page.url.endswith("/ja/reset/remove")
    go_on(page)
    assert page.url.endswith("/ja/reset/done")
    assert desk.removed("Phone")
    context.close()


@ONE_DATABASE
def test_step_2_and_3_by_keyboard_alone(desk: World, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    to_call(page, desk, "en")
    _press_by_keyboard(page, "Call me now")
    call, digits = ringing(desk), shown_digits(page)
    pick_up(desk, call)
    press(desk, call, digits)
    expect(page).to_have_url(f"{desk.runtime.settings.base_url}/en/reset/remove", timeout=15_000)
    _press_by_keyboard(page, "Deactivate Phone")
    assert page.url.endswith("/en/reset/done")
    context.close()


def _press_by_keyboard(page: Page, words: str) -> None:
    """Go from control to control until the one with these words has the focus, and press Enter."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == words:
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"nothing called {words} can be reached")
