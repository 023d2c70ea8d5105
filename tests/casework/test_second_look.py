"""What the second person judges by, that they judge it blind, and which case comes next."""

from __future__ import annotations

import pytest

from portal.casework import approval, intake, objection, second_look, verification
from portal.casework.facts import facts_of
from portal.domain.lifecycle import Role, Status
from portal.models import IdentityCheck
from tests.casework.test_approval import privileged
from tests.people import HANAKO
from tests.world import World


def blind(world: World, name: str, case_id: str) -> bool:
    ctx = world.as_(name)
    case = world.case(case_id)
    return approval.is_blind(ctx, case, facts_of(ctx, case))


def checks_of(world: World, case_id: str) -> list[str]:
    rows = world.session.query(IdentityCheck.id).filter_by(case_id=case_id, attested_by="person")
    return [check_id for (check_id,) in rows.order_by(IdentityCheck.recorded_at)]


def two_checks(world: World) -> str:
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    world.check("alice", case_id, "D5")
    world.propose("alice", case_id)
    return case_id


@pytest.mark.parametrize("name", ["bob", "ben", "lee"])
def test_whoever_could_decide_is_blind_until_every_check_is_opened(world: World, name: str) -> None:
    case_id = two_checks(world)
    for check_id in checks_of(world, case_id):
        assert blind(world, name, case_id)
        approval.open_check(world.as_(name), case_id, check_id)
    assert not blind(world, name, case_id)


def test_what_a_colleague_opened_opens_nobody_elses_eyes(world: World) -> None:
    case_id = two_checks(world)
    world.open_checks("bob", case_id)
    assert blind(world, "ben", case_id)


def test_nobody_reads_under_a_second_login_what_the_first_one_must_not(world: World) -> None:
    world.hire("bob.two", role=Role.VERIFIER, person_of="bob")
    case_id = two_checks(world)
    assert blind(world, "bob.two", case_id)
    world.open_checks("bob", case_id)
    assert not blind(world, "bob.two", case_id)


def test_a_decline_is_judged_blind_too(world: World) -> None:
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id, "D2", "mismatch")
    approval.propose_decline(world.as_("alice"), case_id, "details_differ")
    assert blind(world, "lee", case_id)


@pytest.mark.parametrize("name", ["alice", "vic", "chika"])
def test_nobody_is_blind_who_cannot_decide(world: World, name: str) -> None:
    assert not blind(world, name, two_checks(world))


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.PENDING_APPROVAL, Status.UNCONFIRMED}))
def test_nobody_is_blind_where_nothing_is_proposed(world: World, status: Status) -> None:
    world.account()
    assert not blind(world, "ben", world.walks[status]())


def test_form_and_register_are_compared_and_leave_masked(world: World) -> None:
    world.account()
    case_id = world.queued(
        name="佐藤 次郎", kana="さとう じろう", phone="+818000001111", is_administrator="yes"
    )
    found = {one.key: one for one in second_look.differences(world.as_("bob"), world.case(case_id))}
    assert {key: one.same for key, one in found.items()} == {
        "account_email": True,
        "reply_email": True,
        "phone": False,
        "name": False,
        "holder_kind": True,
        "is_administrator": False,
    }
    assert len(found["account_email"].register) == 2
    for secret in (HANAKO["account_email"], HANAKO["name"], "佐藤 次郎", "+818000001111", HANAKO["phone"]):
        assert secret not in repr(found)


def test_what_the_form_leaves_open_is_not_called_a_difference(world: World) -> None:
    world.account()
    case_id = world.queued(phone=None, is_administrator="unknown")
    found = {one.key: one.same for one in second_look.differences(world.as_("bob"), world.case(case_id))}
    assert (found["phone"], found["is_administrator"]) == (None, None)


def test_a_case_without_an_account_has_nothing_to_compare_with(world: World) -> None:
    case_id = world.queued()
    assert second_look.differences(world.as_("bob"), world.case(case_id)) == []
    assert second_look.reached(world.as_("bob"), world.case(case_id)) == []


