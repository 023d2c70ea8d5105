"""What a call can be made to do: forged, replayed, late, out of order, twice at once; and that counts outlive all of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from portal.casework import answering, calls, objection
from portal.casework.context import NotFound, Refused
from portal.domain.lifecycle import SYSTEM
from portal.models import Account, Case, DirectoryPrincipal, LinkToken, PhoneCall, SelfService
from tests import calling
from tests.calling import answer, code, connected, key, report, ringing, seen, wrong
from tests.post import written
from tests.together import together
from tests.world import World

STRANGE = (
    "１２３４５６",
    "٤٨٢١٩٥",
    "482195\n",
    " 482195",
    "4821950",
    "48219",
    "48219a",
    "+48219",
    "9\n",
    "#",
)


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = calling.desk(database_url, tmp_path)
    yield made
    made.close()


def attempt_of(world: World, call: PhoneCall) -> SelfService:
    return world.session.get_one(SelfService, call.self_service_id, populate_existing=True)


def state(world: World, call: PhoneCall) -> tuple[str, str | None, int]:
    now = seen(world, call)
    return now.state, now.outcome, now.tries


# what is meant to work


def test_the_right_digits_prove_the_telephone(desk: World) -> None:
    call = connected(desk)
    said = key(desk, call, code(desk, call))
    assert said is not None
    assert (said.say, said.listen) == ("right", 0)
    assert state(desk, call) == ("ended", "confirmed", 1)
    assert attempt_of(desk, call).call_at == desk.now


def test_who_answers_hears_what_it_is_about_before_any_digits(desk: World) -> None:
    call = ringing(desk)
    said = answer(desk, call)
    assert said is not None
    assert (said.say, said.listen) == ("proof", 6)


def test_a_wrong_entry_may_be_followed_by_the_right_one(desk: World) -> None:
    call = connected(desk)
    said = key(desk, call, wrong(desk, call))
    assert said is not None
    assert (said.say, said.listen) == ("wrong", 6)
    key(desk, call, code(desk, call))
    assert state(desk, call) == ("ended", "confirmed", 2)


def test_silence_is_no_try_and_hears_it_once_more(desk: World) -> None:
    call = connected(desk)
    said = key(desk, call, "")
    assert said is not None
    assert said.say == "proof"
    assert state(desk, call) == ("answered", None, 0)


@pytest.mark.parametrize("pressed", ["99", "999", "9#"])
def test_nine_stops_however_often_a_frightened_person_presses_it(desk: World, pressed: str) -> None:
    call = connected(desk)
    said = key(desk, call, pressed)
    assert said is not None
    assert said.say == "stopped"
    assert attempt_of(desk, call).ended_at is not None


def test_nine_stops_and_freezes(desk: World) -> None:
    call = connected(desk)
    said = key(desk, call, "9")
    assert said is not None
    assert (said.say, said.listen) == ("stopped", 0)
    assert state(desk, call) == ("ended", "stopped", 0)
    assert attempt_of(desk, call).ended_at is not None
    case = desk.session.execute(select(Case)).scalar_one()
    assert (case.status, case.account_id) == ("frozen", call.account_id)


def test_a_machine_is_asked_for_no_digits(desk: World) -> None:
    call = ringing(desk)
    assert answer(desk, call, machine=True) is None
    assert state(desk, call) == ("ended", "machine", 0)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("busy", "busy"), ("no-answer", "no_answer"), ("failed", "failed"), ("canceled", "failed")],
)
def test_what_the_provider_reports_is_how_the_call_ended(desk: World, status: str, outcome: str) -> None:
    call = ringing(desk)
    report(desk, call, status)
    assert state(desk, call) == ("ended", outcome, 0)


def test_who_hangs_up_before_the_digits_has_hung_up(desk: World) -> None:
    call = connected(desk)
    report(desk, call, "completed")
    assert state(desk, call) == ("ended", "hung_up", 0)


# forged


@pytest.mark.parametrize(
    "changes",
    [
        {"provider_id": "CA-of-another-call"},
        {"provider_id": ""},
        {"number": "+819099999999"},
        {"number": ""},
        {"path": "A" * 43},
        {"path": "' OR 1=1"},
        {"path": ""},
    ],
    ids=str,
)
def test_what_fits_no_call_changes_nothing(desk: World, changes: dict[str, str]) -> None:
    call = ringing(desk)
    for forged in (
        lambda: answer(desk, call, **changes),
        lambda: key(desk, call, code(desk, call), **changes),
        lambda: key(desk, call, "9", **changes),
        lambda: report(desk, call, "busy", **changes),
    ):
        with pytest.raises(NotFound):
            forged()
    assert state(desk, call) == ("calling", None, 0)


def test_the_digits_of_one_call_are_worth_nothing_in_another(desk: World) -> None:
    first = connected(desk)
    other = desk.account(
        number="999999999999",
        account_email="o@mail.example",
        second_email="p@mail.example",
        phone="+819087654321",
    )
    other_call = calling.ask(
        desk, other, number="+819087654321", self_service_id=calling.attempt(desk, other).id
    )
    calling.ring(desk, other_call)
    answer(desk, other_call, number="+819087654321")
    said = key(desk, other_call, code(desk, first), number="+819087654321")
    assert said is not None
    assert said.say == "wrong"
    with pytest.raises(NotFound):
        answering.keyed(
            **{**calling.says(desk, first), "path": calling.path(desk, other_call)}, digits=code(desk, first)
        )
    assert seen(desk, first).outcome is None


def test_a_call_that_was_never_placed_takes_no_digits(desk: World) -> None:
    account = desk.account()
    call = calling.ask(desk, account, self_service_id=calling.attempt(desk, account).id)
    for forged in (lambda: answer(desk, call), lambda: key(desk, call, code(desk, call))):
        with pytest.raises(NotFound):
            forged()
    assert state(desk, call) == ("queued", None, 0)


def test_one_id_of_the_provider_belongs_to_one_call(desk: World) -> None:
    first = connected(desk)
    desk.now += timedelta(minutes=2)
    other = desk.account(
        number="999999999999",
        account_email="o@mail.example",
        second_email="p@mail.example",
        phone="+819087654321",
    )
    number = "+819087654321"
    late = calling.ask(desk, other, number=number, self_service_id=calling.attempt(desk, other).id)
    with desk.system.act():
        desk.session.execute(
            update(PhoneCall).where(PhoneCall.id == late.id).values(state="calling", placed_at=desk.now)
        )
    with pytest.raises(NotFound):
        answer(desk, late, number=number, provider_id=calling.sid(first.id))
    assert seen(desk, late).provider_id is None


# late, replayed, out of order


def test_digits_before_the_answer_are_not_taken(desk: World) -> None:
    call = ringing(desk)
    assert key(desk, call, code(desk, call)) is None
    assert key(desk, call, "9") is None
    assert state(desk, call) == ("calling", None, 0)


def test_digits_after_five_minutes_prove_nothing(desk: World) -> None:
    call = connected(desk)
    right = code(desk, call)
    desk.now += timedelta(minutes=5)
    said = key(desk, call, right)
    assert said is not None
    assert (said.say, said.listen) == ("expired", 0)
    assert state(desk, call) == ("ended", "expired", 0)
    assert attempt_of(desk, call).call_at is None


def test_an_answer_after_five_minutes_is_hung_up_on(desk: World) -> None:
    call = ringing(desk)
    desk.now += timedelta(minutes=5)
    assert answer(desk, call) is None
    assert state(desk, call) == ("ended", "expired", 0)


@pytest.mark.parametrize("last", ["9", "right", "wrong"])
def test_after_the_end_of_a_call_nothing_counts_any_more(desk: World, last: str) -> None:
    account = desk.account()
    call = connected(desk, account)
    right = code(desk, call)
    for digits in {"9": ["9"], "right": [right], "wrong": [wrong(desk, call)] * 3}[last]:
        key(desk, call, digits)
    ended, failed = state(desk, call), calling.failures(desk, account)
    cases = desk.session.execute(select(Case.id)).scalars().all()
    for digits in (right, wrong(desk, call), "9", ""):
        assert key(desk, call, digits) is None
    assert answer(desk, call) is None
    report(desk, call, "completed")
    report(desk, call, "busy")
    assert (state(desk, call), calling.failures(desk, account)) == (ended, failed)
    assert desk.session.execute(select(Case.id)).scalars().all() == cases


def test_a_report_of_ringing_changes_nothing(desk: World) -> None:
    call = connected(desk)
    for late in ("initiated", "ringing", "in-progress", "queued", "", "completed\n"):
        report(desk, call, late)
    assert state(desk, call) == ("answered", None, 0)


def test_the_answer_told_twice_asks_twice_and_changes_nothing(desk: World) -> None:
    call = connected(desk)
    at = call.answered_at
    key(desk, call, wrong(desk, call))
    desk.now += timedelta(seconds=10)
    said = answer(desk, call)
    assert said is not None
    assert said.say == "proof"
    assert (seen(desk, call).tries, seen(desk, call).answered_at) == (1, at)


def test_a_machine_reported_after_a_person_answered_ends_nothing(desk: World) -> None:
    call = connected(desk)
    answer(desk, call, machine=True)
    assert state(desk, call) == ("answered", None, 0)


def test_the_question_that_is_faster_than_the_answer_to_us_binds_the_call(desk: World) -> None:
    account = desk.account()
    call = calling.ask(desk, account, self_service_id=calling.attempt(desk, account).id)

    class Fast(calling.Recorder):
        def place(self, wanted: calling.Placing) -> str:
            answer(desk, call)
            return super().place(wanted)

    calling.ring(desk, call, Fast())
    now = seen(desk, call)
    assert (now.state, now.provider_id) == ("answered", calling.sid(call.id))
    key(desk, call, code(desk, call))
    assert seen(desk, call).outcome == "confirmed"


# guessing


def test_a_fourth_try_is_not_taken_even_if_it_is_right(desk: World) -> None:
    call = connected(desk)
    said = [key(desk, call, wrong(desk, call)) for _ in range(3)]
    assert [one.say for one in said if one] == ["wrong", "wrong", "wrong_goodbye"]
    assert key(desk, call, code(desk, call)) is None
    assert state(desk, call) == ("ended", "wrong", 3)


@pytest.mark.parametrize("digits", STRANGE, ids=ascii)
def test_what_only_looks_like_digits_is_a_wrong_try(desk: World, digits: str) -> None:
    call = connected(desk)
    said = key(desk, call, digits)
    assert said is not None
    assert said.say == "wrong"
    assert state(desk, call) == ("answered", None, 1)


def test_the_right_digits_in_another_script_are_wrong(desk: World) -> None:
    call = connected(desk)
    full_width = code(desk, call).translate({ord("0") + n: ord("０") + n for n in range(10)})
    for digits in (full_width, f"{code(desk, call)}\n"):
        said = key(desk, call, digits)
        assert said is not None
        assert said.say == "wrong"
    assert seen(desk, call).outcome is None


def test_the_same_digits_keyed_twice_at_once_count_once(database_url: str, tmp_path: Path) -> None:
    desk = calling.desk(database_url, tmp_path)
    call = connected(desk)
    right = code(desk, call)
    named = {name: value for name, value in calling.says(desk, call).items() if name != "ctx"}
    desk.session.rollback()

    def press() -> str | None:
        with desk.runtime.sessions() as session:
            said = answering.keyed(desk.runtime.context(session, SYSTEM), **named, digits=right)
            return said.say if said else None

    assert sorted(map(str, together(4, press))) == ["None", "None", "None", "right"]
    assert state(desk, call) == ("ended", "confirmed", 1)
    desk.close()


def test_guesses_at_once_are_three_and_no_more(database_url: str, tmp_path: Path) -> None:
    desk = calling.desk(database_url, tmp_path)
    account = desk.account()
    call = connected(desk, account)
    guess = wrong(desk, call)
    named = {name: value for name, value in calling.says(desk, call).items() if name != "ctx"}
    desk.session.rollback()

    def press() -> str | None:
        with desk.runtime.sessions() as session:
            said = answering.keyed(desk.runtime.context(session, SYSTEM), **named, digits=guess)
            return said.say if said else None

    assert sorted(map(str, together(6, press))) == ["None", "None", "None", "wrong", "wrong", "wrong_goodbye"]
    assert (state(desk, call), calling.failures(desk, account)) == (("ended", "wrong", 3), 3)
    desk.close()


# what the call belongs to


def test_digits_for_an_attempt_that_has_ended_prove_nothing(desk: World) -> None:
    call = connected(desk)
    right = code(desk, call)
    with desk.system.act():
        desk.session.get_one(SelfService, call.self_service_id).ended_at = desk.now
    said = key(desk, call, right)
    assert said is not None
    assert said.say == "expired"
    assert state(desk, call) == ("ended", "expired", 1)
    assert attempt_of(desk, call).call_at is None


def test_what_a_call_leads_to_can_refuse_and_the_try_still_counts(
    desk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(ctx: answering.Context, call: PhoneCall) -> None:
        ctx.session.get_one(SelfService, call.self_service_id).ended_at = ctx.now
        ctx.session.flush()
        raise Refused("objection_open")

    monkeypatch.setitem(answering.EFFECTS, "proof", (refuses, refuses))  # type: ignore[attr-defined]
    call = connected(desk)
    said = key(desk, call, code(desk, call))
    assert said is not None
    assert said.say == "expired"
    assert state(desk, call) == ("ended", "expired", 1)
    assert attempt_of(desk, call).ended_at is None


# counts that outlive calls


def exhaust(world: World, account: Account, times: int) -> None:
    """Key wrong digits so often, over as many calls as it takes."""
    while times:
        world.now += timedelta(hours=25)
        call = connected(world, account)
        for _ in range(min(3, times)):
            key(world, call, wrong(world, call))
            times -= 1
        report(world, call, "completed")


def test_wrong_digits_count_over_all_calls_until_right_ones_come(desk: World) -> None:
    account = desk.account()
    exhaust(desk, account, 5)
    assert calling.failures(desk, account) == 5
    desk.now += timedelta(hours=25)
    call = connected(desk, account)
    key(desk, call, code(desk, call))
    assert calling.failures(desk, account) == 0


def test_nine_failures_leave_the_step_on_and_the_tenth_switches_it_off(desk: World) -> None:
    account = desk.account()
    exhaust(desk, account, 9)
    assert desk.session.get_one(Account, account.id).calls_off_at is None
    exhaust(desk, account, 1)
    assert desk.session.get_one(Account, account.id, populate_existing=True).calls_off_at == desk.now
    assert "account:calls:off" in calling.tags(desk, f"account:{account.id}")
    with pytest.raises(Refused, match="path_off"):
        calling.ask(desk, account, self_service_id=calling.attempt(desk, account).id)


def test_the_lock_is_told_once_to_every_mailbox_with_a_way_to_stop(desk: World) -> None:
    account = desk.account()
    exhaust(desk, account, 10)
    told = calling.notices(desk, "calls_off")
    assert {row.contact_id for row in told} == {row.id for row in desk.contacts(account, "email")}
    assert len(told) == 2
    mail = written(desk, told[0], "en")
    assert "****-****-9012" in mail.text
    link = desk.params(told[0])["links"]["stop"]
    case = objection.stop_by_link(desk.owner, link)
    assert case is not None
    assert case.status == "frozen"


def test_a_lock_on_calls_leaves_the_desk_its_calls(desk: World) -> None:
    account = desk.account()
    exhaust(desk, account, 10)
    desk.now += timedelta(hours=25)
    case_id = desk.queued()
    call = calling.ask(desk, account, "check", case_id=case_id, round=1)
    assert call.state == "queued"


def test_the_password_is_not_locked_by_wrong_digits(desk: World) -> None:
    account = desk.account()
    before = desk.session.execute(select(DirectoryPrincipal.code_failures)).scalars().all()
    exhaust(desk, account, 10)
    assert desk.session.execute(select(DirectoryPrincipal.code_failures)).scalars().all() == before


# calls that nobody ends


def test_an_unanswered_call_of_the_demo_ends_after_a_minute(desk: World) -> None:
    call = ringing(desk)
    desk.pass_time(seconds=59)
    assert seen(desk, call).outcome is None
    desk.pass_time(seconds=1)
    assert seen(desk, call).outcome == "no_answer"


def test_a_call_of_which_nobody_reports_the_end_is_over_with_its_digits(desk: World) -> None:
    call = connected(desk)
    desk.pass_time(minutes=5)
    assert seen(desk, call).outcome == "expired"


# a notice


def notice(world: World, account: Account) -> PhoneCall:
    """A call for a notice, as it is rung for one of its rows."""
    call = calling.ask(world, account, "notice", ctx=world.system, notice="calls_off")
    calling.ring(world, call)
    return seen(world, call)


def test_a_notice_is_heard_when_its_words_are_over(desk: World) -> None:
    call = notice(desk, desk.account())
    said = answer(desk, call)
    assert said is not None
    assert (said.say, said.listen) == ("notice", 1)
    assert seen(desk, call).outcome is None
    key(desk, call, "")
    assert seen(desk, call).outcome == "heard"


def test_a_notice_is_left_on_a_machine_without_asking_it_for_keys(desk: World) -> None:
    call = notice(desk, desk.account())
    said = answer(desk, call, machine=True)
    assert said is not None
    assert (said.say, said.listen) == ("notice", 0)
    assert seen(desk, call).outcome == "left"


def test_who_hangs_up_during_a_notice_has_not_heard_it(desk: World) -> None:
    call = notice(desk, desk.account())
    answer(desk, call)
    report(desk, call, "completed")
    assert seen(desk, call).outcome == "hung_up"


def test_nine_on_a_notice_about_an_account_holds_the_account(desk: World) -> None:
    account = desk.account()
    call = notice(desk, account)
    answer(desk, call)
    key(desk, call, "9")
    assert seen(desk, call).outcome == "stopped"
    assert desk.session.execute(select(Case.status)).scalar_one() == "frozen"


def test_an_unanswered_notice_of_the_demo_goes_to_the_answering_machine(desk: World) -> None:
    call = notice(desk, desk.account())
    desk.pass_time(seconds=60)
    assert seen(desk, call).outcome == "left"


def test_nothing_of_the_digits_is_kept_in_clear(desk: World) -> None:
    call = connected(desk)
    right = code(desk, call)
    kept = {column.name: str(getattr(call, column.name)) for column in PhoneCall.__table__.columns}
    assert not [name for name, value in kept.items() if right in value and name not in {"id", "code_digest"}]
    assert call.code_digest == calls.code_digest(desk.system, call.id, right)
    assert desk.session.execute(select(LinkToken.hash).where(LinkToken.hash == right)).first() is None
