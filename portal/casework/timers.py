"""Everything that happens because time passed. Each timer is a row; doing it removes the row or leaves the status, so
that two workers, or one that is killed and started again, do it once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from portal import audit
from portal.casework import decisions, keeping, overdue_calls, protection, rounds, staff, transition, waiting
from portal.casework.context import Context
from portal.domain.lifecycle import SYSTEM, Act
from portal.models import Case, CaseTimer
from portal.runtime import Runtime

BATCH = 200

Extra = Callable[[Context, Case], dict[str, Any]]


def _nothing(ctx: Context, case: Case) -> dict[str, Any]:
    return {}


def _lapsed(ctx: Context, case: Case) -> dict[str, Any]:
    return {"said": {"holder": case.holder_id}, "holder_id": None}


def _closed(reason: str) -> Extra:
    return lambda ctx, case: {"close_reason": reason}


def _alarm(kind: str) -> Extra:
    return lambda ctx, case: {"params": {"alarm": kind}}


def _attention(kind: str) -> Extra:
    return lambda ctx, case: {"params": {"alarm": kind}, "needs_attention": True}


def _returned(ctx: Context, case: Case) -> dict[str, Any]:
    return rounds.begin(ctx, case)


def _until(ctx: Context, case: Case) -> dict[str, Any]:
    until = audit.timestamp(case.asked_until) if case.asked_until else None
    return {"params": {"items": list(case.asked), "until": until}}


# What each timed act needs besides the life-cycle's own table.
TIMED: Mapping[Act, Extra] = {
    Act.EXPIRE_UNCONFIRMED: _closed("unconfirmed"),
    Act.LAPSE_CLAIM: _lapsed,
    Act.REMIND_OWNER: _until,
    Act.EXPIRE_WAITING: _closed("no_answer"),
    Act.ALARM_APPROVAL: _alarm("approval_overdue"),
    Act.REMIND_CONTACTS: _nothing,
    Act.END_WAITING: _nothing,
    Act.ALARM_READY: _alarm("removal_overdue"),
    Act.RETURN_UNEXECUTED: _returned,
    Act.ALARM_EXECUTING: _attention("removal_stuck"),
    Act.ALARM_FREEZE_LEAD: _alarm("freeze_overdue"),
    Act.ALARM_FREEZE_DECISION: _alarm("freeze_undecided"),
}


def run_due(runtime: Runtime) -> int:
    """Do everything that is due, each in a transaction of its own. Returns how many acts were done."""
    with runtime.sessions() as session:
        ctx = runtime.context(session, SYSTEM)
        staff.apply_due(ctx)
        decisions.apply_due(ctx, protection.MATTER)
        decisions.apply_due(ctx, keeping.MATTER)
        query = select(CaseTimer.case_id, CaseTimer.act, CaseTimer.at).where(CaseTimer.at <= ctx.now)
        due = session.execute(query.order_by(CaseTimer.at, CaseTimer.case_id).limit(BATCH)).all()
        done = sum(run_one(ctx, case_id, Act(act), at) for case_id, act, at in due)
        return done + overdue_calls.end_all(ctx)


def run_one(ctx: Context, case_id: str, act: Act, at: datetime) -> bool:
    """Do one timed act if its row still stands. An act that is not yet possible keeps its row and is tried again."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        row = ctx.session.get(CaseTimer, (case_id, act, at))
        if row is None:
            return False
        if act is Act.END_WAITING:
            waiting.settle_notices(ctx, case.id)
        # Asked before, because what an act needs may be written already when it is refused.
        if not transition.allows(ctx, case, act):
            return False
        transition.apply(ctx, case, act, **TIMED[act](ctx, case))
        _done(ctx, case, act, at)
    return True


def _done(ctx: Context, case: Case, act: Act, at: datetime) -> None:
    ctx.session.execute(
        delete(CaseTimer).where(CaseTimer.case_id == case.id, CaseTimer.act == act, CaseTimer.at == at)
    )
    if act is Act.REMIND_CONTACTS:
        waiting.remind_again(ctx, case)
