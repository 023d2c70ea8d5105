"""Reads a file of register entries: what it says, or every place where it cannot be meant. Knows no database.

Nothing is taken from a file that has one mistake: half a register would be worse than yesterday's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.casework.register_columns import (
    CONFIRMED,
    HEADER,
    OF_PRINCIPAL,
    Column,
    Unmeant,
    cell,
    columns_for,
)
from portal.casework.register_entry import Entry, EntryContact, EntryPrincipal
from portal.connectors.table import CONNECTORS
from portal.contact import ContactError

MOST_ROWS = 10_000
MOST_BYTES = 8 * 2**20
MOST_MISTAKES = 200  # whoever has more mends the pattern, not the cells
ENCODING = "utf-8-sig"  # spreadsheets put a mark before the first column

FILE_MISTAKES = (
    # the file
    "not_utf8",
    "too_large",
    "unreadable",
    "no_header",
    "no_rows",
    "too_many_rows",
    "column_missing",
    "column_unknown",
    "column_twice",
    # a cell
    "cells",
    "missing",
    "too_long",
    "formula",
    "choice",
    "yes_or_no",
    "date",
    # cells and rows against each other
    "future",
    "date_missing",
    "contact_missing",
    "username_missing",
    "mobile_differs",
    "row_twice",
    "second_root",
    "differs_from_above",
    "external_id_taken",
    # a file against the register
    "kind_differs",
)


@dataclass(frozen=True)
class Mistake:
    """One thing that cannot be meant, where it stands, and what its sentence needs."""

    line: int
    column: str
    reason: str
    details: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The kind of words that `reason` is a key of."""
        return "file_mistake" if self.reason in FILE_MISTAKES else "contact_error"


