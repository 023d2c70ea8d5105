"""Requests that may have to do with each other: found by account, telephone number and network, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from portal.casework import drafts, intake
from portal.casework.context import Origin
from portal.casework.similar import MOST, Similar, similar
from portal.models import SearchTerm
from tests.admin.desk import statements
from tests.sql import key_lost
from tests.world import World

HOME, OFFICE = "192.0.2.7", "198.51.100.20"


def filed(world: World, number: int, address: str, **changes: object) -> str:
    """A confirmed request of somebody whom the register does not know, from this network."""
    owner = replace(world.owner, origin=Origin(address, "Test browser", ""))
    mailbox = f"p{number}@nowhere.example"
    named = {"account_email": mailbox, "reply_email": mailbox, "phone": f"+8190000000{number:02}"}
    sent = intake.submit(owner, drafts.start(owner, {}), world.request(**{**named, **changes}))
    intake.confirm(owner, world.link(sent.case_id, "confirm"))
    intake.match(world.system, sent.case_id)
    world.now += timedelta(minutes=1)
    return sent.case_id


def found(world: World, case_id: str) -> Similar:
    world.session.rollback()
    return similar(world.as_("alice"), world.case(case_id))


def ids(cases: object) -> list[str]:
    return [case.id for case in cases]  # type: ignore[attr-defined]


def test_other_requests_for_the_account_are_found_newest_first(world: World) -> None:
    world.account()
    first = world.cancelled()
    world.now += timedelta(minutes=1)
    second, third = world.cancelled(), world.queued()
    assert ids(found(world, third).account) == [second, first]


def test_a_request_of_another_account_with_the_same_number_is_found(world: World) -> None:
    one = filed(world, 1, HOME, phone="+819012345678")
    other = filed(world, 2, OFFICE, phone="+819012345678")
    assert ids(found(world, one).phone) == [other]
    assert ids(found(world, other).phone) == [one]


def test_a_request_from_the_same_network_is_found(world: World) -> None:
    one, other, stranger = filed(world, 1, HOME), filed(world, 2, HOME), filed(world, 3, OFFICE)
    assert ids(found(world, one).network) == [other]
    assert found(world, stranger).network == []


def test_each_request_stands_once_under_the_strongest_thing_that_it_shares(world: World) -> None:
    one = filed(world, 1, HOME, phone="+819012345678")
    other = filed(world, 2, HOME, phone="+819012345678")
    assert ids(found(world, one).all) == [other]
    assert found(world, one).network == []


def test_what_one_person_sends_again_for_their_own_account_is_no_sign_against_them(world: World) -> None:
    world.account()
    world.cancelled()
    again = found(world, world.queued())
    assert again.phone == []
    assert again.network == []


def test_an_unconfirmed_request_is_nobodys_yet_and_not_found(world: World) -> None:
    one = filed(world, 1, HOME)
    world.submit(account_email="p2@nowhere.example", reply_email="p2@nowhere.example")
    assert found(world, one).all == []


def test_no_network_is_held_against_anybody_for_longer_than_it_is_kept(world: World) -> None:
    filed(world, 1, HOME)
    world.now += world.owner.limits.retention_network
    assert found(world, filed(world, 2, HOME)).network == []


def test_an_erased_request_is_not_found_any_more(world: World) -> None:
    one, other = filed(world, 1, HOME), filed(world, 2, HOME, phone="+819012345678")
    key_lost(world, world.case(other).subject_id)
    assert found(world, one).all == []


def test_networks_and_numbers_are_kept_as_digests_only(world: World) -> None:
    filed(world, 1, HOME)
    kept = world.session.execute(select(SearchTerm)).scalars().all()
    assert {"network", "phone"} <= {term.kind for term in kept}
    assert not [term for term in kept if HOME in term.digest or "+81" in term.digest]


def test_at_most_ten_are_found_with_as_many_statements_as_one(world: World) -> None:
    asked, filed_now = [], [filed(world, 0, OFFICE, phone="+819012345678")]
    for number in (2, 12):
        while len(filed_now) < number:
            place = len(filed_now)
            filed_now.append(filed(world, place, f"203.0.113.{place}", phone="+819012345678"))
        alice, case = world.as_("alice"), world.case(filed_now[0])
        with statements(world) as seen:
            there = similar(alice, case)
        asked.append(len(seen))
    assert len(there.phone) == MOST
    assert asked[0] == asked[1]
