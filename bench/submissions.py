"""Request forms sent by eight clients: beside a bare page of the same server, and beside the database's own commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

from flask import Flask
from sqlalchemy import func, select

import wsgi
from bench import commits, visitors
from bench.clients import Pace, at_once
from bench.counting import Counted, counted
from bench.desks import Desk, live
from bench.durable import STORES, Store
from bench.figures import Figure, middle
from bench.machine import Usage, metered, syncs_per_second
from bench.plan import CLIENTS, Plan, Say
from bench.profiling import profiled
from bench.servers import SETTINGS, gunicorn
from bench.visitors import Crowd
from portal.models import Case

COUNTED = 5
PROFILED = 50
BUSY = 0.75  # where less than this of the processors is used, they are not what everybody waits for
SEND, PAIR, BARE, BARE_PAIR, INSERT = "sent", "fetched and sent", "bare page", "bare pair", "insert + commit"


@dataclass
class Found:
    """What the rounds found on one kind of database, by what was done."""

    parts: Mapping[str, int]  # whose processor time is told apart
    paces: dict[str, list[Pace]] = field(default_factory=dict)
    usages: dict[str, Usage] = field(default_factory=dict)

    def run(
        self,
        name: str,
        tools: Callable[[], AbstractContextManager[Any]],
        jobs: Iterable[Any],
        do: Callable[[Any, Any], Any],
    ) -> None:
        with metered(self.usages.setdefault(name, Usage()), self.parts):
            pace, _done = at_once(tools, jobs, do)
        self.paces.setdefault(name, []).append(pace)

    def rate(self, name: str) -> float:
        return middle([pace.per_second for pace in self.paces[name]])

    def number(self, name: str) -> int:
        return sum(len(pace.seconds) for pace in self.paces[name])

    def cost(self, name: str, who: str) -> float:
        """Milliseconds of somebody's processor time for one piece of work."""
        return self.usages[name].seconds[who] / self.number(name) * 1000

    def last_round(self) -> str:
        return ", ".join(f"{name} {paces[-1].per_second:,.0f}/s" for name, paces in self.paces.items())


def measure(plan: Plan, say: Say) -> Iterator[Figure]:
    for kind, opened in STORES.items():
        say(f"submissions, {kind}: start the portal and its floors")
        with opened() as store, live(store) as desk:
            crowd = Crowd(desk)
            found = _in_rounds(plan, say, store, crowd)
            _refuse_lost(desk, found.number(SEND) + found.number(PAIR))
            app = wsgi.create_app(runtime=desk.runtime)
            count = _count(desk, app, crowd)
            if plan.profile:
                sendings = [visitors.fetch_inside(app, owner) for owner in crowd.arrive(PROFILED)]
                with profiled(f"{PROFILED} submissions, {kind}"):
                    for sending in sendings:
                        visitors.send_inside(app, sending)
            yield from _figures(store, found, count)


def _in_rounds(plan: Plan, say: Say, store: Store, crowd: Crowd) -> Found:
    with ExitStack() as stack:
        portal = stack.enter_context(gunicorn("wsgi:create_app()", crowd.desk.environ))
        bare = stack.enter_context(gunicorn("bench.bare:one_route()", {}))
        floor = stack.enter_context(commits.small_table(store))
        found = Found({"portal": portal.pid, "bare": bare.pid, **store.pids})
        to_portal, to_bare = visitors.connections(portal.port), visitors.connections(bare.port)
        for number in range(1, plan.rounds + 1):
            # in turns, so that what disturbs one disturbs all
            _pace, sendings = at_once(to_portal, crowd.arrive(plan.submissions), visitors.fetch)
            many = list(islice(cycle(sendings), plan.bare_requests))
            found.run(SEND, to_portal, sendings, visitors.send)
            found.run(BARE, to_bare, many, visitors.send_bare)
            found.run(INSERT, *commits.work(floor, plan.inserts))
            found.run(PAIR, to_portal, crowd.arrive(plan.submissions), visitors.fetch_and_send)
            found.run(BARE_PAIR, to_bare, many, visitors.fetch_and_send_bare)
            say(f"submissions, {store.kind}: round {number} of {plan.rounds}: {found.last_round()}")
    return found


def _refuse_lost(desk: Desk, sent: int) -> None:
    """A rate of requests that were not kept would be worth nothing."""
    with desk.runtime.sessions() as session:
        kept = session.execute(select(func.count()).select_from(Case)).scalar_one()
    if kept != sent:
        raise RuntimeError(f"{sent} requests were acknowledged and {kept} are kept.")


def _count(desk: Desk, app: Flask, crowd: Crowd) -> Counted:
    sendings = [visitors.fetch_inside(app, owner) for owner in crowd.arrive(COUNTED)]
    with counted(desk.runtime.engine) as count:
        for sending in sendings:
            visitors.send_inside(app, sending)
    return count


def _figures(store: Store, found: Found, count: Counted) -> Iterator[Figure]:
    asked, committed = count.statements // COUNTED, count.commits // COUNTED
    about = {
        "clients": CLIENTS,
        "server": SETTINGS,
        "statements": asked,
        "commits": committed,
        "syncs_per_second": syncs_per_second(store.folder),
    }
    lines = (
        ("request sent", SEND, BARE, _processors(found, SEND, BARE)),
        ("request sent", SEND, INSERT, f"{asked} statements and {committed} commits each"),
        ("form fetched and sent", PAIR, BARE_PAIR, _processors(found, PAIR, BARE_PAIR)),
    )
    for name, ours, floor, limit in lines:
        yield Figure(
            name=f"{name}, {store.kind}",
            ours=found.rate(ours),
            floor=found.rate(floor),
            floor_name=floor,
            unit="/s",
            limit=limit,
            others=found.usages[ours].share("others"),
            details={**about, "ours": _described(found, ours), "floor": _described(found, floor)},
        )


def _processors(found: Found, name: str, floor: str) -> str:
    """What everybody waited for, and the processor time of one piece of work."""
    waited = "processors" if sum(found.usages[name].shares().values()) > BUSY else "commits and locks"
    told = f"{waited}: portal {found.cost(name, 'portal'):.1f} ms, bare {found.cost(floor, 'bare'):.1f} ms"
    database = found.cost(name, "database")
    return f"{told}, database {database:.1f} ms" if database else told


def _described(found: Found, name: str) -> dict[str, Any]:
    usage = found.usages[name]
    return {
        "rounds": [pace.described() for pace in found.paces[name]],
        "processor_ms_each": {who: found.cost(name, who) for who in usage.seconds},
        "processor_shares": usage.shares(),
    }
