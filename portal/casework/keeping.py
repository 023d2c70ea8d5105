"""What two people decide about data that is kept: a legal hold and its end, the erasure of a case or of an account.

What keeps data is in force at once. What lets it go waits a day, in which any lead or admin can stop it, and is judged anew
on its day: a hold, an objection or a reopened case that came in between wins.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal import audit
from portal.casework import erasure, fresh, legal_hold, staff_mail, transition
from portal.casework.context import Context, NotFound, Refused
from portal.contact import mask_account_number
from portal.domain.lifecycle import Act, Role
from portal.domain.retention import AT_ONCE, DECISIONS
from portal.models import Account, Case, Person, Proposal, SubjectKey, new_id

log = logging.getLogger("kaijo.keeping")
MAY = frozenset({Role.LEAD, Role.ADMIN})
BATCH = MOST = 50
# What passes by itself: the decision stays agreed and is tried again.
PASSES = frozenset({"log_behind", "hold_proposed"})

Target = Case | Account


@dataclass(frozen=True)
class Kind:
    """One kind of decision: why it cannot be taken now, what it does, and who outside the desk is told beforehand."""

    refusal: Callable[[Context, Any], str | None]
    carry_out: Callable[[Context, Any, Proposal], None]
    announce: Callable[[Context, Any, Proposal, str], None] | None = None


KINDS: Mapping[str, Kind] = {
    "case_hold": Kind(lambda ctx, case: legal_hold.refusal(ctx, case, Act.PLACE_HOLD), legal_hold.place),
    "case_release": Kind(lambda ctx, case: legal_hold.refusal(ctx, case, Act.LIFT_HOLD), legal_hold.lift),
    "case_erase": Kind(erasure.refusal, erasure.erase, erasure.announce),
    "account_erase": Kind(erasure.account_refusal, erasure.erase_account, erasure.announce_account),
}
assert KINDS.keys() == DECISIONS.keys()


@dataclass(frozen=True)
class Asked:
    """A proposal as its page shows it. `digest` is what a decision must name."""

    id: str
    kind: str
    state: str
    digest: str
    about: str
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


def refusal(ctx: Context, kind: str, target: Target) -> str | None:
    """Why this actor could not propose it now, or None."""
    return KINDS[kind].refusal(ctx, target) if ctx.actor.is_any(MAY) else "wrong_role"


def propose(ctx: Context, kind: str, target_id: str, *, reason: str) -> str:
    """Propose it as a lead or an admin, with a reason. Returns the proposal's id."""
    _require(ctx)
    with ctx.act():
        target = _lock_target(ctx, kind, target_id)
        if not reason.strip():
            raise Refused("reason_missing", field="reason")
        _refuse(ctx, kind, target)
        if legal_hold.is_pending(ctx.session, target.id, kind):
            raise Refused("proposal_open")
        proposal = _insert(ctx, kind, target, reason.strip())
        _record(ctx, proposal, "proposed")
    return proposal.id


def _insert(ctx: Context, kind: str, target: Target, reason: str) -> Proposal:
    has_key = ctx.session.get(SubjectKey, target.subject_id) is not None
    proposal = Proposal(
        id=new_id(),
        kind=kind,
        target_id=target.id,
        # sealed for whom it is about, so that an erasure takes the reason along
        subject_id=target.subject_id if has_key else ctx.vault.new_subject(ctx.session),
        digest=_digest(kind, target.id, reason),
        state="open",
        proposed_by=ctx.actor.person_id,
        created_at=ctx.now,
    )
    ctx.vault.seal_json(ctx.session, proposal.subject_id, proposal, "payload", {"reason": reason})
    ctx.session.add(proposal)
    ctx.session.flush()
    return proposal


def _digest(kind: str, target_id: str, reason: str) -> str:
    return hashlib.sha256(audit.canonical({"kind": kind, "target": target_id, "reason": reason})).hexdigest()


def agree(ctx: Context, proposal_id: str, *, digest: str, code: str) -> str:
    """Agree as another lead or admin, with a fresh code. Returns the state: `agreed` waits its day, `effective` is done."""
    _require(ctx)
    fresh.factor(ctx, code)
    with ctx.act():
        target, proposal = _lock(ctx, proposal_id, "open")
        if proposal.proposed_by == ctx.actor.person_id:
            raise Refused("own_proposal")
        _compare(ctx, proposal, digest)
        _refuse(ctx, proposal.kind, target)
        proposal.effective_at = ctx.now if proposal.kind in AT_ONCE else ctx.now + ctx.limits.grant_delay
        _decide(ctx, proposal, "agreed")
        ctx.session.flush()
        if proposal.kind in AT_ONCE:
            _carry_out(ctx, target, proposal)
        else:
            _announce(ctx, target, proposal, "agreed")
            _tell_staff(ctx, target, proposal)
        return proposal.state


