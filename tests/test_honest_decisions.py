"""A removal, a decline and a reversal take two persons, the right role and the whole wait: tried with SQL alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, text
from sqlalchemy.exc import IntegrityError

from portal.casework import approval, objection
from portal.models import new_id
from tests import planting
from tests.sql import attack, changed, dialect, event, forged, inserted, only_on, refused, row_of
from tests.world import World

DECIDED = ("cooling_off", "ready", "executing", "deactivated")
LEAST_HOURS = {"standard": 24, "privileged": 72, "elevated": 168}


def proposed(world: World, decision: str = "remove") -> str:
    """A case with a proposal by Alice that Bob has opened: he has his part in it and has agreed to nothing."""
    world.account()
    if decision == "remove":
        case_id = world.pending_approval()
    else:
        case_id = world.verifying()
        world.check("alice", case_id)
        approval.propose_decline(world.as_("alice"), case_id, "details_differ")
    world.open_checks("bob", case_id)
    return case_id


def agreed(world: World, case_id: str, status: str = "cooling_off", **changes: Any) -> tuple[Executable, ...]:
    """Bob's agreement as nobody could object to it, and the whole wait after it, but for the changes."""
    columns = {
        "approver_id": world.logins["bob"].person_id,
        "approver_part": "approver",
        "approved_as": "lead",
        "approved_at": world.now,
        "waiting_hours": 720,
        "waiting_started_at": world.now,
        "waiting_until": world.now + timedelta(hours=720),
        "executing_at": world.now + timedelta(hours=720),
        "executor_id": world.logins["alice"].person_id,
    }
    return forged(world, case_id, status, **{**columns, **changes})


@pytest.mark.parametrize("status", DECIDED)
def test_with_all_that_the_rules_ask_for_the_database_agrees(world: World, status: str) -> None:
    case_id = proposed(world)
    attack(world, *agreed(world, case_id, status))
    assert world.status(case_id) == status


def test_with_two_persons_the_database_agrees_to_a_decline(world: World) -> None:
    case_id = proposed(world, "decline")
    attack(world, *agreed(world, case_id, "declined", approved_as="approver"))
    assert world.status(case_id) == "declined"


NOT_TWO: dict[str, dict[str, Any]] = {
    "nobody agreed": {"approver_id": None, "approver_part": None},
    "nobody proposed": {"proposer_id": None, "proposer_part": None},
    "in another round": {"decision_round": 2},
    "in no round": {"decision_round": None},
    "nothing was decided": {"decision": None},
}


@pytest.mark.parametrize("missing", NOT_TWO)
def test_a_removal_needs_a_proposer_and_an_approver_of_this_round(world: World, missing: str) -> None:
    case_id = proposed(world)
    for status in DECIDED:
        refused(world, "ck_cases_two_persons", *agreed(world, case_id, status, **NOT_TWO[missing]))


@pytest.mark.parametrize("missing", NOT_TWO)
def test_a_decline_needs_a_proposer_and_an_approver_of_this_round(world: World, missing: str) -> None:
    case_id = proposed(world, "decline")
    refused(world, "ck_cases_two_decline", *agreed(world, case_id, "declined", **NOT_TWO[missing]))


def test_what_was_proposed_as_a_decline_removes_nothing_and_the_other_way_round(world: World) -> None:
    case_id = proposed(world)
    refused(world, "ck_cases_two_decline", *agreed(world, case_id, "declined"))
    refused(world, "ck_cases_two_persons", *agreed(world, case_id, decision="decline"))


def test_who_proposed_cannot_agree(world: World) -> None:
    case_id, alice = proposed(world), world.logins["alice"].person_id
    refused(world, "ck_cases_two_persons", *agreed(world, case_id, approver_id=alice))


def test_who_proposed_cannot_agree_with_a_second_login(world: World) -> None:
    second = world.hire("alice.two", person_of="alice")
    case_id = proposed(world)
    refused(world, "ck_cases_two_persons", *agreed(world, case_id, approver_id=second.person_id))


def test_who_has_no_part_in_the_case_cannot_agree(world: World) -> None:
    case_id, ben = proposed(world), world.logins["ben"].person_id
    refused(world, "fk_cases_approver_party", *agreed(world, case_id, approver_id=ben))


def test_who_has_checked_cannot_agree(world: World) -> None:
    case_id, vic = proposed(world), world.logins["vic"].person_id
    attack(world, party(world, case_id, "vic", "verifier"))
    refused(world, "fk_cases_approver_party", *agreed(world, case_id, approver_id=vic))
    as_verifier = {"approver_id": vic, "approver_part": "verifier"}
    refused(world, "ck_cases_approver_part", *agreed(world, case_id, **as_verifier))


def party(world: World, case_id: str, name: str, part: str) -> Executable:
    row = {"case_id": case_id, "person_id": world.logins[name].person_id, "part": part, "at": world.now}
    return inserted("case_party", row)


