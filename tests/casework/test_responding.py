"""What owners do about what was asked of them, and that the case goes back by itself when all of it is done."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.casework import call_checks, intake, objection, proofs, responding, verification
from portal.casework.context import Refused, Throttled
from portal.domain.lifecycle import Act
from portal.models import Account, AuditEvent, Case, CaseTimer, IdentityCheck, LinkToken, Message
from tests.casework.owners_answer import TOMORROW, asked, done, events
from tests.ringing import digits_of, pick_up, placed, press
from tests.together import together
from tests.world import World

SENT = "I sent it by registered post on Monday."


@pytest.fixture
def world(calling_world: World) -> World:
    return calling_world


def account_of(world: World, case_id: str) -> Account:
    return world.session.get_one(Account, world.case(case_id).account_id)


# until when


def test_nothing_is_due_today_or_after_the_time_that_owners_have(world: World) -> None:
    world.account()
    case_id = world.verifying()
    for day, reason in ((date(2026, 11, 24), "due_too_early"), (date(2026, 12, 9), "due_too_late")):
        with pytest.raises(Refused, match=reason):
            verification.ask(world.as_("alice"), case_id, ["D5"], due=day)
    assert world.status(case_id) == "verifying"


def test_at_midnight_in_japan_tomorrow_has_become_today(world: World) -> None:
    world.account()
    case_id = world.verifying()
    world.now = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    with pytest.raises(Refused, match="due_too_early"):
        verification.ask(
            world.system.as_actor(world.as_("alice").actor), case_id, ["D5"], due=date(2026, 11, 25)
        )


def test_a_case_ends_after_its_own_due_day_and_not_before(world: World) -> None:
    world.account()
    case_id = world.verifying()
    verification.ask(world.as_("alice"), case_id, ["D5"], due=date(2026, 11, 26))
    world.now = datetime(2026, 11, 26, 14, 58, tzinfo=UTC)
    world.pass_time(seconds=30)
    assert world.status(case_id) == "waiting_owner"
    world.pass_time(seconds=30)
    assert (world.status(case_id), world.case(case_id).close_reason) == ("expired", "no_answer")


def test_asking_again_forgets_the_former_time_and_its_timers(world: World) -> None:
    world.account()
    case_id = world.verifying()
    verification.ask(world.as_("alice"), case_id, ["D5"], due=date(2026, 11, 26))
    verification.end_asking(world.as_("alice"), case_id)
    assert (world.case(case_id).asked_until, world.case(case_id).asked) == (None, [])
    verification.ask(world.as_("alice"), case_id, ["D5"], due=date(2026, 12, 4))
    query = select(CaseTimer.at).where(CaseTimer.case_id == case_id, CaseTimer.act == Act.EXPIRE_WAITING)
    assert world.session.execute(query).scalars().all() == [datetime(2026, 12, 4, 14, 59, tzinfo=UTC)]


# words


def test_the_owner_says_what_is_done_and_with_the_last_of_it_the_case_goes_back(world: World) -> None:
    case_id = asked(world, "D5", "W1")
    responding.tell(world.owner, case_id, "D5", SENT)
    assert (world.status(case_id), done(world, case_id)) == ("waiting_owner", {"D5"})
    responding.tell(world.owner, case_id, "W1", "Our manager Ito calls you.")
    case = world.case(case_id)
    assert (case.status, case.holder_id) == ("verifying", world.logins["alice"].person_id)
    assert (case.asked, case.answered, case.asked_until) == ([], [], None)
    assert events(world, case_id)[-1] == "case:owner:answered"
    assert world.session.query(Message).filter_by(case_id=case_id, kind="owner").count() == 2


def test_a_question_is_no_answer(world: World) -> None:
    case_id = asked(world, "D5")
    responding.write(world.owner, case_id, "What is a notary?")
    assert (world.status(case_id), done(world, case_id)) == ("waiting_owner", set())
    assert world.case(case_id).owner_wrote_at == world.now


@pytest.mark.parametrize("item", ["D6", "H1", "H2", "H3", "P1", "D2", "nonsense"])
def test_nobody_says_done_of_what_was_not_asked_or_what_the_system_sees_for_itself(
    world: World, item: str
) -> None:
    case_id = asked(world, "D5", "H1", "H2", "H3", "P1", "D2")
    with pytest.raises(Refused, match="wrong_status"):
        responding.tell(world.owner, case_id, item, SENT)
    assert done(world, case_id) == set()
    assert world.session.query(Message).count() == 0


def test_who_cannot_do_the_rest_says_so_in_words_and_the_case_goes_back(world: World) -> None:
    case_id = asked(world, "D5", "W1")
    with pytest.raises(Refused, match="message_missing"):
        responding.answer(world.owner, case_id, "  ")
    assert world.status(case_id) == "waiting_owner"
    assert responding.answer(world.owner, case_id, "I have no colleagues.") == "verifying"
    assert events(world, case_id)[-2:] == ["case:message:received", "case:owner:answered"]


def test_words_with_a_password_in_them_do_nothing_at_all(world: World) -> None:
    case_id = asked(world, "D5")
    for act in (
        lambda: responding.write(world.owner, case_id, "password: Tr0ub4dor&3"),
        lambda: responding.tell(world.owner, case_id, "D5", "password: Tr0ub4dor&3"),
        lambda: responding.answer(world.owner, case_id, "password: Tr0ub4dor&3"),
    ):
        with pytest.raises(Refused, match="message_secret"):
            act()
    assert (world.status(case_id), done(world, case_id)) == ("waiting_owner", set())


def test_no_member_of_staff_answers_in_the_name_of_an_owner(world: World) -> None:
    case_id = asked(world, "D5", "H3")
    with pytest.raises(Refused, match="wrong_role"):
        responding.tell(world.as_("alice"), case_id, "D5", SENT)
    with pytest.raises(Refused, match="wrong_role"):
        responding.answer(world.as_("alice"), case_id, SENT)
    with pytest.raises(Refused, match="wrong_role"):
        responding.book_call(world.as_("alice"), case_id, TOMORROW)
    with pytest.raises(Refused, match="wrong_role"):
        proofs.send_link_again(world.as_("alice"), case_id)
    assert world.status(case_id) == "waiting_owner"


# what the system sees


def test_the_last_code_brings_the_case_back_and_the_owner_did_it(world: World) -> None:
    world.account()
    case_id = world.verifying()
    post = world.contacts(account_of(world, case_id), "post")[0].id
    proofs.post_letter(world.as_("alice"), case_id, post)
    verification.ask(world.as_("alice"), case_id, ["H4"])
    assert proofs.enter_letter_code(world.owner, case_id, world.letter_code(case_id))
    assert world.status(case_id) == "verifying"
    assert events(world, case_id)[-2:] == ["case:check:proven", "case:owner:answered"]
    newest = (
        world.session.query(AuditEvent).filter_by(case_id=case_id).order_by(AuditEvent.sseq.desc()).first()
    )
    assert b'"actor":"owner"' in newest.event_bytes.replace(b" ", b"")


def test_digits_keyed_on_a_call_bring_the_case_back(world: World) -> None:
    case_id = asked(world, "H2")
    world.now += timedelta(minutes=2)
    call_checks.ask_call(world.owner, case_id, language="en")
    world.now += call_checks.READ_FIRST
    (call,) = placed(world)
    pick_up(world, call)
    press(world, call, digits_of(world, call))
    assert world.status(case_id) == "verifying"


def test_a_proof_from_before_it_was_asked_for_again_does_not_count(world: World) -> None:
    case_id = asked(world, "P1")
    case = world.case(case_id)
    assert {"H1"} == {check.method for check in world.session.query(IdentityCheck).filter_by(case_id=case.id)}
    verification.end_asking(world.as_("alice"), case_id)
    verification.ask(world.as_("alice"), case_id, ["H1", "P1"])
    assert done(world, case_id) == set()


def test_a_wrong_code_is_no_answer(world: World) -> None:
    case_id = asked(world, "H4")
    assert not proofs.enter_letter_code(world.owner, case_id, "ABCD-EFGH-JKMN")
    assert (world.status(case_id), done(world, case_id)) == ("waiting_owner", set())


# the mailbox link once more


def with_link(world: World) -> str:
    world.account()
    case_id = world.verifying(reply_email="new@elsewhere.example")
    contact = world.contacts(account_of(world, case_id), "email")[0]
    proofs.send_mailbox_link(world.as_("alice"), case_id, contact.id)
    verification.ask(world.as_("alice"), case_id, ["H1"])
    return case_id


def test_the_link_is_sent_once_more_to_the_registered_mailbox_and_the_first_one_dies(world: World) -> None:
    case_id = with_link(world)
    (first,) = world.mails(case_id, "mailbox_check")
    old, contact = world.link(case_id, "mailbox"), first.contact_id
    world.now += timedelta(seconds=1)
    proofs.send_link_again(world.owner, case_id)
    newest = world.mails(case_id, "mailbox_check")[0]
    assert newest.contact_id == contact
    assert proofs.confirm_mailbox(world.owner, old) is None
    assert proofs.confirm_mailbox(world.owner, world.params(newest)["links"]["mailbox"]) is not None
    assert world.status(case_id) == "verifying"
    assert "case:challenge:repeated" in events(world, case_id)


def test_no_link_goes_anywhere_that_the_desk_did_not_choose(world: World) -> None:
    case_id = asked(world, "H1", reply_email="new@elsewhere.example")
    mails = len(world.mails(case_id))
    proofs.send_link_again(world.owner, case_id)
    assert len(world.mails(case_id)) == mails
    assert world.session.query(LinkToken).filter_by(purpose="mailbox").count() == 0


def test_no_link_is_sent_unless_it_was_asked_for(world: World) -> None:
    case_id = asked(world, "D5")
    with pytest.raises(Refused, match="wrong_status"):
        proofs.send_link_again(world.owner, case_id)


def test_a_mailbox_is_not_flooded_with_links(world: World) -> None:
    case_id = with_link(world)
    for _ in range(world.runtime.limits.mails_per_mailbox_hour):
        proofs.send_link_again(world.owner, case_id)
    with pytest.raises(Throttled):
        proofs.send_link_again(world.owner, case_id)


# races, and what comes between


def test_of_two_tabs_that_do_the_last_thing_at_once_only_one_gives_the_case_back(world: World) -> None:
    case_id = asked(world, "D5", "W1")
    owner, left = world.owner.actor, ["D5", "W1"]
    world.session.rollback()

    def say() -> None:
        with world.runtime.sessions() as own:
            responding.tell(world.runtime.context(own, owner), case_id, left.pop(), SENT)

    together(2, say)
    assert world.status(case_id) == "verifying"
    assert events(world, case_id).count("case:owner:answered") == 1


def test_what_comes_after_a_stop_does_nothing(world: World) -> None:
    case_id = asked(world, "D5", "H3")
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    for act in (
        lambda: responding.tell(world.owner, case_id, "D5", SENT),
        lambda: responding.answer(world.owner, case_id, SENT),
        lambda: responding.book_call(world.owner, case_id, TOMORROW),
    ):
        with pytest.raises(Refused, match="wrong_status"):
            act()
    assert world.status(case_id) == "frozen"


def test_a_case_that_ended_meanwhile_stays_ended(world: World) -> None:
    case_id = asked(world, "D5")
    intake.withdraw(world.owner, case_id, "other")
    with pytest.raises(Refused, match="wrong_status"):
        responding.tell(world.owner, case_id, "D5", SENT)
    assert world.session.get_one(Case, case_id).status == "cancelled"
