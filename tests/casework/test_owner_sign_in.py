"""The owners' door: the password opens one stage and no more, and nobody learns from it who has an account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from argon2 import profiles
from sqlalchemy import func, select

from portal import passwords, tokens, worker
from portal.casework import owner_sessions, owner_sign_in, passes
from portal.casework.context import Refused, Throttled
from portal.models import AuditEvent, DirectoryPrincipal, OwnerSession, Principal, Throttle
from tests import planting
from tests.casework import owners
from tests.casework.owners import EMAIL, PASSWORD
from tests.people import HANAKO
from tests.world import World

UNKNOWN = "nobody@mail.example"


@pytest.fixture(autouse=True)
def quick_passwords() -> Iterator[None]:
    passwords.use(profiles.CHEAPEST)
    yield
    passwords.use(passwords.PASSWORDS)


def try_once(world: World, email: str = EMAIL, password: str = PASSWORD, address: str = "192.0.2.7") -> str:
    try:
        owner_sign_in.sign_in(owners.from_(world, address), email=email, password=password)
    except Refused as refusal:
        return refusal.reason
    return "in"


def sessions(world: World) -> int:
    world.session.rollback()
    return int(world.session.execute(select(func.count()).select_from(OwnerSession)).scalar_one())


# what a thief tries


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (UNKNOWN, PASSWORD),
        (EMAIL, "correct horse batterY"),
        (EMAIL, f"{PASSWORD} "),
        (EMAIL, f" {PASSWORD}"),
        (EMAIL, ""),
        (EMAIL, "x" * 5000),
        ("", PASSWORD),
        (" ", PASSWORD),
        ("%", PASSWORD),
        ("no address", PASSWORD),
        ("\udcff@mail.example", PASSWORD),
    ],
)
def test_every_failure_has_the_same_answer(world: World, email: str, password: str) -> None:
    world.account()

    assert try_once(world, email, password) == "owner_sign_in_failed"
    assert sessions(world) == 0


@pytest.mark.parametrize("connector", ["local", "runbook"])
def test_an_unknown_account_costs_as_much_hashing_as_a_known_one(
    world: World, monkeypatch: pytest.MonkeyPatch, connector: str
) -> None:
    world.account(connector=connector)
    calls: list[str | None] = []
    real = passwords.fits
    monkeypatch.setattr(passwords, "fits", lambda *given: (calls.append(given[0]), real(*given))[1])

    for email in (EMAIL, UNKNOWN, "no address"):
        try_once(world, email, "wrong")

    assert len(calls) == 3


def test_a_system_that_checks_no_passwords_lets_nobody_in(world: World) -> None:
    world.account(connector="runbook")

    assert try_once(world) == "owner_sign_in_failed"


def test_an_address_of_two_accounts_is_nobodys(world: World) -> None:
    world.account()
    world.account(number="999988887777")

    assert try_once(world) == "owner_sign_in_failed"


def test_an_account_of_the_training_directory_lets_nobody_in(world: World) -> None:
    case = world.case(planting.queued(world))
    email = world.runtime.vault.open(world.session, case.subject_id, case, "account_email")

    assert try_once(world, email=email or "") == "owner_sign_in_failed"


def test_iam_users_are_not_found_by_the_address_of_the_root_user(world: World) -> None:
    account = world.account()
    world.add_iam_users(account, "taro")
    with world.system.act():
        query = select(Principal).where(Principal.kind == "root")
        world.session.execute(query).scalar_one().kind = "iam"

    assert try_once(world) == "owner_sign_in_failed"


@pytest.mark.parametrize("username", ["", " ", "\u3000", "jiro", "taro\u200b\u0000"])
def test_an_empty_or_unknown_user_name_matches_nobody(world: World, username: str) -> None:
    account = world.account()
    world.add_iam_users(account, "taro")

    with pytest.raises(Refused, match="iam_sign_in_failed"):
        owner_sign_in.sign_in(
            world.owner, account_number=account.number, username=username, password=PASSWORD
        )


def test_the_sixth_try_from_a_network_is_not_judged_even_with_the_right_password(world: World) -> None:
    world.account()

    said = [try_once(world, password="wrong") for _ in range(5)]

    assert said == ["owner_sign_in_failed"] * 5
    assert try_once(world) == "throttled"
    assert try_once(world, address="198.51.100.9") == "in"


def test_limits_count_unknown_accounts_as_known_ones(world: World) -> None:
    world.account()

    for email in (EMAIL, UNKNOWN, "no address", ""):
        said = [try_once(world, email, "wrong") for _ in range(6)]
        assert said == ["owner_sign_in_failed"] * 5 + ["throttled"]


def test_another_spelling_of_an_address_is_no_fresh_allowance(world: World) -> None:
    world.account()
    name, _, domain = EMAIL.partition("@")
    for spelling in (EMAIL, EMAIL.upper(), f" {EMAIL}", f"{name}＠{domain}", f"{name}@{domain.upper()}"):
        try_once(world, spelling, "wrong")

    assert try_once(world) == "throttled"


def test_a_network_is_stopped_whatever_accounts_it_tries(world: World) -> None:
    world.account()
    said = [try_once(world, f"owner{each}@mail.example", "wrong") for each in range(51)]

    assert said[-2:] == ["owner_sign_in_failed", "throttled"]


def test_an_account_is_closed_for_the_day_after_a_hundred_tries_from_everywhere(world: World) -> None:
    world.account()
    said = [try_once(world, password="wrong", address=f"198.51.100.{each}") for each in range(101)]

    assert said[-2:] == ["owner_sign_in_failed", "throttled"]
    assert try_once(world, address="203.0.113.5") == "throttled"
    world.now += timedelta(days=1)
    assert try_once(world, address="203.0.113.5") == "in"


def test_a_throttled_network_does_not_use_up_the_accounts_day(world: World) -> None:
    world.account()
    for _ in range(120):
        try_once(world, password="wrong")

    query = select(Throttle.count).where(Throttle.rule == "owner_password_account")
    assert world.session.execute(query).scalar_one() == 5


def test_tries_are_counted_before_they_are_judged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.account()

    def dies(*_given: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(passwords, "fits", dies)
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            try_once(world)
    monkeypatch.undo()
    passwords.use(profiles.CHEAPEST)

    assert try_once(world) == "throttled"


def test_a_password_that_changed_while_it_was_compared_opens_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = world.account()
    entry_id = owners.root(world, account).external_id
    real = passwords.fits

    def meanwhile(*given: str) -> bool:
        right = real(*given)
        with world.system.act():
            world.session.get_one(DirectoryPrincipal, entry_id).password_reset_at = world.now
        return right

    monkeypatch.setattr(passwords, "fits", meanwhile)

    assert try_once(world) == "owner_sign_in_failed"


def test_a_suspended_device_does_not_let_the_password_register_another(world: World) -> None:
    account = world.account()
    with world.system.act():
        for device in owners.devices(world, owners.root(world, account)):
            device.suspended_at = world.now

    assert owners.with_password(world).stage == "password"


def test_after_a_removal_the_password_alone_registers_nothing(world: World) -> None:
    account = world.account()
    principal = owners.root(world, account)
    with world.system.act():
        for device in owners.devices(world, principal):
            device.removed_at = world.now
        passes.require(world.system, principal)

    assert owners.with_password(world).stage == "password"


def test_a_session_known_before_the_sign_in_is_worth_nothing_after_it(world: World) -> None:
    world.account()
    old = owner_sign_in.sign_in(world.owner, email=EMAIL, password=PASSWORD).raw
    opened = owner_sign_in.sign_in(world.owner, email=EMAIL, password=PASSWORD, old=old)

    assert opened.raw != old
    assert owner_sessions.find(world.owner, old) is None


def test_only_the_hash_of_the_cookie_is_stored(world: World) -> None:
    world.account()
    raw = owner_sign_in.sign_in(world.owner, email=EMAIL, password=PASSWORD).raw

    assert world.session.execute(select(OwnerSession.hash)).scalar_one() == tokens.digest(raw)


def test_the_log_names_no_address_and_no_password(world: World) -> None:
    world.account()
    try_once(world, password="wrong horse")
    try_once(world, UNKNOWN)

    query = select(AuditEvent.event_bytes).where(AuditEvent.tag.like("%sign_in:failed"))
    events = list(world.session.execute(query).scalars())
    assert len(events) == 2
    assert not any(b"@" in event or b"horse" in event for event in events)


# what owners do


def test_a_root_user_comes_as_far_as_the_password_leads(world: World) -> None:
    account = world.account()
    visitor = owners.with_password(world)

    assert (visitor.stage, visitor.account.id) == ("password", account.id)
    assert visitor.expires_at == world.now + world.runtime.limits.self_service_life


@pytest.mark.parametrize("username", ["taro", "TARO", " ｔａｒｏ "])
def test_an_iam_user_signs_in_by_account_and_name(world: World, username: str) -> None:
    account = world.account()
    world.add_iam_users(account, "Taro", "hanako")
    visitor = owners.with_password(world, email=None, account_number="1234-5678-9012", username=username)

    assert (visitor.principal.username, visitor.account.number) == ("Taro", HANAKO["number"])


def test_whoever_never_had_a_device_registers_one_first(world: World) -> None:
    account = world.account()
    world.add_iam_users(account, "taro")
    visitor = owners.with_password(world, email=None, account_number=account.number, username="taro")

    assert visitor.stage == "enrol"


def test_the_right_password_gives_the_tries_from_this_network_back(world: World) -> None:
    world.account()
    for _ in range(3):
        assert [try_once(world, password="wrong") for _ in range(4)] == ["owner_sign_in_failed"] * 4
        assert try_once(world) == "in"


def test_a_wait_ends(world: World) -> None:
    world.account()
    for _ in range(6):
        try_once(world, password="wrong")
    with pytest.raises(Throttled) as stopped:
        owner_sign_in.sign_in(world.owner, email=EMAIL, password=PASSWORD)
    world.now += timedelta(seconds=int(stopped.value.details["retry_after"]))

    assert try_once(world) == "in"


def test_signing_out_ends_the_session(world: World) -> None:
    world.account()
    raw = owner_sign_in.sign_in(world.owner, email=EMAIL, password=PASSWORD).raw
    owner_sign_in.sign_out(world.owner, raw)

    assert owner_sessions.find(world.owner, raw) is None


def test_sessions_whose_time_is_over_are_thrown_away(world: World) -> None:
    world.account()
    owners.with_password(world)
    worker.keep_house(world.runtime)
    assert sessions(world) == 1
    world.now += world.runtime.limits.self_service_life
    worker.keep_house(world.runtime)

    assert sessions(world) == 0


def test_a_cheaply_hashed_password_costs_the_usual_work_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.account()
    passwords.use(profiles.RFC_9106_LOW_MEMORY)
    calls: list[str | None] = []
    monkeypatch.setattr(passwords, "fits", lambda stored, *_rest: bool(calls.append(stored)))

    try_once(world, password="wrong")

    assert len(calls) == 2
    assert calls[1] is None


def test_a_network_that_has_shown_the_right_password_is_let_in_on_such_a_day(world: World) -> None:
    """Else anybody who knows an address shuts its owner out in the middle of a recovery."""
    world.account()
    assert try_once(world, address="203.0.113.5") == "in"
    for each in range(101):
        try_once(world, password="wrong", address=f"198.51.100.{each}")

    assert try_once(world, address="203.0.113.5") == "in"
    assert try_once(world, address="203.0.113.6") == "throttled"
