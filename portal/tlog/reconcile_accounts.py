"""What the events of an account have made of its two switches: its protection, and whether calls to it are off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from portal.models import Account, AuditStream, SubjectKey
from portal.tlog.findings import Book
from portal.tlog.folds import Known, among

EFFECTIVE = "account:setting:effective"
# Kind of a decision by two -> which switch, and how it stands afterwards.
SWITCHED: Mapping[str, tuple[str, bool]] = {
    "account_protect": ("is_protected", True),
    "account_unprotect": ("is_protected", False),
    "account_calls_on": ("calls_off", False),
}


class AccountFold:
    is_full = False

    def __init__(self, account_id: str, _known: Known) -> None:
        self.account_id = account_id
        self.switches = {"is_protected": False, "calls_off": False}
        self.erased = False

    def __str__(self) -> str:
        return f"account:{self.account_id}"

    def told(self) -> Iterator[tuple[str, bool]]:
        """How each column has to stand. The key is there for as long as nobody has erased the account."""
        yield from self.switches.items()
        yield from (("erased", self.erased), ("has_key", not self.erased))

    def take(self, event: Mapping[str, Any]) -> None:
        tag = event["act"]
        if tag == EFFECTIVE and event["d"]["kind"] in SWITCHED:
            name, value = SWITCHED[event["d"]["kind"]]
            self.switches[name] = value
        elif tag == "account:calls:off":
            self.switches["calls_off"] = True
        elif tag == "account:data:erased":
            self.erased = True


def compare_accounts(session: Session, book: Book, _known: Known, folds: Sequence[AccountFold]) -> None:
    query = select(
        Account.id,
        Account.is_protected,
        Account.calls_off_at.is_not(None).label("calls_off"),
        Account.erased_at.is_not(None).label("erased"),
        exists().where(SubjectKey.subject_id == Account.subject_id).label("has_key"),
    )
    named = among(session, Account.id, [fold.account_id for fold in folds])
    rows = {row.id: row for row in session.execute(query.where(named))}
    for fold in folds:
        row = rows.get(fold.account_id)
        if row is None:
            book.bad("reconcile", str(fold), "its row is gone")
            continue
        for name, expected in fold.told():
            found = bool(getattr(row, name))
            if found != expected:
                book.bad("reconcile", str(fold), f"{name} is {found}, and its events say {expected}")


def unexplained_accounts(session: Session, book: Book) -> None:
    """A protection that no event has set is one that somebody may think two have agreed to."""
    stream = exists().where(AuditStream.stream == "account:" + Account.id)
    key = exists().where(SubjectKey.subject_id == Account.subject_id)
    odd = Account.is_protected | Account.erased_at.is_not(None) | ~key
    query = select(Account.id).where(odd, ~stream).limit(1)
    for account_id in session.execute(query).scalars():
        book.bad(
            "reconcile",
            f"account:{account_id}",
            "it is protected, erased or without its key, and no event says so",
        )
