"""What is kept long enough goes, class by class, and only if all that made it due still holds at that moment."""

from __future__ import annotations

import pytest

from portal import audit
from portal.casework import (
    approval,
    decisions,
    intake,
    keeping,
    messages,
    objection,
    retention,
    sessions,
    shredding,
)
from portal.domain.lifecycle import Status
from portal.domain.retention import ERASED, PERIODS, STAGES
from portal.models import (
    Account,
    AuditEvent,
    Document,
    LinkToken,
    OutboxRow,
    Principal,
    SearchTerm,
    SelfService,
    Staff,
    StaffSession,
    new_id,
)
from tests.admin.desk import queued
from tests.casework.kept import (
    classes_of,
    decided,
    events,
    has_key,
    kept_until,
    later,
    noted,
    proposed,
    refusal,
    run,
)
from tests.sql import attack, inserted, row_of
from tests.world import World


def ended(world: World) -> str:
    """A declined request with a check, a note and all that a form brings along."""
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    noted(world, case_id)
    approval.propose_decline(world.as_("alice"), case_id, "details_differ")
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    return case_id


def stage(world: World, case_id: str) -> int:
    return world.case(case_id).retention_stage


def test_nothing_goes_before_its_time(world: World) -> None:
    case_id = ended(world)
    later(world, days=29)

    assert run(world) == {"evidence": 0, "network": 0, "contact": 0, "fact": 0}
    assert classes_of(world, case_id) == {"evidence", "network", "contact"}


@pytest.mark.parametrize(
    ("until", "left"),
    [
        ("evidence", {"network", "contact"}),
        ("network", {"contact"}),
        ("contact", set()),
        ("fact", set()),
    ],
)
def test_each_class_goes_at_its_own_time_and_the_chain_still_verifies(
    world: World, until: str, left: set[str]
) -> None:
    case_id = ended(world)
    kept_until(world, until)
    gone = run(world)

    assert gone[until] == 1
    assert (classes_of(world, case_id), stage(world, case_id)) == (left, STAGES[until])
    assert audit.first_break(world.session, f"case:{case_id}") is None


def test_the_key_and_all_search_terms_are_destroyed_with_the_contact_data_and_the_log_proves_which_key(
    world: World,
) -> None:
    case_id = ended(world)
    subject = world.case(case_id).subject_id
    proof = shredding.proof(world.system, subject)["key"]
    kept_until(world, "contact")
    run(world)
    [said] = events(world, "case:contact:deleted")

    assert (said["key"], said["subject"], len(said["papers"])) == (proof, subject, 1)
    assert not has_key(world, subject)
    assert world.session.query(SearchTerm).filter_by(subject_id=subject).count() == 0
    assert (
        world.session.query(LinkToken).filter_by(case_id=case_id, revoked_at=None, used_at=None).count() == 0
    )


def test_a_paper_stays_as_a_trace_without_its_words(world: World) -> None:
    case_id = ended(world)
    kept_until(world, "contact")
    run(world)
    [paper] = world.session.query(Document).filter_by(case_id=case_id)

    assert (paper.kind, paper.sealed_facts, paper.sealed_pdf) == ("receipt", b"", None)


def test_the_network_term_goes_with_the_network_address(world: World) -> None:
    case_id = ended(world)
    subject = world.case(case_id).subject_id
    kept_until(world, "network")
    run(world)
    kinds = {term.kind for term in world.session.query(SearchTerm).filter_by(subject_id=subject)}

    assert kinds == {"email", "phone", "name"}


def test_after_seven_years_a_stub_without_the_owners_answers_is_left(world: World) -> None:
    case_id = ended(world)
    before = world.case(case_id)
    reference, account = before.reference, before.account_id
    kept_until(world, "fact")
    run(world)
    case = world.case(case_id)

    assert (case.reference, case.account_id, case.status) == (reference, account, Status.DECLINED)
    assert (case.problem, case.holder_kind, case.account_number) == (ERASED, ERASED, None)
    assert (case.triage, case.accepted, case.devices, case.tier_reasons) == ({}, {}, [], [])


