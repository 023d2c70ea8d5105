"""Fills a new demo database: the staff, the stories, the history behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Flask
from sqlalchemy import select

from portal.config import SettingsError
from portal.demo import bulk, owners, papers
from portal.demo.programme import OPENING, WALKS, Told, Walk, perform
from portal.demo.stage import set_up
from portal.models import Staff
from portal.runtime import Runtime, check_installation

CASES, SEED = 200, 1


def fill(
    runtime: Runtime,
    app: Flask,
    *,
    cases: int = CASES,
    seed: int = SEED,
    programme: Sequence[Walk] = WALKS,
    done: Callable[[int], None] = lambda _number: None,
) -> list[Told]:
    """Invent people, and so many cases; more where the stories need more. Returns the stories.

    Raises SettingsError for a database that is not a demo's, or has its people already.
    """
    _refuse(runtime)
    with runtime.sessions() as session, papers.painters() as painting:
        stage = set_up(runtime, app, session, painting, opening=OPENING)
        owners.settle_in(stage.system, seed)
        told = perform(stage, seed, programme, lambda: done(1))
        bulk.spread(stage, told, seed, max(0, cases - len(told)), done)
        painting.hand_out(stage)
    return told


def _refuse(runtime: Runtime) -> None:
    require_demo(runtime)
    if has_people(runtime):
        raise SettingsError(
            "This demo has its people already: for others, name an empty folder in KAIJO_DATA."
        )
    if missing := sorted({"local", "runbook"} - runtime.connectors.keys()):
        raise SettingsError(f"The demo's stories need the connector {missing[0]}: unset KAIJO_CONNECTORS.")


def require_demo(runtime: Runtime) -> None:
    """Refuse every database without the mark of a demo: invented people never come among real ones."""
    require_demo_mode(runtime)
    check_installation(runtime)


def require_demo_mode(runtime: Runtime) -> None:
    """Refuse a process that serves real people, whatever its database is."""
    if not runtime.settings.demo:
        raise SettingsError(
            "Invented people live in a demo only: set KAIJO_DEMO=1 and name an empty folder in KAIJO_DATA."
        )


def has_people(runtime: Runtime) -> bool:
    """Whether anybody works here yet."""
    with runtime.sessions() as session:
        return session.execute(select(Staff.id).limit(1)).first() is not None
