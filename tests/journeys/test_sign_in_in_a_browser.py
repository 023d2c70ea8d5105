"""Signing in and the owner's devices in a real browser: axe, a small phone, and the whole way by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyotp
import pytest
from playwright.sync_api import Browser, Page

from portal.casework import enrolment, owner_recovery, owner_sessions, passes
from portal.models import Principal
from tests import databases
from tests.casework import owners
from tests.conftest import migrate
from tests.journeys.served import served
from tests.journeys.story import Story
from tests.journeys.test_owner_pages_in_a_browser import (
    LOOKS,
    SMALL_TARGETS,
    WIDTH,
    broken_rules,
    looking,
)

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Desk:
    story: Story
    cookies: dict[str, str]  # of browsers, by how far they have come
    device_id: str


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("sign-in")
    with databases.fresh_sqlite(folder, migrate) as url, served(url, folder, "ja") as story:
        world = story.world
        account = world.account()
        principal = owners.root(world, account)
        world.add_iam_users(account, "taro")
        taro = world.session.query(Principal).filter_by(username="taro").one()
        with world.system.act():
            passes.require(world.system, taro)
            ctx = world.owner
            made = {
                "password": owner_sessions.start(ctx, principal, "password"),
                "awaited": owner_sessions.start(ctx, taro, "password"),
                "full": owner_sessions.start(ctx, principal, "full"),
                "key": owner_sessions.start(ctx, principal, "full"),
                "codes": owner_sessions.start(ctx, principal, "full"),
            }
            owner_recovery.show_new(ctx, made["codes"].visitor)
        code = owners.code_at(world, owners.devices(world, principal)[0])
        enrolment.begin(world.owner, made["key"].visitor, kind="virtual", code=code)
        device = owners.devices(world, principal)[1]
        yield Desk(story, {name: opened.raw for name, opened in made.items()}, device.id)


# page -> how far the browser has come, and what is typed before the button is pressed
VIEWS: dict[str, tuple[str, dict[str, str] | None]] = {
    "/sign-in": ("", None),
    "/sign-in#wrong": ("", {"email": "hanako"}),
    "/sign-in#next": ("", {"email": owners.EMAIL}),
    "/sign-in/iam": ("", None),
    "/sign-in/iam#next": ("", {"account_number": "1234-5678-9012", "username": "taro"}),
    "/mfa": ("password", None),
    "/mfa#wrong": ("password", {"code": "12"}),
    "/mfa?another=": ("password", None),
    "/mfa/trouble": ("password", None),
    "/mfa/resync": ("password", None),
    "/mfa/recovery-code": ("password", None),
    "/mfa/pass": ("awaited", None),
    "/credentials": ("full", None),
    "/credentials/devices/DEVICE/remove": ("full", None),
    "/credentials/codes/new": ("full", None),
    "/credentials/codes": ("codes", None),
    "/credentials/devices/new": ("full", None),
    "/credentials/devices/new/token": ("full", None),
    "/credentials/devices/new/codes": ("key", None),
    "/credentials/devices/new/codes#wrong": ("key", {"label": "", "code1": "1", "code2": ""}),
    "/credentials/devices/added": ("full", None),
}


def show(page: Page, desk: Desk, language: str, name: str) -> None:
    stage, typed = VIEWS[name]
    page.context.clear_cookies()
    if stage:
        page.context.add_cookies([{"name": "owner", "value": desk.cookies[stage], "url": desk.story.base}])
    page.goto(f"{desk.story.base}/{language}{name.partition('#')[0].replace('DEVICE', desk.device_id)}")
    if typed is not None:
        for field, text in typed.items():
            page.fill(f"[name={field}]", text)
        with page.expect_navigation():
            page.click("main form .actions button[type=submit]")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_satisfies_axe_and_fits_a_small_phone(chromium: Browser, desk: Desk, language: str):
    faults: dict[str, list[str]] = {}
    scheme, width = LOOKS[language]
    with looking(chromium, color_scheme=scheme) as page:
        for name in VIEWS:
            page.set_viewport_size({"width": 320, "height": 640})
            show(page, desk, language, name)
            found = [f"small: {words}" for words in page.evaluate(SMALL_TARGETS)]
            if page.evaluate(WIDTH) > 320:
                found.append("wider than 320 px")
            page.set_viewport_size({"width": width, "height": 640})
            found += broken_rules(page)
            if found:
                faults[name] = found
    assert faults == {}


@pytest.mark.parametrize("script", [True, False])
def test_the_whole_way_goes_by_keyboard_with_and_without_script(chromium: Browser, desk: Desk, script: bool):
    world = desk.story.world
    device = owners.devices(world, owners.only_root(world))[0]
    with looking(chromium, java_script_enabled=script, viewport={"width": 320, "height": 640}) as page:
        page.goto(f"{desk.story.base}/en/sign-in")
        _type(page, "email", owners.EMAIL)
        _type(page, "password", owners.PASSWORD)
        world.now += owners.STEP
        _type(page, "code", owners.code_at(world, device))
        assert page.url.endswith("/en/credentials")
        page.focus("main a[href$='/credentials/devices/new']")
        _enter(page)
        page.focus("[name=kind][value=virtual]")
        page.keyboard.press("Space")
        world.now += owners.STEP
        _type(page, "code", owners.code_at(world, device))  # a browser left open must not become a device
        totp = pyotp.TOTP(page.inner_text("code.code").replace(" ", ""))
        page.fill("[name=label]", f"Second phone {script}")
        page.fill("[name=code1]", totp.at(world.now - owners.STEP))
        _type(page, "code2", totp.at(world.now))
        assert page.url.endswith("/en/credentials/devices/added")
        assert f"Second phone {script}" in page.inner_text("main")


def _type(page: Page, field: str, text: str) -> None:
    page.focus(f"[name={field}]")
    page.keyboard.type(text)
    _enter(page)


def _enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")
