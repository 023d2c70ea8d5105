"""The desk about itself: training cases, and what was deleted."""

from __future__ import annotations

from sqlalchemy import func, or_

from portal.casework.context import Context
from portal.domain.reports import Asked
from portal.domain.training import OUTCOMES, SCENARIOS
from portal.models import AuditEvent, Case, Training
from portal.reports.figures import Result, number_of, share, totals
from portal.reports.population import FILTERED, Population

DELETIONS = (
    "case:evidence:deleted",
    "case:network:deleted",
    "case:contact:deleted",
    "case:facts:deleted",
    "case:data:erased",
    "account:data:erased",
    "case:data:exported",
    "account:data:exported",
    "case:hold:placed",
    "case:hold:lifted",
    "system:retention:run",
    "system:retention:emptied",
    "system:export:expired",
)
CAUGHT = ("caught_first", "caught_second")


def training_cases(asked: Asked) -> Population:
    """Training cases, and nothing else."""
    source = Training.__table__.join(Case.__table__, Case.id == Training.case_id)
    chosen = (FILTERED[key] == value for key, value in asked.filters.items() if value)
    return Population(
        source, Case.created_at.expression, Case.id.expression, (Case.training.is_(True), *chosen)
    )


def training(ctx: Context, asked: Asked) -> Result:
    """How the desk did on each scenario. What still runs is only counted: its kind is nobody's to know yet. Two statements."""
    found = training_cases(asked)
    figures = [func.count(), *(number_of(Training.outcome == outcome) for outcome in OUTCOMES)]
    query = found.chosen(asked, Training.scenario, *figures).where(Training.opened_at.is_not(None))
    played = {row[0]: row[1:] for row in ctx.session.execute(query.group_by(Training.scenario))}
    rows = [(key, *played[key], _score(played[key][1:])) for key in SCENARIOS if key in played]
    last = totals(asked, rows)
    score = _score(last[2:6])
    running = found.chosen(asked, func.count()).where(Training.opened_at.is_(None))
    facts = {
        "played": last[1],
        "missed": last[4],
        "score": score,
        "running": ctx.session.execute(running).scalar_one(),
    }
    return Result(rows, (*last[:6], score), facts)


def _score(outcomes: tuple[int, ...]) -> float | None:
    """The share recognised, of those on which anybody decided."""
    by = dict(zip(OUTCOMES, outcomes, strict=True))
    caught = sum(by[outcome] for outcome in CAUGHT)
    return share(caught, caught + by["missed"])


def events_about_data(_asked: Asked) -> Population:
    """What was deleted, given to its owner or kept back, by the log; of cases, only real ones."""
    source = AuditEvent.__table__.outerjoin(Case.__table__, Case.id == AuditEvent.case_id)
    real = or_(Case.id.is_(None), Case.training.is_(False))
    return Population(
        source, AuditEvent.at.expression, AuditEvent.id.expression, (AuditEvent.tag.in_(DELETIONS), real)
    )


def deletions(ctx: Context, asked: Asked) -> Result:
    """How often each was done, and when first and last. One statement."""
    figures = (func.count(), func.min(AuditEvent.at), func.max(AuditEvent.at))
    query = events_about_data(asked).chosen(asked, AuditEvent.tag, *figures).group_by(AuditEvent.tag)
    rows = sorted((tuple(row) for row in ctx.session.execute(query)), key=lambda row: DELETIONS.index(row[0]))
    by = {row[0]: row[1] for row in rows}
    facts = {
        "deleted": sum(number for tag, number in by.items() if tag.endswith(":deleted")),
        "erased": sum(number for tag, number in by.items() if tag.endswith(":erased")),
        "held": by.get("case:hold:placed", 0),
    }
    return Result(rows, totals(asked, rows), facts)
