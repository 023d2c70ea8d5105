"""How the worker builds a file: whole, from one moment, sealed, and with nothing left where it fails."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session

from portal import outbox, reports, worker
from portal.casework import exports
from portal.domain.lifecycle import SYSTEM
from portal.export import building, scratch
from portal.models import Export, ExportPart, OutboxRow, SubjectKey
from tests.export.desk import ask, content, export, parts, read_csv, tags, work_off
from tests.world import World


@pytest.fixture
def filled(world: World) -> World:
    """A desk with one request, and nothing else for a worker to do."""
    world.account()
    world.queued()
    with world.system.act():
        world.session.execute(update(OutboxRow).values(state="done"))
    return world


def keys(world: World, export_id: str) -> int:
    query = select(SubjectKey).where(SubjectKey.subject_id == export(world, export_id).subject_id)
    return len(world.session.execute(query).all())


def breaking(monkeypatch: pytest.MonkeyPatch, problem: BaseException, after: int = 40) -> None:
    """Let the writer of CSV break in the middle of a file."""
    whole = building.FORMS["csv"]

    def write(table: Any, out: Any, folder: Path) -> None:
        (folder / "half-made").write_text("half")
        out(b"x" * (exports.PIECE + after))
        raise problem

    monkeypatch.setitem(building.FORMS, "csv", building.Form(whole.ending, whole.mimetype, write))  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
def test_a_file_is_built_in_the_background_and_vouched_for_by_an_event(
    filled: World, app: Flask, form: str
) -> None:
    made = ask(filled, form)
    assert export(filled, made).state == "waiting"
    work_off(filled, app)

    done, data = export(filled, made), content(filled, made)
    assert (done.state, done.rows, done.rows_in_all, done.error) == ("ready", 1, 1, None)
    assert (done.size, done.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert done.file_name == f"mfa-cases_2026-01-01_2026-11-24_jst_20261124T1000_v1.{form}"
    (event,) = tags(filled, "system:export:built")
    facts = json.loads(event.event_bytes)["d"]
    assert facts == {"export": made, "rows": 1, "digest": done.sha256, "size": len(data)}
    dictionary = read_csv(content(filled, made, "dictionary"))
    assert ["File", "SHA-256 of the file", done.sha256, "", ""] in dictionary
    assert done.expires_at is not None
    assert done.expires_at - filled.now == filled.runtime.limits.export_life


def test_what_is_kept_is_sealed(filled: World, app: Flask) -> None:
    reference = filled.session.execute(text("SELECT reference FROM cases")).scalar_one()
    made = ask(filled)
    work_off(filled, app)
    assert str(reference).encode() in content(filled, made)
    for piece in filled.session.execute(select(ExportPart)).scalars():
        assert str(reference).encode() not in piece.sealed_data


def test_a_piece_that_was_moved_does_not_open(filled: World, app: Flask) -> None:
    made, other = ask(filled), ask(filled)
    work_off(filled, app)
    stolen = select(ExportPart.sealed_data).where(ExportPart.export_id == made, ExportPart.name == "data")
    data = filled.session.execute(stolen).scalar_one()
    with filled.system.act():
        changed = update(ExportPart).where(ExportPart.export_id == other).values(sealed_data=data)
        filled.session.execute(changed)
    with pytest.raises(Exception, match="does not belong"):
        content(filled, other)


def test_a_file_shows_one_moment_whatever_happens_while_it_is_read(filled: World, app: Flask) -> None:
    with reports.snapshot(filled.runtime.engine) as session:
        before = session.execute(text("SELECT count(*) FROM cases")).scalar_one()
        filled.queued(account_email="other@mail.example")
        assert session.execute(text("SELECT count(*) FROM cases")).scalar_one() == before


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk_full"),
        (building.DataChanged("12 rows were counted, and 11 came"), "data_changed"),
    ],
)
def test_a_known_trouble_ends_the_export_and_nothing_of_it_stays(
    filled: World, app: Flask, monkeypatch: pytest.MonkeyPatch, problem: Exception, error: str
) -> None:
    breaking(monkeypatch, problem)
    made = ask(filled)
    work_off(filled, app)
    failed = export(filled, made)
    assert (failed.state, failed.error, failed.sha256) == ("failed", error, None)
    assert parts(filled) == 0
    assert keys(filled, made) == 0
    assert not list((filled.runtime.settings.data / scratch.HOME).glob("*/*"))
    (event,) = tags(filled, "system:export:failed")
    assert json.loads(event.event_bytes)["d"] == {"export": made, "why": error}


def test_an_unknown_trouble_is_tried_once_more_and_then_said(
    filled: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, RuntimeError("quotes personal data"))
    made = ask(filled)
    work_off(filled, app)
    assert export(filled, made).state == "building"
    filled.now += outbox.BACK_OFF[0] * 2
    work_off(filled, app)
    assert (export(filled, made).state, export(filled, made).error) == ("failed", "not_built")
    assert parts(filled) == 0


def test_a_full_database_ends_the_export(filled: World, app: Flask) -> None:
    made = ask(filled)
    with full(filled):
        work_off(filled, app)
    assert (export(filled, made).state, export(filled, made).error) == ("failed", "database_full")
    assert parts(filled) == 0


def full(world: World) -> Any:
    """Let the database be full whenever a piece of a file is written."""
    from contextlib import contextmanager

    @contextmanager
    def filling() -> Iterator[None]:
        engine = world.runtime.engine
        if engine.dialect.name == "postgresql":
            with engine.begin() as connection:
                connection.execute(text(REFUSING))
                connection.execute(
                    text("CREATE TRIGGER full_disk BEFORE INSERT ON export_part EXECUTE FUNCTION full_disk()")
                )
            yield
            return

        def fill(_connection: Any, cursor: Any, statement: str, *_more: Any) -> None:
            if statement.startswith("INSERT INTO export_part"):
                pages = cursor.execute("PRAGMA page_count").fetchone()[0]
                cursor.execute(f"PRAGMA max_page_count = {pages}")
            elif statement.startswith("DELETE FROM export_part"):
                cursor.execute("PRAGMA max_page_count = 1000000")

        event.listen(engine, "before_cursor_execute", fill)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", fill)

    return filling()


REFUSING = """CREATE FUNCTION full_disk() RETURNS trigger AS $$ BEGIN
RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$ LANGUAGE plpgsql"""


@pytest.mark.processes
def test_a_worker_that_was_killed_leaves_nothing_readable_and_the_next_one_begins_anew(
    filled: World, app: Flask, database_url: str
) -> None:
    made = ask(filled)
    filled.session.rollback()
    data = filled.runtime.settings.data
    command = [sys.executable, "-m", "tests.export.killed", database_url, str(data), filled.now.isoformat()]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert parts(filled) == 1
    assert list((data / scratch.HOME).glob("*/half-made"))
    with pytest.raises(exports.Refused):
        exports.fetch(filled.as_("chika"), made, "data")

    filled.now += outbox.LEASE * 2
    worker.keep_house(filled.runtime)
    assert not list((data / scratch.HOME).glob("*/*"))
    work_off(filled, app, "w2")
    assert export(filled, made).state == "ready"
    assert read_csv(content(filled, made))[1][0].startswith("MR-")


def test_a_file_that_has_ended_two_workers_is_given_up(filled: World, app: Flask) -> None:
    made = ask(filled)
    for name in ("w1", "w2"):
        context = filled.system
        with context.act():
            assert outbox.claim(filled.session, name, now=context.now)
        filled.now += outbox.LEASE * 2
    work_off(filled, app, "w3")
    assert (export(filled, made).state, export(filled, made).error) == ("failed", "interrupted")


def test_a_worker_that_lost_its_hold_writes_nothing_more(filled: World, app: Flask) -> None:
    made = ask(filled)

    def lost(_ctx: Any) -> None:
        raise TimeoutError

    with app.app_context(), pytest.raises(TimeoutError):
        building.build(filled.runtime, made, lost, tries=1)
    assert export(filled, made).state == "waiting"
    assert parts(filled) == 0


def test_long_work_keeps_its_hold(filled: World) -> None:
    ask(filled)
    context = filled.system
    with context.act():
        row = outbox.claim(filled.session, "w1", now=context.now)
    assert row is not None
    later = context.now + outbox.LEASE / 2
    with context.act():
        assert outbox.renew(filled.session, row.id, "w1", now=later)
        assert not outbox.renew(filled.session, row.id, "w2", now=later)
    kept = filled.session.get_one(OutboxRow, row.id, populate_existing=True)
    assert kept.lease_until == later + outbox.LEASE


def test_progress_is_written_while_rows_come(filled: World) -> None:
    made = ask(filled)
    told: list[tuple[int, int | None]] = []
    bench = building.Bench(filled.runtime, filled.session, made, lambda _ctx: None)
    bench.begin()
    bench.tell(120, 400)
    done = export(filled, made)
    told.append((done.rows, done.rows_in_all))
    assert (done.state, told) == ("building", [(120, 400)])


def test_folders_of_processes_that_are_gone_are_swept_and_those_in_use_stay(tmp_path: Path) -> None:
    with scratch.folder(tmp_path) as used:
        left = used.with_name("left")
        left.mkdir()
        (left / "book.xlsx").write_text("personal")
        assert os.stat(used).st_mode & 0o077 == 0
        scratch.sweep(tmp_path)
        assert used.exists()
        assert not left.exists()
    assert not used.exists()


def test_a_worker_sweeps_when_it_begins(filled: World) -> None:
    left = filled.runtime.settings.data / scratch.HOME / "left"
    left.mkdir(parents=True)
    worker.keep_house(filled.runtime)
    assert not left.exists()


def test_nothing_is_written_twice(filled: World, app: Flask) -> None:
    made = ask(filled)
    work_off(filled, app)
    session: Session = filled.session
    with pytest.raises(exports.NotFound):
        exports.begin(filled.runtime.context(session, SYSTEM), made)
    assert len(tags(filled, "system:export:built")) == 1
    assert session.get_one(Export, made).state == "ready"
