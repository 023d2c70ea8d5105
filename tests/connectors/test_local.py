"""The portal's own directory: real codes, spent once; sessions; passwords at the same cost for everybody."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyotp
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from portal.connectors import ConnectorError, local
from portal.engine import writing
from portal.models import DirectoryDevice
from portal.vault import Vault
from tests.connectors.bench import NOW, PASSWORD, Bench, directory_entry, local_bench, registered

STEP = timedelta(seconds=30)


@pytest.fixture
def bench(session: Session, vault: Vault) -> Bench:
    return local_bench(session, vault)


def code_of(bench: Bench, at: datetime = NOW) -> str:
    return pyotp.TOTP(bench.facts["secret"]).at(at)


def accepts(bench: Bench, code: str, *, now: datetime = NOW) -> bool:
    return bench.connector.accepts_code(bench.session, bench.principal, bench.device_id, code, now=now)


def test_the_present_code_is_accepted(bench: Bench):
    assert accepts(bench, code_of(bench))


def test_the_code_before_is_accepted(bench: Bench):
    assert accepts(bench, code_of(bench), now=NOW + STEP)


def test_a_code_two_steps_old_is_not_accepted(bench: Bench):
    assert not accepts(bench, code_of(bench), now=NOW + 2 * STEP)


def test_a_code_of_the_future_is_not_accepted(bench: Bench):
    assert not accepts(bench, code_of(bench, NOW + STEP))


def test_a_code_is_accepted_once(bench: Bench):
    accepts(bench, code_of(bench))

    assert not accepts(bench, code_of(bench))


def test_an_older_code_is_spent_with_a_newer_one(bench: Bench):
    accepts(bench, code_of(bench, NOW + STEP), now=NOW + STEP)

    assert not accepts(bench, code_of(bench), now=NOW + STEP)


def test_a_clock_that_jumps_back_opens_no_spent_step(bench: Bench):
    accepts(bench, code_of(bench, NOW + STEP), now=NOW + STEP)

    assert not accepts(bench, code_of(bench))


def test_a_code_of_a_removed_device_is_not_accepted(bench: Bench):
    bench.deactivate()

    assert not accepts(bench, code_of(bench))


def test_two_tabs_with_one_code_are_accepted_once(engine: Engine, vault: Vault):
    with Session(engine, expire_on_commit=False) as first, Session(engine) as second:
        with writing(first):
            bench = local_bench(first, vault)
        second.get(DirectoryDevice, bench.device_id)
        given = (bench.principal, bench.device_id, code_of(bench))
        answers = []
        for session in (first, second):
            with writing(session):
                answers.append(bench.connector.accepts_code(session, *given, now=NOW))

    assert answers == [True, False]


def test_secrets_have_160_bits_and_are_sealed(bench: Bench):
    device = bench.session.get_one(DirectoryDevice, bench.device_id)

    assert len(pyotp.TOTP(bench.facts["secret"]).byte_secret()) * 8 == 160
    assert bench.facts["secret"].encode() not in device.sealed_secret


def test_a_removed_device_is_listed_no_longer(bench: Bench):
    bench.deactivate()

    assert bench.device_ids() == []


def test_the_time_of_removal_is_that_of_the_first_call(bench: Bench):
    bench.deactivate()
    bench.deactivate(now=NOW + STEP)

    assert bench.session.get_one(DirectoryDevice, bench.device_id).removed_at == NOW


def test_removing_one_device_leaves_the_other(bench: Bench):
    other, _ = local.add_device(
        bench.session, bench.vault, directory_entry(bench), label="YubiKey", kind="passkey", now=NOW
    )
    bench.deactivate()

    assert bench.device_ids() == [other.id]


def test_all_open_sessions_end_and_are_counted(bench: Bench):
    for mfa in (True, False):
        local.add_session(bench.session, directory_entry(bench), mfa=mfa, now=NOW)

    assert bench.connector.end_sessions(bench.session, bench.principal, now=NOW) == 2


def test_devices_bound_after_a_disputed_removal_are_suspended_and_earlier_ones_are_not(bench: Bench):
    later, secret = local.add_device(
        bench.session, bench.vault, directory_entry(bench), label="New phone", now=NOW + STEP
    )
    suspended = bench.connector.suspend_since(bench.session, bench.principal, NOW, now=NOW + STEP)
    code = pyotp.TOTP(secret).at(NOW + STEP)

    assert suspended == 1
    assert not bench.connector.accepts_code(bench.session, bench.principal, later.id, code, now=NOW + STEP)
    assert accepts(bench, code_of(bench))


@pytest.mark.parametrize(
    ("mfa", "later", "seen"),
    [(True, STEP, True), (False, STEP, False), (True, timedelta(0), False), (True, -STEP, False)],
)
def test_only_a_later_sign_in_with_mfa_counts(bench: Bench, mfa: bool, later: timedelta, seen: bool):
    local.add_session(bench.session, directory_entry(bench), mfa=mfa, now=NOW + later)

    assert bench.connector.signed_in_since(bench.session, bench.principal, NOW) is seen


def test_an_ended_session_still_tells_that_somebody_signed_in(bench: Bench):
    local.add_session(bench.session, directory_entry(bench), mfa=True, now=NOW + STEP)
    bench.connector.end_sessions(bench.session, bench.principal, now=NOW + 2 * STEP)

    assert bench.connector.signed_in_since(bench.session, bench.principal, NOW)


def test_a_principal_that_the_directory_lacks_is_a_permanent_error(bench: Bench):
    stranger = registered(bench.session, bench.vault, "local", "nobody")

    with pytest.raises(ConnectorError) as refusal:
        bench.connector.list_devices(bench.session, stranger)
    assert refusal.value.permanent


@pytest.mark.parametrize(
    ("password", "right"), [(PASSWORD, True), ("wrong", False), ("", False), (PASSWORD + "x" * 2000, False)]
)
def test_a_password_is_right_or_wrong(bench: Bench, password: str, right: bool):
    assert local.check_password(bench.session, bench.principal.external_id, password) is right


@pytest.mark.parametrize("external_id", [None, "", "nobody"])
def test_an_unknown_principal_has_no_password(session: Session, external_id: str | None):
    assert not local.check_password(session, external_id, PASSWORD)
