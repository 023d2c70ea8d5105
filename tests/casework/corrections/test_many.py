"""Correcting numbers again and again: whom it must not ring up, and what it must not use up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.casework import calls, phone_change, registry
from portal.casework.context import Refused, Throttled
from portal.casework.register_entry import EntryContact
from portal.models import Account, Contact, OutboxRow
from tests import ringing as telephone
from tests.casework.keepers import NEW, asked, called, corrected, iam_user, pressed_nine
from tests.people import HANAKO
from tests.world import World


def of_a_thief(world: World) -> Account:
    return world.account(
        number="999999999999", account_email="thief@mail.example", second_email="other@mail.example"
    )


def ring(world: World, kind: str, account: Account, number: str) -> None:
    with world.system.act():
        calls.request(
            world.system,
            kind,
            account=world.session.get_one(Account, account.id),
            contact=None,
            number=number,
            language="ja",
            code_for="a cookie",
        )


def test_whoever_presses_nine_is_not_rung_up_again_by_who_wants_their_number(
    world: World, account: Account
) -> None:
    taro = iam_user(world, account, "taro", edits=True)
    browser = taro.signed_in()
    asked(taro, browser=browser)
    pressed_nine(world, called(browser))
    browser = taro.signed_in()
    asked(taro, browser=browser)

    with pytest.raises(Refused, match="phone_not_callable"):
        called(browser)


def test_calls_to_a_number_that_somebody_else_wants_use_up_none_of_its_owners_calls(
    world: World, account: Account
) -> None:
    thief = of_a_thief(world)
    for _ in range(3):
        ring(world, "new_number", thief, HANAKO["phone"])
        world.now += timedelta(minutes=6)

    ring(world, "proof", account, HANAKO["phone"])


def test_a_number_is_corrected_twice_a_day_at_most(world: World, account: Account) -> None:
    taro = iam_user(world, account, "taro", edits=True)
    corrected(taro, NEW)
    world.now += timedelta(hours=2)
    corrected(taro, "+819000002222")
    world.now += timedelta(hours=2)

    with pytest.raises(Throttled):
        asked(taro, "+819000003333")


def test_a_reminder_that_finds_the_line_taken_is_spoken_later(world: World, account: Account) -> None:
    """A thief knows when it is due, and could have the number rung up in that very minute."""
    corrected(iam_user(world, account, "taro", edits=True))
    reminders = sorted(telephone.spoken_rows(world, "phone_changed"), key=lambda row: row.not_before)
    now, later = reminders[0], reminders[1]
    with world.system.act():
        world.session.get_one(OutboxRow, now.id).state = "done"
    world.now = later.not_before + timedelta(seconds=1)
    ring(world, "new_number", of_a_thief(world), HANAKO["phone"])
    telephone.told(world)

    world.session.rollback()
    row = world.session.get_one(OutboxRow, later.id, populate_existing=True)
    assert row.state == "pending"


def test_the_old_number_comes_back_also_where_the_register_has_learnt_more_about_the_new_one(
    world: World, account: Account
) -> None:
    change = corrected(iam_user(world, account, "taro", edits=True))
    new = world.session.get_one(Contact, change.new_contact_id)
    with world.system.act():
        owner = world.session.get_one(Account, account.id)
        learnt = EntryContact("phone", NEW, world.now, is_mobile=False)
        registry.replace_contact(world.system, owner, learnt, new)
        registry.read_terms(world.system, owner)
    with world.system.act():
        phone_change.revert(world.system, world.session.merge(change), channel="mail")

    world.session.rollback()
    present = [contact.id for contact in world.contacts(account, "phone") if contact.retired_at is None]
    assert present == [change.old_contact_id]
