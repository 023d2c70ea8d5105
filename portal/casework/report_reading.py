"""Reading a report: what it says, and the record that somebody in compliance asked for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal import reports
from portal.casework.context import Context, Refused
from portal.casework.log_reading import READERS
from portal.casework.lookup import record
from portal.domain.periods import Period, today
from portal.domain.reports import REPORTS, Asked, columns_of
from portal.models import Case
from portal.reports import Result

TIMED_OUT = "57014"  # PostgreSQL's SQLSTATE for a statement that was cancelled


@dataclass(frozen=True)
class Reading:
    """A report as a page shows it: personal values are masked, and of a list only the first rows are there."""

    result: Result
    number: int  # of all its rows
    cases: Mapping[str, str]  # the cases that it names: receipt number and id
    nearest: Period | None  # where it is empty, the nearest period in which it is not


def require(ctx: Context) -> None:
    """Reports are for compliance. Raises Refused."""
    if not ctx.actor.is_any(READERS):
        raise Refused("wrong_role")


def read(ctx: Context, asked: Asked) -> Reading:
    """Read a report. On record before anything is shown.

    Raises reports.WrongAsked, and Refused for who may not read it and for a report that takes longer than a page may.
    """
    require(ctx)
    reports.check(asked, today(ctx.now), ctx.limits)
    period = {"from": asked.start.isoformat(), "to": asked.end.isoformat()}
    record(ctx, "staff:report:read", {"report": asked.report, **period})
    try:
        return _read(ctx, asked)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != TIMED_OUT:
            raise
        ctx.session.rollback()
        raise Refused("report_too_long") from error


def _read(ctx: Context, asked: Asked) -> Reading:
    found = reports.run(ctx, asked)
    result = replace(found, rows=list(reports.masked(found.rows)))
    return Reading(
        result=result,
        number=result.facts["rows"] if REPORTS[asked.report].is_list else len(result.rows),
        cases=_cases(ctx, _named(asked, result)),
        nearest=None if result.rows else reports.nearest(ctx, asked),
    )


def _named(asked: Asked, result: Result) -> set[str]:
    """The receipt numbers in the rows, and those that the report holds up as exceptions."""
    places = [place for place, column in enumerate(columns_of(asked)) if column.key == "reference"]
    named = {row[place] for row in result.rows for place in places}
    return named | set(result.facts.get("references", ()))


def _cases(ctx: Context, references: Collection[str]) -> dict[str, str]:
    if not references:
        return {}
    query = select(Case.reference, Case.id).where(Case.reference.in_(references))
    return {row.reference: row.id for row in ctx.session.execute(query)}
