"""XLSX with typed cells: numbers that add up, times that sort, text that is never taken for a formula, a link or mark-up.

Sheets: the data, the column dictionary, and what is to be known of the file. Rows go to the disk as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from portal import written_times
from portal.domain.reports import Column
from portal.export.csv_file import APOSTROPHE, CONTROLS, REPLACEMENT
from portal.export.table import PLAIN, Out, Row, Table, kind_of, text_of

ROWS_A_SHEET = 1_000_000  # of the 1,048,576 that a sheet has
LONGEST = 32_767  # UTF-16 units of one cell; the library cuts what is longer
COPIED = 256 * 1024
WIDTHS: Mapping[str, int] = {"number": 12, "share": 10, "hours": 12, "minutes": 12, "moment": 20, "day": 12}
USUAL_WIDTH, WIDE = 24, 72
LOOKS: Mapping[str, Mapping[str, Any]] = {
    "head": {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1},
    "prose": {"text_wrap": True, "valign": "top"},
    "share": {"num_format": "0.0%"},
    "hours": {"num_format": "#,##0.00"},
    "minutes": {"num_format": "#,##0.00"},
    "number": {"num_format": "#,##0"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm:ss"},
    "day": {"num_format": "yyyy-mm-dd"},
}


class NotWritten(Exception):
    """The library took a cell without writing it whole. It says so by a number, and goes on."""


@dataclass
class Book:
    """One workbook in the making."""

    workbook: Workbook
    looks: Mapping[str, Format]
    shortened: list[int] = field(default_factory=list)  # the lengths of texts that no cell holds

    def number(self, sheet: Worksheet, row: int, place: int, value: Any, look: str) -> None:
        checked(sheet.write_number(row, place, value, self.looks[look]))

    def moment(self, sheet: Worksheet, row: int, place: int, value: Any, look: str) -> None:
        if isinstance(value, str):
            value = date.fromisoformat(value)
        naive = written_times.local(value).replace(tzinfo=None) if isinstance(value, datetime) else value
        checked(sheet.write_datetime(row, place, naive, self.looks[look]))

    def text(self, sheet: Worksheet, row: int, place: int, text: str, look: str = "") -> None:
        """Always as a string. A text in the marks of a rich one would be written into the sheet as it is."""
        plain = CONTROLS.sub(REPLACEMENT, text)
        if plain.startswith("<r>") and plain.endswith("</r>"):
            plain = APOSTROPHE + plain
        checked(sheet.write_string(row, place, self._fitting(plain), self.looks.get(look)))

    def _fitting(self, text: str) -> str:
        if len(text) <= LONGEST // 2 or _units(text) <= LONGEST:
            return text
        self.shortened.append(len(text))
        note: str = _(
            " … [%(number)s characters. The whole text is in the CSV file.]", number=f"{len(text):,}"
        )
        return text[: (LONGEST - _units(note)) // 2] + note


Writer = Callable[[Worksheet, int, int, Any], None]


def write(table: Table, out: Out, scratch: Path) -> None:
    """A workbook. `scratch` is a folder of the caller's, whose content does not outlive the caller."""
    path = scratch / "book.xlsx"
    workbook = Workbook(str(path), {"constant_memory": True, "tmpdir": str(scratch)})
    try:
        _fill(Book(workbook, {name: workbook.add_format(look) for name, look in LOOKS.items()}), table)
        workbook.close()
    except FileCreateError as problem:
        raise problem.args[0] from None  # the OSError that it was, such as a full disk
    finally:
        _let_go(workbook)
    with path.open("rb") as made:
        while piece := made.read(COPIED):
            out(piece)


def checked(code: int) -> None:
    if code:
        raise NotWritten(f"the library says {code}")


def _fill(book: Book, table: Table) -> None:
    book.workbook.set_properties({"title": table.title, "author": table.built_by, "created": _naive(table)})
    _data(book, table)
    dictionary = [
        [name, means, written, personal] for _part, name, means, written, personal in table.dictionary()
    ]
    _prose(book, pgettext("sheet", "Columns"), [table.dictionary_heads[1:], *dictionary])
    about = [[name, value] for _part, name, value, *_rest in table.about()]
    if book.shortened:
        words = _("%(number)s cells were too long for a spreadsheet.", number=len(book.shortened))
        about.append([_("Shortened"), words])
    _prose(book, pgettext("sheet", "About this file"), [[_("Item"), _("Content")], *about])


def _naive(table: Table) -> datetime:
    return written_times.local(table.built_at).replace(tzinfo=None)


def _data(book: Book, table: Table) -> None:
    """As many sheets as the rows need, each with the heads."""
    writers = [_writer(book, column) for column in table.columns]
    rows, name, number = iter(table.rows), pgettext("sheet", "Data"), 0
    first = next(rows, None)
    while first is not None or not number:
        number += 1
        sheet, row = _sheet(book, name if number == 1 else f"{name} {number}", table), 0
        for row, values in enumerate(chain(filter(None, [first]), islice(rows, ROWS_A_SHEET - 1)), 1):
            _put(sheet, row, writers, values)
        first = next(rows, None)
    if table.totals is not None:
        _put(sheet, row + 1, writers, table.totals)
        if table.totals[0] is None:
            book.text(sheet, row + 1, 0, _("Total"), "head")


def _sheet(book: Book, name: str, table: Table) -> Worksheet:
    sheet = book.workbook.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for place, (column, words) in enumerate(zip(table.columns, table.heads, strict=True)):
        sheet.set_column(place, place, WIDTHS.get(kind_of(column), USUAL_WIDTH))
        book.text(sheet, 0, place, words, "head")
    return sheet


def _put(sheet: Worksheet, row: int, writers: Iterable[Writer], values: Row) -> None:
    for place, (write_cell, value) in enumerate(zip(writers, values, strict=True)):
        if value is not None:
            write_cell(sheet, row, place, value)


def _writer(book: Book, column: Column) -> Writer:
    kind = kind_of(column)
    if kind in {"number", "share", "hours", "minutes"}:
        return lambda sheet, row, place, value: book.number(sheet, row, place, value, kind)
    if kind in {"moment", "day"}:
        return lambda sheet, row, place, value: book.moment(sheet, row, place, value, kind)
    text = text_of(column, PLAIN)
    return lambda sheet, row, place, value: book.text(sheet, row, place, text(value))


def _prose(book: Book, name: str, rows: list[list[str]]) -> None:
    sheet = book.workbook.add_worksheet(name)
    sheet.set_column(0, 0, USUAL_WIDTH + 6)
    sheet.set_column(1, 1, WIDE)
    sheet.set_column(2, 3, USUAL_WIDTH)
    for row, cells in enumerate(rows):
        for place, text in enumerate(cells):
            book.text(sheet, row, place, text, "head" if row == 0 else "prose")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _let_go(workbook: Workbook) -> None:
    """Close what the library leaves open where a book was not finished."""
    for sheet in workbook.worksheets():
        with suppress(OSError, ValueError):
            sheet._opt_close()