def test_who_has_agreed_cannot_have_proposed(world: World) -> None:
    case_id, bob = proposed(world), world.logins["bob"].person_id
    other = {"proposer_id": bob, "approver_id": world.logins["alice"].person_id}
    refused(world, "fk_cases_", *agreed(world, case_id, **other))
    refused(world, "ck_cases_proposer_part", changed("cases", case_id, proposer_part="approver"))


def test_a_person_is_named_together_with_their_part(world: World) -> None:
    case_id = proposed(world)
    refused(world, "ck_cases_approver_whole", *agreed(world, case_id, approver_part=None))
    refused(world, "ck_cases_proposer_whole", changed("cases", case_id, proposer_part=None))


@pytest.mark.parametrize("tier", ["privileged", "elevated"])
def test_privileged_and_elevated_removals_need_a_lead(world: World, tier: str) -> None:
    case_id = proposed(world)
    for status in DECIDED:
        for role in ("approver", None):
            refused(world, "ck_cases_lead", *agreed(world, case_id, status, tier=tier, approved_as=role))


def test_the_last_resort_needs_a_lead(world: World) -> None:
    case_id = proposed(world)
    without = agreed(world, case_id, policy_set="last_resort", approved_as="approver")
    refused(world, "ck_cases_lead", *without)


@pytest.mark.parametrize("tier", ["privileged", "elevated"])
def test_privileged_and_elevated_declines_need_a_lead(world: World, tier: str) -> None:
    case_id = proposed(world, "decline")
    without = agreed(world, case_id, "declined", tier=tier, approved_as="approver")
    refused(world, "ck_cases_two_decline", *without)


def test_a_tier_that_rises_takes_the_button_away(world: World) -> None:
    world.account()
    case_id = world.ready()
    refused(world, "ck_cases_lead", changed("cases", case_id, tier="elevated", waiting_hours=168))


@pytest.mark.parametrize("tier", LEAST_HOURS)
def test_the_wait_is_at_least_that_of_the_tier(world: World, tier: str) -> None:
    case_id = proposed(world)
    for hours in (LEAST_HOURS[tier] - 1, 0, -1, None):
        short = agreed(world, case_id, tier=tier, waiting_hours=hours)
        refused(world, "ck_cases_waiting_hours", *short)
    attack(world, *agreed(world, case_id, tier=tier, waiting_hours=LEAST_HOURS[tier]))


def test_the_last_resort_waits_thirty_days(world: World) -> None:
    case_id = proposed(world)
    short = agreed(world, case_id, policy_set="last_resort", waiting_hours=719)
    refused(world, "ck_cases_waiting_hours", *short)


@pytest.mark.parametrize("status", ["ready", "executing", "deactivated"])
def test_nothing_is_ready_before_the_whole_wait_was_served(world: World, status: str) -> None:
    case_id = proposed(world)
    by = f"ck_cases_waited_{dialect(world)}"
    early: tuple[dict[str, Any], ...] = (
        {"waiting_until": world.now + timedelta(hours=719)},
        {"waiting_until": None},
        {"waiting_started_at": None},
    )
    for columns in early:
        refused(world, by, *agreed(world, case_id, status, **columns))


@only_on("sqlite")
@pytest.mark.parametrize("text_for_a_time", ["'!'", "''", "'tomorrow'", "x'00'"])
def test_what_is_no_time_is_no_wait_either(world: World, text_for_a_time: str) -> None:
    case_id = proposed(world)
    for column in ("waiting_until", "waiting_started_at"):
        odd = agreed(world, case_id, "ready", **{column: text(text_for_a_time)})
        refused(world, "ck_cases_waited_sqlite", *odd)
    for status in ("executing", "deactivated"):
        odd = agreed(world, case_id, status, executing_at=text(text_for_a_time))
        refused(world, "ck_cases_", *odd)


@only_on("sqlite")
def test_what_is_no_number_is_no_wait_either(world: World) -> None:
    case_id = proposed(world)
    odd = agreed(world, case_id, "ready", waiting_hours=text("'many'"), waiting_until=world.now)
    refused(world, "ck_cases_waited_sqlite", *odd)


@pytest.mark.parametrize("status", ["executing", "deactivated"])
def test_nothing_is_removed_before_the_wait_is_over(world: World, status: str) -> None:
    case_id = proposed(world)
    for early in (world.now + timedelta(hours=720, microseconds=-1), world.now, None):
        # two rules forbid it, and a database asks them in its own order
        with pytest.raises(IntegrityError, match=r"ck_cases_(executing|waited_sqlite)"):
            attack(world, *agreed(world, case_id, status, executing_at=early))


@pytest.mark.parametrize("status", ["executing", "deactivated"])
def test_nothing_is_removed_without_an_executor_and_an_account(world: World, status: str) -> None:
    case_id = proposed(world)
    for missing in ("executor_id", "account_id"):
        refused(world, "ck_cases_executing", *agreed(world, case_id, status, **{missing: None}))