@dataclass(frozen=True)
class Parsed:
    """Entries, or mistakes; never both."""

    entries: tuple[Entry, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    rows: int = 0


@dataclass(frozen=True)
class Row:
    """A row whose cells were all understood, with the line on which it begins."""

    line: int
    values: Mapping[str, Any]


def parse(data: bytes | str, *, now: datetime, connectors: Sequence[str] = tuple(CONNECTORS)) -> Parsed:
    """Read a file of entries. Never raises: what cannot be meant comes back with its line and column."""
    text = _decoded(data)
    if isinstance(text, Mistake):
        return Parsed(mistakes=(text,))
    read = list(_read(text, columns_for(connectors), now))
    rows = [found for found in read if isinstance(found, Row)]
    mistakes = [*(found for found in read if isinstance(found, Mistake)), *_compared(rows)]
    if mistakes:
        mistakes.sort(key=lambda mistake: mistake.line)
        return Parsed(mistakes=tuple(mistakes[:MOST_MISTAKES]))
    if not rows:
        return Parsed(mistakes=(Mistake(1, "", "no_rows"),))
    return Parsed(_entries(rows), rows=len(rows))


def _decoded(data: bytes | str) -> str | Mistake:
    if len(data) > MOST_BYTES:
        return Mistake(1, "", "too_large")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode(ENCODING)
    except UnicodeDecodeError as error:
        return Mistake(data.count(b"\n", 0, error.start) + 1, "", "not_utf8")


def _read(text: str, columns: Mapping[str, Column], now: datetime) -> Iterator[Row | Mistake]:
    header: list[str] | None = None
    for count, found in enumerate(_lines(text)):
        if isinstance(found, Mistake):
            yield found
        elif count > MOST_ROWS:
            yield Mistake(found[0], "", "too_many_rows")
            return
        elif header is None:
            header = [name.strip().casefold() for name in found[1]]
            wrong = list(_header_mistakes(header))
            yield from wrong
            if wrong:
                return
        else:
            yield from _row(found[0], found[1], header, columns, now)


def _lines(text: str) -> Iterator[tuple[int, list[str]] | Mistake]:
    """Each row that is not empty, with the line on which it begins: cells may hold line breaks."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(each.strip() for each in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        yield Mistake(begins, "", "unreadable")


def _header_mistakes(names: Sequence[str]) -> Iterator[Mistake]:
    if not set(names) & set(HEADER):
        yield Mistake(1, "", "no_header")
        return
    for name in dict.fromkeys(names):
        if name not in HEADER:
            yield Mistake(1, name[:40] if name.isprintable() else "", "column_unknown")
        elif names.count(name) > 1:
            yield Mistake(1, name, "column_twice")
    for name in HEADER:
        if name not in names:
            yield Mistake(1, name, "column_missing")


def _row(
    line: int, cells: Sequence[str], header: Sequence[str], columns: Mapping[str, Column], now: datetime
) -> Iterator[Row | Mistake]:
    if len(cells) != len(header):
        yield Mistake(line, "", "cells")
        return
    typed = dict(zip(header, cells, strict=True))
    values: dict[str, Any] = {}
    for name, column in columns.items():
        try:
            values[name] = cell(column, typed[name])
        except Unmeant as error:
            yield Mistake(line, name, error.key)
        except ContactError as error:
            yield Mistake(line, name, error.key, error.details)
    if len(values) == len(columns):
        yield from (Mistake(line, column, reason) for column, reason in _contradictions(values, now))
        yield Row(line, values)


def _contradictions(values: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    for name, dated in CONFIRMED.items():
        if values[name] is not None and values[dated] is None:
            yield dated, "date_missing"
        if values[name] is None and values[dated] is not None:
            yield name, "contact_missing"
        if values[dated] is not None and values[dated] > now:
            yield dated, "future"
    if values["principal_kind"] == "iam" and values["username"] is None:
        yield "username", "username_missing"
    # Whoever calls a mobile number a fixed line takes the same-handset rule away.
    if values["phone_is_mobile"] is False and values["phone"] and values["phone"].kind == "mobile":
        yield "phone_is_mobile", "mobile_differs"


def _compared(rows: Iterable[Row]) -> Iterator[Mistake]:
    """Rows against each other: an account may stand in several, one for each of its principals."""
    first: dict[str, Mapping[str, Any]] = {}
    owners: dict[tuple[str, str], str] = {}
    roots: set[str] = set()
    for row in rows:
        number, values = row.values["account_number"], row.values
        above = first.setdefault(number, values)
        for name in HEADER:
            if name not in OF_PRINCIPAL and values[name] != above[name]:
                yield Mistake(row.line, name, "differs_from_above")
        principal = (values["connector"], values["external_id"])
        if principal in owners:
            yield Mistake(
                row.line, "external_id", "row_twice" if owners[principal] == number else "external_id_taken"
            )
        elif values["principal_kind"] == "root":
            if number in roots:
                yield Mistake(row.line, "principal_kind", "second_root")
            roots.add(number)
        owners.setdefault(principal, number)


def _entries(rows: Iterable[Row]) -> tuple[Entry, ...]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.values["account_number"], []).append(row)
    return tuple(_entry(group[0], [row.values for row in group]) for group in grouped.values())


def _entry(first: Row, group: Sequence[Mapping[str, Any]]) -> Entry:
    of_account = ("account_number", "connector", "holder_kind", "name", "latin_name", "kana")
    return Entry(
        **{name: first.values[name] for name in of_account},
        principals=tuple(_principal(values) for values in group),
        contacts=tuple(_contacts(first.values)),
        line=first.line,
    )


def _principal(values: Mapping[str, Any]) -> EntryPrincipal:
    return EntryPrincipal(
        kind=values["principal_kind"],
        **{name: values[name] for name in OF_PRINCIPAL if name != "principal_kind"},
    )


def _contacts(values: Mapping[str, Any]) -> Iterator[EntryContact]:
    if values["email"]:
        yield EntryContact("email", values["email"], values["email_confirmed_at"], values["email_language"])
    if values["phone"]:
        yield EntryContact(
            "phone",
            values["phone"].e164,
            values["phone_confirmed_at"],
            values["phone_language"],
            values["phone_is_mobile"],
        )
    if values["post_address"]:
        yield EntryContact("post", values["post_address"], values["post_confirmed_at"])
