"""How two people decide: one proposes with a reason, another agrees or refuses with a fresh code, and the worker does what waited.

A matter says what can be decided, about what, by whom, and how it is written down: `keeping` is one, `protection` the other.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal import audit, vault
from portal.casework import fresh, transition
from portal.casework.context import Context, NotFound, Refused
from portal.domain.lifecycle import Role
from portal.models import PROPOSAL_PENDING, Account, Case, Person, Proposal, SubjectKey, new_id

log = logging.getLogger("kaijo.decisions")
BATCH = MOST = 50

Target = Case | Account


@dataclass(frozen=True)
class Kind:
    """One kind of decision: why it cannot be taken now, what it does, whether it waits a day, and who else hears beforehand."""

    refusal: Callable[[Context, Any], str | None]
    carry_out: Callable[[Context, Any, Proposal], None]
    waits: bool = False
    announce: Callable[[Context, Any, Proposal, str], None] | None = None


@dataclass(frozen=True)
class Matter:
    """Kinds of decisions that the same people take.

    `named` is what a digest calls the thing that a decision is about. `record` gets what happened (proposed, decided, stopped,
    effective) and its outcome. A decision whose day has come and that is refused for what `passes` by itself is tried again.
    """

    kinds: Mapping[str, Kind]
    may: frozenset[Role]
    may_stop: frozenset[Role]
    named: str
    record: Callable[[Context, Proposal, str, str | None], None]
    tell: Callable[[Context, Any, Proposal], None]
    passes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Asked:
    """A proposal as its page shows it. `digest` is what a decision must name."""

    id: str
    kind: str
    state: str
    digest: str
    target_id: str
    reason: str
    proposer: str
    decider: str
    created_at: datetime
    effective_at: datetime | None
    is_own: bool
    may_decide: bool
    may_stop: bool


def is_about_account(kind: str) -> bool:
    return kind.startswith("account_")


def refusal(ctx: Context, matter: Matter, kind: str, target: Target) -> str | None:
    """Why this actor could not propose it now, or None."""
    return matter.kinds[kind].refusal(ctx, target) if ctx.actor.is_any(matter.may) else "wrong_role"


def propose(ctx: Context, matter: Matter, kind: str, target_id: str, *, reason: str) -> str:
    """Propose it, with a reason. Returns the proposal's id."""
    _require(ctx, matter.may)
    with ctx.act():
        target = _lock_target(ctx, matter, kind, target_id)
        if not reason.strip():
            raise Refused("reason_missing", field="reason")
        _refuse(ctx, matter, kind, target)
        pending = _pending(matter).where(Proposal.target_id == target.id, Proposal.kind == kind)
        if ctx.session.execute(pending.limit(1)).first() is not None:
            raise Refused("proposal_open")
        proposal = _insert(ctx, matter, kind, target, reason.strip())
        matter.record(ctx, proposal, "proposed", None)
    return proposal.id


def _insert(ctx: Context, matter: Matter, kind: str, target: Target, reason: str) -> Proposal:
    has_key = ctx.session.get(SubjectKey, target.subject_id) is not None
    proposal = Proposal(
        id=new_id(),
        kind=kind,
        target_id=target.id,
        # sealed for whom it is about, so that an erasure takes the reason along
        subject_id=target.subject_id if has_key else ctx.vault.new_subject(ctx.session),
        digest=_digest(matter, kind, target.id, reason),
        state="open",
        proposed_by=ctx.actor.person_id,
        created_at=ctx.now,
    )
    ctx.vault.seal_json(ctx.session, proposal.subject_id, proposal, "payload", {"reason": reason})
    ctx.session.add(proposal)
    ctx.session.flush()
    return proposal


def _digest(matter: Matter, kind: str, target_id: str, reason: str) -> str:
    named = {"kind": kind, matter.named: target_id, "reason": reason}
    return hashlib.sha256(audit.canonical(named)).hexdigest()


