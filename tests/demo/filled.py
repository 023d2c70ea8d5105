"""A demo that was filled, and questions to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import wsgi
from portal import install, paper_keys, runtime
from portal.casework.context import Context
from portal.config import Settings
from portal.demo import filling
from portal.demo.households import Household
from portal.demo.people import Human
from portal.demo.programme import WALKS, Walk
from portal.domain.lifecycle import SYSTEM, Status
from portal.engine import machine_time
from portal.models import AuditEvent, Case, DemoMail, Staff
from portal.runtime import Runtime
from portal.vault import Keys
from tests.casework.staffroom import use_cheap_hashes

COPIES = 150
MOMENTS = (AuditEvent.at, DemoMail.at, Case.status_at)
SPECIAL = (
    "unmatched",
    "contested",
    "company_letter",
    "unreached",
    "sent_twice",
    "company_removed",
    "removal_failed",
    "wait_ends_soon",
)
FIRST = {status: next(walk.key for walk in WALKS if walk.status is status) for status in Status}
FEW = tuple(walk for walk in WALKS if walk.key in {*FIRST.values(), *SPECIAL})


@dataclass(frozen=True)
class Left:
    """A case that a story has left, and whom it was about."""

    walk: str
    status: Status
    human: Human
    home: Household | None
    case_id: str


@dataclass(frozen=True)
class Record:
    """What is known of a filled demo. `latest` is the last moment of anything in it, when `end` came."""

    told: Sequence[Left]
    began: datetime
    end: datetime
    latest: datetime
    last_step: int


@dataclass(frozen=True)
class Filled:
    runtime: Runtime
    app: Flask
    session: Session
    record: Record

    def close(self) -> None:
        self.session.close()
        self.runtime.engine.dispose()

    @property
    def ctx(self) -> Context:
        self.session.rollback()
        return self.runtime.context(self.session, SYSTEM)

    @property
    def told(self) -> Sequence[Left]:
        return self.record.told

    def story(self, key: str) -> Left:
        return next(each for each in self.told if each.walk == key)

    def case(self, key: str) -> Case:
        return self.session.get_one(Case, self.story(key).case_id)

    def all(self, table: type[Any], *conditions: Any) -> list[Any]:
        self.session.rollback()
        return list(self.session.execute(select(table).where(*conditions)).scalars())

    def copies(self) -> list[Case]:
        """Cases that no story left: the history behind them."""
        left = {each.case_id for each in self.told}
        named = {each.home.account_id for each in self.told if each.home}
        return [case for case in self.all(Case) if case.id not in left and case.account_id not in named]

    def mails(self, address: str) -> list[EmailMessage]:
        rows = self.all(DemoMail, DemoMail.recipient == address)
        found = [message_from_bytes(row.raw, policy=default) for row in sorted(rows, key=lambda row: row.at)]
        return [mail for mail in found if isinstance(mail, EmailMessage)]


def built(url: str, folder: Path, **changed: Any) -> Runtime:
    """A demo's runtime on a marked, empty database."""
    use_cheap_hashes()
    keys = folder / "keys"
    if not keys.exists():
        Keys.generate(keys)
        paper_keys.make(keys, "Kaijo", machine_time() - install.DEMO_PAST)
    made = runtime.build(
        Settings(**{"data": folder, "database_url": url, "keys": keys, "demo": True, **changed})
    )
    install.upgrade(made)
    return made


def fill_one(made: Runtime, programme: Sequence[Walk]) -> Record:
    """Fill a demo and note what its tests want to know."""
    app = wsgi.assemble(made)
    with made.sessions() as session:
        began = made.clock(session)
        session.rollback()  # nothing stays open while the stories are told
        told = filling.fill(made, app, cases=len(programme) + COPIES, programme=programme)
        moments = [session.execute(select(func.max(column))).scalar_one() for column in MOMENTS]
        last_step = session.execute(select(func.max(Staff.totp_last_step))).scalar_one()
        left = [
            Left(each.walk.key, each.walk.status, each.part.human, each.part.home, each.case_id)
            for each in told
        ]
        return Record(left, began, made.clock(session), max(moments), last_step)


def opened(made: Runtime, record: Record) -> Filled:
    return Filled(made, wsgi.assemble(made), made.sessions(), record)
