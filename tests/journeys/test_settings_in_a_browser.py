"""What is changed about an account, in a real browser: its number, its users' devices, the links that undo, and the desk's part.

Every page as a light phone of 320 px and a dark desk of 1280 px show it, in both languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from portal.casework import calls
from portal.connectors import ConnectorError
from portal.connectors.local import LocalConnector
from portal.models import Account, PhoneCall, Proposal
from tests.admin.clerk import Clerk
from tests.casework import resetting
from tests.casework.keepers import Keeper, corrected, iam_user, keyed, pressed_nine, revert_links, root_user
from tests.journeys.served import served
from tests.journeys.story import Story
from tests.journeys.test_owner_pages_in_a_browser import SMALL_TARGETS, WIDTH, broken_rules, looking
from tests.ringing import digits_of, end, pick_up, placed, press
from tests.world import World

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.parametrize("language", ["ja", "en"]),
]
LOOKS = (("dark", 1280), ("light", 320))  # the last one stays
SEND = "main form:not([action*=sign-out]) button[type=submit]:not(.visually-hidden)"


@pytest.fixture
def story(database_url: str, tmp_path: Path, language: str) -> Iterator[Story]:
    with served(database_url, tmp_path, language, telephone="demo") as told:
        yield told


@pytest.fixture
def desk(story: Story) -> World:
    return story.world


@pytest.fixture
def account(desk: World) -> Account:
    return desk.account()


@pytest.fixture
def look(chromium: Browser, story: Story) -> Iterator[Look]:
    with looking(chromium, viewport={"width": 320, "height": 640}, locale=story.language) as page:
        made = Look(page, story)
        yield made
        assert made.faults == []


class Look:
    """A browser that looks at every page it comes to."""

    def __init__(self, page: Page, story: Story) -> None:
        self.page, self.story = page, story
        self.faults: list[str] = []

    def carry(self, cookie: str, raw: str | None) -> None:
        self.page.context.clear_cookies()
        self.page.context.add_cookies([{"name": cookie, "value": raw or "", "url": self.story.base}])

    def open(self, path: str, where: str) -> None:
        start = "" if path.startswith("/admin/") else f"/{self.story.language}"
        self.page.goto(f"{self.story.base}{start}{path}")
        self.at(where, path)

    def send(self, where: str, path: str = "", **typed: str) -> None:
        """Fill in, press the page's button, and look at the answer."""
        for name, value in typed.items():
            self.page.fill(f"[name={name}]", value)
        self.press(SEND, where, path)

    def wrong(self, where: str, path: str = "", **typed: str) -> None:
        """The same, where something is refused: it is said above the heading."""
        self.send(where, path, **typed)
        assert self.page.locator("#error-summary").count() == 1, where

    def press(self, selector: str, where: str, path: str = "") -> None:
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()
        self.at(where, path)

    def at(self, where: str, path: str = "") -> None:
        assert path in self.page.url, f"{where}: {self.page.url}"
        self.page.mouse.move(0, 0)
        for scheme, width in LOOKS:
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.page.set_viewport_size({"width": width, "height": 640})
            self.faults += [f"{where} ({scheme}, {width} px): {rule}" for rule in broken_rules(self.page)]
        if (wide := self.page.evaluate(WIDTH)) > 320:
            self.faults.append(f"{where}: {wide} px wide on a phone")
        if "/admin/" not in self.page.url:
            self.faults += [f"{where}, small: {one}" for one in self.page.evaluate(SMALL_TARGETS)]


def newest_call(desk: World) -> PhoneCall:
    desk.session.rollback()
    found = desk.session.query(PhoneCall).order_by(PhoneCall.created_at.desc()).first()
    assert found is not None
    return found


def ask_for_the_number(look: Look, keeper: Keeper, number: str) -> None:
    look.open("/credentials/phone", "number")
    look.send("call, not asked for", "/phone/call", number=number, code=keeper.code())


def test_the_registered_number_is_corrected(desk: World, account: Account, look: Look) -> None:
    taro = iam_user(desk, account, "taro", edits=True)
    look.carry("owner", taro.signed_in().raw)
    look.open("/credentials", "credentials of who may change it")
    look.open("/credentials/phone", "number")
    look.wrong("number, empty")
    look.wrong("number, wrong", number="0120-000-000", code="12")
    look.wrong("number, wrong code", number="090-0000-1111", code="000000")
    look.send("call, not asked for", "/phone/call", number="０９０－００００－１１１１", code=taro.code())
    look.open("/credentials/phone", "number, one waits")
    look.open("/credentials/phone/call", "call, not asked for")
    look.send("call, calling")
    assert look.page.locator(".call-code__digit").count() == 6
    look.wrong("call, too soon")
    with desk.system.act():
        calls.end(desk.system, newest_call(desk), "no_answer")
    look.open("/credentials/phone/call", "call, no answer")
    desk.now += timedelta(minutes=2)
    look.send("call, again")
    keyed(desk, newest_call(desk))
    look.open("/credentials/phone/call", "done")
    look.open("/credentials/phone", "number, corrected")


