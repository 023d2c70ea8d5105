"""The call to the registered number in a real browser: clean in every state on a small phone, and followed by script."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from portal.casework import call_checks, verification
from portal.models import PhoneCall
from tests.applications import app_for
from tests.journeys.served import free_port
from tests.journeys.test_owner_pages_in_a_browser import SMALL_TARGETS, WIDTH, broken_rules
from tests.public.records import new_status_link
from tests.ringing import digits_of, end, pick_up, placed, press
from tests.world import World

pytestmark = pytest.mark.browser
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CALL_ME = "main .actions button[type=submit]"


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[World]:
    port = free_port()
    world = World(database_url, tmp_path, telephone="demo", base_url=f"http://127.0.0.1:{port}")
    server = make_server("127.0.0.1", port, app_for(world.runtime), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield world
    server.shutdown()
    thread.join()
    server.server_close()
    world.close()


def come(page: Page, desk: World, language: str) -> str:
    """To the page of the call, as an owner whom a verifier has asked for it."""
    account = desk.account()
    with desk.system.act():
        desk.contact(account, "phone", "+81312345678", since=desk.now - timedelta(days=60))
    case_id = desk.verifying()
    verification.ask(desk.as_("alice"), case_id, ["H2"])
    base = desk.runtime.settings.base_url
    page.context.add_cookies([{"name": "case", "value": new_status_link(desk, case_id), "url": base}])
    page.goto(f"{base}/{language}/status/call")
    return case_id


def call_me(page: Page, desk: World) -> PhoneCall:
    desk.now += timedelta(minutes=2)
    page.locator("[name=contact]").first.check()
    with page.expect_navigation():
        page.click(CALL_ME)
    desk.now += call_checks.READ_FIRST
    (call,) = placed(desk)
    return call


def looked_at(page: Page, where: str) -> None:
    page.mouse.move(0, 0)
    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look, reduced_motion="reduce")
        assert broken_rules(page) == [], where
    assert page.evaluate(WIDTH) <= 320, where
    assert page.evaluate(SMALL_TARGETS) == [], where


@ONE_DATABASE
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_state_is_clean_on_a_small_phone(desk: World, chromium: Browser, language: str) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    case_id = come(page, desk, language)
    looked_at(page, "asked for")
    with page.expect_navigation():
        page.click(CALL_ME)
    looked_at(page, "no number chosen")
    call = call_me(page, desk)
    page.reload()
    looked_at(page, "calling")
    end(desk, call, "no-answer")
    page.reload()
    looked_at(page, "no answer")
    call = call_me(page, desk)
    pick_up(desk, call)
    press(desk, call, digits_of(desk, call))
    page.reload()
    looked_at(page, "confirmed")
    desk.now += timedelta(minutes=2)
    call_checks.call_back(desk.as_("alice"), case_id, call.contact_id or "")
    page.goto(f"{desk.runtime.settings.base_url}/{language}/status")
    assert page.locator(".call-code").count() == 1
    looked_at(page, "called back")
    context.close()


@ONE_DATABASE
def test_script_follows_the_call_to_its_end(desk: World, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    come(page, desk, "en")
    call = call_me(page, desk)
    state = page.locator("[role=status] .tag__text")
    expect(state).to_have_text("Calling")
    pick_up(desk, call)
    expect(state).to_have_text("Connected", timeout=10_000)
    press(desk, call, digits_of(desk, call))
    expect(page.locator("main")).to_contain_text("The number you keyed in is right.", timeout=10_000)
    expect(page.locator(".call-code")).to_have_count(0, timeout=10_000)
    context.close()
