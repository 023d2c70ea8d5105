"""Answers on their way to a request: kept on the server for 24 hours, sealed, found by the hash of a cookie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from portal import tokens
from portal.casework.context import Context
from portal.models import Draft, new_id


@dataclass(frozen=True)
class Answers:
    """A draft as a page sees it. `case_id` is set once the request is sent."""

    id: str
    values: Mapping[str, Any]
    case_id: str | None


def start(ctx: Context, values: Mapping[str, Any]) -> str:
    """Begin a draft and return the secret of its cookie."""
    raw = tokens.random_token()
    with ctx.act():
        draft = Draft(
            id=new_id(),
            hash=tokens.digest(raw),
            subject_id=ctx.vault.new_subject(ctx.session),
            created_at=ctx.now,
            expires_at=ctx.now + ctx.limits.draft_life,
        )
        ctx.vault.seal_json(ctx.session, draft.subject_id, draft, "answers", dict(values))
        ctx.session.add(draft)
    return raw


def find(ctx: Context, raw: str | None, *, lock: bool = False) -> Draft | None:
    """The live draft of a cookie; locked for whoever changes it, so that two tabs do not lose each other's answers."""
    if not raw or not tokens.FORM.match(raw):
        return None
    query = select(Draft).where(Draft.hash == tokens.digest(raw), Draft.expires_at > ctx.now)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return ctx.session.execute(query).scalar_one_or_none()


def read(ctx: Context, raw: str | None) -> Answers | None:
    """What was answered so far, or None where there is no live draft."""
    draft = find(ctx, raw)
    if draft is None:
        return None
    values = ctx.vault.open_json(ctx.session, draft.subject_id, draft, "answers")
    return Answers(draft.id, values or {}, draft.case_id)


def save(ctx: Context, raw: str, values: Mapping[str, Any]) -> bool:
    """Put answers into the draft, over those of the same name. False when it is gone or already sent."""
    with ctx.act():
        draft = find(ctx, raw, lock=True)
        if draft is None or draft.case_id is not None:
            return False
        kept = ctx.vault.open_json(ctx.session, draft.subject_id, draft, "answers") or {}
        ctx.vault.seal_json(ctx.session, draft.subject_id, draft, "answers", {**kept, **values})
    return True


def forget(ctx: Context, raw: str) -> None:
    """Delete a draft at the owner's wish. A request that was sent stays."""
    with ctx.act():
        draft = find(ctx, raw, lock=True)
        if draft is not None:
            _delete(ctx, draft)


def purge(ctx: Context) -> int:
    """Delete the drafts whose time is over, with their keys where no request came of them."""
    with ctx.act():
        query = select(Draft).where(Draft.expires_at <= ctx.now).limit(500)
        drafts = list(ctx.session.execute(query).scalars())
        for draft in drafts:
            _delete(ctx, draft)
    return len(drafts)


def _delete(ctx: Context, draft: Draft) -> None:
    if draft.case_id is None:
        ctx.vault.destroy(ctx.session, draft.subject_id)
    ctx.session.execute(delete(Draft).where(Draft.id == draft.id))
