"""In a real browser, by keyboard alone, axe at every page: from start page to receipt, from sign-in to deactivation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal import labels
from tests.casework.staffroom import PASSWORD
from tests.journeys.keyboard import Keyboard
from tests.journeys.served import served
from tests.journeys.story import TO_THE_FORM, Story
from tests.people import HANAKO
from tests.public.visitor import ANSWERS, CONSENTS
from tests.world import evidence_for

OWN = HANAKO["account_email"]

pytestmark = [
    pytest.mark.browser,
    # both languages, and both databases among them: what a browser sees does not depend on the pair
    pytest.mark.parametrize(
        ("database_url", "language"), [("sqlite", "ja"), ("postgresql", "en")], indirect=["database_url"]
    ),
]


@pytest.fixture
def story(database_url: str, tmp_path: Path, language: str) -> Iterator[Story]:
    with served(database_url, tmp_path, language) as told:
        told.world.account()
        yield told


@pytest.fixture
def keyboard(chromium: Browser, story: Story) -> Iterator[Keyboard]:
    context = chromium.new_context(
        locale={"ja": "ja-JP", "en": "en-GB"}[story.language], accept_downloads=True
    )
    yield Keyboard(context.new_page())
    context.close()


def test_an_owner_comes_from_the_start_page_to_the_receipt(story: Story, keyboard: Keyboard):
    keyboard.open(f"{story.base}/{story.language}/")
    keyboard.press({"ja": "解除方法を確認する", "en": "Check what you can do"}[story.language])
    for answer in TO_THE_FORM.values():
        keyboard.fill(answer=answer)
    keyboard.press({"ja": "リクエスト", "en": "request"}[story.language])
    while "/request/check" not in keyboard.page.url:
        step = keyboard.page.url.rpartition("/")[2].partition("#")[0]
        there = keyboard.page.locator("input:visible, textarea:visible").evaluate_all(
            "all => all.map(one => one.name)"
        )
        wanted = {**ANSWERS[step], **({"language": story.language} if step == "language" else {})}
        keyboard.fill(**{name: value for name, value in wanted.items() if name in there and value})
    keyboard.fill(**CONSENTS)
    assert keyboard.page.url.endswith("/request/sent")

    story.work()
    keyboard.open(story.base + story.link(OWN, "confirm"))
    keyboard.fill()
    story.work()
    keyboard.open(story.base + story.link(OWN, "status"))
    with keyboard.page.expect_download() as download:
        paper = {"ja": "受付票を保存する", "en": "Save receipt"}[story.language]
        for _stop in range(60):
            if paper in keyboard.next()["words"]:
                keyboard.page.keyboard.press("Enter")
                break
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")
    assert not keyboard.faults, "\n".join(keyboard.faults)


def test_colleagues_come_from_sign_in_to_the_deactivation(
    story: Story, keyboard: Keyboard, chromium: Browser
):
    world = story.world
    case_id = world.queued(language=story.language)
    for name in ("alice", "bob"):
        with world.system.act():
            story.room.login(name).language = story.language
    reference = world.case(case_id).reference
    world.session.rollback()
    sign_in(story, keyboard, "alice")
    keyboard.press(reference)
    keyboard.press(words(story, "act", "claim"))
    keyboard.open(f"{story.base}/admin/checks/{case_id}/record/D2")
    keyboard.fill(**{f"e_{key}": value for key, value in evidence_for("D2").items()}, result="match")
    keyboard.press(words(story, "act", "propose_removal"))
    keyboard.fill(devices="first")
    assert is_at(story, case_id) == "pending_approval"

    other = Keyboard(chromium.new_context().new_page())
    sign_in(story, other, "bob")
    other.open(f"{story.base}/admin/decisions/{case_id}/approve")
    other.press(words(story, "act", "open_check"))
    other.fill(decision="agree", code=fresh(story, "bob"))
    assert is_at(story, case_id) == "cooling_off"
    story.work()
    story.pass_time(hours=25)

    sign_in(story, keyboard, "alice")
    keyboard.open(f"{story.base}/admin/case/{case_id}")
    keyboard.press(words(story, "act", "execute"))
    keyboard.fill(seen="y", code=fresh(story, "alice"))
    story.work()
    keyboard.open(f"{story.base}/admin/removals/{case_id}/result")
    assert is_at(story, case_id) == "deactivated"
    assert not (found := [*keyboard.faults, *other.faults]), "\n".join(found)
    other.page.context.close()


def sign_in(story: Story, keyboard: Keyboard, name: str) -> None:
    keyboard.open(f"{story.base}/admin/")
    keyboard.fill(email=f"{name}@desk.example", password=PASSWORD, code=fresh(story, name))
    assert "/admin/queue" in keyboard.page.url


def is_at(story: Story, case_id: str) -> str:
    """Where the case stands. Nothing is left open meanwhile: PostgreSQL ends who idles while a browser takes its time."""
    status = story.world.status(case_id)
    story.world.session.rollback()
    return status


def fresh(story: Story, name: str) -> str:
    return story.clerks.setdefault(name, story.new_clerk(name)).code()


def words(story: Story, kind: str, key: str) -> str:
    with story.app.app_context():
        return labels.word(kind, key, story.language)
