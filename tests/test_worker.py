"""What workers do with the queue: mail over a real server, papers, matching, removals, and everything that goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from portal import outbox, receipts, worker
from portal.casework import drafts, intake, objection, staff_mail
from portal.casework.context import Origin
from portal.connectors import ConnectorError
from portal.engine import writing
from portal.export import scratch
from portal.models import DemoMail, Document, Draft, OutboxRow, Staff, Throttle
from tests.people import HANAKO
from tests.post import Mailroom, live, mail_server, office, work_off
from tests.sql import key_lost
from tests.world import World


@pytest.fixture
def room() -> Mailroom:
    return Mailroom()


@pytest.fixture
def desk(database_url: str, tmp_path: Path, room: Mailroom) -> Iterator[World]:
    """A desk that sends its mail to the room."""
    with mail_server(room) as smtp:
        world = live(database_url, tmp_path, smtp)
        yield world
        world.close()


def put(world: World, *names: str) -> list[OutboxRow]:
    """Queue a mail for each of these members of staff."""
    with world.system.act():
        for name in names:
            staff = world.session.get_one(Staff, world.logins[name].staff_id)
            staff_mail.changed(world.system, [staff], "password_changed", about=staff)
        query = select(OutboxRow).where(OutboxRow.state == "pending").order_by(OutboxRow.id)
        return list(world.session.execute(query).scalars())


def again(world: World, row: OutboxRow) -> OutboxRow:
    world.session.rollback()
    return world.session.get_one(OutboxRow, row.id, populate_existing=True)


def rows_of(world: World, kind: str) -> list[OutboxRow]:
    world.session.rollback()
    return list(world.session.execute(select(OutboxRow).where(OutboxRow.kind == kind)).scalars())


def test_an_empty_queue_is_no_work(desk: World) -> None:
    assert work_off(desk) == 0


def test_a_mail_is_sent_and_its_secrets_are_wiped(desk: World, room: Mailroom) -> None:
    (row,) = put(desk, "vic")
    assert work_off(desk) == 1
    assert room.ids == [f"<{row.id}@kaijo.example>"]
    done = again(desk, row)
    assert (done.state, done.sealed_params, done.done_at) == ("done", None, desk.now)


def test_nothing_is_sent_before_its_time(desk: World, room: Mailroom) -> None:
    (row,) = put(desk, "vic")
    with desk.system.act():
        row.not_before = desk.now + timedelta(minutes=1)
    assert work_off(desk) == 0
    assert not room.mails


def test_an_expired_mail_is_never_sent(desk: World, room: Mailroom) -> None:
    case_id = desk.submit()
    desk.now += desk.runtime.limits.confirm_life
    work_off(desk)
    (row,) = desk.mails(case_id, "confirm_address")
    assert (row.state, row.sealed_params) == ("expired", None)
    assert not room.mails


def test_a_mail_that_failed_for_now_comes_back_after_growing_pauses(desk: World, room: Mailroom) -> None:
    room.rcpt = "450 4.2.1 busy"
    (row,) = put(desk, "vic")
    for pause in outbox.BACK_OFF:
        assert work_off(desk) == 1
        row = again(desk, row)
        assert row.state == "pending"
        assert pause * 0.9 <= row.not_before - desk.now <= pause * 1.1
        desk.now = row.not_before
    work_off(desk)
    row = again(desk, row)
    assert (row.state, row.last_error) == ("dead", "450 4.2.1")


def test_a_mail_that_was_held_up_arrives_when_the_server_is_back(desk: World, room: Mailroom) -> None:
    room.data = "451 4.3.0 later"
    (row,) = put(desk, "vic")
    work_off(desk)
    room.data = "250 2.0.0 accepted"
    desk.now = again(desk, row).not_before
    work_off(desk)
    assert room.ids == [f"<{row.id}@kaijo.example>"]
    assert again(desk, row).state == "done"


def test_a_mail_that_is_refused_for_good_is_left_for_people_without_its_address(
    desk: World, room: Mailroom
) -> None:
    room.rcpt = "550 5.1.1 <{address}> unknown"
    (row,) = put(desk, "vic")
    work_off(desk)
    dead = again(desk, row)
    assert (dead.state, dead.last_error) == ("dead", "550 5.1.1")


def test_a_row_that_cannot_be_written_stops_nobody_elses(desk: World, room: Mailroom) -> None:
    rows = put(desk, "vic", "ben", "lee")
    with desk.system.act():
        desk.session.get_one(Staff, rows[0].staff_id).email = "two\nlines@desk.example"
        rows[1].kind = "nonsense"
        rows[0].not_before = rows[1].not_before = desk.now - timedelta(minutes=1)
    assert work_off(desk) == 3
    assert [again(desk, row).state for row in rows] == ["dead", "dead", "done"]
    assert again(desk, rows[0]).last_error == "cannot be written (ValueError)"
    assert len(room.mails) == 1


def test_nobody_left_to_write_to_is_a_reason_to_give_up(desk: World) -> None:
    desk.account()
    case_id = desk.queued()
    key_lost(desk, desk.case(case_id).subject_id)
    work_off(desk)
    errors = {row.last_error for row in desk.mails(case_id) if row.state == "dead"}
    assert errors == {"nobody is left to write to", "what the mail was to say is erased"}


def test_a_row_over_which_every_worker_died_is_given_up(desk: World, room: Mailroom) -> None:
    (row,) = put(desk, "vic")
    with desk.system.act():
        row.attempts = worker.MOST_TRIES
    work_off(desk)
    assert again(desk, row).state == "dead"
    assert not room.mails


def test_a_row_in_hand_is_nobody_elses_until_its_lease_is_over(desk: World) -> None:
    (row,) = put(desk, "vic")
    with writing(desk.session):
        outbox.claim(desk.session, "w1", now=desk.now)
    assert work_off(desk, "w2") == 0
    desk.now += outbox.LEASE + timedelta(seconds=1)
    assert work_off(desk, "w2") == 1
    assert again(desk, row).state == "done"


def test_who_has_lost_the_lease_writes_nothing(desk: World, room: Mailroom) -> None:
    (row,) = put(desk, "vic")

    def taken_over() -> None:
        desk.now += outbox.LEASE + timedelta(seconds=1)
        with desk.runtime.sessions() as session, writing(session):
            assert outbox.claim(session, "w2", now=desk.now)

    room.accepted = taken_over
    work_off(desk, "w1")
    left = again(desk, row)
    assert (left.state, left.lease_owner, left.attempts, left.last_error) == ("pending", "w2", 2, None)


def test_the_wait_begins_when_the_last_security_notice_is_out(desk: World, room: Mailroom) -> None:
    desk.account()
    case_id = desk.approved()
    room.rcpt = "450 4.2.1 busy"
    work_off(desk)
    assert desk.case(case_id).waiting_started_at is None
    room.rcpt = "250 2.1.5 fine"
    desk.now += timedelta(hours=1)
    work_off(desk)
    case = desk.case(case_id)
    assert (case.waiting_started_at, case.waiting_hours) == (desk.now, 24)


def test_a_contact_that_cannot_be_told_makes_the_wait_a_week(desk: World, room: Mailroom) -> None:
    desk.account()
    case_id = desk.approved()
    room.rcpt = "550 5.1.1 unknown"
    work_off(desk)
    assert desk.case(case_id).waiting_hours == 168


def test_house_keeping_starts_a_wait_that_a_dying_worker_left_out(desk: World) -> None:
    desk.account()
    case_id = desk.approved()
    with desk.system.act():
        desk.session.execute(update(OutboxRow).values(state="done"))
    worker.keep_house(desk.runtime)
    assert desk.case(case_id).waiting_started_at == desk.now


def test_a_chore_that_fails_keeps_none_of_the_others_from_being_done(desk: World) -> None:
    desk.account()
    case_id = desk.cancelled()
    with desk.system.act():
        desk.session.execute(update(OutboxRow).values(state="done"))
    desk.now += desk.runtime.limits.retention_evidence + timedelta(days=1)
    (desk.runtime.settings.data / scratch.HOME).write_text("a file where the folder would be")
    worker.keep_house(desk.runtime)
    assert desk.case(case_id).retention_stage == 1


def test_house_keeping_throws_away_what_is_over(desk: World) -> None:
    drafts.start(desk.owner, {"problem": "lost"})
    desk.submit()
    desk.now += timedelta(days=3)
    worker.keep_house(desk.runtime)
    desk.session.rollback()
    assert not desk.session.execute(select(Draft)).scalars().all()
    assert not desk.session.execute(select(Throttle)).scalars().all()


def test_the_receipt_is_painted_once_and_comes_with_the_first_mail(desk: World, room: Mailroom) -> None:
    case_id = desk.submit()
    intake.confirm(desk.owner, desk.link(case_id, "confirm"))
    work_off(desk)
    (document,) = desk.session.execute(select(Document).where(Document.case_id == case_id)).scalars()
    painted = receipts.open_pdf(desk.system, document)
    (mail,) = [each for each in room.mails if list(each.iter_attachments())]
    assert [part.get_content() for part in mail.iter_attachments()] == [painted]
    assert {row.state for row in rows_of(desk, "document")} == {"done"}


def test_a_paper_that_cannot_be_painted_does_not_hold_its_mail_up(
    desk: World, room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> bytes:
        raise RuntimeError("no ink")

    monkeypatch.setattr("portal.pdf.paint", broken)
    case_id = desk.submit()
    intake.confirm(desk.owner, desk.link(case_id, "confirm"))
    work_off(desk)
    assert [row.state for row in desk.mails(case_id, "received")] == ["done"]
    assert [(row.state, row.last_error) for row in rows_of(desk, "document")] == [("pending", "RuntimeError")]


def test_a_confirmed_request_is_matched(desk: World) -> None:
    account = desk.account()
    case_id = desk.submit()
    intake.confirm(desk.owner, desk.link(case_id, "confirm"))
    work_off(desk)
    assert desk.case(case_id).account_id == account.id
    assert {row.state for row in rows_of(desk, "match")} == {"done"}


def test_who_asks_for_their_link_gets_it(desk: World, room: Mailroom) -> None:
    desk.account()
    case_id = desk.queued()
    work_off(desk)
    room.envelopes.clear()
    intake.ask_for_link(desk.owner, desk.case(case_id).reference, HANAKO["account_email"])
    work_off(desk)
    assert [envelope.rcpt_tos for envelope in room.envelopes] == [[HANAKO["account_email"]]]


def test_who_asks_for_anothers_link_gets_nothing(desk: World, room: Mailroom) -> None:
    desk.account()
    case_id = desk.queued()
    work_off(desk)
    room.envelopes.clear()
    intake.ask_for_link(desk.owner, desk.case(case_id).reference, "mallory@else.example")
    work_off(desk)
    assert not room.envelopes
    assert {row.state for row in rows_of(desk, "find")} == {"done"}


def test_strangers_can_cause_three_mails_an_hour_to_a_mailbox(desk: World, room: Mailroom) -> None:
    for _ in range(5):
        desk.submit(reply_email="victim@else.example")
    work_off(desk)
    assert len(room.mails) == desk.runtime.limits.mails_per_mailbox_hour == 3
    errors = [row.last_error for row in rows_of(desk, "mail") if row.state == "dead"]
    assert errors == ["too many mails to this address"] * 2


def submit_from(desk: World, address: str) -> None:
    elsewhere = replace(desk.owner, origin=Origin(address, "A phone", ""))
    raw = drafts.start(elsewhere, {})
    intake.submit(elsewhere, raw, desk.request(reply_email="victim@else.example"))


def test_who_names_anothers_mailbox_does_not_use_up_what_its_holder_needs(
    desk: World, room: Mailroom
) -> None:
    for _ in range(4):
        submit_from(desk, "198.51.100.1")
    work_off(desk)
    room.envelopes.clear()
    submit_from(desk, "203.0.113.9")
    work_off(desk)
    assert [envelope.rcpt_tos for envelope in room.envelopes] == [["victim@else.example"]]


def test_however_many_networks_name_a_mailbox_its_mails_end(desk: World, room: Mailroom) -> None:
    most = desk.runtime.limits.mails_per_mailbox_all_day
    for number in range(most + 2):
        submit_from(desk, f"198.51.100.{number}")
    work_off(desk)
    assert len(room.mails) == most


def test_a_device_is_removed_and_everybody_is_told(desk: World, room: Mailroom) -> None:
    desk.account()
    case_id = desk.executing()
    work_off(desk)
    assert desk.status(case_id) == "deactivated"
    ids = {f"<{row.id}@kaijo.example>" for row in desk.mails(case_id, "deactivated")}
    told = {mail["To"] for mail in room.mails if mail["Message-ID"] in ids}
    assert told == {HANAKO["account_email"], HANAKO["second_email"]}


def test_a_removal_that_fails_is_tried_again_later_and_then_left_to_people(
    desk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.account()
    case_id = desk.executing()

    def away(*_: Any, **__: Any) -> None:
        raise ConnectorError("no answer")

    monkeypatch.setattr(type(desk.runtime.connectors["local"]), "deactivate", away)
    for _ in range(desk.runtime.limits.removal_tries):
        assert desk.status(case_id) == "executing"
        work_off(desk)
        (row,) = rows_of(desk, "remove")
        desk.now = max(row.not_before, desk.now)
    assert desk.status(case_id) == "ready"
    assert row.state == "done"


def test_a_freeze_after_a_removal_ends_what_began_since(desk: World) -> None:
    desk.account()
    case_id = desk.deactivated()
    link = desk.link(case_id, "stop")
    work_off(desk)
    objection.stop_by_link(desk.owner, link)
    work_off(desk)
    assert [row.state for row in rows_of(desk, "suspend")] == ["done"]


def test_the_demo_keeps_its_mail_instead_of_sending_it(world: World) -> None:
    rows = put(world, "vic", "lee")
    work_off(world)
    kept = world.session.execute(select(DemoMail.message_id)).scalars().all()
    assert sorted(kept) == sorted(f"<{row.id}@kaijo.example>" for row in rows)


def test_a_worker_works_until_it_is_told_to_stop(desk: World, room: Mailroom) -> None:
    put(desk, "vic", "lee", "ben")
    stop = threading.Event()
    room.accepted = lambda: stop.set() if len(room.envelopes) == 3 else None
    worker.run(desk.runtime, office(desk.runtime), stop, idle=0.01)
    assert [row.state for row in rows_of(desk, "mail")] == ["done"] * 3


def test_a_worker_does_what_is_due(desk: World) -> None:
    case_id = desk.submit()
    with desk.system.act():
        desk.session.execute(update(OutboxRow).values(state="done"))
    desk.now += timedelta(hours=24)
    worker.turn(desk.runtime, office(desk.runtime), "w1", threading.Event())
    assert desk.status(case_id) == "expired"


def test_trouble_with_the_database_is_waited_out(
    desk: World, room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = put(desk, "vic")
    stop, troubled, claim = threading.Event(), set[str](), outbox.claim

    def broken_once(session: Any, name: str, *which: Any, **when: Any) -> OutboxRow | None:
        if name not in troubled:
            troubled.add(name)
            raise OperationalError("", {}, Exception())
        return claim(session, name, *which, **when)

    room.accepted = stop.set
    monkeypatch.setattr(outbox, "claim", broken_once)
    monkeypatch.setattr(worker, "TROUBLE_SECONDS", 0.01)
    worker.run(desk.runtime, office(desk.runtime), stop, idle=0.01)
    assert again(desk, row).state == "done"
