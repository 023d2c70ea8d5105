"""The register's rows: how an entry becomes an account, what finds it, and what staff see of its contacts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portal import audit
from portal.casework import accounts, register_held, registry
from portal.casework.context import Refused
from portal.casework.register_entry import Entry, EntryContact, EntryPrincipal
from portal.casework.register_held import Held
from portal.domain.names import matching_key
from portal.models import Account, Contact
from tests.world import LONG_AGO, START, World

LONG_SETTLED = START - LONG_AGO
MAILBOX = EntryContact("email", "taro@mail.example", LONG_SETTLED, "ja")
TELEPHONE = EntryContact("phone", "+819000001234", LONG_SETTLED)
LETTERS = EntryContact("post", "〒100-0000\n東京都見本区 1-2-3", LONG_SETTLED)
TARO = Entry(
    account_number="000000000001",
    connector="runbook",
    principals=(EntryPrincipal("root", "ext-1", is_administrator=False),),
    contacts=(MAILBOX, TELEPHONE, LETTERS),
    holder_kind="individual",
    name="山田 太郎",
    latin_name="Taro Yamada",
    kana="ヤマダ タロウ",
)


def added(world: World, **changes: Any) -> Account:
    return registry.add_account(world.system, replace(TARO, **changes))


def held(world: World) -> Held:
    return register_held.of_account(world.system, added(world))


def contact(world: World, account: Account, kind: str) -> Contact:
    (row,) = world.contacts(account, kind)
    return row


@pytest.mark.parametrize("name", ["alice", "bob", "lee", "ada", "chika"])
def test_nobody_on_the_staff_adds_an_account_alone(world: World, name: str):
    with pytest.raises(Refused, match="wrong_role"):
        registry.add_account(world.as_(name), TARO)


def test_an_added_account_keeps_the_history_that_its_entry_claims(world: World):
    account = added(world, name_since=LONG_SETTLED)

    assert account.name_since == LONG_SETTLED
    assert contact(world, account, "email").confirmed_at == LONG_SETTLED


def test_a_name_without_history_counts_from_now(world: World):
    assert added(world).name_since == world.now


def test_without_a_name_no_name_has_an_age(world: World):
    assert added(world, name=None, latin_name=None, kana=None).name_since is None


def test_personal_data_is_sealed(world: World):
    account = added(world)
    rows = [contact(world, account, kind).sealed_value for kind in ("email", "phone", "post")]
    at_rest = b"".join([*rows, account.sealed_name or b"", account.sealed_kana or b""])

    assert not any(text.encode() in at_rest for text in (MAILBOX.value, TELEPHONE.value, "山田", "ヤマダ"))


def test_adding_is_on_the_accounts_own_stream(world: World):
    account = added(world)

    assert audit.first_break(world.session, f"account:{account.id}") is None
    assert world.session.get_one(audit.AuditStream, f"account:{account.id}").sseq == 1


@pytest.mark.parametrize(
    ("email", "number", "found"),
    [
        ("taro@mail.example", None, True),
        (None, "000000000001", True),
        ("taro@mail.example", "000000000001", True),
        ("taro@mail.example", "000000000002", False),
        ("other@mail.example", "000000000001", False),
        ("taro@mail.example", "999999999999", False),
        ("nobody@mail.example", None, False),
        (None, None, False),
    ],
)
def test_every_identifier_typed_must_resolve_to_the_one_account(
    world: World, email: str | None, number: str | None, found: bool
):
    account = added(world)
    added(
        world,
        account_number="000000000002",
        principals=(EntryPrincipal("root", "ext-2"),),
        contacts=(replace(MAILBOX, value="other@mail.example"),),
    )
    looked_up = accounts.lookup_by(world.system, email=email, account_number=number)

    assert looked_up == (account if found else None)


def test_a_mailbox_of_two_accounts_resolves_only_together_with_a_number(world: World):
    added(world)
    second = added(world, account_number="000000000002", principals=(EntryPrincipal("root", "ext-2"),))

    assert accounts.lookup_by(world.system, email=MAILBOX.value, account_number=None) is None
    assert accounts.lookup_by(world.system, email=MAILBOX.value, account_number=second.number) == second


@pytest.mark.parametrize(
    "typed", ["山田太郎", "太郎 山田", "山田", "太郎", "やまだ", "ヤマ", "taro", "YA", "Yamada Taro"]
)
def test_an_account_is_found_by_its_name_whole_in_part_and_by_its_opening(world: World, typed: str):
    account = added(world)

    assert world.runtime.vault.find(world.session, "name", matching_key(typed)) == [account.subject_id]


def test_an_account_is_found_by_its_telephone_number(world: World):
    account = added(world)

    assert world.runtime.vault.find(world.session, "phone", TELEPHONE.value) == [account.subject_id]


@pytest.mark.parametrize(
    ("number", "said", "kept"),
    [
        ("+819000001234", None, True),
        ("+81300001234", None, False),
        ("+12025550123", None, True),
        ("+12025550123", False, False),
    ],
)
def test_a_number_itself_tells_whether_it_may_be_mobile_where_the_entry_does_not(
    world: World, number: str, said: bool | None, kept: bool
):
    account = added(world, contacts=(EntryContact("phone", number, LONG_SETTLED, is_mobile=said),))

    assert contact(world, account, "phone").is_mobile is kept


def test_staff_see_contacts_masked(world: World):
    seen = {view.kind: view.masked for view in registry.contacts_view(world.system, added(world))}

    assert seen == {"email": "t***@m***.example", "phone": "***-****-1234", "post": "***"}


@pytest.mark.parametrize(("days", "recent"), [(29, True), (31, False)])
def test_staff_see_which_contact_is_too_new_to_prove_anything(world: World, days: int, recent: bool):
    young = replace(MAILBOX, confirmed_at=world.now - timedelta(days=days))
    (view,) = registry.contacts_view(world.system, added(world, contacts=(young,)))

    assert view.is_recent is recent


def test_a_change_is_shown_masked(world: World):
    entry = replace(TARO, contacts=(replace(MAILBOX, value="new@else.example"),), name="山田 花子")
    found = registry.changes(world.system, held(world), entry)

    assert {change.field: change.masked for change in found} == {
        "name": ("山*** 太***", "山*** 花***"),
        "email": ("t***@m***.example", "n***@e***.example"),
    }


def test_an_entry_that_says_the_same_is_no_change(world: World):
    assert registry.changes(world.system, held(world), TARO) == ()


def test_what_an_entry_leaves_out_is_no_change(world: World):
    silent = Entry(TARO.account_number, TARO.connector, (EntryPrincipal("root", "ext-1"),))

    assert registry.changes(world.system, held(world), silent) == ()
