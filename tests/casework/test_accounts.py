"""An account of the register as staff find and read it: masked, and never without a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from portal.casework import accounts, tiers
from portal.casework.accounts import AccountView
from portal.casework.context import NotFound
from portal.models import Account, AuditEvent, SubjectKey, new_id
from tests.casework.register_desk import account, imported
from tests.casework.register_rows import another, row
from tests.people import HANAKO
from tests.sql import key_lost
from tests.world import World


def seen(world: World, known: Account, *, by: str = "alice", case_id: str | None = None) -> AccountView:
    return accounts.view(world.as_(by), known.id, case_id=case_id)


def trace(world: World, name: str) -> list[tuple[str, dict[str, object]]]:
    """What somebody's own stream says of the register."""
    query = select(AuditEvent).where(AuditEvent.stream == f"staff:{world.logins[name].staff_id}")
    rows = world.session.execute(query.order_by(AuditEvent.sseq)).scalars()
    return [(row.tag, json.loads(row.event_bytes)["d"]) for row in rows if row.tag.startswith("account:")]


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(world.runtime.engine, "before_cursor_execute", note)
    yield said
    event.remove(world.runtime.engine, "before_cursor_execute", note)


# reading


def test_names_are_masked(world: World):
    assert seen(world, world.account()).names == {
        "name": "山*** 花***",
        "kana": "ヤ*** ハ***",
        "latin_name": "H*** Y***",
    }


def test_the_root_user_comes_first_and_then_the_others_by_name(world: World):
    users = [row(principal_kind="iam", username=name, external_id=f"user/{name}") for name in ("b", "a")]
    imported(world, *users, row())

    assert [user.username for user in seen(world, account(world)).principals] == [None, "a", "b"]


def test_an_account_remembers_for_90_days(world: World):
    case_id = world.verifying(account_number=world.account().number)
    case = world.case(case_id)
    with world.system.act():
        tiers.mark(world.system, world.lock(case_id), "pressure")
    known = world.session.get_one(Account, case.account_id)

    assert [kind for kind, _ in seen(world, known).marks] == ["pressure"]
    world.now += timedelta(days=90)
    assert seen(world, known).marks == ()


def test_confirmed_requests_of_the_account_are_listed_and_no_others(world: World):
    known = world.account()
    confirmed = world.queued()
    world.submit()

    assert [case.id for case in seen(world, known).cases] == [confirmed]


def test_only_the_newest_requests_are_read(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(accounts, "MOST_CASES", 1)
    known = world.account()
    world.cancelled()
    world.now += timedelta(hours=1)
    newest = world.queued()

    assert [case.id for case in seen(world, known).cases] == [newest]


def test_the_case_from_which_somebody_comes_is_known(world: World):
    known, case_id = world.account(), world.queued()
    found = seen(world, known, case_id=case_id)

    assert found.case is not None
    assert found.case.id == case_id


def test_a_case_of_another_account_leads_nowhere(world: World):
    world.account()
    case_id = world.queued()
    imported(world, another(2))

    assert seen(world, account(world, "000000000002"), case_id=case_id).case is None
    assert seen(world, account(world, "000000000002"), case_id="nothing").case is None


def test_reading_is_on_the_readers_own_stream(world: World):
    known, case_id = world.account(), world.queued()
    seen(world, known, case_id=case_id)
    seen(world, known)

    assert trace(world, "alice") == [
        ("account:page:read", {"account": known.id, "case": case_id}),
        ("account:page:read", {"account": known.id}),
    ]


def test_what_is_not_there_is_not_found(world: World):
    with pytest.raises(NotFound):
        accounts.view(world.as_("alice"), new_id())


def test_an_account_whose_key_is_destroyed_can_still_be_opened(world: World):
    known = world.account()
    key_lost(world, known.subject_id)
    world.session.expire_all()

    assert world.session.get(SubjectKey, known.subject_id) is None
    assert seen(world, known).names == {}


def test_reading_takes_as_many_statements_for_many_contacts_and_users_as_for_few(world: World):
    many = [
        row(principal_kind="iam", username=f"user{count}", external_id=f"user/{count}") for count in range(12)
    ]
    imported(world, *many)
    for count in range(6):
        imported(world, {**many[0], "email": f"taro{count}@mail.example"})
    imported(world, another(2))
    counts = []
    for which in ("123456789012", "000000000002"):
        known, ctx = account(world, which).id, world.as_("alice")
        ctx.session.expunge_all()
        with statements(world) as said:
            accounts.view(ctx, known)
        counts.append(len(said))

    assert counts[0] == counts[1]


# finding


def test_an_account_is_found_by_its_number(world: World):
    known = world.account()

    assert accounts.search(world.as_("alice"), account_number=known.number) == [known]


def test_an_account_is_found_by_each_address_that_is_registered_now(world: World):
    known = world.account()
    emails = (HANAKO["account_email"], HANAKO["second_email"], "nobody@mail.example")
    found = [accounts.search(world.as_("alice"), email=email) for email in emails]

    assert found == [[known], [known], []]


def test_all_accounts_with_the_address_are_found_in_the_order_of_their_numbers(world: World):
    imported(world, another(3), another(2))
    found = accounts.search(world.as_("alice"), email="taro@mail.example")

    assert [known.number for known in found] == ["000000000002", "000000000003"]


def test_a_search_never_lists_the_whole_register(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(accounts, "MOST_FOUND", 1)
    imported(world, another(3), another(2))

    assert len(accounts.search(world.as_("alice"), email="taro@mail.example")) == 1


def test_a_search_is_recorded_without_what_was_typed(world: World):
    world.account()
    accounts.search(world.as_("alice"), email=HANAKO["account_email"])
    accounts.search(world.as_("alice"), account_number="999999999999")

    assert trace(world, "alice") == [
        ("account:search:made", {"kind": "email", "found": 1}),
        ("account:search:made", {"kind": "number", "found": 0}),
    ]
