"""A file about accounts that the register has: contacts get successors, and decisions on old facts are void."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import accounts, facts, intake, registry
from portal.models import Account, AuditEvent, Case, Contact, OutboxRow, Principal
from tests.casework.register_desk import (
    NUMBER,
    account,
    agreed,
    count,
    hanakos_row,
    imported,
    proposed,
    refused,
)
from tests.casework.register_rows import another, row
from tests.people import HANAKO
from tests.world import World


def contacts(world: World, kind: str) -> list[Contact]:
    world.session.rollback()
    return world.contacts(account(world), kind)


def value(world: World, contact: Contact) -> str | None:
    found = account(world)
    return world.runtime.vault.open(world.session, found.subject_id, contact, "value")


def principal(world: World) -> Principal:
    query = select(Principal).where(Principal.account_id == account(world).id)
    return world.session.execute(query).scalar_one()


def events(world: World, tag: str) -> list[AuditEvent]:
    return list(world.session.execute(select(AuditEvent).where(AuditEvent.tag == tag)).scalars())


@pytest.fixture
def later(world: World) -> World:
    """A world whose register has had one account for a while."""
    imported(world)
    world.now += timedelta(days=100)
    return world


# contacts


def test_the_same_file_again_changes_nothing(later: World):
    before = count(later, AuditEvent)
    done = imported(later)

    assert (done.added, done.changed, done.unchanged) == (0, 0, 1)
    assert events(later, "account:entry:changed") == []
    assert count(later, AuditEvent) > before, "the import itself is on the record"


def test_a_new_address_is_a_new_contact_that_names_its_predecessor(later: World):
    imported(later, row(email="new@else.example"))
    old, new = contacts(later, "email")

    assert (new.predecessor_id, value(later, new), new.retired_at) == (old.id, "new@else.example", None)


def test_the_replaced_contact_is_retired_now_and_not_edited(later: World):
    (before,) = [value(later, contact) for contact in contacts(later, "email")]
    imported(later, row(email="new@else.example"))
    old = contacts(later, "email")[0]

    assert (value(later, old), old.retired_at) == (before, later.now)


def test_the_replaced_contact_is_still_told_for_its_time(later: World):
    imported(later, row(email="new@else.example"))
    old = contacts(later, "email")[0]
    told = [
        [
            contact.id
            for contact in facts.contacts_of(
                later.session, old.account_id, now=later.now + after, limit=timedelta(days=30)
            )
        ]
        for after in (timedelta(days=29), timedelta(days=31))
    ]

    assert [old.id in ids for ids in told] == [True, False]


def test_an_old_date_makes_no_new_contact_look_settled(later: World):
    imported(later, row(email="new@else.example", email_confirmed_at="2020-01-01"))

    assert contacts(later, "email")[1].confirmed_at == later.now


def test_a_contact_that_was_missing_counts_from_now(world: World):
    imported(world, row(phone="", phone_is_mobile="", phone_confirmed_at=""))
    world.now += timedelta(days=100)
    imported(world, row(phone_confirmed_at="2020-01-01"))

    assert contacts(world, "phone")[0].confirmed_at == world.now


def test_only_the_new_address_leads_to_the_account(later: World):
    imported(later, row(email="new@else.example"))

    def found(email: str) -> Account | None:
        return accounts.lookup_by(later.system, email=email, account_number=None)

    assert (found("taro@mail.example"), found("new@else.example")) == (None, account(later))


def test_staff_see_the_present_contact_before_the_retired_one(later: World):
    imported(later, row(email="new@else.example"))
    seen = [view for view in registry.contacts_view(later.system, account(later)) if view.kind == "email"]

    assert [view.retired_at is None for view in seen] == [True, False]
    assert seen[0].predecessor_id == seen[1].id


def test_a_newer_date_for_the_same_address_changes_nothing(later: World):
    imported(later, row(email_confirmed_at="2026-11-01"))

    assert len(contacts(later, "email")) == 1


def test_a_contacts_language_is_corrected_where_it_stands(later: World):
    done = imported(later, row(email_language="en"))
    (contact,) = contacts(later, "email")

    assert (done.changed, contact.language) == (1, "en")


def test_a_number_that_turns_out_to_be_mobile_keeps_its_age(world: World):
    imported(world, row(phone="+12025550123", phone_is_mobile="no"))
    imported(world, row(phone="+12025550123", phone_is_mobile="yes"))
    old, new = contacts(world, "phone")

    assert (new.is_mobile, new.confirmed_at, new.predecessor_id) == (True, old.confirmed_at, old.id)


def test_empty_cells_leave_the_register_as_it_is(later: World):
    empty = dict.fromkeys(("name", "latin_name", "kana", "holder_kind", "email", "phone", "post_address"), "")
    more = dict.fromkeys(
        ("email_confirmed_at", "phone_confirmed_at", "post_confirmed_at", "is_administrator"), ""
    )
    imported(later, row(**empty, **more))

    assert account(later).sealed_name is not None
    assert principal(later).is_administrator is False
    assert [len(contacts(later, kind)) for kind in ("email", "phone", "post")] == [1, 1, 1]


# names and privilege


def test_a_changed_name_counts_from_now(later: World):
    imported(later, row(name="山田 花子"))
    found = account(later)

    assert found.name_since == later.now
    assert later.runtime.vault.open(later.session, found.subject_id, found, "name") == "山田 花子"


def test_a_changed_privilege_is_written(later: World):
    imported(later, row(is_administrator="yes", edits_contacts="yes", hardware_device="yes"))

    rights = ("is_administrator", "edits_contacts", "hardware_device")
    assert [getattr(principal(later), right) for right in rights] == [True] * 3


def test_another_user_of_a_known_account_is_added(later: World):
    imported(later, row(principal_kind="iam", username="hanako", external_id="user/hanako"))

    assert count(later, Principal) == 2


def test_the_event_of_a_change_names_the_fields_and_not_what_they_hold(later: World):
    imported(later, row(email="new@else.example", is_administrator="yes"))
    (event,) = events(later, "account:entry:changed")

    assert b'"fields":["email","is_administrator"]' in event.event_bytes
    assert b"else" not in event.event_bytes


# cases


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "new@else.example"},
        {"phone": "03-0000-1234"},
        {"name": "山田 太郎"},
        {"is_administrator": "yes"},
        {"holder_kind": "company"},
        {"hardware_device": "yes"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_changed_facts_void_a_proposal_that_rests_on_the_old_ones(world: World, changes: dict[str, str]):
    told = hanakos_row(world, **changes)
    case_id = world.pending_approval()
    imported(world, told)
    case = world.case(case_id)

    assert (case.status, case.round, case.decision) == ("verifying", 2, None)


@pytest.mark.parametrize("changes", [{}, {"email_language": "en"}, {"edits_contacts": "yes"}])
def test_what_proves_nothing_voids_nothing(world: World, changes: dict[str, str]):
    told = hanakos_row(world, **changes)
    case_id = world.pending_approval()
    imported(world, told)

    assert world.status(case_id) == "pending_approval"


def test_a_changed_contact_raises_the_tier_of_an_open_case(world: World):
    told = hanakos_row(world, email="new@else.example")
    case_id = world.queued()
    imported(world, told)

    assert world.case(case_id).tier == "elevated"


def test_while_a_device_is_being_removed_nothing_of_the_file_is_taken(world: World):
    told = hanakos_row(world, email="new@else.example")
    world.executing()
    proposal = proposed(world, another(2), told)
    refusal = refused(agreed, world, proposal)

    assert (refusal.reason, refusal.details) == ("executing", {"account_number": HANAKO["number"]})
    assert count(world, Account) == 1
    assert world.session.get_one(type(proposal), proposal.id).state == "open"


@pytest.mark.parametrize(
    "identifiers",
    [
        {"account_number": None},
        {"account_number": NUMBER},
        {"account_number": NUMBER, "account_email": "taro@mail.example"},
    ],
)
def test_a_request_that_matched_nothing_is_matched_when_its_entry_comes(
    world: World, identifiers: dict[str, str | None]
):
    given = {"account_email": "taro@mail.example", "reply_email": "taro@else.example", **identifiers}
    case_id = world.queued(**given)
    assert world.case(case_id).account_id is None
    imported(world)
    query = select(OutboxRow.case_id).where(
        OutboxRow.kind == "match", OutboxRow.unique_key != f"{case_id}:match"
    )
    for waiting in list(world.session.execute(query).scalars()):
        intake.match(world.system, waiting, cause="register")

    assert world.case(case_id).account_id == account(world).id


def test_a_new_address_of_a_known_account_matches_a_waiting_request_too(later: World):
    case_id = later.queued(account_email="new@else.example", reply_email="new@else.example")
    imported(later, row(email="new@else.example"))
    query = select(OutboxRow).where(OutboxRow.kind == "match", OutboxRow.unique_key != f"{case_id}:match")

    assert [waiting.case_id for waiting in later.session.execute(query).scalars()] == [case_id]


def test_an_account_without_a_waiting_request_wakes_none(world: World):
    case_id = world.queued(account_email="other@else.example", reply_email="other@else.example")
    imported(world)

    assert world.case(case_id).account_id is None
    assert count(world, Case) == 1
