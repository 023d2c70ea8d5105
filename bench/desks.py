"""Installations to measure: one as owners meet it in production, and a demo that can hold any number of cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.durable import Store
from portal import install, paper_keys, runtime
from portal.casework import drafts, sessions
from portal.config import Settings, from_environment
from portal.domain.lifecycle import SYSTEM, Actor, Role
from portal.engine import machine_time
from portal.models import Staff, StaffRole
from portal.runtime import Runtime
from portal.vault import Keys
from tests.public.visitor import ANSWERS

HOST = "kaijo.example"
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
    paper_keys.make(keys, HOST, machine_time())
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
def demo(store: Store, name: str) -> Iterator[Desk]:
    """An empty demo, one of several."""
    folder = store.folder / name
    Keys.generate(folder / "keys")
    paper_keys.make(folder / "keys", HOST, machine_time() - install.DEMO_PAST)
    settings = Settings(data=folder, database_url=store.make(name), keys=folder / "keys", demo=True)
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


def holder(session: Session, role: Role) -> Staff:
    """Somebody who has this role."""
    query = select(Staff).join(StaffRole).where(StaffRole.role == role).limit(1)
    return session.execute(query).scalar_one()


def signed_in(desk: Desk, app: Flask, role: Role) -> FlaskClient:
    """The browser of somebody who has this role and has just signed in."""
    with desk.runtime.sessions() as session:
        ctx = desk.runtime.context(session, SYSTEM)
        # not with password and code: a code counts once, and the next one comes in half a minute
        with ctx.act():
            opened = sessions.start(ctx, holder(session, role), "full")
    client = app.test_client()
    client.set_cookie("staff", opened.cookie)
    return client
