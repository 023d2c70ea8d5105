"""Queues the notices of a transition: who is meant by an audience, in which language, and with which links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal import audit, outbox, throttle, tokens
from portal.casework.context import Context
from portal.casework.facts import contacts_of
from portal.domain.lifecycle import Act, Role, Status
from portal.domain.notices import NOTICES, Notice, waking
from portal.models import Account, Case, Contact, OutboxRow, Staff, StaffRole

BOTH = "ja+en"  # a contact whose language nobody recorded is written to in both, Japanese first
LINK_LIFE = timedelta(days=730)  # status and stop links end with their case, see lookup.py


@dataclass(frozen=True)
class Recipient:
    key: str
    language: str
    contact: Contact | None = None
    staff: Staff | None = None

    @property
    def is_called(self) -> bool:
        """Whether the notice is spoken to them: see notice_calls.py."""
        return self.contact is not None and self.contact.kind == "phone"


def tell(
    ctx: Context,
    case: Case,
    act: Act,
    *,
    contact_id: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> None:
    """Queue every notice that the table names for this act and the status after it."""
    for notice in NOTICES.get((act, Status(case.status)), ()):
        for recipient in _recipients(ctx, case, notice, contact_id):
            put_notice(ctx, case, notice, recipient, params or {})


def put_notice(
    ctx: Context,
    case: Case,
    notice: Notice,
    to: Recipient,
    params: Mapping[str, Any],
    *,
    not_before: datetime | None = None,
) -> OutboxRow:
    """Queue one notice for one recipient; what it says is frozen now."""
    linked = () if to.staff or to.is_called else notice.links
    links = {purpose: _link(ctx, case, purpose, to) for purpose in linked}
    frozen = {
        "links": links,
        "at": audit.timestamp(ctx.now),
        "status": case.status,
        "proven": case.proven_by is not None,
        **params,
    }
    return outbox.put(
        ctx.session,
        ctx.vault,
        "spoken" if to.is_called else "mail",
        unique_key=f"{case.id}:{case.audit_seq}:{notice.key}:{to.key}",
        now=ctx.now,
        not_before=waking(ctx.now) if to.is_called else not_before or ctx.now,
        subject_id=case.subject_id,
        params=frozen,
        notice=notice.key,
        language=to.language,
        security=notice.security,
        case_id=case.id,
        contact_id=to.contact.id if to.contact else None,
        staff_id=to.staff.id if to.staff else None,
        expires_at=ctx.now + ctx.limits.confirm_life if notice.key == "confirm_address" else None,
    )


def _recipients(ctx: Context, case: Case, notice: Notice, contact_id: str | None) -> Iterator[Recipient]:
    if notice.audience == "requester":
        if case.sealed_reply_email:
            yield Recipient("requester", case.language)
    elif notice.audience == "contacts":
        yield from _registered(ctx, case, notice)
    elif notice.audience == "contact" and contact_id:
        yield _to_contact(ctx.session.get_one(Contact, contact_id))
    elif notice.audience in {"leads", "compliance"}:
        role = Role.LEAD if notice.audience == "leads" else Role.COMPLIANCE
        yield from (
            Recipient(f"staff:{login.id}", login.language, staff=login) for login in staff_with(ctx, role)
        )


def _registered(ctx: Context, case: Case, notice: Notice) -> Iterator[Recipient]:
    """Every registered mailbox but the requester's own, which gets the requester's notice; and telephones, if it is spoken."""
    # What an unproven requester does to their own request, again and again, is worth no more mails than its filing.
    capped = not notice.security or Role.OWNER in ctx.actor.roles
    if case.account_id is None or (capped and _enough_for_today(ctx, case)):
        return
    kinds = {"email", "phone"} if notice.spoken and ctx.telephone is not None else {"email"}
    account = ctx.session.get_one(Account, case.account_id)
    own = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email")
    for contact in contacts_of(ctx.session, account.id, now=ctx.now, limit=ctx.limits.contact_age):
        value = ctx.vault.open(ctx.session, account.subject_id, contact, "value")
        if contact.kind in kinds and value != own:
            yield _to_contact(contact)


def _enough_for_today(ctx: Context, case: Case) -> bool:
    """A request that nobody has proven causes one notice per account and day: it must not become a mail bomb."""
    if case.proven_by is not None or case.account_id is None:
        return False
    count = throttle.hit(
        ctx.session, ctx.vault, "unproven_notice", case.account_id, window=timedelta(days=1), now=ctx.now
    )
    return count > ctx.limits.unproven_notices_per_day


def _to_contact(contact: Contact) -> Recipient:
    return Recipient(f"contact:{contact.id}", contact.language or BOTH, contact=contact)


def staff_with(ctx: Context, role: Role) -> list[Staff]:
    """Logins that hold a role now and are not disabled."""
    query = (
        select(Staff)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(
            StaffRole.role == role,
            StaffRole.effective_at <= ctx.now,
            StaffRole.revoked_at.is_(None),
            Staff.disabled_at.is_(None),
        )
        .order_by(Staff.id)
    )
    return list(ctx.session.execute(query).scalars())


def _link(ctx: Context, case: Case, purpose: str, to: Recipient) -> str:
    lives = {"confirm": ctx.limits.confirm_life, "mailbox": ctx.limits.confirm_life}
    return tokens.issue(
        ctx.session,
        purpose,
        now=ctx.now,
        expires_at=ctx.now + lives.get(purpose, LINK_LIFE),
        case_id=case.id,
        account_id=case.account_id,
        contact_id=to.contact.id if to.contact else None,
        round=case.round,
    )
