"""The pages of exports in a real browser: the form with its errors, and a list that shows by itself when a file is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal.casework import exports
from tests.export.desk import ask, work_off
from tests.journeys.served import served
from tests.journeys.story import Story
from tests.journeys.test_leads_pages_in_a_browser import sit_down
from tests.journeys.test_owner_pages_in_a_browser import looking
from tests.journeys.test_settings_in_a_browser import Look

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.parametrize("language", ["ja", "en"]),
]
STATES = "() => [...document.querySelectorAll('[data-part=state]')].map((one) => one.innerText.trim())"


@pytest.fixture
def story(database_url: str, tmp_path: Path, language: str) -> Iterator[Story]:
    with served(database_url, tmp_path, language) as told:
        yield told


@pytest.fixture
def look(chromium: Browser, story: Story) -> Iterator[Look]:
    with looking(chromium, viewport={"width": 320, "height": 640}, locale=story.language) as page:
        made = Look(page, story)
        yield made
        assert made.faults == []


def test_a_file_from_the_form_to_the_list(look: Look, story: Story) -> None:
    world = story.world
    sit_down(look, "chika")
    look.open("/admin/exports/", "no exports")
    look.open("/admin/exports/new", "which report")
    look.open("/admin/exports/new?report=cases&start=2026-06-30&end=2026-04-01", "the form, with an error")
    failed, made, shown = ask(world), ask(world, "xlsx"), ask(world, purpose="Audit 7 / 監査")
    exports.fail(world.system, failed, "disk_full")
    look.open("/admin/exports/", "in preparation and failed")
    before = look.page.evaluate(STATES)

    work_off(world, story.app)
    look.page.wait_for_selector(f"a[href$='{made}/data']", timeout=20_000)
    after = look.page.evaluate(STATES)
    assert after[:2] != before[:2]
    assert after[2] == before[2]
    said = look.page.inner_text("[data-exports]")
    assert after[0] in said
    look.open("/admin/exports/", "completed")
    look.page.locator("summary").last.click()
    look.at("what is known of a file", "/admin/exports/")
    look.open(f"/admin/exports/{shown}/data", "the code that personal data takes")
