"""What two people decide about an account: who may, what a decision is for, when it counts and what undoes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from portal import audit
from portal.casework import decisions, protection
from portal.casework.context import NotFound, Refused
from portal.models import Account, AuditEvent, OutboxRow, Proposal
from tests.casework.register_desk import refused
from tests.world import World


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


def now(world: World, account: Account) -> Account:
    world.session.rollback()
    return world.session.get_one(Account, account.id, populate_existing=True)


def proposed(
    world: World, account: Account, kind: str = "account_protect", by: str = "ada", reason: str = "A threat"
) -> Proposal:
    proposal_id = decisions.propose(world.as_(by), protection.MATTER, kind, account.id, reason=reason)
    return world.session.get_one(Proposal, proposal_id)


def agreed(world: World, account: Account, proposal: Proposal, by: str = "ann", **changes: Any) -> str:
    ctx = world.as_(by)
    given = {"digest": proposal.digest, "code": world.code(by), **changes}
    return decisions.agree(ctx, protection.MATTER, proposal.id, **given)


def protected(world: World) -> Account:
    account = world.account()
    agreed(world, account, proposed(world, account))
    return account


def tags(world: World, account: Account) -> list[str]:
    world.session.rollback()
    query = select(AuditEvent.tag).where(AuditEvent.stream == f"account:{account.id}")
    return list(world.session.execute(query.order_by(AuditEvent.sseq)).scalars())


def told(world: World) -> list[tuple[str, str]]:
    """Who was written to of a decision, and the state that it told."""
    world.session.rollback()
    names = {login.staff_id: name for name, login in world.logins.items()}
    rows = world.session.query(OutboxRow).filter_by(notice="account_setting").all()
    return sorted((names[row.staff_id or ""], world.params(row)["state"]) for row in rows)


# attacks


@pytest.mark.parametrize("name", ["alice", "bob", "lee", "chika"])
def test_nobody_but_an_admin_proposes_or_agrees(world: World, account: Account, name: str) -> None:
    proposal = proposed(world, account)
    refusals = [
        refused(
            decisions.propose, world.as_(name), protection.MATTER, "account_calls_on", account.id, reason="x"
        ).reason,
        refused(agreed, world, account, proposal, by=name).reason,
    ]

    assert refusals == ["wrong_role", "wrong_role"]
    assert not now(world, account).is_protected


def test_the_proposer_does_not_agree_whatever_login_they_use(world: World, account: Account) -> None:
    from portal.domain.lifecycle import Role

    world.hire("ada_two", role=Role.ADMIN, person_of="ada")
    proposal = proposed(world, account)

    assert {refused(agreed, world, account, proposal, by=name).reason for name in ("ada", "ada_two")} == {
        "own_proposal"
    }


def test_a_wrong_or_used_code_agrees_to_nothing(world: World, account: Account) -> None:
    proposal, ctx = proposed(world, account), world.as_("ann")
    code = world.code("ann")
    decisions.refuse(ctx, protection.MATTER, proposal.id, digest=proposal.digest, code=code)
    again = proposed(world, account)
    refusal = refused(decisions.agree, ctx, protection.MATTER, again.id, digest=again.digest, code=code)

    assert refusal.reason == "wrong_code"
    assert not now(world, account).is_protected


def test_what_was_not_shown_is_not_agreed_to(world: World, account: Account) -> None:
    proposal = proposed(world, account)

    assert refused(agreed, world, account, proposal, digest="0" * 64).reason == "proposal_changed"


def test_a_reason_changed_in_the_database_is_not_agreed_to(world: World, account: Account) -> None:
    proposal = proposed(world, account)
    with world.system.act():
        row = world.session.get_one(Proposal, proposal.id)
        world.runtime.vault.seal_json(
            world.session, row.subject_id, row, "payload", {"reason": "Something else"}
        )

    assert refused(agreed, world, account, proposal).reason == "proposal_changed"


def test_a_proposal_of_another_kind_is_not_decided_here(world: World, account: Account) -> None:
    from portal.casework import staff

    foreign = staff.propose(
        world.as_("ada"), "role_grant", staff_id=world.logins["vic"].staff_id, payload={"role": "approver"}
    )
    proposal = world.session.get_one(Proposal, foreign)

    with pytest.raises(NotFound):
        agreed(world, account, proposal)


def test_nobody_decides_twice(world: World, account: Account) -> None:
    proposal = proposed(world, account)
    agreed(world, account, proposal)

    assert refused(agreed, world, account, proposal).reason == "proposal_decided"


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_reason_is_needed(world: World, account: Account, reason: str) -> None:
    refusal = refused(proposed, world, account, reason=reason)

    assert (refusal.reason, refusal.details) == ("reason_missing", {"field": "reason"})


def test_the_same_thing_is_proposed_once_and_only_where_it_changes_something(
    world: World, account: Account
) -> None:
    proposed(world, account)
    refusals = [
        refused(proposed, world, account, kind).reason
        for kind in ("account_protect", "account_unprotect", "account_calls_on")
    ]

    assert refusals == ["proposal_open", "setting_as_wanted", "setting_as_wanted"]


def test_a_kind_that_nobody_knows_is_not_found(world: World, account: Account) -> None:
    with pytest.raises(NotFound):
        proposed(world, account, "role_grant")


# what it does


def test_a_protection_is_in_force_as_soon_as_a_second_admin_agrees(world: World, account: Account) -> None:
    assert agreed(world, account, proposed(world, account)) == "effective"
    assert now(world, account).is_protected


def test_lifting_it_waits_a_day(world: World) -> None:
    account = protected(world)
    state = agreed(world, account, proposed(world, account, "account_unprotect"))
    early = now(world, account).is_protected
    world.pass_time(hours=23)
    later = now(world, account).is_protected
    world.pass_time(hours=2)

    assert (state, early, later, now(world, account).is_protected) == ("agreed", True, True, False)


@pytest.mark.parametrize("name", ["ada", "ann", "lee"])
def test_any_admin_or_lead_stops_the_lifting_within_the_day(world: World, name: str) -> None:
    account = protected(world)
    proposal = proposed(world, account, "account_unprotect")
    agreed(world, account, proposal)
    ctx = world.as_(name)
    decisions.stop(ctx, protection.MATTER, proposal.id, code=world.code(name))
    world.pass_time(hours=48)

    assert now(world, account).is_protected
    assert tags(world, account)[-1] == "account:setting:stopped"


def test_others_stop_nothing_and_nothing_is_stopped_that_is_in_force(world: World) -> None:
    account = protected(world)
    proposal = proposed(world, account, "account_unprotect")
    agreed(world, account, proposal)
    world.pass_time(hours=25)
    reasons = []
    for name in ("alice", "chika", "lee"):
        ctx = world.as_(name)
        reasons.append(
            refused(decisions.stop, ctx, protection.MATTER, proposal.id, code=world.code(name)).reason
        )

    assert reasons == ["wrong_role", "wrong_role", "proposal_decided"]


def test_what_no_longer_fits_when_its_day_comes_is_dropped(world: World) -> None:
    account = protected(world)
    first = proposed(world, account, "account_unprotect")
    agreed(world, account, first)
    with world.system.act():
        copy = Proposal(
            id="second",
            kind=first.kind,
            target_id=account.id,
            subject_id=first.subject_id,
            sealed_payload=b"sealed",
            digest=first.digest,
            state="agreed",
            proposed_by=first.proposed_by,
            decided_by=first.decided_by,
            created_at=world.now,
            effective_at=first.effective_at,
        )
        world.session.add(copy)
    world.pass_time(hours=25)

    states = sorted(
        world.session.execute(select(Proposal.state).where(Proposal.kind == "account_unprotect")).scalars()
    )
    assert states == ["effective", "stopped"]
    assert ("lou", "stopped") in told(world)  # whoever counted on it hears that it did not come


def test_calls_are_switched_on_again_by_two_and_their_count_begins_anew(
    world: World, account: Account
) -> None:
    with world.system.act():
        row = now(world, account)
        row.calls_off_at, row.call_failures = world.now, 10
    agreed(world, account, proposed(world, account, "account_calls_on"))

    row = now(world, account)
    assert (row.calls_off_at, row.call_failures) == (None, 0)


def test_admins_and_leads_hear_of_every_decision(world: World) -> None:
    account = protected(world)
    first = told(world)
    proposal = proposed(world, account, "account_unprotect")
    agreed(world, account, proposal)
    ctx = world.as_("lou")
    decisions.stop(ctx, protection.MATTER, proposal.id, code=world.code("lou"))
    everybody = ("ada", "ann", "lee", "lou")

    assert first == [(name, "effective") for name in everybody]
    assert told(world) == sorted(
        (name, state) for name in everybody for state in ("effective", "agreed", "stopped")
    )


def test_it_all_stands_in_the_accounts_own_chain_without_the_reason(world: World, account: Account) -> None:
    agreed(world, account, proposed(world, account, reason="Threatened by Taro"))
    query = select(AuditEvent).where(AuditEvent.stream == f"account:{account.id}")
    world.session.rollback()
    events = list(world.session.execute(query.order_by(AuditEvent.sseq)).scalars())

    assert [event.tag for event in events] == [
        "account:setting:proposed",
        "account:setting:decided",
        "account:setting:effective",
    ]
    assert "Taro" not in json.dumps([event.event_bytes.decode() for event in events])
    assert audit.first_break(world.session, f"account:{account.id}") is None


@pytest.mark.parametrize(
    ("name", "decides", "stops"), [("ann", True, True), ("lee", False, True), ("chika", False, False)]
)
def test_readers_see_what_waits_and_what_they_may_do(
    world: World, name: str, decides: bool, stops: bool
) -> None:
    account = protected(world)
    proposal = proposed(world, account, "account_unprotect", reason="The threat is over")
    (waiting,) = decisions.asked_for(world.as_(name), protection.MATTER, now(world, account))
    agreed(world, account, proposal)
    (coming,) = decisions.asked_for(world.as_(name), protection.MATTER, now(world, account))

    assert (waiting.reason, waiting.proposer, waiting.may_decide) == (
        "The threat is over",
        "Ada Admin",
        decides,
    )
    assert (coming.state, coming.decider, coming.may_stop, coming.may_decide) == (
        "agreed",
        "Ann Admin",
        stops,
        False,
    )


def test_two_admins_who_agree_at_once_are_told_apart(world: World, account: Account) -> None:
    proposal = proposed(world, account)
    agreed(world, account, proposal)
    with pytest.raises(Refused):
        agreed(world, account, proposal)

    assert tags(world, account).count("account:setting:effective") == 1
