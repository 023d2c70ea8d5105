"""The page that staff work from, with few cases, many and very many: its views, a filtered and turned one, searches.

What it takes with more cases stands beside what the same page took with few of them in the same run.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

from flask import Flask
from sqlalchemy import select, text
from werkzeug.test import TestResponse

import wsgi
from bench import bare
from bench.counting import counted
from bench.desks import Desk, demo, holder, signed_in
from bench.durable import STORES, Store
from bench.figures import Figure, middle, percentile
from bench.machine import Usage, metered
from bench.plan import Plan, Say
from bench.profiling import profiled
from portal.casework import own_views, roles
from portal.casework.queue import NOBODY, Filters
from portal.demo import filling
from portal.demo.programme import WALKS
from portal.domain.lifecycle import SYSTEM, Role, Status
from portal.models import Case

# What is asked of the queue; a search gets its words from the first case.
PAGES: Mapping[str, str] = {
    "unassigned": "view=unassigned",
    "open": "view=open",
    "closed": "view=closed",
    "filtered": "view=open&language=en&tier=standard&status=waiting_owner&sort=-received",
    "rare": "view=open&tier=elevated",
    "search by number": "q={reference}",
    "search by name": "q={name}",
}
# A person with views of their own sees their counts on every page.
OWN_VIEWS: Mapping[str, Filters] = {
    "English, newest first": Filters("open", language="en", sort="-received"),
    "High risk": Filters("open", tier="elevated"),
    "To be taken in English": Filters("unassigned", language="en", assignee=NOBODY),
    "Privileged, being checked": Filters("open", status="verifying", tier="privileged"),
}
FLOOR = "bare page"
WARM_UP = 3
# The stories that history copies most: telling the others takes long, and their copies would be few.
OFTEN = 12
PROGRAMME = [walk for walk in WALKS if walk.share >= OFTEN]
CASE_LINK = 'href="/admin/case/'

Get = Callable[[], TestResponse]


@dataclass
class Looks:
    """What one page took and asked, look by look."""

    seconds: list[float] = field(default_factory=list)
    in_database: list[float] = field(default_factory=list)
    on_processor: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)
    rows: int = 0

    @property
    def asked(self) -> int:
        """How many statements a look takes; now and then one more keeps the session awake."""
        return int(middle(self.statements))

    def described(self) -> dict[str, Any]:
        return {
            "p50_ms": middle(self.seconds) * 1000,
            "p95_ms": percentile(self.seconds, 95) * 1000,
            "fastest_ms": min(self.seconds) * 1000,
            "database_ms": middle(self.in_database) * 1000,
            "processor_ms": middle(self.on_processor) * 1000,
            "statements": self.asked,
            "rows": self.rows,
        }


@dataclass(frozen=True)
class Seen:
    """All pages at one number of cases, and which part of the processors others took meanwhile."""

    cases: int
    looks: Mapping[str, Looks]
    others: float


def measure(plan: Plan, say: Say) -> Iterator[Figure]:
    for kind, opened in STORES.items():
        larger = [plan.many_cases, *([plan.most_cases] if kind == "PostgreSQL" else [])]
        with opened() as store:
            few = _seen(store, plan.few_cases, plan, say)
            more = [_seen(store, cases, plan, say, profiles=cases == plan.many_cases) for cases in larger]
        yield from _figures(kind, few)
        for seen in more:
            yield from _figures(kind, seen, few)


def _seen(store: Store, cases: int, plan: Plan, say: Say, *, profiles: bool = False) -> Seen:
    """Fill a desk with so many cases, and look at it; with a profile, if the plan has one."""
    with demo(store, f"demo-{cases}") as desk:
        app = wsgi.create_app(runtime=desk.runtime)
        say(f"queue, {store.kind}: make {cases:,} cases")
        filling.fill(desk.runtime, app, cases=cases, programme=PROGRAMME)
        pages = _pages(desk, app)
        say(f"queue, {store.kind}: look {plan.page_views} times at each page of {cases:,} cases")
        seen = in_turns(store, desk, pages, plan.page_views, cases)
        if profiles and plan.profile:
            with profiled(f"{plan.page_views} looks at the queue, {store.kind}"):
                for _time in range(plan.page_views):
                    pages["unassigned"]()
    return seen


def _pages(desk: Desk, app: Flask) -> Mapping[str, Get]:
    """The pages as a verifier sees them who has just signed in, and the floor."""
    with desk.runtime.sessions() as session:
        ctx = desk.runtime.context(session, SYSTEM)
        login = holder(session, Role.VERIFIER)
        for name, filters in OWN_VIEWS.items():
            own_views.save(ctx.as_actor(roles.actor_for(ctx, login)), name, filters)
        case = session.execute(select(Case).where(Case.status == Status.QUEUED).limit(1)).scalar_one()
        name = desk.runtime.vault.open(session, case.subject_id, case, "name") or ""
        words = {"reference": case.reference, "name": quote(name)}
    client = signed_in(desk, app, Role.VERIFIER)
    pages: dict[str, Get] = {
        page: partial(client.get, f"/admin/queue/?{query.format(**words)}") for page, query in PAGES.items()
    }
    return {**pages, FLOOR: partial(bare.one_table().test_client().get, "/")}


def in_turns(store: Store, desk: Desk, pages: Mapping[str, Get], number: int, cases: int) -> Seen:
    """Look at each page so many times, one after the other, after a few looks that do not count."""
    if store.kind == "PostgreSQL":
        # what autovacuum does by itself within a minute
        with desk.runtime.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    for get in pages.values():
        for _time in range(WARM_UP):
            get()
    gc.collect()
    looks, usage = {name: Looks() for name in pages}, Usage()
    with metered(usage, store.pids):
        for _time in range(number):
            for name, get in pages.items():
                _look(desk, get, looks[name])
    return Seen(cases, looks, usage.share("others"))


def _look(desk: Desk, get: Get, looks: Looks) -> None:
    with counted(desk.runtime.engine) as count:
        started, worked = time.perf_counter(), time.process_time()
        response = get()
        looks.seconds.append(time.perf_counter() - started)
        looks.on_processor.append(time.process_time() - worked)
    if response.status_code != 200:
        raise RuntimeError(f"The page was answered with {response.status_code}.")
    looks.in_database.append(count.seconds)
    looks.statements.append(count.statements)
    looks.rows = response.text.count(CASE_LINK)


def _figures(kind: str, seen: Seen, few: Seen | None = None) -> Iterator[Figure]:
    bare_page = seen.looks[FLOOR]
    for page in PAGES:
        ours, name = seen.looks[page], f"queue ({page}), {kind}, {seen.cases:,} cases"
        floor = few.looks[page] if few else bare_page
        grown = ours.asked - floor.asked if few else 0
        asking = middle(ours.in_database) * 1000
        working, bare_working = (middle(each.on_processor) * 1000 for each in (ours, bare_page))
        yield Figure(
            name=name,
            ours=middle(ours.seconds) * 1000,
            floor=middle(floor.seconds) * 1000,
            floor_name=f"with {few.cases:,}" if few else FLOOR,
            unit="ms",
            limit=f"processor {working:.1f} ms, bare {bare_working:.1f} ms; {ours.asked} statements {asking:.1f} ms",
            others=seen.others,
            details={"ours": ours.described(), "floor": floor.described(), "bare": bare_page.described()},
            broken=f"{name}: {grown} statements more than with fewer cases." if grown > 0 else "",
        )
