"""What compliance takes away and relies on: files of a million cases, the check of a million events, pages about all of it.

On PostgreSQL alone, whose place it is to hold so many. The desk is filled by its stories and copied by the database.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial

from flask import Flask
from sqlalchemy import func, select

import wsgi
from bench import copies
from bench.desks import Desk, demo, signed_in
from bench.durable import Store, postgresql
from bench.figures import Figure, middle
from bench.machine import Usage, metered
from bench.plan import Plan, Say
from bench.queue_page import PROGRAMME, Get, Seen, in_turns
from bench.servers import ROOT
from portal.demo import filling
from portal.domain.lifecycle import SYSTEM, Role
from portal.domain.periods import bounds, today
from portal.models import AuditEvent, Case
from portal.tlog import checkpoints, signer
from portal.tlog.keeper import Keeper
from tests.tlog.desk import answering

LONGEST = 1800  # seconds for one piece of work
REPORT = "cases"
# The page that every report begins with, and the one that answers "show me every removal".
PAGES = ("volumes", "removals")


@dataclass(frozen=True)
class Took:
    """What one piece of work took: seconds by the clock, on its own processor and on the database's; megabytes; and what came."""

    seconds: float
    processor: float
    grown: float
    rows: int
    database: float
    others: float
    bytes: int = 0
    hashing: float = 0.0

    @property
    def per_second(self) -> float:
        return self.rows / self.seconds

    def said(self) -> str:
        return f"{self.processor:.1f} + {self.database:.1f} s"


@dataclass(frozen=True)
class Evidence:
    """The desk under measurement, and how many of its first cases a report of one year has."""

    store: Store
    desk: Desk
    app: Flask
    period: Mapping[str, str]
    in_period: int
    events: int

    @property
    def pages(self) -> Mapping[str, Get]:
        client = signed_in(self.desk, self.app, Role.COMPLIANCE)
        return {
            name: partial(client.get, f"/admin/reports/{name}/result", query_string=self.period)
            for name in PAGES
        }

    def work(self, kind: str) -> Took:
        """Have it done by a process of its own."""
        settings, usage = self.desk.runtime.settings, Usage()
        given = {
            "data": str(settings.data),
            "keys": str(settings.keys),
            "database_url": settings.database_url,
            "asked": {"report": REPORT, **self.period},
        }
        with metered(usage, self.store.pids):
            done = subprocess.run(
                [sys.executable, "-m", "bench.long_work", kind],
                check=True,
                cwd=ROOT,
                input=json.dumps(given),
                stdout=subprocess.PIPE,
                text=True,
                timeout=LONGEST,
            )
        return Took(
            **json.loads(done.stdout), database=usage.seconds["database"], others=usage.share("others")
        )


