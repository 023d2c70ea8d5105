"""Two real browsers at one case: each is told in words of the other, and nobody loses what they typed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.casework import verification
from portal.models import IdentityCheck
from tests.admin.clerk import Clerk
from tests.journeys.keyboard import Keyboard
from tests.journeys.served import served
from tests.journeys.story import Story

pytestmark = [
    pytest.mark.browser,
    # both languages, and both databases among them: what a browser sees does not depend on the pair
    pytest.mark.parametrize(
        ("database_url", "language"), [("sqlite", "ja"), ("postgresql", "en")], indirect=["database_url"]
    ),
]

NOTE = "The gesture was slow"
SAID = {
    "ja": {
        "views": "{} さんが閲覧中",
        "edits": "{} さんが編集中",
        "updated": "に {} さんが更新しました。",
        "review": "内容を確認してから保存してください。",
        "not saved": "今回の操作は保存していません。",
        "marked": "急がせる",
        "saved": "結果を保存しました。",
        "take over": "{} さんから引き継ぐ",
        "ended": "に担当が終了しました。",
        "typed": "入力した内容",
        "notes": "社内メモ",
    },
    "en": {
        "views": "{} is viewing",
        "edits": "{} is editing",
        "updated": "{} updated this at",
        "review": "Review before saving.",
        "not saved": "Nothing of yours was saved.",
        "marked": "Presses for speed",
        "saved": "The result is saved.",
        "take over": "Take over from {}",
        "ended": "Your assignment ended at",
        "typed": "What you typed",
        "notes": "Internal notes",
    },
}
ALICE, VIC, LEE = "Alice Verity", "Vic Verdi", "Lee Leader"


class Room:
    """The colleagues' browsers. Everybody is signed in; what is told is read from the page as it stands."""

    def __init__(self, story: Story, chromium: Browser) -> None:
        self.story, self.chromium = story, chromium
        self.faults: list[str] = []

    def at(self, name: str, path: str, *, script: bool = True) -> Page:
        """A new browser of a colleague, at a page of the desk."""
        clerk = Clerk(self.story.app, self.story.room, name, self.story.language)
        clerk.sign_in()
        context = self.chromium.new_context(java_script_enabled=script)
        cookies = {"staff": clerk.cookie or "", "lang": self.story.language}
        context.add_cookies(
            [{"name": key, "value": value, "url": self.story.base} for key, value in cookies.items()]
        )
        page = context.new_page()
        page.goto(f"{self.story.base}/admin/{path}")
        return page

    def says(self, key: str, name: str = "") -> str:
        return SAID[self.story.language][key].format(name)

    def look(self, *pages: Page) -> None:
        """Ask axe in every look, and put the width of a desk back."""
        for page in pages:
            keyboard = Keyboard(page)
            keyboard.look()
            self.faults += keyboard.faults
            page.set_viewport_size({"width": 1280, "height": 900})


@pytest.fixture
def room(database_url: str, tmp_path: Path, language: str, chromium: Browser) -> Iterator[Room]:
    with served(database_url, tmp_path, language) as story:
        story.world.account()
        made = Room(story, chromium)
        yield made
        for context in chromium.contexts:
            context.close()
        assert not made.faults, "\n".join(made.faults)


def beat(page: Page) -> None:
    """What the page asks every few seconds, now."""
    with page.expect_response(lambda response: "/live?" in response.url):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def fill_check(page: Page) -> None:
    page.check("[name=e_document_type][value=passport]")
    page.fill("[name=e_document_end]", "1234")
    for name in ("e_face_compared", "e_gesture_done"):
        page.check(f"[name={name}]")
    page.check("[name=result][value=match]")
    page.fill("[name=note]", NOTE)


def save(page: Page) -> None:
    with page.expect_navigation():
        page.locator("main form:has([name=version]) button.button--primary").click()


def test_of_two_who_press_at_once_one_has_the_case_and_the_other_reads_who(room: Room):
    case_id = room.story.world.queued(language=room.story.language)
    alice, vic = room.at("alice", f"case/{case_id}"), room.at("vic", f"case/{case_id}")
    for page in (alice, vic):
        with page.expect_navigation():
            page.locator("#do-claim button").click()
    expect(alice.locator(".case-bar__facts")).to_contain_text(ALICE)
    banner = vic.locator(".banner")
    expect(banner).to_contain_text(room.says("updated", ALICE))
    expect(banner).to_contain_text(room.says("not saved"))
    assert vic.locator("main form").count() == 0
    assert room.story.world.case(case_id).holder_id == room.story.world.logins["alice"].person_id
    room.look(vic)


def test_whoever_takes_a_row_of_the_queue_by_its_key_reads_all_that_happened_since_the_list_was_made(
    room: Room,
):
    world = room.story.world
    case_id = world.queued(language=room.story.language)
    vic = room.at("vic", "queue/")
    verification.claim(world.as_("alice"), case_id)
    verification.release(world.as_("alice"), case_id)
    vic.keyboard.press("j")
    with vic.expect_navigation():
        vic.keyboard.press("a")
    expect(vic.locator(".changes__one")).to_have_count(2)
    assert world.status(case_id) == "queued"


