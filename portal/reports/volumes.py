"""How many requests there were, and how they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func

from portal.casework.context import Context
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import OPEN, Status
from portal.domain.reports import FILTERS, OUTCOMES, Asked
from portal.models import Case
from portal.reports.figures import Result, Row, hours, number_of, share, totals
from portal.reports.population import OUTCOME, cases
from portal.reports.sql import in_japan, month_in_japan, seconds

ENDED = ("deactivated", "reversed", "declined", "cancelled", "expired")
# What two persons have decided, whichever way: only there the time says something about the desk.
DECIDED = and_(
    Case.closed_at.is_not(None), Case.status.in_((Status.DEACTIVATED, Status.DECLINED, Status.REVERSED))
)
FIGURES: Mapping[str, ColumnElement[Any]] = {
    "requests": func.count(),
    "confirmed": func.count(Case.confirmed_at),
    **{status: number_of(Case.status == status) for status in ENDED},
    "still_open": number_of(Case.status.in_(OPEN)),
    "seconds": func.sum(case((DECIDED, seconds(Case.created_at, Case.closed_at)))),
    "decided": number_of(DECIDED),
}
COUNTED = tuple(FIGURES)[:-2]


def by_month(ctx: Context, asked: Asked) -> Result:
    return _by(ctx, asked, month_in_japan, str)


def by_day(ctx: Context, asked: Asked) -> Result:
    return _by(ctx, asked, in_japan, date.fromisoformat)


def _by(ctx: Context, asked: Asked, spans: Callable[[Any], Any], read: Callable[[str], Any]) -> Result:
    """A row for each span of the period that has anything. One statement."""
    found = cases(asked)
    span = spans(found.at).label("span")
    raw = ctx.session.execute(
        found.chosen(asked, span, *FIGURES.values()).group_by(span).order_by(span)
    ).all()
    rows = [(read(span), *counted, hours(whole, of)) for span, *counted, whole, of in raw]
    mean = hours(sum(row[-2] or 0 for row in raw), sum(row[-1] for row in raw))
    last = totals(asked, rows, hours_to_decision=mean)
    facts = dict(zip(COUNTED, last[1:-1], strict=True))
    return Result(rows, last, {**facts, asked.basis: facts["requests"], "hours_to_decision": mean})


def by_outcome(ctx: Context, asked: Asked) -> Result:
    return _grouped(ctx, asked, OUTCOME, OUTCOMES)


def by_status(ctx: Context, asked: Asked) -> Result:
    return _grouped(ctx, asked, Case.status, FILTERS["status"])


def by_tier(ctx: Context, asked: Asked) -> Result:
    return _grouped(ctx, asked, Case.tier, FILTERS["tier"])


def _grouped(ctx: Context, asked: Asked, column: Any, order: Sequence[str]) -> Result:
    """Requests by one thing, and in each language. One statement."""
    group = column.label("key")
    figures = [*(number_of(Case.language == language) for language in LANGUAGES), func.count()]
    query = cases(asked).chosen(asked, group, *figures).group_by(group)
    raw = sorted(ctx.session.execute(query).all(), key=lambda row: order.index(row[0]))
    whole = sum(row[-1] for row in raw)
    rows: list[Row] = [(*row, share(row[-1], whole)) for row in raw]
    most = max(rows, key=lambda row: row[-2], default=None)
    facts = {"requests": whole, "most": most and most[0], "most_share": most and most[-1]}
    return Result(rows, totals(asked, rows, share=share(whole, whole)), facts)