@pytest.mark.parametrize(("state", "told"), [("done", "told"), ("dead", "failed")])
def test_it_is_known_of_each_contact_whether_the_notice_reached_it(
    world: World, state: str, told: str
) -> None:
    world.account()
    case_id = world.pending_approval()
    before = {one.contact.kind: one for one in second_look.reached(world.as_("bob"), world.case(case_id))}
    assert before["post"].state == "untold"
    world.deliver(state)
    mails = [
        one
        for one in second_look.reached(world.as_("bob"), world.case(case_id))
        if one.contact.kind == "email"
    ]
    # one of the two mailboxes is the requester's own, which gets the requester's mails
    assert sorted(one.state for one in mails) == sorted([told, "own"])
    assert [one.proven for one in mails if one.state == "own"] == [True]


def test_objections_of_the_case_and_of_its_account_are_known(world: World) -> None:
    account = world.account()
    case_id = world.queued()
    assert second_look.objections(world.as_("bob"), world.case(case_id)) == []
    objection.object_on_account(world.system, world.contacts(account, "email")[1].id, channel="mail")
    assert [one.outcome for one in second_look.objections(world.as_("bob"), world.case(case_id))] == [None]


def test_the_other_request_of_a_contest_is_known(world: World) -> None:
    world.account()
    mine = world.queued()
    theirs = world.queued(reply_email="x@elsewhere.example")
    assert [case.id for case in second_look.rivals(world.as_("lee"), world.case(theirs))] == [mine]


def person(number: int) -> dict[str, str]:
    address = f"p{number}@mail.example"
    return {"account_email": address, "reply_email": address}


def pool(world: World, *, proposer: str = "alice") -> list[str]:
    """Three cases that wait for a second person, the one that came in first being proposed last."""
    made = []
    for number in range(3):
        world.account(
            number=f"{number}" * 12,
            account_email=person(number)["account_email"],
            second_email=f"old{number}@mail.example",
            phone=f"+81901111222{number}",
        )
        made.append(world.verifying(proposer, **person(number)))
        world.check(proposer, made[-1])
    for case_id in reversed(made):
        world.propose(proposer, case_id)
    return made


def following(world: World, name: str) -> str | None:
    ctx = world.as_(name)
    found = second_look.next_in_pool(ctx)
    return found.id if found else None


def test_the_pool_gives_the_case_that_came_in_first(world: World) -> None:
    first, second, third = pool(world)
    for case_id in (first, second, third):
        assert following(world, "bob") == case_id
        approval.send_back(world.as_("bob"), case_id, "blurred", code=world.code("bob"))
    assert following(world, "bob") is None


def test_the_pool_gives_nobody_a_case_that_they_checked(world: World) -> None:
    world.hire("alice.two", role=world.role("bob"), person_of="alice")
    pool(world)
    assert following(world, "alice.two") is None


def test_the_pool_gives_what_needs_a_lead_to_leads_only(world: World) -> None:
    case_id = privileged(world)
    assert following(world, "bob") is None
    assert following(world, "lee") == case_id


def test_a_case_whose_wait_for_a_second_person_ended_leaves_the_pool(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    assert following(world, "bob") == case_id
    intake.withdraw(world.owner, case_id, "device_works")
    assert following(world, "bob") is None


def test_a_lead_is_not_given_what_another_lead_has_in_hand(world: World) -> None:
    world.account()
    world.queued()
    theirs = world.queued(reply_email="x@elsewhere.example")
    verification.claim(world.as_("vic"), theirs)
    world.check("vic", theirs)
    approval.propose_decline(world.as_("vic"), theirs, "duplicate_request")
    assert following(world, "lou") == theirs
    approval.open_check(world.as_("lee"), theirs, checks_of(world, theirs)[0])
    assert following(world, "lou") is None
    assert following(world, "lee") == theirs