def test_who_views_and_who_edits_is_told_while_the_page_is_open_and_without_script_at_load(room: Room):
    case_id = room.story.world.verifying(language=room.story.language)
    vic = room.at("vic", f"case/{case_id}")
    assert vic.locator(".collision .presence").count() == 0
    alice = room.at("alice", f"case/{case_id}")
    here = vic.locator(".collision")
    beat(vic)
    expect(here).to_contain_text(room.says("views", ALICE))
    alice.locator("#do-record-D2").click()
    alice.wait_for_url("**/record/D2")
    expect(alice.locator(".collision")).to_contain_text(room.says("views", VIC))
    beat(vic)
    expect(here).to_contain_text(room.says("edits", ALICE))
    assert vic.locator(".collision").get_attribute("role") == "status"
    plain = room.at("lee", f"case/{case_id}", script=False)
    expect(plain.locator(".collision")).to_contain_text(room.says("edits", ALICE))
    room.look(vic)


def test_a_save_over_a_change_shows_both_and_is_saved_after_a_look(room: Room):
    world = room.story.world
    case_id = world.verifying(language=room.story.language)
    alice = room.at("alice", f"checks/{case_id}/record/D2")
    fill_check(alice)
    lee = room.at("lee", f"checks/{case_id}/pressure")
    lee.check("[name=marker][value=urgent]")
    save(lee)
    beat(alice)
    expect(alice.locator(".collision__changed")).to_contain_text(room.says("updated", LEE))
    assert alice.input_value("[name=note]") == NOTE
    save(alice)
    expect(alice.locator(".banner")).to_contain_text(room.says("review"))
    expect(alice.locator(".changes")).to_contain_text(room.says("marked"))
    assert alice.input_value("[name=note]") == NOTE
    assert world.session.query(IdentityCheck).filter_by(method="D2").count() == 0
    room.look(alice)
    save(alice)
    expect(alice.locator(".said-bar [role=status]")).to_contain_text(room.says("saved"))
    assert alice.evaluate("document.activeElement.id") == "do-record-D2"
    world.session.rollback()
    assert world.session.query(IdentityCheck).filter_by(method="D2").count() == 1


def test_whoever_takes_over_names_the_colleague_who_reads_by_whom_and_keeps_the_words(room: Room):
    world = room.story.world
    case_id = world.verifying(language=room.story.language)
    alice = room.at("alice", f"checks/{case_id}/record/D2")
    fill_check(alice)
    vic = room.at("vic", f"checks/{case_id}/take_over")
    expect(vic.locator("h1")).to_have_text(room.says("take over", ALICE))
    expect(vic.locator(".collision")).to_contain_text(room.says("edits", ALICE))
    vic.fill("[name=reason]", "Alice is called away")
    save(vic)
    expect(vic.locator(".case-bar__facts")).to_contain_text(VIC)
    save(alice)
    expect(alice.locator(".banner").first).to_contain_text(room.says("updated", VIC))
    expect(alice.get_by_role("heading", name=room.says("typed"))).to_be_visible()
    expect(alice.locator("main")).to_contain_text(NOTE)
    assert alice.locator("main form").count() == 0


def test_an_assignment_that_ends_while_somebody_types_says_when_and_keeps_the_words(room: Room):
    world = room.story.world
    case_id = world.verifying(language=room.story.language)
    world.now += timedelta(hours=3, minutes=58)
    alice = room.at("alice", f"checks/{case_id}/record/D2")
    fill_check(alice)
    room.story.pass_time(minutes=5)
    assert world.status(case_id) == "queued"
    save(alice)
    expect(alice.get_by_text(room.says("ended"))).to_be_visible()
    expect(alice.locator("main")).to_contain_text(NOTE)
    room.look(alice)
    alice.goto(f"{room.story.base}/admin/case/{case_id}")
    expect(alice.get_by_text(room.says("ended"))).to_be_visible()
    with alice.expect_navigation():
        alice.locator("#do-claim button").click()
    assert world.case(case_id).holder_id == world.logins["alice"].person_id


def test_the_course_of_a_case_is_narrowed_by_tabs_that_arrows_move(room: Room):
    world = room.story.world
    case_id = world.verifying(language=room.story.language)
    page = room.at("alice", f"case/{case_id}")
    shown = page.locator("#course li.timeline__item:visible")
    every = shown.count()
    assert every > 0
    page.locator("#tab-all").focus()
    for _step in range(2):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent.trim()") == room.says("notes")
    assert page.locator("[role=tab][aria-selected=true]").get_attribute("id") == "tab-notes"
    assert page.locator("#course").get_attribute("aria-labelledby") == "tab-notes"
    assert shown.count() == 0
    page.keyboard.press("End")
    assert shown.count() == every
    assert "show=log" in page.url
    room.look(page)
