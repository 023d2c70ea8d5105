"""One person, one part; a check stays what it was and belongs to who made it: tried with SQL alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, select

from portal.casework import verification
from portal.models import CheckOpening, IdentityCheck, new_id
from tests.sql import TABLES, attack, changed, deleted, inserted, only_on, refused, row_of
from tests.world import World


def person(world: World, name: str) -> str:
    return world.logins[name].person_id


def party(world: World, case_id: str, name: str, part: str) -> dict[str, Any]:
    return {"case_id": case_id, "person_id": person(world, name), "part": part, "at": world.now}


def of_party(world: World, case: str, name: str, **columns: Any) -> Executable:
    """Change somebody's part in a case."""
    table = TABLES["case_party"]
    one = (table.c.case_id == case) & (table.c.person_id == person(world, name))
    return table.update().where(one).values(**columns)


@pytest.mark.parametrize("part", ["verifier", "approver", "reviewer", "planter"])
def test_nobody_has_a_second_part(world: World, part: str) -> None:
    case_id = world.verifying()
    by = "case_party_never_replaced" if world.runtime.engine.dialect.name == "sqlite" else "pk_case_party"
    refused(world, by, inserted("case_party", party(world, case_id, "alice", part)))


def test_a_part_is_never_given_up(world: World) -> None:
    case_id = world.verifying()
    refused(world, "case_party_no_delete", deleted("case_party", case_id=case_id))


def test_a_part_is_never_exchanged(world: World) -> None:
    case_id, other = world.verifying(), world.submit()
    for columns in ({"part": "approver"}, {"person_id": person(world, "vic")}, {"case_id": other}):
        refused(world, "case_party_fixed", of_party(world, case_id, "alice", **columns))


@only_on("sqlite")
def test_a_part_is_never_replaced(world: World) -> None:
    case_id = world.verifying()
    row = party(world, case_id, "alice", "approver")
    refused(world, "case_party_never_replaced", inserted("case_party", row).prefix_with("OR REPLACE"))


def test_who_is_excluded_from_a_case_stays_so(world: World) -> None:
    case_id = world.verifying()
    attack(world, of_party(world, case_id, "alice", excluded_at=world.now))
    refused(world, "case_party_fixed", of_party(world, case_id, "alice", excluded_at=None))


def test_only_persons_have_parts(world: World) -> None:
    row = party(world, world.submit(), "alice", "verifier")
    refused(world, "fk_case_party_person_id", inserted("case_party", row, person_id=new_id()))


def checked(world: World) -> dict[str, Any]:
    """The row of a check that Alice recorded."""
    world.account()
    case_id = world.verifying()
    check = world.check("alice", case_id)
    return row_of(world, "identity_check", id=check.id)


def another(row: dict[str, Any], **changes: Any) -> Executable:
    return inserted("identity_check", row, **{"id": new_id(), **changes})


def test_who_has_a_part_can_record_a_check(world: World) -> None:
    attack(world, another(checked(world)))


def test_a_check_of_a_person_names_the_person_and_their_part(world: World) -> None:
    row = checked(world)
    for missing in ({"person_id": None}, {"part": None}, {"person_id": None, "part": None}):
        refused(world, "ck_identity_check_attested", another(row, **missing))


def test_who_has_no_part_in_a_case_records_no_check(world: World) -> None:
    refused(world, "fk_identity_check_party", another(checked(world), person_id=person(world, "vic")))


def test_who_approves_records_no_check(world: World) -> None:
    row = checked(world)
    bob = {"person_id": person(world, "bob")}
    attack(world, inserted("case_party", party(world, row["case_id"], "bob", "approver")))
    refused(world, "fk_identity_check_party", another(row, **bob))
    refused(world, "ck_identity_check_attested", another(row, **bob, part="approver"))


def test_a_check_is_not_repeated_by_who_verifies(world: World) -> None:
    refused(world, "ck_identity_check_attested", another(checked(world), repeated=True))


def test_what_the_system_attests_names_no_person_and_repeats_nothing(world: World) -> None:
    row = checked(world)
    nobody = {"attested_by": "system", "person_id": None, "part": None}
    refused(world, "ck_identity_check_attested", another(row, attested_by="system"))
    refused(world, "ck_identity_check_attested", another(row, **nobody, repeated=True))
    attack(world, another(row, **nobody))


FIXED: dict[str, Any] = {
    "result": "mismatch",
    "method": "W3",
    "round": 2,
    "attested_by": "system",
    "repeated": True,
    "person_id": None,
    "part": "approver",
    "id": "f" * 32,
    "case_id": "f" * 32,
    "contact_id": "f" * 32,
}


@pytest.mark.parametrize("column", FIXED)
def test_a_recorded_check_is_never_changed(world: World, column: str) -> None:
    row = checked(world)
    refused(world, "identity_check_fixed", changed("identity_check", row["id"], **{column: FIXED[column]}))


