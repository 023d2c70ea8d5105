"""Connections, transactions and the clock: what the design's promises of "stored" and "exactly once" rest on."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from portal import runtime
from portal.casework import intake
from portal.domain.lifecycle import SYSTEM
from portal.engine import MIGRATIONS, database_time, make_engine, writing
from portal.models import Case, Installation, Person, new_id
from tests.sql import only_on
from tests.together import together
from tests.world import World


def setting(engine: Engine, statement: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(statement)).scalar_one()


@only_on("sqlite")
@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("busy_timeout", 30_000),
        ("secure_delete", 1),
    ],
)
def test_every_connection_to_sqlite_keeps_its_promises(engine: Engine, pragma: str, value: Any) -> None:
    with engine.connect(), engine.connect():
        assert setting(engine, f"PRAGMA {pragma}") == value


@only_on("postgresql")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lock_timeout", "3s"),
        ("statement_timeout", "15s"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("timezone", "UTC"),
        ("transaction_isolation", "read committed"),
    ],
)
def test_every_connection_to_postgresql_has_its_time_outs(engine: Engine, name: str, value: str) -> None:
    assert setting(engine, f"SHOW {name}") == value


@only_on("postgresql")
def test_a_statement_that_waits_for_a_lock_gives_up(world: World) -> None:
    other = world.runtime.sessions()
    with writing(other):
        other.execute(select(Installation).with_for_update())
        with pytest.raises(OperationalError, match="lock timeout"):
            wait_briefly(world)
    other.close()


def wait_briefly(world: World) -> None:
    with writing(world.session):
        world.session.execute(text("SET LOCAL lock_timeout = 50"))
        world.session.execute(select(Installation).with_for_update())


# one write transaction


def name_person(session: Session, name: str = "Nina Neu") -> str:
    person = Person(id=new_id(), name=name, created_at=datetime.now(UTC))
    session.add(person)
    session.flush()
    return person.id


def is_stored(world: World, person_id: str) -> bool:
    with world.runtime.sessions() as later:
        return later.get(Person, person_id) is not None


def test_what_is_written_is_stored_at_the_end_and_seen_by_others(world: World) -> None:
    with writing(world.session):
        person_id = name_person(world.session)
        assert not is_stored(world, person_id)
    assert is_stored(world, person_id)


@pytest.mark.parametrize("problem", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_whatever_is_raised_takes_everything_back(world: World, problem: type[BaseException]) -> None:
    made: list[str] = []
    with pytest.raises(problem):
        write_and_raise(world, made, problem)
    assert not is_stored(world, made[0])
    with writing(world.session):
        assert is_new(world.session)


def write_and_raise(world: World, made: list[str], problem: type[BaseException]) -> None:
    with writing(world.session):
        made.append(name_person(world.session))
        raise problem


def is_new(session: Session) -> bool:
    return not session.new and not session.dirty


def test_what_was_left_over_before_is_not_carried_along(world: World) -> None:
    left = Person(id=new_id(), name="Left Over", created_at=world.now)
    world.session.add(left)
    world.session.flush()
    with writing(world.session):
        person_id = name_person(world.session)
    assert (is_stored(world, left.id), is_stored(world, person_id)) == (False, True)


def test_what_was_read_before_is_read_anew(world: World) -> None:
    world.session.get_one(Installation, 1)
    with world.runtime.sessions() as other, writing(other):
        other.execute(update(Installation).values(token_epoch=7))
    with writing(world.session):
        assert world.session.get_one(Installation, 1).token_epoch == 7


def test_a_commit_that_the_database_refuses_leaves_nothing_and_a_session_that_works(world: World) -> None:
    case_id = world.submit()
    place = world.case(case_id).audit_seq
    with pytest.raises(IntegrityError), writing(world.session):
        world.session.execute(update(Case).where(Case.id == case_id).values(audit_seq=place + 1))
    assert world.case(case_id).audit_seq == place
    with writing(world.session):
        person_id = name_person(world.session)
    assert is_stored(world, person_id)


def test_a_reader_sees_no_half_of_it_and_holds_nobody_up(world: World) -> None:
    with world.runtime.sessions() as reader:
        assert reader.get_one(Installation, 1).token_epoch == 1
        with writing(world.session):
            world.session.execute(update(Installation).values(token_epoch=2))
            assert reader.execute(select(Installation.token_epoch)).scalar_one() == 1


def test_who_read_before_another_wrote_can_still_write(world: World) -> None:
    """On SQLite this is the reader that becomes a writer: it gets "database is locked" at once, whatever the time-out."""
    world.session.get_one(Installation, 1)
    with world.runtime.sessions() as other, writing(other):
        other.execute(update(Installation).values(token_epoch=2))
    with writing(world.session):
        world.session.execute(update(Installation).values(token_epoch=Installation.token_epoch + 1))
    assert setting(world.runtime.engine, "SELECT token_epoch FROM installation") == 3


def raise_epoch(session: Session) -> None:
    """Read and then write, as an act does."""
    with writing(session):
        row = session.execute(select(Installation).with_for_update()).scalar_one()
        row.token_epoch += 1


def test_writers_queue_and_none_is_turned_away(world: World) -> None:
    def work() -> None:
        for _ in range(10):
            with world.runtime.sessions() as session:
                raise_epoch(session)

    together(8, work)
    assert setting(world.runtime.engine, "SELECT token_epoch FROM installation") == 81


WRITER = """
import sys
from sqlalchemy.orm import Session
from portal.engine import make_engine
from tests.test_engine import raise_epoch

