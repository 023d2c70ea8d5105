"""What script adds to a colleague's own pages, in a real browser: a warning before the end, and codes to keep."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.casework.staffroom import PASSWORD
from tests.journeys.served import served
from tests.journeys.story import Story

# What a browser sees does not depend on the database.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def story(database_url: str, tmp_path: Path) -> Iterator[Story]:
    with served(database_url, tmp_path, "en") as told:
        with told.world.system.act():
            told.room.login("alice").language = "en"
        yield told


@pytest.fixture
def alice(story: Story, chromium: Browser) -> Iterator[Page]:
    """Alice's browser, signed in, with a clock of its own to turn."""
    context = chromium.new_context(
        locale="en-GB", permissions=["clipboard-read", "clipboard-write"], accept_downloads=True
    )
    page = context.new_page()
    page.clock.install()
    page.goto(f"{story.base}/admin/sign-in/?next=/admin/own/codes")
    page.get_by_label("Work email address").fill("alice@desk.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    give_code(story, page)
    expect(page).to_have_url(f"{story.base}/admin/own/codes")
    yield page
    context.close()


def give_code(story: Story, page: Page) -> None:
    story.world.session.rollback()
    story.world.now += timedelta(seconds=30)
    page.get_by_label("6-digit MFA code").fill(story.world.code("alice"))
    page.locator("main .button--primary").click()


def turn(story: Story, page: Page, **amount: int) -> None:
    """Let time go by for the browser and for the desk."""
    story.world.now += timedelta(**amount)
    page.clock.fast_forward(int(timedelta(**amount).total_seconds() * 1000))


def test_warning_comes_two_minutes_before_the_end_and_staying_keeps_what_was_typed(
    story: Story, alice: Page
) -> None:
    alice.get_by_label("6-digit MFA code").fill("12")
    for _ in range(2):
        turn(story, alice, minutes=12, seconds=50)
        expect(alice.get_by_role("alertdialog")).to_be_hidden()
        turn(story, alice, seconds=15)
        expect(alice.get_by_role("alertdialog")).to_be_visible()
        alice.get_by_role("button", name="Stay signed in").click()
        expect(alice.get_by_role("alertdialog")).to_be_hidden()

    expect(alice.get_by_label("6-digit MFA code")).to_have_value("12")
    alice.reload()
    expect(alice.get_by_role("heading", level=1)).to_have_text("Make new recovery codes")


def test_warning_says_when_it_is_too_late(story: Story, alice: Page) -> None:
    turn(story, alice, minutes=15, seconds=5)

    expect(alice.get_by_role("alertdialog")).to_contain_text("Your session has ended.")
    alice.get_by_role("button", name="Stay signed in").click()
    expect(alice.get_by_role("alertdialog")).to_contain_text("Your session has ended.")


def test_codes_are_copied_and_saved_as_they_are_shown(story: Story, alice: Page) -> None:
    give_code(story, alice)
    expect(alice.locator(".codes li")).to_have_count(10)
    shown = alice.locator(".codes li").all_inner_texts()
    alice.get_by_role("button", name="Copy").click()
    expect(alice.get_by_role("button", name="Copied")).to_be_visible()
    with alice.expect_download() as saved:
        alice.get_by_role("link", name="Save as a text file").click()

    assert alice.evaluate("navigator.clipboard.readText()").split("\n") == shown
    assert saved.value.path().read_text("utf-8").split()[-10:] == shown


def test_sheet_of_paper_holds_the_codes_and_no_buttons(story: Story, alice: Page) -> None:
    give_code(story, alice)
    expect(alice.get_by_role("button", name="Print")).to_be_visible()
    alice.emulate_media(media="print")

    expect(alice.locator(".codes li")).to_have_count(10)
    expect(alice.get_by_role("button")).to_have_count(0)
    expect(alice.get_by_text("alice@desk.example")).to_be_visible()


def test_link_in_a_webmail_keeps_whoever_is_signed_in(story: Story, alice: Page) -> None:
    wanted = f"{story.base}/admin/own/password"
    mail = f"<!doctype html><a href='{wanted}'>A case needs a lead</a>"
    alice.route("https://mail.example/", lambda route: route.fulfill(body=mail, content_type="text/html"))
    alice.goto("https://mail.example/")
    alice.get_by_role("link").click()

    expect(alice).to_have_url(wanted)
    expect(alice.get_by_role("heading", level=1)).to_have_text("Change password")
