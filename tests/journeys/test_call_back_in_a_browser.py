"""A call-back from its button to its result, in three browsers at once: the agent, the owner, and the demo's telephone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from portal.models import IdentityCheck
from tests.applications import app_for
from tests.casework.staffroom import Staffroom
from tests.journeys.served import free_port
from tests.journeys.test_owner_pages_in_a_browser import SMALL_TARGETS, WIDTH, broken_rules
from tests.public.records import new_status_link
from tests.ringing import placed
from tests.talking import AGENT, give_desk_phone
from tests.world import World

pytestmark = pytest.mark.browser
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LANGUAGE = {"ja": "ja-JP", "en": "en-US"}


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[World]:
    port = free_port()
    world = World(database_url, tmp_path, telephone="demo", base_url=f"http://127.0.0.1:{port}")
    give_desk_phone(world, "alice")
    server = make_server("127.0.0.1", port, app_for(world.runtime), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield world
    server.shutdown()
    thread.join()
    server.server_close()
    world.close()


class Scene:
    """Three people's browsers, on small screens where they hold a phone."""

    def __init__(self, desk: World, chromium: Browser, language: str) -> None:
        self.desk, self.language, self.base = desk, language, desk.runtime.settings.base_url
        desk.account()
        self.case_id = desk.verifying(language=language)
        room = Staffroom(desk)
        with desk.system.act():
            room.login("alice").language = language
        self.agent = self._page(chromium, "staff", room.sign_in("alice").cookie)
        self.owner = self._page(chromium, "case", new_status_link(desk, self.case_id))
        self.phone = self._page(chromium, "lang", language)

    def _page(self, chromium: Browser, cookie: str, value: str) -> Page:
        small = {"width": 320, "height": 640}
        context = chromium.new_context(
            viewport=small, locale=LANGUAGE[self.language], reduced_motion="reduce"
        )
        context.add_cookies([{"name": cookie, "value": value, "url": self.base}])
        return context.new_page()

    def look(self, page: Page, address: str, where: str) -> None:
        """Open a page as it is now, and let it be judged in light and dark."""
        page.goto(f"{self.base}{address}")
        page.mouse.move(0, 0)
        for look in ("light", "dark"):
            page.emulate_media(color_scheme=look)
            assert broken_rules(page) == [], where
        assert page.evaluate(WIDTH) <= 320, where
        if page is not self.agent:  # links in running text of the desk are words in a line
            assert page.evaluate(SMALL_TARGETS) == [], where

    def status(self, where: str) -> None:
        self.look(self.owner, f"/{self.language}/status", where)

    def case(self, where: str) -> None:
        self.look(self.agent, f"/admin/case/{self.case_id}", where)

    def close(self) -> None:
        for page in (self.agent, self.owner, self.phone):
            page.context.close()


def words(page: Page) -> list[str]:
    return page.locator(".call-words span").all_inner_texts()


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.click(f"button[value={name}]")


def call_back(scene: Scene) -> str:
    """The agent presses the button; it rings. Returns the address of the demo's telephone for this call."""
    scene.look(scene.agent, f"/admin/checks/{scene.case_id}/call", "before the call")
    scene.agent.locator("[name=contact]").first.check()
    with scene.agent.expect_navigation():
        scene.agent.click("main form[action=''] .actions button")
    (call,) = placed(scene.desk)
    return f"/demo/phone/{call.id}"


@ONE_DATABASE
@pytest.mark.parametrize("language", ["ja", "en"])
def test_owner_and_agent_find_each_other_by_two_words(desk: World, chromium: Browser, language: str) -> None:
    scene = Scene(desk, chromium, language)
    address = call_back(scene)
    scene.status("called")
    scene.case("called")
    seen = words(scene.owner)
    assert len(seen) == 2
    assert words(scene.agent) == seen
    digits = "".join(scene.owner.locator(".call-code__digit").all_inner_texts())

    scene.look(scene.phone, address, "ringing")
    press(scene.phone, "answer")
    scene.phone.fill("#digits", digits)
    with scene.phone.expect_navigation():
        scene.phone.press("#digits", "Enter")
    scene.look(scene.phone, address, "the agent's telephone rings")
    assert AGENT in scene.phone.locator("main").inner_text()
    scene.status("connecting")
    assert scene.owner.locator(".call-code").count() == 0

    press(scene.phone, "agent_takes")
    scene.look(scene.phone, address, "connected")
    desk.now += timedelta(seconds=83)
    scene.status("connected")
    scene.case("connected")
    assert words(scene.owner) == words(scene.agent) == seen

    press(scene.phone, "part")
    scene.status("over")
    scene.case("over")
    assert words(scene.owner) == words(scene.agent) == []
    assert "1:23" in scene.agent.locator("main").inner_text()

    link = scene.agent.locator(f"a[href*='/checks/{scene.case_id}/talk/']")
    scene.look(scene.agent, str(link.get_attribute("href")), "result")
    scene.agent.check("input[name=result][value=match]")
    with scene.agent.expect_navigation():
        scene.agent.click("main form[action=''] .actions button")
    desk.session.rollback()
    query = select(IdentityCheck.attested_by).where(IdentityCheck.method == "H3")
    assert sorted(desk.session.execute(query).scalars()) == ["person", "system"]
    scene.close()


@ONE_DATABASE
def test_script_takes_the_owner_from_the_digits_to_the_words(desk: World, chromium: Browser) -> None:
    scene = Scene(desk, chromium, "en")
    address = call_back(scene)
    scene.owner.goto(f"{scene.base}/en/status")
    digits = "".join(scene.owner.locator(".call-code__digit").all_inner_texts())
    scene.phone.goto(f"{scene.base}{address}")
    press(scene.phone, "answer")
    scene.phone.fill("#digits", digits)
    with scene.phone.expect_navigation():
        scene.phone.press("#digits", "Enter")
    state = scene.owner.locator(".call-state .tag__text")
    expect(state).to_have_text("Connecting to the agent", timeout=10_000)
    expect(scene.owner.locator(".call-code")).to_have_count(0, timeout=10_000)
    press(scene.phone, "agent_takes")
    expect(state).to_have_text("Connected to the agent", timeout=10_000)
    assert len(words(scene.owner)) == 2
    press(scene.phone, "part")
    expect(scene.owner.locator(".call-words")).to_have_count(0, timeout=10_000)
    scene.close()
