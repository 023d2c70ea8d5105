"""Decisions by two, read from the log alone: whoever edits a case's row changes nothing here.

Each event that decides is set beside the newest proposal before it in the same stream, and both are led back from the login
that acted to the person behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CTE, ColumnElement, Subquery, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from portal.casework.context import Context
from portal.domain.reports import DECISIONS, Asked
from portal.models import AuditEvent, Case, Person, Staff
from portal.reports.figures import MINUTE, Result, Row, hours, number_of, percentiles, share, totals
from portal.reports.population import case_events, newest_before
from portal.reports.sql import once, seconds

# What decides, what it needs before it, and what it is called.
PAIRS: Mapping[str, tuple[str, str]] = {
    "case:removal:approved": ("case:removal:proposed", "remove"),
    "case:decline:approved": ("case:decline:proposed", "decline"),
    "case:unfreeze:agreed": ("case:unfreeze:proposed", "unfreeze"),
}
OPENED, SENT_BACK = "case:check:opened", "case:proposal:sent_back"
OF_REMOVALS = ("case:removal:approved", "case:decline:approved")
LISTED = 100  # counterexamples; one is a scandal already
BEFORE = len("staff:")

Proposing = aliased(AuditEvent, name="proposing")
Opening = aliased(AuditEvent, name="opening")


def _decisions(asked: Asked, *tags: str) -> CTE:
    """Each decision of the period, with the number of the proposal that it agrees to in the same stream."""
    needed = case({tag: PAIRS[tag][0] for tag in tags}, value=AuditEvent.tag)
    proposed = newest_before(AuditEvent, needed)
    event = (AuditEvent.case_id, AuditEvent.sseq, AuditEvent.tag, AuditEvent.at, AuditEvent.actor)
    query = case_events(*tags)(asked).chosen(asked, *event, Case.reference, proposed.label("proposed"))
    return once(query, "decisions")


def _by_two(asked: Asked) -> Subquery:
    """Each decision with the two persons behind it."""
    made = _decisions(asked, *PAIRS)
    second, first = aliased(Staff, name="second"), aliased(Staff, name="first")
    return (
        select(
            made.c.reference,
            made.c.tag,
            first.person_id.label("proposer"),
            second.person_id.label("approver"),
        )
        .select_from(made)
        .outerjoin(Proposing, and_(Proposing.case_id == made.c.case_id, Proposing.sseq == made.c.proposed))
        .outerjoin(first, first.id == func.substr(Proposing.actor, BEFORE + 1))
        .outerjoin(second, second.id == func.substr(made.c.actor, BEFORE + 1))
        .subquery("by_two")
    )


def _alone(pairs: Subquery) -> ColumnElement[bool]:
    """Not by two: one person twice, or somebody whom no login leads to."""
    return or_(pairs.c.proposer.is_(None), pairs.c.approver.is_(None), pairs.c.proposer == pairs.c.approver)


def four_eyes(ctx: Context, asked: Asked) -> Result:
    """Whether two persons made each decision. One statement, and one more where somebody has to be named."""
    pairs = _by_two(asked)
    alone = _alone(pairs)
    query = select(pairs.c.tag, func.count(), number_of(alone)).group_by(pairs.c.tag)
    found = {PAIRS[tag][1]: (number, wrong) for tag, number, wrong in ctx.session.execute(query)}
    rows = [
        (decision, number, number - wrong, wrong, share(number - wrong, number))
        for decision in DECISIONS
        if decision in found
        for number, wrong in [found[decision]]
    ]
    last = totals(asked, rows)
    _, number, by_two, wrong, _ = last
    named = select(pairs.c.reference).where(alone).order_by(pairs.c.reference).limit(LISTED)
    facts = {
        "decisions": number,
        "by_two": by_two,
        "coverage": share(by_two, number),
        "exceptions": wrong,
        "references": tuple(ctx.session.execute(named).scalars()) if wrong else (),
        "proof": proof(ctx, asked),
    }
    return Result(rows, (*last[:-1], share(by_two, number)), facts)


def proof(ctx: Context, asked: Asked) -> str:
    """The statement that finds every decision not made by two, for whoever wants to ask the database themselves."""
    pairs = _by_two(asked)
    query = select(pairs.c.reference, pairs.c.tag, pairs.c.proposer, pairs.c.approver).where(_alone(pairs))
    dialect = ctx.session.get_bind().dialect
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})) + ";"


def agents(ctx: Context, asked: Asked) -> Result:
    """How fast each second person decides, from the moment they opened the first check. Two statements."""
    made = _decisions(asked, *OF_REMOVALS)
    opened = (
        select(func.min(Opening.at))
        .where(
            Opening.case_id == made.c.case_id,
            Opening.sseq > made.c.proposed,
            Opening.sseq < made.c.sseq,
            Opening.tag == OPENED,
            Opening.actor == made.c.actor,
        )
        .correlate(made)
        .scalar_subquery()
    )
    values = (
        select(
            Staff.person_id.label("person"),
            made.c.tag,
            seconds(func.coalesce(opened, Proposing.at), made.c.at).label("value"),
        )
        .select_from(made)
        .join(Staff, Staff.id == func.substr(made.c.actor, BEFORE + 1))
        .outerjoin(Proposing, and_(Proposing.case_id == made.c.case_id, Proposing.sseq == made.c.proposed))
        .subquery("values")
    )
    limit = ctx.limits.fast_approval_minutes
    figures = {
        "declines": lambda ranked: number_of(ranked.c.tag == "case:decline:approved"),
        "fast": lambda ranked: number_of(ranked.c.value < limit * MINUTE),
    }
    decided = {row[0]: row[1:] for row in ctx.session.execute(percentiles(values, "person", more=figures))}
    back = _sent_back(ctx, asked)
    names = _names(ctx, decided.keys() | back.keys())
    rows = [_agent(person, name, decided.get(person), back.get(person, 0)) for person, name in names]
    rows.sort(key=lambda row: (-row[3], row[0]))
    last = totals(asked, rows)
    fast, number = last[3], last[1] + last[2]
    facts = {"decisions": number, "fast": fast, "minutes": limit, "agents": len(rows)}
    return Result(rows, (*last[:4], share(fast, number), *last[5:]), facts)


def _agent(person: str, name: str, decided: Any, back: int) -> Row:
    number, _whole, median, _p95, declines, fast = decided or (0, 0, None, None, 0, 0)
    approvals = number - declines
    return (name, approvals, declines, fast, share(fast, number), hours(median, unit=MINUTE), back, person)


def _sent_back(ctx: Context, asked: Asked) -> Mapping[str, int]:
    query = (
        case_events(SENT_BACK)(asked)
        .chosen(asked, Staff.person_id, func.count())
        .join(Staff, Staff.id == func.substr(AuditEvent.actor, BEFORE + 1))
        .group_by(Staff.person_id)
    )
    return dict(ctx.session.execute(query).all())


def _names(ctx: Context, persons: set[str]) -> list[tuple[str, str]]:
    query = select(Person.id, Person.name).where(Person.id.in_(persons)).order_by(Person.name, Person.id)
    return [(person, name) for person, name in ctx.session.execute(query)]
