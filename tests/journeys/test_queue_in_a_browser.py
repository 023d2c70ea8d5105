"""The queue in a real browser, in both languages: single keys, new cases that move nothing, several cases at once, and axe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.casework import presence, verification
from tests.admin.desk import queued
from tests.admin.queue_page import QUEUE
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
WORDS = {
    "new": {"ja": "新着 2 件を表示", "en": "Show 2 new"},
    "failed": {"ja": "新着を確認できません。", "en": "We cannot check for new cases."},
    "reload": {"ja": "再読み込み", "en": "Reload"},
    "keys": {"ja": "キーボードショートカット", "en": "Keyboard shortcuts"},
    "close": {"ja": "閉じる", "en": "Close"},
    "assign": {"ja": "選択したケースを自分に割り当てる", "en": "Assign selected cases to me"},
    "assigned": {"ja": "自分に割り当てました", "en": "Assigned to you"},
    "switch": {"ja": "文字キーのショートカットを使う", "en": "Use single-key shortcuts"},
    "save": {"ja": "現在の条件を保存", "en": "Save this view"},
}
HEIGHTS = "[...document.querySelectorAll('tbody tr')].map((row) => row.getBoundingClientRect().height)"
SMALL = """() => [...document.querySelectorAll('main a, main button, main input, main select, main summary')]
  .map((one) => [one.name || one.innerText, one.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 24 || box.width < 24)).map(([words]) => words)"""


@pytest.fixture
def story(database_url: str, tmp_path: Path, language: str) -> Iterator[Story]:
    with served(database_url, tmp_path, language) as told:
        yield told


@pytest.fixture
def world(story: Story) -> World:
    return story.world


@pytest.fixture
def page(chromium: Browser, story: Story) -> Iterator[Page]:
    """A desk's browser in which Alice is signed in."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    carry(context, story, "alice")
    made = context.new_page()
    broken: list[str] = []
    made.on("pageerror", lambda error: broken.append(str(error)))
    made.on("console", lambda line: broken.append(line.text) if "Content Security" in line.text else None)
    yield made
    context.close()
    assert broken == []


def carry(context: Any, story: Story, name: str) -> None:
    context.add_cookies([{"name": "staff", "value": story.clerk(name).cookie or "", "url": story.base}])


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def rows(page: Page) -> list[str]:
    return page.locator("tbody th a").all_text_contents()


def words(key: str, language: str) -> str:
    return WORDS[key][language]


# single keys


