"""CSV as RFC 4180 has it: UTF-8 with a mark that Japanese Excel needs, CRLF, every field quoted; no field is a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from portal.domain.reports import Column
from portal.export.table import PLAIN, Out, Table, kind_of, text_of

MARK = b"\xef\xbb\xbf"
GATHERED = 64 * 1024  # characters before they go on; a row at a time costs ten times as much
# What a spreadsheet takes for the beginning of a formula, also behind blanks and marks that are not seen. Japanese Excel
# takes the full-width signs for the plain ones, and the small forms are folded into them by whoever normalises.
UNSEEN = "\\s\x00-\x20\u00ad\u200b-\u200f\u2060\ufeff"
SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫"
FORMULA = re.compile(f"[\t\r\n\x00]|[{UNSEEN}]*[{re.escape(SIGNS)}]")
BEGINNINGS = frozenset(f" {SIGNS}")  # of a formula without anything that is not seen
# What a spreadsheet would round (account numbers), shorten (leading noughts) or read as a power of ten.
NUMERAL = re.compile(r"0\d+|\d{12,}|\d+[eE]\d+")
APOSTROPHE = "'"
# RFC 4180 knows text only; tabs and line breaks stay.
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Kinds that we write ourselves. A negative number is no formula; whatever else is text may be anybody's.
FEW = frozenset({"word", "words", "flag", "month"})  # kinds with so few values that each is written once
OURS = frozenset({"number", "share", "hours", "minutes", "moment", "day"})


def write(table: Table, out: Out, scratch: Path) -> None:
    """The rows of a report; what the columns mean stands in the file beside it."""
    write_rows(_rows(table), out)


def _rows(table: Table) -> Iterator[Sequence[str]]:
    cells = [_cell(column) for column in table.columns]
    yield [safe(name) for name in table.heads]
    for row in chain(table.rows, [table.totals] if table.totals else []):
        yield [cell(value) for cell, value in zip(cells, row, strict=True)]


def write_dictionary(table: Table, out: Out, sha256: str) -> None:
    """The column dictionary, and all that is to be known of the file itself."""
    rows = [table.dictionary_heads, *table.dictionary(), *table.about(sha256)]
    write_rows([[safe(cell) for cell in row] for row in rows], out)


def write_rows(rows: Iterable[Sequence[str]], out: Out) -> None:
    gathered = io.StringIO()
    writer = csv.writer(gathered, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    out(MARK)
    for row in rows:
        writer.writerow(row)
        if gathered.tell() > GATHERED:
            out(gathered.getvalue().encode())
            gathered.seek(0)
            gathered.truncate()
    out(gathered.getvalue().encode())


def safe(text: str) -> str:
    """A field that no spreadsheet calculates with, rounds or stumbles over."""
    first = text[:1]
    if text.isprintable() and first not in BEGINNINGS and not first.isdecimal():
        return text  # as nearly all are
    is_read_otherwise = FORMULA.match(text) or NUMERAL.fullmatch(text)
    return CONTROLS.sub(REPLACEMENT, f"{APOSTROPHE}{text}" if is_read_otherwise else text)


def _cell(column: Column) -> Callable[[Any], str]:
    text, kind = text_of(column, PLAIN), kind_of(column)
    if kind in OURS:
        return text
    if kind in FEW:
        return cache(lambda value: safe(text(value)))
    return lambda value: safe(text(value))
