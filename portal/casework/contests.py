"""Two requests for one account: the same person twice is merged, two addresses are held against each other by one lead."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.casework import rounds, tiers, transition
from portal.casework.context import Context
from portal.casework.telling import Recipient, put_notice
from portal.domain.lifecycle import OPEN, Act, Status
from portal.domain.notices import Notice
from portal.models import Case

UNTOUCHABLE = frozenset({Status.EXECUTING, Status.FROZEN, Status.DEACTIVATED})


def settle(ctx: Context, case: Case) -> None:
    """Merge or contest a case that was just matched. The older cases are those confirmed before it."""
    others = _others(ctx, case)
    reply = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email")
    for other in others:
        if (
            ctx.vault.open(ctx.session, other.subject_id, other, "reply_email") == reply
            and case.status == Status.QUEUED
        ):
            _merge(ctx, case, other)
            return
    for other in others:
        _contest(ctx, case, other)


def _others(ctx: Context, case: Case) -> list[Case]:
    """Open, confirmed cases of the same account. Unconfirmed requests are never duplicates."""
    query = (
        select(Case)
        .where(
            Case.account_id == case.account_id,
            Case.id != case.id,
            Case.status.in_(OPEN - {Status.UNCONFIRMED}),
        )
        .order_by(Case.created_at, Case.id)
        .with_for_update()
    )
    return list(ctx.session.execute(query).scalars())


def _merge(ctx: Context, newer: Case, older: Case) -> None:
    transition.apply(ctx, newer, Act.MERGE, said={"kept": older.id}, close_reason="duplicate")
    notice = Notice("duplicate_open", "requester", links=("status",))
    put_notice(ctx, older, notice, Recipient(f"requester:{newer.id}", older.language), {})


def _contest(ctx: Context, case: Case, other: Case) -> None:
    contest = other.contest_id or case.contest_id or other.id
    _elevate(ctx, case, contest, other)
    # An unproven request changes nothing outside its own case: else anybody could stop anybody's recovery.
    if case.proven_by is not None and other.status not in UNTOUCHABLE and other.contest_id is None:
        _elevate(ctx, other, contest, case)


def _elevate(ctx: Context, case: Case, contest: str, other: Case) -> None:
    case.contest_id = contest
    verdict = tiers.computed(ctx, case)
    columns: dict[str, Any] = {
        "contest_lead_id": other.contest_lead_id or case.contest_lead_id,
        "tier": verdict.tier,
        "tier_reasons": list(verdict.reasons),
    }
    if case.status in rounds.VOIDABLE:
        said = {"cause": "contested", "tier": verdict.tier}
        transition.apply(ctx, case, Act.VOID_ROUND, said=said, **columns, **rounds.begin(ctx, case))
    else:
        transition.apply(ctx, case, Act.CONTEST, said={"other": other.id, "tier": verdict.tier}, **columns)
