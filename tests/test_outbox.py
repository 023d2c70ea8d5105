"""The queue: a row is written with its act, held by one worker at a time, tried again with growing pauses, never lost."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal import outbox
from portal.casework import rounds
from portal.casework.context import Refused
from portal.engine import writing
from portal.models import OutboxRow, new_id
from tests.sql import only_on, row_of
from tests.together import together
from tests.world import World

MOMENT = timedelta(microseconds=1)


def put(world: World, key: str = "", **columns: Any) -> OutboxRow:
    with world.system.act():
        return outbox.put(
            world.session,
            world.runtime.vault,
            "mail",
            unique_key=key or new_id(),
            now=world.now,
            **columns,
        )


def with_secret(world: World) -> OutboxRow:
    with world.system.act():
        subject_id = world.runtime.vault.new_subject(world.session)
    return put(world, subject_id=subject_id, params={"links": {"stop": "secret"}})


def claim(world: World, worker: str = "w1") -> OutboxRow | None:
    with world.system.act():
        return outbox.claim(world.session, worker, now=world.now)


def claimed(world: World, worker: str = "w1") -> OutboxRow:
    row = claim(world, worker)
    assert row is not None
    return row


def finish(world: World, row: OutboxRow, worker: str = "w1", **how: Any) -> bool:
    with world.system.act():
        return outbox.finish(world.session, row.id, worker, now=world.now, **how)


def postpone(world: World, row: OutboxRow, worker: str = "w1", *, permanent: bool = False) -> str:
    with world.system.act():
        return outbox.postpone(
            world.session, row, worker, now=world.now, error="450 busy", permanent=permanent
        )


def stored(world: World, row: OutboxRow) -> OutboxRow:
    world.session.rollback()
    return world.session.get_one(OutboxRow, row.id, populate_existing=True)


def test_a_row_is_there_when_its_act_is_and_not_otherwise(world: World) -> None:
    with pytest.raises(Refused):
        put_and_refuse(world)
    assert claim(world) is None
    row = put(world)
    assert claimed(world).id == row.id


def put_and_refuse(world: World) -> None:
    with world.system.act():
        put(world)
        raise Refused("wrong_status")


def test_the_same_work_is_queued_once(world: World) -> None:
    put(world, "case:1:approved:requester")
    with pytest.raises(IntegrityError):
        put(world, "case:1:approved:requester")


def test_what_a_mail_will_say_is_sealed_until_it_is_sent(world: World) -> None:
    row = with_secret(world)
    assert row.sealed_params is not None
    assert b"secret" not in row.sealed_params
    assert outbox.params_of(world.session, world.runtime.vault, row) == {"links": {"stop": "secret"}}


def test_a_row_without_a_subject_or_of_an_erased_one_says_nothing(world: World) -> None:
    vault, row, plain = world.runtime.vault, with_secret(world), put(world)
    with world.system.act():
        vault.destroy(world.session, row.subject_id or "")
    assert [outbox.params_of(world.session, vault, each) for each in (row, plain)] == [{}, {}]


def test_an_empty_queue_gives_nothing(world: World) -> None:
    assert claim(world) is None


def test_the_oldest_row_comes_first(world: World) -> None:
    later = put(world, not_before=world.now - timedelta(minutes=1))
    first = put(world, not_before=world.now - timedelta(minutes=2))
    assert [claimed(world).id, claimed(world).id, claim(world)] == [first.id, later.id, None]


def test_a_row_waits_for_its_time(world: World) -> None:
    put(world, not_before=world.now + MOMENT)
    assert claim(world) is None
    world.now += MOMENT
    assert claim(world) is not None


def test_a_row_in_hand_is_nobody_elses_while_the_lease_lasts(world: World) -> None:
    put(world)
    claimed(world, "w1")
    world.now += outbox.LEASE
    assert claim(world, "w2") is None
    world.now += MOMENT
    row = claimed(world, "w2")
    assert (row.lease_owner, row.attempts) == ("w2", 2)


def test_finished_work_is_closed_and_its_secret_is_wiped(world: World) -> None:
    with_secret(world)
    row = claimed(world)
    assert finish(world, row)
    done = stored(world, row)
    assert (done.state, done.done_at, done.lease_owner, done.sealed_params) == ("done", world.now, None, None)
    assert claim(world) is None


def test_an_expired_row_is_closed_as_such(world: World) -> None:
    with_secret(world)
    row = claimed(world)
    assert finish(world, row, state="expired")
    done = stored(world, row)
    assert (done.state, done.sealed_params) == ("expired", None)


def test_who_has_lost_the_lease_can_close_nothing(world: World) -> None:
    with_secret(world)
    row = claimed(world, "w1")
    world.now += outbox.LEASE + MOMENT
    claimed(world, "w2")
    assert not finish(world, row, "w1")
    assert postpone(world, row, "w1") == "no longer ours"
    left = stored(world, row)
    assert (left.state, left.lease_owner, left.last_error) == ("pending", "w2", None)
    assert left.sealed_params is not None


def test_work_is_closed_once(world: World) -> None:
    put(world)
    row = claimed(world)
    assert [finish(world, row), finish(world, row)] == [True, False]


def test_pauses_grow_and_then_the_row_is_left_for_people(world: World) -> None:
    put(world)
    for pause in outbox.BACK_OFF:
        row = claimed(world)
        assert postpone(world, row) == "pending"
        row = stored(world, row)
        assert 0.9 * pause <= row.not_before - world.now <= 1.1 * pause
        assert (row.lease_owner, row.last_error) == (None, "450 busy")
        assert claim(world) is None
        world.now = row.not_before
    assert postpone(world, claimed(world)) == "dead"
    assert claim(world) is None


def test_trying_goes_on_for_three_days_at_least(world: World) -> None:
    assert sum(outbox.BACK_OFF, timedelta()) * 0.9 >= timedelta(days=2)
    assert list(outbox.BACK_OFF) == sorted(outbox.BACK_OFF)


def test_rows_that_failed_together_do_not_come_back_together(world: World) -> None:
    for _ in range(10):
        put(world)
    rows = [claimed(world) for _ in range(10)]
    for row in rows:
        postpone(world, row)
    assert len({stored(world, row).not_before for row in rows}) > 5


def test_a_failure_for_good_is_not_tried_again(world: World) -> None:
    put(world)
    row = claimed(world)
    assert postpone(world, row, permanent=True) == "dead"
    dead = stored(world, row)
    assert (dead.state, dead.done_at, dead.last_error) == ("dead", world.now, "450 busy")


def test_a_long_error_is_cut_to_its_column(world: World) -> None:
    put(world)
    row = claimed(world)
    with world.system.act():
        outbox.postpone(world.session, row, "w1", now=world.now, error="x" * 5000, permanent=True)
    assert stored(world, row).last_error == "x" * 200


def cancel(world: World, **which: Any) -> None:
    with world.system.act():
        outbox.cancel(world.session, now=world.now, **which)


def test_withdrawn_rows_are_not_carried_out_and_forget_their_secret(world: World) -> None:
    row = with_secret(world)
    cancel(world, subject_id=row.subject_id)
    gone = stored(world, row)
    assert (gone.state, gone.done_at, gone.sealed_params) == ("cancelled", world.now, None)
    assert claim(world) is None


def test_withdrawing_spares_what_is_done_and_what_was_not_meant(world: World) -> None:
    done, other = put(world, notice="ready"), put(world, notice="received")
    finish(world, claimed(world))
    finish(world, claimed(world))
    late = put(world, notice="ready")
    cancel(world, notice="ready")
    assert [stored(world, row).state for row in (done, other, late)] == ["done", "done", "cancelled"]


@pytest.mark.parametrize("permanent", [True, False])
def test_a_row_that_is_withdrawn_while_a_worker_fails_at_it_does_not_come_back(
    world: World, permanent: bool
) -> None:
    row = with_secret(world)
    claimed(world)
    cancel(world, id=row.id)
    assert postpone(world, row, permanent=permanent) == "no longer ours"
    assert stored(world, row).state == "cancelled"
    world.now += timedelta(days=1)
    assert claim(world) is None


def test_a_row_that_is_withdrawn_while_a_worker_carries_it_out_stays_withdrawn(world: World) -> None:
    row = put(world)
    claimed(world)
    cancel(world, id=row.id)
    assert not finish(world, row)
    assert stored(world, row).state == "cancelled"


def test_a_voided_round_withdraws_what_is_no_longer_true(world: World) -> None:
    account = world.account()
    case_id = world.approved()
    with world.system.act():
        rounds.facts_changed(world.system, account.id, "contact")
    assert world.status(case_id) == "verifying"
    assert {row.state for row in world.mails(case_id, "approved")} == {"cancelled"}


def test_workers_that_claim_at_once_get_different_rows(world: World) -> None:
    ids = {put(world).id for _ in range(12)}

    def work() -> list[str]:
        worker, mine = threading.current_thread().name, []
        with world.runtime.sessions() as session:
            while True:
                with writing(session):
                    row = outbox.claim(session, worker, now=world.now)
                if row is None:
                    return mine
                mine.append(row.id)

    taken = [id_ for mine in together(4, work) for id_ in mine]
    assert sorted(taken) == sorted(ids)
    assert row_of(world, "outbox")["attempts"] == 1


@only_on("postgresql")
def test_a_worker_does_not_wait_for_a_row_that_another_is_about_to_take(world: World) -> None:
    first, second = sorted(put(world).id for _ in range(2))
    with world.runtime.sessions() as slow, world.runtime.sessions() as quick:
        with writing(slow):
            taken = outbox.claim(slow, "slow", now=world.now)
            assert taken is not None
            with writing(quick):
                other = outbox.claim(quick, "quick", now=world.now)
            assert other is not None
        assert (taken.id, other.id) == (first, second)


def test_a_mail_has_its_row_before_anybody_is_told(world: World) -> None:
    case_id = world.submit()
    rows = world.session.execute(select(OutboxRow).where(OutboxRow.case_id == case_id)).scalars()
    assert {(row.kind, row.state, row.attempts) for row in rows} == {
        ("mail", "pending", 0),
        ("document", "pending", 0),
    }
