"""The owners' pages in a real browser: what axe finds, what a small phone shows, and what script may only add."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from tests import databases
from tests.conftest import migrate
from tests.journeys.keyboard import violations
from tests.journeys.owner_pages import View, all_views
from tests.journeys.served import served
from tests.journeys.story import Story
from tests.public.visitor import ANSWERS

pytestmark = pytest.mark.browser

LOOKS = {"ja": ("light", 320), "en": ("dark", 1280)}
SEND = "main .actions button[type=submit]"
# What can be pressed and is lower or narrower than a finger; words inside a sentence are excepted.
SMALL_TARGETS = """() => [...document.querySelectorAll('a, button, summary, .choice, input.input, textarea')]
  .filter((one) => !one.closest('p:not(.back)') && !one.matches('.skip-link, .visually-hidden'))
  .map((one) => [one.innerText || one.name, one.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 43.5 || box.width < 43.5))
  .map(([words, box]) => `${words} ${Math.round(box.width)}x${Math.round(box.height)}`)"""
WIDTH = "document.documentElement.scrollWidth"


@dataclass(frozen=True)
class Desk:
    story: Story
    views: dict[str, View]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A served desk with a case in every state; the tests only look."""
    folder = tmp_path_factory.mktemp("owner-pages")
    with databases.fresh_sqlite(folder, migrate) as url, served(url, folder, "ja") as story:
        yield Desk(story, {view.name: view for view in all_views(story.world)})


Open = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser, desk: Desk) -> Iterator[Open]:
    """Opens a view by its name, in a new browser profile."""
    contexts = []

    def open_view(
        name: str, language: str = "ja", *, width: int = 360, height: int = 640, **how: Any
    ) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, **how)
        contexts.append(context)
        page = context.new_page()
        show(page, desk, desk.views[name], language)
        return page

    yield open_view
    for context in contexts:
        context.close()


def show(page: Page, desk: Desk, view: View, language: str) -> None:
    """Come to a view as it is described: with its cookies, and with its button pressed if it is one of errors."""
    base = desk.story.base
    page.context.clear_cookies()
    page.context.add_cookies(
        [{"name": name, "value": raw, "url": base} for name, raw in view.cookies.items()]
    )
    page.goto(f"{base}/{language}{view.path}")
    if view.typed is not None:
        for name, text in view.typed.items():
            page.fill(f"[name={name}]", text)
        send(page)


def send(page: Page) -> None:
    """Press the page's button, and wait for the answer: what asks a page without waiting must not ask half of one."""
    with page.expect_navigation():
        page.click(SEND)


@contextmanager
def looking(chromium: Browser, **how: Any) -> Iterator[Page]:
    # without motion: half-way through a change of colours axe would measure a contrast that nobody sees
    context = chromium.new_context(reduced_motion="reduce", **how)
    yield context.new_page()
    context.close()


def broken_rules(page: Page) -> list[str]:
    found = violations(page)
    return [f"{rule['id']} at {[node['target'] for node in rule['nodes'][:3]]}" for rule in found]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_satisfies_axe_and_fits_a_small_phone(chromium: Browser, desk: Desk, language: str):
    faults: dict[str, list[str]] = {}
    scheme, width = LOOKS[language]
    with looking(chromium, color_scheme=scheme) as page:
        for view in desk.views.values():
            page.set_viewport_size({"width": 320, "height": 640})
            show(page, desk, view, language)
            found = [f"small: {words}" for words in page.evaluate(SMALL_TARGETS)]
            if page.evaluate(WIDTH) > 320:
                found.append("wider than 320 px")
            page.set_viewport_size({"width": width, "height": 640})
            found += broken_rules(page)
            if found:
                faults[view.name] = found

    assert faults == {}


def test_text_twice_as_large_still_fits(chromium: Browser, desk: Desk):
    wide = {}
    with looking(chromium, viewport={"width": 640, "height": 800}) as page:
        for name in (
            "start",
            "check, wrong",
            "form, account, wrong",
            "status, asked for more",
            "sent",
            "guide",
        ):
            show(page, desk, desk.views[name], "ja")
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            wide[name] = page.evaluate(WIDTH)

    assert {name for name, width in wide.items() if width > 640} == set()


