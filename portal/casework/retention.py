"""Deletes what has been kept long enough, class by class and case by case, and says beforehand what would go.

A case is picked by an index and judged again, alone, in the act that deletes: who reopened it, objected, asked for a hold or
wrote something in between has changed the desk's mind, and the case simply stays until the next time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import audit
from portal.casework import kept_by_time, legal_hold, shredding, transition
from portal.casework.context import Context, Refused
from portal.domain.lifecycle import SYSTEM
from portal.domain.limits import Limits
from portal.domain.retention import PERIODS, QUIET, STAGES, Period
from portal.models import (
    Case,
    LegalHold,
    Message,
    MessageDraft,
    Objection,
    OutboxRow,
)
from portal.runtime import Runtime

log = logging.getLogger("kaijo.retention")

BATCH = 50
COUNTED_TO = 1000

Mark = tuple[datetime, str]  # where a walk through the cases stands: when the last one ended, and its id


@dataclass(frozen=True)
class Going:
    """One class of data: how much of it goes until then, how much a hold keeps, and the cases that go first."""

    period: Period
    number: int  # COUNTED_TO + 1 means more than that
    held: int
    first: Sequence[Case]


def ends_at(case: Case, period: Period, limits: Limits) -> datetime:
    """When a class of its data has been kept long enough. The case must have ended."""
    assert case.closed_at is not None
    kept: datetime = case.closed_at + getattr(limits, period.limit)
    return kept


def preview(ctx: Context, until: datetime | None = None, *, most: int = 10) -> list[Going]:
    """What would go now, or by a date, if nothing happened to the cases until then."""
    return [_going(ctx, period, until or ctx.now, most) for period in PERIODS]


def _going(ctx: Context, period: Period, until: datetime, most: int) -> Going:
    # by then the classes before it will have gone as well
    stages = Case.retention_stage.in_(range(STAGES[period.key]))
    over = and_(stages, Case.closed_at <= until - getattr(ctx.limits, period.limit))
    goes = (over, ~_held(), ~_objected(), ~_lively(until, mails_leave=until > ctx.now))
    first = select(Case).where(*goes).order_by(Case.closed_at, Case.id).limit(most)
    return Going(
        period=period,
        number=_counted(ctx.session, *goes),
        held=_counted(ctx.session, over, _held()),
        first=list(ctx.session.execute(first).scalars()),
    )


def _counted(session: Session, *which: ColumnElement[bool]) -> int:
    some = select(Case.id).where(*which).limit(COUNTED_TO + 1).subquery()
    return int(session.execute(select(func.count()).select_from(some)).scalar_one())


def _held() -> ColumnElement[bool]:
    return exists().where(LegalHold.case_id == Case.id, LegalHold.lifted_at.is_(None))


def _lively(at: datetime, *, mails_leave: bool = False) -> ColumnElement[bool]:
    """Whether somebody was at it lately, or means to keep it: nothing goes from under their hands.

    A mail that waits holds everything up for now; by a later day it will have left.
    """
    signs = [
        exists().where(Message.case_id == Case.id, Message.created_at > at - QUIET),
        exists().where(MessageDraft.case_id == Case.id, MessageDraft.updated_at > at - QUIET),
        legal_hold.proposed_for(Case.id, at),
    ]
    waits = exists().where(OutboxRow.case_id == Case.id, OutboxRow.state == "pending")
    return or_(*signs) if mails_leave else or_(*signs, waits)


def _objected() -> ColumnElement[bool]:
    undecided = Objection.outcome.is_(None)
    return or_(
        exists().where(Objection.case_id == Case.id, undecided),
        exists().where(Objection.account_id == Case.account_id, undecided),
    )


def run(
    runtime: Runtime, *, most: int | None = None, tell: Callable[[str], object] = lambda _key: None
) -> dict[str, int]:
    """Delete what is due, at most so many classes of so many cases; `tell` hears the class of each. Returns how many of each."""
    gone: dict[str, int] = {}
    with runtime.sessions() as session:
        for period in PERIODS:
            left = None if most is None else most - sum(gone.values())
            gone[period.key] = 0 if left == 0 else _run_class(runtime, session, period, left, tell)
        kept_by_time.forget(runtime.context(session, SYSTEM))
    return gone


def _run_class(
    runtime: Runtime, session: Session, period: Period, most: int | None, tell: Callable[[str], object]
) -> int:
    gone = 0
    for case_id, closed_at in _due(runtime, session, period):
        if most is not None and gone >= most:
            break
        if delete_one(runtime.context(session, SYSTEM), case_id, closed_at, period):
            gone += 1
            tell(period.key)
    if gone:
        _record(runtime.context(session, SYSTEM), period, gone)
    return gone


def _due(runtime: Runtime, session: Session, period: Period) -> Iterator[tuple[str, datetime]]:
    """The cases whose class is due, in batches, each once: what had to stay is passed by."""
    after: Mark | None = None
    while True:
        now = runtime.clock(session)
        rows = session.execute(due(now, period, runtime.limits, after).limit(BATCH)).all()
        session.rollback()  # no transaction stays open over the acts
        for case_id, closed_at in rows:
            assert closed_at is not None
            after = (closed_at, case_id)
            yield case_id, closed_at
        if len(rows) < BATCH:
            return


def due(
    now: datetime, period: Period, limits: Limits, after: Mark | None = None
) -> Select[str, datetime | None]:
    """Which cases have come to this class and have kept it long enough, the longest first."""
    query = select(Case.id, Case.closed_at).where(
        Case.retention_stage == STAGES[period.key] - 1,
        Case.closed_at <= now - getattr(limits, period.limit),
        ~_held(),
        ~_objected(),
    )
    if after is not None:
        closed_at, case_id = after
        further = and_(Case.closed_at == closed_at, Case.id > case_id)
        query = query.where(Case.closed_at >= closed_at, or_(Case.closed_at > closed_at, further))
    return query.order_by(Case.closed_at, Case.id)


def delete_one(ctx: Context, case_id: str, closed_at: datetime, period: Period) -> bool:
    """Delete one class of one case, if all that made it due still holds. False where it stays."""
    try:
        with ctx.act():
            case = transition.lock(ctx.session, case_id)
            if not _is_as_picked(case, closed_at, period) or _is_lively(ctx, case):
                return False
            shredding.delete_class(ctx, case, period)
    except Refused:
        return False
    except IntegrityError as problem:
        # the database knows a reason that we do not: people have to look at it, and no other case waits for that
        log.error("case %s: its %s data is not deleted: %s", case_id, period.key, type(problem).__name__)
        return False
    return True


def _is_as_picked(case: Case, closed_at: datetime, period: Period) -> bool:
    return case.closed_at == closed_at and case.retention_stage == STAGES[period.key] - 1


def _is_lively(ctx: Context, case: Case) -> bool:
    query = select(_lively(ctx.now)).where(Case.id == case.id)
    return bool(ctx.session.execute(query).scalar_one())


def _record(ctx: Context, period: Period, gone: int) -> None:
    facts = {"class": period.key, "cases": gone}
    with ctx.act():
        audit.append(
            ctx.session, "system", "system:retention:run", actor=ctx.actor_name, at=ctx.now, facts=facts
        )
