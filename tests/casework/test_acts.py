"""An act is one transaction: acts within it belong to it, a refusal writes nothing, a failed proof is counted for good."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.casework import approval, factor, proofs, timers, transition, verification
from portal.casework.context import Context, NotFound, Refused, Stale
from portal.casework.facts import asked_facts, facts_of
from portal.domain.lifecycle import Act
from portal.models import (
    AuditEvent,
    Case,
    CaseParty,
    CaseTimer,
    IdentityCheck,
    OutboxRow,
    Person,
    Throttle,
    new_id,
)
from tests.sql import TABLES
from tests.world import World


def everything(world: World, *but: str) -> dict[str, list[Any]]:
    """All that is stored, to see that nothing was."""
    world.session.rollback()
    with world.runtime.sessions() as session:
        return {
            name: sorted(map(repr, session.execute(select(table)).all()))
            for name, table in TABLES.items()
            if name not in but
        }


def name_person(ctx: Context) -> str:
    with ctx.act():
        person = Person(id=new_id(), name="Nina Neu", created_at=ctx.now)
        ctx.session.add(person)
    return person.id


def is_stored(world: World, person_id: str) -> bool:
    with world.runtime.sessions() as later:
        return later.get(Person, person_id) is not None


def test_an_act_stores_what_it_wrote(world: World) -> None:
    assert is_stored(world, name_person(world.system))


def test_an_act_within_an_act_stores_nothing_by_itself(world: World) -> None:
    ctx = world.system
    with ctx.act():
        person_id = name_person(ctx)
        assert not is_stored(world, person_id)
    assert is_stored(world, person_id)


def test_an_act_that_fails_takes_back_the_acts_within_it(world: World) -> None:
    made: list[str] = []
    with pytest.raises(Refused):
        name_and_refuse(world.system, made)
    assert not is_stored(world, made[0])


def name_and_refuse(ctx: Context, made: list[str]) -> None:
    with ctx.act():
        made.append(name_person(ctx))
        raise Refused("wrong_status")


def test_a_context_for_another_actor_is_in_the_same_act(world: World) -> None:
    ctx = world.system
    with ctx.act():
        person_id = name_person(ctx.as_actor(world.owner.actor))
        assert not is_stored(world, person_id)
    assert is_stored(world, person_id)


def test_after_an_act_that_failed_the_next_one_stores_again(world: World) -> None:
    ctx = world.system
    with pytest.raises(Refused):
        name_and_refuse(ctx, [])
    assert is_stored(world, name_person(ctx))


def test_time_stands_still_within_an_act(world: World) -> None:
    ctx = world.system
    before = ctx.now
    world.now += timedelta(hours=1)
    with ctx.act():
        assert (ctx.now, ctx.as_system().now) == (before, before)


REFUSED_ACTS = {
    "by the wrong role": lambda world, case_id: verification.claim(world.as_("bob"), case_id),
    "by who does not hold it": lambda world, case_id: verification.record_check(
        world.as_("vic"), case_id, "D2", "match", evidence={}
    ),
    "without evidence": lambda world, case_id: verification.record_check(
        world.as_("alice"), case_id, "D2", "match", evidence={}
    ),
    "before its conditions": lambda world, case_id: approval.propose_removal(
        world.as_("alice"), case_id, ["x"]
    ),
    "without a reason": lambda world, case_id: approval.propose_decline(world.as_("alice"), case_id, ""),
    "from an old page": lambda world, case_id: verification.release(world.as_("alice"), case_id, version=1),
    "without a case": lambda world, case_id: verification.release(world.as_("alice"), new_id()),
}


@pytest.mark.parametrize("how", REFUSED_ACTS)
def test_an_act_that_is_refused_writes_nothing(world: World, how: str) -> None:
    world.account()
    case_id = world.verifying()
    before = everything(world)
    with pytest.raises((Refused, Stale, NotFound)):
        REFUSED_ACTS[how](world, case_id)
    assert everything(world) == before


def test_a_second_person_who_is_refused_has_taken_no_part(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    with pytest.raises(Refused, match="checks_unopened"):
        approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    parts = world.session.execute(select(CaseParty.person_id).where(CaseParty.case_id == case_id)).scalars()
    assert list(parts) == [world.logins["alice"].person_id]


def test_a_code_is_spent_even_when_its_act_is_refused(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    code = world.code("bob")
    with pytest.raises(Refused, match="checks_unopened"):
        approval.approve(world.as_("bob"), case_id, code=code)
    world.open_checks("bob", case_id)
    with pytest.raises(Refused, match="wrong_code"):
        approval.approve(world.as_("bob"), case_id, code=code)


def test_a_wrong_code_of_staff_is_counted_although_its_act_is_refused(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    world.open_checks("bob", case_id)
    before = everything(world, "staff", "audit_event", "audit_stream", "audit_waiting", "throttle")
    for tries in (1, 2):
        with pytest.raises(Refused, match="wrong_code"):
            approval.approve(world.as_("bob"), case_id, code="000000")
        assert staff_failures(world) == tries
    assert everything(world, "staff", "audit_event", "audit_stream", "audit_waiting", "throttle") == before


def staff_failures(world: World) -> int:
    """The wrong codes that are counted at open sessions."""
    with world.runtime.sessions() as later:
        query = select(func.sum(Throttle.count)).where(Throttle.rule == factor.DESK_RULE)
        return int(later.execute(query).scalar_one() or 0)


def test_a_wrong_code_of_an_owner_is_counted_and_proves_nothing(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    for tries in range(1, world.runtime.limits.code_tries_per_case + 1):
        assert not proofs.enter_letter_code(world.owner, case_id, "AAAA-AAAA-AAAA")
        assert world.case(case_id).code_failures == tries
    with pytest.raises(Refused, match="too_many_codes"):
        proofs.enter_letter_code(world.owner, case_id, world.letter_code(case_id))


def test_a_proof_that_comes_too_late_leaves_its_code_good(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    verification.ask(world.as_("alice"), case_id, ["H4"])
    code = world.letter_code(case_id)
    verification.end_asking(world.as_("alice"), case_id)
    assert proofs.enter_letter_code(world.owner, case_id, code)
    assert not proofs.enter_letter_code(world.owner, case_id, code)


def test_a_timer_that_does_not_fit_its_case_changes_nothing(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    with world.system.act():
        world.session.add(CaseTimer(case_id=case_id, act=Act.RETURN_UNEXECUTED, at=world.now))
    before = everything(world)
    assert not timers.run_one(world.system, case_id, Act.RETURN_UNEXECUTED, world.now)
    assert everything(world) == before


def test_status_event_and_notices_are_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = world.queued()
    before = everything(world)

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    for part in ("audit.append_case", "telling.tell"):
        with monkeypatch.context() as patch:
            patch.setattr(f"portal.casework.transition.{part}", broken)
            with pytest.raises(OSError, match="disk full"):
                verification.claim(world.as_("alice"), case_id)
        assert everything(world) == before


def test_an_act_leaves_one_event_one_version_and_its_notices(world: World) -> None:
    world.account()
    case_id = world.verifying()
    case, mails = world.case(case_id), len(world.mails(case_id))
    events, version = case.audit_seq, case.version
    verification.ask(world.as_("alice"), case_id, ["H4"])
    case = world.case(case_id)
    assert (case.audit_seq, case.version) == (events + 1, version + 1)
    assert len(world.mails(case_id)) == mails + 1
    count = select(AuditEvent.id).where(AuditEvent.case_id == case_id)
    assert len(world.session.execute(count).all()) == case.audit_seq


def test_a_locked_case_is_read_as_it_is_now(world: World) -> None:
    case_id = world.queued()
    alice = world.as_("alice").actor
    stale = world.case(case_id)
    with world.runtime.sessions() as other:
        verification.claim(world.runtime.context(other, alice), case_id)
    assert stale.status == "queued"
    with world.system.act():
        assert transition.lock(world.session, case_id).status == "verifying"


def test_the_rows_of_an_act_can_be_read_after_it(world: World) -> None:
    world.account()
    case_id = world.verifying()
    check = world.check("alice", case_id)
    assert (check.result, check.case_id) == ("match", case_id)
    assert isinstance(check, IdentityCheck)
    assert world.session.get(Case, case_id) is not None
    assert world.session.execute(select(OutboxRow.id).limit(1)).first() is not None


def test_a_fact_that_nobody_knows_cannot_be_observed(world: World) -> None:
    case = world.case(world.queued())
    for read in (facts_of, asked_facts):
        with pytest.raises(TypeError, match="no fact called signed_in_sinse"):
            read(world.system, case, signed_in_sinse=True)
