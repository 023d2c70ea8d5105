"""Erasure on request: what goes, what stays, and that nothing of it is left to read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from portal import audit
from portal.casework import accounts, decisions, keeping, protection
from portal.casework.context import Refused
from portal.models import (
    Account,
    Contact,
    Document,
    LinkToken,
    OutboxRow,
    Principal,
    Proposal,
    SearchTerm,
    SubjectKey,
)
from tests.casework.kept import (
    agreed,
    classes_of,
    decided,
    erased,
    events,
    has_key,
    held_of,
    kept_until,
    later,
    proposed,
    refusal,
    run,
)
from tests.sql import changed, only_on, refused
from tests.world import World


def wrapped(world: World, subject_id: str) -> str:
    world.session.rollback()
    return hashlib.sha256(world.session.get_one(SubjectKey, subject_id).wrapped).hexdigest()


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


def test_an_erased_case_keeps_its_decision_and_nothing_of_a_person(world: World, account: Account) -> None:
    case_id = world.declined()
    subject = world.case(case_id).subject_id
    key, papers = wrapped(world, subject), world.session.query(Document).filter_by(case_id=case_id).count()
    proposal = erased(world, case_id)
    case = world.case(case_id)
    [said] = events(world, "case:data:erased")

    assert (case.status, case.decision, case.retention_stage) == ("declined", "decline", 3)
    assert (said["key"], said["subject"], said["proposal"]) == (key, subject, proposal.id)
    assert len(said["papers"]) == papers
    assert (classes_of(world, case_id), has_key(world, subject)) == (set(), False)
    assert audit.first_break(world.session, f"case:{case_id}") is None


def test_nothing_that_was_sealed_for_an_erased_case_opens_any_more(world: World, account: Account) -> None:
    case_id = world.declined()
    before = world.case(case_id).sealed_name
    erased(world, case_id)
    case = world.case(case_id)
    case.sealed_name = before  # as from a backup of the table

    assert world.runtime.vault.open(world.session, case.subject_id, case, "name") is None
    world.session.rollback()


@only_on("sqlite")
def test_a_destroyed_key_is_not_left_lying_in_the_file(world: World, account: Account) -> None:
    case_id = world.declined()
    subject = world.case(case_id).subject_id
    key = world.session.get_one(SubjectKey, subject).wrapped

    def is_there() -> bool:
        world.session.rollback()
        with world.runtime.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return key in Path(world.runtime.engine.url.database or "").read_bytes()

    before = is_there()
    erased(world, case_id)

    assert (before, is_there()) == (True, False)


def test_no_link_of_an_erased_case_works_and_no_mail_of_it_leaves(world: World, account: Account) -> None:
    case_id = world.declined()
    erased(world, case_id)
    live = world.session.query(LinkToken).filter_by(case_id=case_id, used_at=None, revoked_at=None)
    unsent = world.session.query(OutboxRow).filter_by(case_id=case_id, state="pending")

    assert (live.count(), unsent.count()) == (0, 0)
    assert {row.sealed_params for row in world.session.query(OutboxRow).filter_by(case_id=case_id)} == {None}


def test_the_mail_goes_out_before_the_key_does_and_is_not_waited_for_longer_than_a_day(
    world: World, account: Account
) -> None:
    case_id = world.declined()
    later(world, days=15)
    decided(world, "case_erase", case_id)
    [mail] = world.mails(case_id, "data_erased")
    said = world.params(mail)
    world.now += world.runtime.limits.grant_delay  # and the mail server is still down
    decisions.apply_due(world.system, keeping.MATTER)
    world.session.rollback()

    assert said["state"] == "agreed"
    assert world.session.get_one(OutboxRow, mail.id, populate_existing=True).state == "cancelled"
    assert world.case(case_id).retention_stage == 3


def test_the_reason_for_an_erasure_goes_with_it(world: World, account: Account) -> None:
    case_id = world.declined()
    proposal = erased(world, case_id)

    assert world.session.get_one(Proposal, proposal.id, populate_existing=True).sealed_payload == b""


def test_a_case_is_erased_once(world: World, account: Account) -> None:
    case_id = world.declined()
    erased(world, case_id)

    assert refusal(proposed, world, "case_erase", case_id) == "data_gone"


def test_the_facts_of_an_erased_case_still_go_at_their_time(world: World, account: Account) -> None:
    case_id = world.declined()
    erased(world, case_id)
    later(world, days=2600)

    assert run(world) == {"evidence": 0, "network": 0, "contact": 0, "fact": 1}
    assert world.case(case_id).retention_stage == 4


# an account


def account_erased(world: World, account: Account) -> Proposal:
    later(world, days=15)
    proposal = decided(world, "account_erase", account.id)
    later(world, hours=24)
    decisions.apply_due(world.system, keeping.MATTER)
    world.session.rollback()
    return proposal


def test_an_erased_account_takes_its_ended_cases_along(world: World, account: Account) -> None:
    case_id = world.declined()
    subjects = [account.subject_id, world.case(case_id).subject_id]
    proposal = account_erased(world, account)
    [said] = events(world, "account:data:erased")

    assert said["proposal"] == proposal.id
    assert [has_key(world, subject) for subject in subjects] == [False, False]
    assert [each["proposal"] for each in events(world, "case:data:erased")] == [proposal.id]
    assert list(held_of(world, "account_id", account.id)) == []
    assert world.session.query(SearchTerm).filter(SearchTerm.subject_id.in_(subjects)).count() == 0
    assert audit.first_break(world.session, f"account:{account.id}") is None


def test_no_earlier_request_names_an_erased_account_any_more(world: World, account: Account) -> None:
    number = account.number
    case_id = world.declined(account_number=number)
    kept_until(world, "contact")
    run(world)
    before = (world.case(case_id).retention_stage, world.case(case_id).account_number)
    account_erased(world, account)

    assert before == (3, number)
    assert world.case(case_id).account_number is None


def test_what_is_left_of_an_account_is_a_stub_that_nobody_finds(world: World, account: Account) -> None:
    number = account.number
    account_erased(world, account)
    left = world.session.get_one(Account, account.id, populate_existing=True)
    users = world.session.query(Principal).filter_by(account_id=account.id)
    contacts = world.session.query(Contact).filter_by(account_id=account.id)

    assert (left.erased_at is not None, left.number == number, left.holder_kind) == (True, False, None)
    assert {(user.username, user.external_id == user.id) for user in users} == {(None, True)}
    assert all(contact.retired_at and contact.sealed_value == b"" for contact in contacts)
    assert accounts.lookup_by(world.system, email=None, account_number=number) is None
    assert accounts.view(world.as_("lee"), account.id).names == {}


def test_the_number_can_be_registered_anew(world: World, account: Account) -> None:
    number = account.number
    account_erased(world, account)
    anew = world.account(number=number)
    case_id = world.queued()

    assert world.case(case_id).account_id == anew.id


@pytest.mark.parametrize(
    ("what", "why"), [("open", "account_in_use"), ("protected", "account_protected"), ("held", "legal_hold")]
)
def test_an_account_in_use_protected_or_held_is_not_erased(
    world: World, account: Account, what: str, why: str
) -> None:
    if what == "open":
        world.queued()
    elif what == "held":
        decided(world, "case_hold", world.declined())
        later(world, days=15)
    else:
        proposal_id = decisions.propose(
            world.as_("ada"), protection.MATTER, "account_protect", account.id, reason="x"
        )
        proposal, ctx = world.session.get_one(Proposal, proposal_id), world.as_("ann")
        decisions.agree(ctx, protection.MATTER, proposal_id, digest=proposal.digest, code=world.code("ann"))

    assert refusal(proposed, world, "account_erase", account.id) == why


def test_a_hold_keeps_the_account_also_of_a_case_whose_own_data_is_gone(
    world: World, account: Account
) -> None:
    case_id = world.declined()
    kept_until(world, "contact")
    run(world)
    agreed_to = decided(world, "account_erase", account.id)
    hold = proposed(world, "case_hold", case_id)
    later(world, hours=24)
    waiting = (decisions.apply_due(world.system, keeping.MATTER), has_key(world, account.subject_id))
    agreed(world, hold)
    decisions.apply_due(world.system, keeping.MATTER)
    by_hand = changed("account", account.id, erased_at=agreed_to.effective_at)

    assert (world.case(case_id).retention_stage, waiting) == (3, (0, True))
    assert has_key(world, account.subject_id)
    assert refusal(proposed, world, "account_erase", account.id) == "legal_hold"
    refused(world, "account_erased_by_two", changed("proposal", agreed_to.id, state="effective"), by_hand)


def test_a_request_that_comes_in_between_keeps_the_account(world: World, account: Account) -> None:
    proposal = decided(world, "account_erase", account.id)
    world.queued()
    later(world, hours=24)
    decisions.apply_due(world.system, keeping.MATTER)
    world.session.rollback()

    assert world.session.get_one(Proposal, proposal.id, populate_existing=True).state == "stopped"
    assert has_key(world, account.subject_id)


def test_every_registered_mailbox_hears_of_the_erasure_of_an_account(world: World, account: Account) -> None:
    decided(world, "account_erase", account.id)
    rows = world.session.query(OutboxRow).filter_by(notice="account_erased").all()

    assert {row.contact_id for row in rows} == {row.id for row in world.contacts(account, "email")}


def test_nobody_erases_an_account_with_an_address_of_their_own(world: World) -> None:
    own = world.account(account_email="lee@desk.example", number="210987654321")

    assert refusal(proposed, world, "account_erase", own.id) == "own_account"


def test_nothing_more_is_decided_about_an_erased_account(world: World, account: Account) -> None:
    account_erased(world, account)

    assert refusal(proposed, world, "account_erase", account.id) == "data_gone"
    with pytest.raises(Refused, match="data_gone"):
        decisions.propose(world.as_("ada"), protection.MATTER, "account_protect", account.id, reason="x")


def test_an_erased_requester_can_file_anew(world: World, account: Account) -> None:
    erased(world, world.declined())

    assert world.status(world.queued()) == "queued"