def agree(ctx: Context, matter: Matter, proposal_id: str, *, digest: str, code: str) -> str:
    """Agree as another person, with a fresh code. Returns the state: `agreed` waits its day, `effective` is done."""
    _require(ctx, matter.may)
    fresh.factor(ctx, code)
    with ctx.act():
        target, proposal = _lock(ctx, matter, proposal_id, "open")
        if proposal.proposed_by == ctx.actor.person_id:
            raise Refused("own_proposal")
        _compare(ctx, matter, proposal, digest)
        _refuse(ctx, matter, proposal.kind, target)
        waits = matter.kinds[proposal.kind].waits
        proposal.effective_at = ctx.now + ctx.limits.grant_delay if waits else ctx.now
        _decide(ctx, matter, proposal, "agreed")
        ctx.session.flush()
        if waits:
            _announce(ctx, matter, target, proposal, "agreed")
            matter.tell(ctx, target, proposal)
        else:
            _carry_out(ctx, matter, target, proposal)
        return proposal.state


def refuse(ctx: Context, matter: Matter, proposal_id: str, *, digest: str, code: str) -> None:
    """Refuse a proposal, or withdraw one's own, with a fresh code."""
    _require(ctx, matter.may)
    fresh.factor(ctx, code)
    with ctx.act():
        target, proposal = _lock(ctx, matter, proposal_id, "open")
        _compare(ctx, matter, proposal, digest)
        _decide(ctx, matter, proposal, "refused")
        if proposal.proposed_by != ctx.actor.person_id:
            matter.tell(ctx, target, proposal)


def stop(ctx: Context, matter: Matter, proposal_id: str, *, code: str) -> None:
    """Stop what was agreed and is not yet in force, with a fresh code: one person is enough to leave things as they are."""
    _require(ctx, matter.may_stop)
    fresh.factor(ctx, code)
    with ctx.act():
        target, proposal = _lock(ctx, matter, proposal_id, "agreed")
        _stop(ctx, matter, target, proposal, "stopped")


def _stop(ctx: Context, matter: Matter, target: Target, proposal: Proposal, outcome: str) -> None:
    proposal.state = "stopped"
    matter.record(ctx, proposal, "stopped", outcome)
    _announce(ctx, matter, target, proposal, "stopped")
    matter.tell(ctx, target, proposal)


def apply_due(ctx: Context, matter: Matter) -> int:
    """Carry out what was agreed and not stopped. Returns how many took effect."""
    query = select(Proposal.id).where(
        Proposal.state == "agreed", Proposal.kind.in_(matter.kinds), Proposal.effective_at <= ctx.now
    )
    due = ctx.session.execute(query.order_by(Proposal.effective_at, Proposal.id).limit(BATCH)).scalars()
    return sum(_tried(ctx.as_system(), matter, proposal_id) for proposal_id in list(due))


def _tried(ctx: Context, matter: Matter, proposal_id: str) -> bool:
    """One that cannot be carried out stays agreed: no other decision, and no timer of the desk, waits for it."""
    try:
        return _apply(ctx, matter, proposal_id)
    except (Refused, IntegrityError) as problem:
        log.error("proposal %s is not carried out: %s", proposal_id, type(problem).__name__)
        return False


def _apply(ctx: Context, matter: Matter, proposal_id: str) -> bool:
    with ctx.act():
        try:
            target, proposal = _lock(ctx, matter, proposal_id, "agreed")
        except Refused:
            return False  # another worker, or a stop, came first
        why = matter.kinds[proposal.kind].refusal(ctx, target)
        if why is None:
            _carry_out(ctx, matter, target, proposal)
        elif why not in matter.passes:
            _stop(ctx, matter, target, proposal, why)
        return why is None


def _carry_out(ctx: Context, matter: Matter, target: Target, proposal: Proposal) -> None:
    # the database looks for a decision in force before it lets anything that two must decide change
    proposal.state, proposal.effective_at = "effective", ctx.now
    ctx.session.flush()
    matter.tell(ctx, target, proposal)
    matter.kinds[proposal.kind].carry_out(ctx, target, proposal)
    ctx.session.flush()
    matter.record(ctx, proposal, "effective", None)


def asked_for(ctx: Context, matter: Matter, target: Target | None = None) -> list[Asked]:
    """What waits for a decision or for its day, of one case or account or of all, oldest first."""
    query = _pending(matter)
    query = query.where(Proposal.target_id == target.id) if target is not None else query
    found = ctx.session.execute(query.order_by(Proposal.created_at, Proposal.id).limit(MOST)).scalars()
    return _shown(ctx, matter, list(found))


def find(ctx: Context, matter: Matter, proposal_id: str) -> Asked:
    """One that waits. Raises Refused where it was decided meanwhile, NotFound where it never was."""
    proposal = ctx.session.get(Proposal, proposal_id)
    if proposal is None or proposal.kind not in matter.kinds:
        raise NotFound()
    if proposal.state not in PROPOSAL_PENDING:
        raise Refused("proposal_decided")
    return _shown(ctx, matter, [proposal])[0]


