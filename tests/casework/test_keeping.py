"""What two people decide about what is kept: who may, what a decision is for, when it counts and what undoes it."""

from __future__ import annotations

import pytest

from portal.casework import decisions, keeping, objection, timers
from portal.casework.context import NotFound
from portal.domain.lifecycle import Role
from portal.models import Case, LegalHold, OutboxRow, Proposal, new_id
from tests.casework.kept import agreed, decided, events, later, proposed, refusal
from tests.sql import attack, inserted, row_of
from tests.world import World

KINDS = ("case_hold", "case_erase")


@pytest.fixture
def case_id(world: World) -> str:
    world.account()
    return world.declined()


def state(world: World, proposal: Proposal) -> str:
    world.session.rollback()
    return world.session.get_one(Proposal, proposal.id, populate_existing=True).state


def stage(world: World, case_id: str) -> int:
    return world.case(case_id).retention_stage


def is_held(world: World, case_id: str) -> bool:
    world.session.rollback()
    return world.session.query(LegalHold).filter_by(case_id=case_id, lifted_at=None).count() == 1


def told(world: World, notice: str) -> list[tuple[str, str]]:
    """Who was written to of a decision, and the state that it told."""
    world.session.rollback()
    names = {login.staff_id: name for name, login in world.logins.items()}
    rows = world.session.query(OutboxRow).filter_by(notice=notice).order_by(OutboxRow.created_at).all()
    return [(names.get(row.staff_id or "", "owner"), world.params(row)["state"]) for row in rows]


# who


@pytest.mark.parametrize("name", ["alice", "bob", "chika"])
def test_nobody_but_leads_and_admins_proposes_or_agrees(world: World, case_id: str, name: str) -> None:
    proposal = proposed(world, "case_hold", case_id)

    assert (
        refusal(decisions.propose, world.as_(name), keeping.MATTER, "case_hold", case_id, reason="x")
        == "wrong_role"
    )
    assert refusal(agreed, world, proposal, by=name) == "wrong_role"
    assert not is_held(world, case_id)


@pytest.mark.parametrize(("first", "second"), [("lee", "ada"), ("ada", "lee"), ("ada", "ann")])
def test_a_lead_and_an_admin_may_decide_together(world: World, case_id: str, first: str, second: str) -> None:
    assert agreed(world, proposed(world, "case_hold", case_id, by=first), by=second) == "effective"
    assert is_held(world, case_id)


def test_the_proposer_does_not_agree_whatever_login_they_use(world: World, case_id: str) -> None:
    world.hire("lee_two", role=Role.LEAD, person_of="lee")
    proposal = proposed(world, "case_hold", case_id)

    assert {refusal(agreed, world, proposal, by=name) for name in ("lee", "lee_two")} == {"own_proposal"}


def test_nobody_decides_about_a_case_of_their_own_account(world: World) -> None:
    world.account(account_email="lee@desk.example", number="210987654321")
    case_id = world.declined(account_email="lee@desk.example")
    later(world, days=15)
    own = [refusal(proposed, world, kind, case_id) for kind in KINDS]
    proposal = proposed(world, "case_hold", case_id, by="lou")

    assert own == ["own_account", "own_account"]
    assert refusal(agreed, world, proposal, by="lee") == "own_account"


# what a decision is for


def test_a_reason_a_fresh_code_and_what_was_shown_are_needed(world: World, case_id: str) -> None:
    assert refusal(proposed, world, "case_hold", case_id, reason=" ") == "reason_missing"
    proposal = proposed(world, "case_hold", case_id)

    assert refusal(agreed, world, proposal, digest="0" * 64) == "proposal_changed"
    assert refusal(agreed, world, proposal, code="000000") == "wrong_code"
    assert not is_held(world, case_id)


def test_a_reason_changed_in_the_database_is_not_agreed_to(world: World, case_id: str) -> None:
    proposal = proposed(world, "case_hold", case_id)
    with world.system.act():
        row = world.session.get_one(Proposal, proposal.id)
        world.runtime.vault.seal_json(world.session, row.subject_id, row, "payload", {"reason": "Other"})

    assert refusal(agreed, world, proposal) == "proposal_changed"


def test_the_same_is_not_proposed_twice_and_nothing_that_is_unknown(world: World, case_id: str) -> None:
    proposed(world, "case_hold", case_id)

    assert refusal(proposed, world, "case_hold", case_id) == "proposal_open"
    with pytest.raises(NotFound):
        decisions.propose(world.as_("lee"), keeping.MATTER, "account_protect", case_id, reason="x")


def test_what_was_refused_counts_for_nothing(world: World, case_id: str) -> None:
    proposal = proposed(world, "case_hold", case_id)
    ctx = world.as_("lou")
    decisions.refuse(ctx, keeping.MATTER, proposal.id, digest=proposal.digest, code=world.code("lou"))

    assert (state(world, proposal), is_held(world, case_id)) == ("refused", False)
    assert refusal(agreed, world, proposal) == "proposal_decided"


# when it counts


def test_a_hold_counts_at_once_and_its_end_a_day_later(world: World, case_id: str) -> None:
    decided(world, "case_hold", case_id)
    held = is_held(world, case_id)
    release = decided(world, "case_release", case_id)
    waiting = is_held(world, case_id)
    later(world, hours=24)
    decisions.apply_due(world.system, keeping.MATTER)

    assert (held, waiting, is_held(world, case_id)) == (True, True, False)
    assert state(world, release) == "effective"
    assert [each["proposal"] for each in events(world, "case:hold:lifted")] == [release.id]


