"""Tells the registered mailboxes of an account what has happened to it, without any case: one mail each, written as notices are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal import audit, outbox, tokens
from portal.casework.context import Context
from portal.casework.facts import contacts_of
from portal.casework.telling import BOTH
from portal.models import Account, Contact, OutboxRow


def tell_account(
    ctx: Context,
    account: Account,
    key: str,
    *,
    params: Mapping[str, Any],
    links: tuple[str, ...] = (),
    contacts: Iterable[Contact] | None = None,
    cause: str,
    security: bool = False,
    links_until: datetime | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    **bound_to: Any,
) -> None:
    """Queue the notice for each mailbox, in the caller's act; telling the same cause again queues nothing.

    `params` are primitives and times as audit.timestamp() writes them: each is a word of the notice by its own name, times
    (`until`, and names ending in `_at`) already written out. `links` are made for each mailbox and bound to the account, to
    the contact and to what else is given (phone_change_id=, self_service_id=); they work until `links_until`, by default as
    long as a case's stop link works after its end. Without `contacts`, every registered mailbox is told, also one retired
    less than 30 days ago; `not_before` is for a reminder, and what is not out by `expires_at` is never sent.
    """
    until = links_until or ctx.now + ctx.limits.stop_link_after_end
    for contact in mailboxes(ctx, account) if contacts is None else contacts:
        unique_key = f"{cause}:{key}:{contact.id}"
        if _is_queued(ctx, unique_key):
            continue
        bound = {"account_id": account.id, "contact_id": contact.id, **bound_to}
        made = {
            purpose: tokens.issue(ctx.session, purpose, now=ctx.now, expires_at=until, **bound)
            for purpose in links
        }
        said = {"at": audit.timestamp(ctx.now), **params, "links": made}
        columns = {"security": security, "not_before": not_before or ctx.now, "expires_at": expires_at}
        _queue(ctx, account, contact, key, said, unique_key, **columns)


def _queue(
    ctx: Context,
    account: Account,
    contact: Contact,
    key: str,
    said: Mapping[str, Any],
    unique_key: str,
    **columns: Any,
) -> None:
    outbox.put(
        ctx.session,
        ctx.vault,
        "mail",
        unique_key=unique_key,
        now=ctx.now,
        subject_id=account.subject_id,
        params=said,
        notice=key,
        language=contact.language or BOTH,
        contact_id=contact.id,
        **columns,
    )


def mailboxes(ctx: Context, account: Account) -> list[Contact]:
    """Every registered mailbox that is told: present ones, and those retired less than 30 days ago."""
    found = contacts_of(ctx.session, account.id, now=ctx.now, limit=ctx.limits.contact_age)
    return [contact for contact in found if contact.kind == "email"]


def _is_queued(ctx: Context, unique_key: str) -> bool:
    query = select(OutboxRow.id).where(OutboxRow.unique_key == unique_key)
    return ctx.session.execute(query).first() is not None
