"""Who is told of the log, and what has to wait while it is not signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.casework import approval, deactivation
from portal.casework.context import Refused
from portal.models import AuditEvent, AuditVerdict, OutboxRow
from portal.tlog import checkpoints, lag, sequencer, watch
from portal.tlog.keeper import Keeper
from tests.sql import attack, changed, guarded_again, unguarded
from tests.tlog.desk import keep
from tests.world import World

MINUTE = timedelta(minutes=1)


def told(world: World, notice: str) -> list[OutboxRow]:
    query = select(OutboxRow).where(OutboxRow.notice == notice).order_by(OutboxRow.created_at)
    return list(world.session.execute(query).scalars())


def look(world: World) -> None:
    settings = replace(world.runtime.settings, compliance_mail="compliance@desk.example")
    watch.look(world.system, settings, checkpoints.published_key(settings.keys))


def unsigned(world: World, since: timedelta) -> None:
    """The log was signed once, and an event has waited for so long since."""
    world.queued()
    keep(world)
    world.queued()
    world.now += since


def test_nothing_is_behind_before_the_log_was_ever_signed(world: World) -> None:
    world.queued()
    world.now += timedelta(days=1)
    assert lag.unsigned_since(world.session) is None
    look(world)
    assert told(world, "log_alarm") == told(world, "log_head") == []


@pytest.mark.parametrize("placed", [False, True])
def test_the_oldest_event_that_no_head_covers_counts(logged: World, placed: bool) -> None:
    unsigned(logged, 3 * MINUTE)
    at = logged.now - 3 * MINUTE
    if placed:
        sequencer.sequence(logged.system)
    assert at - MINUTE < (lag.unsigned_since(logged.session) or at) <= at


def test_compliance_is_told_after_five_minutes_and_once_a_day(logged: World) -> None:
    unsigned(logged, 4 * MINUTE)
    look(logged)
    assert told(logged, "log_alarm") == []
    logged.now += 2 * MINUTE
    look(logged)
    look(logged)
    to_mailbox, *to_staff = told(logged, "log_alarm")
    assert (to_mailbox.staff_id, to_mailbox.language) == (None, "ja+en")
    assert [row.staff_id for row in to_staff] == [logged.logins["chika"].staff_id]
    logged.now += timedelta(days=1)
    look(logged)
    assert len(told(logged, "log_alarm")) == 4


def test_the_alarm_is_written_into_the_log(logged: World) -> None:
    unsigned(logged, 6 * MINUTE)
    look(logged)
    query = select(AuditEvent).where(AuditEvent.tag == "system:log:alarmed")
    assert logged.session.execute(query).scalars().one().stream == "system"


def test_the_newest_head_goes_to_compliance_by_mail_once_a_day(logged: World) -> None:
    logged.queued()
    keep(logged)
    for _ in range(3):
        look(logged)
    assert len(told(logged, "log_head")) == 1
    logged.now += timedelta(days=1)
    look(logged)
    assert len(told(logged, "log_head")) == 2


def test_a_broken_event_is_alarmed_at_once(logged: World) -> None:
    logged.queued()
    unguarded(logged)
    row = _first_event(logged)
    attack(logged, changed("audit_event", row["id"], event_bytes=row["event_bytes"] + b" "))
    guarded_again(logged)
    with pytest.raises(sequencer.BrokenLog):
        Keeper(logged.runtime).turn()
    assert told(logged, "log_alarm")


def _first_event(world: World) -> dict[str, Any]:
    event = world.session.execute(select(AuditEvent).order_by(AuditEvent.at).limit(1)).scalar_one()
    return {"id": event.id, "event_bytes": event.event_bytes}


def test_nobody_approves_while_the_log_has_gone_unsigned_for_fifteen_minutes(logged: World) -> None:
    logged.account()
    case_id = logged.pending_approval()
    logged.open_checks("bob", case_id)
    unsigned(logged, 16 * MINUTE)
    with pytest.raises(Refused, match="log_behind"):
        approval.approve(logged.as_("bob"), case_id, code=logged.code("bob"))
    keep(logged)
    approval.approve(logged.as_("bob"), case_id, code=logged.code("bob"))


def test_no_device_is_removed_while_the_log_has_gone_unsigned_for_fifteen_minutes(logged: World) -> None:
    logged.account()
    case_id = logged.ready()
    unsigned(logged, 16 * MINUTE)
    with pytest.raises(Refused, match="log_behind"):
        deactivation.execute(logged.as_("alice"), case_id, code=logged.code("alice"))


def test_the_whole_log_is_checked_every_six_hours_and_the_outcome_is_kept(logged: World) -> None:
    logged.queued()
    keep(logged)
    keeper = Keeper(logged.runtime)
    for hours in (0, 5, 1):
        logged.now += timedelta(hours=hours)
        keeper.look()
    found = logged.session.execute(select(AuditVerdict).order_by(AuditVerdict.at)).scalars().all()
    assert [(one.failed, one.at) for one in found] == [
        (None, logged.now - timedelta(hours=6)),
        (None, logged.now),
    ]


def test_a_check_that_fails_is_kept_and_alarmed(logged: World) -> None:
    logged.queued()
    keep(logged)
    row = _first_event(logged)
    unguarded(logged)
    attack(logged, changed("audit_event", row["id"], event_bytes=row["event_bytes"] + b" "))
    guarded_again(logged)
    Keeper(logged.runtime).look()
    verdict = logged.session.execute(select(AuditVerdict)).scalar_one()
    assert verdict.failed is not None
    assert told(logged, "log_alarm")[0].unique_key.split(":")[1] == verdict.failed
