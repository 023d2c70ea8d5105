"""A report in words and cells: its sentence, its chart, its table, and what is to be known of each column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext

from admin import report_form
from admin.base import ctx
from portal import db, labels, report_words, reports
from portal.casework import log_reading
from portal.casework.report_reading import Reading
from portal.charts import MOST_GROUPS
from portal.domain.reports import REPORTS, Asked, Column, columns_of
from portal.export.drawing import drawing_of, groups_of
from portal.export.table import SHOWN, Row, Table, filters, kind_of, text_of
from portal.reports.asking import moved

NUMBERS = frozenset({"number", "share", "hours", "minutes"})


@dataclass(frozen=True)
class Cell:
    """One value in words, how it stands, and where it leads."""

    text: str
    kind: str
    url: str | None = None
    at: datetime | None = None


def page_of(asked: Asked, reading: Reading, *, show_all: bool) -> Mapping[str, Any]:
    """Everything that `staff/report.html` shows of a report. Of many rows the first are shown, unless all are wanted."""
    result, report = reading.result, REPORTS[asked.report]
    table = Table(asked, result.rows, reading.number, built_at=ctx().now, built_by="", note=None)
    shown = result.rows if show_all else result.rows[: reports.SHOWN]
    finding = report_words.sentence(asked, result.facts)
    return {
        "report": report,
        "title": table.title,
        "finding": finding,
        "days": report_form.in_japan(report_words.span(asked.start, asked.end)),
        "facts": facts_of(asked),
        "chart": drawing_of(asked, result.rows, finding),
        "most_drawn": MOST_GROUPS if len(groups_of(asked, result.rows)) > MOST_GROUPS else None,
        "heads": [(head, _look(column)) for head, column in zip(table.heads, table.columns, strict=True)],
        "rows": [list(_cells(asked, row, reading)) for row in shown],
        "totals": list(_totals(asked, result.totals)) if result.totals else [],
        "shown": len(shown),
        "number": reading.number,
        "all_url": _all_url(asked, report.is_list, len(shown), reading.number),
        "dictionary": [row[1:] for row in table.dictionary()],
        "notes": report_words.notes(asked, result, ctx().limits),
        "is_alarm": bool(result.facts.get("exceptions") or result.facts.get("shortened")),
        "exceptions": [(one, reading.cases.get(one)) for one in result.facts.get("references", ())],
        "proof": result.facts.get("proof"),
        "about_requests": "happened" not in report.bases,
        "nearest": _nearest(asked, reading),
        "integrity": log_reading.integrity(ctx()) if _cites_log(asked, reading) else None,
        "emergency": db.runtime().settings.emergency,
    }


def _cites_log(asked: Asked, reading: Reading) -> bool:
    """Whether the report rests on the log alone, so that its reader asks next whether the log is still what it was."""
    return "proof" in reading.result.facts or any(column.key == "log_event" for column in columns_of(asked))


def facts_of(asked: Asked) -> list[tuple[str, str]]:
    """What the report was asked for, beside its period."""
    basis = labels.word("report_basis", asked.basis)
    return [(gettext("Date basis"), basis), (gettext("Filters"), filters(asked))]


def _cells(asked: Asked, row: Row, reading: Reading) -> Iterator[Cell]:
    for column, value in zip(columns_of(asked), row, strict=True):
        at = value if kind_of(column) == "moment" else None
        yield Cell(text_of(column, SHOWN)(value), _look(column), _leads(column, value, reading), at)


def _totals(asked: Asked, row: Row) -> Iterator[Cell]:
    for column, value in zip(columns_of(asked), row, strict=True):
        yield Cell(text_of(column, SHOWN)(value), _look(column))


def _look(column: Column) -> str:
    """How a cell stands: receipt numbers are read by people, and ids by machines."""
    kind = "number" if column.kind in NUMBERS else kind_of(column)
    return column.key if column.key == "reference" else kind


def _leads(column: Column, value: Any, reading: Reading) -> str | None:
    """Where a value leads: a receipt number to its case, the id of an event into the log."""
    if column.key == "reference" and value in reading.cases:
        return url_for("case.page", case_id=reading.cases[value])
    if column.key == "log_event" and value:
        return url_for("log.event", event_id=value)
    return None


def _all_url(asked: Asked, is_list: bool, shown: int, number: int) -> str | None:
    """Where all rows of a short table are. All of a long list are in its export."""
    return None if is_list or shown == number else report_form.address(asked, rows="all")


def _nearest(asked: Asked, reading: Reading) -> tuple[str, str] | None:
    """The words and the address of the nearest period that has something."""
    if reading.nearest is None:
        return None
    nearer = moved(asked, *reading.nearest)
    return report_words.span(*reading.nearest), report_form.address(nearer)
