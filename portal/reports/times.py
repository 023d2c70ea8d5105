"""How long requests spend in each status, read from their own streams of the log.

A clock pauses by itself: what passes while the owner is asked counts for that status and for no other.

Every event of every request has to be read for it. Above so many requests an even part of them is measured, and the page says
so: the ids are random, so that all below a certain one are a sample that nobody has picked and that stays the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, Select, Subquery, func, literal, select, union_all

from portal.casework.context import Context
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import FINAL, OPEN, Status
from portal.domain.reports import CLOCKS, DESK, FILTERS, Asked
from portal.models import AuditEvent, Case
from portal.reports.figures import Result, Row, hours, number_of, percentiles, share, totals
from portal.reports.population import cases
from portal.reports.sql import seconds

CLOSED = FINAL | {Status.DEACTIVATED}
JUDGED = (Status.DEACTIVATED, Status.DECLINED)
# Clocks over several statuses, of requests that have ended.
RUN_TOGETHER: Mapping[str, Sequence[Status]] = {"desk": DESK, "whole": tuple(OPEN)}
MOST_MEASURED = 50_000
ID_DIGITS = 8  # of an id, enough to cut off a part of them


@dataclass(frozen=True)
class Part:
    """Which requests of a report are measured: all, or those whose id is below a bound."""

    requests: int
    below: str | None = None

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"measured_of": self.requests} if self.below else {}


def part_of(requests: int, most: int = MOST_MEASURED) -> Part:
    """An even part of so many requests that is not larger than `most`, by and large."""
    if requests <= most:
        return Part(requests)
    return Part(requests, f"{most * 16**ID_DIGITS // requests:0{ID_DIGITS}x}")


def _part(ctx: Context, asked: Asked) -> Part:
    return part_of(ctx.session.execute(cases(asked).chosen(asked, func.count())).scalar_one())


def _spent(asked: Asked, part: Part) -> CTE:
    """For each request and status that it has left: how many seconds it spent there, all its stays together."""
    own = (Case.id, Case.status, Case.language, Case.tier)
    chosen = cases(asked).chosen(asked, *own)
    narrowed = (chosen.where(Case.id < part.below) if part.below else chosen).cte("narrowed")
    until = func.lead(AuditEvent.at).over(partition_by=AuditEvent.case_id, order_by=AuditEvent.sseq)
    stays = (
        select(
            *narrowed.c, AuditEvent.status_after.label("clock"), seconds(AuditEvent.at, until).label("value")
        )
        .join(narrowed, narrowed.c.id == AuditEvent.case_id)
        .subquery("stays")
    )
    parts = [stays.c[name] for name in ("id", "status", "language", "tier", "clock")]
    query = select(*parts, func.sum(stays.c.value).label("value"))
    # A stay that goes on has no length yet.
    left = query.where(stays.c.clock != stays.c.status, stays.c.clock.in_(OPEN))
    return left.group_by(*parts).cte("spent")


def _together(spent: CTE, clock: str) -> Select[str, str, str, int]:
    parts = (spent.c.language, spent.c.tier)
    return (
        select(*parts, literal(clock).label("clock"), func.sum(spent.c.value).label("value"))
        .where(spent.c.status.in_(CLOSED), spent.c.clock.in_(RUN_TOGETHER[clock]))
        .group_by(spent.c.id, *parts)
    )


def _clocks(asked: Asked, part: Part) -> Subquery:
    """A value for each request and clock that has run for it."""
    spent = _spent(asked, part)
    each = select(spent.c.language, spent.c.tier, spent.c.clock, spent.c.value)
    return union_all(each, *(_together(spent, clock) for clock in RUN_TOGETHER)).subquery("clocks")


def by_clock(ctx: Context, asked: Asked) -> Result:
    """Two statements."""
    part = _part(ctx, asked)
    rows = _measured(ctx, asked, part, "clock")
    facts = {
        f"{row[0]}_{name}": value
        for row in rows
        if row[0] in RUN_TOGETHER
        for name, value in zip(("counted", "median", "p95"), row[1:], strict=False)
    }
    return Result(rows, None, {**facts, **part.facts})


def by_group(ctx: Context, asked: Asked) -> Result:
    """The same for each language and tier. Two statements."""
    part = _part(ctx, asked)
    rows = _measured(ctx, asked, part, "clock", "language", "tier")
    return Result(rows, None, {"groups": len({row[1:3] for row in rows}), **part.facts})


def _measured(ctx: Context, asked: Asked, part: Part, *keys: str) -> list[Row]:
    found = list(ctx.session.execute(percentiles(_clocks(asked, part), *keys)))
    orders = (CLOCKS, FILTERS["language"], FILTERS["tier"])[: len(keys)]
    found.sort(key=lambda row: [order.index(key) for order, key in zip(orders, row, strict=False)])
    return [(*row[:-4], row[-4], hours(row[-2]), hours(row[-1]), hours(row[-3], row[-4])) for row in found]


def parity(ctx: Context, asked: Asked) -> Result:
    """The same desk for everybody: how often and how fast, in each language. Two statements."""
    figures = [func.count(), *(number_of(Case.status == status) for status in JUDGED)]
    query = cases(asked).chosen(asked, Case.language, *figures).group_by(Case.language)
    counted = {row[0]: row[1:] for row in ctx.session.execute(query)}
    part = part_of(sum(numbers[0] for numbers in counted.values()))
    desk = _together(_spent(asked, part), "desk").subquery("desk")
    measured = {row[0]: row[1:] for row in ctx.session.execute(percentiles(desk, "language"))}
    rows = [
        _of_language(language, counted[language], measured.get(language))
        for language in LANGUAGES
        if language in counted
    ]
    fewest = min((sum(counted.get(language, ())[1:]) for language in LANGUAGES), default=0)
    small = fewest < ctx.limits.report_small
    facts = {
        "small": small,
        "limit": ctx.limits.report_small,
        "by_language": {row[0]: row[1:] for row in rows},
        **part.facts,
    }
    return Result(rows, totals(asked, rows), facts)


def _of_language(language: str, counted: Sequence[int], measured: Sequence[int] | None) -> Row:
    number, removed, declined = counted
    _counted, _whole, median, p95 = measured or (0, None, None, None)
    return (
        language,
        number,
        removed,
        declined,
        share(removed, removed + declined),
        hours(median),
        hours(p95),
    )
