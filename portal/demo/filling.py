"""Fills a new demo database: the staff, the stories, the history behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Flask
from sqlalchemy import select

from portal.config import SettingsError
from portal.demo import bulk, papers
from portal.demo.programme import OPENING, WALKS, Walk, perform
from portal.demo.stage import set_up
from portal.models import Installation, Staff
from portal.runtime import Runtime

CASES, SEED = 200, 1


def fill(
    runtime: Runtime,
    app: Flask,
    *,
    cases: int = CASES,
    seed: int = SEED,
    programme: Sequence[Walk] = WALKS,
    done: Callable[[int], None] = lambda _number: None,
) -> int:
    """Invent people, and so many cases; more where the stories need more. Returns how many there are.

    Raises SettingsError for a database that is not a demo's, or has its people already.
    """
    require_demo(runtime)
    if has_people(runtime):
        raise SettingsError(
            "This demo has its people already: for others, name an empty folder in KAIJO_DATA."
        )
    with runtime.sessions() as session, papers.painters() as painting:
        stage = set_up(runtime, app, session, painting, opening=OPENING)
        told = perform(stage, seed, programme, lambda: done(1))
        copies = max(0, cases - len(told))
        bulk.spread(stage, told, seed, copies, done)
        painting.hand_out(stage)
    return len(told) + copies


def require_demo(runtime: Runtime) -> None:
    """Refuse every database without the mark of a demo: invented people never come among real ones."""
    with runtime.sessions() as session:
        mark = session.execute(select(Installation.mark)).scalar_one_or_none()
    if mark != "demo" or not runtime.settings.demo:
        raise SettingsError(
            "Invented people come into a demo only: set KAIJO_DEMO=1 and name an empty folder in KAIJO_DATA."
        )


def has_people(runtime: Runtime) -> bool:
    """Whether anybody works here yet."""
    with runtime.sessions() as session:
        return session.execute(select(Staff.id).limit(1)).first() is not None
