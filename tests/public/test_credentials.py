"""The security credentials page: what is shown to whom, giving a device back, new recovery codes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from argon2 import profiles
from sqlalchemy import select

from portal import passwords
from portal.casework import owner_sessions
from portal.models import Account, Principal
from tests.casework import owners
from tests.public import owner_door
from tests.public.visitor import Visitor
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
def signed_in(visitor: Visitor, world: World, lang: str) -> Visitor:
    visitor.language = lang
    owner_door.sign_in(world, visitor)
    return visitor


def in_stage(world: World, visitor: Visitor, stage: str) -> Visitor:
    """A browser that another part of the portal has brought so far."""
    with world.owner.act():
        raw = owner_sessions.start(world.owner, owners.only_root(world), stage).raw
    visitor.client.set_cookie("owner", raw)
    return visitor


# what a thief tries


@pytest.mark.parametrize("stage", ["limited", "enrol"])
def test_only_a_full_sign_in_removes_devices_here(visitor: Visitor, world: World, stage: str) -> None:
    device = owners.devices(world, owners.only_root(world))[0]
    page = in_stage(world, visitor, stage).get(f"/credentials/devices/{device.id}/remove")

    assert page.path == "/ja/credentials"


def test_a_limited_session_is_sent_to_its_removal_before_anything_else(
    visitor: Visitor, world: World
) -> None:
    page = in_stage(world, visitor, "limited").get("/credentials")

    assert "/ja/credentials/devices/new" not in page.links()
    assert visitor.get("/credentials/devices/new").path == "/ja/credentials"


def test_a_device_of_somebody_else_has_no_page(signed_in: Visitor, lang: str) -> None:
    assert signed_in.get(f"/credentials/devices/{'0' * 32}/remove").path == f"/{lang}/credentials"


def test_a_used_code_removes_nothing(signed_in: Visitor, world: World) -> None:
    first, second = owners.devices(world, owners.only_root(world))
    signed_in.get(f"/credentials/devices/{second.id}/remove")
    page = signed_in.send(code=owners.code_at(world, first))

    assert page.code == 422
    assert len(owners.devices(world, owners.only_root(world))) == 2


def test_the_page_names_no_whole_account_number(signed_in: Visitor, account: Account) -> None:
    page = signed_in.get("/credentials")

    assert account.number not in page.response.text
    assert "****-****-9012" in page.text.replace(" ", "")


def test_while_changes_are_held_the_page_says_until_when(
    signed_in: Visitor, world: World, account: Account, lang: str
) -> None:
    with world.system.act():
        owners.connector(world, account).hold_changes(
            world.session, owners.only_root(world), world.now + timedelta(hours=72)
        )
    device = owners.devices(world, owners.only_root(world))[1]
    for path in ("/credentials", f"/credentials/devices/{device.id}/remove"):
        page = signed_in.get(path)
        assert page.html.main.find("time") is not None
        assert page.html.find("input", {"name": "code"}) is None
        assert page.foreign_words(lang) == []


# what owners do


def test_the_page_lists_devices_codes_and_how_long_the_session_lasts(
    signed_in: Visitor, world: World, lang: str
) -> None:
    page = signed_in.get("/credentials")

    assert [row.get_text(strip=True) for row in page.html.select("th[scope=row]")] == ["Phone", "Drawer key"]
    assert {"ja": "サインインの有効期限", "en": "You stay signed in until"}[lang] in page.text
    assert page.foreign_words(lang) == []


def test_a_device_is_removed_on_a_page_of_its_own_with_a_fresh_code(
    signed_in: Visitor, world: World, lang: str
) -> None:
    device = owners.devices(world, owners.only_root(world))[1]
    page = signed_in.get(f"/credentials/devices/{device.id}/remove")
    assert "Drawer key" in page.text
    assert page.foreign_words(lang) == []
    page = signed_in.send(code=owner_door.fresh_code(world))

    assert page.path == f"/{lang}/credentials"
    assert "Drawer key" not in page.text
    assert page.foreign_words(lang) == []


def test_the_last_device_cannot_be_removed_and_the_page_says_what_to_do(
    signed_in: Visitor, world: World, lang: str
) -> None:
    first, second = owners.devices(world, owners.only_root(world))
    with world.system.act():
        second.removed_at = world.now
    page = signed_in.get(f"/credentials/devices/{first.id}/remove")

    assert page.html.find("input", {"name": "code"}) is None
    assert page.foreign_words(lang) == []


def test_new_recovery_codes_are_shown_once_after_a_fresh_code(
    signed_in: Visitor, world: World, lang: str
) -> None:
    page = signed_in.get("/credentials/codes/new")
    assert page.foreign_words(lang) == []
    page = signed_in.send(code=owner_door.fresh_code(world))
    assert page.path == f"/{lang}/credentials/codes"
    codes = [item.get_text() for item in page.html.select("ol.codes li")]
    assert len(set(codes)) == 10
    assert page.foreign_words(lang) == []

    page = signed_in.send()
    assert page.errors_at("saved")
    page = signed_in.send(saved="y")
    assert page.path == f"/{lang}/credentials"
    assert not any(code in page.response.text for code in codes)
    assert signed_in.get("/credentials/codes").path == f"/{lang}/credentials"


def test_codes_that_were_not_saved_are_shown_again_first(signed_in: Visitor, world: World, lang: str) -> None:
    signed_in.get("/credentials/codes/new")
    signed_in.send(code=owner_door.fresh_code(world))

    assert signed_in.get("/credentials").path == f"/{lang}/credentials/codes"


def test_an_iam_user_who_edits_contacts_finds_the_telephone_number(
    visitor: Visitor, world: World, account: Account
) -> None:
    visitor.language = "en"
    world.add_iam_users(account, "taro")
    with world.system.act():
        taro = world.session.execute(select(Principal).where(Principal.username == "taro")).scalar_one()
        taro.edits_contacts = True
    with world.owner.act():
        raw = owner_sessions.start(world.owner, taro, "full").raw
    visitor.client.set_cookie("owner", raw)
    page = visitor.get("/credentials")

    assert "Change the registered phone number" in page.text
    assert "MFA devices of IAM users" not in page.text


def test_the_root_user_finds_the_devices_of_iam_users(signed_in: Visitor, lang: str) -> None:
    page = signed_in.get("/credentials")

    assert {"ja": "IAM ユーザーの MFA デバイス", "en": "MFA devices of IAM users"}[lang] in page.text