def test_keys_lead_from_row_to_row_and_open_a_case(story: Story, world: World, page: Page) -> None:
    queued(world, 3)
    page.goto(f"{story.base}{QUEUE}")
    listed = rows(page)
    at = []
    for key in "jjjjk":
        page.keyboard.press(key)
        at.append(focused(page))
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/case/*")

    assert at == [listed[0], listed[1], listed[2], listed[2], listed[1]]
    assert listed[1] in "".join(page.locator("h1").inner_text().split())


def test_a_key_takes_the_case_of_the_row(story: Story, world: World, page: Page) -> None:
    case_id = queued(world)[0]
    page.goto(f"{story.base}{QUEUE}")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_url("**/admin/case/*")

    assert world.case(case_id).holder_id == world.logins["alice"].person_id


def test_a_key_takes_the_case_on_its_own_page_and_others_lead_to_reply_and_note(
    story: Story, world: World, page: Page
) -> None:
    case_id = queued(world)[0]
    page.goto(f"{story.base}/admin/case/{case_id}")
    page.keyboard.press("a")
    page.wait_for_load_state()
    page.wait_for_url("**said=claimed**")
    at = page.url
    for key in "rn":
        page.goto(at)
        target = page.locator(f"[data-shortcut={key}]").get_attribute("href")
        page.keyboard.press(key)
        page.wait_for_url(f"**{target}")

    assert world.status(case_id) == "verifying"


def test_a_key_goes_to_the_search_and_two_go_to_the_queue(story: Story, page: Page) -> None:
    page.goto(f"{story.base}{QUEUE}")
    page.keyboard.press("/")
    page.keyboard.type("jka/?gq")
    typed = page.input_value("#q")
    page.goto(f"{story.base}/admin/own/")
    page.keyboard.press("q")
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url(f"**{QUEUE}")

    assert typed == "jka/?gq"
    assert page.locator("dialog[open]").count() == 0


def test_a_key_lists_the_keys(story: Story, page: Page, language: str) -> None:
    keyboard = Keyboard(page)
    page.goto(f"{story.base}{QUEUE}")
    page.keyboard.press("?")
    listed = page.get_by_role("dialog", name=words("keys", language))
    keyboard.look()
    expect(listed).to_be_visible()
    page.keyboard.press("j")
    page.get_by_role("button", name=words("close", language)).click()

    expect(listed).to_be_hidden()
    assert keyboard.faults == []


def test_a_button_lists_the_keys_as_well(story: Story, page: Page, language: str) -> None:
    page.goto(f"{story.base}{QUEUE}")
    page.get_by_role("button", name=words("keys", language)).click()

    expect(page.get_by_role("dialog", name=words("keys", language))).to_be_visible()


COMPOSING = """(how) => document.body.dispatchEvent(
  new KeyboardEvent('keydown', { key: 'j', bubbles: true, cancelable: true, ...how }))"""


@pytest.mark.parametrize(
    "how",
    [{"isComposing": True}, {"keyCode": 229}, {"ctrlKey": True}, {"altKey": True}, {"metaKey": True}],
    ids=lambda how: next(iter(how)),
)
def test_a_key_of_a_conversion_or_with_a_modifier_is_no_shortcut(
    story: Story, world: World, page: Page, how: dict[str, Any]
) -> None:
    queued(world)
    page.goto(f"{story.base}{QUEUE}")
    page.evaluate(COMPOSING, how)

    assert page.evaluate("document.activeElement === document.body")


@pytest.mark.parametrize("tag", ["input", "textarea", "select", "div"])
def test_a_key_that_is_typed_somewhere_is_no_shortcut(
    story: Story, world: World, page: Page, tag: str
) -> None:
    queued(world)
    page.goto(f"{story.base}{QUEUE}")
    page.evaluate(
        """(tag) => { const field = document.createElement(tag); field.id = 'typed'; field.contentEditable = 'true';
        document.querySelector('main').append(field); field.focus(); }""",
        tag,
    )
    page.keyboard.press("j")
    page.keyboard.press("?")

    assert page.evaluate("document.activeElement.id") == "typed"
    assert page.locator("dialog[open]").count() == 0


def test_a_kana_conversion_in_the_search_field_reaches_it_whole(
    story: Story, world: World, page: Page
) -> None:
    queued(world)
    page.goto(f"{story.base}{QUEUE}")
    page.focus("#q")
    composing = page.context.new_cdp_session(page)
    composing.send("Input.imeSetComposition", {"text": "じゃか", "selectionStart": 3, "selectionEnd": 3})
    composing.send("Input.insertText", {"text": "邪か"})

    assert page.input_value("#q") == "邪か"
    assert page.evaluate("document.activeElement.id") == "q"


def test_the_keys_can_be_switched_off(story: Story, world: World, page: Page, language: str) -> None:
    queued(world)
    page.goto(f"{story.base}/admin/own/")
    page.get_by_label(words("switch", language)).uncheck()
    page.locator("main form").first.locator("button[type=submit]").click()
    page.goto(f"{story.base}{QUEUE}")
    for key in ("j", "?", "/"):
        page.keyboard.press(key)

    assert page.evaluate("document.activeElement === document.body")
    assert page.locator("dialog[open]").count() == 0
    assert page.get_by_role("button", name=words("keys", language)).count() == 0


# new cases


def test_new_cases_are_announced_and_shown_only_when_wanted(
    story: Story, world: World, page: Page, language: str
) -> None:
    queued(world)
    page.clock.install()
    page.goto(f"{story.base}{QUEUE}")
    before = rows(page)
    world.now += timedelta(minutes=1)
    queued(world, 2)
    page.clock.run_for(30_000)
    line = page.get_by_role("status").filter(has_text=words("new", language))
    expect(line).to_be_visible()
    assert rows(page) == before
    line.get_by_role("link").click()

    expect(page.locator("tbody tr")).to_have_count(3)


def test_a_list_that_cannot_ask_says_how_old_it_is(
    story: Story, world: World, page: Page, language: str
) -> None:
    queued(world)
    page.clock.install()
    page.goto(f"{story.base}{QUEUE}")
    page.route("**/queue/live**", lambda route: route.abort())
    page.clock.run_for(30_000)
    line = page.locator(".fresh")
    expect(line).to_contain_text(words("failed", language))
    expect(line.get_by_role("link", name=words("reload", language))).to_have_attribute(
        "href", f"{QUEUE}?view=unassigned"
    )
    page.unroute("**/queue/live**")
    page.clock.run_for(30_000)

    expect(line).to_be_empty()
    assert len(rows(page)) == 1


