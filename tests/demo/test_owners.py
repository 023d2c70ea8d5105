"""The demo's owners: what stands on the terminal opens their doors, and nobody else is told."""

from __future__ import annotations

import pyotp
import pytest

from portal.casework import owner_factor, owner_sign_in
from portal.casework.context import Origin
from portal.demo import command, owners
from portal.domain.lifecycle import Actor, Role
from portal.models import Case, Principal
from tests.demo.filled import Filled

OWNER = Actor(roles=frozenset({Role.OWNER}))
KEYS = ("root", "unreached", "administrator", "iam")


def test_there_is_one_of_each(demo: Filled) -> None:
    assert tuple(one.key for one in owners.owner_sign_ins(demo.runtime)) == KEYS


@pytest.mark.parametrize("key", KEYS)
def test_what_is_printed_opens_the_door(demo: Filled, key: str) -> None:
    one = next(each for each in owners.owner_sign_ins(demo.runtime) if each.key == key)
    door = demo.runtime.context(demo.session, OWNER, Origin(f"192.0.2.{len(key)}", "Test browser", ""))
    is_root = key in {"root", "unreached"}
    named = {"email": one.login} if is_root else {"account_number": one.account_number, "username": one.login}
    opened = owner_sign_in.sign_in(door, **named, password=one.password)
    code = pyotp.TOTP(one.codes_of).at(door.now)

    assert owner_factor.sign_in_with_code(door, opened.visitor, code).visitor.stage == "full"


def test_the_administrator_may_correct_the_number_and_the_other_may_not(demo: Filled) -> None:
    rights = {
        row.username: (row.is_administrator, row.edits_contacts)
        for row in demo.all(Principal, Principal.username.is_not(None))
        if row.username in {owners.ADMINISTRATOR, owners.ORDINARY}
    }

    assert rights == {owners.ADMINISTRATOR: (True, True), owners.ORDINARY: (False, None)}


def test_they_have_no_request(demo: Filled) -> None:
    numbers = {one.account_number for one in owners.owner_sign_ins(demo.runtime)}
    accounts = {case.account_id for case in demo.all(Case) if case.account_id}
    theirs = demo.session.query(owners.Account).filter(owners.Account.number.in_(numbers)).all()

    assert len(theirs) == 2
    assert not {account.id for account in theirs} & accounts


def test_the_terminal_tells_all_of_it(demo: Filled) -> None:
    said = command.sign_in_table(demo.runtime)

    for one in owners.owner_sign_ins(demo.runtime):
        assert all(part in said for part in (one.account_number, one.login, one.password, one.codes_of))
