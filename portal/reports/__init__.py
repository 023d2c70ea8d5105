"""The reports themselves: what each counts or lists. No web here, and no words; see `domain/reports` and `report_words`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.casework.context import Context
from portal.domain import periods
from portal.domain.periods import Period
from portal.domain.reports import REPORTS, Asked, columns_of
from portal.reports import decisions, desk, lists, owners, rules, sampling, times, volumes
from portal.reports.asking import ERRORS, WrongAsked, check, read, written
from portal.reports.figures import Result
from portal.reports.lists import Listing
from portal.reports.personal import Hidden, masked, reveal
from portal.reports.population import Finder, case_events, cases
from portal.reports.reading import snapshot, streamed

__all__ = [
    "ERRORS",
    "Hidden",
    "Result",
    "WrongAsked",
    "check",
    "count",
    "masked",
    "nearest",
    "read",
    "reveal",
    "run",
    "snapshot",
    "stream",
    "written",
]

SHOWN = 20  # of a list, where only its beginning is shown

# A summary: whose rows it counts, and how.
SUMMARIES: Mapping[str, tuple[Finder, Callable[[Context, Asked], Result]]] = {
    "volumes": (cases, volumes.by_month),
    "volumes_by_day": (cases, volumes.by_day),
    "outcomes": (cases, volumes.by_outcome),
    "statuses": (cases, volumes.by_status),
    "tiers": (cases, volumes.by_tier),
    "times": (cases, times.by_clock),
    "times_by_group": (cases, times.by_group),
    "parity": (cases, times.parity),
    "checks": (cases, rules.checks),
    "four_eyes": (case_events(*decisions.PAIRS), decisions.four_eyes),
    "waits": (case_events(rules.STARTED), rules.waits),
    "objections": (rules.objections_of, rules.objections),
    "agents": (case_events(*decisions.OF_REMOVALS), decisions.agents),
    "sample": (sampling.agreed_removals, sampling.sample),
    "training": (desk.training_cases, desk.training),
    "fallbacks": (owners.account_events(owners.FAILED), owners.fallbacks),
    "calls": (owners.calls_of, owners.calls),
    "connectors": (owners.removals_tried, owners.connectors),
    "deletions": (desk.events_about_data, desk.deletions),
}
LISTS: Mapping[str, Listing] = {
    "removals": lists.REMOVALS,
    "other_removals": lists.OTHER_REMOVALS,
    "check_records": lists.CHECK_RECORDS,
    "cases": lists.CASES,
    "exports": lists.EXPORTS,
}


def run(ctx: Context, asked: Asked) -> Result:
    """A report's figures; of a list its first rows, and how many there are. It has to be checked before."""
    if not REPORTS[asked.report].is_list:
        result = SUMMARIES[asked.report][1](ctx, asked)
        totals = None if result.totals is None else _picked(asked, result.totals)
        return Result([_picked(asked, row) for row in result.rows], totals, result.facts)
    rows = list(stream(ctx.session, asked, limit=SHOWN))
    number = len(rows) if len(rows) < SHOWN else count(ctx.session, asked)
    return Result(rows, None, {"rows": number})


def stream(session: Session, asked: Asked, *, limit: int | None = None) -> Iterator[tuple[Any, ...]]:
    """The rows of a list, oldest first, in constant memory. Personal values come as `Hidden`: see `masked` and `reveal`."""
    listing = LISTS[asked.report]
    rows = map(listing.row, streamed(session, listing.query(asked), limit))
    yield from (_picked(asked, row) for row in rows) if asked.columns else rows


def count(session: Session, asked: Asked) -> int:
    """How many rows a list has."""
    query = LISTS[asked.report].population(asked).chosen(asked, func.count())
    return int(session.execute(query).scalar_one())


def _picked(asked: Asked, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The columns that were asked for."""
    if not asked.columns:
        return row
    wanted = {column.key for column in columns_of(asked)}
    columns = REPORTS[asked.report].columns
    return tuple(value for column, value in zip(columns, row, strict=True) if column.key in wanted)


def nearest(ctx: Context, asked: Asked) -> Period | None:
    """The period of the same length, nearest to the one asked for, in which the report has something to tell."""
    find = LISTS[asked.report].population if asked.report in LISTS else SUMMARIES[asked.report][0]
    found = find(asked)
    first, beyond = periods.bounds(asked.start, asked.end)
    query = select(
        select(func.max(found.at))
        .select_from(found.source)
        .where(*found.conditions, found.at < first)
        .scalar_subquery(),
        select(func.min(found.at))
        .select_from(found.source)
        .where(*found.conditions, found.at >= beyond)
        .scalar_subquery(),
    )
    before, after = (at and periods.today(at) for at in ctx.session.execute(query).one())
    return _around(asked, before, after, periods.today(ctx.now))


def _around(asked: Asked, before: date | None, after: date | None, today: date) -> Period | None:
    length = asked.end - asked.start
    if before is not None and (after is None or asked.start - before <= after - asked.end):
        return before - length, before
    return None if after is None else (after, min(after + length, today))
