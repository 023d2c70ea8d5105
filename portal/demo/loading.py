"""Puts many rows into a table at once: statements of many rows on SQLite, COPY on PostgreSQL.

Every CHECK, key and trigger judges these rows like any others; only the ORM, which takes ten times as long, is left out.
The names in the statements are those of our own tables.
"""
# ruff: noqa: S608

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection
from sqlalchemy.types import TypeEngine

from portal.models import Base, UtcDateTime

Convert = Callable[[Any], Any]
Tuples = Sequence[tuple[Any, ...]]
MOST_ROWS = 200
CACHE_KB = 200_000


def _as_text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


# How a value is handed to the driver where its column's type does more than the driver would.
CONVERT: Mapping[str, Mapping[type[TypeEngine[Any]], Convert]] = {
    "sqlite": {UtcDateTime: _as_text, JSON: json.dumps},
    "postgresql": {JSON: json.dumps},
}


def converter(dialect: str, column: ColumnElement[Any]) -> Convert:
    """What makes of a column's value the one that `insert` and `update` take."""
    return CONVERT[dialect].get(type(column.type), lambda value: value)


def widen(connection: Connection) -> None:
    """Make room for many rows, for the rest of this transaction.

    SQLite's usual 2 MB are too few for indexes whose rows come in no order. On PostgreSQL a thousand rows may take longer
    than the time that a page is given, on a busy machine; and no page waits for these.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{CACHE_KB}")
    else:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def insert(connection: Connection, name: str, rows: Tuples) -> None:
    """Insert rows that have all columns of their table, in its order."""
    # quoted: some names are words of SQL
    columns = ", ".join(f'"{column.key}"' for column in Base.metadata.tables[name].columns)
    if connection.dialect.name == "sqlite":
        for marks, values in _in_portions(connection, rows):
            _driver(connection).execute(f"INSERT INTO {name} ({columns}) VALUES {marks}", values)
    elif rows:
        with (
            _driver(connection).cursor() as cursor,
            cursor.copy(f"COPY {name} ({columns}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)


def update(connection: Connection, name: str, columns: Sequence[str], rows: Tuples) -> None:
    """Set some columns of rows that are there; the last value of each is the row's id."""
    if connection.dialect.name == "sqlite":
        changed = ", ".join(f"{column} = new.column{place}" for place, column in enumerate(columns, 1))
        found = f"{name}.id = new.column{len(columns) + 1}"
        for marks, values in _in_portions(connection, rows):
            statement = f"UPDATE {name} SET {changed} FROM (VALUES {marks}) AS new WHERE {found}"
            _driver(connection).execute(statement, values)
    elif rows:
        changed = ", ".join(f"{column} = %s" for column in columns)
        with _driver(connection).cursor() as cursor:
            cursor.executemany(f"UPDATE {name} SET {changed} WHERE id = %s", rows)


def _in_portions(connection: Connection, rows: Tuples) -> Iterator[tuple[str, list[Any]]]:
    """Many rows in one statement, because the driver lets other threads work while a statement runs, not between two."""
    if not rows:
        return
    width = len(rows[0])
    most = _driver(connection).getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    height = min(MOST_ROWS, most // width)
    one = f"({', '.join('?' * width)})"
    for begin in range(0, len(rows), height):
        portion = rows[begin : begin + height]
        yield ", ".join([one] * len(portion)), list(chain.from_iterable(portion))


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
