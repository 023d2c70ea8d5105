"""What the events of a login have made of it: whose it is, which roles it holds, whether it is shut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from portal.models import AuditStream, Staff, StaffRole
from portal.tlog.findings import Book
from portal.tlog.folds import Known

CHANGED = "staff:change:effective"


class StaffFold:
    """`roles` is None until the event of its making has said which it began with: a demo plants people without one."""

    is_full = False

    def __init__(self, staff_id: str, _known: Known) -> None:
        self.staff_id = staff_id
        self.person: str | None = None
        self.roles: set[str] | None = None
        self.given: set[str] = set()  # proposals that gave a role
        self.taken: set[str] = set()  # roles that were taken away
        self.disabled = False

    def __str__(self) -> str:
        return f"staff:{self.staff_id}"

    def take(self, event: Mapping[str, Any]) -> None:
        tag, facts = event["act"], event["d"]
        if tag == "staff:login:invited" and self.person is None:
            self.person = facts["person"]
            self.roles = set(facts["roles"]) if "roles" in facts else None
            self.given.add(facts.get("proposal", ""))
        elif tag == "staff:role:effective":
            self.given.add(facts["proposal"])
            self._hold({facts["role"]}, set())
        elif tag == CHANGED and facts["kind"] == "role_revoke":
            self.taken.add(facts["role"])
            self._hold(set(), {facts["role"]})
        elif tag == CHANGED and facts["kind"] == "re_enable":
            self.disabled = False
        elif tag == "staff:login:disabled":
            self.disabled = True

    def _hold(self, more: set[str], less: set[str]) -> None:
        if self.roles is not None:
            self.roles = (self.roles | more) - less


def compare_staff(session: Session, book: Book, known: Known, folds: Sequence[StaffFold]) -> None:
    ids = [fold.staff_id for fold in folds]
    query = select(
        Staff.id, Staff.person_id, Staff.created_at, Staff.disabled_at.is_not(None).label("disabled")
    )
    rows = {row.id: row for row in session.execute(query.where(Staff.id.in_(ids)))}
    roles: dict[str, list[Any]] = {}
    held = select(
        StaffRole.staff_id,
        StaffRole.role,
        StaffRole.proposal_id,
        StaffRole.effective_at,
        StaffRole.revoked_at.is_not(None).label("revoked"),
    )
    for row in session.execute(held.where(StaffRole.staff_id.in_(ids))):
        roles.setdefault(row.staff_id, []).append(row)
    for fold in folds:
        if fold.staff_id not in rows:
            book.bad("reconcile", str(fold), "its row is gone")
            continue
        for words in _differences(fold, rows[fold.staff_id], roles.get(fold.staff_id, []), known):
            book.bad("reconcile", str(fold), words)


def _differences(fold: StaffFold, row: Any, roles: Sequence[Any], known: Known) -> list[str]:
    found = []
    if fold.person is None and not known.is_demo:
        found.append("it was made without an event")
    if fold.person is not None and row.person_id != fold.person:
        found.append("it is another person's than the one who was invited")
    if bool(row.disabled) != fold.disabled:
        found.append(f"disabled is {bool(row.disabled)}, and its events say {fold.disabled}")
    in_force = sorted(role.role for role in roles if not role.revoked)
    if fold.roles is not None and in_force != sorted(fold.roles):
        found.append(f"it holds {in_force}, and its events say {sorted(fold.roles)}")
    found += [f"no event made it {role.role}" for role in _unexplained(fold, row, roles)]
    found += [
        f"no event took {role.role} away" for role in roles if role.revoked and role.role not in fold.taken
    ]
    return found


def _unexplained(fold: StaffFold, row: Any, roles: Sequence[Any]) -> list[Any]:
    """Roles that neither came with the login, one for whoever came without an event, nor rest on a proposal of one."""
    came = [role for role in roles if role.proposal_id is None and role.effective_at == row.created_at]
    with_it = came if fold.roles is not None else came[:1]
    return [role for role in roles if role not in with_it and (role.proposal_id or "-") not in fold.given]


def unexplained_staff(session: Session, book: Book, known: Known) -> None:
    """Logins without a single event: only a demo has them, and they have what they were planted with."""
    none = ~exists().where(AuditStream.stream == "staff:" + Staff.id)
    folds = [
        StaffFold(staff_id, known) for staff_id in session.execute(select(Staff.id).where(none)).scalars()
    ]
    if folds:
        compare_staff(session, book, known, folds)
