"""Signed-in owners: sessions that the database holds, found by the hash of a cookie, each with a stage and an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from portal import tokens
from portal.casework.context import Context
from portal.domain.self_service import MAY, May
from portal.models import Account, OwnerSession, Principal


@dataclass(frozen=True)
class Visitor:
    """Whose browser this is, and how far it has come."""

    row: OwnerSession
    account: Account
    principal: Principal
    hash: str  # kept apart from the row, which may end in another tab at any moment

    @property
    def stage(self) -> str:
        return self.row.stage

    @property
    def may(self) -> May:
        return MAY[self.row.stage]

    @property
    def expires_at(self) -> datetime:
        return self.row.expires_at


@dataclass(frozen=True)
class Opened:
    """A session that was just begun: the secret of its cookie, known nowhere else."""

    raw: str
    visitor: Visitor


def life_of(ctx: Context, stage: str) -> timedelta:
    """How long a browser may stay in a stage, whatever it does."""
    return {
        "password": ctx.limits.self_service_life,
        "limited": ctx.limits.limited_session,
        "enrol": ctx.limits.limited_session,
        "full": ctx.limits.owner_session,
    }[stage]


def start(ctx: Context, principal: Principal, stage: str, *, old: str | None = None) -> Opened:
    """Begin a session in the caller's act. Every stage has a secret of its own: the old one ends, so none can be fixed."""
    hold_account(ctx, principal.account_id)
    if old:
        end(ctx, old)
    raw = tokens.random_token()
    row = OwnerSession(
        hash=tokens.digest(raw),
        account_id=principal.account_id,
        principal_id=principal.id,
        stage=stage,
        epoch=tokens.epoch(ctx.session),
        started_at=ctx.now,
        expires_at=ctx.now + life_of(ctx, stage),
    )
    ctx.session.add(row)
    ctx.session.flush()
    return Opened(raw, _visitor(ctx, row))


def find(ctx: Context, raw: str | None) -> Visitor | None:
    """The signed-in owner of a cookie, or None when there is none or its time is over."""
    if not raw or not tokens.FORM.match(raw):
        return None
    row = ctx.session.get(OwnerSession, tokens.digest(raw))
    if row is None or row.expires_at <= ctx.now or row.epoch != tokens.epoch(ctx.session):
        return None
    return _visitor(ctx, row)


def hold_account(ctx: Context, account_id: str) -> Account:
    """Hold an account for an act: before its requests, sessions and attempts, whoever acts. Else two wait for each other for ever.

    Rows that only name it can still be written (`FOR NO KEY UPDATE`): every act on a request writes some.
    """
    query = select(Account).where(Account.id == account_id).with_for_update(key_share=True)
    return ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one()


def lock(ctx: Context, visitor: Visitor) -> Visitor | None:
    """The same session read again for writing, inside an act; None when it ended meanwhile."""
    hold_account(ctx, visitor.account.id)
    query = select(OwnerSession).where(
        OwnerSession.hash == visitor.hash,
        OwnerSession.expires_at > ctx.now,
        OwnerSession.epoch == tokens.epoch(ctx.session),
    )
    row = ctx.session.execute(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    return _visitor(ctx, row) if row else None


def end(ctx: Context, raw: str) -> None:
    """End one session, inside an act."""
    ctx.session.execute(delete(OwnerSession).where(OwnerSession.hash == tokens.digest(raw)))


def end_all(ctx: Context, principal_id: str, *, keep: str | None = None) -> None:
    """End every session of a user, but for the one with the given hash; inside an act."""
    ended = delete(OwnerSession).where(
        OwnerSession.principal_id == principal_id, OwnerSession.hash != (keep or "")
    )
    ctx.session.execute(ended)


def kept(ctx: Context, visitor: Visitor) -> dict[str, Any]:
    """What is being set up in a session."""
    row = ctx.session.get(OwnerSession, visitor.hash)
    content = ctx.vault.open_json(ctx.session, visitor.account.subject_id, row, "kept") if row else None
    return dict(content or {})


def keep(ctx: Context, held: Visitor, **content: Any) -> None:
    """Seal what is being set up in a locked session, in the place of what was; inside an act."""
    ctx.vault.seal_json(ctx.session, held.account.subject_id, held.row, "kept", content)
    ctx.session.flush()


def purge(ctx: Context) -> None:
    """Delete sessions whose time is over."""
    with ctx.act():
        ctx.session.execute(delete(OwnerSession).where(OwnerSession.expires_at <= ctx.now))


def _visitor(ctx: Context, row: OwnerSession) -> Visitor:
    return Visitor(
        row,
        ctx.session.get_one(Account, row.account_id),
        ctx.session.get_one(Principal, row.principal_id),
        row.hash,
    )
