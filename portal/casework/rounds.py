"""A new round of checks: what the last one decided is void, and nobody's part in the case is forgotten."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from portal import outbox
from portal.casework import tiers, transition
from portal.casework.context import Context, Refused
from portal.domain.lifecycle import OPEN, Act, Status
from portal.models import Case, IdentityCheck

VOIDABLE = frozenset({Status.PENDING_APPROVAL, Status.COOLING_OFF, Status.READY})

NO_DECISION: dict[str, Any] = {
    "decision": None,
    "decision_reason": None,
    "decision_round": None,
    "decision_digest": None,
    "policy_set": None,
    "proposer_id": None,
    "proposer_part": None,
    "approver_id": None,
    "approver_part": None,
    "approved_as": None,
    "approved_at": None,
    "waiting_hours": None,
    "waiting_started_at": None,
    "waiting_until": None,
    "extended": False,
    "owner_ready_until": None,
    "executor_id": None,
    "executing_at": None,
    "devices": [],
}


def begin(ctx: Context, case: Case, *, keep_failed: bool = False) -> dict[str, Any]:
    """Void the checks of the running round and return the columns of a case that starts the next one.

    Failed checks are kept where the design says so: an appeal must not wash a mismatch away.
    """
    standing = [IdentityCheck.case_id == case.id, IdentityCheck.voided_at.is_(None)]
    if keep_failed:
        standing.append(IdentityCheck.result != "mismatch")
    ctx.session.execute(update(IdentityCheck).where(*standing).values(voided_at=ctx.now))
    # "Your device will be removed after …" is no longer true: unsent copies of it must not go out late.
    for notice in ("approved", "waiting_started", "waiting_reminder", "ready"):
        outbox.cancel(ctx.session, now=ctx.now, case_id=case.id, notice=notice)
    return {"round": case.round + 1, "needs_attention": False, **NO_DECISION}


def facts_changed(ctx: Context, account_id: str, cause: str) -> None:
    """Identity facts of an account changed: proposals and approvals made on the old ones are void at once."""
    system = ctx.as_system()
    with system.act():
        cases = system.session.execute(
            select(Case)
            .where(Case.account_id == account_id, Case.status.in_(OPEN))
            .with_for_update(key_share=True)
        ).scalars()
        for case in cases:
            if case.status == Status.EXECUTING:
                raise Refused("executing")
            _refresh(system, case, cause)


def _refresh(ctx: Context, case: Case, cause: str) -> None:
    verdict = tiers.computed(ctx, case)
    columns: dict[str, Any] = {"tier": verdict.tier, "tier_reasons": list(verdict.reasons)}
    said: dict[str, Any]
    if case.status in VOIDABLE:
        said = {"cause": cause, "tier": verdict.tier}
        transition.apply(ctx, case, Act.VOID_ROUND, said=said, **columns, **begin(ctx, case))
    elif case.status in {Status.QUEUED, Status.VERIFYING, Status.WAITING_OWNER} and verdict.tier != case.tier:
        said = {"cause": cause, "tier": verdict.tier, "reasons": list(verdict.reasons)}
        transition.apply(ctx, case, Act.MATCH, said=said, **columns)
