"""The pages on which a root user or administrator removes an IAM user's device and hands over a pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from portal.casework import managed_removal
from portal.connectors import ConnectorError
from portal.connectors.local import LocalConnector
from portal.models import Account, DirectoryDevice, LinkToken, ManagedRemoval
from tests.applications import app_for
from tests.casework.keepers import Keeper, iam_user, root_user
from tests.casework.staffroom import use_cheap_hashes
from tests.public.keeper import browser_of
from tests.public.visitor import Page, Visitor
from tests.world import World

USERS = "/credentials/users"


@pytest.fixture
def app(world: World) -> Flask:
    settings = replace(world.runtime.settings, windows=("public",))
    return app_for(replace(world.runtime, settings=settings))


@pytest.fixture
def account(world: World) -> Account:
    use_cheap_hashes()
    return world.account()


@pytest.fixture
def root(world: World, account: Account) -> Keeper:
    return root_user(world, account)


@pytest.fixture
def taro(world: World, account: Account) -> Keeper:
    return iam_user(world, account, "taro")


def address(keeper: Keeper, device_id: str | None = None) -> str:
    return f"{USERS}/{keeper.principal_id}/{device_id or keeper.device_id}/remove"


def remove(browser: Visitor, by: Keeper, whose: Keeper, **changes: str) -> Page:
    browser.get(address(whose))
    return browser.send(**{"reason": "Lost phone", "code": by.code(), **changes})


def is_there(world: World, keeper: Keeper) -> bool:
    world.session.rollback()
    return world.session.get_one(DirectoryDevice, keeper.device_id, populate_existing=True).removed_at is None


def shown_pass(page: Page) -> str:
    return page.html.select_one(".code").get_text().strip()[:14]


def test_the_root_user_removes_a_device_and_is_shown_a_pass_once(
    world: World, app: Flask, root: Keeper, taro: Keeper, lang: str
) -> None:
    browser = browser_of(app, root, lang)
    listed = browser.get(USERS)
    asked = browser.get(address(taro))
    done = remove(browser, root, taro)
    again = browser.get(address(taro))

    assert (address(taro) in " ".join(listed.links()), "taro's phone" in listed.text) == (True, True)
    assert ("taro" in asked.heading, "taro's phone" in asked.heading) == (True, True)
    assert (done.code, is_there(world, taro)) == (200, False)
    assert len(shown_pass(done).replace("-", "")) == 12
    assert shown_pass(done) not in again.text
    assert again.path == f"/{lang}{USERS}/{taro.principal_id}/pass"
    assert f"/{lang}/sign-in" in done.text


@pytest.mark.parametrize("stage", ["password", "limited", "enrol"])
def test_nobody_gets_here_without_mfa(app: Flask, root: Keeper, taro: Keeper, stage: str) -> None:
    client = browser_of(app, root, stage=stage).client
    paths = (USERS, address(taro), f"{USERS}/{taro.principal_id}/pass")

    assert {client.get(f"/ja{path}").status_code for path in paths} == {303}
    assert app.test_client().get(f"/ja{USERS}").headers["Location"] == "/ja/sign-in"


def test_for_an_ordinary_iam_user_there_are_no_such_pages(
    world: World, app: Flask, account: Account, taro: Keeper
) -> None:
    jiro = browser_of(app, iam_user(world, account, "jiro", edits=True))
    codes = {jiro.get(path).code for path in (USERS, address(taro), f"{USERS}/{taro.principal_id}/pass")}

    assert codes == {404}


def test_a_forged_form_for_another_accounts_user_finds_nobody(
    world: World, app: Flask, root: Keeper, taro: Keeper
) -> None:
    other = world.account(number="999999999999", account_email="other@mail.example")
    stranger = iam_user(world, other, "stranger")
    browser = browser_of(app, root)
    browser.get(address(taro))
    sent = {**browser.fill(), "reason": "x", "code": root.code()}
    answers = [
        browser.post(f"/ja{path}", sent).code
        for path in (address(stranger), address(taro, stranger.device_id), f"{USERS}/{'0' * 32}/x/remove")
    ]

    assert (answers, is_there(world, stranger), is_there(world, taro)) == ([404] * 3, True, True)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"reason": " "}, "reason", "Enter why the device is removed"),
        ({"reason": "x" * 301}, "reason", "Reason must be 300 characters or less (currently 301)"),
        ({"reason": "password: hunter2"}, "reason", "Do not include passwords or codes"),
        ({"code": ""}, "code", "Enter the 6-digit MFA code"),
        ({"code": "000000"}, "code", "The code does not match. Enter the newest code in your app"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_removed(
    world: World,
    app: Flask,
    root: Keeper,
    taro: Keeper,
    changes: dict[str, str],
    field: str,
    words: str,
) -> None:
    page = remove(browser_of(app, root, "en"), root, taro, **changes)

    assert (page.code, page.errors_at(field)) == (422, [words])
    assert page.value("reason") == changes.get("reason", "Lost phone")
    assert page.value("code") == ""
    assert (is_there(world, taro), world.session.query(ManagedRemoval).count()) == (True, 0)


def test_a_used_code_removes_nothing(
    world: World, app: Flask, account: Account, root: Keeper, taro: Keeper
) -> None:
    browser, jiro, code = browser_of(app, root), iam_user(world, account, "jiro"), root.code()
    remove(browser, root, jiro, code=code)

    assert remove(browser, root, taro, code=code).code == 422
    assert is_there(world, taro)


def test_nobody_is_offered_their_own_device(world: World, app: Flask, account: Account) -> None:
    yuki = iam_user(world, account, "yuki", administrator=True)
    browser = browser_of(app, yuki, "en")
    page = browser.get(USERS)

    assert not [link for link in page.links() if link.endswith("/remove")]
    assert "This is you" in page.text
    assert "cannot remove your own device here" in remove(browser, yuki, yuki).text


def test_another_pass_takes_a_fresh_code_and_stands_in_no_address(
    app: Flask, root: Keeper, taro: Keeper
) -> None:
    browser = browser_of(app, root)
    first = shown_pass(remove(browser, root, taro))
    browser.get(f"{USERS}/{taro.principal_id}/pass")
    wrong = browser.send(code="000000")
    browser.get(f"{USERS}/{taro.principal_id}/pass")
    second = browser.send(code=root.code())

    assert wrong.code == 422
    assert shown_pass(second) != first
    assert shown_pass(second) not in second.response.request.url


def test_whose_device_is_there_needs_no_pass(app: Flask, root: Keeper, taro: Keeper) -> None:
    assert browser_of(app, root).get(f"{USERS}/{taro.principal_id}/pass").path == f"/ja{USERS}"


def test_a_system_that_does_not_answer_is_said_and_asked_again(
    world: World, app: Flask, root: Keeper, taro: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_answer(self: LocalConnector, *given: Any, **more: Any) -> bool:
        raise ConnectorError("no answer")

    browser = browser_of(app, root, "en")
    monkeypatch.setattr(LocalConnector, "is_gone", no_answer)
    silent = remove(browser, root, taro)
    monkeypatch.undo()
    unsure = browser.get(address(taro))
    done = browser.send(code=root.code())

    assert (silent.code, "does not answer" in silent.text) == (503, True)
    assert unsure.heading == "Is the device gone?"
    assert (done.code, is_there(world, taro)) == (200, False)
    assert world.session.query(LinkToken).filter_by(purpose="pass").count() == 1


def test_many_users_are_turned_page_by_page(
    world: World, app: Flask, account: Account, root: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(managed_removal, "PAGE", 2)
    for name in ("akira", "bo", "chie"):
        iam_user(world, account, name, device=False)
    browser = browser_of(app, root, "en")
    first = browser.get(USERS)
    second = browser.follow("Next")

    assert [("chie" in page.text, "akira" in page.text) for page in (first, second)] == [
        (False, True),
        (True, False),
    ]


@pytest.mark.parametrize("odd", ["<b>taro</b>", "日本太郎", "x" * 64])
def test_names_are_shown_as_they_are(
    world: World, app: Flask, account: Account, root: Keeper, odd: str
) -> None:
    keeper = iam_user(world, account, odd)
    page = browser_of(app, root, "en").get(address(keeper))

    assert odd in page.heading
    assert not page.html.main.find_all("b")