def test_a_person_who_does_not_exist_executes_nothing(world: World) -> None:
    case_id = proposed(world)
    refused(world, "fk_cases_executor_id", *agreed(world, case_id, "executing", executor_id=new_id()))


def test_a_decision_stands_for_its_round(world: World) -> None:
    world.account()
    case_id = world.ready()
    attack(world, party(world, case_id, "ben", "approver"), party(world, case_id, "vic", "verifier"))
    for columns in (
        {"approver_id": world.logins["ben"].person_id},
        {"approver_id": None, "approver_part": None},
        {"proposer_id": world.logins["vic"].person_id},
        {"approved_as": "lead"},
        {"decision": None},
        {"decision_digest": "0" * 64},
    ):
        refused(world, "cases_decision_stands", changed("cases", case_id, **columns))


def test_a_wait_that_began_is_not_shortened(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    case = world.case(case_id)
    assert case.waiting_until is not None
    assert case.waiting_started_at is not None
    for columns in (
        {"waiting_until": case.waiting_until - timedelta(seconds=1)},
        {"waiting_until": None},
        {"waiting_started_at": case.waiting_started_at - timedelta(hours=24)},
        {"waiting_started_at": None},
    ):
        refused(world, "cases_decision_stands", changed("cases", case_id, **columns))


def test_a_training_case_is_never_executed(world: World) -> None:
    world.account()
    case_id = world.executing()
    row = row_of(world, "cases", id=case_id)
    own = {"id": new_id(), "reference": "MR-NEW", "subject_id": new_id(), "audit_seq": 1, "training": True}
    own["account_id"] = world.case(planting.queued(world)).account_id
    for status in ("executing", "deactivated"):
        first = event(own["id"], 1, status, world.now)
        refused(world, "ck_cases_training", first, inserted("cases", row, **own, status=status))


def frozen(world: World, *, removed: bool = False) -> str:
    """A freeze whose end Lee has proposed and nobody agreed to."""
    world.account()
    case_id = world.deactivated() if removed else world.queued()
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    outcome = "reverse" if removed else "decline"
    objection.propose_unfreeze(world.as_("lee"), case_id, outcome, "spoke to her in person")
    return case_id


@pytest.mark.parametrize("status", ["queued", "verifying", "declined", "cancelled", "expired"])
def test_a_freeze_is_not_ended_by_one(world: World, status: str) -> None:
    case_id, lee = frozen(world), world.logins["lee"].person_id
    for agreer in (None, lee):
        refused(world, "cases_unfrozen_by_two", *forged(world, case_id, status, unfreeze_agreer_id=agreer))


@pytest.mark.parametrize("missing", ["unfreeze", "unfreeze_proposer_id"])
def test_a_freeze_is_not_ended_without_a_proposal(world: World, missing: str) -> None:
    case_id, lou = frozen(world), world.logins["lou"].person_id
    columns = {"unfreeze_agreer_id": lou, missing: None}
    refused(world, "cases_unfrozen_by_two", *forged(world, case_id, "queued", **columns))


def test_with_two_persons_a_freeze_can_end_in_a_decline(world: World) -> None:
    case_id, lou = frozen(world), world.logins["lou"].person_id
    attack(world, *forged(world, case_id, "declined", unfreeze_agreer_id=lou))
    assert world.status(case_id) == "declined"


NOT_TWO_UNFROZE: dict[str, dict[str, Any]] = {
    "in another round": {"unfreeze_round": 2},
    "in no round": {"unfreeze_round": None},
    "something else": {"unfreeze": "resume"},
}


@pytest.mark.parametrize("missing", NOT_TWO_UNFROZE)
def test_a_freeze_ends_in_a_decline_only_as_two_decided_in_this_round(world: World, missing: str) -> None:
    case_id, lou = frozen(world), world.logins["lou"].person_id
    columns = {"unfreeze_agreer_id": lou, **NOT_TWO_UNFROZE[missing]}
    refused(world, "ck_cases_two_decline", *forged(world, case_id, "declined", **columns))


@pytest.mark.parametrize("missing", NOT_TWO_UNFROZE)
def test_a_removal_is_reversed_only_as_two_decided_in_this_round(world: World, missing: str) -> None:
    case_id, lou = frozen(world, removed=True), world.logins["lou"].person_id
    columns = {"unfreeze_agreer_id": lou, **NOT_TWO_UNFROZE[missing]}
    refused(world, "ck_cases_two_reverse", *forged(world, case_id, "reversed", **columns))
    attack(world, *forged(world, case_id, "reversed", unfreeze_agreer_id=lou))


def test_a_removal_is_not_reversed_by_one_who_goes_past_the_freeze(world: World) -> None:
    world.account()
    case_id, lee = world.deactivated(), world.logins["lee"].person_id
    alone = {"unfreeze": "reverse", "unfreeze_round": 1, "unfreeze_proposer_id": lee}
    for agreer in (None, lee):
        columns = {**alone, "unfreeze_agreer_id": agreer}
        refused(world, "ck_cases_two_reverse", *forged(world, case_id, "reversed", **columns))
