"""How attempts at a reset end: with all that hung on them made worthless, in the caller's act."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select

from portal import audit, tokens
from portal.casework import calls, owner_sessions
from portal.casework.context import Context
from portal.domain.self_service import FAILURES
from portal.models import OwnerSession, PhoneCall, Principal, Removal, SelfService


def record(ctx: Context, attempt: SelfService, what: str, **facts: Any) -> None:
    """Append to the account's own stream of the audit log."""
    said = {"attempt": attempt.id, **facts}
    tag = f"account:self_service:{what}"
    audit.append(
        ctx.session, f"account:{attempt.account_id}", tag, actor=ctx.actor_name, at=ctx.now, facts=said
    )


def fail(ctx: Context, attempt: SelfService, reason: str, *, step: str | None = None) -> None:
    """End an attempt for a reason that the request form and the agent will know."""
    attempt.failed_step, attempt.failed_reason = step or FAILURES[reason].step, reason
    end(ctx, attempt)
    record(ctx, attempt, "failed", step=attempt.failed_step, reason=reason)


def end(ctx: Context, attempt: SelfService) -> None:
    """End an attempt: its links and its calls prove nothing from now on."""
    attempt.ended_at = ctx.now
    ctx.session.flush()
    tokens.revoke(ctx.session, now=ctx.now, purpose="prove", self_service_id=attempt.id)
    for call in _running_calls(ctx, PhoneCall.self_service_id == attempt.id):
        calls.end(ctx, call, "expired")


def held(ctx: Context, attempt_id: str) -> SelfService:
    """An attempt read for writing."""
    _running_calls(ctx, PhoneCall.self_service_id == attempt_id)
    query = select(SelfService).where(SelfService.id == attempt_id).with_for_update(key_share=True)
    return ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one()


def _running_calls(ctx: Context, which: ColumnElement[bool]) -> list[PhoneCall]:
    """Calls that have not ended, held. Always before the attempt: keyed digits too hold their call first."""
    query = select(PhoneCall).where(which, PhoneCall.outcome.is_(None)).order_by(PhoneCall.id)
    held = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list(ctx.session.execute(held).scalars())


def live_of_account(ctx: Context, account_id: str) -> list[SelfService]:
    """Every attempt of an account that has not ended, held for the act."""
    _running_calls(ctx, and_(PhoneCall.account_id == account_id, PhoneCall.self_service_id.is_not(None)))
    query = select(SelfService).where(SelfService.account_id == account_id, SelfService.ended_at.is_(None))
    held = (
        query.order_by(SelfService.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(ctx.session.execute(held).scalars())


def stop_account(ctx: Context, account_id: str) -> None:
    """Somebody said "this was not me": every attempt ends, and every browser that is signed in to the account."""
    # Account, sessions, attempts: whoever acts in a browser holds them in this order too.
    owner_sessions.hold_account(ctx, account_id)
    ctx.session.execute(delete(OwnerSession).where(OwnerSession.account_id == account_id))
    # A pass that was sent or handed over before must not enrol anybody now.
    tokens.revoke(ctx.session, now=ctx.now, purpose="pass", account_id=account_id)
    for attempt in live_of_account(ctx, account_id):
        attempt.failed_step, attempt.failed_reason = step_of(attempt), "stopped"
        end(ctx, attempt)
        record(ctx, attempt, "stopped", step=attempt.failed_step)


def end_others(ctx: Context, attempt: SelfService) -> None:
    """After a removal nothing else that was begun for the same user may go on."""
    for other in live_of_account(ctx, attempt.account_id):
        if other.id != attempt.id and other.principal_id == attempt.principal_id:
            fail(ctx, other, "changed_meanwhile")


def step_of(attempt: SelfService) -> str:
    """How far an attempt has come: the step that it is at."""
    if attempt.call_at is not None:
        return "remove"
    if attempt.mailbox_at is not None:
        return "call"
    return "mail" if attempt.device_id is not None else "start"


def removed_lately(ctx: Context, account_id: str) -> list[tuple[str, datetime]]:
    """Whose device went without the desk so lately that an objection still counts, and when: what came since is in doubt.

    By self-service, or by the hand of the root user or an administrator.
    """
    query = (
        select(Removal.principal_id, Removal.sent_at)
        .join(Principal, Principal.id == Removal.principal_id)
        .where(
            Principal.account_id == account_id,
            Removal.case_id.is_(None),
            Removal.state != "intended",
            Removal.sent_at > ctx.now - ctx.limits.objection_window,
        )
        .order_by(Removal.sent_at)
    )
    return [(principal_id, at) for principal_id, at in ctx.session.execute(query) if at is not None]