def test_a_number_is_not_corrected(desk: World, account: Account, look: Look) -> None:
    taro = iam_user(desk, account, "taro", edits=True)
    look.carry("owner", taro.signed_in().raw)
    ask_for_the_number(look, taro, "090-0000-1111")
    look.send("call, calling")
    pressed_nine(desk, newest_call(desk))
    look.open("/credentials/phone/call", "not changed: 9 was pressed")
    ask_for_the_number(look, taro, "090-0000-2222")
    desk.now += timedelta(minutes=61)
    look.carry("owner", taro.signed_in().raw)
    look.open("/credentials/phone/call", "not changed: the time is over")
    with desk.system.act():
        root_user(desk, account).entry.changes_held_until = desk.now + timedelta(hours=72)
    look.open("/credentials/phone", "number, held")


def test_the_links_that_undo_and_stop(desk: World, account: Account, look: Look) -> None:
    change = corrected(iam_user(desk, account, "taro", edits=True))
    raw = next(iter(revert_links(desk, change).values()))
    look.open(f"/revert/{raw}", "revert")
    look.press(SEND, "reverted", "/revert/")
    look.open(f"/revert/{'A' * 43}", "revert, gone")


def test_the_stop_link_of_a_notice_about_an_account(desk: World, account: Account, look: Look) -> None:
    resetting.Browser(desk).with_mail()
    look.open(f"/stop/{resetting.newest_link(desk, 'stop')}", "stop of an account")
    look.press(SEND, "stopped", "/stop/")


def test_the_devices_of_iam_users(
    desk: World, account: Account, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = root_user(desk, account)
    look.carry("owner", root.signed_in().raw)
    look.open("/credentials", "credentials of the root user")
    look.open("/credentials/users", "no users")
    taro, jiro = iam_user(desk, account, "taro"), iam_user(desk, account, "j" * 64)
    iam_user(desk, account, "hana", device=False)
    look.open("/credentials/users", "users")
    look.open(remove_page(taro), "remove")
    look.wrong("remove, empty")
    look.wrong("remove, wrong code", reason="Lost phone", code="000000")
    look.send("removed, with its pass", reason="Lost phone", code=root.code())
    look.open("/credentials/users", "users, one must register")
    look.open(f"/credentials/users/{taro.principal_id}/pass", "another pass")
    look.wrong("another pass, empty")
    look.send("another pass, shown", code=root.code())
    with monkeypatch.context() as silent:
        silent.setattr(LocalConnector, "is_gone", no_answer)
        look.open(remove_page(jiro), "remove, a long name")
        look.send("no answer", reason="Lost phone", code=root.code())
    look.open(remove_page(jiro), "is it gone?")
    look.wrong("is it gone, empty")


def remove_page(keeper: Keeper) -> str:
    return f"/credentials/users/{keeper.principal_id}/{keeper.device_id}/remove"


def no_answer(_connector: LocalConnector, *_given: Any, **_more: Any) -> bool:
    raise ConnectorError("no answer")


# the desk


def sign_in(look: Look, name: str) -> Clerk:
    clerk = look.story.clerk(name)
    look.carry("staff", clerk.cookie)
    return clerk


def test_an_account_is_protected(desk: World, account: Account, look: Look) -> None:
    settings = f"/admin/account-settings/{account.id}"
    sign_in(look, "ada")
    look.open(f"/admin/accounts/{account.id}", "account")
    look.open(f"{settings}/account_protect", "protect")
    look.wrong("protect, no reason", "/account_protect")
    look.page.fill("[name=reason]", "A threat that the leads know of")
    look.press(SEND, "proposed", f"/admin/accounts/{account.id}")
    look.open(f"{settings}/account_unprotect", "not as it is")
    proposal = f"{settings}/proposals/{newest_proposal(desk)}"
    look.open(proposal, "proposal of one's own")
    sign_in(look, "lee")
    look.open(proposal, "proposal, of others")
    ann = sign_in(look, "ann")
    look.open(proposal, "proposal")
    look.wrong("proposal, nothing decided", "/proposals/")
    look.page.check("[name=decision][value=agree]")
    look.send("protected", f"/admin/accounts/{account.id}", code=ann.code())
    look.open(f"{settings}/account_unprotect", "unprotect")
    look.open(proposal, "proposal, decided")


def newest_proposal(desk: World) -> str:
    desk.session.rollback()
    found = desk.session.query(Proposal).order_by(Proposal.created_at.desc()).first()
    assert found is not None
    return found.id


def test_the_desk_calls_a_registered_number(desk: World, account: Account, look: Look) -> None:
    with desk.system.act():
        desk.contact(account, "phone", "+81312345678", since=desk.now - timedelta(days=60))
    case_id = desk.verifying()
    sign_in(look, "alice")
    page, case = f"/admin/checks/{case_id}/call", f"/admin/case/{case_id}"
    look.open(page, "call")
    look.wrong("call, no number chosen", page)
    look.page.locator("[name=contact]").first.check()
    look.press(SEND, "call placed", case)
    (call,) = placed(desk)
    end(desk, call, "no-answer")
    look.open(case, "no answer")
    look.open(page, "call, again")
    look.page.locator("[name=contact]").first.check()
    look.press(SEND, "call, too soon", page)
    desk.now += timedelta(minutes=2)
    look.press(SEND, "call placed again", case)
    (call,) = placed(desk)
    pick_up(desk, call)
    press(desk, call, digits_of(desk, call))
    look.open(case, "confirmed")
    with desk.system.act():
        for contact in desk.contacts(account, "phone"):
            contact.retired_at = desk.now
    look.open(page, "call, no number")