@pytest.mark.parametrize("status", ["deactivated", "reversed", "cancelled", "expired"])
def test_a_case_ends_as_a_stub_whatever_its_end_was(world: World, status: str) -> None:
    world.account()
    case_id = getattr(world, status)()
    with world.system.act():
        world.session.query(SelfService).delete()
    kept_until(world, "fact")
    run(world)

    assert (stage(world, case_id), world.status(case_id)) == (len(PERIODS), status)
    assert classes_of(world, case_id) == set()


def test_years_of_neglect_are_made_up_for_in_one_run(world: World) -> None:
    case_id = ended(world)
    later(world, days=3000)

    assert run(world) == {"evidence": 1, "network": 1, "contact": 1, "fact": 1}
    assert [each["class"] for each in events(world, "system:retention:run")] == [p.key for p in PERIODS]
    assert stage(world, case_id) == len(PERIODS)
    assert run(world) == dict.fromkeys((p.key for p in PERIODS), 0)


# the condition is judged again at the moment of deleting


def test_a_case_that_was_taken_up_again_after_it_was_picked_stays(world: World) -> None:
    case_id = ended(world)
    picked = world.case(case_id).closed_at
    later(world, days=1)
    objection.appeal(world.owner, case_id)
    later(world, days=31)
    assert picked is not None

    assert not retention.delete_one(world.system, case_id, picked, PERIODS[0])
    assert (stage(world, case_id), world.case(case_id).closed_at) == (0, None)


def test_a_case_that_ended_anew_keeps_what_came_in_since_for_its_full_time(world: World) -> None:
    case_id = ended(world)
    picked = world.case(case_id).closed_at
    later(world, days=13)
    objection.appeal(world.owner, case_id)
    intake.withdraw(world.owner, case_id, "device_works")
    later(world, days=29)
    assert picked is not None

    assert not retention.delete_one(world.system, case_id, picked, PERIODS[0])
    assert run(world)["evidence"] == 0
    later(world, days=1)
    assert run(world)["evidence"] == 1


def test_nothing_goes_under_a_legal_hold_and_all_that_is_due_when_it_is_lifted(world: World) -> None:
    case_id = ended(world)
    decided(world, "case_hold", case_id)
    later(world, days=400)
    held = run(world)
    decided(world, "case_release", case_id)
    later(world, hours=24)
    decisions.apply_due(world.system, keeping.MATTER)

    assert held == dict.fromkeys(held, 0)
    assert run(world) == {"evidence": 1, "network": 1, "contact": 1, "fact": 0}
    assert stage(world, case_id) == 3


def test_nothing_goes_while_somebody_has_asked_for_a_hold(world: World) -> None:
    case_id = ended(world)
    later(world, days=40)
    proposed(world, "case_hold", case_id)

    assert run(world)["evidence"] == 0
    assert classes_of(world, case_id) >= {"evidence"}


def test_who_refuses_a_hold_does_not_make_the_data_go_at_once(world: World) -> None:
    refused, withdrawn = ended(world), world.cancelled()
    later(world, days=29)
    for case_id, by in ((refused, "lou"), (withdrawn, "lee")):
        proposal = proposed(world, "case_hold", case_id)
        decisions.refuse(
            world.as_(by), keeping.MATTER, proposal.id, digest=proposal.digest, code=world.code(by)
        )
    later(world, days=4)
    first = run(world)["evidence"]
    later(world, days=4)

    assert (first, stage(world, withdrawn), run(world)["evidence"]) == (1, 1, 1)
    assert {world.params(row)["state"] for row in told_of_decisions(world)} == {"refused"}


def told_of_decisions(world: World) -> list[OutboxRow]:
    return world.session.query(OutboxRow).filter_by(notice="retention_decision").all()


