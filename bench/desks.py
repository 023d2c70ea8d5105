"""Installations to measure: one as owners meet it in production, and a demo that can hold any number of cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from bench.durable import Store
from portal import install, runtime
from portal.casework import drafts
from portal.config import Settings, from_environment
from portal.demo import bulk, programme
from portal.demo.stage import set_up
from portal.domain.lifecycle import Actor, Role
from portal.runtime import Runtime
from portal.vault import Keys
from tests.public.visitor import ANSWERS

HOST = "kaijo.example"
SEED = 1
# One for each status that most cases are in; the demo's other stories take long and would be few.
STORIES = frozenset(
    "new claimed asked proposed agreed ready removed declined withdrawn never_confirmed".split()
)
OWNER = Actor(roles=frozenset({Role.OWNER}))


@dataclass(frozen=True)
class Desk:
    runtime: Runtime
    environ: Mapping[str, str] = field(default_factory=dict)  # with which a process joins it


@contextmanager
def live(store: Store) -> Iterator[Desk]:
    """An installation behind one proxy, as an operator would set it up. Nothing mails: no worker runs."""
    keys = store.folder / "live-keys"
    Keys.generate(keys)
    environ = {
        "KAIJO_DATA": str(store.folder / "live"),
        "KAIJO_DATABASE_URL": store.make("live"),
        "KAIJO_KEYS": str(keys),
        "KAIJO_BASE_URL": f"https://{HOST}",
        "KAIJO_PROXIES": "1",
        "KAIJO_SMTP_HOST": "127.0.0.1",
        "KAIJO_SMTP_TLS": "none",
        "KAIJO_SMTP_FROM": f"desk@{HOST}",
        "KAIJO_EMERGENCY": "03-0000-0000",
    }
    with _built(from_environment(environ)) as made:
        yield Desk(made, environ)


@contextmanager
def demo(store: Store) -> Iterator[Desk]:
    keys = store.folder / "demo-keys"
    Keys.generate(keys)
    settings = Settings(
        data=Path(store.folder, "demo"), database_url=store.make("demo"), keys=keys, demo=True
    )
    with _built(settings) as made:
        yield Desk(made)


@contextmanager
def _built(settings: Settings) -> Iterator[Runtime]:
    made = runtime.build(settings)
    try:
        install.upgrade(made)
        yield made
    finally:
        made.engine.dispose()


def fill_in(desk: Desk, owners: Iterable[int]) -> list[str]:
    """Fill in the request form for each owner, up to "check your answers"; gives the drafts' cookies."""
    said = {name: value for page in ANSWERS.values() for name, value in page.items()}
    made = []
    with desk.runtime.sessions() as session:
        for owner in owners:
            ctx = desk.runtime.context(session, OWNER)
            made.append(drafts.start(ctx, {**said, "account_email": f"owner{owner}@mail.example"}))
    return made


def make_history(desk: Desk, app: Flask, cases: int, done: Callable[[int], None]) -> None:
    """Walk some stories through the real acts, and put so many copies of them into the database, batch by batch."""
    now = datetime.now(UTC)
    with desk.runtime.sessions() as session:
        stage = set_up(desk.runtime, app, session, begins=now - programme.OPENING, end=now)
        stories = [walk for walk in programme.WALKS if walk.key in STORIES]
        told = programme.perform(stage, SEED, stories, lambda: None)
        bulk.spread(stage, told, SEED, cases, done)
