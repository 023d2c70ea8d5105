"""Replies, notes, templates and what was not delivered, in a real browser: by keyboard, in both languages, as axe sees them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.casework import templates
from portal.models import MessageDraft, OutboxRow
from tests.casework.replies import WORDS, note, receive, reply
from tests.journeys.keyboard import Keyboard
from tests.journeys.served import served
from tests.journeys.story import Story
from tests.world import World

# What a browser sees does not depend on the database.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.parametrize("language", ["ja", "en"]),
]
ENTER_WHILE_COMPOSING = """() => document.activeElement.dispatchEvent(
  new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true, isComposing: true, bubbles: true, cancelable: true}))"""


@pytest.fixture
def story(database_url: str, tmp_path: Path, language: str) -> Iterator[Story]:
    with served(database_url, tmp_path, language) as told:
        with told.world.system.act():
            for name in told.world.logins:
                told.room.login(name).language = language
        yield told


@pytest.fixture
def world(story: Story) -> World:
    return story.world


@pytest.fixture
def case_id(world: World) -> str:
    world.account()
    return world.verifying(language="ja")


def browse(chromium: Browser, story: Story, name: str) -> Page:
    """A colleague's browser, signed in."""
    context = chromium.new_context(locale=story.language, reduced_motion="reduce")
    cookie = story.room.sign_in(name).cookie
    context.add_cookies([{"name": "staff", "value": cookie, "url": story.base}])
    return context.new_page()


@pytest.fixture
def alice(chromium: Browser, story: Story) -> Iterator[Page]:
    page = browse(chromium, story, "alice")
    yield page
    page.context.close()


@pytest.fixture
def keys(alice: Page) -> Iterator[Keyboard]:
    made = Keyboard(alice)
    yield made
    assert made.faults == []


@pytest.fixture
def lead(chromium: Browser, story: Story) -> Iterator[Keyboard]:
    page = browse(chromium, story, "lee")
    made = Keyboard(page)
    yield made
    page.context.close()
    assert made.faults == []


def at(story: Story, case_id: str, kind: str = "reply") -> str:
    return f"{story.base}/admin/messages/{case_id}/{kind}"


def replies(world: World, case_id: str) -> int:
    return len(world.mails(case_id, "desk_reply"))


def test_a_reply_is_sent_and_taken_back_by_keyboard_alone(
    story: Story, world: World, case_id: str, keys: Keyboard
) -> None:
    keys.open(at(story, case_id))
    keys.fill(subject=WORDS.subject, body=WORDS.body)
    assert "/sent/" in keys.page.url
    expect(keys.page.locator(".banner form button")).to_be_focused()
    with keys.page.expect_navigation():
        keys.page.keyboard.press("Enter")
    keys.look()
    assert keys.page.url == at(story, case_id)
    expect(keys.page.locator("#body")).to_have_value(WORDS.body)
    assert world.mails(case_id, "desk_reply")[0].state == "cancelled"


def test_ctrl_and_enter_send_but_not_while_kana_are_converted(
    story: Story, world: World, case_id: str, alice: Page
) -> None:
    alice.goto(at(story, case_id))
    alice.fill("#subject", WORDS.subject)
    alice.fill("#body", WORDS.body)
    alice.focus("#body")
    alice.evaluate(ENTER_WHILE_COMPOSING)
    assert alice.url == at(story, case_id)
    assert replies(world, case_id) == 0
    with alice.expect_navigation():
        alice.keyboard.press("Control+Enter")
    assert "/sent/" in alice.url
    assert replies(world, case_id) == 1


def test_enter_in_the_subject_shows_the_mail_and_sends_nothing(
    story: Story, world: World, case_id: str, keys: Keyboard
) -> None:
    keys.page.goto(at(story, case_id))
    keys.page.fill("#body", WORDS.body)
    keys.page.fill("#subject", WORDS.subject)
    with keys.page.expect_navigation():
        keys.page.keyboard.press("Enter")
    keys.look()
    expect(keys.page.locator("#mail")).to_be_focused()
    assert replies(world, case_id) == 0


def test_the_page_keeps_a_draft_by_itself(story: Story, world: World, case_id: str, alice: Page) -> None:
    alice.clock.install()
    alice.goto(at(story, case_id, "note"))
    alice.fill("#body", "免許証の裏面を確認。")
    with alice.expect_response("**/note/live") as answer:
        alice.clock.fast_forward(11_000)
    assert answer.value.ok
    expect(alice.locator("#draft-said")).not_to_be_empty()
    world.session.rollback()
    assert world.session.query(MessageDraft).count() == 1
    alice.goto(at(story, case_id, "note"))
    expect(alice.locator("#body")).to_have_value("免許証の裏面を確認。")


def test_everything_that_a_composer_can_say_is_readable(
    story: Story, world: World, case_id: str, keys: Keyboard
) -> None:
    receive(world, case_id)
    note(world, case_id)
    lee = world.as_("lee")
    templates.create(lee, "ja", "期限のご案内", "期限について", "{書類名} を {期限} までにお送りください。")
    templates.create(lee, "en", "Due date", "About the due date", "Send it by {due}.")
    page = keys.page
    keys.open(at(story, case_id))
    page.select_option("#template", index=1)
    press(keys, "insert")
    press(keys, "send")  # with gaps left
    page.fill("#subject", "About our call")
    page.fill("#body", "We will call you.")
    press(keys, "send")  # in another script
    receive(world, case_id)
    press(keys, "send")  # while the owner wrote
    keys.open(at(story, case_id, "note"))


def press(keys: Keyboard, do: str) -> None:
    with keys.page.expect_navigation():
        keys.page.locator(f"button[value={do}]").click()
    keys.look()


def test_templates_and_what_was_not_delivered(
    story: Story, world: World, case_id: str, lead: Keyboard
) -> None:
    lead.open(f"{story.base}/admin/templates/new")
    lead.page.locator(f"input[name=language][value={story.language}]").check()
    words = {"ja": ("お電話", "お電話いたします。"), "en": ("Our call", "We will call you.")}[story.language]
    lead.page.locator("#skip, #content").first.focus()
    lead.fill(name="A", subject=words[0], body=words[1])
    assert lead.page.url.endswith("/admin/templates/?said=created")
    with lead.page.expect_navigation():
        lead.page.locator("main th a").first.click()
    lead.look()
    message = reply(world, case_id)
    with world.system.act():
        for row in (world.session.get_one(OutboxRow, message.outbox_id), *world.mails(case_id)[:2]):
            row.state, row.done_at, row.last_error = "dead", world.now, "550"
    world.now += timedelta(seconds=1)
    lead.open(f"{story.base}/admin/undelivered/")
    assert lead.page.locator("tbody tr").count() >= 2
