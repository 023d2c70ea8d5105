"""What takes long has a thread of its own: no mail waits behind a file, and a worker that stops leaves it to the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal import carrying, outbox, worker
from portal.casework import exports, staff_mail
from portal.engine import writing
from portal.export import building, scratch
from portal.models import Export, OutboxRow, Staff
from tests.applications import app_for
from tests.export.desk import ask, content, export, parts, read_csv, work_off
from tests.post import Mailroom, live, mail_server
from tests.world import World

PATIENCE = 30  # seconds; only a test that fails takes them


@pytest.fixture
def room() -> Mailroom:
    return Mailroom()


@pytest.fixture
def desk(database_url: str, tmp_path: Path, room: Mailroom) -> Iterator[World]:
    """A desk with one request that sends its mail to the room."""
    with mail_server(room) as smtp:
        world = live(database_url, tmp_path, smtp)
        world.account()
        world.queued()
        with world.system.act():
            world.session.execute(update(OutboxRow).values(state="done"))
        yield world
        world.close()


@pytest.fixture
def app(desk: World) -> Flask:
    return app_for(desk.runtime)


def writing_slowly(monkeypatch: pytest.MonkeyPatch, in_the_middle: Callable[[], object]) -> None:
    """Let the writer of CSV do something when the file is half-made."""
    whole = building.FORMS["csv"]

    def write(table: Any, out: Any, folder: Path) -> None:
        (folder / "half-made").write_text("half")
        out(b"x" * (exports.PIECE + 40))
        in_the_middle()
        whole.write(table, out, folder)

    monkeypatch.setitem(building.FORMS, "csv", building.Form(whole.ending, whole.mimetype, write))


@contextmanager
def at_work(world: World, app: Flask) -> Iterator[threading.Event]:
    """A worker with all its threads; gives what stops it, and waits for its end."""
    world.session.rollback()
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(world.runtime, app, stop, 0.01))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def row_of(world: World) -> OutboxRow:
    world.session.rollback()
    query = select(OutboxRow).where(OutboxRow.kind == "export")
    return world.session.execute(query.execution_options(populate_existing=True)).scalar_one()


def test_a_mail_does_not_wait_for_a_file_and_a_stop_leaves_the_file_to_the_next_worker(
    desk: World, room: Mailroom, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, sent = threading.Event(), threading.Event(), threading.Event()
    writing_slowly(monkeypatch, lambda: (begun.set(), go_on.wait(PATIENCE)))
    room.accepted = sent.set
    made = ask(desk)
    with at_work(desk, app) as stop:
        assert begun.wait(PATIENCE)
        with desk.system.act():
            staff = desk.session.get_one(Staff, desk.logins["vic"].staff_id)
            staff_mail.changed(desk.system, [staff], "password_changed", about=staff)
        assert sent.wait(PATIENCE)
        assert export(desk, made).state == "building"
        stop.set()
        go_on.set()

    left = row_of(desk)
    assert (left.state, left.attempts, left.lease_owner) == ("pending", 0, None)
    assert (export(desk, made).state, export(desk, made).rows_in_all, parts(desk)) == ("waiting", None, 0)
    assert not list((desk.runtime.settings.data / scratch.HOME).glob("*/*"))

    monkeypatch.undo()
    work_off(desk, app, "w2")
    assert export(desk, made).state == "ready"
    assert read_csv(content(desk, made))[1][0].startswith("MR-")


def test_a_stop_brings_back_no_file_that_is_finished(desk: World, app: Flask) -> None:
    made = ask(desk)
    work_off(desk, app)
    with pytest.raises(exports.NotFound):
        exports.put_back(desk.system, made)
    assert export(desk, made).state == "ready"


def test_a_step_that_takes_longer_than_a_lease_keeps_its_hold(
    desk: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, renew = threading.Event(), outbox.renew

    def renewed(*args: Any, **kwargs: Any) -> bool:
        is_ours = renew(*args, **kwargs)
        if threading.current_thread().name == "hold":
            held.set()
        return is_ours

    def long_step() -> None:
        desk.now += outbox.LEASE - timedelta(seconds=1)
        for _ in range(2):  # the first may still have read the clock before
            held.clear()
            assert held.wait(PATIENCE)
        desk.now += timedelta(seconds=2)

    monkeypatch.setattr(carrying, "HELD_EVERY", timedelta(milliseconds=10))
    monkeypatch.setattr(outbox, "renew", renewed)
    writing_slowly(monkeypatch, lambda: (long_step(), taken(desk)))
    made = ask(desk)
    work_off(desk, app, "w1")
    assert export(desk, made).state == "ready"


def taken(world: World) -> None:
    """Another worker looks for something to do, and finds nothing."""
    with world.runtime.sessions() as session, writing(session):
        assert outbox.claim(session, "w2", now=world.now) is None


def test_each_row_is_of_one_lane_and_one_that_nobody_knows_is_of_the_quick_one(desk: World) -> None:
    ask(desk)
    with desk.system.act():
        outbox.put_once(desk.session, "nonsense", unique_key="n", now=desk.now)
    kinds = {}
    for lane, rows in outbox.LANES.items():
        with writing(desk.session):
            while (row := outbox.claim(desk.session, lane, rows, now=desk.now)) is not None:
                kinds[row.kind] = lane
    assert kinds == {"export": "long", "nonsense": "quick"}


def test_a_file_that_is_read_keeps_nobody_from_writing(
    desk: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def write() -> None:
        other = desk.runtime.sessions()
        with other, writing(other):
            other.execute(update(Staff).values(language="ja"))
        written.append("ja")

    writing_slowly(monkeypatch, write)
    made = ask(desk)
    work_off(desk, app)
    assert (export(desk, made).state, written) == ("ready", ["ja"])
    assert desk.session.get_one(Export, made).rows == 1
