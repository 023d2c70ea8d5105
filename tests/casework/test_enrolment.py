"""Registering a device: two codes in a row, in the right session at the right time; and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pyotp
import pytest
from argon2 import profiles
from sqlalchemy import select

from portal import passwords
from portal.casework import enrolment, objection, owner_factor, owner_recovery, owner_sessions, passes
from portal.casework.context import Refused
from portal.casework.owner_sessions import Visitor
from portal.contact import ContactError
from portal.models import (
    Account,
    DirectoryRecoveryCode,
    DirectorySession,
    OwnerSession,
    Principal,
)
from tests import attempts
from tests.casework import owners
from tests.world import World


@pytest.fixture(autouse=True)
def quick_passwords() -> Iterator[None]:
    passwords.use(profiles.CHEAPEST)
    yield
    passwords.use(passwords.PASSWORDS)


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def principal(world: World, account: Account) -> Principal:
    return owners.root(world, account)


def stage(world: World, principal: Principal, name: str) -> Visitor:
    with world.owner.act():
        return owner_sessions.start(world.owner, principal, name).visitor


@pytest.fixture
def enrolling(world: World, principal: Principal) -> Visitor:
    """After a removal of everything, with the pass given."""
    with world.system.act():
        for device in owners.devices(world, principal):
            device.removed_at = world.now
        passes.require(world.system, principal)
    return stage(world, principal, "enrol")


def key(world: World, visitor: Visitor) -> pyotp.TOTP:
    found = enrolment.new_key(world.owner, visitor)
    assert found is not None
    return pyotp.TOTP(found.secret)


def pair(world: World, visitor: Visitor, off: int = 0) -> tuple[str, str]:
    """Two codes in a row of the key that is being set up, the second one of this moment."""
    totp, now = key(world, visitor), world.now + timedelta(seconds=30 * off)
    return totp.at(now - timedelta(seconds=30)), totp.at(now)


def begin(world: World, visitor: Visitor) -> None:
    """Ask for a key; whoever is fully signed in gives a new code of their first device."""
    code = None
    if visitor.stage == "full":
        world.pass_time(seconds=30)
        code = owners.code_at(world, owners.devices(world, visitor.principal)[0])
    enrolment.begin(world.owner, visitor, kind="virtual", code=code)


def register(world: World, visitor: Visitor, label: str = "New phone", off: int = 0) -> bool:
    begin(world, visitor)
    return enrolment.register(world.owner, visitor, label=label, codes=pair(world, visitor, off))


def refusal(world: World, visitor: Visitor, codes: tuple[str, str]) -> str:
    try:
        enrolment.register(world.owner, visitor, label="New phone", codes=codes)
    except Refused as refused:
        return refused.reason
    return "registered"


# what a thief tries


def test_the_password_alone_registers_nothing(world: World, account: Account) -> None:
    visitor = owners.with_password(world)

    with pytest.raises(Refused, match="session_moved"):
        enrolment.begin(world.owner, visitor, kind="virtual")


def test_a_limited_session_registers_nothing_before_its_removal_is_done(
    world: World, principal: Principal
) -> None:
    """Where the removal waits 72 h, a device registered meanwhile would go around the wait."""
    visitor = stage(world, principal, "limited")

    with pytest.raises(Refused, match="remove_first"):
        enrolment.begin(world.owner, visitor, kind="virtual")


def test_a_removal_of_another_day_opens_no_limited_session(world: World, principal: Principal) -> None:
    removed(world, principal, stage(world, principal, "limited"))
    world.now += timedelta(days=1)

    with pytest.raises(Refused, match="remove_first"):
        enrolment.begin(world.owner, stage(world, principal, "limited"), kind="virtual")


def removed(world: World, principal: Principal, visitor: Visitor) -> None:
    """An attempt of this browser with all its proofs that removes its device at this moment."""
    device_id = owners.devices(world, principal)[0].id
    attempt, statements = attempts.proven(principal.account_id, principal.id, world.now, device_id=device_id)
    with world.system.act():
        for statement in statements:
            world.session.execute(statement)
        world.session.execute(
            attempts.changed(
                "self_service",
                attempt,
                removed_at=world.now,
                ended_at=world.now,
                session_hash=visitor.hash,
            )
        )


def test_a_limited_session_registers_a_device_once_its_removal_is_done(
    world: World, principal: Principal
) -> None:
    visitor = stage(world, principal, "limited")
    world.now += timedelta(minutes=1)
    removed(world, principal, visitor)

    assert register(world, visitor)
    assert not register(world, visitor, "Second phone")


def test_two_codes_that_are_not_in_a_row_register_nothing(world: World, enrolling: Visitor) -> None:
    enrolment.begin(world.owner, enrolling, kind="virtual")
    first, second = pair(world, enrolling)

    for codes in ((second, second), (second, first), (first, "000000"), ("", "")):
        assert refusal(world, enrolling, codes) == "codes_not_in_a_row"


def test_after_five_wrong_tries_another_key_is_shown(world: World, enrolling: Visitor) -> None:
    enrolment.begin(world.owner, enrolling, kind="virtual")
    codes = pair(world, enrolling)
    said = [refusal(world, enrolling, ("000000", "000001")) for _ in range(5)]

    assert said == ["codes_not_in_a_row"] * 4 + ["new_key"]
    assert refusal(world, enrolling, codes) == "codes_not_in_a_row"


def test_a_key_that_was_shown_too_long_is_not_taken(world: World, principal: Principal) -> None:
    visitor = stage(world, principal, "full")
    begin(world, visitor)
    world.now += world.runtime.limits.new_device_life

    assert refusal(world, visitor, pair(world, visitor)) == "new_key"


def test_the_codes_that_registered_a_device_do_not_sign_in(world: World, enrolling: Visitor) -> None:
    enrolment.begin(world.owner, enrolling, kind="virtual")
    codes = pair(world, enrolling)
    enrolment.register(world.owner, enrolling, label="New phone", codes=codes)
    visitor = owners.with_password(world)

    for code in codes:
        with pytest.raises(Refused, match="wrong_code"):
            owner_factor.sign_in_with_code(world.owner, visitor, code)


def test_one_post_of_two_registers_the_device(world: World, enrolling: Visitor) -> None:
    enrolment.begin(world.owner, enrolling, kind="virtual")
    codes = pair(world, enrolling)
    enrolment.register(world.owner, enrolling, label="New phone", codes=codes)

    assert refusal(world, enrolling, codes) == "session_moved"
    assert len(owners.devices(world, enrolling.principal)) == 1


def test_while_changes_are_held_a_signed_in_user_registers_and_removes_nothing(
    world: World, account: Account, principal: Principal
) -> None:
    visitor = owners.with_mfa(world, account)
    until = world.now + timedelta(hours=72)
    with world.system.act():
        owners.connector(world, account).hold_changes(world.session, principal, until)
    device = owners.devices(world, principal)[1]

    with pytest.raises(Refused, match="changes_held") as held:
        enrolment.begin(world.owner, visitor, kind="virtual")
    assert held.value.details["until"] == until
    with pytest.raises(Refused, match="changes_held"):
        enrolment.remove(world.owner, visitor, device.id, owners.code_at(world, device))


def test_a_hold_is_never_shortened(world: World, account: Account, principal: Principal) -> None:
    until, connector = world.now + timedelta(hours=72), owners.connector(world, account)
    with world.system.act():
        connector.hold_changes(world.session, principal, until)
        connector.hold_changes(world.session, principal, world.now)

    assert connector.changes_held_until(world.session, principal) == until


def test_a_ninth_device_is_refused(world: World, account: Account) -> None:
    visitor = owners.with_mfa(world, account)
    for number in range(6):
        register(world, visitor, f"Phone {number}")

    with pytest.raises(Refused, match="too_many_devices"):
        enrolment.begin(world.owner, visitor, kind="virtual")


def test_the_key_is_sealed_and_gone_once_it_is_a_device(world: World, enrolling: Visitor) -> None:
    enrolment.begin(world.owner, enrolling, kind="virtual")
    secret = key(world, enrolling).secret
    row = world.session.get_one(OwnerSession, enrolling.hash)

    assert row.sealed_kept is not None
    assert secret.encode() not in row.sealed_kept
    enrolment.register(world.owner, enrolling, label="x", codes=pair(world, enrolling))
    assert enrolment.new_key(world.owner, enrolling) is None


# registering


def test_after_a_recovery_a_device_and_ten_new_codes_are_set_up(world: World, enrolling: Visitor) -> None:
    principal = enrolling.principal
    assert register(world, enrolling)

    assert [device.label for device in owners.devices(world, principal)] == ["New phone"]
    assert owners.entry(world, principal).must_enrol_since is None
    codes = owner_recovery.shown(world.owner, enrolling)
    assert len(set(codes)) == 10
    owner_recovery.save(world.owner, enrolling)
    assert owner_recovery.unused(world.owner, enrolling) == 10
    assert owner_recovery.shown(world.owner, enrolling) == ()


def test_older_recovery_codes_die_with_the_first_device_of_a_recovery(
    world: World, account: Account, enrolling: Visitor
) -> None:
    with world.system.act():
        owners.connector(world, account).replace_recovery_codes(
            world.session, enrolling.principal, owner_recovery.hashes_of(["OLD"]), now=world.now
        )
    register(world, enrolling)

    assert world.session.execute(select(DirectoryRecoveryCode)).first() is None


def test_a_second_device_in_the_same_recovery_keeps_the_codes_that_are_shown(
    world: World, enrolling: Visitor
) -> None:
    register(world, enrolling)
    codes = owner_recovery.shown(world.owner, enrolling)

    assert not register(world, enrolling, "Second phone")
    assert owner_recovery.shown(world.owner, enrolling) == codes


def test_registering_in_a_recovery_forgives_wrong_codes(world: World, enrolling: Visitor) -> None:
    with world.system.act():
        owners.entry(world, enrolling.principal).code_failures = 20
    register(world, enrolling)

    assert owners.entry(world, enrolling.principal).code_failures == 0


def test_a_browser_that_was_left_open_registers_nothing_without_a_new_code(
    world: World, account: Account
) -> None:
    visitor = owners.with_mfa(world, account)
    for code in ("", owners.wrong_code(world, visitor.principal)):
        with pytest.raises(Refused, match="wrong_code"):
            enrolment.begin(world.owner, visitor, kind="virtual", code=code)


def test_the_first_device_of_a_password_changes_nothing_else_for_three_days(
    world: World, enrolling: Visitor
) -> None:
    """Else a stolen password would become a device, and the device another registered number, in minutes."""
    register(world, enrolling)
    held = owners.entry(world, enrolling.principal).changes_held_until
    assert held == world.now + world.runtime.limits.changes_held


def test_nobody_registers_while_an_objection_is_open(
    world: World, account: Account, enrolling: Visitor
) -> None:
    """What was bound is suspended by then: what is bound after it would never be."""
    contact = world.contacts(account, "email")[0]
    objection.object_on_account(world.system, contact.id, channel="mail")
    visitor = owners.with_password(world)
    refusal = enrolment.why_not(world.owner, visitor)
    assert refusal is not None
    assert refusal.reason == "objection_open"


def test_other_browsers_are_signed_out_and_every_contact_is_told(world: World, account: Account) -> None:
    other = owners.with_mfa(world, account)
    visitor = owners.with_mfa(world, account)
    register(world, visitor)

    with world.owner.act():
        assert owner_sessions.lock(world.owner, other) is None
        assert owner_sessions.lock(world.owner, visitor) is not None
    open_sessions = select(DirectorySession.id).where(DirectorySession.ended_at.is_(None))
    assert world.session.execute(open_sessions).first() is None
    told = owners.told(world, "device_registered")
    assert [world.params(row)["device"] for row in told] == ["New phone"] * 2
    assert all("stop" in world.params(row)["links"] for row in told)


@pytest.mark.parametrize("off", [-90, -1, 0, 1, 90])
def test_a_device_whose_clock_is_off_registers_and_signs_in(
    world: World, enrolling: Visitor, off: int
) -> None:
    register(world, enrolling, off=off)
    world.now += timedelta(minutes=1)
    device = owners.devices(world, enrolling.principal)[0]
    opened = owner_factor.sign_in_with_code(
        world.owner, owners.with_password(world), owners.code_at(world, device, off)
    )

    assert opened.visitor.stage == "full"


def test_a_hardware_token_brings_its_own_key(world: World, enrolling: Visitor) -> None:
    secret = enrolment.plain_key("gezd gnbv-gy3t ＱＯＪＱ GEZD GNBV GY3T QOJQ")
    enrolment.begin(world.owner, enrolling, kind="hardware", secret=secret)
    enrolment.register(world.owner, enrolling, label="Token", codes=pair(world, enrolling))

    assert [device.kind for device in owners.devices(world, enrolling.principal)] == ["hardware"]


def test_a_tokens_key_is_typed_again_after_too_many_tries(world: World, enrolling: Visitor) -> None:
    enrolment.begin(world.owner, enrolling, kind="hardware", secret=pyotp.random_base32(32))
    said = [refusal(world, enrolling, ("000000", "000001")) for _ in range(5)]

    assert said[-1] == "type_key_again"
    assert enrolment.new_key(world.owner, enrolling) is None


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "key_missing"),
        (" - ", "key_missing"),
        ("GEZDGNBV", "key_format"),
        ("1" * 32, "key_format"),
        ("A" * 500, "key_format"),
    ],
)
def test_a_key_that_no_token_has_is_refused(typed: str, error: str) -> None:
    with pytest.raises(ContactError) as wrong:
        enrolment.plain_key(typed)

    assert wrong.value.key == error


@pytest.mark.parametrize(
    ("label", "error"), [("", "name_missing"), ("\u200b", "name_missing"), ("x" * 61, "name_length")]
)
def test_a_device_has_a_name_that_can_be_read(
    world: World, enrolling: Visitor, label: str, error: str
) -> None:
    enrolment.begin(world.owner, enrolling, kind="virtual")
    with pytest.raises(ContactError) as wrong:
        enrolment.register(world.owner, enrolling, label=label, codes=pair(world, enrolling))

    assert wrong.value.key == error


# giving one back, and new codes


def test_a_device_is_given_back_with_a_fresh_code(world: World, account: Account) -> None:
    visitor = owners.with_mfa(world, account)
    world.now += timedelta(seconds=30)
    first, second = owners.devices(world, visitor.principal)
    enrolment.remove(world.owner, visitor, second.id, owners.code_at(world, first))

    assert [device.id for device in owners.devices(world, visitor.principal)] == [first.id]
    assert len(owners.told(world, "owner_device_removed")) == 2


def test_the_last_device_that_shows_codes_stays(world: World, account: Account) -> None:
    visitor = owners.with_mfa(world, account)
    with world.system.act():
        owners.devices(world, visitor.principal)[1].kind = "passkey"
    world.now += timedelta(seconds=30)
    first = owners.devices(world, visitor.principal)[0]

    with pytest.raises(Refused, match="last_device"):
        enrolment.remove(world.owner, visitor, first.id, owners.code_at(world, first))


def test_a_device_of_somebody_else_is_not_removed(world: World, account: Account) -> None:
    visitor = owners.with_mfa(world, account)
    world.now += timedelta(seconds=30)
    code = owners.code_at(world, owners.devices(world, visitor.principal)[0])

    with pytest.raises(Refused, match="device_unknown"):
        enrolment.remove(world.owner, visitor, "nobody's", code)


def test_older_codes_work_until_the_new_ones_are_saved(world: World, account: Account) -> None:
    visitor = owners.with_mfa(world, account)
    with world.system.act():
        owners.connector(world, account).replace_recovery_codes(
            world.session, visitor.principal, owner_recovery.hashes_of(["OLD"]), now=world.now
        )
    world.now += timedelta(seconds=30)
    code = owners.code_at(world, owners.devices(world, visitor.principal)[0])
    owner_recovery.renew(world.owner, visitor, code)

    assert owner_recovery.unused(world.owner, visitor) == 1
    owner_recovery.save(world.owner, visitor)
    assert owner_recovery.unused(world.owner, visitor) == 10
    assert len(owners.told(world, "owner_codes_renewed")) == 2


def test_codes_are_saved_once(world: World, enrolling: Visitor) -> None:
    register(world, enrolling)
    owner_recovery.save(world.owner, enrolling)

    with pytest.raises(Refused, match="session_moved"):
        owner_recovery.save(world.owner, enrolling)
