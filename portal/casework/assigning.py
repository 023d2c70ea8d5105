"""Several cases for one verifier at once: each is an act of its own, so that one that is refused does not hold up the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, case, func, select

from portal.casework import verification
from portal.casework.context import Context, NotFound, Refused
from portal.domain.lifecycle import Actor, Role, Status
from portal.models import Case, Person, Staff, StaffRole

# What somebody can do about the assignee of a case that stands in the queue, by role and status.
ASSIGNABLE = {
    Role.VERIFIER: frozenset({Status.QUEUED}),
    Role.LEAD: frozenset({Status.QUEUED, Status.VERIFYING}),
}


@dataclass(frozen=True)
class Verifier:
    """Somebody who is or was one. Only who is one now can get a case."""

    person_id: str
    name: str
    is_now: bool


@dataclass(frozen=True)
class Pick:
    """A case, and the version in which it was seen when it was picked."""

    case_id: str
    version: int


@dataclass(frozen=True)
class Outcome:
    """What became of a pick: assigned, or why not. Without a case where there is none for this actor."""

    case: Case | None
    refused: Refused | None


def assignable(actor: Actor) -> frozenset[Status]:
    """In which statuses this person could assign a case to somebody, or to themselves."""
    found = (statuses for role, statuses in ASSIGNABLE.items() if role in actor.roles)
    return frozenset(status for statuses in found for status in statuses)


def verifiers(ctx: Context) -> list[Verifier]:
    """Everybody who has ever been a verifier, by name: cases may still be with somebody who is none any more."""
    holds_now = and_(
        StaffRole.effective_at <= ctx.now, StaffRole.revoked_at.is_(None), Staff.disabled_at.is_(None)
    )
    query = (
        select(Person.id, Person.name, func.max(case((holds_now, 1), else_=0)))
        .join(Staff, Staff.person_id == Person.id)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(StaffRole.role == Role.VERIFIER)
        .group_by(Person.id, Person.name)
        .order_by(Person.name, Person.id)
    )
    return [Verifier(person_id, name, bool(now)) for person_id, name, now in ctx.session.execute(query)]


def assign(ctx: Context, picks: Sequence[Pick], person_id: str) -> list[Outcome]:
    """Give cases to a verifier. A lead gives to anybody who may hold them; a verifier takes for themselves.

    Raises Refused for too many at once; what is refused about one case is its outcome.
    """
    if len(picks) > ctx.limits.assigned_at_once:
        raise Refused("too_many_cases", field="case", most=ctx.limits.assigned_at_once)
    return [_outcome(ctx, pick, person_id) for pick in picks]


def _outcome(ctx: Context, pick: Pick, person_id: str) -> Outcome:
    refused = None
    try:
        _assign(ctx, pick, person_id)
    except Refused as why:
        refused = why
    found = ctx.session.get(Case, pick.case_id)
    if found is None or found.status == Status.UNCONFIRMED:
        return Outcome(None, NotFound())
    return Outcome(found, refused)


def _assign(ctx: Context, pick: Pick, person_id: str) -> None:
    if Role.LEAD in ctx.actor.roles:
        verification.reassign(ctx, pick.case_id, person_id, version=pick.version)
    elif person_id == ctx.actor.person_id:
        verification.claim(ctx, pick.case_id, version=pick.version)
    else:
        raise Refused("wrong_role")
