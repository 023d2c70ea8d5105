"""Fast history: copies of the stories about ever new people, thousands at a time, as true as the stories themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from portal.demo import copies, loading
from portal.demo.copies import STEPS, Home, Pattern
from portal.demo.mould import Rows
from portal.demo.people import human
from portal.demo.programme import WALKS, Told
from portal.demo.stage import Stage
from portal.domain.lifecycle import FINAL, Status
from portal.domain.reference import new_reference
from portal.engine import writing
from portal.models import Case

BATCH = 1000
CLOSED = FINAL | {Status.DEACTIVATED}
DAY = timedelta(days=1)
OLDEST = 420 * DAY
MOMENTS = 300  # so many different times for closed cases: what is moved once need not be moved again
REQUESTS_OF_ONE = 8  # one account has had so many closed cases; a second open one would be contested
MARGIN = timedelta(minutes=20)  # nothing of a copy is due sooner than this after the demo begins
# In the order of their foreign keys; cases come between.
BEFORE = (
    *("subject_key", "account", "principal", "contact"),
    *("directory_principal", "directory_device", "directory_session"),
)
AFTER = (
    *("audit_stream", "audit_event", "search_term"),
    *("identity_check", "message", "check_opening", "case_timer", "objection", "account_mark"),
)


@dataclass
class Crowd:
    """Whoever comes next, from the same seed the same, at moments that are drawn beforehand; and references nobody has."""

    seed: int
    draw: Random
    number: int
    references: set[str]
    shifts: Sequence[timedelta]
    homes: dict[str, list[Home]] = field(default_factory=dict)

    def reference(self) -> str:
        found = new_reference(self.draw.randbytes)
        while found in self.references:
            found = new_reference(self.draw.randbytes)
        self.references.add(found)
        return found


def spread(stage: Stage, told: Sequence[Told], seed: int, number: int, done: Callable[[int], None]) -> None:
    """Write that many copies of the stories, batch by batch."""
    patterns = [copies.read(stage.system, each) for each in told if each.walk.share]
    crowd = _gather(stage.session, seed)
    stage.session.rollback()
    # One batch is written while the next is made: the database works outside of Python.
    with ThreadPoolExecutor(1) as writer:
        underway: Future[None] | None = None
        for begin in range(0, number, BATCH):
            rows = _made(stage, crowd, patterns, min(BATCH, number - begin))
            if underway:
                underway.result()
            underway = writer.submit(_write, stage.session, rows)
            done(len(rows["cases"]))
        if underway:
            underway.result()


def _made(stage: Stage, crowd: Crowd, patterns: Sequence[Pattern], number: int) -> Rows:
    rows: Rows = defaultdict(list)
    shares = [pattern.walk.share for pattern in patterns]
    for pattern in crowd.draw.choices(patterns, shares, k=number):
        _one(stage, crowd, pattern, rows)
    return rows


def _gather(session: Session, seed: int) -> Crowd:
    draw = Random(f"{seed}:crowd")
    taken = set(session.execute(select(Case.reference)).scalars())
    shifts = [-draw.uniform(1, OLDEST / DAY) * DAY for _ in range(MOMENTS)]
    return Crowd(seed, draw, len(WALKS), taken, shifts)


def _one(stage: Stage, crowd: Crowd, pattern: Pattern, rows: Rows) -> None:
    vault, walk = stage.runtime.vault, pattern.walk
    is_closed = walk.status in CLOSED
    shift = crowd.draw.choice(crowd.shifts) if is_closed else _earlier(stage, crowd, pattern)
    homes = crowd.homes.setdefault(walk.key, [])
    if not homes:
        crowd.number += 1
        who = human(
            crowd.seed,
            crowd.number,
            language=walk.language,
            is_company=bool(walk.home and walk.home.is_company),
        )
        home = pattern.new_home(who, -OLDEST if is_closed else shift, vault, rows)
        homes += [home] * (REQUESTS_OF_ONE if is_closed else 1)
    pattern.new_case(homes.pop(), shift, crowd.reference(), vault, rows)


def _earlier(stage: Stage, crowd: Crowd, pattern: Pattern) -> timedelta:
    """An open copy is only so much earlier that nothing of it is overdue which is not overdue in its story."""
    room = pattern.next_due - stage.end - MARGIN if pattern.next_due else 3 * DAY
    return -crowd.draw.random() * max(min(room, 3 * DAY), timedelta(0))


def _write(session: Session, rows: Rows) -> None:
    with writing(session):
        connection = session.connection()
        loading.widen(connection)
        for name in BEFORE:
            loading.insert(connection, name, rows[name])
        _insert_cases(connection, rows)
        for name in AFTER:
            loading.insert(connection, name, rows[name])


def _insert_cases(connection: Connection, rows: Rows) -> None:
    loading.insert(connection, "cases", rows["cases"])
    loading.insert(connection, "case_party", rows["case_party"])
    loading.update(connection, "cases", STEPS[:-1], rows["cases executing"])
    for name in ("removal", "runbook_step"):
        loading.insert(connection, name, rows[name])
    loading.update(connection, "cases", STEPS[:-1], rows["cases now"])
