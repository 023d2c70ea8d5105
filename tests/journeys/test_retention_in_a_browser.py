"""What is kept, in a real browser: the overview with a proof in it, a case with a hold, both decisions, and the export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal.casework import decisions, keeping
from tests.casework.kept import decided, erased, proposed
from tests.journeys.served import served
from tests.journeys.story import Story
from tests.journeys.test_leads_pages_in_a_browser import sit_down
from tests.journeys.test_owner_pages_in_a_browser import looking
from tests.journeys.test_settings_in_a_browser import Look
from tests.world import World

HOME = "/admin/retention/"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.parametrize("language", ["ja", "en"]),
]


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


def test_what_is_kept_and_what_is_gone(desk: World, look: Look) -> None:
    desk.account()
    gone = desk.declined()
    erased(desk, gone)
    held = desk.cancelled()
    decided(desk, "case_hold", held)
    release = proposed(desk, "case_release", held)
    agreed = decisions.asked_for(desk.as_("lou"), keeping.MATTER)
    sit_down(look, "lou")
    look.open(HOME, "retention, with a proof")
    look.open(f"{HOME}?q=0", "retention, nothing found")
    look.open(f"{HOME}case/{gone}", "what is left of an erased case")
    look.open(f"{HOME}case/{held}", "a case with a hold")
    look.open(f"/admin/case/{held}", "the page of a case with a hold")
    look.open(f"{HOME}propose/case_erase/{gone}", "an erasure that cannot be")
    look.open(f"{HOME}propose/account_erase/{desk.case(held).account_id}", "an erasure to be proposed")
    look.open(f"{HOME}proposal/{release.id}", "a proposal to be decided")
    look.open(f"{HOME}export/case/{held}", "an export of a person's data")
    sit_down(look, "chika")
    look.open(HOME, "retention, read only")
    assert [one.id for one in agreed] == [release.id]
