"""No status without its event, and no event that is changed, deleted or used twice: tried with SQL alone."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from portal import audit
from tests.sql import (
    TABLES,
    attack,
    changed,
    deleted,
    dialect,
    event,
    forged,
    inserted,
    only_on,
    refused,
    row_of,
    sql,
)
from tests.world import World

HANGS_ON_A_CASE = ("outbox", "link_token", "document", "draft", "case_timer")


def strip(world: World, case_id: str) -> None:
    """Delete all rows of a case that nobody guards."""
    attack(world, *(deleted(table, case_id=case_id) for table in HANGS_ON_A_CASE))


def test_a_status_cannot_change_without_a_step_in_the_log(world: World) -> None:
    case_id = world.queued()
    refused(world, "cases_only_forward", changed("cases", case_id, status="cancelled"))


def test_a_step_in_the_log_needs_its_event(world: World) -> None:
    case_id = world.queued()
    after = world.case(case_id).audit_seq + 1
    step = changed("cases", case_id, status="cancelled", audit_seq=after)
    refused(world, "fk_cases_status_has_its_event", step)


def test_the_event_must_lead_to_this_very_status(world: World) -> None:
    case_id = world.queued()
    after = world.case(case_id).audit_seq + 1
    step = changed("cases", case_id, status="cancelled", audit_seq=after)
    refused(world, "fk_cases_status_has_its_event", event(case_id, after, "expired", world.now), step)


def test_the_event_of_another_case_does_not_help(world: World) -> None:
    case_id, other = world.queued(), world.cancelled()
    last = world.case(other).audit_seq
    assert last > world.case(case_id).audit_seq
    step = changed("cases", case_id, status="cancelled", audit_seq=last)
    refused(world, "fk_cases_status_has_its_event", step)


def test_an_old_event_cannot_be_used_again(world: World) -> None:
    world.account()
    case_id = world.verifying()
    was_queued = row_of(world, "audit_event", case_id=case_id, status_after="queued")["sseq"]
    refused(world, "cases_only_forward", changed("cases", case_id, status="queued", audit_seq=was_queued))


def test_the_place_in_the_log_only_grows(world: World) -> None:
    case_id = world.queued()
    place = world.case(case_id).audit_seq
    refused(world, "cases_only_forward", changed("cases", case_id, audit_seq=place - 1))


def test_a_forged_event_moves_the_case_but_the_chain_tells(world: World) -> None:
    case_id = world.queued()
    place = world.case(case_id).audit_seq
    attack(world, *forged(world, case_id, "cancelled"))
    assert world.status(case_id) == "cancelled"
    assert audit.first_break(world.session, f"case:{case_id}") == place + 1


def test_an_event_of_a_case_cannot_hide_in_another_stream(world: World) -> None:
    case_id = world.queued()
    after = world.case(case_id).audit_seq + 1
    for stream in ("system", "case:", f"case:{'0' * 32}", f"staff:{case_id}"):
        hidden = event(case_id, after, "cancelled", world.now, stream=stream)
        refused(world, "ck_audit_event_stream", hidden)


def test_the_stream_of_a_case_takes_no_event_without_the_case(world: World) -> None:
    case_id = world.queued()
    after = world.case(case_id).audit_seq + 1
    stray = event(case_id, after, "cancelled", world.now, case_id=None, status_after=None)
    refused(world, "ck_audit_event_stream", stray)


def test_an_event_of_a_case_says_the_status_after_it(world: World) -> None:
    case_id = world.queued()
    after = world.case(case_id).audit_seq + 1
    silent = event(case_id, after, "cancelled", world.now, status_after=None)
    refused(world, "ck_audit_event_case_status", silent)


def test_a_place_in_a_stream_is_taken_once(world: World) -> None:
    case_id = world.queued()
    place = world.case(case_id).audit_seq
    by = "audit_event_never_replaced" if dialect(world) == "sqlite" else "uq_audit_event_stream_sseq"
    refused(world, by, event(case_id, place, "cancelled", world.now))


@pytest.mark.parametrize(
    "column", ["event_bytes", "leaf_hash", "tag", "status_after", "stream", "sseq", "at"]
)
def test_an_event_is_never_changed(world: World, column: str) -> None:
    world.queued()
    refused(
        world,
        "audit_event_no_update",
        TABLES["audit_event"].update().values({column: TABLES["audit_event"].c[column]}),
    )


def test_an_event_is_never_deleted(world: World) -> None:
    case_id = world.queued()
    refused(world, "audit_event_no_delete", deleted("audit_event", case_id=case_id))
    refused(world, "audit_event_no_delete", deleted("audit_event"))


@only_on("postgresql")
def test_the_log_cannot_be_emptied_with_all_that_hangs_on_it(world: World) -> None:
    world.account()
    world.verifying()
    refused(world, "audit_event_no_delete", text("TRUNCATE audit_event CASCADE"))
    refused(world, "no_delete", text("TRUNCATE cases CASCADE"))


@only_on("sqlite")
def test_an_event_is_never_replaced(world: World) -> None:
    case_id = world.queued()
    first = row_of(world, "audit_event", case_id=case_id, sseq=1)
    own = {"id": "0" * 32, "leaf_hash": "0" * 64, "sseq": 99}
    for same in own:
        other = {**first, **own, same: first[same], "status_after": "cancelled"}
        refused(world, "audit_event_never_replaced", inserted("audit_event", other).prefix_with("OR REPLACE"))


@only_on("sqlite")
def test_a_case_is_never_replaced_by_another_of_its_id(world: World) -> None:
    case_id = world.submit()
    row = row_of(world, "cases", id=case_id)
    refused(world, "cases_never_replaced", inserted("cases", row, training=True).prefix_with("OR REPLACE"))


@only_on("postgresql")
def test_inserting_over_a_case_is_changing_it(world: World) -> None:
    case_id = world.submit()
    over = (
        "INSERT INTO cases SELECT * FROM cases WHERE id = :id ON CONFLICT (id) DO UPDATE SET training = true"
    )
    refused(world, "cases_only_forward", sql(over, id=case_id))


def test_a_deleted_case_cannot_come_back_on_an_old_event(world: World) -> None:
    case_id = world.queued()
    row = row_of(world, "cases", id=case_id)
    strip(world, case_id)
    attack(world, deleted("cases", id=case_id))
    refused(world, "cases_begin_once", inserted("cases", row, status="unconfirmed", audit_seq=1))
    refused(world, "cases_begin_once", inserted("cases", row))


def test_a_case_with_staff_in_it_cannot_be_deleted(world: World) -> None:
    world.account()
    case_id = world.verifying()
    strip(world, case_id)
    refused(world, "fk_", deleted("cases", id=case_id))
    refused(world, "case_party_no_delete", deleted("case_party", case_id=case_id))


def test_a_new_case_begins_with_its_first_event(world: World) -> None:
    row = row_of(world, "cases", id=world.submit())
    new = {"id": "f" * 32, "reference": "MR-NEW", "subject_id": "e" * 32}
    refused(world, "cases_begin_once", inserted("cases", row, **new, audit_seq=2))
    refused(world, "fk_cases_status_has_its_event", inserted("cases", row, **new))


@pytest.mark.parametrize(
    ("column", "value"), [("id", "f" * 32), ("reference", "MR-2345-6789"), ("training", True)]
)
def test_what_a_case_is_never_changes(world: World, column: str, value: object) -> None:
    case_id = world.submit()
    refused(world, "cases_only_forward", changed("cases", case_id, **{column: value}))


def test_rounds_are_never_counted_back(world: World) -> None:
    world.account()
    case_id = world.ready()
    world.pass_time(days=14)
    assert world.case(case_id).round == 2
    refused(world, "cases_only_forward", changed("cases", case_id, round=1))


@pytest.mark.parametrize(("tier", "lower"), [("privileged", "standard"), ("elevated", "privileged")])
def test_a_tier_only_rises(world: World, tier: str, lower: str) -> None:
    case_id = world.submit()
    attack(world, changed("cases", case_id, tier=tier))
    refused(world, "cases_only_forward", changed("cases", case_id, tier=lower))


def test_counting_begins_at_one(world: World) -> None:
    case_id = world.submit()
    row = row_of(world, "cases", id=case_id)
    refused(world, "ck_cases_counters", inserted("cases", row, id="f" * 32, audit_seq=1, round=0))
