"""Links in mails: random, stored as hashes, used by POST only, judged inside the UPDATE that consumes them."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import Installation, LinkToken

# 32 random bytes; exact, so that no second spelling of a token exists
FORM = re.compile(r"\A[A-Za-z0-9_-]{43}\Z")


def random_token() -> str:
    """256 random bits as 43 characters."""
    return secrets.token_urlsafe(32)


def encoded(data: bytes) -> str:
    """32 bytes in the form that tokens have."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def digest(raw: str) -> str:
    """What is stored instead of a token or session id."""
    return hashlib.sha256(raw.encode()).hexdigest()


def issue(session: Session, purpose: str, *, now: datetime, expires_at: datetime, **bound_to: Any) -> str:
    """Make a token and return its raw form, which is kept nowhere else but in the mail's sealed row."""
    raw = random_token()
    keep(session, digest(raw), purpose, now=now, expires_at=expires_at, **bound_to)
    return raw


def keep(
    session: Session, hashed: str, purpose: str, *, now: datetime, expires_at: datetime, **bound_to: Any
) -> None:
    """Store what stands for a token or for a short code; short codes need a keyed digest."""
    row = LinkToken(
        hash=hashed,
        purpose=purpose,
        epoch=epoch(session),
        created_at=now,
        expires_at=expires_at,
        **bound_to,
    )
    session.add(row)
    session.flush()


def find(session: Session, raw: str, purpose: str) -> LinkToken | None:
    """Look a link up for showing its page; it may be used or expired. Changes nothing."""
    if not FORM.match(raw):
        return None
    row = session.get(LinkToken, digest(raw))
    return row if row and row.purpose == purpose and row.epoch == epoch(session) else None


def is_live(row: LinkToken, now: datetime) -> bool:
    """Whether the link would still be accepted."""
    return row.used_at is None and row.revoked_at is None and row.expires_at > now


def consume(session: Session, raw: str, purpose: str, *, now: datetime) -> LinkToken | None:
    """Use a link up. Of two presses at once exactly one gets the row."""
    if not FORM.match(raw):
        return None
    statement = (
        update(LinkToken)
        .where(
            LinkToken.hash == digest(raw),
            LinkToken.purpose == purpose,
            LinkToken.epoch == epoch(session),
            LinkToken.used_at.is_(None),
            LinkToken.revoked_at.is_(None),
            LinkToken.expires_at > now,
        )
        .values(used_at=now)
        .returning(LinkToken.hash)
    )
    found = session.execute(statement).scalar_one_or_none()
    return None if found is None else session.get_one(LinkToken, found, populate_existing=True)


def revoke(session: Session, *, now: datetime, purpose: str, **bound_to: Any) -> None:
    """Make earlier links of a purpose worthless."""
    conditions = [getattr(LinkToken, name) == value for name, value in bound_to.items()]
    session.execute(
        update(LinkToken)
        .where(
            LinkToken.purpose == purpose,
            LinkToken.used_at.is_(None),
            LinkToken.revoked_at.is_(None),
            *conditions,
        )
        .values(revoked_at=now)
    )


def epoch(session: Session) -> int:
    """What a restored backup raises, so that links and sessions from before it are worthless."""
    return int(session.execute(select(Installation.token_epoch)).scalar_one())
