"""The worker: claims what acts have queued, row by row, then does what is due because time has passed.

A row is claimed in a transaction of its own and closed in one that writes only while the lease is still ours. What takes
long (files, house-keeping, the log) has threads of its own, so that mails, calls and removals wait for none of it.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import FrameType

from flask import Flask
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from portal import i18n, mailer, notices, outbox, throttle
from portal.carrying import KINDS, GivenUp, LeaseLost, Work, finish, reaches_nobody, where
from portal.casework import (
    drafts,
    exports,
    monthly_reports,
    owner_sessions,
    presence,
    retention,
    timers,
    waiting,
)
from portal.casework.context import Context, NotFound
from portal.domain.lifecycle import SYSTEM, Status
from portal.export import scratch
from portal.models import Case, OutboxRow
from portal.runtime import Runtime
from portal.tlog.keeper import Keeper

log = logging.getLogger("kaijo.worker")

MOST_TRIES = len(outbox.BACK_OFF) + 1
TURN = 100  # rows before the timers get their turn, however long the queue is
TROUBLE_SECONDS = 5.0
HOUSE_KEEPING_SECONDS = 600.0
CASES_AT_ONCE = 200  # whose data is deleted before queued work gets its turn again
COUNTERS_KEPT = timedelta(days=2)  # the longest window that is counted is a day


def work_once(
    runtime: Runtime, app: Flask, worker_id: str, lane: str | None = None, stop: threading.Event | None = None
) -> bool:
    """Claim one row, of one lane or of any, and carry it out. False when nothing is due.

    Whatever goes wrong in a row is written to the row.
    """
    which = () if lane is None else (outbox.LANES[lane],)
    with runtime.sessions() as session:
        context = runtime.context(session, SYSTEM)
        with context.act():
            row = outbox.claim(session, worker_id, *which, now=context.now)
        if row is None:
            return False
        work = Work(runtime, session, row, worker_id, stop or threading.Event())
        with app.app_context(), i18n.spoken_in(notices.languages_of(row)[0]):
            _carry_out(work, context.now)
    return True


def _carry_out(work: Work, now: datetime) -> None:
    row = work.row
    try:
        if row.expires_at is not None and row.expires_at <= now:
            finish(work, state="expired")
        elif row.attempts > MOST_TRIES:
            raise GivenUp("no try came to an end")
        elif row.kind not in KINDS:
            raise GivenUp("nobody knows this kind of work")
        elif reaches_nobody(work):
            finish(work)
        else:
            KINDS[row.kind](work)
    except LeaseLost:
        log.warning("outbox %s: another worker has taken it over", row.id)
    except Exception as problem:
        _failed(work, problem)
    if row.security and row.case_id:
        _settle(work.context, row.case_id)


def _failed(work: Work, problem: Exception) -> None:
    """Write the failure to the row: it comes back later, or is left for people."""
    work.session.rollback()
    # Only our own errors have messages that quote nothing that people typed.
    error = f"{problem}" if isinstance(problem, GivenUp | mailer.DeliveryFailed) else type(problem).__name__
    context = work.context
    with context.act():
        state = outbox.postpone(
            work.session, work.row, work.worker, now=context.now, error=error, permanent=_is_final(problem)
        )
    level = logging.ERROR if state == "dead" else logging.WARNING
    kind = work.row.notice or work.row.kind
    log.log(level, "outbox %s (%s) is %s: %s", work.row.id, kind, state, where(problem.__cause__ or problem))


def _is_final(problem: Exception) -> bool:
    if isinstance(problem, mailer.DeliveryFailed):
        return problem.permanent
    return isinstance(problem, GivenUp | NotFound)


def _settle(context: Context, case_id: str) -> None:
    """A security notice is out, or finally failed: the wait may begin. If this fails, house-keeping does it again."""
    try:
        waiting.settle_notices(context, case_id)
    except Exception as problem:
        context.session.rollback()
        log.error("case %s: the waiting period could not be started: %s", case_id, where(problem))


def run(runtime: Runtime, app: Flask, stop: threading.Event, idle: float = 0.5) -> None:
    """Work until told to stop, by the event or by a signal."""
    name = f"{socket.gethostname()[:20]}:{os.getpid()}:{secrets.token_hex(4)}"
    beside: Mapping[str, Callable[[], object]] = {
        "log": lambda: Keeper(runtime).run(stop),
        "house": lambda: _repeat(lambda: keep_house(runtime), HOUSE_KEEPING_SECONDS, stop),
        "long": lambda: _repeat(lambda: work_once(runtime, app, f"{name}:long", "long", stop), idle, stop),
    }
    with _stopped_by_signals(stop), _threads(beside, stop):
        _repeat(lambda: turn(runtime, app, f"{name}:quick", stop), idle, stop)


def _repeat(do: Callable[[], object], idle: float, stop: threading.Event) -> None:
    """Turn after turn until told to stop, with a pause where nothing is left. Trouble with the database is waited out."""
    while not stop.is_set():
        try:
            pause = 0.0 if do() else idle
        except Exception as problem:
            log.error("no work for %s seconds: %s", TROUBLE_SECONDS, where(problem))
            pause = TROUBLE_SECONDS
        stop.wait(pause)


def turn(runtime: Runtime, app: Flask, worker_id: str, stop: threading.Event) -> bool:
    """Some rows of the quick lane, then everything that is due. True when rows may be left."""
    rows = 0
    while rows < TURN and not stop.is_set() and work_once(runtime, app, worker_id, "quick", stop):
        rows += 1
    acts = 0 if stop.is_set() else timers.run_due(runtime)
    return rows == TURN or acts > 0


def keep_house(runtime: Runtime) -> None:
    """Throw away what is over, and start waits whose last notice went out while a worker died.

    One chore that fails keeps none of the others: a full disk must not stop a wait, nor a report a deletion.
    """
    with runtime.sessions() as session:
        for name, chore in CHORES.items():
            try:
                chore(runtime, runtime.context(session, SYSTEM))
            except Exception as problem:
                session.rollback()
                log.error("house-keeping (%s): %s", name, where(problem))


def _forget_counters(_runtime: Runtime, context: Context) -> None:
    with context.act():
        throttle.forget_before(context.session, context.now - COUNTERS_KEPT)
        presence.forget_before(context.session, context.now - context.limits.presence_life)


def _settle_waits(runtime: Runtime, context: Context) -> None:
    for case_id in _unsettled(context.session):
        _settle(runtime.context(context.session, SYSTEM), case_id)


def _unsettled(session: Session) -> list[str]:
    underway = exists().where(OutboxRow.case_id == Case.id, OutboxRow.security, OutboxRow.state == "pending")
    query = select(Case.id).where(
        Case.status == Status.COOLING_OFF, Case.waiting_started_at.is_(None), ~underway
    )
    return list(session.execute(query).scalars())


CHORES: Mapping[str, Callable[[Runtime, Context], object]] = {
    "waits": _settle_waits,
    "counters": _forget_counters,
    "drafts": lambda _runtime, context: drafts.purge(context),
    "owner sessions": lambda _runtime, context: owner_sessions.purge(context),
    "exports": lambda _runtime, context: exports.expire(context),
    "monthly reports": lambda _runtime, context: monthly_reports.ask_for_last_month(context),
    "files left over": lambda runtime, _context: scratch.sweep(runtime.settings.data),
    "retention": lambda runtime, _context: retention.run(runtime, most=CASES_AT_ONCE),
}


@contextmanager
def _threads(beside: Mapping[str, Callable[[], object]], stop: threading.Event) -> Iterator[None]:
    """Run these beside the other work, and stop with it."""
    threads = [threading.Thread(target=run, name=name) for name, run in beside.items()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C end the work after the row in hand; a file in the making is left to the next worker.

    Only the main thread may listen to signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stopped(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, stopped) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
