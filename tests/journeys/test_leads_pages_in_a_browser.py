"""What leads and second persons look at, in a real browser: dashboard, objections and holds, the decision, the pool, a hold's end.

Every page as a light phone of 320 px and a dark desk of 1280 px show it, in both languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal.casework import objection
from tests import planting
from tests.admin.clerk import Clerk
from tests.admin.desk import address
from tests.casework.test_board import stranger
from tests.casework.test_safety import two_requests
from tests.journeys.served import served
from tests.journeys.story import Story
from tests.journeys.test_owner_pages_in_a_browser import looking
from tests.journeys.test_settings_in_a_browser import Look
from tests.world import World

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.parametrize("language", ["ja", "en"]),
]
PAINTED = """() => {
    const bars = [...document.querySelectorAll('.chart__part')];
    const widths = bars.map(bar => bar.getBoundingClientRect().width);
    const paints = bars.map(bar => getComputedStyle(bar).stroke);
    return {bars: bars.length, drawn: widths.filter(width => width > 0).length, paints: [...new Set(paints)]};
}"""


@pytest.fixture
def story(database_url: str, tmp_path: Path, language: str) -> Iterator[Story]:
    with served(database_url, tmp_path, language) as told:
        yield told


@pytest.fixture
def desk(story: Story) -> World:
    return story.world


@pytest.fixture
def look(chromium: Browser, story: Story) -> Iterator[Look]:
    with looking(chromium, viewport={"width": 320, "height": 640}, locale=story.language) as page:
        made = Look(page, story)
        yield made
        assert made.faults == []


def sit_down(look: Look, name: str) -> Clerk:
    """Somebody of the desk at this browser."""
    clerk = look.story.clerk(name)
    look.carry("staff", clerk.cookie)
    return clerk


def test_the_dashboard_draws_every_bar_in_the_light_and_in_the_dark(desk: World, look: Look) -> None:
    desk.account()
    desk.cooling_off()
    for number, language in enumerate(("ja", "en", "en")):
        desk.queued(language=language, **stranger(number))
    desk.now += timedelta(hours=20)
    sit_down(look, "lee")
    look.open("/admin/board/", "dashboard")
    seen = look.page.evaluate(PAINTED)
    assert seen["bars"] == seen["drawn"] > 4
    assert len(seen["paints"]) == 2
    look.page.locator("section[aria-labelledby=places-h] td a").first.click()
    assert "/admin/queue/" in look.page.url


def test_an_empty_dashboard(desk: World, look: Look) -> None:
    sit_down(look, "chika")
    look.open("/admin/board/", "empty dashboard")


def test_objections_holds_appeals_and_contests(desk: World, look: Look) -> None:
    two_requests(desk)
    objection.object_by_requester(desk.owner, desk.queued(reply_email="x@elsewhere.example"))
    declined = desk.declined(**stranger(1))
    objection.appeal(desk.owner, declined)
    sit_down(look, "lee")
    look.open("/admin/safety/", "objections and holds")
    sit_down(look, "chika")
    look.open("/admin/safety/", "objections and holds, read only")


def test_a_second_person_judges_and_is_led_to_the_next(desk: World, look: Look) -> None:
    desk.account()
    case_id = desk.pending_approval()
    clerk = sit_down(look, "bob")
    look.open(address("decisions/approve", case_id), "second approval, blind")
    look.press("form[action*='/open/'] button", "second approval, every check opened")
    look.page.locator("[name=decision][value=agree]").check()
    look.send("decided", "/decided", code=clerk.code())
    sit_down(look, "ben")
    look.open(address("decisions/approve", case_id), "decided by somebody else")


def test_a_hold_is_ended_by_two(desk: World, look: Look) -> None:
    desk.account()
    case_id = desk.frozen()
    sit_down(look, "lee")
    look.open(address("freezes/propose", case_id), "a hold, to be proposed on")
    objection.propose_unfreeze(desk.as_("lou"), case_id, "resume", "spoke to the owner")
    sit_down(look, "bob")
    look.open(address("freezes/agree", case_id), "a hold, to be agreed on")


def test_a_removal_that_was_stopped(desk: World, look: Look) -> None:
    desk.account()
    case_id = desk.executing()
    sit_down(look, "alice")
    look.open(f"/admin/removals/{case_id}/result", "removal under way")
    objection.stop_by_link(desk.owner, desk.link(case_id, "stop"))
    look.open(f"/admin/removals/{case_id}/result", "removal stopped")


def test_training_cases_from_planting_to_the_end(desk: World, look: Look) -> None:
    case_id = planting.queued(desk, language=look.story.language)
    over = planting.declined(desk, "name_differs")
    sit_down(look, "lee")
    look.open("/admin/training/", "training cases")
    look.open("/admin/training/plant", "a training case is planted")
    look.open(f"/admin/training/{case_id}/end", "a training case is ended")
    sit_down(look, "alice")
    look.open(f"/admin/training-case/{over}", "a training case is revealed")
    look.open(f"/admin/case/{over}", "a training case that is over")
    sit_down(look, "chika")
    look.open("/admin/training/", "training cases, read only")


def test_a_desk_phone(desk: World, look: Look) -> None:
    sit_down(look, "alice")
    look.open("/admin/desk-phone/", "desk phone")


def test_a_colleagues_sessions(desk: World, look: Look) -> None:
    look.story.clerk("alice")
    sit_down(look, "ada")
    look.open(f"/admin/colleagues/{desk.logins['alice'].staff_id}", "a colleague and their sessions")