@pytest.mark.parametrize("name", ["check, wrong", "status, asked for more", "start"])
def test_page_in_forced_colours_satisfies_axe(opened: Open, name: str):
    page = opened(name, forced_colors="active", reduced_motion="reduce")

    assert broken_rules(page) == []


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(
    ("name", "pressed"),
    [("start", ".hero .button"), ("cancel, cooling_off", SEND), ("cancel, cooling_off", "main .actions a")],
)
def test_what_matters_is_on_the_first_screen_of_a_phone(opened: Open, language: str, name: str, pressed: str):
    box = opened(name, language).locator(pressed).bounding_box()

    assert box is not None
    assert box["y"] + box["height"] <= 640


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_errors_get_the_focus_and_lead_to_their_fields(opened: Open, script: bool):
    page = opened("form, account, wrong", java_script_enabled=script)
    expect(page.locator("#error-summary")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#account_email")).to_be_focused()


def test_changed_answer_comes_back_with_the_focus_on_its_row(opened: Open):
    page = opened("check")
    page.get_by_role("link", name="電話番号を変更する", exact=True).click()
    page.fill("#phone", "03-1234-5678")
    send(page)

    expect(page.locator("#row-phone")).to_be_focused()
    expect(page.locator("#row-phone")).to_contain_text("+81 3-1234-5678 におかけします")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_language_changes_amid_an_error_with_what_was_typed(opened: Open, script: bool):
    page = opened("form, account, wrong", java_script_enabled=script)
    page.fill("#account_email", "はなこ＠")
    page.get_by_role("button", name="English").click()

    expect(page).to_have_title("Error: Which account is it? | Kaijo")
    expect(page.locator("#account_email")).to_have_value("はなこ＠")
    expect(page.locator("#account_number-error")).to_contain_text(
        "AWS account ID must be 12 digits (you entered 2)"
    )


def test_enter_in_a_field_sends_the_form_in_its_language(opened: Open):
    page = opened("find")
    page.fill("#email", "hanako@mail.example")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert page.url.endswith("/ja/find")
    expect(page.locator("#reference-error")).to_be_visible()


@pytest.mark.parametrize("composing", ["{isComposing: true}", "{keyCode: 229}"])
def test_enter_that_ends_a_conversion_sends_nothing(opened: Open, composing: str):
    page = opened("form, filled in")
    stopped = page.evaluate(
        f"""() => !document.getElementById('name').dispatchEvent(new KeyboardEvent('keydown',
            Object.assign({{key: 'Enter', bubbles: true, cancelable: true}}, {composing})))"""
    )

    assert stopped


def test_second_press_is_ignored_while_the_first_is_on_its_way(opened: Open):
    page = opened("find")
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    page.fill("#reference", "MR-1")
    page.evaluate(
        """() => { const form = document.getElementById('page-form'); form.requestSubmit(); form.requestSubmit(); }"""
    )
    expect(page.locator("#error-summary")).to_be_visible()

    assert sent.count("POST") == 1


def test_number_is_copied_and_that_is_said(opened: Open):
    page = opened("sent", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="コピーする").first.click()

    expect(page.locator(".reference [role=status]")).to_have_text("コピーしました")
    assert page.evaluate("navigator.clipboard.readText()").startswith("MR-")


def test_confirmation_prints_on_one_sheet_without_what_only_a_screen_needs(opened: Open):
    page = opened("sent", width=1280)
    pages = PdfReader(BytesIO(page.pdf(format="A4"))).pages

    assert len(pages) == 1
    text = pages[0].extract_text()
    assert "MR" in text
    assert "お困りのとき" not in text


def test_nothing_moves_for_those_who_asked_for_no_motion(opened: Open):
    page = opened("start", reduced_motion="reduce")
    page.locator("summary").click()

    assert page.evaluate("document.getAnimations().length") == 0


def test_request_is_sent_and_found_again_without_script(opened: Open):
    page = opened("start", java_script_enabled=False)
    page.get_by_role("link", name="解除方法を確認する").click()
    for answer in ("root", "no", "no", "yes", "yes", "no", "no"):
        page.check(f"[name=answer][value={answer}]")
        send(page)
    with page.expect_navigation():
        page.get_by_role("link", name="リクエストを始める").click()
    while "/request/check" not in page.url:
        answer_page(page)
    for consent in ("declaration", "waiting", "privacy"):
        page.check(f"#{consent}")
    send(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("リクエストを受け付けました")
    expect(page.locator(".copy")).to_be_hidden()


def answer_page(page: Page) -> None:
    """Fill one page of the form as Hanako would, and send it."""
    step = page.url.rpartition("/")[2]
    for name, value in ANSWERS[step].items():
        choice = page.locator(f"[type=radio][name={name}][value='{value}']")
        if choice.count():
            choice.check()
        elif value:
            page.fill(f"[name={name}]", value)
    send(page)
