"""A desk with removals to report, somebody in compliance who asks for files, and a worker that builds them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from portal import i18n, reports, worker
from portal.casework import exports
from portal.domain.lifecycle import SYSTEM
from portal.domain.reports import REPORTS, Asked
from portal.export import reading
from portal.export.table import Row, Table
from portal.models import AuditEvent, Export, ExportPart
from tests.world import World

NOTE = "desk.example/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— desk.example/log Az3grl==\n"
AT = datetime(2026, 7, 1, 0, 5, tzinfo=UTC)


def asked(world: World, report: str = "cases", **given: str) -> Asked:
    """A report about all of this year so far."""
    period = {"start": "2026-01-01", "end": "2026-11-24"}
    ctx = world.system
    return reports.read({"report": report, **period, **given}, date(2026, 12, 31), ctx.limits)


def ask(world: World, form: str = "csv", language: str = "en", report: str = "cases", **more: Any) -> str:
    """Chika asks for a file; `purpose` makes it one with personal data."""
    code = world.code("chika") if "purpose" in more else None
    ctx = world.as_("chika")
    if "purpose" in more:
        code = world.code("chika")
    return exports.ask(ctx, asked(world, report), form, language, code=code, **more).id


def work_off(world: World, app: Flask, worker_id: str = "w1") -> None:
    """Let a worker do everything that is due."""
    while worker.work_once(world.runtime, app, worker_id):
        pass
    world.session.rollback()


def export(world: World, export_id: str) -> Export:
    world.session.rollback()
    return world.session.get_one(Export, export_id, populate_existing=True)


def content(world: World, export_id: str, name: str = "data") -> bytes:
    """A part of a file as its asker gets it."""
    found, pieces, place = export(world, export_id), [], 0
    while piece := exports.piece(world.session, world.runtime.vault, found, name, place):
        pieces.append(piece)
        place += 1
    return b"".join(pieces)


def parts(world: World) -> int:
    world.session.rollback()
    return len(world.session.execute(select(ExportPart.number)).all())


def read_csv(data: bytes) -> list[list[str]]:
    """As an independent reader does it."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def tags(world: World, tag: str) -> list[AuditEvent]:
    world.session.rollback()
    return list(world.session.execute(select(AuditEvent).where(AuditEvent.tag == tag)).scalars())


def table(
    rows: Iterable[Row], *, report: str = "cases", columns: str = "reference reason", **more: Any
) -> Table:
    """A table of rows that are given, for tests of how they are written."""
    wanted = Asked(report, date(2026, 4, 1), date(2026, 6, 30), columns=tuple(columns.split()))
    listed = list(rows)
    return Table(wanted, listed, more.pop("number", len(listed)), AT, "Chika Kansa", NOTE, 7, **more)


def written(app: Flask, write: Any, made: Table, folder: Path, language: str = "en") -> bytes:
    """What a writer makes of a table."""
    gathered = bytearray()
    with app.app_context(), i18n.spoken_in(language):
        write(made, gathered.extend, folder)
    return bytes(gathered)


def read_all(world: World, app: Flask, wanted: Asked, *, personal: bool = False) -> Table:
    """A table read from the desk's database."""
    assert wanted.report in REPORTS
    with app.app_context(), i18n.spoken_in("en"), reports.snapshot(world.runtime.engine) as session:
        ctx = world.runtime.context(session, SYSTEM)
        made = reading.table_of(ctx, wanted, built_by="x", personal=personal, tell=lambda *_: None)
        return Table(**{**vars(made), "rows": list(made.rows)})
