"""The owners' sign-in pages: name, then password; one answer to whatever is wrong, to the byte."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from argon2 import profiles
from flask import Flask

from portal import passwords
from tests.casework.owners import EMAIL, PASSWORD
from tests.public import owner_door
from tests.public.visitor import Page, Visitor
from tests.world import World

UNKNOWN = "nobody@mail.example"
WRONG = {
    "ja": "メールアドレスまたはパスワードが正しくありません。",
    "en": "The email address or password is incorrect",
}


@pytest.fixture(autouse=True)
def quick_passwords() -> Iterator[None]:
    passwords.use(profiles.CHEAPEST)
    yield
    passwords.use(passwords.PASSWORDS)


@pytest.fixture(autouse=True)
def account(world: World) -> None:
    world.account()


def answer(page: Page, typed: str) -> tuple[object, ...]:
    """All that a page tells, but for the token of its form and the name that was typed."""
    body = re.sub(r'name="csrf_token" value="[^"]*"', "", page.response.text).replace(typed, "NAME")
    told = {name for name, _ in page.response.headers} - {"Set-Cookie"}
    cookies = sorted(each.partition("=")[0] for each in page.response.headers.getlist("Set-Cookie"))
    return page.code, page.path, body, sorted(told), cookies


# what a thief tries


@pytest.mark.parametrize(
    ("email", "password"),
    [(UNKNOWN, PASSWORD), (UNKNOWN, "wrong"), (EMAIL, "wrong"), (EMAIL, PASSWORD + " ")],
)
def test_known_and_unknown_accounts_are_answered_alike_to_the_byte(
    app: Flask, lang: str, email: str, password: str
) -> None:
    wanted = answer(
        owner_door.give_password(Visitor(app, lang), "zzz@mail.example", "wrong"), "zzz@mail.example"
    )

    assert answer(owner_door.give_password(Visitor(app, lang), email, password), email) == wanted


def test_a_limit_is_answered_alike_for_known_and_unknown_accounts(app: Flask, lang: str) -> None:
    pages = []
    for email in (EMAIL, UNKNOWN):
        visitor = Visitor(app, lang)
        for _ in range(6):
            page = owner_door.give_password(visitor, email, "wrong")
        pages.append((page, email))

    assert pages[0][0].code == 429
    assert answer(*pages[0]) == answer(*pages[1])


def test_the_name_page_looks_nobody_up(visitor: Visitor) -> None:
    known, unknown = owner_door.give_name(visitor), owner_door.give_name(visitor, UNKNOWN)

    assert answer(known, EMAIL) == answer(unknown, UNKNOWN)


def test_a_password_never_comes_back(visitor: Visitor) -> None:
    page = owner_door.give_password(visitor, password="very secret thing")

    assert "very secret thing" not in page.response.text
    assert page.value("password") == ""
    assert page.value("email") == EMAIL


def test_a_failed_sign_in_sets_no_cookie_of_an_owner(visitor: Visitor) -> None:
    owner_door.give_password(visitor, password="wrong")

    assert visitor.client.get_cookie("owner") is None


def test_the_cookie_is_kept_from_scripts_and_other_sites(visitor: Visitor) -> None:
    owner_door.give_password(visitor)
    cookie = visitor.client.get_cookie("owner")

    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.path) == (True, "Lax", "/")


@pytest.mark.parametrize(
    "page",
    [
        "/mfa",
        "/mfa/trouble",
        "/mfa/resync",
        "/mfa/recovery-code",
        "/mfa/pass",
        "/credentials",
        "/credentials/codes",
        "/credentials/codes/new",
        "/credentials/devices/new",
        "/credentials/devices/new/codes",
        "/credentials/devices/new/key.svg",
        "/credentials/devices/added",
    ],
)
def test_no_page_behind_the_door_opens_without_signing_in(visitor: Visitor, page: str) -> None:
    assert visitor.get(page).path == "/ja/sign-in"


@pytest.mark.parametrize(
    "page",
    [
        "/credentials",
        "/credentials/codes/new",
        "/credentials/devices/new",
        "/credentials/devices/new/token",
        "/credentials/devices/new/codes",
        "/credentials/devices/added",
    ],
)
def test_the_password_alone_opens_no_page_of_the_account(visitor: Visitor, page: str) -> None:
    owner_door.give_password(visitor)

    assert visitor.get(page).path == "/ja/mfa"


def test_a_hand_made_name_is_answered_as_a_wrong_one(visitor: Visitor, lang: str) -> None:
    visitor.language = lang
    owner_door.give_name(visitor)
    page = visitor.send(email="no address", password=PASSWORD)

    assert page.errors_at("password") == [WRONG[lang]]


# what owners do


def test_two_pages_lead_to_the_mfa_page(visitor: Visitor, lang: str) -> None:
    visitor.language = lang
    page = owner_door.give_name(visitor)
    assert page.html.find("input", {"name": "email"})["autocomplete"] == "username"
    assert page.html.find("input", {"name": "password"})["autocomplete"] == "current-password"
    page = visitor.send(password=PASSWORD)

    assert (page.code, page.path) == (200, f"/{lang}/mfa")
    assert page.foreign_words(lang) == []


def test_an_error_is_said_twice_and_the_name_stays(visitor: Visitor, lang: str) -> None:
    visitor.language = lang
    page = owner_door.give_password(visitor, password="wrong")

    assert page.code == 422
    assert page.summary == [(WRONG[lang], "password")]
    assert page.errors_at("password") == [WRONG[lang]]
    assert page.title.startswith({"ja": "エラー：", "en": "Error: "}[lang])


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("", "Enter the root user email address"),
        ("hanako", "Enter an email address in the correct format, like name@example.com"),
    ],
)
def test_a_name_that_cannot_be_one_is_asked_for_again(visitor: Visitor, email: str, words: str) -> None:
    visitor.language = "en"
    page = owner_door.give_name(visitor, email)

    assert page.errors_at("email") == [words]
    assert page.value("email") == email


def test_an_empty_password_is_asked_for_and_not_counted(visitor: Visitor) -> None:
    visitor.language = "en"
    for _ in range(7):
        page = owner_door.give_password(visitor, password="")

    assert page.errors_at("password") == ["Enter your password"]


def test_the_language_changes_with_the_name_and_the_error(visitor: Visitor) -> None:
    owner_door.give_password(visitor, password="wrong")
    page = visitor.switch()

    assert page.path == "/en/sign-in/password"
    assert page.value("email") == EMAIL
    assert page.errors_at("password") == [WRONG["en"]]
    assert page.foreign_words("en") == []


def test_a_name_in_any_width_and_case_is_understood(visitor: Visitor) -> None:
    assert owner_door.give_password(visitor, EMAIL.upper().replace("@", "＠")).path == "/ja/mfa"


def test_an_iam_user_signs_in(visitor: Visitor, world: World, lang: str) -> None:
    account = world.account(number="999988887777", account_email="x@mail.example", second_email=None)
    world.add_iam_users(account, "taro")
    visitor.language = lang
    visitor.get("/sign-in")
    visitor.follow({"ja": "IAM ユーザーとしてサインイン", "en": "Sign in as an IAM user"}[lang])
    page = visitor.send(account_number="9999-8888-7777", username="Taro")
    assert page.foreign_words(lang) == []
    page = visitor.send(password=PASSWORD)

    assert page.path == f"/{lang}/credentials"  # no device yet: one must be registered


def test_a_wait_names_its_end_and_leads_to_the_request_form(
    visitor: Visitor, world: World, lang: str
) -> None:
    visitor.language = lang
    for _ in range(6):
        page = owner_door.give_password(visitor, password="wrong")

    assert page.html.main.find("time") is not None
    assert f"/{lang}/request" in page.links()
    assert page.foreign_words(lang) == []
    world.now += timedelta(minutes=15)
    assert owner_door.give_password(visitor).path == f"/{lang}/mfa"


def test_signing_out_says_so_and_closes_the_pages(visitor: Visitor, lang: str) -> None:
    visitor.language = lang
    owner_door.give_password(visitor)
    page = visitor.send("sign-out")

    assert page.path == f"/{lang}/sign-in"
    assert {"ja": "サインアウトしました。", "en": "You are signed out."}[lang] in page.text
    assert visitor.get("/mfa").path == f"/{lang}/sign-in"


def test_a_session_that_is_over_is_said_to_be(visitor: Visitor, world: World) -> None:
    visitor.language = "en"
    owner_door.give_password(visitor)
    world.now += world.runtime.limits.self_service_life
    page = visitor.get("/mfa")

    assert page.path == "/en/sign-in"
    assert "Your session has ended. Sign in again." in page.text
