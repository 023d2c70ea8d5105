"""The one-use pass after a removal: to whom it goes, that it opens one stage once, and what stops whoever guesses it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from argon2 import profiles
from sqlalchemy import select

from portal import passwords
from portal.casework import approval, deactivation, objection, owner_sessions, passes, proofs
from portal.casework.context import Refused, Throttled
from portal.casework.owner_sessions import Visitor
from portal.models import Account, Contact, LinkToken, OutboxRow, Principal, Removal
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
    """A user who must register a device; where that comes from is told by no removal."""
    found = owners.root(world, account)
    with world.system.act():
        passes.require(world.system, found)
    return found


@pytest.fixture
def visitor(world: World, principal: Principal) -> Visitor:
    return owners.with_password(world)


def send(world: World, visitor: Visitor) -> str:
    """Have a pass sent and read the newest mail."""
    passes.send(world.owner, visitor)
    return newest(world)


def newest(world: World) -> str:
    row = max(mails(world), key=lambda each: each.created_at)
    return str(world.params(row)["code"])


def mails(world: World) -> list[OutboxRow]:
    return owners.told(world, "one_use_pass")


def enter(world: World, visitor: Visitor, typed: str) -> str:
    try:
        return passes.enter(world.owner, visitor, typed).visitor.stage
    except Refused as refusal:
        return refusal.reason


def removed_without_a_mailbox(world: World, account: Account, reply_email: str) -> str:
    """A removal for somebody whose papers and letter the desk has checked, and no registered mailbox."""
    case_id = world.verifying(reply_email=reply_email)
    world.check("alice", case_id)
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    proofs.enter_letter_code(world.owner, case_id, world.letter_code(case_id))
    world.propose("alice", case_id)
    world.open_checks("bob", case_id)
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    world.deliver()
    world.pass_time(hours=200)
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    deactivation.carry_out(world.system, case_id)
    return case_id


# what a thief tries


def test_a_pass_works_once(world: World, visitor: Visitor) -> None:
    code = send(world, visitor)
    assert enter(world, visitor, code) == "enrol"

    assert enter(world, owners.with_password(world), code) == "wrong_pass"


def test_a_pass_is_over_after_an_hour(world: World, visitor: Visitor) -> None:
    code = send(world, visitor)
    world.now += world.runtime.limits.pass_life

    assert enter(world, owners.with_password(world), code) == "wrong_pass"


def test_whoever_has_another_pass_sent_does_not_make_the_first_one_worthless(
    world: World, visitor: Visitor
) -> None:
    older = send(world, visitor)
    world.now += timedelta(minutes=2)
    newer = send(world, visitor)

    assert enter(world, visitor, older) == "enrol"
    assert enter(world, owners.with_password(world), newer) == "wrong_pass"


def test_a_pass_is_mailed_three_times_an_hour(world: World, visitor: Visitor) -> None:
    for _ in range(3):
        send(world, visitor)
        world.now += timedelta(minutes=2)
    with pytest.raises(Throttled):
        passes.send(world.owner, visitor)


def test_no_pass_is_sent_or_taken_while_an_objection_is_open(
    world: World, account: Account, visitor: Visitor
) -> None:
    """A thief with the password and the mailbox would bind a device while the account is on hold."""
    code = send(world, visitor)
    contact = world.contacts(account, "email")[1]
    objection.object_on_account(world.system, contact.id, channel="mail")
    visitor = owners.with_password(world)

    assert passes.way_of(world.owner, visitor) == passes.Way()
    with pytest.raises(Refused, match="objection_open"):
        passes.send(world.owner, visitor)
    assert enter(world, visitor, code) == "objection_open"


def test_after_a_removal_was_found_to_be_a_theft_the_pass_goes_to_who_had_stopped_it(
    world: World, account: Account
) -> None:
    case_id = removed_without_a_mailbox(world, account, "thief@new.example")
    honest = world.contacts(account, "email")[1]
    objection.object_to(world.system, case_id, channel="mail", contact_id=honest.id)
    objection.propose_unfreeze(world.as_("lee"), case_id, "reverse", "It was a theft")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))

    way = passes.way_of(world.owner, owners.with_password(world))

    assert [contact.id for contact in way.mailboxes] == [honest.id]
    assert way.request is None


def test_a_pass_of_one_user_is_none_of_another_of_the_same_account(
    world: World, account: Account, visitor: Visitor
) -> None:
    world.add_iam_users(account, "taro")
    taro = world.session.execute(select(Principal).where(Principal.username == "taro")).scalar_one()
    with world.system.act():
        passes.require(world.system, taro)
    theirs = owners.with_password(world, email=None, account_number=account.number, username="taro")
    code = send(world, visitor)

    assert enter(world, theirs, code) == "wrong_pass"
    passes.send(world.owner, theirs)
    assert enter(world, visitor, code) == "enrol"


def test_a_pass_of_an_earlier_removal_is_none_of_a_later_one(
    world: World, principal: Principal, visitor: Visitor
) -> None:
    code = send(world, visitor)
    world.now += timedelta(minutes=1)
    with world.system.act():
        passes.require(world.system, principal)

    assert enter(world, owners.with_password(world), code) == "wrong_pass"


def test_without_the_password_a_pass_opens_nothing(world: World, visitor: Visitor) -> None:
    code = send(world, visitor)
    with world.system.act():
        owner_sessions.end_all(world.system, visitor.principal.id)

    assert enter(world, visitor, code) == "session_moved"


def test_five_tries_an_hour_whoever_and_wherever(world: World, visitor: Visitor) -> None:
    code = send(world, visitor)
    said = [enter(world, owners.with_password(world), "2222-2222-2222") for _ in range(5)]

    assert said == ["wrong_pass"] * 5
    assert enter(world, visitor, code) == "throttled"


def test_nobody_needs_a_pass_who_need_not_enrol(world: World) -> None:
    world.account()
    visitor = owners.with_password(world)

    with pytest.raises(Refused, match="session_moved"):
        passes.send(world.owner, visitor)
    assert enter(world, visitor, "2222-2222-2222") == "session_moved"


def test_a_mailbox_is_not_flooded(world: World, visitor: Visitor) -> None:
    send(world, visitor)
    world.now += timedelta(seconds=59)

    with pytest.raises(Refused, match="throttled"):
        passes.send(world.owner, visitor)


def test_what_is_stored_is_keyed_and_bound(world: World, visitor: Visitor) -> None:
    code = send(world, visitor)
    row = world.session.execute(select(LinkToken).where(LinkToken.purpose == "pass")).scalar_one()

    assert code.replace("-", "") not in row.hash
    assert len(row.hash) == 64
    assert row.account_id == visitor.account.id


# where it goes


def recipients(world: World) -> set[str | None]:
    return {row.contact_id for row in mails(world)}


def test_without_a_verified_mailbox_it_goes_to_those_known_for_long(
    world: World, account: Account, visitor: Visitor
) -> None:
    with world.system.act():
        world.contact(account, "email", "new@elsewhere.example", since=world.now - timedelta(days=29))
    send(world, visitor)

    known = [contact.id for contact in world.contacts(account, "email")[:2]]
    assert recipients(world) == set(known)


def test_a_retired_mailbox_gets_no_pass(world: World, account: Account, visitor: Visitor) -> None:
    with world.system.act():
        world.contacts(account, "email")[0].retired_at = world.now
    send(world, visitor)

    assert recipients(world) == {world.contacts(account, "email")[1].id}


def test_where_every_mailbox_is_new_nothing_is_sent(world: World, account: Account, visitor: Visitor) -> None:
    with world.system.act():
        for contact in world.contacts(account, "email"):
            contact.confirmed_at = world.now

    with pytest.raises(Refused, match="no_mailbox_for_pass"):
        passes.send(world.owner, visitor)


def test_after_a_removal_by_the_desk_it_goes_to_the_mailbox_that_the_case_verified(world: World) -> None:
    account = world.account()
    case_id = world.verifying(reply_email="new@elsewhere.example")
    contact = prove_mailbox(world, account, case_id)
    removed_in(world, case_id, account)
    visitor = owners.with_password(world)
    send(world, visitor)

    assert recipients(world) == {contact.id}


def prove_mailbox(world: World, account: Account, case_id: str) -> Contact:
    contact = world.contacts(account, "email")[1]
    proofs.send_mailbox_link(world.as_("alice"), case_id, contact.id)
    proofs.confirm_mailbox(world.owner, world.link(case_id, "mailbox"))
    return contact


def removed_in(world: World, case_id: str, account: Account) -> None:
    """Bring the case to its removal, and have its user register anew."""
    world.check("alice", case_id)
    world.propose("alice", case_id)
    world.open_checks("bob", case_id)
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    world.deliver()
    world.pass_time(days=7, hours=1)  # the desk waits longer where a proof is a contact
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    deactivation.carry_out(world.system, case_id)
    removal = world.session.execute(select(Removal)).scalar_one()
    assert removal.confirmed_at is not None
    with world.system.act():
        passes.require(world.system, owners.root(world, account))


# the rest


def test_a_pass_is_read_in_any_case_width_and_grouping(world: World, visitor: Visitor) -> None:
    code = send(world, visitor)

    assert enter(world, visitor, f" {code.lower().replace('-', 'ー')}　") == "enrol"


def test_after_a_removal_every_browser_of_the_user_is_signed_out(world: World, account: Account) -> None:
    full = owners.with_mfa(world, account)
    with world.system.act():
        passes.require(world.system, full.principal)

    with pytest.raises(AssertionError), world.owner.act():
        assert owner_sessions.lock(world.owner, full)


def test_the_page_can_say_until_when_the_pass_works(world: World, visitor: Visitor) -> None:
    assert passes.sent(world.owner, visitor) is None
    send(world, visitor)

    sent = passes.sent(world.owner, visitor)
    assert sent is not None
    assert sent.expires_at == world.now + world.runtime.limits.pass_life


def removed_at_the_desk(world: World, **changes: str) -> Visitor:
    world.deactivated(**changes)
    return owners.with_password(world)


def test_after_a_removal_at_the_desk_the_pass_goes_to_the_mailbox_that_was_checked(
    world: World, account: Account
) -> None:
    visitor = removed_at_the_desk(world)

    passes.send(world.owner, visitor)

    (mail,) = mails(world)
    assert mail.contact_id == world.contacts(account, "email")[0].id


def test_where_the_desk_checked_a_person_and_no_mailbox_the_pass_goes_to_the_address_of_the_request(
    world: World, account: Account
) -> None:
    """Whoever has lost the registered mailbox could never come back, and whoever has it now would get the pass."""
    case_id = removed_without_a_mailbox(world, account, "hanako@new.example")
    visitor = owners.with_password(world)

    code = send(world, visitor)

    (mail,) = mails(world)
    assert (mail.contact_id, mail.case_id) == (None, case_id)
    assert passes.addresses(world.owner, visitor) == ["hanako@new.example"]
    assert enter(world, visitor, code) == "enrol"


def test_a_pass_that_is_over_is_not_mailed_any_more(world: World, visitor: Visitor) -> None:
    send(world, visitor)
    life = world.runtime.limits.pass_life
    assert mails(world)
    assert all(mail.expires_at == mail.created_at + life for mail in mails(world))