def _pending(matter: Matter) -> Any:
    return select(Proposal).where(Proposal.kind.in_(matter.kinds), Proposal.state.in_(PROPOSAL_PENDING))


def _shown(ctx: Context, matter: Matter, several: list[Proposal]) -> list[Asked]:
    if not several:
        return []
    _keys = vault.held(ctx.session, [one.subject_id for one in several])
    known = names(ctx, several)
    return [_asked(ctx, matter, one, known) for one in several]


def _asked(ctx: Context, matter: Matter, one: Proposal, known: Mapping[str, str]) -> Asked:
    return Asked(
        id=one.id,
        kind=one.kind,
        state=one.state,
        digest=one.digest,
        target_id=one.target_id or "",
        reason=_reason(ctx, one),
        proposer=known.get(one.proposed_by, ""),
        decider=known.get(one.decided_by or "", ""),
        created_at=one.created_at,
        effective_at=one.effective_at,
        is_own=one.proposed_by == ctx.actor.person_id,
        may_decide=one.state == "open" and ctx.actor.is_any(matter.may),
        may_stop=one.state == "agreed" and ctx.actor.is_any(matter.may_stop),
    )


def names(ctx: Context, several: Iterable[Proposal]) -> dict[str, str]:
    """The names of those who proposed and decided, by the ids of the persons."""
    ids = {person for one in several for person in (one.proposed_by, one.decided_by) if person}
    rows = ctx.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row.id: row.name for row in rows}


def told_of(ctx: Context, proposal: Proposal) -> dict[str, Any]:
    """What every mail to staff says of a decision."""
    known = names(ctx, [proposal])
    return {
        "kind": proposal.kind,
        "state": proposal.state,
        "by": known.get(proposal.proposed_by, ""),
        "decider": known.get(proposal.decided_by or "", ""),
        "effective_at": audit.timestamp(proposal.effective_at or ctx.now),
    }


def _reason(ctx: Context, proposal: Proposal) -> str:
    payload = ctx.vault.open_json(ctx.session, proposal.subject_id, proposal, "payload") or {}
    return str(payload.get("reason", ""))


def _require(ctx: Context, roles: frozenset[Role]) -> None:
    if not ctx.actor.is_any(roles) or ctx.actor.person_id is None:
        raise Refused("wrong_role")


def _refuse(ctx: Context, matter: Matter, kind: str, target: Target) -> None:
    if why := matter.kinds[kind].refusal(ctx, target):
        raise Refused(why)


def _lock_target(ctx: Context, matter: Matter, kind: str, target_id: str) -> Target:
    if kind not in matter.kinds:
        raise NotFound()
    if not is_about_account(kind):
        return transition.lock(ctx.session, target_id)
    query = select(Account).where(Account.id == target_id).with_for_update(key_share=True)
    account = ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if account is None:
        raise NotFound()
    return account


def _lock(ctx: Context, matter: Matter, proposal_id: str, state: str) -> tuple[Target, Proposal]:
    """What it is about and the proposal, both held, in this order. Raises Refused where it was decided meanwhile."""
    known = ctx.session.get(Proposal, proposal_id)
    if known is None or known.kind not in matter.kinds:
        raise NotFound()
    target = _lock_target(ctx, matter, known.kind, known.target_id or "")
    query = select(Proposal).where(Proposal.id == proposal_id).with_for_update(key_share=True)
    proposal = ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one()
    if proposal.state != state:
        raise Refused("proposal_decided")
    return target, proposal


def _compare(ctx: Context, matter: Matter, proposal: Proposal, digest: str) -> None:
    """Whoever decides names what they saw, and that must be what stands there."""
    found = _digest(matter, proposal.kind, proposal.target_id or "", _reason(ctx, proposal))
    if not proposal.digest == digest == found:
        raise Refused("proposal_changed")


def _decide(ctx: Context, matter: Matter, proposal: Proposal, outcome: str) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = outcome, ctx.actor.person_id, ctx.now
    matter.record(ctx, proposal, "decided", outcome)


def _announce(ctx: Context, matter: Matter, target: Target, proposal: Proposal, state: str) -> None:
    announce = matter.kinds[proposal.kind].announce
    if announce is not None:
        announce(ctx, target, proposal, state)
