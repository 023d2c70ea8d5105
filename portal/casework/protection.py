"""What two people decide about an account: its protection against self-service, and calls to it again after too many failures.

What protects is in force at once. What lifts a protection waits a day, in which any admin or lead can stop it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal import audit
from portal.casework import fresh, registry, staff_mail
from portal.casework.context import Context, NotFound, Refused
from portal.domain.lifecycle import Role
from portal.models import Account, Person, Proposal, new_id

MAY = frozenset({Role.ADMIN})
MAY_STOP = frozenset({Role.ADMIN, Role.LEAD})
PENDING = ("open", "agreed")
BATCH = 100


@dataclass(frozen=True)
class Setting:
    """A kind of proposal about an account: when it makes sense, what it does, and whether it waits a day."""

    fits: Callable[[Account], bool]
    carry_out: Callable[[Account], None]
    waits: bool = False


@dataclass(frozen=True)
class Asked:
    """A proposal about an account as its page shows it. `digest` is what a decision must name."""

    id: str
    kind: str
    state: str
    digest: str
    reason: str
    proposer: str
    decider: str
    created_at: datetime
    effective_at: datetime | None
    is_own: bool
    may_decide: bool
    may_stop: bool


def _protect(account: Account) -> None:
    account.is_protected = True


def _unprotect(account: Account) -> None:
    account.is_protected = False


def _call_again(account: Account) -> None:
    account.calls_off_at, account.call_failures = None, 0


SETTINGS: Mapping[str, Setting] = {
    "account_protect": Setting(lambda account: not account.is_protected, _protect),
    "account_unprotect": Setting(lambda account: account.is_protected, _unprotect, waits=True),
    "account_calls_on": Setting(lambda account: account.calls_off_at is not None, _call_again),
}


def propose(ctx: Context, account_id: str, kind: str, *, reason: str) -> str:
    """Propose it as an admin, with a reason. Returns the proposal's id."""
    with ctx.act():
        _require(ctx, MAY)
        account = _lock_account(ctx, account_id)
        if kind not in SETTINGS:
            raise NotFound()
        if account.erased_at is not None:
            raise Refused("data_gone")
        if not reason.strip():
            raise Refused("reason_missing", field="reason")
        if not SETTINGS[kind].fits(account):
            raise Refused("setting_as_wanted")
        if any(other.kind == kind for other in _pending(ctx, account)):
            raise Refused("proposal_open")
        proposal = _insert(ctx, account, kind, reason.strip())
        _record(ctx, proposal, "proposed")
    return proposal.id


def _insert(ctx: Context, account: Account, kind: str, reason: str) -> Proposal:
    proposal = Proposal(
        id=new_id(),
        kind=kind,
        target_id=account.id,
        subject_id=account.subject_id,
        digest=_digest(kind, account.id, reason),
        state="open",
        proposed_by=ctx.actor.person_id,
        created_at=ctx.now,
    )
    ctx.vault.seal_json(ctx.session, proposal.subject_id, proposal, "payload", {"reason": reason})
    ctx.session.add(proposal)
    ctx.session.flush()
    return proposal


def _digest(kind: str, account_id: str, reason: str) -> str:
    named = {"kind": kind, "account": account_id, "reason": reason}
    return hashlib.sha256(audit.canonical(named)).hexdigest()


def agree(ctx: Context, account_id: str, proposal_id: str, *, digest: str, code: str) -> str:
    """Agree as another admin, with a fresh code. Returns the state: `agreed` waits its day, `effective` is done."""
    _require(ctx, MAY)
    fresh.factor(ctx, code)
    with ctx.act():
        account, proposal = _lock(ctx, account_id, proposal_id, "open")
        if proposal.proposed_by == ctx.actor.person_id:
            raise Refused("own_proposal")
        _compare(ctx, account, proposal, digest)
        setting = SETTINGS[proposal.kind]
        if not setting.fits(account):
            raise Refused("setting_as_wanted")
        _decide(ctx, proposal, "agreed")
        proposal.effective_at = ctx.now + ctx.limits.grant_delay if setting.waits else ctx.now
        ctx.session.flush()
        if setting.waits:
            _tell(ctx, account, proposal)
        else:
            _carry_out(ctx, account, proposal)
        return proposal.state


def refuse(ctx: Context, account_id: str, proposal_id: str, *, digest: str, code: str) -> None:
    """Refuse a proposal, or withdraw one's own, with a fresh code."""
    _require(ctx, MAY)
    fresh.factor(ctx, code)
    with ctx.act():
        account, proposal = _lock(ctx, account_id, proposal_id, "open")
        _compare(ctx, account, proposal, digest)
        _decide(ctx, proposal, "refused")


def stop(ctx: Context, account_id: str, proposal_id: str, *, code: str) -> None:
    """Stop what was agreed and is not yet in force, with a fresh code: one person is enough to keep a protection."""
    _require(ctx, MAY_STOP)
    fresh.factor(ctx, code)
    with ctx.act():
        account, proposal = _lock(ctx, account_id, proposal_id, "agreed")
        proposal.state = "stopped"
        _record(ctx, proposal, "stopped")
        _tell(ctx, account, proposal)