@pytest.mark.parametrize("name", ["lee", "lou", "ada"])
def test_one_person_stops_what_would_let_data_go(world: World, case_id: str, name: str) -> None:
    later(world, days=15)
    proposal = decided(world, "case_erase", case_id)
    ctx = world.as_(name)
    decisions.stop(ctx, keeping.MATTER, proposal.id, code=world.code(name))
    later(world, hours=48)
    decisions.apply_due(world.system, keeping.MATTER)

    assert (state(world, proposal), stage(world, case_id)) == ("stopped", 0)


def test_compliance_stops_nothing(world: World, case_id: str) -> None:
    later(world, days=15)
    proposal = decided(world, "case_erase", case_id)

    assert (
        refusal(decisions.stop, world.as_("chika"), keeping.MATTER, proposal.id, code=world.code("chika"))
        == "wrong_role"
    )


def test_a_hold_that_comes_in_between_wins_over_an_agreed_erasure(world: World, case_id: str) -> None:
    later(world, days=15)
    proposal = decided(world, "case_erase", case_id)
    decided(world, "case_hold", case_id)
    later(world, hours=24)
    decisions.apply_due(world.system, keeping.MATTER)

    assert (state(world, proposal), stage(world, case_id)) == ("stopped", 0)
    assert [each["outcome"] for each in events(world, "staff:retention:decided")][-1] == "legal_hold"


def test_a_hold_that_was_only_asked_for_puts_an_erasure_off_until_it_is_decided(
    world: World, case_id: str
) -> None:
    later(world, days=15)
    erasure = decided(world, "case_erase", case_id)
    hold = proposed(world, "case_hold", case_id, by="ada")
    later(world, hours=24)
    decisions.apply_due(world.system, keeping.MATTER)
    put_off = (state(world, erasure), stage(world, case_id))
    ctx = world.as_("ada")
    decisions.refuse(ctx, keeping.MATTER, hold.id, digest=hold.digest, code=world.code("ada"))
    decisions.apply_due(world.system, keeping.MATTER)

    assert put_off == ("agreed", 0)
    assert (state(world, erasure), stage(world, case_id)) == ("effective", 3)


@pytest.mark.parametrize(
    ("status", "days", "why"),
    [
        ("queued", 0, "wrong_status"),
        ("declined", 13, "objection_possible"),
        ("deactivated", 8, "objection_possible"),
        ("frozen", 0, "wrong_status"),
    ],
)
def test_only_what_has_ended_past_objection_and_appeal_can_be_erased(
    world: World, status: str, days: int, why: str
) -> None:
    world.account()
    case_id = getattr(world, status)()
    later(world, days=days)

    assert refusal(proposed, world, "case_erase", case_id) == why


def test_an_open_objection_keeps_everything(world: World) -> None:
    world.account()
    case_id = world.deactivated()
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    objection.propose_unfreeze(world.as_("lee"), case_id, "unfounded", "all contacts were asked")
    later(world, days=30)

    assert refusal(proposed, world, "case_erase", case_id) == "wrong_status"


def test_an_erasure_that_the_database_refuses_holds_up_no_other_and_no_timer(world: World) -> None:
    world.account()
    first, second = world.declined(), world.cancelled()
    later(world, days=15)
    for case_id in (first, second):
        decided(world, "case_erase", case_id)
    # somebody with SQL: an account that seems to need the key of the first
    own = {"id": new_id(), "subject_id": world.case(first).subject_id, "number": "000000000009"}
    attack(world, inserted("account", row_of(world, "account"), **own))
    later(world, hours=24)
    timers.run_due(world.runtime)

    assert [world.case(case_id).retention_stage for case_id in (first, second)] == [0, 3]


# who hears of it


def test_leads_admins_and_compliance_hear_of_a_decision(world: World, case_id: str) -> None:
    decided(world, "case_hold", case_id)

    heard = dict(told(world, "retention_decision"))
    assert {name for name in heard if name in {"lee", "lou", "ada", "ann", "chika"}} == {
        *("lee", "lou", "ada", "ann", "chika")
    }
    assert set(heard.values()) == {"effective"}


def test_the_requester_hears_of_an_erasure_while_it_can_be_stopped_and_when_it_was(
    world: World, case_id: str
) -> None:
    later(world, days=15)
    proposal = decided(world, "case_erase", case_id)
    first = told(world, "data_erased")
    ctx = world.as_("ada")
    decisions.stop(ctx, keeping.MATTER, proposal.id, code=world.code("ada"))

    assert first == [("owner", "agreed")]
    assert told(world, "data_erased") == [("owner", "agreed"), ("owner", "stopped")]


def test_nobody_is_written_to_at_an_address_that_was_never_confirmed(world: World) -> None:
    case_id = world.expired()
    decided(world, "case_erase", case_id)

    assert told(world, "data_erased") == []


def test_the_log_knows_who_proposed_and_who_decided(world: World, case_id: str) -> None:
    proposal = decided(world, "case_hold", case_id)

    [asked], [answer] = events(world, "staff:retention:proposed"), events(world, "staff:retention:decided")
    assert asked == {"proposal": proposal.id, "kind": "case_hold", "case": case_id}
    assert answer == {**asked, "outcome": "agreed"}


def test_what_waits_is_listed_with_its_reason_for_who_may_read_it(world: World, case_id: str) -> None:
    proposed(world, "case_hold", case_id, reason="Letter of the court")
    [seen] = decisions.asked_for(world.as_("chika"), keeping.MATTER)
    [mine] = decisions.asked_for(world.as_("lee"), keeping.MATTER, world.session.get_one(Case, case_id))

    assert (seen.reason, seen.may_decide, seen.may_stop) == ("Letter of the court", False, False)
    assert (mine.is_own, mine.may_decide, mine.target_id) == (True, True, case_id)
    assert keeping.abouts(world.system, [case_id]) == {case_id: world.case(case_id).reference}
