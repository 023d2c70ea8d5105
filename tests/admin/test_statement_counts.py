"""Every page asks the database as often with ten thousand cases as with ten, and as often as is written here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

import wsgi
from portal.casework import sessions, templates
from portal.demo import bulk, owners, papers
from portal.demo.programme import OPENING, WALKS, Told, perform
from portal.demo.stage import Stage, set_up
from portal.domain import periods
from portal.domain.lifecycle import SYSTEM
from portal.models import Case, Staff
from portal.runtime import Runtime
from tests.demo.filled import built

MANY, SEED = 10_000, 1
MONTH = timedelta(days=30)
# Ten stories, from each place where cases pile up; they are told, and then copied.
STORIES = (
    *("new", "overdue", "claim_lapsed", "device_found", "unmatched", "asked"),
    *("reminded", "proposed", "agreed", "stopped"),
)

# Page, who looks, and how many times it reads. Without finding the session, which is read again each time that it is kept
# awake, and without what a look writes, that somebody is there: both depend on the clock. "60+1": one more where a list that
# is empty with ten cases has something in it with ten thousand, however much.
TABLE = """
/admin/queue/                                            kobayashi   8
/admin/queue/?view=mine                                  mori        8
/admin/queue/?view=due_soon                              kobayashi   8
/admin/queue/?view=second_approval                       ishii       8
/admin/queue/?view=waiting_period                        kobayashi   8
/admin/queue/?view=waiting_owner                         mori        8
/admin/queue/?view=on_hold                               kobayashi   8
/admin/queue/?view=ja                                    clarke      8
/admin/queue/?view=open                                  nakajima    8
/admin/queue/?view=closed                                nakajima    7
/admin/queue/?view=open&sort=-due                        mori        8
/admin/queue/?view=open&sort=received                    mori        8
/admin/queue/?view=open&sort=-received                   mori        8
/admin/queue/?view=open&status=queued                    mori        8
/admin/queue/?view=open&language=en                      mori        8
/admin/queue/?view=open&tier=privileged                  mori        8
/admin/queue/?view=open&assignee=nobody                  mori        8
/admin/queue/?q={reference}                              mori        12
/admin/queue/?q={name}                                   mori        12
/admin/case/{device_found}                               mori        61+1
/admin/case/{device_found}                               nakajima    59+1
/admin/case/{asked}                                      mori        58+1
/admin/case/{proposed}                                   ishii       60+1
/admin/case/{stopped}                                    kobayashi   55+1
/admin/case/{device_found}/live?version=1&doing=viewing  clarke      8
/admin/checks/{device_found}/record/D2                   mori        35
/admin/decisions/{device_found}/propose                  mori        39
/admin/decisions/{proposed}/approve                      ishii       130
/admin/freezes/{stopped}/propose                         kobayashi   96
/admin/messages/{device_found}/reply                     mori        68
/admin/messages/{device_found}/note                      mori        62
/admin/board/                                            kobayashi   6
/admin/safety/                                           kobayashi   13
/admin/training/                                         kobayashi   6
/admin/templates/                                        kobayashi   3
/admin/templates/{template}                              kobayashi   3
/admin/undelivered/                                      kobayashi   8
/admin/colleagues/                                       okada       11
/admin/colleagues/{staff}                                okada       11
/admin/register/                                         okada       4
/admin/accounts/                                         okada       2
/admin/accounts/{account}                                kobayashi   13
/admin/reports/                                          nakajima    3
/admin/exports/                                          nakajima    3
/admin/exports/new?report=cases                          nakajima    2
/admin/reports/cases                                     nakajima    2
/admin/reports/volumes/result?{days}                     nakajima    6
/admin/reports/parity/result?{days}                      nakajima    7
/admin/reports/four_eyes/result?{days}                   nakajima    9
/admin/reports/cases/result?{days}                       nakajima    7+1
/admin/retention/                                        kobayashi   20
/admin/retention/case/{stopped}                          kobayashi   18
/admin/own/                                              mori        2
"""


def pages() -> Mapping[tuple[str, str], str]:
    rows = (line.split() for line in TABLE.splitlines() if line.strip())
    return {(address, name): number for address, name, number in rows}


class Desk:
    """A demo with few cases that can be made many, and somebody of each kind at a browser."""

    def __init__(self, runtime: Runtime, session: Session, stage: Stage, told: list[Told]) -> None:
        self.runtime, self.session, self.stage, self.told = runtime, session, stage, told
        self.app: Flask = stage.app
        self.staff = {one.email.partition("@")[0]: one.id for one in session.execute(select(Staff)).scalars()}
        self.clients: dict[str, FlaskClient] = {}
        self.known = self._known()

    def _known(self) -> dict[str, str]:
        cases = {each.walk.key: each.case_id for each in self.told}
        case = self.session.get_one(Case, cases["device_found"])
        lead = self.stage.staff("kobayashi")
        made = templates.create(lead, "en", "Thanks", "Thank you", "Thank you for writing to us.")
        return {
            **cases,
            "reference": case.reference,
            "name": quote(next(each.part.human for each in self.told if each.case_id == case.id).name),
            "account": str(case.account_id),
            "staff": self.staff["mori"],
            "template": made.id,
            "days": f"start={periods.today(lead.now - MONTH)}&end={periods.today(lead.now)}",
        }

    def client(self, name: str) -> FlaskClient:
        """The browser of somebody who has just signed in: not with a code, which would count once."""
        if name not in self.clients:
            ctx = self.runtime.context(self.session, SYSTEM)
            with ctx.act():
                login = self.session.get_one(Staff, self.staff[name])
                opened = sessions.start(ctx, login, "full")
            self.clients[name] = self.app.test_client()
            self.clients[name].set_cookie("staff", opened.cookie)
        return self.clients[name]

    def reads(self) -> dict[tuple[str, str], int]:
        """How often each page reads, at the second look: the first may have something to learn."""
        found = {}
        for address, name in pages():
            there = address.format(**self.known)
            for _look in range(2):
                with reading(self.runtime) as seen:
                    response = self.client(name).get(there)
                assert response.status_code == 200, (there, name, response.status_code)
            found[address, name] = len(seen)
        return found


@contextmanager
def reading(runtime: Runtime) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        plain = " ".join(statement.split())
        if plain.startswith(("SELECT", "WITH")) and " FROM " in plain and "FROM staff_session" not in plain:
            seen.append(plain)

    event.listen(runtime.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(runtime.engine, "before_cursor_execute", note)


@contextmanager
def desk_on(database_url: str, folder: Path) -> Iterator[Desk]:
    runtime = built(database_url, folder)
    app = wsgi.assemble(runtime)
    programme = [walk for walk in WALKS if walk.key in STORIES]
    with runtime.sessions() as session, papers.painters() as painting:
        stage = set_up(runtime, app, session, painting, opening=OPENING)
        owners.settle_in(stage.system, SEED)
        told = perform(stage, SEED, programme, lambda: None)
        yield Desk(runtime, session, stage, told)
    runtime.engine.dispose()


def spread(stage: Stage, told: list[Told], number: int) -> None:
    stage.session.rollback()
    bulk.spread(stage, told, SEED, number, lambda _made: None)
    stage.session.rollback()
    if stage.session.get_bind().dialect.name == "postgresql":
        stage.session.execute(text("ANALYZE"))  # what autovacuum does by itself within a minute
        stage.session.commit()


def test_every_page_reads_as_often_with_ten_thousand_cases_as_with_ten_and_as_is_written(
    database_url: str, tmp_path: Path
):
    with desk_on(database_url, tmp_path) as desk:
        few = desk.reads()
        spread(desk.stage, desk.told, MANY - len(STORIES))
        many = desk.reads()

    found = {page: read_as(few[page], many[page]) for page in few}
    assert found == pages(), written(found)


def read_as(few: int, many: int) -> str:
    """A number of reads as the table has it."""
    return str(few) if few == many else f"{few}{many - few:+}"


def written(found: Mapping[tuple[str, str], str]) -> str:
    """The table as it would have to be."""
    return "\n" + "\n".join(f"{address:<57}{name:<12}{number}" for (address, name), number in found.items())
