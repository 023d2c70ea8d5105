"""The import of the register: two persons, one file, all of it or nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal import audit
from portal.casework import register_import
from portal.casework.context import NotFound
from portal.casework.register_import import Imported
from portal.casework.register_plan import PlannedChange
from portal.domain.lifecycle import Role
from portal.models import Account, AuditEvent, Contact, Principal, Proposal, SubjectKey
from tests.casework.register_desk import NUMBER, account, agreed, count, imported, proposed, refused
from tests.casework.register_rows import GOOD, another, file, row
from tests.world import World


def tags(world: World, stream: str) -> list[str]:
    query = select(AuditEvent.tag).where(AuditEvent.stream == stream).order_by(AuditEvent.sseq)
    return [tag for tag in world.session.execute(query).scalars() if "register" in tag or "account:" in tag]


# who


@pytest.mark.parametrize("name", ["alice", "bob", "chika"])
def test_who_is_neither_admin_nor_lead_can_neither_propose_nor_look_nor_decide(world: World, name: str):
    proposal, ctx = proposed(world), world.as_(name)
    given = {"digest": proposal.digest, "code": world.code(name)}

    assert refused(register_import.propose_import, ctx, file(row())).reason == "wrong_role"
    assert refused(register_import.preview, ctx, proposal.id).reason == "wrong_role"
    assert refused(register_import.agree_import, ctx, proposal.id, **given).reason == "wrong_role"
    assert refused(register_import.refuse_import, ctx, proposal.id, code="000000").reason == "wrong_role"
    assert refused(register_import.propose_import, world.system, file(row())).reason == "wrong_role"


def test_nobody_agrees_to_their_own_file(world: World):
    proposal = proposed(world, by="ada")

    assert refused(agreed, world, proposal, by="ada").reason == "another_person"
    assert count(world, Account) == 0


def test_a_second_login_makes_no_second_person(world: World):
    world.hire("ada_too", role=Role.ADMIN, person_of="ada")
    proposal = proposed(world, by="ada")

    assert refused(agreed, world, proposal, by="ada_too").reason == "another_person"


def test_agreeing_takes_a_fresh_code(world: World):
    proposal = proposed(world)
    given = {"digest": proposal.digest, "code": "000000"}

    assert (
        refused(register_import.agree_import, world.as_("lee"), proposal.id, **given).reason == "wrong_code"
    )
    assert count(world, Account) == 0


def test_agreeing_is_to_the_file_that_was_seen(world: World):
    proposal, other = proposed(world), proposed(world, another(2))
    given = {"digest": other.digest, "code": world.code("lee")}

    assert (
        refused(register_import.agree_import, world.as_("lee"), proposal.id, **given).reason
        == "proposal_changed"
    )


@pytest.mark.parametrize("first", ["agree", "refuse"])
def test_a_file_is_decided_once(world: World, first: str):
    proposal = proposed(world)
    if first == "agree":
        agreed(world, proposal)
    else:
        register_import.refuse_import(world.as_("lee"), proposal.id, code=world.code("lee"))

    assert refused(agreed, world, proposal, by="lou").reason == "proposal_decided"


def test_the_proposer_may_withdraw(world: World):
    proposal = proposed(world, by="ada")
    register_import.refuse_import(world.as_("ada"), proposal.id, code=world.code("ada"))

    assert (register_import.open_proposals(world.as_("lee")), count(world, Account)) == ((), 0)


# what


def test_until_somebody_agrees_the_register_is_as_it_was(world: World):
    proposed(world)

    assert count(world, Account) == 0


def test_an_agreed_file_is_in_the_register(world: World):
    done = imported(world, row(), another(2))
    (principal,) = world.session.execute(
        select(Principal).where(Principal.account_id == account(world).id)
    ).scalars()

    assert done == Imported(added=2, changed=0, unchanged=0)
    assert (principal.kind, principal.external_id, principal.is_administrator) == (
        "root",
        GOOD["external_id"],
        False,
    )
    assert [view.kind for view in world.contacts(account(world), "email")] == ["email"]


def test_a_file_with_one_mistake_is_not_kept(world: World):
    refusal = refused(proposed, world, row(), another(2, email="nobody"))

    assert (refusal.reason, refusal.details["mistakes"][0].column) == ("register_file", "email")
    assert count(world, Proposal) == 0


def test_a_waiting_file_is_sealed_and_erased_when_it_is_decided(world: World):
    proposal = proposed(world)
    assert "山田".encode() not in proposal.sealed_payload
    agreed(world, proposal)

    assert world.session.get(SubjectKey, proposal.subject_id) is None


def test_the_deciding_person_sees_what_is_new_and_what_would_change(world: World):
    imported(world)
    waiting = proposed(world, row(email="new@else.example"), another(2))
    seen = register_import.preview(world.as_("lee"), waiting.id)

    assert (seen.new, seen.known, seen.proposal.is_own) == (1, 1, False)
    assert seen.planned[0].changes == (PlannedChange("email", "", "t***@m***.example", "n***@e***.example"),)
    assert seen.planned[1].is_new


def test_a_decided_file_is_shown_to_nobody(world: World):
    proposal = proposed(world)
    agreed(world, proposal)

    with pytest.raises(NotFound):
        register_import.preview(world.as_("lee"), proposal.id)


def test_open_files_are_listed_with_their_proposer(world: World):
    proposal = proposed(world, by="ada")
    (waiting,) = register_import.open_proposals(world.as_("ada"))

    assert (waiting.id, waiting.proposer, waiting.is_own) == (proposal.id, "Ada Admin", True)


def test_an_import_is_audited_once_as_a_whole_and_once_for_each_account(world: World):
    imported(world, row(), another(2))
    streams = [f"account:{account(world, number).id}" for number in (NUMBER, "000000000002")]

    assert tags(world, "system") == ["system:register:proposed", "system:register:imported"]
    assert [tags(world, stream) for stream in streams] == [["account:entry:imported"]] * 2
    assert [audit.first_break(world.session, stream) for stream in (*streams, "system")] == [None] * 3


def test_no_event_carries_personal_data_or_anything_to_guess_it_by(world: World):
    imported(world, row(), another(2))
    imported(world, row(name="山田 花子", email="new@else.example"))
    events = b"".join(world.session.execute(select(AuditEvent.event_bytes)).scalars())

    assert not any(text in events.decode() for text in ("山田", "@", "9000001234", "見本"))


def test_a_register_that_contradicts_the_file_by_now_stops_it(world: World):
    slow, quick = proposed(world), proposed(world, another(7, external_id=GOOD["external_id"]))
    agreed(world, quick)
    refusal = refused(agreed, world, slow)

    assert (refusal.reason, refusal.details["mistakes"][0].reason) == ("register_file", "external_id_taken")
    assert count(world, Account) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"external_id": "another-root"}, "second_root"),
        ({"account_number": "000000000002"}, "external_id_taken"),
        ({"principal_kind": "iam", "username": "taro"}, "kind_differs"),
    ],
)
def test_a_file_that_contradicts_the_register_is_not_kept(world: World, changes: dict[str, str], reason: str):
    imported(world)
    refusal = refused(proposed, world, row(**changes))

    assert [each.reason for each in refusal.details["mistakes"]] == [reason]


def test_of_two_files_with_the_same_new_account_the_second_changes_nothing(world: World):
    first, second = proposed(world), proposed(world)
    agreed(world, first)

    assert agreed(world, second) == Imported(added=0, changed=0, unchanged=1)
    assert count(world, Contact) == 3


def test_a_file_with_both_accounts_that_a_waiting_request_names_is_taken_whole(world: World) -> None:
    other = another(2)
    case_id = world.queued(account_email=GOOD["email"], account_number=other["account_number"])
    imported(world, row(), other)

    assert count(world, Account) == 2
    assert world.case(case_id).account_id is None
