"""From a report to a table that a file can be made of, all of it from one moment of the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from portal import report_words, reports
from portal.casework.context import Context
from portal.domain.reports import REPORTS, Asked
from portal.export.table import Row, Table
from portal.reports import Result
from portal.tlog import checkpoints

# How far it is: rows so far, and rows in all.
Tell = Callable[[int, int], object]
TOLD_EVERY = 1.0  # seconds
LOOKED_EVERY = 200  # rows


class DataChanged(Exception):
    """There were not as many rows as were counted. One moment of a database has no such thing: something is wrong with it."""


def table_of(ctx: Context, asked: Asked, *, built_by: str, personal: bool, tell: Tell) -> Table:
    """The report as it stands at the moment of the context's session, which stays open while its rows are walked."""
    rows: Iterable[Row]
    if REPORTS[asked.report].is_list:
        number = reports.count(ctx.session, asked)
        rows = reports.stream(ctx.session, asked)
        result = Result([], None, {"rows": number})
    else:
        result = reports.run(ctx, asked)
        rows, number = result.rows, len(result.rows)
    head = checkpoints.newest(ctx.session)
    shown = reports.reveal(ctx.vault, ctx.session, rows) if personal else reports.masked(rows)
    return Table(
        asked=asked,
        rows=_counted(shown, number, tell),
        number=number,
        built_at=ctx.now,
        built_by=built_by,
        note=head.note if head else None,
        tree=head.size if head else None,
        totals=result.totals,
        finding=report_words.sentence(asked, result.facts),
        notes=tuple(report_words.notes(asked, result, ctx.limits)),
        personal=personal,
    )


def _counted(rows: Iterable[Row], number: int, tell: Tell) -> Iterator[Row]:
    tell(0, number)
    done, told = 0, time.monotonic()
    for done, row in enumerate(rows, 1):
        yield row
        if done % LOOKED_EVERY == 0 and time.monotonic() - told >= TOLD_EVERY:
            tell(done, number)
            told = time.monotonic()
    if done != number:
        raise DataChanged(f"{number} rows were counted, and {done} came")
    tell(done, number)
