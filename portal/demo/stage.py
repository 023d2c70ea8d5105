"""The demo's own time: what many people do, in the order of its moments, so that no clock ever runs backwards.

Codes of a second factor count once and only forwards, and every chain of the audit log is in the order of its times. So the
stories of the demo are told together: each says how long it pauses, and whoever is next goes on.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import count
from typing import cast

import pyotp
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import worker
from portal.casework import roles, timers
from portal.casework.context import Context, Origin
from portal.demo.papers import Papers
from portal.demo.people import Human
from portal.domain.lifecycle import SYSTEM, Actor, Role
from portal.domain.limits import DEFAULTS
from portal.models import CaseTimer, DemoMail, Staff
from portal.runtime import Runtime

OWNER = Actor(roles=frozenset({Role.OWNER}))
WORKER = "demo"
STEP = timedelta(seconds=30)

Story = Generator[timedelta, None, str]  # yields how long it pauses, and returns the id of its case


@dataclass
class Clock:
    now: datetime


@dataclass(frozen=True)
class Stage:
    """A desk with its staff in its own time. `end` is the present: what lies beyond it has not happened."""

    runtime: Runtime
    app: Flask
    session: Session
    papers: Papers
    clock: Clock
    end: datetime
    logins: dict[str, str] = field(default_factory=dict)

    @property
    def system(self) -> Context:
        return self.runtime.context(self.session, SYSTEM)

    def owner(self, human: Human) -> Context:
        """The person at their own browser."""
        return self.runtime.context(self.session, OWNER, Origin(human.network, human.browser, ""))

    def staff(self, key: str) -> Context:
        """A colleague at work. Half a minute goes by: each act has a code of its own."""
        self.session.rollback()
        self.clock.now += STEP
        ctx = self.system
        return ctx.as_actor(roles.actor_for(ctx, self._login(key)))

    def code(self, key: str) -> str:
        """What the colleague's second factor shows now."""
        staff = self._login(key)
        secret = self.runtime.vault.open(self.session, staff.subject_id, staff, "totp") or ""
        return pyotp.TOTP(secret).at(self.clock.now)

    def _login(self, key: str) -> Staff:
        return self.session.get_one(Staff, self.logins[key])

    def link(self, address: str, purpose: str) -> str:
        """The newest link of a purpose among the mails to an address, as its reader finds it."""
        self.session.rollback()
        mails = select(DemoMail.raw).where(DemoMail.recipient == address)
        newest_first = mails.order_by(DemoMail.at.desc(), DemoMail.id)
        found = (_link_in(raw, purpose) for raw in self.session.execute(newest_first).scalars())
        return next(link for link in found if link)

    def settle(self) -> None:
        """Let the worker do what is queued and what is due at this moment."""
        self.session.rollback()
        self._work_off()
        while timers.run_due(self.runtime):
            self._work_off()

    def _work_off(self) -> None:
        self.papers.hold(self)
        while worker.work_once(self.runtime, self.app, WORKER):
            self.papers.hold(self)

    def run_to(self, moment: datetime) -> None:
        """Let time pass, with everything that is due on the way at its own moment."""
        while (due := self._next_timer()) and due <= moment:
            self.clock.now = due
            self.settle()
        self.clock.now = max(self.clock.now, moment)

    def _next_timer(self) -> datetime | None:
        query = select(func.min(CaseTimer.at)).where(CaseTimer.at > self.clock.now)
        due = self.session.execute(query).scalar_one()
        self.session.rollback()
        return cast("datetime | None", due)


def set_up(runtime: Runtime, app: Flask, session: Session, papers: Papers, *, opening: timedelta) -> Stage:
    """A stage on a runtime's database, with a clock that stands at the opening."""
    end = runtime.clock(session)
    session.rollback()
    clock = Clock(end - opening)
    # The stories know the usual limits and no telephone; a setting holds, and calls ring, for what comes after them.
    own = replace(runtime, clock=lambda _session: clock.now, limits=DEFAULTS, telephone=None)
    return Stage(own, app, session, papers, clock, end)


def _link_in(raw: bytes, purpose: str) -> str | None:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    found = re.search(rf"/{purpose}/([A-Za-z0-9_-]{{43}})", body.get_content() if body else "")
    return found[1] if found else None


def play(
    stage: Stage, stories: Iterable[tuple[str, datetime, Story]], told: Callable[[], None]
) -> dict[str, str]:
    """Tell the stories together, each from its own beginning. Returns the case of each by its key."""
    order: Iterator[int] = count()
    waiting = [(begins, next(order), key, story) for key, begins, story in stories]
    heapq.heapify(waiting)
    cases: dict[str, str] = {}
    while waiting:
        moment, _, key, story = heapq.heappop(waiting)
        stage.run_to(moment)
        try:
            pause = next(story)
        except StopIteration as finished:
            cases[key] = finished.value
            told()
        else:
            heapq.heappush(waiting, (stage.clock.now + pause, next(order), key, story))
        stage.settle()
    stage.run_to(stage.end)
    return cases