def apply_due(ctx: Context) -> int:
    """Carry out what was agreed and not stopped. Returns how many took effect."""
    query = select(Proposal.target_id, Proposal.id).where(
        Proposal.state == "agreed", Proposal.kind.in_(SETTINGS), Proposal.effective_at <= ctx.now
    )
    due = ctx.session.execute(query.order_by(Proposal.effective_at, Proposal.id).limit(BATCH)).all()
    return sum(_apply(ctx.as_system(), account_id or "", proposal_id) for account_id, proposal_id in due)


def _apply(ctx: Context, account_id: str, proposal_id: str) -> bool:
    with ctx.act():
        try:
            account, proposal = _lock(ctx, account_id, proposal_id, "agreed")
        except Refused:
            return False  # another worker, or a stop, came first
        if not SETTINGS[proposal.kind].fits(account):
            proposal.state = "stopped"
            _record(ctx, proposal, "stopped")
            return False
        _carry_out(ctx, account, proposal)
    return True


def _carry_out(ctx: Context, account: Account, proposal: Proposal) -> None:
    # the database looks for a decision in force before it lets the account's row change
    proposal.state, proposal.effective_at = "effective", ctx.now
    ctx.session.flush()
    SETTINGS[proposal.kind].carry_out(account)
    ctx.session.flush()
    _record(ctx, proposal, "effective")
    _tell(ctx, account, proposal)


def asked_for(ctx: Context, account: Account) -> tuple[Asked, ...]:
    """What waits for a decision or for its day, oldest first, as the actor may act on it."""
    pending = _pending(ctx, account)
    names = _names(ctx, pending)
    return tuple(_shown(ctx, proposal, names) for proposal in pending)


def _shown(ctx: Context, proposal: Proposal, names: Mapping[str, str]) -> Asked:
    is_own, is_open = proposal.proposed_by == ctx.actor.person_id, proposal.state == "open"
    return Asked(
        id=proposal.id,
        kind=proposal.kind,
        state=proposal.state,
        digest=proposal.digest,
        reason=_reason(ctx, proposal),
        proposer=names.get(proposal.proposed_by, ""),
        decider=names.get(proposal.decided_by or "", ""),
        created_at=proposal.created_at,
        effective_at=proposal.effective_at,
        is_own=is_own,
        may_decide=is_open and ctx.actor.is_any(MAY),
        may_stop=not is_open and ctx.actor.is_any(MAY_STOP),
    )


def _names(ctx: Context, several: list[Proposal]) -> dict[str, str]:
    ids = {person for one in several for person in (one.proposed_by, one.decided_by) if person}
    return {
        row.id: row.name
        for row in ctx.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    }


def _reason(ctx: Context, proposal: Proposal) -> str:
    payload = ctx.vault.open_json(ctx.session, proposal.subject_id, proposal, "payload") or {}
    return str(payload.get("reason", ""))


def _pending(ctx: Context, account: Account) -> list[Proposal]:
    query = select(Proposal).where(
        Proposal.target_id == account.id, Proposal.kind.in_(SETTINGS), Proposal.state.in_(PENDING)
    )
    return list(ctx.session.execute(query.order_by(Proposal.created_at, Proposal.id)).scalars())


def _require(ctx: Context, roles: frozenset[Role]) -> None:
    if not ctx.actor.is_any(roles) or ctx.actor.person_id is None:
        raise Refused("wrong_role")


def _lock_account(ctx: Context, account_id: str) -> Account:
    query = select(Account).where(Account.id == account_id)
    found = ctx.session.execute(query.with_for_update().execution_options(populate_existing=True))
    account = found.scalar_one_or_none()
    if account is None:
        raise NotFound()
    return account


def _lock(ctx: Context, account_id: str, proposal_id: str, state: str) -> tuple[Account, Proposal]:
    """The account and the proposal about it, both held. Raises Refused where it was decided meanwhile."""
    account = _lock_account(ctx, account_id)
    query = select(Proposal).where(
        Proposal.id == proposal_id, Proposal.target_id == account.id, Proposal.kind.in_(SETTINGS)
    )
    found = ctx.session.execute(query.with_for_update().execution_options(populate_existing=True))
    proposal = found.scalar_one_or_none()
    if proposal is None:
        raise NotFound()
    if proposal.state != state:
        raise Refused("proposal_decided")
    return account, proposal


def _compare(ctx: Context, account: Account, proposal: Proposal, digest: str) -> None:
    """Whoever decides names what they saw, and that must be what stands there."""
    if not proposal.digest == digest == _digest(proposal.kind, account.id, _reason(ctx, proposal)):
        raise Refused("proposal_changed")


def _decide(ctx: Context, proposal: Proposal, outcome: str) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = outcome, ctx.actor.person_id, ctx.now
    _record(ctx, proposal, "decided", outcome=outcome)


def _record(ctx: Context, proposal: Proposal, what: str, **more: Any) -> None:
    account = ctx.session.get_one(Account, proposal.target_id)
    facts = {"proposal": proposal.id, "kind": proposal.kind, **more}
    registry.record(ctx, account, f"account:setting:{what}", **facts)


def _tell(ctx: Context, account: Account, proposal: Proposal) -> None:
    """Admins and leads hear of every decision: who agreed to it may not have known what they did."""
    names = _names(ctx, [proposal])
    staff_mail.about_account(
        ctx,
        account,
        kind=proposal.kind,
        state=proposal.state,
        by=names.get(proposal.proposed_by, ""),
        decider=names.get(proposal.decided_by or "", ""),
        effective_at=audit.timestamp(proposal.effective_at or ctx.now),
    )
