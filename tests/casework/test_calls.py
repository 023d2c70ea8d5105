"""Who may be called how often, from whatever account, browser and network it is asked; and that a telephone rings once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal import throttle, tokens
from portal.casework import calls
from portal.casework.context import Context, Origin, Refused, Throttled
from portal.contact import may_be_called
from portal.domain.self_service import CALL_KINDS
from portal.models import Account, OutboxRow, PhoneCall
from portal.telephone import TelephoneError
from tests import calling
from tests.calling import NUMBER, ask, ring, seen
from tests.post import work_off
from tests.together import together
from tests.world import OWNER, World

OTHER_NUMBER = "+819087654321"


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = calling.desk(database_url, tmp_path)
    yield made
    made.close()


def second_account(world: World, *, phone: str = OTHER_NUMBER, number: str = "999999999999") -> Account:
    return world.account(
        number=number,
        account_email=f"a{number}@mail.example",
        second_email=f"b{number}@mail.example",
        phone=phone,
    )


def from_network(world: World, address: str) -> Context:
    return world.runtime.context(world.session, OWNER, Origin(address, "Test browser", ""))


def no_answer(
    world: World, account: Account, *, address: str = "192.0.2.7", number: str = NUMBER
) -> PhoneCall:
    """A call that rings out, and the pause after it."""
    ctx = from_network(world, address)
    call = ask(world, account, ctx=ctx, number=number, self_service_id=calling.attempt(world, account).id)
    ring(world, call, number=number)
    calling.report(world, call, "no-answer", number=number)
    world.now += timedelta(seconds=60)
    return call


def placed(world: World) -> int:
    world.session.rollback()
    return len(world.session.execute(select(PhoneCall.id)).all())


# limits


def test_three_calls_an_hour_go_to_one_number(desk: World) -> None:
    account = desk.account()
    for place in range(3):
        no_answer(desk, account, address=f"192.0.2.{place}")
    with pytest.raises(Refused, match="calls_used_up"):
        no_answer(desk, account, address="198.51.100.1")
    desk.now += timedelta(hours=1)
    no_answer(desk, account)


def test_the_number_is_counted_whatever_account_it_stands_in(desk: World) -> None:
    accounts = [desk.account(), *(second_account(desk, phone=NUMBER, number=f"{n}" * 12) for n in (7, 8))]
    for place, account in enumerate(accounts):
        no_answer(desk, account, address=f"192.0.2.{place}")
    with pytest.raises(Refused, match="calls_used_up"):
        no_answer(desk, accounts[0], address="198.51.100.1")


def test_five_calls_a_day_go_to_one_number(desk: World) -> None:
    account = desk.account()
    for hour in range(5):
        no_answer(desk, account, address=f"192.0.2.{hour}")
        desk.now += timedelta(hours=1)
    with pytest.raises(Refused, match="calls_used_up"):
        no_answer(desk, account)


def test_ten_calls_a_day_belong_to_one_account_whatever_the_number(desk: World) -> None:
    account = desk.account()
    for place in range(10):
        no_answer(desk, account, address=f"192.0.2.{place}", number=f"+8190123400{place:02}")
        desk.now += timedelta(minutes=20)
    with pytest.raises(Refused, match="calls_used_up"):
        no_answer(desk, account, address="198.51.100.1", number="+819012340099")


def test_five_calls_an_hour_are_asked_for_from_one_network(desk: World) -> None:
    for place in range(5):
        account = second_account(desk, phone=f"+81901234000{place}", number=f"{place}" * 12)
        no_answer(desk, account, number=f"+81901234000{place}")
    with pytest.raises(Refused, match="calls_used_up"):
        no_answer(desk, desk.account())


def test_colleagues_in_one_office_do_not_use_up_each_others_call_backs(desk: World) -> None:
    for place in range(7):
        number = f"+81901234000{place}"
        account = second_account(desk, phone=number, number=f"{place}" * 12)
        ctx = replace(desk.as_("alice"), origin=Origin("192.0.2.9", "", ""))
        assert ask(desk, account, "callback", ctx=ctx, number=number).state == "queued"


def test_the_breaker_stops_everybody_and_is_on_record_once_an_hour(database_url: str, tmp_path: Path) -> None:
    desk = calling.desk(database_url, tmp_path, limit_overrides={"calls_in_all_hour": "2"})
    numbers = [f"+81901234000{place}" for place in range(4)]
    accounts = [second_account(desk, phone=number, number=f"{n}" * 12) for n, number in enumerate(numbers)]
    for account, number in list(zip(accounts, numbers, strict=True))[:2]:
        no_answer(desk, account, number=number)
    for account, number in list(zip(accounts, numbers, strict=True))[2:]:
        with pytest.raises(Refused, match="calls_used_up"):
            no_answer(desk, account, number=number)
    assert calling.tags(desk, "system").count("system:calls:stopped") == 1
    desk.now += timedelta(hours=1)
    no_answer(desk, accounts[2], number=numbers[2])
    desk.close()


def test_between_two_calls_to_one_number_a_minute_goes_by(desk: World) -> None:
    account = desk.account()
    no_answer(desk, account)
    desk.now -= timedelta(seconds=41)
    with pytest.raises(Throttled) as refused:
        no_answer(desk, account)
    assert refused.value.details["retry_after"] == 41


def test_who_is_refused_uses_up_nothing(desk: World) -> None:
    account = desk.account()
    no_answer(desk, account)
    desk.now -= timedelta(seconds=30)
    attempt = calling.attempt(desk, account).id
    for _ in range(20):
        with pytest.raises(Throttled):
            ask(desk, account, self_service_id=attempt)
    desk.now += timedelta(seconds=30)
    no_answer(desk, account)
    no_answer(desk, account)
    assert placed(desk) == 3


def test_a_refusal_takes_back_its_counts_also_where_the_act_goes_on(desk: World) -> None:
    account = desk.account()
    with desk.owner.act():
        for _ in range(9):
            with pytest.raises(Refused):
                ask(desk, account, number="+4790000000")
        first = ask(desk, account, self_service_id=calling.attempt(desk, account).id)
        for _ in range(9):
            with pytest.raises(Throttled):
                ask(desk, account)
    assert seen(desk, first).state == "queued"
    with desk.system.act():
        key = f"code|{calls.digest_of(desk.system, NUMBER)}"
        hour = timedelta(hours=1)
        rule = "call_number_hour"
        assert throttle.hit(desk.session, desk.runtime.vault, rule, key, window=hour, now=desk.now) == 2


def test_a_thief_uses_up_none_of_the_calls_that_warn_the_holder(desk: World) -> None:
    account = desk.account()
    for place in range(3):
        no_answer(desk, account, address=f"192.0.2.{place}")
    assert ask(desk, account, "notice", ctx=desk.system, notice="calls_off").state == "queued"


def test_two_requests_at_once_make_one_call(database_url: str, tmp_path: Path) -> None:
    desk = calling.desk(database_url, tmp_path)
    account = desk.account()
    attempt, account_id = calling.attempt(desk, account).id, account.id
    desk.session.rollback()

    def press() -> bool:
        with desk.runtime.sessions() as session:
            ctx = desk.runtime.context(session, OWNER)
            try:
                with ctx.act():
                    calls.request(
                        ctx,
                        "proof",
                        account=session.get_one(Account, account_id),
                        contact=None,
                        number=NUMBER,
                        language="ja",
                        code_for="cookie",
                        self_service_id=attempt,
                    )
            except Throttled:
                return False
            return True

    assert sorted(together(4, press)) == [False, False, False, True]
    assert placed(desk) == 1
    desk.close()


# countries and lines


@pytest.mark.parametrize(
    "number",
    [
        "+819012345678",
        "+81312345678",
        "+815012345678",
        "+819000000000",
    ],
)
def test_lines_on_which_people_answer_in_japan_are_called(number: str) -> None:
    assert may_be_called(number, ("81",))


@pytest.mark.parametrize(
    "number",
    [
        "+81990123456",  # premium rate
        "+81570012345",  # shared cost
        "+81120123456",  # free of charge
        "+812012345678",  # pagers
        "+14155550100",
        "+447911123456",
        "+18765550123",  # Jamaica
        "+882161234567",  # satellite
        "",
        "0",
        "+81",
        "110",
        "+8190123456789012",
        "sip:me@else.example",
        "+819012345678;ext=9",
    ],
)
def test_no_other_line_is_called(number: str) -> None:
    assert not may_be_called(number, ("81",))


def test_the_caribbean_shares_a_code_and_is_not_called_for_it() -> None:
    assert may_be_called("+12125550123", ("81", "1")) or may_be_called("+12124567890", ("1",))
    assert not may_be_called("+18764567890", ("81", "1"))
    assert not may_be_called("+12124567890", ("81",))


@pytest.mark.parametrize("kind", CALL_KINDS)
def test_a_number_that_may_not_be_called_gets_no_call_of_any_kind(desk: World, kind: str) -> None:
    account = desk.account(phone="+14155550100")
    with pytest.raises(Refused, match="phone_not_callable"):
        ask(desk, account, kind, number="+14155550100")
    assert placed(desk) == 0


def test_the_countries_are_those_of_the_settings(database_url: str, tmp_path: Path) -> None:
    desk = calling.desk(database_url, tmp_path, call_countries=("44",))
    account = desk.account(phone="+447911123456")
    with pytest.raises(Refused, match="phone_not_callable"):
        ask(desk, account)
    assert ask(desk, account, number="+447911123456").state == "queued"
    desk.close()


def test_without_a_telephone_nobody_is_called(world: World) -> None:
    account = world.account()
    with pytest.raises(Refused, match="no_telephone"):
        ask(world, account)


# one call at a time, and one for each thing


def test_another_call_for_the_same_attempt_ends_the_one_before(desk: World) -> None:
    account = desk.account()
    attempt = calling.attempt(desk, account).id
    first = ask(desk, account, self_service_id=attempt)
    ring(desk, first)
    desk.now += timedelta(seconds=60)
    second = ask(desk, account, self_service_id=attempt)
    assert (seen(desk, first).outcome, seen(desk, second).outcome) == ("expired", None)
    newest = calls.last_call(desk.system, self_service_id=attempt)
    assert newest is not None
    assert (newest.id, newest.state in calls.LIVE) == (second.id, True)


def test_who_is_on_the_line_is_not_cut_off_by_another_call(desk: World) -> None:
    account = desk.account()
    call = calling.connected(desk, account)
    desk.now += timedelta(seconds=61)
    with pytest.raises(Refused, match="call_running"):
        ask(desk, account, self_service_id=call.self_service_id)
    assert seen(desk, call).state == "answered"


def test_a_number_that_is_being_called_is_not_called_for_something_else(desk: World) -> None:
    account = desk.account()
    calling.ringing(desk, account)
    desk.now += timedelta(seconds=61)
    with pytest.raises(Refused, match="call_running"):
        ask(desk, account, self_service_id=calling.attempt(desk, account).id)


def test_the_digits_differ_for_each_call_and_each_screen(desk: World) -> None:
    account = desk.account()
    first = no_answer(desk, account)
    second = no_answer(desk, account)
    shown = {
        calls.code_of(desk.system, call, material) for call in (first, second) for material in ("a", "b")
    }
    assert len(shown) == 4
    assert all(len(digits) == 6 and digits.isascii() and digits.isdigit() for digits in shown)


# a telephone rings once


def test_the_worker_has_the_telephone_ring_once(desk: World) -> None:
    account = desk.account()
    call = ask(desk, account, self_service_id=calling.attempt(desk, account).id)
    work_off(desk)
    now = seen(desk, call)
    assert (now.state, now.provider_id) == ("calling", f"demo-{call.id}")
    row = desk.session.execute(select(OutboxRow).where(OutboxRow.kind == "call")).scalar_one()
    assert (row.state, row.sealed_params) == ("done", None)


def test_a_call_rings_after_whoever_waits_has_read_the_digits(desk: World) -> None:
    account = desk.account()
    attempt = calling.attempt(desk, account).id
    call = ask(desk, account, self_service_id=attempt, after=timedelta(seconds=8))
    work_off(desk)
    assert seen(desk, call).state == "queued"
    desk.now += timedelta(seconds=8)
    work_off(desk)
    assert seen(desk, call).state == "calling"


def test_a_worker_that_died_while_asking_lets_nobodys_telephone_ring_twice(desk: World) -> None:
    account = desk.account()
    call = ask(desk, account, self_service_id=calling.attempt(desk, account).id)

    class Dies(calling.Recorder):
        def place(self, wanted: calling.Placing) -> str:
            super().place(wanted)
            raise KeyboardInterrupt

    telephone = Dies()
    with pytest.raises(KeyboardInterrupt):
        ring(desk, call, telephone)
    desk.session.rollback()
    ring(desk, call, telephone)
    assert len(telephone.rung) == 1
    assert seen(desk, call).outcome == "failed"


def test_a_call_that_the_provider_refuses_has_failed(desk: World) -> None:
    account = desk.account()
    call = ask(desk, account, self_service_id=calling.attempt(desk, account).id)
    telephone = calling.Recorder(error=TelephoneError("no such number", permanent=True))
    ring(desk, call, telephone)
    ring(desk, call, telephone)
    assert (seen(desk, call).outcome, len(telephone.rung)) == ("failed", 1)


def test_a_call_that_rang_although_the_answer_was_lost_goes_on(desk: World) -> None:
    account = desk.account()
    call = ask(desk, account, self_service_id=calling.attempt(desk, account).id)

    class Loses(calling.Recorder):
        def place(self, wanted: calling.Placing) -> str:
            calling.answer(desk, call)
            raise TelephoneError("no answer in time")

    ring(desk, call, Loses())
    assert seen(desk, call).state == "answered"
    calling.key(desk, call, calling.code(desk, call))
    assert seen(desk, call).outcome == "confirmed"


@pytest.mark.parametrize("late", [timedelta(minutes=5), timedelta(hours=3)])
def test_a_call_that_waited_too_long_is_not_placed(desk: World, late: timedelta) -> None:
    account = desk.account()
    call = ask(desk, account, self_service_id=calling.attempt(desk, account).id)
    desk.now += late
    telephone = calling.Recorder()
    ring(desk, call, telephone)
    assert (telephone.rung, seen(desk, call).outcome) == ([], "expired")


def test_a_call_that_was_ended_meanwhile_is_not_placed(desk: World) -> None:
    account = desk.account()
    call = ask(desk, account, self_service_id=calling.attempt(desk, account).id)
    with desk.system.act():
        calls.end(desk.system, desk.session.get_one(PhoneCall, call.id), "expired")
    telephone = calling.Recorder()
    ring(desk, call, telephone)
    assert telephone.rung == []


def test_only_a_notice_speaks_to_machines(desk: World) -> None:
    account = desk.account()
    telephone = calling.Recorder()
    ring(desk, ask(desk, account, self_service_id=calling.attempt(desk, account).id), telephone)
    desk.now += timedelta(minutes=6)
    ring(desk, ask(desk, account, "notice", ctx=desk.system, notice="calls_off"), telephone)
    assert [wanted.speaks_to_machines for wanted in telephone.rung] == [False, True]


def test_the_path_of_a_call_is_a_token_that_only_the_keys_can_tell(desk: World) -> None:
    call = calling.ringing(desk)
    path = calling.path(desk, call)
    assert tokens.FORM.match(path)
    assert call.path_hash == tokens.digest(path)
    assert path not in str(vars(call))


def test_asking_and_ending_are_on_the_accounts_record(desk: World) -> None:
    account = desk.account()
    call = calling.connected(desk, account)
    calling.key(desk, call, calling.code(desk, call))
    found = [tag for tag in calling.tags(desk, f"account:{account.id}") if ":call:" in tag]
    assert found == ["account:call:asked", "account:call:ended"]
