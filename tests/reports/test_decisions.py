"""Whether two persons made each decision, and how fast the second one was: by the log, whatever the cases say."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from portal.casework import approval, rounds
from portal.models import AuditEvent
from tests.reports.asking import owner, row, rows, told
from tests.sql import changed
from tests.tlog.tampering import tampered
from tests.world import World


def test_every_kind_of_decision_is_covered_by_two_persons(world: World) -> None:
    world.deactivated(**owner(world, 1))
    world.declined(**owner(world, 2))
    world.reversed(**owner(world, 3))
    found = [tuple(line.values()) for line in rows(world, "four_eyes")]
    assert found == [("remove", 2, 2, 0, 1.0), ("decline", 1, 1, 0, 1.0), ("unfreeze", 1, 1, 0, 1.0)]
    assert told(world, "four_eyes").totals == (None, 4, 4, 0, 1.0)
    assert told(world, "four_eyes").facts["references"] == ()


def test_a_decision_counts_although_its_round_became_void_later(world: World) -> None:
    case = world.case(world.approved(**owner(world, 1)))
    rounds.facts_changed(world.system, str(case.account_id), "contact")
    assert world.case(case.id).approver_id is None
    assert row(world, "four_eyes")["by_two"] == 1


def test_two_logins_of_one_person_are_one_person(world: World) -> None:
    """Somebody with SQL makes the approver's login one of the proposer's: the rows of the case do not show it."""
    case_id = world.approved(**owner(world, 1))
    alice, bob = world.logins["alice"], world.logins["bob"]
    with world.system.act():
        world.session.execute(changed("staff", bob.staff_id, person_id=alice.person_id))
    found = told(world, "four_eyes")
    assert found.rows == [("remove", 1, 0, 1, 0.0)]
    assert found.facts["references"] == (world.case(case_id).reference,)
    assert found.facts["coverage"] == 0.0


def test_a_decision_without_a_proposal_before_it_is_an_exception(world: World) -> None:
    case_id = world.approved(**owner(world, 1))
    proposal = AuditEvent.case_id == case_id, AuditEvent.tag == "case:removal:proposed"
    tampered(world, update(AuditEvent).where(*proposal).values(tag="case:note:written"))
    assert row(world, "four_eyes")["exceptions"] == 1


def test_the_proof_is_a_statement_that_anybody_can_run(world: World) -> None:
    case_id = world.approved(**owner(world, 1))
    proof = told(world, "four_eyes").facts["proof"].rstrip(";")
    assert world.session.connection().exec_driver_sql(proof.replace("%", "%%")).all() == []
    alice, bob = world.logins["alice"], world.logins["bob"]
    with world.system.act():
        world.session.execute(changed("staff", bob.staff_id, person_id=alice.person_id))
    found = world.session.connection().exec_driver_sql(proof.replace("%", "%%")).all()
    assert [tuple(line)[:2] for line in found] == [(world.case(case_id).reference, "case:removal:approved")]


def approve_after(world: World, place: int, opened: timedelta, decided: timedelta) -> None:
    """Bob opens the checks so long after the proposal, and decides so long after that."""
    case_id = world.pending_approval(**owner(world, place))
    world.now += opened
    world.open_checks("bob", case_id)
    world.now += decided
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))


def test_speed_is_measured_from_when_the_second_person_opened_the_first_check(world: World) -> None:
    approve_after(world, 1, opened=timedelta(hours=3), decided=timedelta(minutes=1))
    approve_after(world, 2, opened=timedelta(0), decided=timedelta(minutes=10))
    found = row(world, "agents")
    assert (found["approvals"], found["fast"], found["fast_share"]) == (2, 1, 0.5)
    assert found["agent_id"] == world.logins["bob"].person_id
    assert found["minutes_median"] == 1.5


def test_where_there_was_no_check_to_open_it_is_measured_from_the_proposal(world: World) -> None:
    case_id = world.verifying(**owner(world, 1))
    approval.propose_decline(world.as_("alice"), case_id, "details_differ")
    world.now += timedelta(minutes=2)
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    found = row(world, "agents")
    assert (found["approvals"], found["declines"], found["fast"]) == (0, 1, 1)
    assert found["minutes_median"] == 2.5


def test_the_openings_of_an_earlier_round_do_not_make_a_decision_slow(world: World) -> None:
    case_id = world.pending_approval(**owner(world, 1))
    world.open_checks("bob", case_id)
    world.now += timedelta(minutes=50)
    approval.send_back(world.as_("bob"), case_id, "look again", code=world.code("bob"))
    world.propose("alice", case_id)
    world.open_checks("bob", case_id)
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    found = row(world, "agents")
    assert (found["fast"], found["sent_back"]) == (1, 1)


def test_whoever_is_fast_most_often_stands_first(world: World) -> None:
    approve_after(world, 1, opened=timedelta(0), decided=timedelta(minutes=30))
    case_id = world.pending_approval(**owner(world, 2))
    world.open_checks("ben", case_id)
    approval.approve(world.as_("ben"), case_id, code=world.code("ben"))
    found = rows(world, "agents")
    assert [line["agent_id"] for line in found] == [world.logins[name].person_id for name in ("ben", "bob")]
    assert told(world, "agents").facts == {"decisions": 2, "fast": 1, "minutes": 3, "agents": 2}
