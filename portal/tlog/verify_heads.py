"""Signed heads, those that the database keeps and those that were left elsewhere: who signed them, and what they say."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.models import AuditCheckpoint, AuditWaiting
from portal.tlog import checkpoints, lag
from portal.tlog.findings import Book
from portal.tlog.log_keys import LogKeys
from portal.tlog.notes import LONGEST, BadNote, Head, head_of
from portal.tlog.verify_tree import Claim, streamed

WITHOUT_KEY = "without the log's key nobody can say who signed them: only what they say was checked"


class Unreadable(Exception):
    """What was to be checked cannot be read. The text says why, in one sentence."""


def opened(note: str, key: LogKeys | None) -> Head:
    """What a note says, and that the key has signed it where there is one. Raises BadNote."""
    return key.open(note) if key else head_of(note)


def kept(session: Session, book: Book, key: LogKeys | None, since: int) -> Iterator[Claim]:
    """The heads that the database keeps, in their order, from `since` on."""
    if key is None:
        book.unchecked("heads", WITHOUT_KEY)
    query = select(AuditCheckpoint.size, AuditCheckpoint.root, AuditCheckpoint.note)
    query = query.where(AuditCheckpoint.size >= since).order_by(AuditCheckpoint.size)
    for size, root, note in streamed(session, query):
        yield from _claim(book, key, size, root, note)


def _claim(book: Book, key: LogKeys | None, size: int, root: str, note: str) -> Iterator[Claim]:
    place = f"head {size}"
    try:
        head = opened(note, key)
    except (BadNote, TypeError) as problem:
        book.bad("heads", place, str(problem))
        return
    if (head.size, head.root.hex()) != (size, root):
        book.bad("heads", place, "its columns say something else than what was signed")
    yield Claim(head.size, head.root, "heads", place)


def vouched(session: Session, since: int) -> int:
    """The newest head up to a place: with it in sight, what stands before it need not be walked. 0 where there is none."""
    query = select(func.max(AuditCheckpoint.size)).where(AuditCheckpoint.size <= since)
    return session.execute(query).scalar_one() or 0


def left(folder: Path, book: Book, key: LogKeys | None, since: int = 0) -> list[Claim]:
    """The heads in a folder of anchors, in the order of their sizes. Raises Unreadable."""
    try:
        paths = sorted(folder.glob("*.note")) if folder.is_dir() else None
    except OSError as problem:
        raise Unreadable(f"The anchors in {folder} cannot be read ({problem.strerror}).") from None
    if paths is None:
        raise Unreadable(f"There is no folder {folder}: name the one that the anchors are in.")
    if not paths:
        book.unchecked("anchors", f"there is no head in {folder}")
    claims = [claim for path in paths for claim in _anchor(path, book, key)]
    return sorted((one for one in claims if one.size >= since), key=lambda one: one.size)


def _anchor(path: Path, book: Book, key: LogKeys | None) -> Iterator[Claim]:
    try:
        if not path.is_file():  # a pipe would keep the check waiting for ever
            raise OSError
        with path.open(encoding="utf-8") as file:
            head = opened(file.read(LONGEST + 1), key)
    except (OSError, UnicodeDecodeError):
        book.bad("anchors", path.name, "it cannot be read")
    except BadNote as problem:
        book.bad("anchors", path.name, str(problem))
    else:
        yield Claim(head.size, head.root, "anchors", path.name)


def merged(*several: Iterable[Claim]) -> Iterator[Claim]:
    return heapq.merge(*several, key=lambda claim: claim.size)


def age(session: Session, book: Book, now: datetime, late: timedelta, *, signed: bool) -> None:
    """How long an event has gone without a signed head. `signed`: this log has a key, so that there must be heads."""
    since = lag.unsigned_since(session)
    if since is not None and since <= now - late:
        waits = session.execute(select(func.count()).select_from(AuditWaiting)).scalar_one()
        words = f"no signed head covers what was written; {waits} events have no place yet"
        book.bad("age", f"since {since:%Y-%m-%d %H:%M} UTC", words)
    elif checkpoints.newest(session) is None:
        if signed:
            book.bad("age", "head", "no head of this log is kept here")
        else:
            book.unchecked("age", "no head was ever signed: start `flask signer run`")
