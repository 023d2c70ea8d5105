"""Lists: every removal with who checked, who approved and where the log proves it; every check; every case."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal import reports
from portal.casework import objection
from portal.models import AuditEvent
from portal.reports import Hidden
from portal.reports.personal import DOTS
from tests.reports.asking import asked, owner, row, rows
from tests.sql import deleted
from tests.tlog.tampering import tampered
from tests.world import World


def test_a_removal_says_who_checked_what_who_approved_when_it_waited_and_when_it_was_done(
    world: World,
) -> None:
    case = world.case(world.deactivated(**owner(world, 1)))
    found = row(world, "removals")
    alice, bob = world.logins["alice"], world.logins["bob"]
    event = world.session.execute(
        select(AuditEvent).where(AuditEvent.case_id == case.id, AuditEvent.tag == "case:device:deactivated")
    ).scalar_one()
    assert found == {
        "reference": case.reference,
        "language": "ja",
        "tier": "standard",
        "received_at": case.created_at,
        "approved_at": case.approved_at,
        "executed_at": case.executing_at,
        "removed_at": case.deactivated_at,
        "methods": ("D2", "H1"),
        "verifier_id": alice.person_id,
        "verifier": "Alice Verity",
        "approver_id": bob.person_id,
        "approver": "Bob Approva",
        "executor": "Alice Verity",
        "policy_set": "standard",
        "waiting_hours": 24,
        "devices": 1,
        "log_number": event.sseq,
        "log_hash": event.leaf_hash,
        "log_event": event.id,
    }


def test_a_removal_that_is_in_doubt_stays_in_the_list(world: World) -> None:
    """While it is on hold it has no end, so that a list by that date would leave it out."""
    case_id = world.deactivated(**owner(world, 1))
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    assert row(world, "removals")["reference"] == world.case(case_id).reference
    assert rows(world, "removals", basis="closed") == []


def test_a_removal_that_was_only_approved_is_none(world: World) -> None:
    world.ready(**owner(world, 1))
    assert rows(world, "removals") == []


def test_removals_come_in_the_order_in_which_they_were_done(world: World) -> None:
    ids = [world.deactivated(**owner(world, place)) for place in range(3)]
    assert [line["reference"] for line in rows(world, "removals")] == [
        world.case(case_id).reference for case_id in ids
    ]


def test_each_check_stands_with_who_recorded_it(world: World) -> None:
    case_id = world.verifying(**owner(world, 1))
    world.check("alice", case_id, "D4", "mismatch")
    found = [
        (line["method"], line["result"], line["what"], line["checker"])
        for line in rows(world, "check_records")
    ]
    assert found == [
        ("H1", "match", "case:check:proven", None),
        ("D4", "mismatch", "case:check:recorded", "Alice Verity"),
    ]


def test_a_case_is_listed_as_it_stands(world: World) -> None:
    case = world.case(world.declined(**owner(world, 1)))
    found = row(world, "cases")
    wanted = (
        "reference",
        "status",
        "outcome",
        "language",
        "tier",
        "reason",
        "rounds",
        "verifier",
        "approver",
    )
    assert [found[key] for key in wanted] == [
        case.reference,
        "declined",
        "declined",
        "ja",
        "standard",
        "broken",
        1,
        "Alice Verity",
        "Bob Approva",
    ]
    assert (found["received_at"], found["closed_at"]) == (case.created_at, case.closed_at)


def test_personal_values_are_masked_without_touching_a_key(world: World) -> None:
    world.queued(**owner(world, 1))
    with reports.snapshot(world.runtime.engine) as session:
        (found,) = reports.masked(reports.stream(session, asked(world, "cases")))
        assert not session.identity_map
    assert found[-3:] == (f"{DOTS}0001", DOTS, DOTS)


def test_personal_values_open_with_their_own_keys(world: World) -> None:
    for place in range(2):
        world.now += timedelta(minutes=1)
        world.queued(**owner(world, place))
    with reports.snapshot(world.runtime.engine) as session:
        listed = reports.stream(session, asked(world, "cases"))
        found = list(reports.reveal(world.runtime.vault, session, listed))
    assert [line[-3:] for line in found] == [
        (f"9000{place:08d}", "山田 花子", f"owner{place}@mail.example") for place in range(2)
    ]


def test_a_value_whose_key_was_destroyed_is_empty(world: World) -> None:
    case_id = world.cancelled(**owner(world, 1))
    tampered(world, deleted("subject_key", subject_id=world.case(case_id).subject_id))
    with reports.snapshot(world.runtime.engine) as session:
        listed = reports.stream(session, asked(world, "cases"))
        (found,) = reports.reveal(world.runtime.vault, session, listed)
    assert found[-2:] == (None, None)


def test_a_hidden_value_does_not_show_itself_where_somebody_prints_it() -> None:
    assert "123456789012" not in repr(Hidden(clear="123456789012"))


def test_only_the_columns_that_were_asked_for_are_given_in_the_reports_own_order(world: World) -> None:
    case = world.case(world.cancelled(**owner(world, 1)))
    chosen = asked(world, "cases", columns=("outcome", "reference"))
    world.session.rollback()
    assert list(reports.stream(world.session, chosen)) == [(case.reference, "device_works")]
    narrow = reports.run(world.system, asked(world, "volumes", columns=("requests",)))
    assert (narrow.rows, narrow.totals) == ([(1,)], (1,))


def test_the_beginning_of_a_list_is_shown_with_how_long_it_is(world: World) -> None:
    for place in range(21):
        world.now += timedelta(hours=2)  # so many from one network would be too many
        world.submit(**owner(world, place))
    result = reports.run(world.system, asked(world, "cases"))
    assert (len(result.rows), result.facts["rows"]) == (20, 21)
    assert reports.count(world.session, asked(world, "cases")) == 21
    assert len(list(reports.stream(world.session, asked(world, "cases"), limit=5))) == 5