engine = make_engine(sys.argv[1])
for _ in range(20):
    with Session(engine) as session:
        raise_epoch(session)
"""


@pytest.mark.processes
def test_writers_of_several_processes_queue_and_none_is_turned_away(world: World, database_url: str) -> None:
    command = [sys.executable, "-c", WRITER, database_url]
    writers = [
        subprocess.Popen(command, cwd=MIGRATIONS.parent, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert [writer.communicate()[1] for writer in writers] == [""] * 4
    assert setting(world.runtime.engine, "SELECT token_epoch FROM installation") == 81


@only_on("sqlite")
def test_a_writer_that_fails_lets_the_next_one_in(world: World) -> None:
    with pytest.raises(RuntimeError):
        write_and_raise(world, [], RuntimeError)
    done = threading.Event()

    def next_one() -> None:
        with world.runtime.sessions() as session:
            raise_epoch(session)
        done.set()

    threading.Thread(target=next_one).start()
    assert done.wait(timeout=10)


def test_a_database_in_memory_needs_no_queue() -> None:
    engine = make_engine("sqlite://")
    with Session(engine) as session, writing(session):
        assert session.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()


# the clock


@contextmanager
def statements_of(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_the_time_is_aware_and_in_utc(world: World) -> None:
    now = database_time(world.session)
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


@only_on("postgresql")
def test_the_time_is_the_databases_and_goes_on_within_a_transaction(world: World) -> None:
    first, second = database_time(world.session), database_time(world.session)
    begun = world.session.execute(text("SELECT now()")).scalar_one()
    assert begun <= first < second


@only_on("postgresql")
def test_an_act_reads_the_clock_once(world: World) -> None:
    desk = runtime.build(world.runtime.settings, engine=world.runtime.engine)
    world.account()
    case_id = world.submit()
    intake.confirm(world.owner, world.link(case_id, "confirm"))
    with statements_of(desk.engine) as seen, desk.sessions() as session:
        intake.match(desk.context(session, SYSTEM), case_id)
    assert len([statement for statement in seen if "clock_timestamp" in statement]) == 1
    assert not [statement for statement in seen if "now()" in statement.lower() or "CURRENT_" in statement]


def test_all_that_an_act_writes_bears_one_time(world: World) -> None:
    case_id = world.submit()
    case = world.case(case_id)
    rows = world.session.execute(
        text(
            "SELECT created_at FROM outbox UNION SELECT created_at FROM document UNION SELECT at FROM audit_event"
        )
    ).all()
    assert len({str(row[0]).removesuffix("+00:00") for row in rows}) == 1
    assert (case.created_at, case.status_at) == (world.now, world.now)