def refuse(ctx: Context, proposal_id: str, *, digest: str, code: str) -> None:
    """Refuse a proposal, or withdraw one's own, with a fresh code."""
    _require(ctx)
    fresh.factor(ctx, code)
    with ctx.act():
        target, proposal = _lock(ctx, proposal_id, "open")
        _compare(ctx, proposal, digest)
        _decide(ctx, proposal, "refused")
        if proposal.kind in AT_ONCE and proposal.proposed_by != ctx.actor.person_id:
            _tell_staff(ctx, target, proposal)  # others may want to keep what goes on its way now


def stop(ctx: Context, proposal_id: str, *, code: str) -> None:
    """Stop what was agreed and is not yet in force, with a fresh code: one person is enough to keep data."""
    _require(ctx)
    fresh.factor(ctx, code)
    with ctx.act():
        target, proposal = _lock(ctx, proposal_id, "agreed")
        _stop(ctx, target, proposal, "stopped")


def _stop(ctx: Context, target: Target, proposal: Proposal, outcome: str) -> None:
    proposal.state = "stopped"
    _record(ctx, proposal, "decided", outcome=outcome)
    _announce(ctx, target, proposal, "stopped")
    _tell_staff(ctx, target, proposal)


def apply_due(ctx: Context) -> int:
    """Carry out what was agreed and not stopped. Returns how many took effect."""
    query = select(Proposal.id).where(
        Proposal.state == "agreed", Proposal.kind.in_(KINDS), Proposal.effective_at <= ctx.now
    )
    due = ctx.session.execute(query.order_by(Proposal.effective_at, Proposal.id).limit(BATCH)).scalars()
    return sum(_tried(ctx.as_system(), proposal_id) for proposal_id in list(due))


def _tried(ctx: Context, proposal_id: str) -> bool:
    """One that cannot be carried out stays agreed: no other decision, and no timer of the desk, waits for it."""
    try:
        return _apply(ctx, proposal_id)
    except (Refused, IntegrityError) as problem:
        log.error("proposal %s is not carried out: %s", proposal_id, type(problem).__name__)
        return False


def _apply(ctx: Context, proposal_id: str) -> bool:
    with ctx.act():
        try:
            target, proposal = _lock(ctx, proposal_id, "agreed")
        except Refused:
            return False  # another worker, or a stop, came first
        why = KINDS[proposal.kind].refusal(ctx, target)
        if why is None:
            _carry_out(ctx, target, proposal)
        elif why not in PASSES:
            _stop(ctx, target, proposal, why)
        return why is None


def _carry_out(ctx: Context, target: Target, proposal: Proposal) -> None:
    # the database looks for a decision in force before it lets anything be held, released or erased
    proposal.state, proposal.effective_at = "effective", ctx.now
    ctx.session.flush()
    _tell_staff(ctx, target, proposal)
    KINDS[proposal.kind].carry_out(ctx, target, proposal)
    ctx.session.flush()


def asked_for(ctx: Context, target: Target | None = None) -> list[Asked]:
    """What waits for a decision or for its day, of one case or account or of all, oldest first."""
    query = select(Proposal).where(Proposal.kind.in_(KINDS), Proposal.state.in_(legal_hold.PENDING))
    query = query.where(Proposal.target_id == target.id) if target is not None else query
    found = ctx.session.execute(query.order_by(Proposal.created_at, Proposal.id).limit(MOST)).scalars()
    return _shown(ctx, list(found))


def find(ctx: Context, proposal_id: str) -> Asked:
    """One that waits. Raises Refused where it was decided meanwhile, NotFound where it never was."""
    proposal = ctx.session.get(Proposal, proposal_id)
    if proposal is None or proposal.kind not in KINDS:
        raise NotFound()
    if proposal.state not in legal_hold.PENDING:
        raise Refused("proposal_decided")
    return _shown(ctx, [proposal])[0]


def _shown(ctx: Context, several: list[Proposal]) -> list[Asked]:
    # held, so that all reasons are opened with one statement
    subjects = {one.subject_id for one in several}
    _keys = ctx.session.execute(select(SubjectKey).where(SubjectKey.subject_id.in_(subjects))).scalars().all()
    names, abouts = _names(ctx, several), _abouts(ctx, several)
    return [_asked(ctx, one, names, abouts) for one in several]


