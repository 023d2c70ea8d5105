"""Notices spoken to registered telephones: who is rung up, when, how often, and that a removal waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal import audit, receipts, throttle
from portal.casework import approval, deactivation, intake, notice_calls, verification, waiting
from portal.casework.context import Refused
from portal.domain.notices import NOTICES, SPOKEN, waking
from portal.models import Case, Objection, OutboxRow, PhoneCall
from tests.post import work_off
from tests.ringing import check_by_call, end, pick_up, placed, press, spoken_rows, told
from tests.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk that can call somebody."""
    made = World(database_url, tmp_path, telephone="demo")
    yield made
    made.close()


def rung(world: World) -> PhoneCall:
    """The one call that rings now for a notice."""
    told(world)
    calls = placed(world)
    assert len(calls) == 1
    return calls[0]


def heard(world: World, call: PhoneCall) -> None:
    pick_up(world, call)
    press(world, call, "")


def unanswered(world: World) -> None:
    """Ring as often as it is tried, with nobody there."""
    for _ in range(world.runtime.limits.notice_call_tries):
        end(world, rung(world), "no-answer")
        world.now += world.runtime.limits.notice_call_again


def at(hour: int, minute: int = 0, day: int = 24) -> datetime:
    """A moment on a clock in Tokyo."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=9)


# who is rung up, and who is not


def test_an_approval_is_spoken_to_every_registered_telephone(world: World) -> None:
    account = world.account()
    with world.system.act():
        world.contact(account, "phone", "+81312345678", since=world.now - timedelta(days=60))
    case_id = world.approved()
    rows = spoken_rows(world, "approved")
    assert {row.contact_id for row in rows} == {one.id for one in world.contacts(account, "phone")}
    assert {(row.security, row.case_id, row.language) for row in rows} == {(True, case_id, "ja+en")}


def test_a_spoken_notice_carries_no_link(world: World) -> None:
    world.account()
    world.approved()
    assert [world.params(row)["links"] for row in spoken_rows(world)] == [{}]


def test_without_a_telephone_no_notice_is_spoken(database_url: str, tmp_path: Path) -> None:
    silent = World(database_url, tmp_path)
    account = silent.account()
    silent.approved()
    with silent.system.act():
        notice_calls.tell_account(silent.system, account, "phone_changed", params={}, cause="a change")
    assert spoken_rows(silent) == []
    silent.close()


def test_filing_a_request_rings_nobody_up(world: World) -> None:
    world.account()
    for _ in range(3):
        world.queued(reply_email="new@elsewhere.example")
    assert spoken_rows(world) == []


def test_what_is_spoken_always_holds_a_removal_up_and_is_never_a_strangers_doing() -> None:
    spoken = [notice for notices in NOTICES.values() for notice in notices if notice.spoken]
    assert all(notice.security and notice.audience == "contacts" for notice in spoken)
    assert {notice.key for notice in spoken} <= set(SPOKEN)


def test_a_number_retired_lately_is_rung_up_too(world: World) -> None:
    account = world.account()
    with world.system.act():
        world.contacts(account, "phone")[0].retired_at = world.now - timedelta(days=29)
    world.approved()
    assert len(spoken_rows(world, "approved")) == 1


def test_the_number_is_the_one_of_the_register_when_it_rings(world: World) -> None:
    account = world.account()
    world.approved()
    phone = world.contacts(account, "phone")[0]
    with world.system.act():
        world.runtime.vault.seal(world.session, account.subject_id, phone, "value", "+819011112222")
    call = rung(world)
    assert pick_up(world, call) is not None  # with the number as it is now


# the wait is told before it runs


def test_the_wait_starts_when_the_call_was_heard_too(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    assert world.case(case_id).waiting_started_at is None
    heard(world, rung(world))
    case = world.case(case_id)
    assert case.waiting_started_at == world.now
    assert case.waiting_hours == 24


def test_a_message_left_on_a_machine_has_arrived(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    pick_up(world, rung(world), machine=True)
    assert world.case(case_id).waiting_hours == 24
    assert [row.state for row in spoken_rows(world, "approved")] == ["done"]


def test_who_listens_to_it_and_hangs_up_has_heard_it(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    call = rung(world)
    pick_up(world, call)
    world.now += notice_calls.HEARD_AFTER
    end(world, call, "completed")
    assert world.case(case_id).waiting_started_at == world.now


def test_who_hangs_up_at_once_has_not_heard_it(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    call = rung(world)
    pick_up(world, call)
    world.now += timedelta(seconds=3)
    end(world, call, "completed")
    assert world.case(case_id).waiting_started_at is None
    assert [row.state for row in spoken_rows(world)] == ["pending"]


def test_a_telephone_that_nobody_answers_makes_the_wait_a_week(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    unanswered(world)
    case = world.case(case_id)
    assert case.waiting_hours == 168
    assert [row.state for row in spoken_rows(world, "approved")] == ["dead"]


def test_tries_are_an_hour_apart_and_no_more_than_allowed(world: World) -> None:
    world.account()
    world.cooling_off()
    first = rung(world)
    end(world, first, "busy")
    world.now += world.runtime.limits.notice_call_again - timedelta(minutes=1)
    told(world)
    assert placed(world) == []
    world.now += timedelta(minutes=1)
    second = rung(world)
    end(world, second, "failed")
    world.now += world.runtime.limits.notice_call_again
    end(world, rung(world), "no-answer")
    world.now += timedelta(hours=2)
    told(world)
    assert placed(world) == []


def test_a_telephone_that_was_told_is_somebody_else_than_the_mailbox_that_served_as_proof(
    world: World,
) -> None:
    world.account(second_email=None)
    case_id = world.cooling_off()
    heard(world, rung(world))
    assert world.case(case_id).waiting_hours == 24


def test_a_telephone_that_served_as_proof_is_nobody_else(world: World) -> None:
    world.account(second_email=None)
    case_id = world.verifying()
    verification.ask(world.as_("alice"), case_id, ["H2"])
    check_by_call(world, case_id)
    world.check("alice", case_id)
    world.propose("alice", case_id)
    world.open_checks("bob", case_id)
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    world.deliver()
    heard(world, rung(world))
    assert world.case(case_id).waiting_hours == 168


def test_a_removal_is_not_executed_while_a_call_is_still_to_come(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    world.pass_time(hours=2)
    with pytest.raises(Refused):
        deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    assert world.status(case_id) == "cooling_off"


# at night


@pytest.mark.parametrize(
    ("moment", "rings"),
    [
        (at(8), at(8)),
        (at(20, 59), at(20, 59)),
        (at(21), at(8, day=25)),
        (at(23, 59), at(8, day=25)),
        (at(0), at(8)),
        (at(7, 59), at(8)),
    ],
)
def test_nobody_is_rung_up_between_nine_in_the_evening_and_eight(moment: datetime, rings: datetime) -> None:
    assert waking(moment) == rings


def test_an_approval_in_the_evening_is_spoken_in_the_morning(world: World) -> None:
    world.now = at(21, 5)
    world.account()
    world.approved()
    told(world)
    assert placed(world) == []
    world.now = at(8, day=25)
    assert rung(world).outcome is None


def test_a_second_try_does_not_ring_at_night(world: World) -> None:
    world.now = at(20, 30)
    world.account()
    world.approved()
    end(world, rung(world), "no-answer")
    world.now = at(22)
    told(world)
    assert placed(world) == []
    assert spoken_rows(world)[0].not_before == at(8, day=25)


def test_what_is_no_longer_true_in_the_morning_is_not_said(world: World) -> None:
    world.now = at(21, 5)
    world.account()
    case_id = world.approved()
    intake.withdraw(world.owner, case_id, "device_works")
    world.now = at(8, day=25)
    told(world)
    assert placed(world) == []
    assert [row.state for row in spoken_rows(world, "approved")] == ["cancelled"]


# 9


def test_nine_on_an_approval_freezes_the_case(world: World) -> None:
    account = world.account()
    case_id = world.approved()
    call = rung(world)
    pick_up(world, call)
    press(world, call, "9")
    assert world.status(case_id) == "frozen"
    said = world.session.execute(select(Objection).where(Objection.case_id == case_id)).scalar_one()
    assert (said.channel, said.contact_id) == ("call", world.contacts(account, "phone")[0].id)
    assert [row.state for row in spoken_rows(world, "approved")] == ["done"]


def test_nine_pressed_twice_is_one_objection(world: World) -> None:
    world.account()
    case_id = world.approved()
    call = rung(world)
    pick_up(world, call)
    press(world, call, "9")
    press(world, call, "9")
    count = select(func.count()).select_from(Objection).where(Objection.case_id == case_id)
    assert world.session.execute(count).scalar_one() == 1


def test_nine_on_a_notice_about_the_account_opens_a_case_that_is_frozen(world: World) -> None:
    account = world.account()
    with world.system.act():
        said = {"removed_at": audit.timestamp(world.now)}
        notice_calls.tell_account(world.system, account, "self_service_done", params=said, cause="an attempt")
    call = rung(world)
    pick_up(world, call)
    press(world, call, "9")
    opened = world.session.execute(select(Case).where(Case.account_id == account.id)).scalar_one()
    assert opened.status == "frozen"
    assert [row.state for row in spoken_rows(world, "self_service_done")] == ["done"]


# a worker that dies, limits, and telling again


def test_telling_the_same_cause_again_rings_nobody_twice(world: World) -> None:
    account = world.account()
    for _ in range(2):
        with world.system.act():
            notice_calls.tell_account(world.system, account, "phone_reverted", params={}, cause="a change")
    assert len(spoken_rows(world, "phone_reverted")) == 1


def test_a_worker_that_lost_the_row_rings_nobody(world: World) -> None:
    world.account()
    world.approved()
    row = spoken_rows(world)[0]
    assert not notice_calls.carry(world.system, row.id, "somebody else")
    assert placed(world) == []


def test_a_row_carried_on_twice_rings_once(world: World) -> None:
    world.account()
    world.approved()
    told(world)
    with world.system.act():
        row = world.session.get_one(OutboxRow, spoken_rows(world)[0].id)
        row.not_before = world.now
    told(world)
    assert len(placed(world)) == 1


def test_a_call_whose_end_nobody_tells_is_looked_after(world: World) -> None:
    world.account()
    world.cooling_off()
    call = rung(world)
    world.now = call.expires_at + timedelta(seconds=1)
    told(world)
    assert placed(world) == []
    world.now += world.runtime.limits.notice_call_again
    told(world)
    assert len(placed(world)) == 1


def test_the_real_worker_rings_once_and_starts_the_wait_when_nobody_ever_answers(world: World) -> None:
    world.account()
    case_id = world.approved()
    work_off(world)
    for _ in range(world.runtime.limits.notice_call_tries):
        (call,) = [one for one in calls_of(world) if one.outcome is None]
        assert call.state == "calling"
        end(world, call, "no-answer")
        world.now += HOUR
        work_off(world)
    assert len(calls_of(world)) == world.runtime.limits.notice_call_tries
    assert world.case(case_id).waiting_hours == 168


def calls_of(world: World) -> list[PhoneCall]:
    world.session.rollback()
    query = select(PhoneCall).order_by(PhoneCall.created_at)
    return list(world.session.execute(query.execution_options(populate_existing=True)).scalars())


def use_up_all_calls(world: World) -> None:
    with world.system.act():
        for _ in range(world.runtime.limits.calls_in_all_hour):
            throttle.hit(
                world.session, world.runtime.vault, "call_all_hour", "all", window=HOUR, now=world.now
            )


def test_used_up_calls_put_a_notice_off(world: World) -> None:
    world.account()
    world.cooling_off()
    use_up_all_calls(world)
    told(world)
    assert placed(world) == []
    world.now += HOUR
    assert rung(world).notice == "approved"


def test_a_notice_that_the_limits_never_let_through_has_failed_at_last(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    world.now += notice_calls.GIVE_UP + HOUR
    use_up_all_calls(world)
    told(world)
    waiting.settle_notices(world.system, case_id)
    assert [row.state for row in spoken_rows(world, "approved")] == ["dead"]
    assert world.case(case_id).waiting_hours == 168


def test_a_number_that_is_never_called_makes_the_wait_a_week(world: World) -> None:
    world.account(phone="+447700900123")
    case_id = world.cooling_off()
    told(world)
    waiting.settle_notices(world.system, case_id)
    assert [row.last_error for row in spoken_rows(world, "approved")] == ["phone_not_callable"]
    assert world.case(case_id).waiting_hours == 168


def test_reminders_of_the_last_resort_are_spoken_every_week(world: World) -> None:
    world.account()
    case_id = world.last_resort()
    heard(world, rung(world))
    assert world.case(case_id).waiting_hours == 720
    world.pass_time(days=7)
    call = rung(world)
    assert call.notice == "waiting_reminder"


def test_after_the_removal_the_telephones_are_told(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    heard(world, rung(world))
    world.deliver()
    world.pass_time(hours=25)
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    deactivation.carry_out(world.system, case_id)
    assert rung(world).notice == "deactivated"


def test_the_completion_paper_names_the_telephone_that_was_told(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    heard(world, rung(world))
    world.deliver()
    world.pass_time(hours=25)
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    deactivation.carry_out(world.system, case_id)
    paper = receipts.document_of(world.system, world.case(case_id), "completion")
    assert paper is not None
    assert "***-****-5678" in receipts.open_facts(world.system, paper)["contacts_told"]