def test_a_check_is_not_dated_back(world: World) -> None:
    row = checked(world)
    earlier = row["recorded_at"] - timedelta(days=1)
    refused(world, "identity_check_fixed", changed("identity_check", row["id"], recorded_at=earlier))


def test_a_check_is_never_deleted(world: World) -> None:
    refused(world, "identity_check_no_delete", deleted("identity_check", id=checked(world)["id"]))


@only_on("sqlite")
def test_a_check_is_never_replaced(world: World) -> None:
    row = checked(world)
    better = inserted("identity_check", row, result="mismatch").prefix_with("OR REPLACE")
    refused(world, "identity_check_never_replaced", better)


def test_a_voided_check_stays_void(world: World) -> None:
    row = checked(world)
    attack(world, changed("identity_check", row["id"], voided_at=world.now))
    refused(world, "identity_check_fixed", changed("identity_check", row["id"], voided_at=None))


def test_the_evidence_of_a_check_can_be_destroyed_in_its_time(world: World) -> None:
    row = checked(world)
    attack(world, changed("identity_check", row["id"], sealed_evidence=None, sealed_note=None))


def seen(world: World, by: str | None = None, part: str | None = "verifier") -> Executable:
    """Say in a colleague's name that they saw the check of Alice."""
    row = checked(world)
    if by and by != "alice" and part:
        attack(world, inserted("case_party", party(world, row["case_id"], by, part)))
    return changed(
        "identity_check", row["id"], witness_id=by and person(world, by), witness_part=part and "verifier"
    )


def test_a_colleague_with_the_same_part_can_be_witness(world: World) -> None:
    attack(world, seen(world, "vic"))


def test_nobody_is_their_own_witness(world: World) -> None:
    refused(world, "ck_identity_check_witness", seen(world, "alice"))


def test_a_witness_is_named_together_with_their_part(world: World) -> None:
    refused(world, "ck_identity_check_witness", seen(world, "vic", None))


def test_a_part_alone_is_no_witness(world: World) -> None:
    refused(world, "ck_identity_check_witness", seen(world, None))


def test_who_approves_is_no_witness(world: World) -> None:
    refused(world, "fk_identity_check_witness_party", seen(world, "bob", "approver"))


def test_what_the_system_attests_has_no_witness(world: World) -> None:
    row = checked(world)
    attack(world, inserted("case_party", party(world, row["case_id"], "vic", "verifier")))
    proof = {"attested_by": "system", "person_id": None, "part": None}
    vic = {"witness_id": person(world, "vic"), "witness_part": "verifier"}
    refused(world, "ck_identity_check_witness", another(row, **proof, **vic))


def test_a_witness_is_never_exchanged(world: World) -> None:
    world.account()
    case_id = world.verifying()
    check_id = world.check("alice", case_id, "W3").id
    verification.witness(world.as_("vic"), case_id, check_id, world.code("vic"))
    world.hire("wendy")
    attack(world, inserted("case_party", party(world, case_id, "wendy", "verifier")))
    for witness, part in ((person(world, "wendy"), "verifier"), (None, None)):
        other = changed("identity_check", check_id, witness_id=witness, witness_part=part)
        refused(world, "identity_check_fixed", other)


def opening(world: World, check_id: str, case_id: str, name: str, part: str = "approver") -> Executable:
    row = {"check_id": check_id, "person_id": person(world, name), "case_id": case_id}
    return inserted("check_opening", row, part=part, at=world.now)


def test_checks_are_opened_by_who_approves(world: World) -> None:
    row = checked(world)
    check_id, case_id = row["id"], row["case_id"]
    refused(world, "ck_check_opening_part", opening(world, check_id, case_id, "alice", "verifier"))
    refused(world, "fk_check_opening_party", opening(world, check_id, case_id, "alice"))
    refused(world, "fk_check_opening_party", opening(world, check_id, case_id, "bob"))


def test_a_part_in_one_case_opens_no_check_of_another(world: World) -> None:
    """Alice approves elsewhere; that must not let her tick the check that she recorded here."""
    row, other = checked(world), world.submit()
    attack(world, inserted("case_party", party(world, other, "alice", "approver")))
    refused(world, "fk_check_opening_check", opening(world, row["id"], other, "alice"))


def test_the_acts_themselves_leave_parts_and_openings_that_fit(world: World) -> None:
    world.account()
    case_id = world.approved()
    opened = world.session.execute(select(CheckOpening.check_id)).scalars().all()
    attested = select(IdentityCheck.id).where(IdentityCheck.attested_by == "person")
    parts = {row.person_id: row.part for row in world.session.execute(select(TABLES["case_party"])).all()}
    assert opened == world.session.execute(attested).scalars().all()
    assert parts == {person(world, "alice"): "verifier", person(world, "bob"): "approver"}
    assert world.case(case_id).approver_id == person(world, "bob")
