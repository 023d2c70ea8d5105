"""The log still verifies when data is gone by time or by two; and what went without its event is found."""

from __future__ import annotations

import pytest

from portal.casework import approval, decisions, keeping
from tests.casework.kept import decided, later, noted, run
from tests.sql import changed, deleted, inserted, row_of
from tests.tlog.desk import keep
from tests.tlog.tampering import checked, failing, tampered
from tests.world import World


def left(world: World) -> str:
    """A declined request with checks, a note, papers and mails."""
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    noted(world, case_id)
    approval.propose_decline(world.as_("alice"), case_id, "details_differ")
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    return case_id


@pytest.mark.parametrize("days", [40, 120, 400, 3000])
def test_the_log_verifies_after_each_class_is_gone(logged: World, days: int) -> None:
    left(logged)
    keep(logged)
    later(logged, days=days)
    run(logged)
    keep(logged)
    verdict = checked(logged)

    assert verdict.findings == ()


def test_the_log_verifies_after_a_note_was_written_to_what_was_partly_gone(logged: World) -> None:
    case_id = left(logged)
    later(logged, days=40)
    run(logged)
    noted(logged, case_id, "A late call")
    keep(logged)
    later(logged, days=400)
    run(logged)
    keep(logged)

    assert checked(logged).findings == ()


def test_the_log_verifies_after_an_erasure_and_a_hold(logged: World) -> None:
    case_id = left(logged)
    decided(logged, "case_hold", case_id)
    decided(logged, "case_release", case_id)
    keep(logged)
    later(logged, hours=24)
    keep(logged)
    decisions.apply_due(logged.system, keeping.MATTER)
    later(logged, days=15)
    keep(logged)
    decided(logged, "case_erase", case_id)
    later(logged, hours=24)
    keep(logged)
    assert decisions.apply_due(logged.system, keeping.MATTER) == 1
    keep(logged)

    assert checked(logged).findings == ()


def test_the_log_verifies_after_an_account_is_erased(logged: World) -> None:
    case_id = left(logged)
    account_id = logged.case(case_id).account_id or ""
    later(logged, days=15)
    decided(logged, "account_erase", account_id)
    keep(logged)
    later(logged, hours=24)
    keep(logged)
    decisions.apply_due(logged.system, keeping.MATTER)
    keep(logged)

    assert checked(logged).findings == ()


def test_nothing_is_erased_while_the_log_is_not_signed(logged: World) -> None:
    case_id = left(logged)
    keep(logged)
    later(logged, days=15)
    keep(logged)
    decided(logged, "case_erase", case_id)
    later(logged, hours=24)
    decisions.apply_due(logged.system, keeping.MATTER)
    waits = logged.case(case_id).retention_stage
    keep(logged)
    decisions.apply_due(logged.system, keeping.MATTER)

    assert (waits, logged.case(case_id).retention_stage) == (0, 3)


def test_evidence_that_was_emptied_by_hand_is_found(logged: World) -> None:
    case_id = left(logged)
    keep(logged)
    emptied = {"sealed_evidence": None, "sealed_note": None}
    row = row_of(logged, "identity_check", case_id=case_id, method="D2")
    tampered(logged, changed("identity_check", row["id"], **emptied))

    assert failing(logged) == {"payloads"}


def test_a_hold_that_was_deleted_by_hand_is_found(logged: World) -> None:
    case_id = left(logged)
    decided(logged, "case_hold", case_id)
    keep(logged)
    tampered(logged, deleted("legal_hold", case_id=case_id))

    assert failing(logged) == {"reconcile"}


def test_a_case_that_is_said_to_be_erased_is_found(logged: World) -> None:
    case_id = left(logged)
    keep(logged)
    tampered(logged, changed("cases", case_id, retention_stage=3))

    assert failing(logged) == {"reconcile"}


def test_a_key_that_was_destroyed_too_early_is_found(logged: World) -> None:
    case = logged.case(left(logged))
    account = row_of(logged, "account", id=case.account_id)
    keep(logged)
    before = failing(logged)
    tampered(logged, deleted("subject_key", subject_id=case.subject_id))
    of_case = failing(logged)
    tampered(logged, deleted("subject_key", subject_id=account["subject_id"]))

    assert (before, of_case) == (set(), {"reconcile"})
    assert checked(logged).findings[0].more == 1


def test_a_key_that_was_put_back_from_a_backup_is_found(logged: World) -> None:
    case_id = left(logged)
    key = row_of(logged, "subject_key", subject_id=logged.case(case_id).subject_id)
    later(logged, days=400)
    run(logged)
    keep(logged)
    tampered(logged, inserted("subject_key", key))

    assert failing(logged) == {"reconcile"}