def _asked(ctx: Context, one: Proposal, names: Mapping[str, str], abouts: Mapping[str, str]) -> Asked:
    may = ctx.actor.is_any(MAY)
    return Asked(
        id=one.id,
        kind=one.kind,
        state=one.state,
        digest=one.digest,
        about=abouts.get(one.target_id or "", ""),
        target_id=one.target_id or "",
        reason=_reason(ctx, one),
        proposer=names.get(one.proposed_by, ""),
        decider=names.get(one.decided_by or "", ""),
        created_at=one.created_at,
        effective_at=one.effective_at,
        is_own=one.proposed_by == ctx.actor.person_id,
        may_decide=may and one.state == "open",
        may_stop=may and one.state == "agreed",
    )


def _names(ctx: Context, several: list[Proposal]) -> dict[str, str]:
    ids = {person for one in several for person in (one.proposed_by, one.decided_by) if person}
    rows = ctx.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _abouts(ctx: Context, several: list[Proposal]) -> dict[str, str]:
    """What each is about, as everybody may read it: a receipt number, or an account number mostly hidden."""
    ids = {one.target_id for one in several}
    cases = ctx.session.execute(select(Case.id, Case.reference).where(Case.id.in_(ids)))
    accounts = ctx.session.execute(select(Account.id, Account.number).where(Account.id.in_(ids)))
    return {row.id: row.reference for row in cases} | {
        row.id: mask_account_number(row.number) for row in accounts
    }


def _reason(ctx: Context, proposal: Proposal) -> str:
    payload = ctx.vault.open_json(ctx.session, proposal.subject_id, proposal, "payload") or {}
    return str(payload.get("reason", ""))


def _require(ctx: Context) -> None:
    if not ctx.actor.is_any(MAY) or ctx.actor.person_id is None:
        raise Refused("wrong_role")


def _refuse(ctx: Context, kind: str, target: Target) -> None:
    if why := KINDS[kind].refusal(ctx, target):
        raise Refused(why)


def _lock_target(ctx: Context, kind: str, target_id: str) -> Target:
    if kind not in KINDS:
        raise NotFound()
    if not is_about_account(kind):
        return transition.lock(ctx.session, target_id)
    query = select(Account).where(Account.id == target_id).with_for_update()
    account = ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if account is None:
        raise NotFound()
    return account


def _lock(ctx: Context, proposal_id: str, state: str) -> tuple[Target, Proposal]:
    """What it is about and the proposal, both held, in this order. Raises Refused where it was decided meanwhile."""
    known = ctx.session.get(Proposal, proposal_id)
    if known is None or known.kind not in KINDS:
        raise NotFound()
    target = _lock_target(ctx, known.kind, known.target_id or "")
    query = select(Proposal).where(Proposal.id == proposal_id).with_for_update()
    proposal = ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one()
    if proposal.state != state:
        raise Refused("proposal_decided")
    return target, proposal


def _compare(ctx: Context, proposal: Proposal, digest: str) -> None:
    """Whoever decides names what they saw, and that must be what stands there."""
    found = _digest(proposal.kind, proposal.target_id or "", _reason(ctx, proposal))
    if not proposal.digest == digest == found:
        raise Refused("proposal_changed")


def _decide(ctx: Context, proposal: Proposal, outcome: str) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = outcome, ctx.actor.person_id, ctx.now
    _record(ctx, proposal, "decided", outcome=outcome)


def _record(ctx: Context, proposal: Proposal, what: str, **more: Any) -> None:
    about = "account" if is_about_account(proposal.kind) else "case"
    facts = {"proposal": proposal.id, "kind": proposal.kind, about: proposal.target_id, **more}
    stream = f"staff:{ctx.actor.staff_id}" if ctx.actor.staff_id else "system"
    tag = f"staff:retention:{what}"
    audit.append(ctx.session, stream, tag, actor=ctx.actor_name, at=ctx.now, facts=facts)


def _announce(ctx: Context, target: Target, proposal: Proposal, state: str) -> None:
    announce = KINDS[proposal.kind].announce
    if announce is not None:
        announce(ctx, target, proposal, state)


def _tell_staff(ctx: Context, target: Target, proposal: Proposal) -> None:
    """Leads, admins and compliance hear of every decision: who agreed to it may not have known what they did."""
    names = _names(ctx, [proposal])
    staff_mail.about_retention(
        ctx,
        kind=proposal.kind,
        state=proposal.state,
        about=_abouts(ctx, [proposal]).get(target.id, ""),
        by=names.get(proposal.proposed_by, ""),
        decider=names.get(proposal.decided_by or "", ""),
        effective_at=audit.timestamp(proposal.effective_at or ctx.now),
    )
