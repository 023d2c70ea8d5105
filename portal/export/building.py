"""How the worker builds an export: read from one moment, written in sealed pieces, and never readable half-made."""

from __future__ import annotations

import errno
import hashlib
import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal import reports
from portal.casework import exports
from portal.casework.context import Context
from portal.casework.exports import DATA, DICTIONARY, PIECE, Built
from portal.domain.lifecycle import SYSTEM
from portal.export import csv_file, pdf_file, reading, scratch, xlsx_file
from portal.export.reading import DataChanged
from portal.export.table import Out, Table, file_name
from portal.models import Export, Person, Staff
from portal.runtime import Runtime

log = logging.getLogger("kaijo.export")

MOST_TRIES = 2  # a file that has brought a worker down twice would bring the next one down too
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
DISK_FULL = "53100"  # PostgreSQL's SQLSTATE

End = Callable[[Context], object]


@dataclass(frozen=True)
class Form:
    """A format: how its files end, what browsers call it, and what writes it."""

    ending: str
    mimetype: str
    write: Callable[[Table, Out, Path], None]
    most: Callable[[Table], int] | None = None  # how many rows it takes, where it does not take them all


FORMS: Mapping[str, Form] = {
    "csv": Form(".csv", "text/csv; charset=utf-8", csv_file.write),
    "xlsx": Form(
        ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_file.write
    ),
    "pdf": Form(".pdf", "application/pdf", pdf_file.write, pdf_file.most),
}
DICTIONARY_ENDING = "_dictionary.csv"


class NotAllowed(Exception):
    """Who asked is not in compliance any more."""


class Poured:
    """Takes a file as it comes: measures it, and passes it on in pieces of one size."""

    def __init__(self, keep: Callable[[int, bytes], object]) -> None:
        self.keep = keep
        self.size = self.number = 0
        self.digest = hashlib.sha256()
        self._rest = bytearray()

    def __call__(self, data: bytes) -> None:
        self.size += len(data)
        self.digest.update(data)
        self._rest += data
        while len(self._rest) >= PIECE:
            self._pass(PIECE)

    def close(self) -> str:
        """The last piece, and the SHA-256 of them all."""
        if self._rest:
            self._pass(len(self._rest))
        return self.digest.hexdigest()

    def _pass(self, length: int) -> None:
        self.keep(self.number, bytes(self._rest[:length]))
        self.number += 1
        del self._rest[:length]


@dataclass(frozen=True)
class Bench:
    """One build: whose it is, and where its pieces go. Each is kept in a short transaction of its own."""

    runtime: Runtime
    session: Session
    export_id: str
    still_ours: End  # renews the hold on the work, or raises

    @property
    def ctx(self) -> Context:
        return self.runtime.context(self.session, SYSTEM)

    def begin(self) -> Export:
        ctx = self.ctx
        with ctx.act():
            self.still_ours(ctx)
            return exports.begin(ctx, self.export_id)

    def keeper(self, export: Export, name: str) -> Callable[[int, bytes], None]:
        def keep(number: int, data: bytes) -> None:
            ctx = self.ctx
            with ctx.act():
                self.still_ours(ctx)
                exports.keep(ctx, export, name, number, data)

        return keep

    def tell(self, rows: int, rows_in_all: int) -> None:
        ctx = self.ctx
        with ctx.act():
            self.still_ours(ctx)
            exports.tell(ctx, self.export_id, rows, rows_in_all)


def build(runtime: Runtime, export_id: str, still_ours: End, *, tries: int) -> End:
    """Build a file. Gives what is to be written together with the end of the work: that it is ready, or why not.

    Whatever is none of the known troubles is raised: a second try may help.
    """
    if tries > MOST_TRIES:
        return failed(export_id, "interrupted")
    with runtime.sessions() as session:
        try:
            built = _built(Bench(runtime, session, export_id, still_ours))
        except Exception as problem:
            error = trouble(problem)
            if error is None:
                raise
            log.warning("export %s cannot be built: %s", export_id, error)
            return failed(export_id, error)
    return lambda ctx: exports.finish(ctx, export_id, built)


def rows_in(table: Table, form: Form) -> int:
    """How many rows the file has."""
    return table.number if form.most is None else min(table.number, form.most(table))


def failed(export_id: str, error: str) -> End:
    """What to write about a file that there will not be."""
    return lambda ctx: exports.fail(ctx, export_id, error)


def trouble(problem: Exception) -> str | None:
    """Which of the known troubles it is: those in which another try would only fail again."""
    known: Mapping[type[Exception], str] = {
        DataChanged: "data_changed",
        NotAllowed: "not_allowed",
        reports.WrongAsked: "not_built",
    }
    if isinstance(problem, OSError) and problem.errno in FULL:
        return "disk_full"
    if isinstance(problem, DBAPIError) and _is_full(problem.orig):
        return "database_full"
    return known.get(type(problem))


def _is_full(problem: Any) -> bool:
    is_sqlite = getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return is_sqlite or getattr(problem, "sqlstate", None) == DISK_FULL


def _built(bench: Bench) -> Built:
    export, runtime, ctx = bench.begin(), bench.runtime, bench.ctx
    form = FORMS[export.form]
    staff = ctx.session.get_one(Staff, export.staff_id)
    if not exports.may_have(ctx, staff):
        raise NotAllowed
    by, asked = ctx.session.get_one(Person, staff.person_id).name, exports.asked_of(ctx, export)
    ctx.session.rollback()
    with reports.snapshot(runtime.engine) as session, scratch.folder(runtime.settings.data) as folder:
        seen = runtime.context(session, SYSTEM)
        table = reading.table_of(seen, asked, built_by=by, personal=export.personal, tell=bench.tell)
        data = Poured(bench.keeper(export, DATA))
        form.write(table, data, folder)
    sha256 = data.close()
    beside = Poured(bench.keeper(export, DICTIONARY))
    csv_file.write_dictionary(table, beside, sha256)
    beside.close()
    return Built(
        file_name=file_name(asked, table.built_at, form.ending),
        rows=rows_in(table, form),
        rows_in_all=table.number,
        size=data.size,
        sha256=sha256,
        note=table.note,
        tree=table.tree,
    )
