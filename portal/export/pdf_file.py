"""PDF: a report on paper, tagged and archival, with its sentence, its chart, its table and all that is to be known of it.

A long list is cut where paper stops being useful, and says so.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from portal import db, i18n
from portal.export.drawing import drawing_of
from portal.export.table import SHOWN, Out, Row, Table, kind_of, text_of

MOST_ROWS, MOST_CELLS = 2_000, 10_000  # laying out that many cells takes the library 20 seconds
SHEETS = ((6, "upright"), (11, "wide"))  # up to so many columns; more take the largest sheet
LARGEST = "largest"
TYPESETTER = (sys.executable, "-m", "portal.typesetting")
ROOT = Path(__file__).resolve().parents[2]
# How much room a column has beside the others, by its kind. Given, because finding the best takes the library minutes.
ROOM: Mapping[str, float] = {"words": 2, "moment": 1.2, "id": 1.6, "text": 1.3, "number": 0.8, "flag": 0.8}
FIGURES = frozenset({"number", "share", "hours", "minutes"})


def write(table: Table, out: Out, scratch: Path) -> None:
    """Everything at once: a paper has no beginning before it has its end."""
    out(painted(_html(table)))


def painted(html: str) -> bytes:
    """Let the typesetter work in a process of its own. It does one thing at a time: here, receipts and their mails would wait."""
    # what it says of a page that it cannot paint may quote the page
    done = subprocess.run(
        TYPESETTER,
        input=html.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        cwd=ROOT,
    )
    return done.stdout


def most(table: Table) -> int:
    """How many rows paper takes of a table."""
    return min(MOST_ROWS, MOST_CELLS // len(table.columns))


def _html(table: Table) -> str:
    rows = list(islice(table.rows, most(table)))
    facts = [(name, value.splitlines()) for _part, name, value, *_rest in table.about()]
    template = current_app.jinja_env.get_template("papers/report.html")
    return template.render(
        lang=i18n.current(),
        service=db.runtime().settings.service_name,
        sheet=next((name for most, name in SHEETS if len(table.columns) <= most), LARGEST),
        title=table.title,
        facts=facts,
        finding=table.finding,
        chart=drawing_of(table.asked, rows, table.finding or table.title),
        cut=_cut(len(rows), table.number),
        heads=[
            (name, kind_of(column) in FIGURES)
            for name, column in zip(table.heads, table.columns, strict=True)
        ],
        rooms=_rooms(table),
        rows=_cells(table, rows),
        totals=next(iter(_cells(table, [table.totals])), []) if table.totals else [],
        dictionary=[row[1:] for row in table.dictionary()],
        dictionary_heads=table.dictionary_heads[1:],
        created=table.built_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        legible=_legible,
    )


def _rooms(table: Table) -> list[float]:
    """The width of each column, in percent."""
    rooms = [ROOM.get(kind_of(column), 1) for column in table.columns]
    return [round(100 * room / sum(rooms), 2) for room in rooms]


def _cells(table: Table, rows: Sequence[Row]) -> list[list[str]]:
    cells = [text_of(column, SHOWN) for column in table.columns]
    return [[cell(value) for cell, value in zip(cells, row, strict=True)] for row in rows]


def _cut(shown: int, number: int) -> str:
    if shown == number:
        return ""
    words: str = _(
        "The first %(shown)s of %(all)s rows are printed. The CSV and XLSX files have them all.",
        shown=f"{shown:,}",
        all=f"{number:,}",
    )
    return words


def _legible(text: Any) -> str:
    """What our fonts can draw of a text; the rest would be empty boxes in a file that claims to be readable."""
    from portal import typesetting

    return typesetting.legible(str(text)).text
