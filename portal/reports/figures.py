"""What a report answers with, and the sums that reports share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, func, select

from portal.domain.reports import REPORTS, Asked

HOUR, MINUTE = 3600, 60

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Result:
    """`rows` and `totals` in the order of the columns; `facts` are what the sentence says."""

    rows: Sequence[Row]
    totals: Row | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def hours(seconds: Any, of: Any = 1, unit: int = HOUR) -> float | None:
    """Seconds as hours, or as the mean of so many; None where there are none."""
    return None if seconds is None or not of else round(float(seconds) / int(of) / unit, 2)


def share(part: Any, whole: Any) -> float | None:
    """A part of a whole; None where there is no whole."""
    return round(float(part) / float(whole), 4) if whole else None


def number_of(condition: Any) -> ColumnElement[int]:
    """How many rows are so."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def totals(asked: Asked, rows: Sequence[Row], **given: Any) -> Row:
    """The last line: a sum under each column that has one, under others what is given, else nothing."""
    return tuple(
        sum(row[place] or 0 for row in rows) if column.summed else given.get(column.key)
        for place, column in enumerate(REPORTS[asked.report].columns)
    )


def percentiles(values: Subquery, *keys: str, more: Mapping[str, Any] | None = None) -> Select[Any]:
    """For each group of `keys`: how many, the sum, the median and the 95th percentile of the column `value`.

    By rank, so that it is the same statement on both databases and every figure is one that occurred. `more` are further
    figures of the group.
    """
    groups = [values.c[key] for key in keys]
    place = func.row_number().over(partition_by=groups, order_by=values.c.value)
    number = func.count().over(partition_by=groups)
    ranked = select(*values.c, place.label("place"), number.label("number")).subquery("ranked")
    value, size = ranked.c.value, ranked.c.number
    ranks = ((size + 1) // 2, (size * 95 + 99) // 100)
    figures = [func.max(case((ranked.c.place == rank, value))) for rank in ranks]
    others = [build(ranked) for build in (more or {}).values()]
    named = [ranked.c[key] for key in keys]
    return select(*named, func.count(), func.sum(value), *figures, *others).group_by(*named)
