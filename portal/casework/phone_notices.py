"""Tells of a corrected telephone number: at once and twice again, by mail and on the numbers that were registered before."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from portal import audit, outbox
from portal.casework import account_notices, notice_calls
from portal.casework.context import Context
from portal.casework.facts import contacts_of
from portal.contact import mask_phone
from portal.models import Account, Contact, OutboxRow, PhoneChange, Principal

AT_ONCE = timedelta(0)


def revert_until(ctx: Context, change: PhoneChange) -> datetime:
    """How long whoever was told can undo it: past the last reminder, as long as an objection is taken."""
    return (change.confirmed_at or ctx.now) + ctx.limits.contact_age + ctx.limits.objection_window


def changed(ctx: Context, account: Account, change: PhoneChange, number: str) -> None:
    """Queue the notice and its reminders, in the caller's act. All of them are fixed now: who is told is who was there."""
    until, principal = revert_until(ctx, change), ctx.session.get_one(Principal, change.principal_id)
    said = {
        "by": principal.username or "",
        "number": mask_phone(number),
        "until": audit.timestamp(until),
    }
    told = _telephones(ctx, account, but=change.new_contact_id)
    for place, later in enumerate((AT_ONCE, *ctx.limits.phone_change_told)):
        when, cause = ctx.now + later, f"{change.id}:{place}"
        account_notices.tell_account(
            ctx,
            account,
            "phone_changed",
            params={**said, "again": place > 0},
            links=("revert",),
            cause=cause,
            security=True,
            links_until=until,
            not_before=when,
            phone_change_id=change.id,
        )
        notice_calls.tell_account(
            ctx,
            account,
            "phone_changed",
            params={"phone_change": change.id},
            contacts=told,
            cause=cause,
            not_before=when,
        )


def reverted(ctx: Context, account: Account, change: PhoneChange) -> None:
    """Queue the notice that the earlier number counts again, also for the number that no longer does."""
    cause = f"{change.id}:undone"
    account_notices.tell_account(
        ctx, account, "phone_reverted", params={}, links=("stop",), cause=cause, security=True
    )
    told = _telephones(ctx, account)
    notice_calls.tell_account(ctx, account, "phone_reverted", params={}, contacts=told, cause=cause)


def withdraw(ctx: Context, change: PhoneChange) -> None:
    """What was to be told of a change that is undone is no longer true."""
    query = select(OutboxRow.id).where(
        OutboxRow.unique_key.startswith(f"{change.id}:", autoescape=True), OutboxRow.state == "pending"
    )
    for row_id in ctx.session.execute(query).scalars().all():
        outbox.cancel(ctx.session, now=ctx.now, id=row_id)


def _telephones(ctx: Context, account: Account, *, but: str | None = None) -> list[Contact]:
    ctx.session.flush()
    found = contacts_of(ctx.session, account.id, now=ctx.now, limit=ctx.limits.contact_age)
    return [contact for contact in found if contact.kind == "phone" and contact.id != but]
