"""What failed for good is seen by leads and administrators, and sent again by leads where it is still true."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from portal.casework import undelivered, waiting
from portal.casework.context import NotFound, Refused
from portal.models import AuditEvent, OutboxRow, new_id
from tests.applications import app_for
from tests.casework.replies import mails, work
from tests.sql import row_of
from tests.world import World


@pytest.fixture
def app(world: World) -> Flask:
    world.account()
    return app_for(world.runtime)


def kill(world: World, case_id: str, notice: str, **columns: Any) -> str:
    """Let the newest mail of a notice fail for good."""
    row = world.mails(case_id, notice)[0]
    with world.system.act():
        dead = world.session.get_one(OutboxRow, row.id)
        dead.state, dead.done_at, dead.last_error, dead.attempts = "dead", world.now, "550", 11
        for name, value in columns.items():
            setattr(dead, name, value)
    return row.id


def listed(world: World, name: str = "lee") -> list[undelivered.Undelivered]:
    return undelivered.listed(world.as_(name))


def test_what_failed_is_listed_with_its_case_and_its_masked_recipient(world: World, app: Flask) -> None:
    case_id = world.queued()
    kill(world, case_id, "received")
    (one,) = listed(world)
    assert (one.row.notice, one.case and one.case.id, one.to) == ("received", case_id, "h***@m***.example")


def test_a_registered_contact_and_a_colleague_are_masked_too(world: World, app: Flask) -> None:
    case_id = world.frozen()
    kill(world, case_id, "request_filed")
    kill(world, case_id, "lead_alarm")
    assert {one.to for one in listed(world)} <= {"h***@m***.example", "l***@d***.example"}
    assert len(listed(world)) == 2


def test_security_notices_come_first(world: World, app: Flask) -> None:
    case_id = world.approved()
    kill(world, case_id, "approved")
    kill(world, case_id, "received")
    assert [one.row.security for one in listed(world)] == [True, False]


def test_a_notice_is_sent_again_and_recorded(world: World, app: Flask) -> None:
    case_id = world.queued()
    row_id = kill(world, case_id, "received")
    undelivered.send_again(world.as_("lee"), row_id)
    work(world, app)
    assert row_of(world, "outbox", id=row_id)["state"] == "done"
    assert any("MR-" in mail["Subject"] and mail["To"] == "hanako@mail.example" for mail in mails(world))
    event = world.session.query(AuditEvent).filter_by(tag="staff:notice:sent_again").one()
    assert json.loads(event.event_bytes)["d"] == {
        "row": row_id,
        "kind": "mail",
        "notice": "received",
        "case": case_id,
    }
    assert event.stream == f"staff:{world.logins['lee'].staff_id}"


def test_of_two_presses_one_counts(world: World, app: Flask) -> None:
    row_id = kill(world, world.queued(), "received")
    undelivered.send_again(world.as_("lee"), row_id)
    undelivered.send_again(world.as_("lou"), row_id)
    assert world.session.query(AuditEvent).filter_by(tag="staff:notice:sent_again").count() == 1


@pytest.mark.parametrize("name", ["alice", "bob", "ada", "chika"])
def test_only_a_lead_sends_again(world: World, app: Flask, name: str) -> None:
    row_id = kill(world, world.queued(), "received")
    with pytest.raises(Refused, match="wrong_role"):
        undelivered.send_again(world.as_(name), row_id)


def test_what_has_expired_is_never_sent_late(world: World, app: Flask) -> None:
    row_id = kill(world, world.submit(), "confirm_address")
    world.now += world.runtime.limits.confirm_life
    assert [one.refusal for one in listed(world)] == ["notice_over"]
    with pytest.raises(Refused, match="notice_over"):
        undelivered.send_again(world.as_("lee"), row_id)
    assert row_of(world, "outbox", id=row_id)["state"] == "dead"


def test_what_was_said_of_an_open_case_is_not_sent_after_its_end(world: World, app: Flask) -> None:
    case_id = world.queued()
    row_id = kill(world, case_id, "received")
    from portal.casework import intake

    intake.withdraw(world.owner, case_id, "device_works")
    with pytest.raises(Refused, match="notice_over"):
        undelivered.send_again(world.as_("lee"), row_id)


def test_the_notice_of_the_end_itself_is_sent_again(world: World, app: Flask) -> None:
    row_id = kill(world, world.cancelled(), "cancelled")
    undelivered.send_again(world.as_("lee"), row_id)
    assert row_of(world, "outbox", id=row_id)["state"] == "pending"


def test_what_was_erased_is_not_sent(world: World, app: Flask) -> None:
    kill(world, world.queued(), "received", sealed_params=None)
    assert [one.refusal for one in listed(world)] == ["notice_over"]


@pytest.mark.parametrize("kind", ["remove", "reset", "call", "suspend", "find"])
def test_no_deed_is_done_again_from_a_list(world: World, app: Flask, kind: str) -> None:
    row_id = kill(world, world.queued(), "received", kind=kind)
    with pytest.raises(Refused, match="not_repeatable"):
        undelivered.send_again(world.as_("lee"), row_id)


def test_only_what_failed_is_sent_again(world: World, app: Flask) -> None:
    case_id = world.queued()
    row_id = kill(world, case_id, "received", state="done")
    for unknown in (row_id, new_id()):
        with pytest.raises(NotFound):
            undelivered.send_again(world.as_("lee"), unknown)


def test_a_security_notice_that_is_on_its_way_again_holds_the_removal_up(world: World, app: Flask) -> None:
    case_id = world.approved()
    row_id = kill(world, case_id, "approved")
    world.deliver()
    waiting.settle_notices(world.system, case_id)
    world.deliver()
    undelivered.send_again(world.as_("lee"), row_id)
    world.pass_time(days=8)
    assert world.status(case_id) == "cooling_off"
    work(world, app)
    world.pass_time(minutes=1)
    assert world.status(case_id) == "ready"


def test_the_list_takes_the_same_statements_for_one_and_for_many(world: World, app: Flask) -> None:
    from tests.admin.desk import queued, statements

    for case_id in queued(world, 6):
        kill(world, case_id, "received")
    ctx = world.as_("lee")
    world.session.expunge_all()
    with statements(world) as many:
        assert len(undelivered.listed(ctx)) == 6
    with world.system.act():
        for row in world.session.query(OutboxRow).filter_by(state="dead").limit(5):
            row.state = "done"
    ctx = world.as_("lee")
    world.session.expunge_all()
    with statements(world) as one:
        assert len(undelivered.listed(ctx)) == 1
    assert len(many) == len(one) <= 7
