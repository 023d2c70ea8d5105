"""What a process of the desk is made of, whatever it is: web, worker or command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, inspect, select
from sqlalchemy.orm import Session, sessionmaker

from portal.casework.context import Context, Origin
from portal.config import Settings, SettingsError
from portal.connectors import Connector
from portal.connectors.table import connectors_for
from portal.domain.lifecycle import Actor
from portal.domain.limits import Limits
from portal.engine import database_time, make_engine
from portal.models import Installation
from portal.telephone import TELEPHONES, Telephone
from portal.vault import Keys, Vault, VaultError

NOWHERE = Origin()
Clock = Callable[[Session], datetime]


@dataclass(frozen=True)
class Runtime:
    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]
    vault: Vault
    limits: Limits
    connectors: Mapping[str, Connector]
    telephone: Telephone | None
    clock: Clock

    def context(self, session: Session, actor: Actor, origin: Origin = NOWHERE) -> Context:
        """A context at the present moment: the clock is read once, here."""
        return Context(
            session=session,
            actor=actor,
            now=self.clock(session),
            limits=self.limits,
            vault=self.vault,
            connectors=self.connectors,
            telephone=self.telephone,
            origin=origin,
            call_countries=self.settings.call_countries,
        )


def build(settings: Settings, *, engine: Engine | None = None, clock: Clock | None = None) -> Runtime:
    """Put a process together. Raises SettingsError with what to do when keys are missing or unsafe."""
    try:
        vault = Vault(Keys.load(settings.keys))
    except VaultError as error:
        raise SettingsError(str(error)) from None
    engine = engine or make_engine(settings.database_url)
    return Runtime(
        settings=settings,
        engine=engine,
        # Rows stay readable after an act's commit; the next act expires them before it reads.
        sessions=sessionmaker(engine, expire_on_commit=False),
        vault=vault,
        limits=settings.limits,
        connectors=connectors_for(settings.connectors, vault),
        telephone=TELEPHONES[settings.telephone](settings),
        clock=clock or database_time,
    )


def check_installation(runtime: Runtime) -> None:
    """Refuse a database of the other kind: a demo database starts only in demo mode, and no other does. Raises SettingsError."""
    with runtime.sessions() as session:
        is_made = inspect(session.connection()).has_table(Installation.__tablename__)
        mark = session.execute(select(Installation.mark)).scalar_one_or_none() if is_made else None
    wanted = "demo" if runtime.settings.demo else "live"
    if mark is None:
        raise SettingsError("The database is empty: run `flask db upgrade` first.")
    if mark != wanted:
        raise SettingsError(
            f"This is a {mark} database, and KAIJO_DEMO says {wanted}: name another database in KAIJO_DATABASE_URL or KAIJO_DATA."
        )
