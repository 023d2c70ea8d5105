"""Checks and messages of a case: each has its event, each is still what was sealed, and what is empty was emptied by one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import Act
from portal.models import CheckOpening, IdentityCheck, Message
from portal.tlog.findings import Book
from portal.tlog.folds import Known, among

CHECKED = frozenset({Act.RECORD_CHECK, Act.SYSTEM_CHECK, Act.REPEAT_CHECK, Act.REPEAT_BY_CALL})
BY_A_PERSON = frozenset({Act.RECORD_CHECK, Act.REPEAT_CHECK})
SPOKEN: Mapping[Act, str] = {
    Act.WRITE_NOTE: "note",
    Act.SEND_REPLY: "reply",
    Act.RECEIVE_MESSAGE: "owner",
}
# After one of these what was sealed before may be empty: they are the tombstones.
EMPTIED = frozenset({Act.DELETE_EVIDENCE, Act.DELETE_CONTACT, Act.ERASE})
TOLD = (*CHECKED, *SPOKEN, Act.OPEN_CHECK, *EMPTIED)


class Said:
    """What the events of one case say about its checks and messages."""

    def __init__(self) -> None:
        self.checks: dict[str, tuple[Any, ...]] = {}  # what the row must say
        self.openings: set[tuple[str, str | None]] = set()
        self.messages: dict[str, str] = {}
        self.payloads: dict[str, str] = {}
        self.emptied: set[str] = set()  # may be empty now

    def take(self, act: Act, event: Mapping[str, Any], round_: int | None, known: Known) -> None:
        facts, person = event["d"], known.person(event["actor"])
        if act in CHECKED:
            by = person if act in BY_A_PERSON else None
            self._add(self.checks, facts["check"], (facts["method"], facts["result"], round_, by))
            self.payloads[facts["check"]] = facts["payload"]
        elif act in SPOKEN:
            self._add(self.messages, facts["message"], SPOKEN[act])
            self.payloads[facts["message"]] = facts["payload"]
        elif act is Act.OPEN_CHECK:
            self.openings.add((facts["check"], person))
        elif act in EMPTIED:
            self.emptied.update(self.payloads)

    def _add(self, told: dict[str, Any], key: str, value: Any) -> None:
        if key in self.payloads:
            raise ValueError(f"{key} was told twice")
        told[key] = value


def compare(session: Session, book: Book, told: Mapping[str, Said]) -> None:
    """Compare the rows of several cases with what their events say."""
    _checks(session, book, told)
    _openings(session, book, told)
    _messages(session, book, told)


def _checks(session: Session, book: Book, told: Mapping[str, Said]) -> None:
    query = select(
        IdentityCheck.id,
        IdentityCheck.case_id,
        IdentityCheck.method,
        IdentityCheck.result,
        IdentityCheck.round,
        IdentityCheck.person_id,
        IdentityCheck.attested_by,
        IdentityCheck.sealed_evidence,
        IdentityCheck.sealed_note,
    ).where(among(session, IdentityCheck.case_id, told))
    rows = session.execute(query).all()
    _same(book, rows, {case_id: one.checks for case_id, one in told.items()}, "check")
    for row in rows:
        one = told[row.case_id]
        by = row.person_id if row.attested_by == "person" else None
        if row.id in one.checks and one.checks[row.id] != (row.method, row.result, row.round, by):
            book.bad("reconcile", f"case:{row.case_id} check {row.id}", "its row is not what its event says")
        _sealed(book, row, one, row.sealed_evidence, row.sealed_note, "check")


def _openings(session: Session, book: Book, told: Mapping[str, Said]) -> None:
    query = select(CheckOpening.case_id, CheckOpening.check_id, CheckOpening.person_id)
    checks = [check for one in told.values() for check in one.checks]
    found: dict[str, set[tuple[str, str | None]]] = {}
    for start in range(0, len(checks), 500):
        some = query.where(among(session, CheckOpening.check_id, checks[start : start + 500]))
        for case_id, check, person in session.execute(some):
            found.setdefault(case_id, set()).add((check, person))
    for case_id, one in told.items():
        if found.get(case_id, set()) != one.openings:
            words = "who opened its checks is not what its events say"
            book.bad("reconcile", f"case:{case_id}", words)


def _messages(session: Session, book: Book, told: Mapping[str, Said]) -> None:
    query = select(
        Message.id, Message.case_id, Message.kind, Message.sealed_subject, Message.sealed_body
    ).where(among(session, Message.case_id, told))
    rows = session.execute(query).all()
    _same(book, rows, {case_id: one.messages for case_id, one in told.items()}, "message")
    for row in rows:
        one = told[row.case_id]
        if one.messages.get(row.id, row.kind) != row.kind:
            book.bad(
                "reconcile", f"case:{row.case_id} message {row.id}", "its row is not what its event says"
            )
        _sealed(book, row, one, row.sealed_subject, row.sealed_body, "message")


def _same(book: Book, rows: Sequence[Any], told: Mapping[str, Iterable[str]], what: str) -> None:
    """Each row has its event and each event its row."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.case_id, set()).add(row.id)
    for case_id, wanted in told.items():
        for odd in found.get(case_id, set()) ^ set(wanted):
            words = "it has no event" if odd in found.get(case_id, set()) else "its row is gone"
            book.bad("reconcile", f"case:{case_id} {what} {odd}", words)


def _sealed(book: Book, row: Any, one: Said, first: bytes | None, second: bytes | None, what: str) -> None:
    if row.id not in one.payloads or digest(first, second) == one.payloads[row.id]:
        return
    place = f"case:{row.case_id} {what} {row.id}"
    if first or second:
        book.bad("payloads", place, "what is sealed in it is not what was sealed")
    elif row.id not in one.emptied:
        book.bad("payloads", place, "it is empty, and no event says that it was deleted")


def digest(*sealed: bytes | None) -> str:
    """As the event keeps it: over the ciphertexts, one behind the other."""
    return hashlib.sha256(b"".join(one or b"" for one in sealed)).hexdigest()
