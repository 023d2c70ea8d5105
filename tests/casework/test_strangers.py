"""Somebody who has proven nothing names another's account: what that can neither stop, slow, tell nor use up."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from portal.casework import approval, intake, objection, proofs, verification
from portal.casework.facts import objection_open
from portal.domain.lifecycle import SYSTEM, Actor, Role
from portal.models import AccountMark, Contact, Objection, OutboxRow
from tests.world import World

STRANGER = "stranger@elsewhere.example"


def marks(world: World) -> list[str]:
    return list(world.session.execute(select(AccountMark.kind)).scalars())


def stop_as(world: World, contact: Contact, case_id: str) -> None:
    holder = Actor(roles=frozenset({Role.CONTACT}), contact_id=contact.id)
    objection.object_to(world.owner.as_actor(holder), case_id, channel="mail", contact_id=contact.id)


def unfreeze(world: World, case_id: str, outcome: str) -> None:
    objection.propose_unfreeze(world.as_("lee"), case_id, outcome, "spoke to her in person")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))


def test_a_stranger_who_disowns_their_own_request_holds_up_nobody_elses(world: World) -> None:
    world.account()
    honest = world.pending_approval()
    stranger = world.queued(reply_email=STRANGER)
    objection.object_by_requester(world.owner, stranger)
    world.open_checks("bob", honest)

    assert world.status(stranger) == "frozen"
    assert marks(world) == []
    assert approval.approve(world.as_("bob"), honest, code=world.code("bob")) == "cooling_off"


def test_a_stop_after_the_end_is_settled_at_once_and_holds_up_no_later_request(world: World) -> None:
    world.account()
    stranger = world.queued(reply_email=STRANGER)
    link = world.link(stranger, "stop")
    intake.withdraw(world.owner, stranger, "other")
    objection.stop_by_link(world.owner, link)

    assert world.session.execute(select(Objection.outcome)).scalars().all() == ["noted"]
    assert marks(world) == ["dispute"]
    assert not objection_open(world.session, world.case(world.queued()))


def test_a_contact_who_stopped_a_declined_request_stops_it_again_after_its_appeal(world: World) -> None:
    account = world.account()
    contact = world.contacts(account, "email")[1]
    case_id = world.declined()
    stop_as(world, contact, case_id)
    objection.appeal(world.owner, case_id)
    stop_as(world, contact, case_id)

    assert world.status(case_id) == "frozen"
    assert objection_open(world.session, world.case(case_id))


@pytest.mark.parametrize("account_email", ["hanako@mail.example", "nobody@mail.example"])
def test_the_same_request_sent_twice_is_merged_whether_or_not_the_account_exists(
    world: World, account_email: str
) -> None:
    world.account()
    sent = [world.queued(reply_email=STRANGER, account_email=account_email) for _ in range(2)]

    assert [world.status(case_id) for case_id in sent] == ["queued", "cancelled"]


def test_two_names_of_one_account_are_not_told_to_be_one(world: World) -> None:
    account = world.account()
    by_address = world.queued(reply_email=STRANGER)
    by_both = world.queued(reply_email=STRANGER, account_number=account.number)

    assert [world.status(case_id) for case_id in (by_address, by_both)] == ["queued", "queued"]


def test_an_earlier_stranger_slows_nobody_who_proves_a_contact(world: World) -> None:
    world.account()
    stranger = world.queued(reply_email=STRANGER)
    honest = world.queued()

    assert (world.case(honest).tier, world.case(honest).contest_id) == ("standard", None)
    assert (world.case(stranger).tier, world.case(stranger).contest_id is None) == ("elevated", False)


@pytest.mark.parametrize("way", ["mailbox", "letter"])
def test_a_contact_proven_later_counts_against_the_stranger_from_then_on(world: World, way: str) -> None:
    account = world.account()
    stranger = world.queued(reply_email=STRANGER)
    honest = world.verifying(reply_email="new@mail.example")
    assert world.case(stranger).tier == "standard"
    alice = world.as_("alice")
    if way == "mailbox":
        proofs.send_mailbox_link(alice, honest, world.contacts(account, "email")[0].id)
        proofs.confirm_mailbox(world.owner, world.link(honest, "mailbox"))
    else:
        proofs.post_letter(alice, honest, world.contacts(account, "post")[0].id)
        assert proofs.enter_letter_code(world.owner, honest, world.letter_code(honest))

    assert world.case(honest).proven_by == "contact"
    assert world.case(stranger).tier == "elevated"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_requests_matched_at_once_the_second_sees_the_first(world: World) -> None:
    world.account()
    sent = [world.submit(reply_email=reply) for reply in (STRANGER, "hanako@mail.example")]
    for case_id in sent:
        intake.confirm(world.owner, world.link(case_id, "confirm"))
    world.session.rollback()
    from tests.together import together

    waiting = iter(sent)

    def match_one() -> None:
        case_id = next(waiting)
        with world.runtime.sessions() as session:
            intake.match(world.runtime.context(session, SYSTEM), case_id)

    together(2, match_one)

    assert [world.case(case_id).tier for case_id in sent] == ["elevated", "standard"]


def test_withdrawing_again_and_again_mails_the_contacts_once_a_day(world: World) -> None:
    world.account()
    for number in range(3):
        intake.withdraw(world.owner, world.queued(reply_email=f"{number}@elsewhere.example"), "other")
    told = select(OutboxRow.contact_id, func.count()).where(OutboxRow.contact_id.is_not(None))
    counts = [number for _, number in world.session.execute(told.group_by(OutboxRow.contact_id)).all()]

    assert counts == [1, 1]


def test_what_is_decided_on_one_request_does_not_answer_the_objection_to_another(world: World) -> None:
    account = world.account()
    contact = world.contacts(account, "email")[1]
    honest, stranger = world.queued(), world.queued(reply_email=STRANGER)
    objection.object_by_requester(world.owner, honest)
    stop_as(world, contact, stranger)
    unfreeze(world, honest, "resume")
    against = select(Objection.outcome).where(Objection.case_id == stranger)
    assert world.session.execute(against).scalars().all() == [None]
    unfreeze(world, stranger, "decline")
    objection.appeal(world.owner, stranger)
    stop_as(world, contact, stranger)

    assert world.status(stranger) == "frozen"


def test_a_request_for_one_of_several_iam_users_has_its_account_and_no_device(world: World) -> None:
    account = world.account()
    world.add_iam_users(account, "jiro", "saburo")
    case = world.case(world.queued(principal_kind="iam"))

    assert (case.account_id, case.principal_id) == (account.id, None)


def test_a_lead_who_touches_one_contested_request_in_any_way_has_both(world: World) -> None:
    world.account()
    one, other = world.queued(), world.queued(reply_email="hanako.old@mail.example")
    for name, case_id in (("alice", one), ("vic", other)):
        verification.claim(world.as_(name), case_id)
        approval.propose_decline(world.as_(name), case_id, "details_differ")
    approval.approve(world.as_("lee"), other, code=world.code("lee"))

    assert world.case(one).contest_lead_id == world.logins["lee"].person_id
