"""The runbook: gone is what one person did and another attested, every step of the newest removal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.connectors import runbook
from portal.connectors.runbook import SIGN_INS, STEPS, missing_steps, waiting_steps
from portal.models import RunbookStep
from portal.vault import Vault
from tests.connectors.bench import (
    NOW,
    Bench,
    do_step,
    finish_by_hand,
    person,
    registered,
    removal_of,
    runbook_bench,
)


@pytest.fixture
def bench(session: Session, vault: Vault) -> Bench:
    return runbook_bench(session, vault)


def test_at_first_every_step_is_to_do_in_working_order(bench: Bench):
    removal = removal_of(bench)

    assert missing_steps(bench.session, removal.id) == tuple((step, "do") for step in STEPS)


def test_a_step_that_one_person_did_waits_for_another(bench: Bench):
    removal = removal_of(bench)
    do_step(bench, removal, STEPS[0], attested=False)

    assert missing_steps(bench.session, removal.id)[0] == (STEPS[0], "attest")


@pytest.mark.parametrize("attested", [None, False, True])
def test_what_comes_after_the_look_at_sign_ins_waits_until_it_is_attested(
    bench: Bench, attested: bool | None
):
    removal = removal_of(bench)
    if attested is not None:
        do_step(bench, removal, SIGN_INS, attested=attested)

    later = set() if attested else {"deactivate_device", "read_back", "end_sessions"}
    assert waiting_steps(bench.session, removal.id) == later


@pytest.mark.parametrize("left_out", STEPS)
def test_without_any_one_step_the_device_is_not_gone(bench: Bench, left_out: str):
    removal = removal_of(bench)
    for step in STEPS:
        if step != left_out:
            do_step(bench, removal, step)

    assert not bench.is_gone()


@pytest.mark.parametrize("unattested", STEPS)
def test_without_any_one_attestation_the_device_is_not_gone(bench: Bench, unattested: str):
    removal = removal_of(bench)
    for step in STEPS:
        do_step(bench, removal, step, attested=step != unattested)

    assert not bench.is_gone()


def test_a_step_that_no_runbook_has_replaces_none(bench: Bench):
    removal = removal_of(bench)
    for step in (*STEPS[1:], "have_tea"):
        do_step(bench, removal, step)

    assert not bench.is_gone()


def test_one_person_cannot_do_and_attest(bench: Bench):
    removal = removal_of(bench)
    alice = person(bench.session, "Alice Example").id

    do_step(bench, removal, STEPS[0], attested=False)
    own = update(RunbookStep).where(RunbookStep.removal_id == removal.id).values(attested_by=alice)

    with bench.session.begin_nested() as attempt:
        with pytest.raises(IntegrityError):
            bench.session.execute(own)
        attempt.rollback()


def test_steps_of_an_earlier_removal_do_not_count_for_a_new_one(bench: Bench):
    finish_by_hand(bench)
    removal_of(bench, at=NOW + timedelta(days=200))

    assert not bench.is_gone()


def test_steps_for_another_principal_do_not_count(bench: Bench):
    other = runbook_bench(bench.session, bench.vault)
    finish_by_hand(other)

    assert not bench.is_gone()


def test_the_device_is_still_listed_after_a_removal_because_nobody_can_see_the_next_one(bench: Bench):
    finish_by_hand(bench)

    assert bench.device_ids() == [bench.device_id]


@pytest.mark.parametrize(("hardware", "kind"), [(True, "hardware"), (False, "unknown"), (None, "unknown")])
def test_the_kind_is_named_only_where_the_register_knows_it(bench: Bench, hardware: bool | None, kind: str):
    bench.principal.hardware_device = hardware

    assert bench.connector.list_devices(bench.session, bench.principal)[0].kind == kind


def test_the_id_of_the_device_fits_its_column_however_long_the_name_is(session: Session, vault: Vault):
    principal = registered(session, vault, "runbook", "x" * 64)
    device = runbook.RunbookConnector().list_devices(session, principal)[0]

    assert len(device.id) <= 64


def test_the_names_of_the_steps_fit_their_column():
    assert all(len(step) <= RunbookStep.__table__.c.step.type.length for step in STEPS)
