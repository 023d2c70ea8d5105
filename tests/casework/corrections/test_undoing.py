"""A corrected number put back: by whom, how often, what it undoes, and what others ask of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import (
    deactivation,
    owner_sessions,
    phone_change,
    register_held,
    registry,
)
from portal.casework.context import Refused
from portal.casework.register_entry import EntryContact
from portal.models import (
    Account,
    Case,
    DirectoryPrincipal,
    Objection,
    SelfService,
    new_id,
)
from tests.casework.corrections.steps import NEWER, OLD, old_number, reverted_by, tags
from tests.casework.keepers import (
    NEW,
    Keeper,
    again,
    asked,
    corrected,
    iam_user,
    numbers,
    revert_links,
    root_user,
    told,
)
from tests.casework.register_desk import refused
from tests.together import together
from tests.world import OWNER, World

# undoing


def test_any_mailbox_that_was_told_puts_the_old_number_back_without_signing_in(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    for place, raw in enumerate(revert_links(world, change).values()):
        if place == 0:
            assert phone_change.revert_by_link(world.owner, raw) is not None
    old, new = world.contacts(account, "phone")

    assert numbers(world, account) == [OLD]
    assert (old.retired_at, new.retired_at) == (None, world.now)
    assert old.confirmed_at < world.now - timedelta(days=100)
    assert world.runtime.vault.find(world.session, "phone", OLD) == [account.subject_id]
    assert again(world, change).reverted_at == world.now


def test_undoing_twice_changes_nothing(world: World, account: Account, taro: Keeper) -> None:
    change = corrected(taro)
    first, second = revert_links(world, change).values()
    phone_change.revert_by_link(world.owner, first)
    before = (len(told(world, "phone_reverted")), tags(world, account))
    world.now += timedelta(hours=1)
    for raw in (first, second):
        assert phone_change.revert_by_link(world.owner, raw) is not None

    assert (len(told(world, "phone_reverted")), tags(world, account)) == before
    assert len(list(world.session.execute(select(Objection)).scalars())) == 1


def test_reading_the_link_undoes_nothing(world: World, account: Account, taro: Keeper) -> None:
    change = corrected(taro)
    for raw in revert_links(world, change).values():
        assert phone_change.link_for(world.owner, raw) is not None

    assert numbers(world, account) == [NEW]


@pytest.mark.parametrize("raw", ["", "x", "A" * 43, "A" * 44])
def test_a_link_that_nobody_was_sent_undoes_nothing(
    world: World, account: Account, taro: Keeper, raw: str
) -> None:
    corrected(taro)

    assert phone_change.revert_by_link(world.owner, raw) is None
    assert numbers(world, account) == [NEW]


def test_a_link_of_another_purpose_undoes_nothing(world: World, account: Account, taro: Keeper) -> None:
    corrected(taro)
    case_id = world.queued()

    assert phone_change.revert_by_link(world.owner, world.link(case_id, "stop")) is None
    assert numbers(world, account) == [NEW]


def test_the_link_of_the_last_reminder_still_works_and_not_for_ever(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    reminders = told(world, "phone_changed", cause=f"{change.id}:2:")
    mail = next(row for row in reminders if row.kind == "mail")
    raw = world.params(mail)["links"]["revert"]
    world.now += timedelta(days=39)
    assert phone_change.link_for(world.owner, raw) is not None
    world.now += timedelta(days=2)

    assert phone_change.revert_by_link(world.owner, raw) is None
    assert numbers(world, account) == [NEW]


def test_nine_on_the_old_numbers_call_undoes_it(world: World, account: Account, taro: Keeper) -> None:
    change = corrected(taro)
    reverted_by(world, change, old_number(world, account))

    assert numbers(world, account) == [OLD]


def test_a_second_change_does_not_save_the_first(world: World, account: Account, taro: Keeper) -> None:
    first = corrected(taro)
    world.now += timedelta(days=1)
    second = corrected(taro, NEWER)
    reverted_by(world, first, old_number(world, account))

    assert numbers(world, account) == [OLD]
    assert None not in {again(world, first).reverted_at, again(world, second).reverted_at}


def test_undoing_the_second_change_leaves_the_first(world: World, account: Account, taro: Keeper) -> None:
    first = corrected(taro)
    world.now += timedelta(days=1)
    second = corrected(taro, NEWER)
    phone_change.revert_by_link(world.owner, next(iter(revert_links(world, second).values())))

    assert numbers(world, account) == [NEW]
    assert again(world, first).reverted_at is None


def test_what_two_persons_put_into_the_register_since_stays(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    held = register_held.of_account(world.system, account)
    present = next(row for row in held.contacts if row.kind == "phone" and row.retired_at is None)
    with world.system.act():
        entry = EntryContact("phone", NEWER, world.now)
        registry.write(world.system, account, [registry.Change("contact", "phone", NEW, entry, present)])
    reverted_by(world, change, old_number(world, account))

    assert numbers(world, account) == [NEWER]
    assert again(world, change).reverted_at is not None


def test_undoing_opens_a_case_on_hold_for_a_lead(world: World, account: Account, taro: Keeper) -> None:
    change = corrected(taro)
    reverted_by(world, change, old_number(world, account))
    case = world.session.execute(select(Case).where(Case.account_id == account.id)).scalar_one()

    assert case.status == "frozen"
    assert refused(asked, taro).reason == "objection_open"


def test_undoing_freezes_a_removal_that_is_running(world: World, account: Account) -> None:
    taro = iam_user(world, account, "taro", edits=True)
    change = corrected(taro)
    world.now += timedelta(days=31)
    case_id = world.executing()
    reverted_by(world, change, old_number(world, account))
    deactivation.carry_out(world.system, case_id)

    assert world.status(case_id) == "frozen"
    assert (world.removed("Phone"), numbers(world, account)) == (False, [OLD])


def test_what_was_still_to_be_told_of_it_is_withdrawn_and_everybody_hears_that_it_is_undone(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    reverted_by(world, change, old_number(world, account))
    undone = told(world, "phone_reverted")

    assert {row.state for row in told(world, "phone_changed")} == {"cancelled"}
    assert sorted(row.kind for row in undone) == ["mail", "mail", "spoken", "spoken"]


def test_undoing_ends_what_the_new_number_was_used_for_and_signs_everybody_out(
    world: World, account: Account, taro: Keeper
) -> None:
    browser = taro.signed_in()
    change = corrected(taro)
    root = root_user(world, account)
    with world.system.act():
        attempt = SelfService(
            id=new_id(),
            account_id=account.id,
            principal_id=root.principal_id,
            language="ja",
            device_id=root.device_id,
            password_at=world.now,
            created_at=world.now,
            expires_at=world.now + timedelta(hours=1),
        )
        world.session.add(attempt)
    reverted_by(world, change, old_number(world, account))
    world.session.refresh(attempt)

    assert attempt.ended_at == world.now
    assert owner_sessions.find(browser.ctx, browser.raw) is None


# what others ask


def test_a_correction_is_told_from_a_number_of_the_register(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    old, new = world.contacts(account, "phone")
    found = [phone_change.corrected(world.system, row) for row in (old, new)]
    reverted_by(world, change, old)
    after = phone_change.corrected(world.system, world.contacts(account, "phone")[1])

    assert ([each and each.id for each in found], after) == ([None, change.id], None)


def test_an_account_without_a_number_gets_its_first_and_undoing_takes_it_away(
    world: World,
) -> None:
    account = world.account(phone=None)
    taro = iam_user(world, account, "taro", edits=True)
    change = corrected(taro)
    first = numbers(world, account)
    phone_change.revert_by_link(world.owner, next(iter(revert_links(world, change).values())))

    assert (first, numbers(world, account)) == ([NEW], [])


def test_where_passwords_are_not_checked_nobody_is_signed_in_to_change_anything(world: World) -> None:
    account = world.account(connector="runbook")
    taro = iam_user(world, account, "taro", edits=True)

    with pytest.raises(Refused):
        asked(taro)
    assert world.session.get(DirectoryPrincipal, taro.row.external_id) is not None


# at the same moment


def test_whoever_presses_at_once_undoes_it_once(world: World, account: Account, taro: Keeper) -> None:
    change = corrected(taro)
    links = iter([*revert_links(world, change).values()] * 2)

    def press() -> bool:
        with world.runtime.sessions() as session:
            ctx = world.runtime.context(session, OWNER)
            return phone_change.revert_by_link(ctx, next(links)) is not None

    assert together(4, press) == [True] * 4
    assert tags(world, account).count("reverted") == 1
    assert numbers(world, account) == [OLD]
    assert len(list(world.session.execute(select(Case)).scalars())) == 1


def test_one_code_sent_twice_at_once_asks_for_one_number(
    world: World, account: Account, taro: Keeper
) -> None:
    browser, code = taro.signed_in(), taro.code()

    def send() -> str:
        with world.runtime.sessions() as session:
            ctx = world.runtime.context(session, OWNER)
            found = owner_sessions.find(ctx, browser.raw)
            assert found is not None
            try:
                phone_change.begin(ctx, found, NEW, code=code)
            except Refused as refusal:
                return refusal.reason
            return "asked"

    assert sorted(together(3, send)) == ["asked", "wrong_code", "wrong_code"]
    assert tags(world, account) == ["asked"]
