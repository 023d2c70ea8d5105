"""The board: how many cases are open, late, ageing and about to end their wait, counted at this moment.

It counts what stands in the queue, training cases among it: a board that differed from the queue would give them away. It
is no report. Only open cases are read, so that what it costs does not grow with the years.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from portal import written_times
from portal.casework.context import Context
from portal.casework.queue import DESK_IS_DUE, SHOWN
from portal.domain.lifecycle import Status
from portal.models import Case

# Days since a request came in, by which the open cases are sorted; the last bucket has no end.
AGES = (1, 3, 7, 14, 30)
DAYS_AHEAD = 7


@dataclass(frozen=True)
class Board:
    """The figures. Every status and bucket of them is there, also with no case in it."""

    open: Mapping[tuple[Status, str], int]  # by status and language
    late: Mapping[Status, int]  # past their due time, where the desk itself has to be in time
    first_due: datetime | None  # of those that are late
    ages: tuple[int, ...]  # by the buckets that AGES bound, the youngest first
    oldest: Case | None
    waits: Mapping[date, int]  # waiting periods that end on a day of Japan, from today on
    held_up: int  # whose wait should have ended before today: a notice or an objection stands in the way

    def number(self, status: Status | None = None, language: str | None = None) -> int:
        """How many cases are open, in all or with one status or language."""
        return sum(
            number
            for (its_status, its_language), number in self.open.items()
            if status in {None, its_status} and language in {None, its_language}
        )


def figures(ctx: Context) -> Board:
    """All figures, in four statements."""
    by_place = _by_place(ctx)
    ages, oldest = _ages(ctx)
    held_up, waits = _waits(ctx)
    late = {status: 0 for status in Status if status in DESK_IS_DUE}
    first: list[datetime] = []
    for status, _language, _number, overdue, due_at in by_place:
        if status in late and overdue:
            late[status] += overdue
            first.append(due_at)
    return Board(
        open={(status, language): number for status, language, number, _late, _due in by_place},
        late=late,
        first_due=min(first, default=None),
        ages=ages,
        oldest=oldest,
        waits=waits,
        held_up=held_up,
    )


def _by_place(ctx: Context) -> list[tuple[Status, str, int, int, datetime]]:
    """Status, language, how many, how many of them late, and when the first was due: all of it stands in one index."""
    query = (
        select(
            Case.status, Case.language, func.count(), _how_many(Case.due_at < ctx.now), func.min(Case.due_at)
        )
        .where(Case.status.in_(SHOWN))
        .group_by(Case.status, Case.language)
    )
    rows = ctx.session.execute(query)
    return [(Status(status), language, number, late, due) for status, language, number, late, due in rows]


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _ages(ctx: Context) -> tuple[tuple[int, ...], Case | None]:
    """How many came in how long ago, and the one that came in first."""
    bounds = [ctx.now - timedelta(days=days) for days in AGES]
    younger, older = [None, *bounds], [*bounds, None]
    buckets = [_between(Case.created_at, start, end) for start, end in zip(older, younger, strict=True)]
    query = (
        select(Case.status, func.min(Case.created_at), *(_how_many(bucket) for bucket in buckets))
        .where(Case.status.in_(SHOWN))
        .group_by(Case.status)
    )
    rows = ctx.session.execute(query).all()
    if not rows:
        return (0,) * len(buckets), None
    columns = zip(*(row[2:] for row in rows), strict=True)
    status, created_at = min(((row[0], row[1]) for row in rows), key=lambda row: row[1])
    oldest = select(Case).where(Case.status == status, Case.created_at == created_at).order_by(Case.id)
    return tuple(sum(column) for column in columns), ctx.session.execute(oldest.limit(1)).scalar_one()


def _between(
    column: InstrumentedAttribute[Any], start: datetime | None, end: datetime | None
) -> ColumnElement[bool]:
    """From `start` on and before `end`; None is no bound."""
    bounds = ([column >= start] if start else []) + ([column < end] if end else [])
    return and_(*bounds)


def _waits(ctx: Context) -> tuple[int, Mapping[date, int]]:
    today = written_times.local(ctx.now).date()
    days = [today + timedelta(days=number) for number in range(DAYS_AHEAD + 1)]
    starts = [datetime.combine(day, time(), tzinfo=written_times.ZONE) for day in days]
    ends = [_between(Case.waiting_until, start, end) for start, end in pairwise(starts)]
    query = select(_how_many(Case.waiting_until < starts[0]), *(_how_many(end) for end in ends))
    # by the wait itself: before it runs, the queue only guesses when it will end
    held_up, *numbers = ctx.session.execute(query.where(Case.status == Status.COOLING_OFF)).one()
    return held_up or 0, {day: number or 0 for day, number in zip(days, numbers, strict=False)}
