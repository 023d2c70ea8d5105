"""The second step of an owner's sign-in: codes spent once, wrong ones counted for good, clocks set right, recovery codes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from argon2 import profiles
from sqlalchemy import select

from portal import passwords
from portal.casework import owner_factor, owner_recovery, owner_sessions, owner_sign_in
from portal.casework.context import Refused
from portal.casework.owner_sessions import Visitor
from portal.models import Account, DirectoryRecoveryCode, DirectorySession, SelfService, new_id
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
def visitor(world: World, account: Account) -> Visitor:
    return owners.with_password(world)


def enter(world: World, visitor: Visitor, code: str) -> str:
    try:
        owner_factor.sign_in_with_code(world.owner, visitor, code)
    except Refused as refusal:
        return refusal.reason
    return "in"


def shown(world: World, visitor: Visitor, place: int = 0, steps: int = 0) -> str:
    return owners.code_at(world, owners.devices(world, visitor.principal)[place], steps)


def fail(world: World, visitor: Visitor, times: int) -> list[str]:
    return [enter(world, visitor, owners.wrong_code(world, visitor.principal)) for _ in range(times)]


def recovery_codes(world: World, visitor: Visitor) -> list[str]:
    codes = owner_recovery.new_codes(world.owner)
    hashes = owner_recovery.hashes_of(codes)
    with world.system.act():
        account = world.session.get_one(Account, visitor.account.id)
        owners.connector(world, account).replace_recovery_codes(
            world.session, visitor.principal, hashes, now=world.now
        )
    return codes


def recover(world: World, visitor: Visitor, code: str) -> str:
    try:
        owner_recovery.sign_in_with_code(world.owner, visitor, code)
    except Refused as refusal:
        return refusal.reason
    return "in"


# what a thief tries


def test_a_code_that_was_used_before_is_refused(world: World, visitor: Visitor) -> None:
    code = shown(world, visitor)
    assert enter(world, visitor, code) == "in"

    assert enter(world, owners.with_password(world), code) == "wrong_code"


@pytest.mark.parametrize("spelling", ["１２３４５６", "12345", "1234567", " 123456", "123456\n", ""])
def test_a_code_has_one_spelling(world: World, visitor: Visitor, spelling: str) -> None:
    assert enter(world, visitor, spelling) == "wrong_code"


def test_a_code_without_the_password_session_opens_nothing(world: World, visitor: Visitor) -> None:
    code = shown(world, visitor)
    with world.owner.act():
        owner_sessions.end_all(world.owner, visitor.principal.id)

    assert enter(world, visitor, code) == "session_moved"


def test_a_code_of_another_users_device_opens_nothing(world: World, account: Account) -> None:
    world.add_iam_users(account, "taro")
    roots = owners.devices(world, owners.root(world, account))
    thief = owners.with_password(world, email=None, account_number=account.number, username="taro")

    assert enter(world, thief, owners.code_at(world, roots[0])) == "session_moved"


def test_a_passkey_and_a_suspended_device_show_no_codes(world: World, visitor: Visitor) -> None:
    with world.system.act():
        first, second = owners.devices(world, visitor.principal)
        first.kind, second.suspended_at = "passkey", world.now

    assert enter(world, visitor, shown(world, visitor)) == "wrong_code"
    assert enter(world, visitor, shown(world, visitor, 1)) == "wrong_code"
    assert owner_factor.code_devices(world.owner, visitor) == ()


def test_after_five_wrong_codes_the_right_one_waits_too(world: World, visitor: Visitor) -> None:
    assert fail(world, visitor, 5) == ["wrong_code"] * 5

    assert enter(world, visitor, shown(world, visitor)) == "throttled"
    world.now += timedelta(minutes=15)
    assert enter(world, visitor, shown(world, visitor)) == "in"


def test_a_code_tried_during_the_wait_is_spent(world: World, visitor: Visitor) -> None:
    fail(world, visitor, 5)
    world.now += timedelta(minutes=14, seconds=50)
    code = shown(world, visitor)
    assert enter(world, visitor, code) == "throttled"
    world.now += timedelta(seconds=10)

    assert enter(world, visitor, code) == "wrong_code"


def test_new_sessions_and_other_networks_bring_no_fresh_tries(world: World, account: Account) -> None:
    for _ in range(5):
        fail(world, owners.with_password(world), 1)

    assert enter(world, owners.with_password(world), "123456") == "throttled"


def test_twenty_wrong_codes_in_a_row_close_the_codes_for_good(world: World, account: Account) -> None:
    for _ in range(4):
        fail(world, owners.with_password(world), 5)
        world.now += timedelta(minutes=16)
    visitor = owners.with_password(world)

    assert owners.entry(world, visitor.principal).code_failures == 20
    assert enter(world, visitor, shown(world, visitor)) == "owner_codes_off"
    world.now += timedelta(days=30)
    visitor = owners.with_password(world)
    assert enter(world, visitor, shown(world, visitor)) == "owner_codes_off"


def test_closed_codes_leave_the_password_holder_their_session(world: World, account: Account) -> None:
    with world.system.act():
        owners.entry(world, owners.root(world, account)).code_failures = 20
    visitor = owners.with_password(world)
    enter(world, visitor, "123456")

    assert owner_sessions.find(world.owner, None) is None
    with world.owner.act():
        assert owner_sessions.lock(world.owner, visitor) is not None


def test_a_right_code_forgives_the_wrong_ones(world: World, visitor: Visitor) -> None:
    fail(world, visitor, 4)
    enter(world, visitor, shown(world, visitor))

    assert owners.entry(world, visitor.principal).code_failures == 0


def test_contacts_hear_of_wrong_codes_at_the_first_wait_and_when_codes_close(
    world: World, account: Account
) -> None:
    for _ in range(4):
        fail(world, owners.with_password(world), 5)
        world.now += timedelta(minutes=16)

    said = [world.params(row)["off"] for row in owners.told(world, "codes_refused_owner")]
    mailboxes = 2
    assert (said.count(True), said.count(False)) == (mailboxes, 3 * mailboxes)


def test_wrong_codes_of_one_user_are_not_counted_for_another(world: World, account: Account) -> None:
    fail(world, owners.with_password(world), 5)
    world.add_iam_users(account, "taro")
    taro = owners.with_password(world, email=None, account_number=account.number, username="taro")

    assert owners.entry(world, taro.principal).code_failures == 0


def test_the_code_of_a_device_reported_lost_ends_the_attempt_to_remove_it(
    world: World, account: Account, visitor: Visitor
) -> None:
    thief = owners.with_password(world)
    first, second = owners.devices(world, visitor.principal)
    attempts = {device.id: attempt(world, thief, device.id) for device in (first, second)}

    world.now += timedelta(seconds=30)
    assert enter(world, visitor, owners.code_at(world, first)) == "in"

    world.session.rollback()
    ended = world.session.get_one(SelfService, attempts[first.id], populate_existing=True)
    other = world.session.get_one(SelfService, attempts[second.id], populate_existing=True)
    assert (ended.ended_at, ended.failed_reason) == (world.now, "changed_meanwhile")
    assert other.ended_at is None
    assert len(owners.told(world, "lost_device_used")) == 2


def attempt(world: World, visitor: Visitor, device_id: str) -> str:
    row = SelfService(
        id=new_id(),
        account_id=visitor.account.id,
        principal_id=visitor.principal.id,
        session_hash=visitor.hash,
        language="ja",
        device_id=device_id,
        device_label="Phone",
        password_at=world.now,
        created_at=world.now,
        expires_at=world.now + timedelta(hours=1),
    )
    with world.system.act():
        world.session.add(row)
    return row.id


def test_a_fresh_code_stays_spent_when_its_act_is_refused(world: World, account: Account) -> None:
    visitor = owners.with_mfa(world, account)
    world.now += timedelta(seconds=30)
    code = shown(world, visitor)
    owner_factor.fresh_code(world.owner, visitor, code)

    with pytest.raises(Refused, match="wrong_code"):
        owner_factor.fresh_code(world.owner, visitor, code)


def test_a_fresh_code_inside_an_act_is_a_mistake_of_ours(world: World, account: Account) -> None:
    visitor = owners.with_mfa(world, account)
    with pytest.raises(RuntimeError), world.owner.act():
        owner_factor.fresh_code(world.owner, visitor, "123456")


def test_a_session_of_the_password_gives_no_fresh_code(world: World, visitor: Visitor) -> None:
    with pytest.raises(Refused, match="session_moved"):
        owner_factor.fresh_code(world.owner, visitor, shown(world, visitor))


# signing in


@pytest.mark.parametrize("place", [0, 1])
def test_the_code_of_any_registered_device_signs_in(world: World, visitor: Visitor, place: int) -> None:
    device = owners.devices(world, visitor.principal)[place]
    opened = owner_factor.sign_in_with_code(world.owner, visitor, owners.code_at(world, device))

    assert opened.visitor.stage == "full"
    row = world.session.execute(select(DirectorySession)).scalar_one()
    assert (row.mfa, row.device_id, row.started_at) == (True, device.id, world.now)


def test_every_stage_has_a_secret_of_its_own(world: World, account: Account) -> None:
    raw = owner_sign_in.sign_in(world.owner, email=owners.EMAIL, password=owners.PASSWORD).raw
    visitor = owners.found(world, raw)
    opened = owner_factor.sign_in_with_code(world.owner, visitor, shown(world, visitor))

    assert opened.raw != raw
    assert owner_sessions.find(world.owner, raw) is None


# a clock that is off


def resynchronise(world: World, visitor: Visitor, codes: tuple[str, str], place: int = 0) -> str:
    device = owners.devices(world, visitor.principal)[place]
    try:
        owner_factor.resynchronise(world.owner, visitor, device.id, codes)
    except Refused as refusal:
        return refusal.reason
    return "done"


@pytest.mark.parametrize("off", [-100, -7, 7, 100])
def test_a_clock_that_is_off_is_set_right_and_its_codes_are_taken(
    world: World, visitor: Visitor, off: int
) -> None:
    assert enter(world, visitor, shown(world, visitor, steps=off)) == "wrong_code"
    codes = shown(world, visitor, steps=off), shown(world, visitor, steps=off + 1)

    assert resynchronise(world, visitor, codes) == "done"
    world.now += timedelta(seconds=60)
    assert enter(world, visitor, shown(world, visitor, steps=off)) == "in"


@pytest.mark.parametrize("ticks_late", [0, 29])
def test_a_clock_that_ticks_between_ours_is_taken_at_every_moment(
    world: World, visitor: Visitor, ticks_late: int
) -> None:
    """Off by two and a half steps: half of the time it is two steps ahead, half of the time three."""
    ahead = timedelta(seconds=75)
    device = owners.devices(world, visitor.principal)[0]
    world.now = world.now.replace(second=0) + timedelta(seconds=ticks_late)

    def shows() -> str:
        world.now, real = world.now + ahead, world.now
        code = owners.code_at(world, device)
        world.now = real
        return code

    first = shows()
    world.now += timedelta(seconds=30)
    assert resynchronise(world, visitor, (first, shows())) == "done"
    for _ in range(2):
        world.now += timedelta(seconds=45)
        assert enter(world, owners.with_password(world), shows()) == "in"


def test_setting_a_clock_right_signs_nobody_in(world: World, visitor: Visitor) -> None:
    codes = shown(world, visitor), shown(world, visitor, steps=1)
    resynchronise(world, visitor, codes)

    assert world.session.execute(select(DirectorySession)).first() is None
    assert enter(world, visitor, codes[1]) == "wrong_code"


def test_codes_from_before_the_last_accepted_one_move_no_clock_back(world: World, visitor: Visitor) -> None:
    overheard = shown(world, visitor), shown(world, visitor, steps=1)
    world.now += timedelta(minutes=2)
    assert enter(world, visitor, shown(world, visitor)) == "in"
    thief = owners.with_password(world)

    assert resynchronise(world, thief, overheard) == "codes_not_in_a_row"


@pytest.mark.parametrize(("first", "second"), [(0, 2), (1, 0), (0, 0), (300, 301), (-300, -299)])
def test_two_codes_that_do_not_follow_each_other_here_are_wrong_codes(
    world: World, visitor: Visitor, first: int, second: int
) -> None:
    codes = shown(world, visitor, steps=first), shown(world, visitor, steps=second)

    assert resynchronise(world, visitor, codes) == "codes_not_in_a_row"
    assert owners.entry(world, visitor.principal).code_failures == 1


def test_resynchronising_is_no_way_around_the_limits(world: World, visitor: Visitor) -> None:
    said = [resynchronise(world, visitor, ("000000", "000001")) for _ in range(6)]

    assert said == ["codes_not_in_a_row"] * 5 + ["throttled"]


def test_a_device_of_somebody_else_is_answered_like_wrong_codes(world: World, visitor: Visitor) -> None:
    codes = shown(world, visitor), shown(world, visitor, steps=1)
    with pytest.raises(Refused, match="codes_not_in_a_row"):
        owner_factor.resynchronise(world.owner, visitor, "nobody's", codes)


# recovery codes


def test_a_recovery_code_has_80_bits_and_signs_in_once(world: World, visitor: Visitor) -> None:
    code = recovery_codes(world, visitor)[3]
    assert len(code.replace("-", "")) == 16

    assert recover(world, visitor, code) == "in"
    assert recover(world, owners.with_password(world), code) == "wrong_recovery_code"
    assert [world.params(row)["left"] for row in owners.told(world, "owner_recovery_used")] == [9, 9]


def test_a_recovery_code_is_read_in_any_case_width_and_grouping(world: World, visitor: Visitor) -> None:
    code = recovery_codes(world, visitor)[0]

    assert recover(world, visitor, f" {code.lower().replace('-', ' ー')} ") == "in"


def test_recovery_codes_are_stored_as_hashes_only(world: World, visitor: Visitor) -> None:
    codes = recovery_codes(world, visitor)
    stored = list(world.session.execute(select(DirectoryRecoveryCode.hash)).scalars())

    assert all(each.startswith("$argon2id$") for each in stored)
    assert not any(code.replace("-", "") in each for code in codes for each in stored)


def test_wrong_recovery_codes_are_counted_for_a_network_and_apart_from_the_codes_of_devices(
    world: World, visitor: Visitor
) -> None:
    recovery_codes(world, visitor)
    said = [recover(world, visitor, "AAAA-BBBB-CCCC-DDDD") for _ in range(6)]

    assert said == ["wrong_recovery_code"] * 5 + ["throttled"]
    assert enter(world, visitor, shown(world, visitor)) == "in"


def test_who_tries_recovery_codes_elsewhere_does_not_keep_the_owner_out(
    world: World, visitor: Visitor
) -> None:
    codes = recovery_codes(world, visitor)
    thief = owners.from_(world, "198.51.100.9")
    for _ in range(6):
        with pytest.raises(Refused):
            owner_recovery.sign_in_with_code(thief, visitor, "AAAA-BBBB-CCCC-DDDD")

    assert recover(world, visitor, codes[0]) == "in"


def test_whoever_has_no_codes_costs_as_much_hashing(
    world: World, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str | None] = []
    monkeypatch.setattr(passwords, "fits", lambda stored, *_rest: bool(calls.append(stored)))
    recover(world, visitor, "AAAA-BBBB-CCCC-DDDD")

    assert len(calls) == world.runtime.limits.recovery_codes


def test_a_recovery_code_helps_where_a_thief_has_closed_the_codes(world: World, visitor: Visitor) -> None:
    code = recovery_codes(world, visitor)[0]
    with world.system.act():
        owners.entry(world, visitor.principal).code_failures = 20

    assert recover(world, visitor, code) == "in"


def test_after_a_removal_neither_codes_nor_recovery_codes_sign_in(world: World, visitor: Visitor) -> None:
    saved = recovery_codes(world, visitor)[0]
    with world.system.act():
        owners.entry(world, visitor.principal).must_enrol_since = world.now

    assert enter(world, visitor, shown(world, visitor)) == "session_moved"
    assert recover(world, visitor, saved) == "session_moved"
    assert resynchronise(world, visitor, ("000000", "000001")) == "session_moved"
