"""What the desk relies on, tried on every connector of the table and on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.connectors import ConnectorError
from portal.connectors.table import CONNECTORS, connectors_for
from portal.environment import SettingsError
from portal.vault import Vault
from tests.connectors.bench import BENCHES, FINISHES, NOW, Bench


@pytest.fixture(params=sorted(CONNECTORS))
def bench(request: pytest.FixtureRequest, session: Session, vault: Vault) -> Bench:
    return BENCHES[request.param](session, vault)


@pytest.mark.parametrize("name", CONNECTORS)
def test_every_connector_goes_by_its_name_in_the_table(name: str, vault: Vault):
    assert connectors_for((name,), vault)[name].key == name


def test_a_setting_that_names_no_connector_stops_the_start(vault: Vault):
    with pytest.raises(SettingsError, match="may name local and runbook, but not telepathy"):
        connectors_for(("local", "telepathy"), vault)


def test_the_device_is_listed_once_and_under_the_same_id_each_time(bench: Bench):
    assert bench.device_ids() == [bench.device_id] == bench.device_ids()


def test_a_device_shows_no_more_than_the_end_of_its_serial_number(bench: Bench):
    device = bench.connector.list_devices(bench.session, bench.principal)[0]

    assert len(device.serial_end) <= 4


def test_a_device_is_not_gone_before_anything_was_done(bench: Bench):
    assert not bench.is_gone()


def test_a_removed_device_is_gone(bench: Bench):
    bench.deactivate()
    FINISHES[bench.connector.key](bench)

    assert bench.is_gone()


def test_by_hand_says_whether_the_call_alone_removes(bench: Bench):
    bench.deactivate()

    assert bench.is_gone() is not bench.connector.by_hand


def test_removing_twice_is_no_error_and_changes_nothing(bench: Bench):
    bench.deactivate()
    FINISHES[bench.connector.key](bench)
    bench.deactivate(now=NOW + timedelta(hours=1))

    assert bench.is_gone()


@pytest.mark.parametrize("device_id", ["", "no-such-device", "x" * 300])
def test_an_unknown_device_cannot_be_removed_and_is_never_gone(bench: Bench, device_id: str):
    with pytest.raises(ConnectorError) as refusal:
        bench.connector.deactivate(bench.session, bench.principal, device_id, now=NOW)
    with pytest.raises(ConnectorError):
        bench.connector.is_gone(bench.session, bench.principal, device_id)

    assert refusal.value.permanent


def test_another_principals_device_cannot_be_removed(bench: Bench):
    other = BENCHES[bench.connector.key](bench.session, bench.vault)

    with pytest.raises(ConnectorError):
        bench.connector.deactivate(bench.session, other.principal, bench.device_id, now=NOW)
    assert not bench.is_gone()


def test_ending_sessions_twice_ends_none_the_second_time(bench: Bench):
    bench.connector.end_sessions(bench.session, bench.principal, now=NOW)

    assert bench.connector.end_sessions(bench.session, bench.principal, now=NOW) == 0


def test_suspending_twice_suspends_none_the_second_time(bench: Bench):
    bench.connector.suspend_since(bench.session, bench.principal, NOW - timedelta(days=1), now=NOW)

    assert (
        bench.connector.suspend_since(bench.session, bench.principal, NOW - timedelta(days=1), now=NOW) == 0
    )


def test_nobody_has_signed_in_where_nobody_did(bench: Bench):
    assert not bench.connector.signed_in_since(bench.session, bench.principal, NOW - timedelta(days=1))


def test_a_code_that_is_no_code_is_not_accepted(bench: Bench):
    for code in ("", "12345", "1234567", "１２３４５６", "12345\n", "abcdef", "123456\n"):
        assert not bench.connector.accepts_code(
            bench.session, bench.principal, bench.device_id, code, now=NOW
        )


def test_a_code_for_an_unknown_device_is_an_error(bench: Bench):
    with pytest.raises(ConnectorError):
        bench.connector.accepts_code(bench.session, bench.principal, "no-such-device", "123456", now=NOW)
