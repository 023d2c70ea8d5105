"""What decides whether a registered number may be corrected now, and how far a correction has come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import exists, select

from portal import tokens
from portal.casework import owner_factor, owner_sign_in
from portal.casework.context import Context, Refused
from portal.casework.owner_sessions import Visitor
from portal.connectors import SignIn
from portal.domain.lifecycle import Status
from portal.models import Account, Case, Contact, Objection, OwnerSession, PhoneChange, Principal


def may_change(principal: Principal) -> bool:
    """Whether this user may correct the number: an IAM user who may edit account information."""
    return principal.kind == "iam" and bool(principal.edits_contacts or principal.is_administrator)


def require_calm(ctx: Context, account: Account, principal: Principal) -> None:
    """After a recovery contacts stay as they are, and neither do they change amid a dispute or a removal."""
    if until := held_until(ctx, account, principal):
        raise Refused("changes_held", until=until)
    query = select(exists().where(Objection.account_id == account.id, Objection.outcome.is_(None)))
    if ctx.session.execute(query).scalar_one():
        raise Refused("objection_open")
    if executing(ctx, account):
        raise Refused("executing")


def held_until(ctx: Context, account: Account, principal: Principal) -> datetime | None:
    """Until when contacts stay as they are because somebody came back to the account, or this user to their sign-in."""
    connector = owner_sign_in.connector_of(ctx, account)
    query = select(Principal).where(Principal.account_id == account.id, Principal.kind == "root")
    roots = ctx.session.execute(query).scalars().all()
    ends = list(_ends(ctx, connector, [principal, *roots]))
    return max(ends, default=None)


def _ends(ctx: Context, connector: SignIn, principals: list[Principal]) -> Iterator[datetime]:
    for principal in principals:
        until = connector.changes_held_until(ctx.session, principal)
        if until is not None and until > ctx.now:
            yield until


def executing(ctx: Context, account: Account) -> list[str]:
    query = select(Case.id).where(Case.account_id == account.id, Case.status == Status.EXECUTING)
    return list(ctx.session.execute(query).scalars())


def newest_phone(ctx: Context, account: Account) -> Contact | None:
    """The telephone that is called: the same choice as in self-service."""
    query = (
        select(Contact)
        .where(Contact.account_id == account.id, Contact.kind == "phone", Contact.retired_at.is_(None))
        .order_by(Contact.confirmed_at.desc(), Contact.created_at.desc(), Contact.id)
        .limit(1)
    )
    found = ctx.session.execute(query.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


def value_of(ctx: Context, account: Account, contact: Contact) -> str:
    return ctx.vault.open(ctx.session, account.subject_id, contact, "value") or ""


def newest_of(ctx: Context, visitor: Visitor) -> PhoneChange | None:
    """What this user asked for last, whatever has become of it."""
    query = select(PhoneChange).where(PhoneChange.principal_id == visitor.principal.id)
    newest = query.order_by(PhoneChange.created_at.desc(), PhoneChange.id).limit(1)
    return ctx.session.execute(newest).scalar_one_or_none()


def is_waiting(ctx: Context, change: PhoneChange) -> bool:
    """Whether a call may still confirm it."""
    return change.confirmed_at is None and change.expires_at > ctx.now


def number_of(ctx: Context, account: Account, change: PhoneChange) -> str:
    """The number that was asked for; empty once it is erased."""
    return _said(ctx, account, change, "number")


def typed_of(ctx: Context, account: Account, change: PhoneChange) -> str:
    """The same as it was typed."""
    return _said(ctx, account, change, "typed")


def _said(ctx: Context, account: Account, change: PhoneChange, part: str) -> str:
    said = ctx.vault.open_json(ctx.session, account.subject_id, change, "number") or {}
    return str(said.get(part, ""))


def is_signed_in(ctx: Context, principal: Principal) -> bool:
    query = select(
        exists().where(
            OwnerSession.principal_id == principal.id,
            OwnerSession.stage == "full",
            OwnerSession.epoch == tokens.epoch(ctx.session),
            OwnerSession.expires_at > ctx.now,
        )
    )
    return bool(ctx.session.execute(query).scalar_one())


def hold(ctx: Context, change_id: str | None) -> PhoneChange | None:
    query = select(PhoneChange).where(PhoneChange.id == change_id).with_for_update(key_share=True)
    found = ctx.session.execute(query.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


def held_for(ctx: Context, visitor: Visitor) -> Visitor:
    """A full sign-in, read for writing, and its account with it."""
    return owner_factor.held_for(ctx, visitor, "full")
