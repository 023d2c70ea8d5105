"""A working day in a real browser, by keyboard alone and in both languages: an agent's, an approver's and a lead's.

No mouse anywhere. Each page is looked at by axe when it is seen for the first time, light on a phone and dark at a desk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal.casework import objection, responding
from portal.models import Case, Message
from tests.admin.desk import queued
from tests.casework.staffroom import PASSWORD
from tests.casework.test_approval import privileged
from tests.journeys.keyboard import Keyboard
from tests.journeys.served import served
from tests.journeys.story import Story
from tests.world import World, evidence_for

pytestmark = [
    pytest.mark.browser,
    # both languages, and both databases among them: what a browser sees does not depend on the pair
    pytest.mark.parametrize(
        ("database_url", "language"), [("sqlite", "ja"), ("postgresql", "en")], indirect=["database_url"]
    ),
]
IDS = re.compile(r"[0-9a-f]{32}")
D2 = {f"e_{key}": value for key, value in evidence_for("D2").items()}
REPLY = {"ja": "ご連絡ありがとうございます。確認を進めています。", "en": "Thank you. We are looking into it."}
NOTE = {"ja": "折り返しの結果を待っています。", "en": "Waiting for the call-back."}


class Day(Keyboard):
    """Somebody's day at the keyboard. A page that looks as one before is not asked about again."""

    looks = (("light", 320), ("dark", 1280))

    def __init__(self, story: Story, browser: Browser, name: str) -> None:
        self.context = browser.new_context(locale={"ja": "ja-JP", "en": "en-GB"}[story.language])
        super().__init__(self.context.new_page())
        self.story, self.name = story, name
        self.known: set[tuple[str, str]] = set()

    def look(self) -> None:
        page = IDS.sub("-", self.page.url.split("://", 1)[1].partition("/")[2].partition("?")[0])
        seen = page.partition("#")[0], self.page.locator("h1").first.inner_text()
        if seen not in self.known:
            self.known.add(seen)
            super().look()

    def sign_in(self) -> None:
        self.open(f"{self.story.base}/admin/")
        self.fill(email=f"{self.name}@desk.example", password=PASSWORD, code=self.code())

    def code(self) -> str:
        return self.story.clerks.setdefault(self.name, self.story.new_clerk(self.name)).code()

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.story.base)


Begin = Callable[[str], Day]


@pytest.fixture
def story(database_url: str, tmp_path: Path, language: str) -> Iterator[Story]:
    with served(database_url, tmp_path, language) as told:
        for name in told.world.logins:
            with told.world.system.act():
                told.room.login(name).language = language
        yield told


@pytest.fixture
def begin(chromium: Browser, story: Story) -> Iterator[Begin]:
    """`begin("alice")`: somebody who has signed in, and whose pages had no faults in the end."""
    days: list[Day] = []

    def sit_down(name: str) -> Day:
        story.world.session.rollback()
        days.append(Day(story, chromium, name))
        days[-1].sign_in()
        return days[-1]

    yield sit_down
    for day in days:
        day.context.close()
    assert not (faults := [fault for day in days for fault in day.faults]), "\n".join(faults)


def is_at(world: World, case_id: str) -> str:
    """Where the case stands. Nothing is left open meanwhile: PostgreSQL ends who idles while a browser takes its time."""
    status = world.status(case_id)
    world.session.rollback()
    return status


def said_in(world: World, case_id: str) -> list[str]:
    world.session.rollback()
    query = world.session.query(Message.kind).filter_by(case_id=case_id).order_by(Message.created_at)
    found = [kind for (kind,) in query]
    world.session.rollback()
    return found


def test_an_agent_takes_a_case_from_the_queue_and_brings_it_to_a_proposal(story: Story, begin: Begin):
    world = story.world
    world.account()
    case_id = world.queued(language=story.language)
    queued(world, 2)
    alice = begin("alice")

    alice.type("g", "q")
    take_with_the_key(alice, world, case_id)
    assert is_at(world, case_id) == "verifying"
    alice.follow("/record/D2")
    alice.fill(**D2, result="match")
    alice.type("n")
    alice.fill(body=NOTE[story.language])
    alice.type("r")
    alice.fill(subject="MFA", body=REPLY[story.language])
    alice.open(f"{story.base}/admin/case/{case_id}")
    alice.follow("/ask")
    alice.fill(items="first")
    assert is_at(world, case_id) == "waiting_owner"

    responding.answer(world.owner, case_id, "Here is what you asked for.")
    world.session.rollback()
    alice.type("g", "q")
    alice.follow("view=mine")
    alice.follow(f"/admin/case/{case_id}")
    alice.follow("/propose")
    alice.fill(devices="first")
    assert is_at(world, case_id) == "pending_approval"
    assert said_in(world, case_id) == ["note", "reply", "owner"]


def take_with_the_key(day: Day, world: World, case_id: str) -> None:
    """From row to row with j, until the case has the focus; then a."""
    reference = world.session.get_one(Case, case_id).reference
    world.session.rollback()
    for _row in range(10):
        day.page.keyboard.press("j")
        if reference in day.page.evaluate("document.activeElement.innerText"):
            day.type("a")
            return
    raise AssertionError(f"{reference} is not in the queue")


def test_an_approver_takes_the_oldest_of_the_pool_opens_every_check_and_agrees(story: Story, begin: Begin):
    world = story.world
    world.account()
    case_id = world.pending_approval(language=story.language)
    bob = begin("bob")

    bob.type("g", "q")
    bob.follow("view=second_approval")
    bob.follow(f"/admin/case/{case_id}")
    bob.follow("/approve")
    bob.follow("/open/")
    bob.fill(decision="agree", code=bob.code())
    assert is_at(world, case_id) == "cooling_off"


def test_a_lead_looks_at_the_day_decides_a_privileged_case_and_ends_a_hold(story: Story, begin: Begin):
    world = story.world
    case_id = privileged(world)
    world.account(number="2" * 12, account_email="p2@mail.example", second_email="q2@mail.example")
    frozen = world.frozen(account_email="p2@mail.example", reply_email="p2@mail.example")
    objection.propose_unfreeze(world.as_("lou"), frozen, "resume", "spoke to the owner")
    lee = begin("lee")

    lee.follow("/admin/board/")
    lee.follow("view=open")
    lee.follow("/admin/safety/")
    lee.follow(f"/admin/freezes/{frozen}/agree")
    lee.fill(code=lee.code())
    assert is_at(world, frozen) == "queued"

    lee.type("g", "q")
    lee.follow("view=second_approval")
    lee.follow(f"/admin/case/{case_id}")
    lee.follow("/approve")
    while lee.page.locator("form[action*='/open/']").count():
        lee.follow("/open/")
    lee.follow("/repeat/D2")
    lee.fill(**D2, result="match")
    lee.fill(decision="agree", code=lee.code())
    assert is_at(world, case_id) == "cooling_off"


def test_an_admin_ends_a_colleagues_session(story: Story, begin: Begin):
    begin("alice")
    ada = begin("ada")

    ada.follow("/admin/colleagues/")
    ada.follow(f"/admin/colleagues/{story.room.id('alice')}")
    ada.follow("/sessions")
    ada.fill(session="all", code=ada.code())
    assert story.room.told("staff_changed", "sessions_ended") == {"Alice Verity"}
    story.world.session.rollback()
