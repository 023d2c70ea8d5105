"""Several cases for one verifier: what casework refuses about each of them, whatever page asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.casework import approval, assigning, objection
from portal.casework.assigning import Pick
from portal.casework.context import Refused
from tests.admin.desk import queued
from tests.world import World


def picks(world: World, *case_ids: str) -> list[Pick]:
    return [Pick(case_id, world.case(case_id).version) for case_id in case_ids]


def outcomes(world: World, by: str, to: str, *wanted: Pick) -> list[str | None]:
    """Why each case was refused; None for what was assigned."""
    found = assigning.assign(world.as_(by), wanted, world.logins[to].person_id)
    return [one.refused.reason if one.refused else None for one in found]


def test_each_case_is_assigned_or_refused_by_itself(world: World) -> None:
    free, taken = queued(world, 2)
    stale = picks(world, taken)
    assert outcomes(world, "vic", "vic", *stale) == [None]

    assert outcomes(world, "alice", "alice", *picks(world, free), *stale) == [None, "stale"]
    assert world.case(taken).holder_id == world.logins["vic"].person_id


@pytest.mark.parametrize(("by", "to"), [("alice", "vic"), ("bob", "vic"), ("bob", "bob"), ("chika", "alice")])
def test_only_a_lead_gives_a_case_and_only_a_verifier_takes_one(world: World, by: str, to: str) -> None:
    case_id = queued(world)[0]

    assert outcomes(world, by, to, *picks(world, case_id)) == ["wrong_role"]
    assert world.status(case_id) == "queued"


@pytest.mark.parametrize("to", ["bob", "lee", "ada", "chika"])
def test_a_lead_gives_a_case_to_nobody_but_a_verifier(world: World, to: str) -> None:
    case_id = queued(world)[0]

    assert outcomes(world, "lee", to, *picks(world, case_id)) == ["cannot_hold"]


def test_a_lead_gives_a_case_to_nobody_who_cannot_sign_in(world: World) -> None:
    world.hire("gone")
    world.role_row("gone").revoked_at = world.now
    world.session.commit()
    case_id = queued(world)[0]

    assert outcomes(world, "lee", "gone", *picks(world, case_id)) == ["cannot_hold"]


def test_a_case_that_is_not_there_is_told_like_one_that_is_not_confirmed(world: World) -> None:
    wanted = (Pick("a" * 32, 1), Pick(world.submit(), 1))
    found = assigning.assign(world.as_("lee"), wanted, world.logins["vic"].person_id)

    assert [(one.case, one.refused.reason if one.refused else "") for one in found] == [
        (None, "not_found")
    ] * 2


def test_too_many_at_once_are_refused_before_the_first(world: World) -> None:
    made = queued(world, 3)
    ctx = world.as_("alice")
    few = replace(ctx, limits=replace(ctx.limits, assigned_at_once=2))
    with pytest.raises(Refused, match="too_many_cases"):
        assigning.assign(few, picks(world, *made), world.logins["alice"].person_id)
    assert {world.status(case_id) for case_id in made} == {"queued"}


def test_a_lead_who_declined_a_request_does_not_choose_who_checks_it_after_an_appeal(world: World) -> None:
    world.account()
    case_id = world.verifying()
    approval.propose_decline(world.as_("alice"), case_id, "details_differ")
    approval.approve(world.as_("lee"), case_id, code=world.code("lee"))
    objection.appeal(world.owner, case_id)

    assert outcomes(world, "lee", "vic", *picks(world, case_id)) == ["excluded"]
    assert outcomes(world, "lou", "vic", *picks(world, case_id)) == [None]
