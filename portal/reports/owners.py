"""What owners could not do by themselves, and what the telephone and the systems behind did."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func, or_, select

from portal.casework.context import Context
from portal.connectors.table import CONNECTORS
from portal.domain.reports import Asked
from portal.domain.self_service import CALL_OUTCOMES, FAILURE_REASONS, FAILURE_STEPS
from portal.models import Account, AuditEvent, Case, PhoneCall, Removal
from portal.reports.figures import Result, number_of, share, totals
from portal.reports.population import Finder, Population
from portal.reports.sql import said

ATTEMPT = "account:self_service:{}"
STARTED, REMOVED, FAILED = (ATTEMPT.format(end) for end in ("started", "removed", "failed"))


def account_events(*tags: str) -> Finder:
    """Events of the accounts of the register, real ones."""

    def find(_asked: Asked) -> Population:
        owns = Account.id == func.substr(AuditEvent.stream, len("account:") + 1)
        source = AuditEvent.__table__.outerjoin(Account.__table__, owns)
        real = or_(Account.id.is_(None), Account.training.is_(False))
        return Population(
            source, AuditEvent.at.expression, AuditEvent.id.expression, (AuditEvent.tag.in_(tags), real)
        )

    return find


def fallbacks(ctx: Context, asked: Asked) -> Result:
    """At which step owners gave up a reset, and how many of them then asked the desk. Two statements."""
    failed = (
        account_events(FAILED)(asked)
        .chosen(
            asked,
            *(said(AuditEvent.event_bytes, fact).label(fact) for fact in ("step", "reason", "attempt")),
        )
        .subquery("failed")
    )
    asked_then = select(Case.self_service_id).where(
        Case.self_service_id.is_not(None), Case.training.is_(False)
    )
    query = select(
        failed.c.step, failed.c.reason, func.count(), number_of(failed.c.attempt.in_(asked_then))
    ).group_by(failed.c.step, failed.c.reason)
    rows = [(*row, share(row[3], row[2])) for row in ctx.session.execute(query)]
    rows.sort(key=lambda row: (_place(FAILURE_STEPS, row[0]), _place(FAILURE_REASONS, row[1])))
    last = totals(asked, rows)
    attempts, requests = last[2], last[3]
    facts = {"failed": attempts, "requests_after": requests, **_attempts(ctx, asked)}
    return Result(rows, (*last[:4], share(requests, attempts)), facts)


def _attempts(ctx: Context, asked: Asked) -> dict[str, int]:
    figures = (number_of(AuditEvent.tag == tag) for tag in (STARTED, REMOVED))
    row = ctx.session.execute(account_events(STARTED, REMOVED)(asked).chosen(asked, *figures)).one()
    return {"started": row[0], "removed": row[1]}


def _place(keys: Any, key: str) -> int:
    return keys.index(key) if key in keys else len(keys)


def calls_of(_asked: Asked) -> Population:
    """Calls of the telephone, but those of training accounts, which ring nowhere."""
    source = PhoneCall.__table__.join(Account.__table__, Account.id == PhoneCall.account_id)
    return Population(
        source,
        PhoneCall.created_at.expression,
        PhoneCall.id.expression,
        (Account.training.is_(False), PhoneCall.outcome.is_not(None)),
    )


def calls(ctx: Context, asked: Asked) -> Result:
    """How calls ended. One statement."""
    query = calls_of(asked).chosen(asked, PhoneCall.outcome, func.count()).group_by(PhoneCall.outcome)
    found: dict[str, int] = dict(ctx.session.execute(query).all())
    whole = sum(found.values())
    rows = [(key, found[key], share(found[key], whole)) for key in CALL_OUTCOMES if key in found]
    confirmed = found.get("confirmed", 0)
    facts = {"calls": whole, "confirmed": confirmed, "confirmed_share": share(confirmed, whole)}
    return Result(rows, totals(asked, rows, share=share(whole, whole)), facts)


def removals_tried(_asked: Asked) -> Population:
    """Devices that the desk, the owner or an administrator had removed, or tried to."""
    source = Removal.__table__.outerjoin(Case.__table__, Case.id == Removal.case_id)
    real = or_(Case.id.is_(None), Case.training.is_(False))
    return Population(source, Removal.created_at.expression, Removal.id.expression, (real,))


def connectors(ctx: Context, asked: Asked) -> Result:
    """What became of each device at the system behind it. One statement."""
    kind = case(
        (Removal.state == "confirmed", "removed"), (Removal.state == "failed", "failed"), else_="unclear"
    )
    figures = [func.count(), *(number_of(kind == end) for end in ("removed", "failed", "unclear"))]
    query = removals_tried(asked).chosen(asked, Removal.connector, *figures).group_by(Removal.connector)
    rows = [(*row, share(row[3], row[1])) for row in ctx.session.execute(query)]
    rows.sort(key=lambda row: _place(tuple(CONNECTORS), row[0]))
    last = totals(asked, rows)
    failed = share(last[3], last[1])
    facts = {"devices": last[1], "removed": last[2], "failed": last[3], "unclear": last[4]}
    return Result(rows, (*last[:5], failed), facts)
