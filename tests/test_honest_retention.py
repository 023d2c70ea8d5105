"""Data that is kept, attacked with raw SQL: a hold taken away, data that goes by the hand of one, a key that goes too early."""

from __future__ import annotations

import pytest
from sqlalchemy import Executable

from portal.casework import decisions, intake, keeping, verification
from portal.domain.retention import KEY_GONE, PERIODS, STAGES
from portal.models import new_id
from tests.casework.kept import DAY, decided, erased, later, proposed, run
from tests.ringing import check_by_call, reread
from tests.sql import attack, changed, deleted, forged, inserted, only_on, refused, row_of
from tests.world import World


@pytest.fixture
def case_id(world: World) -> str:
    world.account()
    return world.cancelled()


@pytest.fixture
def held(world: World, case_id: str) -> str:
    decided(world, "case_hold", case_id)
    return case_id


def staged(world: World, case_id: str, stage: int, **columns: object) -> tuple[Executable, ...]:
    """A class of data marked as gone, with a forged event of it."""
    return forged(world, case_id, world.status(case_id), retention_stage=stage, **columns)


def test_the_database_counts_the_classes_as_the_rules_do() -> None:
    assert (len(PERIODS), STAGES["contact"], KEY_GONE) == (4, 3, 3)


# holds


def test_a_hold_is_neither_deleted_nor_lifted_by_sql_alone(world: World, held: str) -> None:
    hold = row_of(world, "legal_hold", case_id=held)
    by_hand = {"lifted_at": world.now, "lifted_by_proposal": hold["set_by_proposal"]}

    refused(world, "legal_hold_no_delete", deleted("legal_hold", id=hold["id"]))
    refused(world, "legal_hold_fixed", changed("legal_hold", hold["id"], lifted_at=world.now))
    refused(world, "legal_hold_fixed", changed("legal_hold", hold["id"], **by_hand))


def test_a_release_that_only_one_has_proposed_lifts_nothing(world: World, held: str) -> None:
    hold, proposal = row_of(world, "legal_hold", case_id=held), proposed(world, "case_release", held)
    lifted = changed("legal_hold", hold["id"], lifted_at=world.now, lifted_by_proposal=proposal.id)

    refused(world, "legal_hold_fixed", lifted)
    alone = changed("proposal", proposal.id, state="effective", decided_by=proposal.proposed_by)
    refused(world, "ck_proposal_two_persons", alone, lifted)


def test_a_hold_is_not_moved_to_another_case_nor_to_another_time(world: World, held: str) -> None:
    hold, other = row_of(world, "legal_hold", case_id=held), world.submit(reply_email="b@mail.example")

    refused(world, "legal_hold_fixed", changed("legal_hold", hold["id"], case_id=other))
    refused(world, "legal_hold_fixed", changed("legal_hold", hold["id"], set_at=world.now + DAY))


def test_a_hold_is_lifted_once(world: World, held: str) -> None:
    decided(world, "case_release", held)
    later(world, hours=24)
    decisions.apply_due(world.system, keeping.MATTER)
    hold = row_of(world, "legal_hold", case_id=held)

    refused(
        world, "legal_hold_fixed", changed("legal_hold", hold["id"], lifted_at=None, lifted_by_proposal=None)
    )


def test_a_hold_rests_on_a_decision_about_its_own_case(world: World, held: str) -> None:
    hold = row_of(world, "legal_hold", case_id=held)
    other, release = world.submit(reply_email="b@mail.example"), proposed(world, "case_release", held)
    for changes in ({}, {"case_id": other}):
        made = inserted("legal_hold", hold, id=new_id(), set_by_proposal=release.id, **changes)
        refused(world, "legal_hold_by_two", made)


@only_on("sqlite")
def test_a_hold_is_not_replaced(world: World, held: str) -> None:
    hold = row_of(world, "legal_hold", case_id=held)
    other = inserted("legal_hold", hold, set_at=world.now).prefix_with("OR REPLACE")

    refused(world, "legal_hold_never_replaced", other)


# data


def test_nothing_of_a_held_case_is_marked_as_gone(world: World, held: str) -> None:
    refused(world, "cases_go_by_stages", *staged(world, held, 1))


def test_nothing_of_an_open_case_is_marked_as_gone(world: World) -> None:
    world.account()

    refused(world, "cases_go_by_stages", *staged(world, world.queued(), 1))


def test_no_class_is_marked_as_gone_without_its_event(world: World, case_id: str) -> None:
    refused(world, "cases_go_by_stages", changed("cases", case_id, retention_stage=1))


def test_a_case_is_not_erased_at_once_without_two_persons(world: World, case_id: str) -> None:
    refused(world, "cases_go_by_stages", *staged(world, case_id, 3))
    later(world, days=15)
    proposal = proposed(world, "case_erase", case_id)
    refused(world, "cases_go_by_stages", *staged(world, case_id, 3))
    alone = changed("proposal", proposal.id, state="effective", decided_by=proposal.proposed_by)
    refused(world, "ck_proposal_two_persons", alone, *staged(world, case_id, 3))


def test_what_is_gone_is_not_said_to_be_there_again(world: World, case_id: str) -> None:
    later(world, days=3000)
    run(world)

    for stage in (0, 2, 5):
        refused(world, "cases_go_by_stages", *staged(world, case_id, stage))


def test_an_account_is_not_marked_as_erased_by_one_and_not_unmarked(world: World) -> None:
    account = world.account()
    marked = changed("account", account.id, erased_at=world.now)
    refused(world, "account_erased_by_two", marked)
    proposed(world, "account_erase", account.id)
    refused(world, "account_erased_by_two", marked)


# keys


def test_the_key_of_a_live_case_or_account_is_not_deleted(world: World, case_id: str) -> None:
    case = world.case(case_id)
    account = row_of(world, "account", id=case.account_id)

    for subject in (case.subject_id, account["subject_id"]):
        refused(world, "subject_key_until_erased", deleted("subject_key", subject_id=subject))


def test_the_key_goes_with_the_contact_data_and_no_class_earlier(world: World, case_id: str) -> None:
    subject = world.case(case_id).subject_id
    later(world, days=100)
    run(world)

    assert world.case(case_id).retention_stage == 2
    refused(world, "subject_key_until_erased", deleted("subject_key", subject_id=subject))


@only_on("sqlite")
def test_a_key_is_not_replaced_by_another(world: World, case_id: str) -> None:
    key = row_of(world, "subject_key", subject_id=world.case(case_id).subject_id)
    other = inserted("subject_key", key, wrapped=b"nothing").prefix_with("OR REPLACE")

    refused(world, "subject_key_never_replaced", other)


def test_the_number_behind_a_call_is_forgotten_at_its_time_and_no_earlier(calling_world: World) -> None:
    world = calling_world
    world.account()
    case_id = world.verifying()
    verification.ask(world.as_("alice"), case_id, ["H2"])
    call = check_by_call(world, case_id)
    refused(world, "phone_call_fixed", changed("phone_call", call.id, number_digest=""))
    intake.withdraw(world.owner, case_id, "device_works")
    later(world, days=400)
    run(world)

    assert reread(world, call).number_digest == ""
    refused(world, "phone_call_fixed", changed("phone_call", call.id, number_digest="0" * 64))


def test_an_erased_case_is_not_opened_again(world: World, case_id: str) -> None:
    erased(world, case_id)

    refused(world, "cases_go_by_stages", *forged(world, case_id, "queued", retention_stage=0, closed_at=None))
    attack(world, changed("cases", case_id, needs_attention=False))
