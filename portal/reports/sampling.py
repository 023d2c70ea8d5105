"""A sample of removals to be audited again, drawn so that nobody can steer it and everybody can draw it once more.

The order is that of SHA-256 over the seed and the case's id. Without a seed of one's own it is the root of the first signed
head after the period's end, which nobody knew while the period's decisions were made.
"""

from __future__ import annotations

import hashlib
from heapq import nsmallest

from sqlalchemy import func, select

from portal.casework.context import Context
from portal.domain import periods
from portal.domain.reports import Asked
from portal.models import AuditCheckpoint, Case
from portal.reports.figures import Result, Row
from portal.reports.lists import DECIDER_IDS, DECIDERS, MATCHED, methods, with_deciders
from portal.reports.population import Population, cases
from portal.reports.reading import streamed


def agreed_removals(asked: Asked) -> Population:
    """Requests on whose removal two persons have agreed."""
    found = cases(asked)
    agreed = (Case.decision == "remove", Case.approved_at.is_not(None))
    return Population(found.source, found.at, found.id, (*found.conditions, *agreed))


def draw(seed: str, case_id: str) -> str:
    """The place of a case in the lottery."""
    return hashlib.sha256(f"{seed}{case_id}".encode()).hexdigest()


def seed_of(ctx: Context, asked: Asked) -> str:
    """The seed that was given, or the one that the log gives; its days, where the log was never signed."""
    if asked.seed:
        return asked.seed
    _, beyond = periods.bounds(asked.start, asked.end)
    heads = select(AuditCheckpoint.root)
    after = heads.where(AuditCheckpoint.at >= beyond).order_by(AuditCheckpoint.at).limit(1)
    newest = heads.order_by(AuditCheckpoint.size.desc()).limit(1)
    roots = (ctx.session.execute(query).scalar_one_or_none() for query in (after, newest))
    return next((root for root in roots if root), f"{asked.start}/{asked.end}")


def sample(ctx: Context, asked: Asked) -> Result:
    """Reads every id of the period, one after the other, and keeps the few that are drawn. Up to four statements."""
    seed, found = seed_of(ctx, asked), agreed_removals(asked)
    ids = streamed(ctx.session, found.chosen(asked, Case.id), None)
    drawn = nsmallest(ctx.limits.audit_sample, ((draw(seed, case_id), case_id) for (case_id,) in ids))
    shown = _rows(ctx, [case_id for _, case_id in drawn])
    rows = [(place, *shown[case_id], ticket) for place, (ticket, case_id) in enumerate(drawn, 1)]
    whole = ctx.session.execute(found.chosen(asked, func.count())).scalar_one()
    return Result(rows, None, {"drawn": len(rows), "requests": whole, "seed": seed})


def _rows(ctx: Context, case_ids: list[str]) -> dict[str, Row]:
    found = select(
        *(Case.id, Case.reference, MATCHED, *DECIDERS, Case.approved_at),
        *(Case.language, Case.tier, Case.policy_set, *DECIDER_IDS),
    ).where(Case.id.in_(case_ids))
    rows = ctx.session.execute(with_deciders(found))
    return {case_id: (reference, methods(matched), *more) for case_id, reference, matched, *more in rows}
