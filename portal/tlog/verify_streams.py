"""Walks every stream from its first event to its head: bytes, links, heads; and hands each event to those who draw conclusions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import exists, func, select, type_coerce, union
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import String

from portal import audit
from portal.models import AuditEvent, AuditLeaf, AuditStream, AuditWaiting, Case
from portal.tlog import reconcile
from portal.tlog.findings import Book
from portal.tlog.folds import Known, among
from portal.tlog.verify_tree import streamed

BATCH = 500  # streams whose rows are asked for at once


class Chain:
    """One stream as far as it was read."""

    def __init__(self, stream: str, known: Known) -> None:
        self.stream, self.sseq, self.head = stream, 0, audit.GENESIS
        self.fold = reconcile.begin(stream, known)
        self.is_whole = True  # every event so far was one that can be believed

    def take(self, row: Any, session: Session, book: Book) -> None:
        event = audit.said(row)
        if event is None:
            self._broken(
                row, session, book, "bytes", "it is not what was hashed, or its columns say something else"
            )
        elif not audit.follows(event, self.sseq + 1, self.head):
            self._broken(row, session, book, "streams", f"it does not follow event {self.sseq} of its stream")
        elif self.fold is not None and self.is_whole:
            self._tell(event, book)
        self.sseq, self.head = row.sseq, row.leaf_hash

    def _broken(self, row: Any, session: Session, book: Book, check: str, words: str) -> None:
        self.is_whole = False
        where = f"{self.stream} {row.sseq}"
        if not book.knows(check):
            place = session.execute(select(AuditLeaf.place).where(AuditLeaf.event_id == row.id)).scalar()
            where = f"place {place}: {where}" if place is not None else where
        book.bad(check, where, words)

    def _tell(self, event: dict[str, Any], book: Book) -> None:
        assert self.fold is not None
        try:
            self.fold.take(event)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.is_whole = False
            book.bad(
                "bytes", f"{self.stream} {self.sseq + 1}", "it does not say what an event of its kind says"
            )


def check(session: Session, book: Book, since: int, tick: Callable[[], None]) -> int:
    """Walk all streams, or those with an event at place `since` or behind. Returns how many events were read."""
    known = Known.read(session)
    chain: Chain | None = None
    ended: list[Chain] = []
    number = 0
    for row in _events(session, since):
        if chain is None or str(row.stream) != chain.stream:
            chain = Chain(str(row.stream), known)  # SQLite keeps bytes in a column of text as well
            if len(ended) >= BATCH:
                _settle(session, book, known, ended)
                ended = []
            ended.append(chain)
        chain.take(row, session, book)
        if chain.fold is not None and chain.fold.is_full:
            reconcile.compare(session, book, known, [chain.fold])
        number += 1
        tick()
    _settle(session, book, known, ended)
    if not since:
        _without_events(session, book)
        reconcile.without_events(session, book, known)
    return number


def _events(session: Session, since: int) -> Iterator[Any]:
    # The time as it is stored: text that is no time must not stop the walk.
    at = type_coerce(AuditEvent.at, String) if session.get_bind().dialect.name == "sqlite" else AuditEvent.at
    columns = [at.label("at") if column is AuditEvent.at else column for column in audit.COLUMNS]
    query = select(*columns).order_by(AuditEvent.stream, AuditEvent.sseq)
    if since:
        placed = select(AuditEvent.stream).join(AuditLeaf).where(AuditLeaf.place >= since)
        waiting = select(AuditEvent.stream).join(AuditWaiting)
        query = query.where(AuditEvent.stream.in_(union(placed, waiting)))
    return streamed(session, query)


def _settle(session: Session, book: Book, known: Known, ended: list[Chain]) -> None:
    """Compare streams that were read to their end with the rows that tell where they end, and what they did."""
    heads = _heads(session, [chain.stream for chain in ended])
    for chain in ended:
        if heads.get(chain.stream) != (chain.sseq, chain.head):
            words = "its last event is not the one that its head names"
            book.bad("streams", f"{chain.stream} {chain.sseq}", words)
    told = [chain.fold for chain in ended if chain.fold is not None and chain.is_whole]
    reconcile.compare(session, book, known, told)


def _heads(session: Session, streams: list[str]) -> dict[str, tuple[int, str]]:
    cases = [stream.removeprefix("case:") for stream in streams if stream.startswith("case:")]
    found = _read(session, cases, Case.id, Case.audit_seq, Case.audit_head)
    heads = {f"case:{case_id}": head for case_id, head in found.items()}
    others = [stream for stream in streams if not stream.startswith("case:")]
    return heads | _read(session, others, AuditStream.stream, AuditStream.sseq, AuditStream.head)


def _read(
    session: Session, names: list[str], name: InstrumentedAttribute[str], *head: InstrumentedAttribute[Any]
) -> dict[str, tuple[int, str]]:
    if not names:
        return {}
    query = select(name, *head).where(among(session, name, names))
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def _without_events(session: Session, book: Book) -> None:
    """Heads of streams that are gone as a whole."""
    cases = select("case:" + Case.id).where(~exists().where(AuditEvent.case_id == Case.id))
    others = select(AuditStream.stream).where(
        AuditStream.sseq > 0, ~exists().where(AuditEvent.stream == AuditStream.stream)
    )
    for query in (cases, others):
        for stream in session.execute(query.limit(1)).scalars():
            book.bad("streams", f"{stream} 1", "its events are gone")


def count(session: Session) -> int:
    """How many events there are, for whoever shows how far a check has come."""
    return int(session.execute(select(func.count()).select_from(AuditEvent)).scalar_one())