# several cases at once, and how all of it looks


def test_several_cases_are_assigned_by_keyboard_alone(
    story: Story, world: World, page: Page, language: str
) -> None:
    queued(world, 3)
    keyboard = Keyboard(page)
    keyboard.open(f"{story.base}{QUEUE}?view=open")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("#q").focus()
    picked: list[str] = []
    while len(picked) < 2:
        at = keyboard.next()
        if at["name"] == "case":
            page.keyboard.press("Space")
            picked.append(at["value"].partition(".")[0])
    verification.claim(world.as_("vic"), picked[0])
    page.locator("#q").focus()
    keyboard.press(words("assign", language))

    expect(page.locator(".banner").first).to_contain_text(words("assigned", language))
    expect(page.locator(".banner").last).to_contain_text("Vic Verdi")
    holders = [world.case(case_id).holder_id for case_id in picked]
    assert holders == [world.logins[name].person_id for name in ("vic", "alice")]
    assert keyboard.faults == []


def test_every_look_of_the_queue_pleases_axe(story: Story, world: World, page: Page, language: str) -> None:
    queued(world, 2, language="en")
    verification.claim(world.as_("vic"), queued(world)[0])
    keyboard = Keyboard(page)
    keyboard.open(f"{story.base}{QUEUE}?view=open&language=en&sort=-received")
    page.locator("summary", has_text=words("save", language)).click()
    page.locator("[name=name]").fill("")
    page.locator("form[action*='/views'] button").click()
    keyboard.look()
    page.locator("[name=name]").fill("English 日本")
    page.locator("form[action*='/views'] button").click()
    keyboard.look()
    keyboard.open(f"{story.base}{QUEUE}?view=mine")
    keyboard.open(f"{story.base}{QUEUE}?q=x")
    page.context.clear_cookies()
    carry(page.context, story, "lee")
    keyboard.open(f"{story.base}{QUEUE}?view=open")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("#assign button[type=submit]").click()
    keyboard.look()

    assert keyboard.faults == []


@pytest.mark.parametrize(("density", "height"), [("standard", 48), ("dense", 36)])
def test_rows_are_as_high_as_their_density_says_and_nothing_is_too_small_to_hit(
    story: Story, world: World, page: Page, density: str, height: int
) -> None:
    queued(world, 2)
    with world.system.act():
        story.room.login("alice").density = density
    page.set_viewport_size({"width": 1800, "height": 800})
    page.goto(f"{story.base}{QUEUE}")

    assert all(row >= height for row in page.evaluate(HEIGHTS))
    assert page.evaluate(SMALL) == []


def test_a_phone_shows_cards_without_what_takes_a_desk(story: Story, world: World, page: Page) -> None:
    queued(world, 2)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{story.base}{QUEUE}")

    expect(page.locator(".bulk")).to_be_hidden()
    expect(page.locator(".pick").first).to_be_hidden()
    expect(page.get_by_role("columnheader").get_by_role("link")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("width", [320, 768, 1024, 1249, 1280, 1440])
def test_nothing_of_the_queue_sticks_out_at_any_width(
    story: Story, world: World, page: Page, width: int
) -> None:
    world.account()
    world.pending_approval()
    made = queued(world, 2)
    verification.claim(world.as_("vic"), made[0])
    presence.note(world.as_("vic"), made[1], "editing")
    carry(page.context, story, "lee")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{story.base}{QUEUE}?view=open")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
