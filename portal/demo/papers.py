"""Paints the papers of the stories in processes of their own, while the stories are told.

A paper takes a third of a second, and nothing but the mail that brings it along waits for it: so papers and such mails are
held back, and handed out at the end, each at the moment at which it would have gone out.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from sqlalchemy import or_, select, update

from portal import carrying, i18n, notices, pdf, receipts, worker
from portal.config import Settings
from portal.models import Document, OutboxRow

if TYPE_CHECKING:
    from portal.demo.stage import Stage

# after the end: should we be stopped, the desk's own workers find the rows then
BEYOND = timedelta(minutes=1)
MOST_PAINTERS = 4

_app: list[Flask] = []


@dataclass(frozen=True)
class Papers:
    """Who paints, and what is being painted, by document."""

    pool: ProcessPoolExecutor
    painted: dict[str, Future[bytes]] = field(default_factory=dict)

    def hold(self, stage: Stage) -> None:
        """Hold back what needs a paper, and have new papers painted."""
        session, later = stage.session, stage.end + BEYOND
        needs_paper = or_(OutboxRow.kind == "document", OutboxRow.notice.in_(notices.PAPERS))
        waiting = (OutboxRow.state == "pending", OutboxRow.not_before < later, needs_paper)
        rows = session.execute(select(OutboxRow.kind, OutboxRow.unique_key).where(*waiting)).all()
        session.rollback()
        if not rows:
            return
        with stage.system.act():
            session.execute(update(OutboxRow).where(*waiting).values(not_before=later))
        for kind, key in rows:
            if kind == "document":
                self._paint(stage, _document_of(key))
        session.rollback()

    def _paint(self, stage: Stage, document_id: str) -> None:
        document = stage.session.get_one(Document, document_id)
        with stage.app.app_context():
            facts = carrying.facts_of_paper(stage.runtime, stage.system, document)
        issued = (document.kind, facts, document.language, stage.runtime.settings.keys, document.created_at)
        self.painted[document_id] = self.pool.submit(_issue, *issued)

    def hand_out(self, stage: Stage) -> None:
        """Keep every paper that was painted and let the worker do what was held back, each at its own moment."""
        held = (OutboxRow.state == "pending", OutboxRow.not_before == stage.end + BEYOND)
        query = select(OutboxRow.id, OutboxRow.kind, OutboxRow.unique_key, OutboxRow.created_at).where(*held)
        rows = stage.session.execute(query.order_by(OutboxRow.created_at, OutboxRow.id)).all()
        for row_id, kind, key, at in rows:
            stage.session.rollback()  # no transaction is left open while a paper is still being painted
            document_id = _document_of(key)
            paper = self.painted[document_id].result() if kind == "document" else None
            stage.clock.now = at
            if paper:
                receipts.store(stage.system, document_id, paper)
            with stage.system.act():
                stage.session.execute(update(OutboxRow).where(OutboxRow.id == row_id).values(not_before=at))
            worker.work_once(stage.runtime, stage.app, "demo")
        stage.session.rollback()
        stage.clock.now = stage.end


def _document_of(key: str) -> str:
    return key.partition(":")[0]


@contextmanager
def painters() -> Iterator[Papers]:
    """Processes that paint. They get facts and give papers, and never see the database."""
    number = min(MOST_PAINTERS, max(1, (os.cpu_count() or 1) - 1))
    # Not forked: a copy of this process would hold copies of its connections.
    pool = ProcessPoolExecutor(number, mp_context=get_context("spawn"), initializer=_begin)
    try:
        yield Papers(pool)
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked
    app = Flask("portal")
    i18n.init_app(app, Settings(data=Path(), database_url="", keys=Path(), demo=True))
    _app.append(app)


def _issue(kind: str, facts: Mapping[str, Any], language: str, keys: Path, at: datetime) -> bytes:
    with _app[0].app_context():
        return pdf.issue(kind, facts, language, keys=keys, at=at)
