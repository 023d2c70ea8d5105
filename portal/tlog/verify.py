"""Checks the whole log, from the bytes of its events to the rules of the database: in one moment's view of it, in memory that
does not grow with it, and without keeping any writer waiting.

Whoever can write the database can also write what this program reads. What it cannot see is told by heads that were left
elsewhere: run it with the log's key from paper, and with anchors that the people of the database cannot reach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.casework.context import Context
from portal.domain.limits import Limits
from portal.engine import database_time
from portal.models import AuditVerdict, new_id
from portal.tlog import sequencer, tiles, verify_heads, verify_schema, verify_streams, verify_tree
from portal.tlog.findings import Book, Verdict
from portal.tlog.log_keys import LogKeys
from portal.tlog.verify_heads import Unreadable

__all__ = ["Unreadable", "Verdict", "record", "run", "snapshot", "state"]

Progress = Callable[[int, int], None]  # how much of how much is done
STEP = 2000
LATE = Limits().log_alarm
LONGEST_PLACE = 80


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """One moment of the database, however long it is looked at. Raises Unreadable where it cannot be read at all."""
    options = {}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        with engine.connect() as connection, Session(connection.execution_options(**options)) as session:
            if options:
                for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                    session.execute(text(f"SET LOCAL {name} = 0"))
            yield session
            session.rollback()
    except DBAPIError as problem:
        said = str(problem.orig).strip().partition("\n")[0]
        raise Unreadable(
            f"The database cannot be read ({said}): start it, or run `flask db upgrade` if it is older."
        ) from None


class Counter:
    """Tells how far a check is, now and then."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self.done, self.progress = total, 0, progress

    def __call__(self) -> None:
        self.done += 1
        if self.progress and self.done % STEP == 0:
            self.progress(min(self.done, self.total), self.total)


def run(
    engine: Engine,
    *,
    key: LogKeys | None = None,
    anchors: Path | None = None,
    since: int = 0,
    now: datetime | None = None,
    late: timedelta = LATE,
    progress: Progress | None = None,
) -> Verdict:
    """Make every check and keep nothing. Raises Unreadable.

    `since`: what stands before the newest signed head up to that place is taken as that head vouches for it; streams in
    which something happened since are walked whole.
    """
    book = Book()
    with snapshot(engine) as session:
        size = sequencer.size_of(session)
        start = verify_heads.vouched(session, min(since, size)) >> tiles.HEIGHT << tiles.HEIGHT
        counter = Counter(verify_streams.count(session) + size - start, progress)
        events = verify_streams.check(session, book, start, counter)
        _tree(session, book, key, anchors, start, counter)
        at = now or database_time(session)
        try:
            verify_heads.age(session, book, at, late, signed=key is not None)
        except (ValueError, TypeError):
            book.bad("age", "head", "a time that it needs is none")
        session.rollback()
        verify_schema.check(engine, book)
    if progress:
        progress(counter.total, counter.total)
    return book.verdict(events)


def state(engine: Engine, *, progress: Progress | None = None) -> Verdict:
    """Only what the events made of the rows: the first pass alone. Raises Unreadable."""
    book = Book()
    with snapshot(engine) as session:
        counter = Counter(verify_streams.count(session), progress)
        events = verify_streams.check(session, book, 0, counter)
    if progress:
        progress(counter.total, counter.total)
    return book.verdict(events)


def _tree(
    session: Session,
    book: Book,
    key: LogKeys | None,
    anchors: Path | None,
    start: int,
    counter: Callable[[], None],
) -> None:
    elsewhere = verify_heads.left(anchors, book, key, start) if anchors else []
    if anchors is None:
        book.unchecked("anchors", "no folder of heads that were left elsewhere was named")
    claims = verify_heads.merged(verify_heads.kept(session, book, key, start), elsewhere)
    verify_tree.check(session, book, claims, start, counter)


def record(ctx: Context, verdict: Verdict) -> None:
    """Keep what a check found, for the page of the log."""
    with ctx.act():
        ctx.session.add(
            AuditVerdict(
                id=new_id(),
                at=ctx.now,
                events=verdict.events,
                failed=verdict.failed,
                first_bad=verdict.first_bad[:LONGEST_PLACE] if verdict.first_bad else None,
            )
        )
