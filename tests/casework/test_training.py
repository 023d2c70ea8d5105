"""Training cases: planted by a lead alone, like any other case to look at, revealed and judged where they end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.casework import (
    approval,
    deactivation,
    lookup,
    objection,
    training,
    training_plan,
    transition,
    verification,
)
from portal.casework.context import NotFound, Refused
from portal.domain.lifecycle import Act
from portal.domain.training import SCENARIOS
from portal.models import Case, Training
from tests import planting
from tests.planting import APPROVABLE
from tests.world import World

WALKS: dict[str, tuple[Callable[..., str], str, str]] = {
    "caught by the first person": (planting.declined, "declined", "caught_first"),
    "missed by both": (planting.executed, "cancelled", "missed"),
}


def test_only_a_lead_plants(world: World) -> None:
    for name in ("alice", "bob", "chika", "ada"):
        with pytest.raises(Refused, match="wrong_role"):
            planting.plant(world, by=name)
    assert planting.cases(world) == []


def test_planting_takes_a_fresh_code(world: World) -> None:
    with pytest.raises(Refused, match="wrong_code"):
        training.plant(world.as_("lee"), "urgent", "ja", code="000000")
    assert planting.cases(world) == []


@pytest.mark.parametrize(("scenario", "language"), [("no_such", "ja"), ("urgent", "fr")])
def test_only_known_scenarios_and_languages_are_planted(world: World, scenario: str, language: str) -> None:
    with pytest.raises(Refused, match="training_scenario"):
        planting.plant(world, scenario, language)


def test_only_so_many_are_open_at_once(world: World) -> None:
    for _ in range(world.runtime.limits.training_open):
        planting.plant(world)
    with pytest.raises(Refused, match="training_full"):
        planting.plant(world, by="lou")
    assert len(planting.cases(world)) == world.runtime.limits.training_open

    training.end(world.as_("lee"), planting.cases(world)[0].id)
    planting.plant(world, by="lou")


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("scenario", APPROVABLE)
def test_each_scenario_ends_as_the_desk_decides(world: World, scenario: str, walk: str) -> None:
    do, status, outcome = WALKS[walk]
    case_id = do(world, scenario)

    row = planting.row_of(world, case_id)
    assert (world.status(case_id), row.outcome) == (status, outcome)
    assert row.opened_at == world.now


@pytest.mark.parametrize("scenario", sorted(set(SCENARIOS) - set(APPROVABLE)))
def test_the_rules_let_nobody_propose_a_removal_where_nothing_was_proven(world: World, scenario: str) -> None:
    case_id = planting.verifying(world, scenario)
    world.check("alice", case_id)
    with pytest.raises(Refused, match="policy_not_met"):
        world.propose("alice", case_id)
    assert planting.row_of(world, case_id).outcome is None


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_can_be_declined(world: World, scenario: str) -> None:
    case_id = planting.declined(world, scenario)
    assert planting.row_of(world, case_id).outcome == "caught_first"
    assert world.case(case_id).decision_reason == SCENARIOS[scenario].decline


def test_a_second_person_who_sends_it_back_has_caught_it(world: World) -> None:
    case_id = planting.sent_back(world)
    approval.propose_decline(world.as_("alice"), case_id, "identity_not_confirmed")
    planting.agree(world, case_id)
    assert planting.row_of(world, case_id).outcome == "caught_second"


def test_it_is_over_when_nobody_answers_in_time(world: World) -> None:
    case_id = planting.verifying(world)
    verification.ask(world.as_("alice"), case_id, ["H4"])
    world.pass_time(days=15)
    assert (world.status(case_id), planting.row_of(world, case_id).outcome) == ("expired", "ended")


ENDED: dict[str, tuple[Callable[..., str], str]] = {
    "before it arrived": (planting.plant, "ended"),
    "in the queue": (planting.queued, "ended"),
    "while it was checked": (planting.verifying, "ended"),
    "while a removal waits for the second person": (planting.pending_removal, "ended"),
    "while a decline waits for the second person": (planting.pending_decline, "caught_first"),
    "after it was sent back": (planting.sent_back, "caught_second"),
    "after two have agreed": (planting.ready, "missed"),
}


@pytest.mark.parametrize("when", ENDED)
def test_the_planter_can_end_it_and_what_was_decided_until_then_counts(world: World, when: str) -> None:
    walk, outcome = ENDED[when]
    case_id = walk(world)
    training.end(world.as_("lee"), case_id)

    case = world.case(case_id)
    assert (case.status, case.close_reason) == ("cancelled", "training")
    assert planting.row_of(world, case_id).outcome == outcome


@pytest.mark.parametrize("name", ["lou", "alice", "chika", "ada"])
def test_nobody_but_the_planter_ends_it(world: World, name: str) -> None:
    case_id = planting.queued(world)
    with pytest.raises(NotFound):
        training.end(world.as_(name), case_id)
    assert world.status(case_id) == "queued"


def test_ending_it_twice_changes_nothing(world: World) -> None:
    case_id = planting.declined(world)
    before = planting.row_of(world, case_id).outcome
    training.end(world.as_("lee"), case_id)
    assert (world.status(case_id), planting.row_of(world, case_id).outcome) == ("declined", before)


def test_no_real_case_can_be_ended_as_a_training_case(world: World) -> None:
    world.account()
    case_id = world.queued()
    with pytest.raises(NotFound):
        training.end(world.as_("lee"), case_id)
    with pytest.raises(Refused, match="real_case"), world.system.act():
        training.close(world.system, world.lock(case_id))
    assert world.status(case_id) == "queued"


def test_what_holds_up_a_real_case_holds_it_up_too_and_the_refusal_does_not_tell(world: World) -> None:
    case_id = planting.pending_removal(world)
    planting.agree(world, case_id)
    with pytest.raises(Refused, match="wrong_status"):
        deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    world.deliver()
    world.pass_time(hours=25)
    with pytest.raises(Refused, match="wrong_code"):
        deactivation.execute(world.as_("alice"), case_id, code="000000")
    assert world.status(case_id) == "ready"
    assert planting.row_of(world, case_id).outcome is None


def test_changed_facts_void_it_as_they_void_a_real_one(world: World) -> None:
    case_id = planting.ready(world)
    account = planting.account_of(world, case_id)
    with world.system.act():
        world.contact(account, "email", "another@mail.example", since=world.now)

    after = deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))

    assert after in {"verifying", "queued"}
    assert planting.row_of(world, case_id).outcome is None


def test_the_planter_can_do_no_act_on_it(world: World) -> None:
    case_id = planting.queued(world)
    case, lee = world.case(case_id), world.as_("lee")
    forbidden: dict[str, Callable[[], object]] = {
        "claim": lambda: verification.claim(lee, case.id),
        "reveal": lambda: lookup.reveal(lee, case.id, "name", "matching"),
    }
    for act in forbidden.values():
        with pytest.raises(Refused):
            act()
    frozen = planting.pending_decline(world)
    for act in (
        lambda: approval.approve(world.as_("lee"), frozen, code=world.code("lee")),
        lambda: approval.send_back(world.as_("lee"), frozen, "no", code=world.code("lee")),
    ):
        with pytest.raises(Refused, match="planter"):
            act()


def test_a_planter_who_is_a_verifier_too_cannot_work_on_it(world: World) -> None:
    world.hire("lee2", person_of="lee")
    case_id = planting.queued(world)
    with pytest.raises(Refused, match="planter"):
        verification.claim(world.as_("lee2"), case_id)


def test_a_freeze_of_it_is_decided_by_others_than_the_planter(world: World) -> None:
    case_id = planting.verifying(world)
    objection.object_to(world.system, case_id, channel="status_page", contact_id=None)
    with pytest.raises(Refused, match="planter"):
        objection.propose_unfreeze(world.as_("lee"), case_id, "decline", "a fraud")

    world.hire_lead("lena")
    objection.propose_unfreeze(world.as_("lou"), case_id, "decline", "a fraud")
    objection.agree_unfreeze(world.as_("lena"), case_id, code=world.code("lena"))

    assert (world.status(case_id), planting.row_of(world, case_id).outcome) == ("declined", "caught_first")


def test_the_planter_is_not_among_those_who_have_a_part(world: World) -> None:
    case_id = planting.verifying(world)
    world.check("alice", case_id)
    assert [part for _, part in lookup.parties(world.session, world.case(case_id))] == ["verifier"]


def test_the_plan_is_committed_before_and_opened_after(world: World) -> None:
    case_id = planting.queued(world)
    assert training_plan.verified(world.session) == frozenset()
    training.end(world.as_("lee"), case_id)
    assert training_plan.verified(world.session) == {case_id}


def test_until_it_is_over_the_log_names_neither_case_nor_planter(world: World) -> None:
    case_id = planting.queued(world)
    events = planting.events(world, training_plan.STREAM)
    told = repr([event.event_bytes for event in events])
    assert case_id not in told
    assert world.logins["lee"].person_id not in told
    assert world.logins["lee"].staff_id not in told


def test_the_opened_plan_says_who_planted_what_and_how_it_ended(world: World) -> None:
    case_id = planting.executed(world)
    said = planting.facts(world, training_plan.STREAM, training_plan.OPENED)
    row = planting.row_of(world, case_id)
    assert said == {
        "case": case_id,
        "commitment": row.commitment,
        "salt": row.salt,
        "scenario": "urgent",
        "planter": world.logins["lee"].person_id,
        "outcome": "missed",
    }
    assert training_plan.commitment(**{key: said[key] for key in training_plan.PLANNED}) == row.commitment


def test_a_plan_that_was_not_committed_to_does_not_verify(world: World) -> None:
    world.account()
    case_id = planting.queued(world)
    case = world.case(case_id)
    with world.system.act():
        row = world.session.get_one(Training, case_id)
        # what somebody with the database, but without the log, could try before the case ends
        forged = replace_plan(row, scenario="name_differs")
        world.session.expunge(row)
        training_plan.audit.append(
            world.session,
            training_plan.STREAM,
            training_plan.OPENED,
            actor="system",
            at=world.now,
            facts={**forged, "case": case.id, "outcome": "caught_first"},
        )
    assert training_plan.verified(world.session) == frozenset()


def replace_plan(row: Training, **changed: str) -> dict[str, str]:
    plan = {
        "commitment": row.commitment,
        "salt": row.salt,
        "scenario": row.scenario,
        "planter": row.planter_id,
    }
    return {**plan, **changed}


def test_who_knows_of_it_while_it_runs(world: World) -> None:
    case_id = planting.queued(world)
    known = {
        name: [one.case_id for one in training.listing(world.as_(name))] for name in ("lee", "lou", "chika")
    }
    assert known == {"lee": [case_id], "lou": [], "chika": [case_id]}
    with pytest.raises(NotFound):
        training.revealed(world.as_("alice"), case_id)


def test_when_it_is_over_everybody_may_know(world: World) -> None:
    case_id = planting.declined(world)
    for name in ("lou", "chika", "lee"):
        (one,) = training.listing(world.as_(name))
        assert (one.case_id, one.outcome, one.verified, one.planter) == (
            case_id,
            "caught_first",
            True,
            "Lee Leader",
        )
    seen = training.revealed(world.as_("alice"), case_id)
    assert [part.name for part in seen.parts] == ["Alice Verity", "Bob Approva"]
    assert training.totals(world.as_("chika")) == {
        "caught_first": 1,
        "caught_second": 0,
        "missed": 0,
        "ended": 0,
    }


def test_a_real_case_is_never_revealed(world: World) -> None:
    world.account()
    with pytest.raises(NotFound):
        training.revealed(world.as_("alice"), world.declined())


def test_closing_is_the_systems_act_alone(world: World) -> None:
    case_id = planting.queued(world)
    for name in ("lee", "lou", "alice", "ada"):
        with pytest.raises(Refused, match="wrong_role"), (ctx := world.as_(name)).act():
            transition.apply(ctx, world.lock(case_id), Act.CLOSE_TRAINING)
    assert world.session.get_one(Case, case_id).status == "queued"