def test_nothing_goes_while_somebody_was_at_it_lately(world: World) -> None:
    case_id = ended(world)
    later(world, days=29)
    noted(world, case_id, "The owner rang about the papers")
    later(world, days=6)
    lately = run(world)["evidence"]
    later(world, days=2)

    assert (lately, run(world)["evidence"]) == (0, 1)


def test_nothing_goes_while_an_objection_is_open(world: World) -> None:
    world.account()
    case_id = world.deactivated()
    later(world, days=1)
    link = world.link(case_id, "stop")
    objection.stop_by_link(world.owner, link)
    later(world, days=400)

    assert sum(run(world).values()) == 0
    assert stage(world, case_id) == 0


def test_a_run_with_a_bound_takes_no_more_than_that(world: World) -> None:
    from portal.casework import intake

    for case_id in queued(world, 3):
        intake.withdraw(world.owner, case_id, "device_works")
    later(world, days=31)

    assert [run(world, most=2)["evidence"], run(world, most=2)["evidence"]] == [2, 1]


def test_what_must_stay_does_not_hold_up_what_comes_after_it(world: World) -> None:
    from portal.casework import intake

    first, second = queued(world, 2)
    intake.withdraw(world.owner, first, "device_works")
    intake.withdraw(world.owner, second, "device_works")
    later(world, days=29)
    noted(world, first)
    later(world, days=2)

    assert run(world, most=1)["evidence"] == 1
    assert (stage(world, first), stage(world, second)) == (0, 1)


def test_a_case_that_the_database_holds_on_to_does_not_hold_up_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.account()
    first, second = queued(world, 2)
    for case_id in (first, second):
        intake.withdraw(world.owner, case_id, "device_works")
    # somebody with SQL: an account that seems to need the key of the first
    row = row_of(world, "account")
    own = {"id": new_id(), "subject_id": world.case(first).subject_id, "number": "000000000009"}
    attack(world, inserted("account", row, **own))
    kept_until(world, "contact")

    assert run(world)["contact"] == 1
    assert [stage(world, case_id) for case_id in (first, second)] == [2, 3]
    assert f"case {first}: its contact data is not deleted" in caplog.text


# once the key is gone


def test_no_note_is_written_where_nothing_can_be_sealed(world: World) -> None:
    case_id = ended(world)
    kept_until(world, "contact")
    run(world)
    version = world.case(case_id).version

    assert refusal(messages.note, world.as_("alice"), case_id, version, "Too late") == "data_gone"
    assert world.session.query(AuditEvent).filter_by(tag="case:note:written").count() == 1


def test_the_addresses_of_resets_and_of_sessions_go_without_a_case(world: World) -> None:
    account = world.account()
    [attempt] = attempts(world, account)
    with world.system.act():
        sessions.start(world.system, world.session.get_one(Staff, world.logins["lee"].staff_id), "full")
    later(world, days=89)
    run(world)
    kept = (origins(world), world.session.query(StaffSession).count())
    later(world, days=2)
    run(world)

    assert kept == ([True], 1)
    assert (origins(world), world.session.query(StaffSession).count()) == ([False], 0)
    assert attempt


def attempts(world: World, account: Account) -> list[str]:
    """One reset that was begun and left."""
    principal = world.session.query(Principal).filter_by(account_id=account.id).one()
    with world.system.act():
        row = SelfService(
            id=new_id(),
            account_id=account.id,
            principal_id=principal.id,
            language="ja",
            password_at=world.now,
            created_at=world.now,
            expires_at=world.now,
        )
        world.runtime.vault.seal_json(
            world.session, account.subject_id, row, "origin", {"address": "192.0.2.7"}
        )
        world.session.add(row)
    return [row.id]


def origins(world: World) -> list[bool]:
    world.session.rollback()
    world.session.expire_all()
    return [row.sealed_origin is not None for row in world.session.query(SelfService)]
