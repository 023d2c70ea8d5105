"""What a report is about: rows with a date that puts them into a period, and what else they must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, case, func, select
from sqlalchemy.orm import aliased

from portal.domain import periods
from portal.domain.lifecycle import FINAL, Status
from portal.domain.reports import Asked
from portal.models import AuditEvent, Case

CASE_DATES: Mapping[str, ColumnElement[Any]] = {
    "received": Case.created_at.expression,
    "approved": Case.approved_at.expression,
    "closed": Case.closed_at.expression,
}
WITH_REASON = (Status.CANCELLED, Status.EXPIRED)
OUTCOME = case(
    (Case.status.in_(WITH_REASON), func.coalesce(Case.close_reason, Case.status)),
    (Case.status.in_((FINAL | {Status.DEACTIVATED}) - set(WITH_REASON)), Case.status),
    else_="open",
)
FILTERED: Mapping[str, ColumnElement[Any]] = {
    "status": Case.status.expression,
    "language": Case.language.expression,
    "reason": Case.problem.expression,
    "outcome": OUTCOME,
    "tier": Case.tier.expression,
}


@dataclass(frozen=True)
class Population:
    """Rows of `source` under `conditions`, each at its date `at`; `id` makes their order one."""

    source: FromClause
    at: ColumnElement[Any]
    id: ColumnElement[str]
    conditions: tuple[ColumnElement[bool], ...]

    def within(self, start: date, end: date) -> tuple[ColumnElement[bool], ...]:
        """All that a row of a period must be."""
        first, beyond = periods.bounds(start, end)
        return (*self.conditions, self.at >= first, self.at < beyond)

    def chosen(self, asked: Asked, *columns: Any) -> Select[Any]:
        """These columns of the rows of the period that was asked for."""
        return select(*columns).select_from(self.source).where(*self.within(asked.start, asked.end))

    def in_order(self, asked: Asked, *columns: Any) -> Select[Any]:
        """The same, oldest first."""
        return self.chosen(asked, *columns).order_by(self.at, self.id)


Finder = Callable[[Asked], Population]


def filtered(asked: Asked) -> tuple[ColumnElement[bool], ...]:
    """The filters, on cases; training cases are left out of everything but the report about them."""
    chosen = (FILTERED[key] == value for key, value in asked.filters.items() if value)
    return (Case.training.is_(False), *chosen)


def cases(asked: Asked) -> Population:
    """Cases, by one of their own dates."""
    return Population(Case.__table__, CASE_DATES[asked.basis], Case.id.expression, filtered(asked))


def case_events(*tags: str) -> Finder:
    """Events of cases, by the time at which they were written into the log or by a date of their case."""

    def find(asked: Asked) -> Population:
        source = AuditEvent.__table__.join(Case.__table__, Case.id == AuditEvent.case_id)
        at = CASE_DATES.get(asked.basis, AuditEvent.at.expression)
        return Population(source, at, AuditEvent.id.expression, (*filtered(asked), AuditEvent.tag.in_(tags)))

    return find


def newest_before(event: Any, *tags: Any) -> Any:
    """The number of the newest event of these tags before another one in the same stream."""
    earlier = aliased(AuditEvent)
    return (
        select(func.max(earlier.sseq))
        .where(earlier.case_id == event.case_id, earlier.sseq < event.sseq, earlier.tag.in_(tags))
        .correlate(event)
        .scalar_subquery()
    )
