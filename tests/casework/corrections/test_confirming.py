"""The call to the new number: what makes it the registered one, what then is void, and who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal import audit
from portal.casework import (
    account_objection,
    accounts,
    calls,
    owner_sessions,
    phone_change,
    phone_facts,
    register_held,
    registry,
    tiers,
)
from portal.casework.register_entry import EntryContact
from portal.models import (
    Account,
    PhoneCall,
    PhoneChange,
    Principal,
)
from tests import calling
from tests import ringing as telephone
from tests.casework.corrections.steps import NEWER, OLD, held_by, tags
from tests.casework.keepers import (
    NEW,
    Keeper,
    again,
    asked,
    called,
    corrected,
    iam_user,
    keyed,
    numbers,
    pressed_nine,
    root_user,
    told,
)
from tests.casework.register_desk import refused
from tests.people import HANAKO
from tests.world import World

# the call


def test_asking_changes_nothing_before_the_call(world: World, account: Account, taro: Keeper) -> None:
    asked(taro)

    assert numbers(world, account) == [OLD]
    assert told(world, "phone_changed") == []


def test_the_number_is_the_accounts_once_its_holder_has_keyed_the_digits(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    old, new = world.contacts(account, "phone")

    assert numbers(world, account) == [NEW]
    assert (old.retired_at, new.confirmed_at, new.predecessor_id) == (world.now, world.now, old.id)
    assert (new.is_mobile, change.new_contact_id, change.old_contact_id) == (True, new.id, old.id)
    assert tags(world, account) == ["asked", "corrected"]
    assert audit.first_break(world.session, f"account:{account.id}") is None


def test_the_account_is_found_by_the_new_number_and_no_longer_by_the_old(
    world: World, account: Account, taro: Keeper
) -> None:
    with world.system.act():
        registry.read_terms(world.system, account)
    corrected(taro)
    vault, session = world.runtime.vault, world.session

    assert vault.find(session, "phone", NEW) == [account.subject_id]
    assert vault.find(session, "phone", OLD) == []
    assert accounts.lookup_by(world.system, email=HANAKO["account_email"], account_number=None) is not None


def test_digits_keyed_after_an_hour_come_too_late(world: World, account: Account, taro: Keeper) -> None:
    browser = taro.signed_in()
    asked(taro, browser=browser)
    call = called(browser)
    world.now += timedelta(minutes=61)
    keyed_late(world, call.id)

    assert numbers(world, account) == [OLD]


def keyed_late(world: World, call_id: str) -> None:
    ctx = world.system
    with ctx.act():
        phone_change.confirmed(ctx, ctx.session.get_one(PhoneCall, call_id))


def test_a_call_for_a_number_that_was_replaced_by_another_one_confirms_nothing(
    world: World, account: Account, taro: Keeper
) -> None:
    browser = taro.signed_in()
    asked(taro, browser=browser)
    call = called(browser)
    asked(taro, NEWER, browser=browser)
    keyed_late(world, call.id)

    assert numbers(world, account) == [OLD]
    assert call.outcome == "expired"


def test_the_same_call_confirms_once(world: World, account: Account, taro: Keeper) -> None:
    browser = taro.signed_in()
    asked(taro, browser=browser)
    call = called(browser)
    keyed(world, call)
    keyed_late(world, call.id)

    assert len(world.contacts(account, "phone")) == 2


@pytest.mark.parametrize("meanwhile", ["signed_out", "right_taken", "held", "disputed", "other_number"])
def test_what_no_longer_holds_when_the_digits_are_keyed_is_not_done(
    world: World, account: Account, taro: Keeper, meanwhile: str
) -> None:
    browser = taro.signed_in()
    change = asked(taro, browser=browser)
    call = called(browser)
    changed_meanwhile(world, account, taro, meanwhile)
    before = numbers(world, account)
    keyed(world, call)

    assert numbers(world, account) == before
    assert again(world, change).confirmed_at is None
    assert tags(world, account)[-1] == "refused"
    assert told(world, "phone_changed") == []


def changed_meanwhile(world: World, account: Account, taro: Keeper, what: str) -> None:
    if what == "held":
        held_by(world, root_user(world, account), 72)
        return
    if what == "disputed":
        account_objection.object_without_case(
            world.system, world.contacts(account, "email")[0].id, channel="mail"
        )
        with world.system.act():
            owner_sessions.start(
                world.system, taro.row, "full"
            )  # signed in again, for the dispute alone to count
        return
    with world.system.act():
        if what == "signed_out":
            owner_sessions.end_all(world.system, taro.principal_id)
        elif what == "right_taken":
            world.session.get_one(Principal, taro.principal_id).edits_contacts = False
        else:
            held = register_held.of_account(world.system, account)
            old = next(row for row in held.contacts if row.kind == "phone")
            entry = EntryContact("phone", NEWER, world.now)
            registry.write(world.system, account, [registry.Change("contact", "phone", OLD, entry, old)])


def test_whoever_has_the_new_number_stops_it_with_nine(world: World, account: Account, taro: Keeper) -> None:
    browser = taro.signed_in()
    change = asked(taro, browser=browser)
    pressed_nine(world, called(browser))

    assert numbers(world, account) == [OLD]
    assert not phone_facts.is_waiting(world.system, again(world, change))
    assert refused(called, browser).reason == "phone_change_over"


def test_a_call_is_asked_for_by_a_signed_in_browser_with_a_number_that_waits(taro: Keeper) -> None:
    browser = taro.signed_in()

    assert refused(called, browser).reason == "phone_change_over"


def test_another_users_browser_does_not_call_for_this_one(
    world: World, account: Account, taro: Keeper
) -> None:
    other = iam_user(world, account, "jiro", administrator=True)
    asked(taro)

    assert refused(called, other.signed_in()).reason == "phone_change_over"


# what rested on the old number


def test_a_decision_that_was_made_on_the_old_number_is_void(world: World, account: Account) -> None:
    case_id = world.cooling_off()
    taro = iam_user(world, account, "taro", edits=True)
    corrected(taro)

    assert (world.status(case_id), world.case(case_id).round) == ("verifying", 2)


def test_a_corrected_number_is_young_and_makes_every_request_elevated(
    world: World, account: Account, taro: Keeper
) -> None:
    corrected(taro)
    case_id = world.queued()
    new = world.contacts(account, "phone")[1]

    assert world.case(case_id).tier == "elevated"
    assert "contact_changed" in tiers.computed(world.system, world.case(case_id)).reasons
    assert new.confirmed_at > world.now - world.runtime.limits.contact_age


# everybody is told


def test_every_mailbox_and_the_old_number_are_told_at_once_and_twice_again(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    rows = told(world, "phone_changed")
    mailboxes = {row.id for row in world.contacts(account, "email")}
    days = [(row.not_before - world.now) // timedelta(days=1) for row in rows if row.kind == "mail"]
    spoken = [row for row in rows if row.kind == "spoken"]

    assert sorted(days) == [0, 0, 7, 7, 28, 28]
    assert {row.contact_id for row in rows if row.kind == "mail"} == mailboxes
    assert [row.contact_id for row in spoken] == [change.old_contact_id] * 3
    assert {world.params(row)["phone_change"] for row in spoken} == {change.id}


def test_the_mail_names_who_did_it_and_no_whole_number(world: World, taro: Keeper) -> None:
    corrected(taro)
    said = world.params(told(world, "phone_changed")[0])

    assert (said["by"], said["number"], said["again"]) == ("taro", "***-****-1111", False)


# on the telephone itself


def ringing(world: World, taro: Keeper) -> tuple[PhoneChange, PhoneCall, str]:
    """The new number rings: the change, the call, and the digits on the screen of whoever asked."""
    browser = taro.signed_in()
    change = asked(taro, browser=browser)
    call = called(browser)
    world.now += phone_change.READ_FIRST
    calling.ring(world, call, number=NEW)
    calling.answer(world, call, number=NEW)
    return change, call, calls.code_of(world.system, call, browser.raw)


def test_digits_keyed_on_the_new_number_make_it_the_accounts(
    world: World, account: Account, taro: Keeper
) -> None:
    change, call, digits = ringing(world, taro)
    said = calling.key(world, call, digits, number=NEW)

    assert said is not None
    assert (said.say, numbers(world, account)) == ("right", [NEW])
    assert again(world, change).confirmed_at == world.now


def test_wrong_digits_three_times_end_it_and_cost_the_account_nothing(
    world: World, account: Account, taro: Keeper
) -> None:
    change, call, digits = ringing(world, taro)
    wrong = f"{(int(digits) + 1) % 10**6:06}"
    for _try in range(3):
        calling.key(world, call, wrong, number=NEW)
    late = calling.key(world, call, digits, number=NEW)

    assert (late, numbers(world, account), calling.failures(world, account)) == (None, [OLD], 0)
    assert again(world, change).confirmed_at is None


def test_right_digits_prove_nothing_once_the_account_is_in_dispute(
    world: World, account: Account, taro: Keeper
) -> None:
    _change, call, digits = ringing(world, taro)
    mailbox = world.contacts(account, "email")[0]
    account_objection.object_without_case(world.system, mailbox.id, channel="mail")
    calling.key(world, call, digits, number=NEW)

    assert numbers(world, account) == [OLD]


def test_the_old_number_is_rung_up_and_nine_undoes_it(world: World, account: Account, taro: Keeper) -> None:
    change, call, digits = ringing(world, taro)
    calling.key(world, call, digits, number=NEW)
    world.now += timedelta(minutes=2)
    telephone.told(world)
    (rung,) = telephone.placed(world)
    telephone.pick_up(world, rung)
    telephone.press(world, rung, "9")

    assert (rung.contact_id, rung.phone_change_id) == (change.old_contact_id, change.id)
    assert numbers(world, account) == [OLD]
    assert again(world, change).reverted_at == world.now
