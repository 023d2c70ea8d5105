"""Looks after the log: tells compliance what is signed, each day, and at once when it cannot be vouched for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from portal import audit, outbox
from portal.casework import staff_mail
from portal.casework.context import Context
from portal.casework.telling import BOTH
from portal.config import Settings
from portal.domain.lifecycle import Role
from portal.domain.periods import today
from portal.models import AuditCheckpoint, OutboxRow
from portal.tlog import checkpoints, lag
from portal.tlog.log_keys import LogKeys


def look(ctx: Context, settings: Settings, keys: LogKeys | None) -> None:
    """Tell compliance, once a day each, what the newest signed head is, that it is none of ours, and that the log is behind."""
    day = today(ctx.now).isoformat()
    signed = ctx.session.execute(select(func.max(AuditCheckpoint.size))).scalar_one()
    if signed is not None:
        _tell_once(ctx, settings, "log_head", f"log_head:{day}")
    if not checkpoints.stands(ctx.session, keys):
        alarm(ctx, settings, "head")
    if lag.is_behind(ctx.session, ctx.now, ctx.limits.log_alarm):
        alarm(ctx, settings, "unsigned")


def alarm(ctx: Context, settings: Settings, why: str, place: str | None = None) -> None:
    """Write it into the log itself, and tell everybody in compliance, once a day for each reason."""
    key = f"log_alarm:{why}:{today(ctx.now).isoformat()}"
    with ctx.act():
        if not _tell_once(ctx, settings, "log_alarm", key):
            return
        for staff in staff_mail.holders(ctx, Role.COMPLIANCE):
            _put(ctx, "log_alarm", f"{key}:{staff.id}", language=staff.language, staff_id=staff.id)
        facts = {"why": why, "place": place}
        audit.append(ctx.session, "system", "system:log:alarmed", actor="system", at=ctx.now, facts=facts)


def _tell_once(ctx: Context, settings: Settings, notice: str, key: str) -> bool:
    """False where it was told today already. Without an address for compliance the row says so among the dead letters."""
    query = select(OutboxRow.id).where(OutboxRow.unique_key == key)
    if ctx.session.execute(query).first() is not None:
        return False
    with ctx.act():
        if settings.compliance_mail or notice == "log_alarm":
            _put(ctx, notice, key, language=BOTH)
    return True


def _put(ctx: Context, notice: str, key: str, **columns: Any) -> None:
    outbox.put(
        ctx.session, ctx.vault, "mail", unique_key=key, now=ctx.now, notice=notice, security=False, **columns
    )
