"""What leads watch over: objections, holds, appeals and requests against each other, each reached by doing the acts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from portal.casework import contested, drafts, intake, objection, safety, verification
from portal.casework.context import Origin
from tests.people import HANAKO
from tests.world import World

REPLY = "someone@elsewhere.example"
NAME = "佐藤 次郎"


def fresh(world: World) -> World:
    world.session.rollback()
    return world


def two_requests(world: World, **theirs: str) -> tuple[str, str]:
    """Hanako's own request, confirmed from a registered mailbox, and a stranger's for the same account."""
    world.account()
    mine = world.queued()
    world.pass_time(minutes=1)
    return mine, world.queued(**{"reply_email": REPLY, "name": NAME, "kana": "さとう じろう", **theirs})


def test_an_objection_is_listed_until_it_is_decided(world: World) -> None:
    world.account()
    case_id = world.frozen()
    (found,) = safety.objections(fresh(world).system)
    assert found.case is not None
    assert (found.case.id, found.contact_kind, found.row.channel) == (case_id, "email", "mail")
    assert "***@" in found.contact
    assert HANAKO["second_email"] not in found.contact
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "spoke to the owner")
    assert len(safety.objections(fresh(world).system)) == 1
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))
    assert safety.objections(fresh(world).system) == []


def test_an_objection_without_a_request_is_listed_too(world: World) -> None:
    account = world.account()
    contact = world.contacts(account, "phone")[0]
    objection.object_on_account(world.system, contact.id, channel="call")
    (found,) = safety.objections(fresh(world).system)
    assert (found.contact_kind, found.row.channel) == ("phone", "call")
    assert found.case is not None
    assert found.case.confirmed_at is None


def test_what_a_requester_says_of_their_own_request_names_no_contact(world: World) -> None:
    world.account()
    case_id = world.queued()
    objection.object_by_requester(world.owner, case_id)
    (found,) = safety.objections(fresh(world).system)
    assert (found.contact_kind, found.contact) == ("", "")


def test_a_hold_is_looked_at_within_four_hours_and_decided_within_three_business_days(world: World) -> None:
    world.account()
    case_id = world.frozen()
    since = world.case(case_id).status_at
    (held,) = safety.on_hold(fresh(world).system)
    assert held.lead_due == held.due == since + timedelta(hours=4)
    # Tuesday ten o'clock and 27 hours of a desk that is open for nine
    assert held.decision_due == since + timedelta(days=3)


def test_after_a_proposal_the_decision_is_what_is_due(world: World) -> None:
    world.account()
    case_id = world.frozen()
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "spoke to the owner")
    (held,) = safety.on_hold(fresh(world).system)
    assert held.due == held.decision_due
    assert held.proposer == "Lee Leader"


def test_a_due_time_stands_also_after_its_alarm_rang(world: World) -> None:
    world.account()
    case_id = world.frozen()
    since = world.case(case_id).status_at
    world.pass_time(hours=100)
    (held,) = safety.on_hold(fresh(world).system)
    assert held.lead_due == since + timedelta(hours=4)


def test_what_is_due_first_comes_first(world: World) -> None:
    world.account()
    first = world.frozen()
    world.pass_time(hours=1)
    world.account(number="210987654321", account_email="ken@mail.example", second_email="ken2@mail.example")
    second = world.frozen(account_email="ken@mail.example", reply_email="ken@mail.example")
    assert [held.case.id for held in safety.on_hold(fresh(world).system)] == [first, second]
    assert [one.case.id for one in safety.objections(world.system) if one.case] == [first, second]


def test_an_appeal_is_listed_while_its_case_is_open(world: World) -> None:
    world.account()
    case_id = world.declined()
    objection.appeal(world.owner, case_id)
    (found,) = safety.appeals(fresh(world).system)
    assert (found.case.id, found.holder) == (case_id, "")
    verification.claim(world.as_("vic"), case_id)
    assert safety.appeals(fresh(world).system)[0].holder == "Vic Verdi"
    intake.withdraw(world.owner, case_id, "device_works")
    assert safety.appeals(fresh(world).system) == []


def test_requests_against_each_other_stand_side_by_side_the_oldest_first(world: World) -> None:
    mine, theirs = two_requests(world)
    (found,) = contested.contests(fresh(world).system)
    assert [side.case.id for side in found.sides] == [mine, theirs]
    assert found.account == HANAKO["number"]


def test_each_side_shows_what_it_has_proven_over_which_contact(world: World) -> None:
    two_requests(world)
    (found,) = contested.contests(fresh(world).system)
    own, other = found.sides
    assert [(proof.method, proof.by_system) for proof in own.proofs] == [("H1", True)]
    assert own.proofs[0].contact.endswith(".example")
    assert "***" in own.proofs[0].contact
    assert other.proofs == []


def test_a_check_that_did_not_match_proves_nothing(world: World) -> None:
    mine, _theirs = two_requests(world)
    verification.claim(world.as_("alice"), mine)
    world.check("alice", mine, "D2", "mismatch")
    (found,) = contested.contests(fresh(world).system)
    assert [proof.method for proof in found.sides[0].proofs] == ["H1"]


def test_names_and_addresses_are_compared_and_leave_masked(world: World) -> None:
    two_requests(world, phone="080-0000-1111")
    (found,) = contested.contests(fresh(world).system)
    assert {thing: found.same[thing] for thing in ("name", "reply_email", "phone")} == {
        "name": False,
        "reply_email": False,
        "phone": False,
    }
    assert [side.name_fits for side in found.sides] == [True, False]
    shown = repr([(side.name, side.reply_email, side.phone) for side in found.sides])
    for secret in (REPLY, NAME, HANAKO["name"], HANAKO["account_email"], "0000-1111", "00001111"):
        assert secret not in shown.replace("***-****-1111", "")


def test_the_same_name_in_other_letters_is_the_same(world: World) -> None:
    two_requests(world, name=HANAKO["name"].replace(" ", "\u3000"))
    (found,) = contested.contests(fresh(world).system)
    assert found.same["name"] is True


def test_requests_from_one_network_are_seen_to_be(world: World) -> None:
    two_requests(world)
    (found,) = contested.contests(fresh(world).system)
    assert found.same["network"] is True
    assert "192.0.2.7" not in repr(found)


def test_requests_from_two_networks_are_told_apart(world: World) -> None:
    world.account()
    world.queued()
    elsewhere = replace(world.owner, origin=Origin("198.51.100.9", "Another browser", ""))
    raw = drafts.start(elsewhere, {})
    theirs = intake.submit(elsewhere, raw, world.request(reply_email=REPLY)).case_id
    intake.confirm(elsewhere, world.link(theirs, "confirm"))
    intake.match(world.system, theirs)
    (found,) = contested.contests(fresh(world).system)
    assert found.same["network"] is False


def test_a_contest_in_which_nothing_is_open_is_not_listed(world: World) -> None:
    mine, theirs = two_requests(world)
    intake.withdraw(world.owner, theirs, "other")
    # the older one does not know of a contest, so nothing is left to decide between
    assert contested.contests(fresh(world).system) == []
    assert world.status(mine) == "queued"


def test_nothing_to_watch_over_is_four_empty_lists(world: World) -> None:
    world.account()
    world.queued()
    ctx = fresh(world).system
    assert [
        *safety.objections(ctx),
        *safety.on_hold(ctx),
        *safety.appeals(ctx),
        *contested.contests(ctx),
    ] == []
