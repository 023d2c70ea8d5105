"""The log's keeper in each worker: gives events their places, has the tree signed, and says so when it cannot.

A thread of its own, because a row of the outbox may take half a minute and no event may wait for it.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from portal.casework.context import Context
from portal.domain.lifecycle import SYSTEM
from portal.models import AuditVerdict
from portal.runtime import Runtime
from portal.tlog import checkpoints, sequencer, verify, watch
from portal.tlog.findings import Finding, Verdict
from portal.tlog.log_keys import LogKeys
from portal.tlog.notes import BadKey
from portal.tlog.verify_heads import Unreadable

log = logging.getLogger("kaijo.log")

IDLE_SECONDS = 1.0
LOOK_SECONDS = 60.0
TROUBLE_SECONDS = 10.0


@dataclass
class Keeper:
    """What a worker remembers between two turns: the tags that were placed since the last signed head."""

    runtime: Runtime
    placed: set[str] = field(default_factory=set)

    def turn(self) -> bool:
        """Place one batch, and sign if it is time. True when more may be waiting. Raises BrokenLog and NoHead."""
        with self.runtime.sessions() as session:
            placed = self._place(self.runtime.context(session, SYSTEM))
            self.placed |= placed.tags
            if placed.events < sequencer.BATCH:
                self._sign(self.runtime.context(session, SYSTEM))
        return placed.events == sequencer.BATCH

    def _place(self, ctx: Context) -> sequencer.Placed:
        try:
            return sequencer.sequence(ctx)
        except sequencer.BrokenLog as broken:
            watch.alarm(ctx, self.runtime.settings, "broken", broken.event_id)
            raise

    def _sign(self, ctx: Context) -> None:
        settings = self.runtime.settings
        verifier = checkpoints.published_key(settings.keys)
        if verifier is None or not checkpoints.is_due(ctx, frozenset(self.placed)):
            return
        try:
            checkpoints.take(ctx, settings.signer_socket, verifier)
        except checkpoints.SignerRefuses:
            watch.alarm(ctx, settings, "refused")
            raise
        self.placed.clear()
        if settings.anchors is not None:
            self._anchor(ctx, settings.anchors)

    def _anchor(self, ctx: Context, folder: Path) -> None:
        try:
            checkpoints.anchor(ctx.session, folder)
        except OSError:
            # what cannot be left elsewhere can be rewritten here
            watch.alarm(ctx, self.runtime.settings, "anchors")
            raise

    def run(self, stop: threading.Event) -> None:
        """Keep the log until told to stop. Trouble is said once a turn and waited out."""
        next_look = time.monotonic() + LOOK_SECONDS
        while not stop.is_set():
            try:
                pause = 0.0 if self.turn() else IDLE_SECONDS
            except Exception as problem:
                log.error("the log is not kept up: %s: %s", type(problem).__name__, problem)
                pause = TROUBLE_SECONDS
            if time.monotonic() >= next_look:
                self._look()
                next_look = time.monotonic() + LOOK_SECONDS
            stop.wait(pause)

    def _look(self) -> None:
        try:
            self.look()
        except Exception as problem:
            log.error("the log could not be looked after: %s: %s", type(problem).__name__, problem)
            if isinstance(problem, ValueError | TypeError | LookupError):
                self._say_unreadable()

    def _say_unreadable(self) -> None:
        """A row that holds what none can hold must not silence the check that would find it."""
        with self.runtime.sessions() as session:
            watch.alarm(self.runtime.context(session, SYSTEM), self.runtime.settings, "unreadable")

    def look(self) -> None:
        """Tell compliance what is signed, and check the whole log when its time has come. Whichever worker is first does it."""
        settings = self.runtime.settings
        with self.runtime.sessions() as session:
            keys = self._keys()
            watch.look(self.runtime.context(session, SYSTEM), settings, keys)
            ctx = self.runtime.context(session, SYSTEM)
            # one that was put into the future would be the last for ever
            query = select(func.max(AuditVerdict.at)).where(AuditVerdict.at <= ctx.now)
            last: datetime | None = session.execute(query).scalar_one()
            is_signed = checkpoints.newest(session) is not None
            session.rollback()
            if last is not None and last > ctx.now - ctx.limits.log_verify:
                return
            verdict = self._verified(ctx.now, keys, is_signed=is_signed)
            verify.record(self.runtime.context(session, SYSTEM), verdict)
            if verdict.failed:
                watch.alarm(
                    self.runtime.context(session, SYSTEM), settings, verdict.failed, verdict.first_bad
                )

    def _keys(self) -> LogKeys | None:
        """The published keys; None where there is none, or none that can be read."""
        try:
            return checkpoints.published_key(self.runtime.settings.keys)
        except (BadKey, OSError) as problem:
            log.error("the log's key cannot be used: %s", problem)
            return None

    def _verified(self, now: datetime, keys: LogKeys | None, *, is_signed: bool) -> Verdict:
        """What a check finds. That it cannot be made is a finding too: else whoever fears one takes the key or a folder away."""
        if keys is None and is_signed:
            words = "heads were signed, and the key that checks them is gone or none"
            return Verdict(0, (Finding("heads", checkpoints.PUBLISHED, words),))
        try:
            return verify.run(self.runtime.engine, key=keys, anchors=self.runtime.settings.anchors, now=now)
        except Unreadable as problem:
            return Verdict(0, (Finding("anchors", "KAIJO_ANCHORS", str(problem)),))
