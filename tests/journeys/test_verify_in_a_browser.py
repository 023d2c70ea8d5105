"""Checking a paper in a real browser: the file stays there, by mouse, by keyboard and by dropping it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from portal import receipts
from portal.models import Document
from tests import databases
from tests.conftest import migrate
from tests.journeys.served import served
from tests.post import work_off
from tests.seals import flipped, issued

pytestmark = pytest.mark.browser
DROP = """([zone, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], "paper.pdf"));
  document.querySelector(zone).dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


@dataclass(frozen=True)
class Shelf:
    """A served desk that has issued one paper, and files to try."""

    base: str
    document_id: str
    genuine: Path
    changed: Path
    other: Path
    text: Path


@pytest.fixture(scope="module")
def shelf_of_papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("verify")
    with databases.fresh_sqlite(folder, migrate) as url, served(url, folder, "ja") as story:
        world = story.world
        world.submit()
        work_off(world)
        document = world.session.execute(select(Document)).scalar_one()
        data = receipts.open_pdf(world.system, document) or b""
        files = {
            "genuine": data,
            "changed": flipped(data, 5000),
            "other": issued(name="Other desk"),
            "text": b"text",
        }
        for name, content in files.items():
            (folder / f"{name}.pdf").write_bytes(content)
        paths = {name: folder / f"{name}.pdf" for name in files}
        world.session.rollback()
        yield Shelf(story.base, document.id, **paths)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    opened = context.new_page()
    opened.on("pageerror", lambda error: pytest.fail(str(error)))
    yield opened
    context.close()


def sent(page: Page) -> list[str]:
    """Every form that leaves the browser from now on."""
    forms: list[str] = []
    page.on("request", lambda request: forms.append(request.url) if request.method == "POST" else None)
    return forms


def shown(page: Page, key: str) -> None:
    expect(page.locator(f"[data-outcome={key}]")).to_be_visible()
    expect(page.locator("[data-outcome]:visible")).to_have_count(1)


def test_a_file_is_compared_without_being_sent(page: Page, shelf_of_papers: Shelf):
    page.goto(f"{shelf_of_papers.base}/ja/verify/{shelf_of_papers.document_id}")
    forms = sent(page)
    for file, outcome in (("genuine", "genuine"), ("changed", "differs"), ("text", "not_pdf")):
        page.set_input_files("#file", getattr(shelf_of_papers, file))
        page.locator("main .actions button").focus()
        page.keyboard.press("Enter")
        shown(page, outcome)
        expect(page.locator(f"[data-outcome={outcome}]")).to_be_focused()

    assert forms == []


def test_what_differs_is_sent_only_when_its_holder_says_so(page: Page, shelf_of_papers: Shelf):
    page.goto(f"{shelf_of_papers.base}/ja/verify/{shelf_of_papers.document_id}")
    page.set_input_files("#file", shelf_of_papers.changed)
    page.click("main .actions button")
    page.click("[data-outcome=differs] button")

    expect(page.locator("#outcome .panel__title")).to_have_text("変更されています")


def test_a_file_may_be_dropped(page: Page, shelf_of_papers: Shelf):
    page.goto(f"{shelf_of_papers.base}/ja/verify/{shelf_of_papers.document_id}")
    text = base64.b64encode(shelf_of_papers.genuine.read_bytes()).decode()
    page.evaluate(DROP, ["[data-drop]", text])

    shown(page, "genuine")


def test_a_file_leads_to_the_page_of_the_code_in_it(page: Page, shelf_of_papers: Shelf):
    page.goto(f"{shelf_of_papers.base}/en/verify")
    forms = sent(page)
    page.set_input_files("#file", shelf_of_papers.genuine)
    page.click("main .actions button")

    shown(page, "genuine")
    expect(page).to_have_url(f"{shelf_of_papers.base}/en/verify/{shelf_of_papers.document_id}")
    assert forms == []


def test_a_link_made_by_hand_says_nothing_of_a_file_that_nobody_chose(page: Page, shelf_of_papers: Shelf):
    """Whoever sends a forged paper could send along a link that opens with the words “it is genuine”."""
    digest = hashlib.sha256(shelf_of_papers.genuine.read_bytes()).hexdigest()
    page.goto(f"{shelf_of_papers.base}/ja/verify/{shelf_of_papers.document_id}#{digest}")
    page.wait_for_function("document.querySelector('[data-sent]').hidden")

    expect(page.locator("[data-outcome]:visible")).to_have_count(0)


def test_without_script_the_file_is_sent(chromium: Browser, shelf_of_papers: Shelf):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shelf_of_papers.base}/ja/verify")
    page.set_input_files("#file", shelf_of_papers.other)
    page.click("main .actions button")

    expect(page.locator("#outcome .panel__title")).to_have_text("当窓口の書面ではありません")
    context.close()
