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
from portal import install, runtime
from portal.casework.context import Context
from portal.config import Settings
from portal.demo import filling
from portal.demo.programme import WALKS, Told, Walk
from portal.domain.lifecycle import SYSTEM, Status
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
class Filled:
    """`latest` is the last moment of anything in it, as it was when `end` came; `began` the moment before it was filled."""

    runtime: Runtime
    app: Flask
    session: Session
    told: Sequence[Told]
    began: datetime
    end: datetime
    latest: datetime
    last_step: int

    def close(self) -> None:
        self.session.close()
        self.runtime.engine.dispose()

    @property
    def ctx(self) -> Context:
        self.session.rollback()
        return self.runtime.context(self.session, SYSTEM)

    def story(self, key: str) -> Told:
        return next(each for each in self.told if each.walk.key == key)

    def case(self, key: str) -> Case:
        return self.session.get_one(Case, self.story(key).case_id)

    def all(self, table: type[Any], *conditions: Any) -> list[Any]:
        self.session.rollback()
        return list(self.session.execute(select(table).where(*conditions)).scalars())

    def copies(self) -> list[Case]:
        """Cases that no story left: the history behind them."""
        left = {each.case_id for each in self.told}
        named = {each.part.home.account_id for each in self.told if each.part.home}
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
    made = runtime.build(
        Settings(**{"data": folder, "database_url": url, "keys": keys, "demo": True, **changed})
    )
    install.upgrade(made)
    return made


def fill_one(url: str, folder: Path, programme: Sequence[Walk]) -> Filled:
    made = built(url, folder)
    app = wsgi.assemble(made)
    session = made.sessions()
    began = made.clock(session)
    session.rollback()
    told = filling.fill(made, app, cases=len(programme) + COPIES, programme=programme)
    moments = [session.execute(select(func.max(column))).scalar_one() for column in MOMENTS]
    last_step = session.execute(select(func.max(Staff.totp_last_step))).scalar_one()
    end = made.clock(session)
    session.rollback()
    return Filled(made, app, session, told, began, end, max(moments), last_step)
