"""The flag of a protected account, and the switch of its telephone step: tried with SQL alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Executable

from portal.models import Account, new_id
from tests.sql import attack, changed, inserted, only_on, refused, row_of
from tests.world import World

FLAG, CALLS = "account_flag_by_two", "account_calls_on_by_two"


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


def decided(world: World, account_id: str, kind: str, *, hours: float = 0, **changes: Any) -> Executable:
    at = world.now + timedelta(hours=hours)
    row = {
        "id": new_id(),
        "kind": kind,
        "target_id": account_id,
        "subject_id": new_id(),
        "sealed_payload": b"sealed",
        "digest": "0" * 64,
        "state": "effective",
        "proposed_by": world.logins["ada"].person_id,
        "decided_by": world.logins["ann"].person_id,
        "created_at": at,
        "decided_at": at,
        "effective_at": at,
    }
    return inserted("proposal", row, **changes)


def flag(account_id: str, to: bool) -> Executable:
    return changed("account", account_id, is_protected=to)


@pytest.mark.parametrize("state", ["open", "agreed", "refused", "stopped"])
def test_a_flag_needs_a_decision_in_force(world: World, account: Account, state: str) -> None:
    refused(world, FLAG, flag(account.id, to=True))
    refused(
        world, FLAG, decided(world, account.id, "account_protect", state=state), flag(account.id, to=True)
    )
    attack(world, decided(world, account.id, "account_protect"), flag(account.id, to=True))


def test_a_decision_for_another_account_or_another_thing_sets_no_flag(world: World, account: Account) -> None:
    refused(world, FLAG, decided(world, new_id(), "account_protect"), flag(account.id, to=True))
    refused(world, FLAG, decided(world, account.id, "account_unprotect"), flag(account.id, to=True))
    refused(world, FLAG, decided(world, account.id, "register_import"), flag(account.id, to=True))


def test_nobody_decides_alone(world: World, account: Account) -> None:
    alone = decided(world, account.id, "account_protect", decided_by=world.logins["ada"].person_id)
    refused(world, "ck_proposal_two_persons", alone)


def test_a_protection_that_was_lifted_is_not_set_again_on_the_old_decision(
    world: World, account: Account
) -> None:
    attack(world, decided(world, account.id, "account_protect"), flag(account.id, to=True))
    refused(world, FLAG, flag(account.id, to=False))
    attack(world, decided(world, account.id, "account_unprotect", hours=30), flag(account.id, to=False))
    refused(world, FLAG, flag(account.id, to=True))
    attack(world, decided(world, account.id, "account_protect", hours=31), flag(account.id, to=True))
    refused(world, FLAG, flag(account.id, to=False))


def test_calls_that_are_off_come_back_only_by_a_decision_made_since(world: World, account: Account) -> None:
    attack(world, changed("account", account.id, calls_off_at=world.now, call_failures=10))
    again = changed("account", account.id, calls_off_at=None, call_failures=0)
    refused(world, CALLS, again)
    refused(world, CALLS, decided(world, account.id, "account_calls_on", hours=-1), again)
    refused(world, CALLS, decided(world, account.id, "account_protect", hours=1), again)
    attack(world, decided(world, account.id, "account_calls_on", hours=1), again)


def test_other_columns_of_an_account_need_no_decision(world: World, account: Account) -> None:
    attack(world, changed("account", account.id, holder_kind="company", call_failures=3))


@only_on("sqlite")
def test_an_account_is_never_replaced(world: World, account: Account) -> None:
    other = inserted("account", row_of(world, "account"), is_protected=True).prefix_with("OR REPLACE")
    refused(world, "account_never_replaced", other)
