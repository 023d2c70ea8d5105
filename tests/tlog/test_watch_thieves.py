"""Whoever wants no check to be made, or a false one to be believed: the keeper says so instead of falling silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.casework import log_reading
from portal.models import AuditEvent, AuditVerdict, new_id
from portal.tlog import checkpoints, watch
from portal.tlog.keeper import Keeper
from tests.sql import attack, changed, deleted, inserted, only_on, refused, sql
from tests.tlog.desk import keep
from tests.tlog.tampering import failing, tampered
from tests.world import World


def alarms(world: World) -> list[str]:
    """Why there were alarms, as the log keeps it."""
    world.session.rollback()
    query = select(AuditEvent.event_bytes).where(AuditEvent.tag == "system:log:alarmed")
    found = world.session.execute(query.order_by(AuditEvent.sseq)).scalars()
    return [data.decode().split('"why":"')[1].split('"')[0] for data in found]


def verdict(world: World) -> tuple[str | None, str | None]:
    world.session.rollback()
    newest = log_reading.integrity(world.as_("chika")).verdict
    assert newest is not None
    return newest.failed, newest.first_bad


def looked(world: World, **settings: object) -> None:
    """Let the keeper look after the log, when the time of a check has come."""
    world.session.rollback()
    world.now += timedelta(hours=7)
    keeper = Keeper(world.runtime)
    keeper.runtime = replace(world.runtime, settings=replace(world.runtime.settings, **settings))
    keeper.look()


@pytest.fixture
def signed(logged: World) -> World:
    logged.queued()
    keep(logged)
    return logged


def minute_later(world: World) -> None:
    settings = world.runtime.settings
    watch.look(world.system, settings, checkpoints.published_key(settings.keys))


def head(world: World, size: int) -> dict[str, object]:
    return {"size": size, "root": "0" * 64, "note": "forged", "at": world.now}


def test_a_head_over_events_that_are_not_there_is_refused_by_the_database(signed: World) -> None:
    size = checkpoints.newest(signed.session).size  # type: ignore[union-attr]
    signed.session.rollback()
    refused(signed, "audit_checkpoint_of_placed", inserted("audit_checkpoint", head(signed, size + 1)))


def test_a_forged_head_is_alarmed_within_the_minute(signed: World) -> None:
    """It would stop the signing, hide what is unsigned, and stand on every paper."""
    tampered(signed, inserted("audit_checkpoint", head(signed, 10**9)))
    minute_later(signed)
    assert alarms(signed) == ["head"]


@only_on("sqlite")
def test_no_alarm_is_given_for_a_head_of_ours(signed: World) -> None:
    minute_later(signed)
    assert alarms(signed) == []


def test_what_a_check_has_found_is_not_changed_nor_deleted(signed: World) -> None:
    Keeper(signed.runtime).look()
    found = signed.session.execute(select(AuditVerdict.id)).scalar_one()
    signed.session.rollback()
    refused(signed, "audit_verdict_no_update", changed("audit_verdict", found, failed=None))
    refused(signed, "audit_verdict_no_delete", deleted("audit_verdict", id=found))


def test_a_verdict_from_the_future_neither_stops_the_checks_nor_is_shown(signed: World) -> None:
    later = {"id": new_id(), "at": signed.now + timedelta(days=999), "events": 1, "failed": None}
    attack(signed, inserted("audit_verdict", later, first_bad=None))
    assert log_reading.integrity(signed.as_("chika")).verdict is None
    looked(signed)
    assert verdict(signed) == (None, None)


@only_on("sqlite")
def test_anchors_that_were_taken_away_are_a_check_that_failed(signed: World, tmp_path: Path) -> None:
    looked(signed, anchors=tmp_path / "nowhere")
    assert verdict(signed) == ("anchors", "KAIJO_ANCHORS")
    assert alarms(signed) == ["anchors"]


@only_on("sqlite")
def test_a_key_that_was_taken_away_or_swapped_for_noise_is_a_check_that_failed(signed: World) -> None:
    key = signed.runtime.settings.keys / checkpoints.PUBLISHED
    key.unlink()
    looked(signed)
    assert verdict(signed) == ("heads", "log.vkey")
    key.write_bytes(b"\xff\xfe")
    looked(signed)
    assert verdict(signed) == ("heads", "log.vkey")
    assert {"head", "heads"} <= set(alarms(signed))


@only_on("sqlite")
def test_anchors_that_cannot_be_written_are_alarmed_and_the_head_is_kept(
    signed: World, tmp_path: Path
) -> None:
    keeper = Keeper(signed.runtime)
    settings = replace(signed.runtime.settings, anchors=tmp_path / "nowhere")
    keeper.runtime = replace(signed.runtime, settings=settings)
    before = checkpoints.newest(signed.session).size  # type: ignore[union-attr]
    signed.submit(reply_email="other@example.example")
    signed.now += timedelta(minutes=2)
    with pytest.raises(FileNotFoundError):
        keeper.turn()
    assert alarms(signed) == ["anchors"]
    assert checkpoints.newest(signed.session).size > before  # type: ignore[union-attr]
    (tmp_path / "nowhere").mkdir()
    signed.now += timedelta(minutes=2)
    keeper.turn()
    assert len(list((tmp_path / "nowhere").glob("*.note"))) == 3


@only_on("sqlite")
def test_what_no_row_can_hold_neither_stops_a_check_nor_silences_the_alarm(signed: World) -> None:
    """SQLite keeps anything in any column: whoever fears a check would make it fall over."""
    tampered(signed, sql("UPDATE audit_checkpoint SET at = 'x'"))
    assert failing(signed) == {"age"}
    signed.now += timedelta(hours=7)
    Keeper(signed.runtime)._look()
    assert alarms(signed) == ["unreadable"]
