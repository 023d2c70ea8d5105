"""What was deleted, read from the log alone: which key was destroyed and when, and what the last runs took away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, union_all

from portal.casework.context import Context
from portal.contact import mask_account_number
from portal.models import Account, AuditEvent, Case

MOST = 20
ON_REQUEST, BY_TIME = ("case:data:erased", "account:data:erased"), ("case:contact:deleted",)
RUN = "system:retention:run"


@dataclass(frozen=True)
class Erased:
    """One line of proof. `key` is the SHA-256 of the wrapped key that was destroyed; `about` is what is left of a name."""

    tag: str
    at: datetime
    about: str
    key: str
    subject: str


@dataclass(frozen=True)
class Run:
    """What one run took away of one class."""

    at: datetime
    data_class: str
    cases: int


def newest(ctx: Context) -> list[Erased]:
    """The newest lines of proof."""
    events = _newest(ctx, (*ON_REQUEST, *BY_TIME))
    abouts = _abouts(ctx, events)
    return [_line(event, abouts) for event in events]


def runs(ctx: Context) -> list[Run]:
    """What the newest runs took away."""
    opened = ((event.at, json.loads(event.event_bytes)["d"]) for event in _newest(ctx, (RUN,)))
    return [Run(at, facts["class"], facts["cases"]) for at, facts in opened]


def _newest(ctx: Context, tags: Sequence[str]) -> list[AuditEvent]:
    """Each tag by its own index: all in one condition, and every event of them would be sorted."""
    each = [
        select(AuditEvent.id, AuditEvent.at)
        .where(AuditEvent.tag == tag)
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        .limit(MOST)
        .subquery()
        for tag in tags
    ]
    found = union_all(*(select(one.c.id, one.c.at) for one in each)).subquery()
    ids = select(found.c.id).order_by(found.c.at.desc(), found.c.id.desc()).limit(MOST)
    query = select(AuditEvent).where(AuditEvent.id.in_(ids))
    return list(ctx.session.execute(query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc())).scalars())


def _abouts(ctx: Context, events: Sequence[AuditEvent]) -> dict[str, str]:
    """What each stream is about, as far as anybody still knows."""
    cases = [event.case_id for event in events if event.case_id]
    accounts = [event.stream.removeprefix("account:") for event in events if not event.case_id]
    known = ctx.session.execute(select(Case.id, Case.reference).where(Case.id.in_(cases)))
    found = {f"case:{row.id}": row.reference for row in known}
    numbers = ctx.session.execute(select(Account.id, Account.number).where(Account.id.in_(accounts)))
    return found | {f"account:{row.id}": mask_account_number(row.number) for row in numbers}


def _line(event: AuditEvent, abouts: dict[str, str]) -> Erased:
    facts: dict[str, Any] = json.loads(event.event_bytes)["d"]
    return Erased(
        tag=event.tag,
        at=event.at,
        about=abouts.get(event.stream, ""),
        key=str(facts.get("key", "")),
        subject=str(facts.get("subject", "")),
    )
