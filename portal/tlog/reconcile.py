"""Folds the events of each stream into what they must have made of its row, and compares: no state without its event.

Folded of a case: status, version, round, tier, account and user, who proposed, approved, executed and ended a freeze, what
was decided on which devices, the waiting period, retention and legal holds; and that every check, every ticked check and
every message has its event and is still what was sealed. Of staff: person, roles, whether the login is shut. Of accounts:
protection, and whether calls are off. Of the system: the words of reply templates, and the digests of papers.

Not folded, because no event says it: who holds a claim, what the owner was asked, deadlines of the desk, the parts of
persons in a case, the tier that an appeal or the end of a freeze computed (until an event names it again), what the
register holds (it is sealed), and the roles with which people of a demo are planted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from portal.tlog.findings import Book
from portal.tlog.folds import Fold, Known
from portal.tlog.reconcile_accounts import AccountFold, compare_accounts, unexplained_accounts
from portal.tlog.reconcile_cases import CaseFold, compare_cases
from portal.tlog.reconcile_staff import StaffFold, compare_staff, unexplained_staff
from portal.tlog.reconcile_system import SystemFold, compare_system

Begin = Callable[[str, Known], Fold]
Compare = Callable[[Session, Book, Known, Sequence[Any]], None]

# What a stream is about -> how its events are folded and compared.
FOLDS: Mapping[str, tuple[Begin, Compare]] = {
    "case": (CaseFold, compare_cases),
    "staff": (StaffFold, compare_staff),
    "account": (AccountFold, compare_accounts),
    "system": (SystemFold, compare_system),
}


def begin(stream: str, known: Known) -> Fold | None:
    """An empty fold for a stream; None where nothing follows from its events."""
    kind, _, about = stream.partition(":")
    return FOLDS[kind][0](about, known) if kind in FOLDS else None


def compare(session: Session, book: Book, known: Known, folds: Sequence[Fold]) -> None:
    """Compare what the events must have made with the rows. A row that cannot be read is found and stops nothing."""
    for made, compare_kind in FOLDS.values():
        some = [fold for fold in folds if type(fold) is made]
        if some:
            _compare(session, book, known, some, compare_kind)


def _compare(session: Session, book: Book, known: Known, some: Sequence[Any], compare_kind: Compare) -> None:
    try:
        compare_kind(session, book, known, some)
    except (ValueError, TypeError, LookupError):
        # SQLite keeps any text in any column, a time that is none for one.
        if len(some) == 1:
            book.bad("reconcile", str(some[0]), "its row holds what no row of its kind can hold")
            return
        for one in some:
            _compare(session, book, known, [one], compare_kind)


def without_events(session: Session, book: Book, known: Known) -> None:
    """Rows that somebody made, or gave power, without any event in their stream."""
    unexplained_staff(session, book, known)
    unexplained_accounts(session, book)
