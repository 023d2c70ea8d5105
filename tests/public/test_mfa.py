"""Between password and code: the code page, its troubles, recovery codes, and the one-use pass after a removal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from argon2 import profiles

from portal import passwords
from portal.casework import owner_recovery, passes
from portal.models import Account
from tests.casework import owners
from tests.public import owner_door
from tests.public.visitor import Visitor
from tests.world import World

NO_MATCH = {
    "ja": "MFA コードが一致しません。新しく表示されたコードを入力してください。",
    "en": "The code does not match. Enter the newest code in your app",
}


@pytest.fixture(autouse=True)
def quick_passwords() -> Iterator[None]:
    passwords.use(profiles.CHEAPEST)
    yield
    passwords.use(passwords.PASSWORDS)


@pytest.fixture(autouse=True)
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def proven(visitor: Visitor, lang: str) -> Visitor:
    """A browser whose password was right."""
    visitor.language = lang
    owner_door.give_password(visitor)
    return visitor


def wrong(world: World) -> str:
    return owners.wrong_code(world, owners.only_root(world))


# what a thief tries


def test_a_code_is_never_shown_again(proven: Visitor, world: World) -> None:
    code = wrong(world)
    page = proven.send(code=code)

    assert code not in page.response.text
    assert page.value("code") == ""


def test_the_secret_of_the_password_stage_is_worth_nothing_afterwards(proven: Visitor, world: World) -> None:
    stolen = proven.client.get_cookie("owner")
    assert stolen is not None
    proven.send(code=owner_door.fresh_code(world))
    thief = Visitor(proven.client.application, "ja")
    thief.client.set_cookie("owner", stolen.value)

    assert thief.get("/credentials").path == "/ja/sign-in"


def test_after_five_wrong_codes_the_page_says_until_when_and_keeps_the_ways_on(
    proven: Visitor, world: World, lang: str
) -> None:
    for _ in range(5):
        proven.send(code=wrong(world))
    page = proven.send(code=owner_door.fresh_code(world))

    assert page.code == 422
    assert page.errors_at("code")[0].startswith(
        {"ja": "試行回数が上限に達しました。", "en": "Too many attempts. Try again after"}[lang]
    )
    assert {f"/{lang}/mfa/trouble", f"/{lang}/mfa/recovery-code", f"/{lang}/request"} <= set(page.links())
    assert page.foreign_words(lang) == []


def test_closed_codes_leave_every_other_way_open(proven: Visitor, world: World, lang: str) -> None:
    with world.system.act():
        owners.entry(world, owners.only_root(world)).code_failures = 20
    page = proven.send(code=owner_door.fresh_code(world))

    assert page.code == 422
    assert proven.get("/mfa/trouble").path == f"/{lang}/mfa/trouble"
    assert proven.get("/mfa/recovery-code").path == f"/{lang}/mfa/recovery-code"


# signing in


def test_a_code_opens_the_security_credentials(proven: Visitor, world: World, lang: str) -> None:
    page = proven.send(code=owner_door.fresh_code(world, place=1))

    assert page.path == f"/{lang}/credentials"


@pytest.mark.parametrize("typed", ["", "12345"])
def test_a_code_that_cannot_be_one_is_no_wrong_code(proven: Visitor, world: World, typed: str) -> None:
    page = proven.send(code=typed)

    assert len(page.errors_at("code")) == 1
    assert owners.entry(world, owners.only_root(world)).code_failures == 0


def test_a_code_in_any_width_is_taken(proven: Visitor, world: World, lang: str) -> None:
    wide = owner_door.fresh_code(world).translate(str.maketrans("0123456789", "０１２３４５６７８９"))

    assert proven.send(code=f"{wide[:3]} {wide[3:]}").path == f"/{lang}/credentials"


def test_a_wrong_code_is_said_at_the_field_in_both_languages(
    proven: Visitor, world: World, lang: str
) -> None:
    page = proven.send(code=wrong(world))
    assert page.errors_at("code") == [NO_MATCH[lang]]
    assert page.summary == [(NO_MATCH[lang], "code")]
    page = proven.switch()

    assert page.errors_at("code") == [NO_MATCH[proven.language]]
    assert page.foreign_words(proven.language) == []


def test_the_field_takes_codes_from_the_keyboard_and_the_clipboard(proven: Visitor) -> None:
    page = proven.get("/mfa")
    field = page.html.find("input", {"name": "code"})

    assert (field["autocomplete"], field["inputmode"], field["type"]) == ("one-time-code", "numeric", "text")


# trouble


def test_trouble_names_every_way_on(proven: Visitor, lang: str) -> None:
    proven.get("/mfa")
    page = proven.follow({"ja": "MFA のトラブルシューティング", "en": "Troubleshoot MFA"}[lang])

    wanted = {"/mfa/resync", "/mfa?another=", "/mfa/recovery-code", "/request"}
    assert {f"/{lang}{each}" for each in wanted} <= set(page.links())
    assert page.foreign_words(lang) == []


def test_another_device_is_explained_on_the_page_of_the_code(proven: Visitor, lang: str) -> None:
    page = proven.get("/mfa?another=")

    assert "Drawer key" in page.text
    assert page.foreign_words(lang) == []


def test_a_clock_is_set_right_and_the_code_page_comes_back(proven: Visitor, world: World, lang: str) -> None:
    device = owners.devices(world, owners.only_root(world))[0]
    page = proven.get("/mfa/resync")
    assert page.foreign_words(lang) == []
    page = proven.send(
        device=device.id,
        code1=owners.code_at(world, device, 50),
        code2=owners.code_at(world, device, 51),
    )

    assert page.path == f"/{lang}/mfa"
    assert page.foreign_words(lang) == []
    world.now += owners.STEP
    assert proven.send(code=owners.code_at(world, device, 51)).path == f"/{lang}/credentials"


def test_two_codes_of_no_pair_are_answered_at_the_first_field(
    proven: Visitor, world: World, lang: str
) -> None:
    device = owners.devices(world, owners.only_root(world))[0]
    proven.get("/mfa/resync")
    page = proven.send(device=device.id, code1="000000", code2="000001")

    words = {
        "ja": "2 つのコードは、続けて表示されたものを入力してください。",
        "en": "Enter two codes shown one after the other",
    }
    assert page.errors_at("code1") == [words[lang]]
    assert "000001" not in page.response.text
    assert page.value("device") == device.id


def test_with_one_device_nothing_is_chosen(proven: Visitor, world: World) -> None:
    with world.system.act():
        owners.devices(world, owners.only_root(world))[1].removed_at = world.now
    page = proven.get("/mfa/resync")

    assert page.html.find("input", {"name": "device"}) is None


# recovery codes


def saved_codes(world: World, account: Account) -> list[str]:
    codes = owner_recovery.new_codes(world.owner)
    with world.system.act():
        owners.connector(world, account).replace_recovery_codes(
            world.session,
            owners.only_root(world),
            owner_recovery.hashes_of(codes),
            now=world.now,
        )
    return codes


def test_a_recovery_code_signs_in_and_says_that_it_is_used(
    proven: Visitor, world: World, account: Account, lang: str
) -> None:
    code = saved_codes(world, account)[0]
    page = proven.get("/mfa/recovery-code")
    assert page.foreign_words(lang) == []
    page = proven.send(code=code.lower())

    assert page.path == f"/{lang}/credentials"
    assert {"ja": "10 個のうち 9 個", "en": "9 of 10 recovery codes are unused"}[lang] in page.text


def test_a_wrong_recovery_code_is_not_shown_again(
    proven: Visitor, world: World, account: Account, lang: str
) -> None:
    saved_codes(world, account)
    proven.get("/mfa/recovery-code")
    page = proven.send(code="ABCD-EFGH-IJKL-MNOP")

    assert page.code == 422
    assert "MNOP" not in page.response.text
    assert page.foreign_words(lang) == []


# after a removal


@pytest.fixture
def awaited(proven: Visitor, world: World) -> Visitor:
    """A browser whose user must register a device."""
    principal = owners.only_root(world)
    with world.system.act():
        for device in owners.devices(world, principal):
            device.removed_at = world.now
        passes.require(world.system, principal)
    owner_door.give_password(proven)
    return proven


def mailed_pass(world: World) -> str:
    return str(world.params(owners.told(world, "one_use_pass")[-1])["code"])


def test_every_page_of_codes_leads_to_the_pass(awaited: Visitor, lang: str) -> None:
    for path in ("/mfa", "/mfa/trouble", "/mfa/resync", "/mfa/recovery-code"):
        assert awaited.get(path).path == f"/{lang}/mfa/pass"


def test_the_pass_is_sent_on_request_and_lets_register_a_device(
    awaited: Visitor, world: World, lang: str
) -> None:
    assert owners.told(world, "one_use_pass") == []
    page = awaited.send("/mfa/pass/send")
    assert page.path == f"/{lang}/mfa/pass"
    assert "h***@m***.example" in page.text.replace(" ", "")
    assert page.foreign_words(lang) == []
    page = awaited.send("", code=mailed_pass(world).lower())

    assert page.path == f"/{lang}/credentials"
    assert f"/{lang}/credentials/devices/new" in page.links()


def test_a_wrong_pass_is_said_and_not_shown(awaited: Visitor, world: World, lang: str) -> None:
    awaited.send("/mfa/pass/send")
    page = awaited.post(f"/{lang}/mfa/pass", {**awaited.fill(), "code": "2222-3333-4444"})

    assert len(page.errors_at("code")) == 1
    assert "4444" not in page.response.text
    assert page.foreign_words(lang) == []


def test_the_mail_carries_the_pass_and_the_page_does_not(awaited: Visitor, world: World) -> None:
    page = awaited.send("/mfa/pass/send")

    assert mailed_pass(world) not in page.response.text


def test_sending_again_at_once_is_answered_on_the_same_page(
    awaited: Visitor, world: World, lang: str
) -> None:
    awaited.send("/mfa/pass/send")
    page = awaited.send("/mfa/pass/send")

    assert (page.code, page.path) == (200, f"/{lang}/mfa/pass")
    assert len(owners.told(world, "one_use_pass")) == 2  # one for each mailbox
    assert page.foreign_words(lang) == []


def test_where_no_mailbox_is_good_the_page_says_so(
    awaited: Visitor, world: World, account: Account, lang: str
) -> None:
    with world.system.act():
        for contact in world.contacts(account, "email"):
            contact.confirmed_at = world.now - timedelta(days=1)
    page = awaited.get("/mfa/pass")

    assert page.html.find("form", action=lambda each: bool(each and each.endswith("/send"))) is None
    assert f"/{lang}/request" in page.links()
    assert page.foreign_words(lang) == []
