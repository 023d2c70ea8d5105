"""Registering a device in the browser: key as picture, text and link; two codes; recovery codes; a second device."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyotp
import pytest
from argon2 import profiles

from portal import passwords
from portal.casework import owner_sessions, passes
from portal.models import Account
from tests.casework import owners
from tests.public import owner_door
from tests.public.visitor import Page, Visitor
from tests.world import World


@pytest.fixture(autouse=True)
def quick_passwords() -> Iterator[None]:
    passwords.use(profiles.CHEAPEST)
    yield
    passwords.use(passwords.PASSWORDS)


@pytest.fixture(autouse=True)
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def enrolling(visitor: Visitor, world: World, lang: str) -> Visitor:
    """After a removal of everything, with the pass given."""
    principal = owners.only_root(world)
    with world.system.act():
        for device in owners.devices(world, principal):
            device.removed_at = world.now
        passes.require(world.system, principal)
        raw = owner_sessions.start(world.system, principal, "enrol").raw
    visitor.client.set_cookie("owner", raw)
    visitor.language = lang
    return visitor


def show_key(visitor: Visitor) -> str:
    """Choose the app, and read the key off the page."""
    visitor.get("/credentials/devices/new")
    page = visitor.send(kind="virtual")
    assert page.path == f"/{visitor.language}/credentials/devices/new/codes"
    return key_of(page)


def key_of(page: Page) -> str:
    return str(page.html.select_one("code.code").get_text()).replace(" ", "")


def pair(world: World, key: str) -> dict[str, str]:
    totp = pyotp.TOTP(key)
    return {"code1": totp.at(world.now - owners.STEP), "code2": totp.at(world.now)}


# what a thief tries


def test_no_page_and_no_picture_shows_the_key_afterwards(enrolling: Visitor, world: World) -> None:
    key = show_key(enrolling)
    enrolling.send(label="My phone", **pair(world, key))

    assert enrolling.get("/credentials/devices/new/key.svg").code == 404
    for path in ("/credentials", "/credentials/codes", "/credentials/devices/new/codes"):
        assert key not in enrolling.get(path).response.text.replace(" ", "")


def test_codes_are_not_shown_again_and_the_name_is(enrolling: Visitor, world: World, lang: str) -> None:
    show_key(enrolling)
    page = enrolling.send(label="My phone", code1="123456", code2="654321")

    assert page.errors_at("code1")
    assert (page.value("label"), page.value("code1"), page.value("code2")) == ("My phone", "", "")
    assert page.foreign_words(lang) == []


def test_pages_with_keys_and_codes_are_kept_by_no_cache(enrolling: Visitor) -> None:
    show_key(enrolling)
    for path in ("/credentials/devices/new/codes", "/credentials/devices/new/key.svg"):
        assert "no-store" in enrolling.get(path).response.headers["Cache-Control"]


def test_nobody_registers_from_another_browser(enrolling: Visitor, world: World) -> None:
    key = show_key(enrolling)
    other = Visitor(enrolling.client.application, "ja")

    assert other.get("/credentials/devices/new/codes").path == "/ja/sign-in"
    assert key not in other.get("/credentials/devices/new/key.svg").response.text


# what owners do


def test_the_key_comes_as_picture_as_text_and_as_link(enrolling: Visitor, lang: str) -> None:
    key = show_key(enrolling)
    page = enrolling.page
    assert page is not None

    assert re.fullmatch("[A-Z2-7]{32}", key)
    assert page.html.find("img", {"class": "qr"})["alt"]
    link = next(each for each in page.links() if each.startswith("otpauth://totp/"))
    assert pyotp.parse_uri(link).secret == key
    svg = enrolling.get("/credentials/devices/new/key.svg").response
    assert (svg.status_code, svg.mimetype) == (200, "image/svg+xml")
    assert page.foreign_words(lang) == []


def test_a_recovery_ends_with_a_device_ten_codes_and_advice(
    enrolling: Visitor, world: World, lang: str
) -> None:
    key = show_key(enrolling)
    page = enrolling.send(label="わたしの電話", **pair(world, key))
    assert page.path == f"/{lang}/credentials/codes"
    assert len(page.html.select("ol.codes li")) == 10
    page = enrolling.send(saved="y")
    assert page.path == f"/{lang}/credentials/devices/added"
    assert {"ja": "2 台目の登録をおすすめします", "en": "We suggest registering a second device"}[
        lang
    ] in page.text
    assert page.foreign_words(lang) == []

    world.now += owners.STEP * 2
    page = enrolling.follow({"ja": "2 台目を登録する", "en": "Register a second device"}[lang])
    page = enrolling.send(kind="virtual")
    page = enrolling.send(label="Tablet", **pair(world, key_of(page)))
    assert page.path == f"/{lang}/credentials/devices/added"
    assert "Tablet" in page.text


def test_the_new_device_signs_in(enrolling: Visitor, world: World, lang: str) -> None:
    key = show_key(enrolling)
    enrolling.send(label="My phone", **pair(world, key))
    enrolling.send(saved="y")
    enrolling.send("sign-out")
    world.now += owners.STEP
    owner_door.give_password(enrolling)

    assert enrolling.send(code=pyotp.TOTP(key).at(world.now)).path == f"/{lang}/credentials"


@pytest.mark.parametrize(
    ("fields", "at", "words"),
    [
        ({"label": ""}, "label", "Enter a device name"),
        ({"label": "x" * 61}, "label", "Device name must be 60 characters or less"),
        ({"code1": ""}, "code1", "Enter MFA code 1"),
        ({"code2": "12"}, "code2", "MFA code 2 must be 6 digits (you entered 2)"),
    ],
)
def test_each_field_says_what_to_do(enrolling: Visitor, fields: dict[str, str], at: str, words: str) -> None:
    enrolling.language = "en"
    show_key(enrolling)
    page = enrolling.send(**{"label": "My phone", "code1": "123456", "code2": "123457", **fields})

    assert page.errors_at(at) == [words]


def test_after_five_wrong_tries_another_key_is_shown_and_said(enrolling: Visitor, lang: str) -> None:
    key = show_key(enrolling)
    for _ in range(5):
        page = enrolling.send(label="My phone", code1="000000", code2="000001")

    assert key_of(page) != key
    assert page.errors_at("code1")
    assert page.foreign_words(lang) == []


def test_the_language_changes_with_the_name_and_without_the_codes(enrolling: Visitor, world: World) -> None:
    key = show_key(enrolling)
    page = enrolling.switch(label="My phone", code1="123456")

    assert key_of(page) == key
    assert page.value("label") == "My phone"
    assert page.foreign_words(enrolling.language) == []


def test_a_hardware_token_is_registered_by_its_own_key(enrolling: Visitor, world: World, lang: str) -> None:
    key = pyotp.random_base32(32)
    enrolling.get("/credentials/devices/new")
    page = enrolling.send(kind="hardware")
    assert page.foreign_words(lang) == []
    page = enrolling.send(key="GEZD")
    assert page.errors_at("key")
    assert page.value("key") == ""
    page = enrolling.send(key=key.lower())
    assert key not in page.response.text
    assert page.html.find("img", {"class": "qr"}) is None
    assert page.foreign_words(lang) == []

    assert enrolling.send(label="Token", **pair(world, key)).path == f"/{lang}/credentials/codes"


def test_a_kind_must_be_chosen_and_passkeys_are_said_not_to_be(enrolling: Visitor, lang: str) -> None:
    page = enrolling.get("/credentials/devices/new")
    assert {"ja": "パスキー", "en": "Passkeys"}[lang] in page.text

    assert enrolling.send().errors_at("kind")
    assert enrolling.send(kind="passkey").errors_at("kind")
