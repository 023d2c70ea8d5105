"""What the two databases say differently: days and months in Japan, seconds between two moments, facts of an event.

Japan has no summer time, so that nine hours are its whole calendar.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, Integer, Select, String, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

MONTH, DAY = "%Y-%m", "%Y-%m-%d"
_POSTGRESQL = {MONTH: "YYYY-MM", DAY: "YYYY-MM-DD"}


class in_japan(FunctionElement[str]):
    """The month or day of a moment in Japan, as text."""

    type = String()
    inherit_cache = True
    name = "in_japan"
    form = DAY


class month_in_japan(in_japan):
    inherit_cache = True
    name = "month_in_japan"
    form = MONTH


class seconds(FunctionElement[int]):
    """Whole seconds from the first moment to the second."""

    type = Integer()
    inherit_cache = True
    name = "seconds"


class said(FunctionElement[str]):
    """A fact of an audit event, as text."""

    type = String()
    inherit_cache = True
    name = "said"

    def __init__(self, event_bytes: Any, fact: str) -> None:
        super().__init__(event_bytes, literal_column(f"'{fact}'"))


class said_moment(said):
    """The same where the fact is a moment."""

    inherit_cache = True
    name = "said_moment"


def once(query: Select[Any], name: str) -> CTE:
    """A query whose rows are made once. Joined to directly, PostgreSQL asks what is looked up in it twice for each row."""
    return query.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")


@compiles(in_japan, "sqlite")
def _in_japan_sqlite(element: in_japan, compiler: Any, **kw: Any) -> str:
    return f"strftime('{element.form}', {compiler.process(element.clauses, **kw)}, '+9 hours')"


@compiles(in_japan, "postgresql")
def _in_japan_postgresql(element: in_japan, compiler: Any, **kw: Any) -> str:
    moment = compiler.process(element.clauses, **kw)
    return f"to_char({moment} AT TIME ZONE 'Asia/Tokyo', '{_POSTGRESQL[element.form]}')"


@compiles(seconds, "sqlite")
def _seconds_sqlite(element: seconds, compiler: Any, **kw: Any) -> str:
    start, end = (compiler.process(part, **kw) for part in element.clauses)
    return f"(CAST(strftime('%s', {end}) AS INTEGER) - CAST(strftime('%s', {start}) AS INTEGER))"


@compiles(seconds, "postgresql")
def _seconds_postgresql(element: seconds, compiler: Any, **kw: Any) -> str:
    start, end = (compiler.process(part, **kw) for part in element.clauses)
    # not extract(), which counts in decimals and takes many times as long
    return f"CAST(floor(date_part('epoch', {end})) - floor(date_part('epoch', {start})) AS bigint)"


@compiles(said, "sqlite")
def _said_sqlite(element: said, compiler: Any, **kw: Any) -> str:
    event, fact = (compiler.process(part, **kw) for part in element.clauses)
    return f"json_extract(CAST({event} AS TEXT), '$.d.' || {fact})"


@compiles(said, "postgresql")
def _said_postgresql(element: said, compiler: Any, **kw: Any) -> str:
    event, fact = (compiler.process(part, **kw) for part in element.clauses)
    return f"(convert_from({event}, 'UTF8')::json -> 'd' ->> {fact})"


@compiles(said_moment, "postgresql")
def _said_moment_postgresql(element: said_moment, compiler: Any, **kw: Any) -> str:
    return f"CAST({_said_postgresql(element, compiler, **kw)} AS timestamptz)"