def measure(plan: Plan, say: Say) -> Iterator[Figure]:
    with postgresql() as store, demo(store, "evidence") as desk, _signing(desk):
        app = wsgi.create_app(runtime=desk.runtime)
        say(f"evidence: make {plan.few_cases:,} cases")
        filling.fill(desk.runtime, app, cases=plan.few_cases, programme=PROGRAMME)
        _keep(desk)
        made = _described(store, desk, app)
        say("evidence: look at reports of few cases")
        few = _looked(made, plan, plan.few_cases)

        sheet = -(-plan.many_cases // made.in_period)
        say(f"evidence: XLSX of {plan.many_cases:,} cases")
        copies.with_their_log(desk.runtime.engine, 1, sheet - 1)
        yield _file("XLSX", made.work("xlsx"), made.work("copy"))

        logged = max(sheet, -(-plan.events // made.events))
        say(f"evidence: place and sign {plan.events:,} events")
        copies.with_their_log(desk.runtime.engine, sheet, logged - 1)
        _keep(desk)
        say(f"evidence: check {plan.events:,} events")
        yield from _checked(made.work("check"), made.work("digest"))

        most = max(logged, -(-plan.most_cases // made.in_period))
        say(f"evidence: CSV of {plan.most_cases:,} cases")
        copies.with_their_removals(desk.runtime.engine, logged, most - 1)
        yield _file("CSV", made.work("csv"), made.work("copy"))
        say(f"evidence: look at reports of {plan.most_cases:,} cases")
        yield from _page_figures(_looked(made, plan, most * plan.few_cases), few)


def _described(store: Store, desk: Desk, app: Flask) -> Evidence:
    with desk.runtime.sessions() as session:
        now = desk.runtime.context(session, SYSTEM).now
        end = today(now)
        start = end - timedelta(days=desk.runtime.limits.report_days - 1)
        first, beyond = bounds(start, end)
        within = select(func.count()).where(Case.created_at >= first, Case.created_at < beyond)
        events = select(func.count()).where(AuditEvent.case_id.is_not(None))
        numbers = [session.execute(query).scalar_one() for query in (within, events)]
    return Evidence(
        store, desk, app, {"start": start.isoformat(), "end": end.isoformat(), "basis": "received"}, *numbers
    )


def _looked(made: Evidence, plan: Plan, cases: int) -> Seen:
    return in_turns(made.store, made.desk, made.pages, plan.page_views, cases)


@contextmanager
def _signing(desk: Desk) -> Iterator[None]:
    """The desk's signer, as long as the block lasts."""
    settings = desk.runtime.settings
    home = settings.data / "signer"
    signer.make_key(home, "bench.example/log")
    (settings.keys / checkpoints.PUBLISHED).write_text((home / signer.PUBLISHED).read_text())
    with answering(home, settings.signer_socket):
        yield


def _keep(desk: Desk) -> None:
    """Give every event its place, and have the tree signed as if a minute had gone by."""
    copies.place(desk.runtime.sessions)
    keeper = Keeper(desk.runtime)
    keeper.placed |= checkpoints.AT_ONCE
    keeper.turn()


def _file(form: str, ours: Took, floor: Took) -> Figure:
    differ = f"{form}: {ours.rows:,} rows, and COPY has {floor.rows:,}." if ours.rows != floor.rows else ""
    return _figure(f"{form}, {ours.rows:,} cases", ours, floor, floor.per_second, "COPY", differ)


def _checked(ours: Took, floor: Took) -> Iterator[Figure]:
    name = f"log checked, {ours.rows:,} events"
    yield _figure(name, ours, floor, floor.rows / floor.hashing, "SHA-256")
    yield _figure(name, ours, floor, floor.per_second, "read + SHA-256")


def _figure(name: str, ours: Took, floor: Took, rate: float, floor_name: str, broken: str = "") -> Figure:
    return Figure(
        name=name,
        ours=ours.per_second,
        floor=rate,
        floor_name=floor_name,
        unit="/s",
        limit=(
            f"processor: own + database {ours.said()}, floor {floor.said()};"
            f" memory +{ours.grown:.0f} MB, floor +{floor.grown:.0f} MB"
        ),
        others=max(ours.others, floor.others),
        details={"ours": asdict(ours), "floor": asdict(floor)},
        broken=broken,
    )


def _page_figures(seen: Seen, few: Seen) -> Iterator[Figure]:
    for page in PAGES:
        ours, floor = seen.looks[page], few.looks[page]
        in_database = middle(ours.in_database) * 1000
        working = middle(ours.on_processor) * 1000
        name = f"report ({page}), {seen.cases:,} cases"
        grown = ours.asked - floor.asked
        yield Figure(
            name=name,
            ours=middle(ours.seconds) * 1000,
            floor=middle(floor.seconds) * 1000,
            floor_name=f"with {few.cases:,}",
            unit="ms",
            limit=f"{ours.asked} statements {in_database:.0f} ms; processor {working:.1f} ms",
            others=seen.others,
            details={"ours": ours.described(), "floor": floor.described()},
            broken=f"{name}: {grown} statements more than with fewer cases." if grown > 0 else "",
        )
