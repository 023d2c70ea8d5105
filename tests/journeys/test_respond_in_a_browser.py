"""An owner who was asked for more, at a real browser: by keyboard alone on a small phone, with and without script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal.casework import messages, verification
from portal.casework.message_drafts import Words
from tests.journeys.keyboard import Keyboard
from tests.journeys.served import served
from tests.journeys.story import Story
from tests.public.records import new_status_link

pytestmark = [
    pytest.mark.browser,
    # both languages, both databases, with and without script: what a browser sees does not depend on the pair
    pytest.mark.parametrize(
        ("database_url", "language", "script"),
        [("sqlite", "ja", True), ("postgresql", "en", False)],
        indirect=["database_url"],
    ),
]

LOCALES = {"ja": "ja-JP", "en": "en-GB"}
WORDS = {
    "ja": {
        "call": "登録した電話番号で、担当者からの電話に出る",
        "paper": "公証人",
        "paper_said": "証明書は火曜日に書留で送りました。",
        "write": "担当者にメッセージを書く",
        "question": "ビデオ通話でもよいですか。",
        "rest": "残りの項目に対応できない",
        "reply": ("ご質問について", "電話の方が早く済みます。"),
        "booked": "2026年11月25日（水）9:00（日本時間）",
        "until": "2026年12月8日（火）23:59（日本時間）",
        "all_done": "すべて対応済みです。ありがとうございました。",
        "error": "パスワードやコードは書かないでください。",
    },
    "en": {
        "call": "Answer our call to the registered phone number",
        "paper": "Provide a statement certified by a notary",
        "paper_said": "I sent the certificate by registered post on Tuesday.",
        "write": "Write to our team",
        "question": "May it be a video call?",
        "rest": "I cannot do the rest",
        "reply": ("Your question", "A telephone call is quicker."),
        "booked": "25 November 2026 at 9:00am JST (UTC+9)",
        "until": "8 December 2026 at 11:59pm JST (UTC+9)",
        "all_done": "You have done everything we asked",
        "error": "Do not include passwords or codes",
    },
}


@pytest.fixture
def story(database_url: str, tmp_path: Path, language: str) -> Iterator[Story]:
    with served(database_url, tmp_path, language, telephone="demo") as told:
        told.world.account()
        yield told


class Unscripted(Keyboard):
    """At a browser without script, in which axe cannot run either: it has looked at the same pages with it."""

    def look(self) -> None:
        if self.page.evaluate("document.documentElement.scrollWidth") > 320:
            self.faults.append(f"{self.page.url}: wider than the phone")


@pytest.fixture
def keyboard(chromium: Browser, story: Story, script: bool) -> Iterator[Keyboard]:
    context = chromium.new_context(
        locale=LOCALES[story.language],
        java_script_enabled=script,
        viewport={"width": 320, "height": 640},
    )
    yield (Keyboard if script else Unscripted)(context.new_page())
    context.close()


def come(story: Story, keyboard: Keyboard, *items: str) -> str:
    """To the status page, as an owner who was asked for these things."""
    world = story.world
    case_id = world.verifying(language=story.language)
    verification.ask(world.as_("alice"), case_id, items)
    raw = new_status_link(world, case_id)
    keyboard.open(f"{story.base}/{story.language}/status/{raw}")
    return case_id


def shown(keyboard: Keyboard) -> str:
    return " ".join(keyboard.page.locator("main").inner_text().split())


def states(keyboard: Keyboard) -> list[str]:
    return [state.strip() for state in keyboard.page.locator(".tasks .tag__text").all_inner_texts()]


def choose_time(keyboard: Keyboard) -> None:
    """The second day with its radio buttons, and the first half hour in the list, by keyboard."""
    keys = keyboard.page.keyboard
    while keyboard.next()["name"] != "day":
        pass
    keys.press("ArrowDown")
    while keyboard.next()["name"] != "time":
        pass
    keys.press("ArrowDown")


def test_an_owner_does_all_that_was_asked_and_the_case_goes_back_by_itself(
    story: Story, keyboard: Keyboard, script: bool
) -> None:
    said = WORDS[story.language]
    case_id = come(story, keyboard, "H3", "D5")
    assert said["until"] in shown(keyboard)
    open_words, done_words = ("未対応", "対応済み") if story.language == "ja" else ("Not done", "Done")
    assert states(keyboard) == [open_words, open_words]

    keyboard.press(said["call"])
    choose_time(keyboard)
    keyboard.fill()
    assert states(keyboard) == [done_words, open_words]
    assert said["booked"] in shown(keyboard)

    keyboard.press(said["paper"])
    keyboard.fill(message=said["paper_said"])
    assert said["all_done"] in shown(keyboard)
    assert story.world.status(case_id) == "verifying"
    assert keyboard.faults == []


def test_an_owner_asks_and_is_answered_on_the_same_page(
    story: Story, keyboard: Keyboard, script: bool
) -> None:
    said, world = WORDS[story.language], story.world
    case_id = come(story, keyboard, "D5")
    keyboard.press(said["write"])
    keyboard.fill(message="password: hunter2")
    assert said["error"] in shown(keyboard)
    assert keyboard.page.locator("textarea").input_value() == "password: hunter2"
    keyboard.fill(message=said["question"])
    assert said["question"] in shown(keyboard)
    assert world.status(case_id) == "waiting_owner"

    subject, body = said["reply"]
    verification.end_asking(world.as_("alice"), case_id)
    messages.reply(world.as_("alice"), case_id, world.case(case_id).version, Words(subject, body))
    keyboard.open(keyboard.page.url)
    assert body not in shown(keyboard)
    world.now += world.runtime.limits.reply_undo
    keyboard.open(keyboard.page.url)
    text = shown(keyboard)
    assert text.index(said["question"]) < text.index(body)
    assert keyboard.faults == []


def test_an_owner_who_cannot_do_the_rest_says_why(story: Story, keyboard: Keyboard, script: bool) -> None:
    said = WORDS[story.language]
    case_id = come(story, keyboard, "D5", "W1")
    keyboard.press(said["rest"])
    keyboard.fill(message=said["paper_said"])
    assert story.world.status(case_id) == "verifying"
    assert said["all_done"] not in shown(keyboard)
    assert keyboard.faults == []
