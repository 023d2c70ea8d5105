"""Whether what was promised was kept: what the checks found, how long was waited, who said "this was not me"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, func, or_, select
from sqlalchemy.orm import aliased

from portal.casework.context import Context
from portal.domain.lifecycle import Status
from portal.domain.limits import LIMITS
from portal.domain.methods import METHODS
from portal.domain.policy import POLICY_SETS
from portal.domain.reports import FILTERS, STOP_CHANNELS, Asked
from portal.models import Account, AuditEvent, Case, IdentityCheck, Objection
from portal.reports.figures import HOUR, Result, hours, number_of, share, totals
from portal.reports.population import Population, case_events, cases, newest_before
from portal.reports.sql import once, said, said_moment, seconds

RESULTS = ("match", "mismatch", "could_not")
FROZEN = ("case:objection:received", "case:objection:opened")


def checks(ctx: Context, asked: Asked) -> Result:
    """What each method found. One statement."""
    figures = [
        func.count(),
        *(number_of(IdentityCheck.result == result) for result in RESULTS),
        number_of(IdentityCheck.repeated),
        number_of(IdentityCheck.voided_at.is_not(None)),
    ]
    query = (
        cases(asked)
        .chosen(asked, IdentityCheck.method, *figures)
        .join(IdentityCheck, IdentityCheck.case_id == Case.id)
        .group_by(IdentityCheck.method)
    )
    found = {row[0]: row[1:] for row in ctx.session.execute(query)}
    rows = [
        (method, number, match, differs, unclear, share(number - match, number), again, void)
        for method in METHODS
        if method in found
        for number, match, differs, unclear, again, void in [found[method]]
    ]
    last = totals(asked, rows)
    number, match = last[1], last[2]
    failed = share(number - match, number)
    facts = {"checks": number, "matched": match, "failed_share": failed}
    return Result(rows, (*last[:5], failed, *last[6:]), facts)


# No setting can make a wait shorter than this.
LEAST: ColumnElement[int] = case(
    (Case.policy_set == "last_resort", LIMITS["wait_last_resort_hours"].low),
    *((Case.tier == tier, LIMITS[f"wait_{tier}_hours"].low) for tier in FILTERS["tier"]),
)
STARTED = "case:removal:started"
BEGAN, EXTENDED = "case:waiting:started", "case:waiting:extended"  # both say until when a wait runs
Ruling = aliased(AuditEvent, name="ruling")
Beginning = aliased(AuditEvent, name="beginning")


def _waits(asked: Asked) -> Select[Any]:
    """Each removal beside the event that ruled its wait, by the log: no row of a case can say that it waited too short."""
    began = case_events(STARTED)(asked).chosen(
        asked,
        AuditEvent.case_id,
        AuditEvent.at,
        Case.tier,
        Case.policy_set,
        LEAST.label("least"),
        newest_before(AuditEvent, BEGAN, EXTENDED).label("ruled"),
    )
    each = once(began, "began")
    until = said_moment(Ruling.event_bytes, "until")
    agreed = cast(said(Ruling.event_bytes, "hours"), Integer) * HOUR
    measured = (
        select(
            *(each.c[name] for name in ("tier", "policy_set", "least")),
            seconds(_since(), until).label("due"),
            seconds(_since(), each.c.at).label("waited"),
            agreed.label("agreed"),  # an extension says only until when
        )
        .select_from(each)
        .outerjoin(Ruling, and_(Ruling.case_id == each.c.case_id, Ruling.sseq == each.c.ruled))
    )
    return _summed(once(measured, "measured").c)


def _summed(wait: Any) -> Select[Any]:
    short = or_(wait.due.is_(None), wait.waited < wait.due, wait.waited < wait.least * HOUR)
    longer = and_(wait.due.is_not(None), or_(wait.agreed.is_(None), wait.due > wait.agreed))
    figures = (
        func.min(wait.due),
        func.min(wait.waited),
        func.sum(wait.waited),
        number_of(longer),
        number_of(short),
    )
    keys = (wait.tier, wait.policy_set)
    return select(*keys, func.count(), *figures).group_by(*keys)


def _since() -> ColumnElement[Any]:
    """When the wait began: it is mostly the beginning itself that rules, and seldom an extension of it."""
    earlier = (
        select(func.max(Beginning.at))
        .where(Beginning.case_id == Ruling.case_id, Beginning.sseq < Ruling.sseq, Beginning.tag == BEGAN)
        .correlate(Ruling)
        .scalar_subquery()
    )
    return case((Ruling.tag == BEGAN, Ruling.at), else_=earlier)


def waits(ctx: Context, asked: Asked) -> Result:
    """How long was waited before each removal, and whether ever too short. One statement."""
    rows = [
        (tier, chosen, number, hours(due), hours(least), hours(whole, number), extended, shortened)
        for tier, chosen, number, due, least, whole, extended, shortened in ctx.session.execute(_waits(asked))
    ]
    tiers, sets = FILTERS["tier"], tuple(POLICY_SETS)
    rows.sort(key=lambda row: (tiers.index(row[0]), sets.index(row[1]) if row[1] in sets else -1))
    last = totals(asked, rows)
    return Result(rows, last, {"removals": last[2], "extended": last[6], "shortened": last[7]})


def objections_of(_asked: Asked) -> Population:
    """What was said against a removal, with a request or without one."""
    source = Objection.__table__.outerjoin(Case.__table__, Case.id == Objection.case_id).outerjoin(
        Account.__table__, Account.id == Objection.account_id
    )
    real = (
        or_(Case.id.is_(None), Case.training.is_(False)),
        or_(Account.id.is_(None), Account.training.is_(False)),
    )
    return Population(source, Objection.at.expression, Objection.id.expression, real)


def objections(ctx: Context, asked: Asked) -> Result:
    """What came of each "this was not me". Two statements."""
    figures = [
        func.count(),
        func.count(Objection.case_id),
        number_of(Objection.outcome.is_(None)),
        *(number_of(Objection.outcome == outcome) for outcome in ("upheld", "founded", "noted")),
        func.sum(seconds(Objection.at, Objection.decided_at)),
        func.count(Objection.decided_at),
    ]
    query = objections_of(asked).chosen(asked, Objection.channel, *figures).group_by(Objection.channel)
    found = {row[0]: row[1:] for row in ctx.session.execute(query)}
    rows = [
        (channel, *found[channel][:-2], hours(*found[channel][-2:]))
        for channel in STOP_CHANNELS
        if channel in found
    ]
    last = totals(asked, rows)
    facts = {"objections": last[1], "undecided": last[3], "founded": last[5], **_freezes(ctx, asked)}
    return Result(rows, last, facts)


def _freezes(ctx: Context, asked: Asked) -> Mapping[str, Any]:
    """How many requests were held in the period. By the log, because a case remembers only its last freeze."""
    query = case_events(*FROZEN)(asked).chosen(asked, func.count())
    frozen = query.where(AuditEvent.status_after == Status.FROZEN)
    return {"frozen": ctx.session.execute(frozen).scalar_one()}
