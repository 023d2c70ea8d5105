"""Work that follows a commit: rows written with the act, claimed under a lease, carried out at least once.

A row is never lost, because it is committed with the act that caused it; it may be carried out twice when a worker dies
between the effect and the commit, and then has the same Message-ID.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.models import OutboxRow, new_id
from portal.vault import Vault

LEASE = timedelta(minutes=2)
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440, 1440, 1440))
KINDS = (
    "mail",
    "document",
    "match",
    "find",
    "remove",
    "suspend",
    "call",
    "spoken",
    "reset",
    "arrival",
    "export",
)
LONG = ("export",)
# Each worker has a thread for either: no mail, call or removal waits behind a file of a million rows.
LANES: Mapping[str, ColumnElement[bool]] = {
    "quick": OutboxRow.kind.not_in(LONG),
    "long": OutboxRow.kind.in_(LONG),
}


def put(
    session: Session,
    vault: Vault,
    kind: str,
    *,
    unique_key: str,
    now: datetime,
    subject_id: str | None = None,
    params: Mapping[str, Any] | None = None,
    **columns: Any,
) -> OutboxRow:
    """Queue a piece of work in the caller's transaction. `params` are sealed with the subject's key."""
    row = OutboxRow(
        id=new_id(),
        kind=kind,
        unique_key=unique_key,
        subject_id=subject_id,
        created_at=now,
        not_before=columns.pop("not_before", now),
        state="pending",
        attempts=0,
        **columns,
    )
    if params and subject_id:
        vault.seal_json(session, subject_id, row, "params", dict(params))
    session.add(row)
    session.flush()
    return row


def put_once(
    session: Session, kind: str, *, unique_key: str, now: datetime, case_id: str | None = None
) -> None:
    """Queue it unless it is queued already; of two at the same moment neither fails."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = {"id": new_id(), "kind": kind, "unique_key": unique_key, "case_id": case_id, "state": "pending"}
    statement = dialect.insert(OutboxRow).values(
        **row, created_at=now, not_before=now, attempts=0, security=False
    )
    session.execute(statement.on_conflict_do_nothing(index_elements=["unique_key"]))


def params_of(session: Session, vault: Vault, row: OutboxRow) -> dict[str, Any]:
    """What was sealed with the row; empty once it is wiped or its subject is erased."""
    opened = vault.open_json(session, row.subject_id, row, "params") if row.subject_id else None
    return dict(opened or {})


def claim(session: Session, worker: str, *which: ColumnElement[bool], now: datetime) -> OutboxRow | None:
    """Take the next row that is due and nobody's. Call it in a write transaction of its own."""
    due = (
        select(OutboxRow.id)
        .where(
            OutboxRow.state == "pending",
            OutboxRow.not_before <= now,
            or_(OutboxRow.lease_until.is_(None), OutboxRow.lease_until < now),
            *which,
        )
        .order_by(OutboxRow.not_before, OutboxRow.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    claimed = (
        update(OutboxRow)
        .where(OutboxRow.id.in_(due.scalar_subquery()))
        .values(lease_owner=worker, lease_until=now + LEASE, attempts=OutboxRow.attempts + 1)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    found = session.execute(claimed).scalar_one_or_none()
    return None if found is None else session.get_one(OutboxRow, found, populate_existing=True)


def finish(session: Session, row_id: str, worker: str, *, now: datetime, state: str = "done") -> bool:
    """Close a row that this worker still holds and wipe its secrets. False when the lease was lost to another."""
    done = session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.lease_owner == worker, OutboxRow.state == "pending")
        .values(state=state, done_at=now, lease_owner=None, lease_until=None, sealed_params=None)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return done.scalar_one_or_none() is not None


def renew(session: Session, row_id: str, worker: str, *, now: datetime) -> bool:
    """Keep hold of a row for another lease, in the middle of long work. False when it was lost to another."""
    held = (
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.lease_owner == worker, OutboxRow.state == "pending")
        .values(lease_until=now + LEASE)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(held).scalar_one_or_none() is not None


def give_back(session: Session, row_id: str, worker: str) -> bool:
    """Leave a row to the next worker as if it had not been tried. False when it was lost to another."""
    left = (
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.lease_owner == worker, OutboxRow.state == "pending")
        .values(lease_owner=None, lease_until=None, attempts=OutboxRow.attempts - 1)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(left).scalar_one_or_none() is not None


def postpone(
    session: Session, row: OutboxRow, worker: str, *, now: datetime, error: str, permanent: bool
) -> str:
    """After a failure: try later with growing pauses, or give up and leave the row for people. Returns the state.

    Of a row that was withdrawn or taken over nothing is written.
    """
    if permanent or row.attempts > len(BACK_OFF):
        state, later = "dead", now
    else:
        pause = BACK_OFF[row.attempts - 1]
        # Spread, so that a thousand mails held up together do not all come back in the same second.
        state, later = "pending", now + pause * random.uniform(0.9, 1.1)
    postponed = (
        update(OutboxRow)
        # Still pending: a row that was withdrawn in the meantime must not come back.
        .where(OutboxRow.id == row.id, OutboxRow.lease_owner == worker, OutboxRow.state == "pending")
        .values(
            state=state,
            not_before=later,
            lease_owner=None,
            lease_until=None,
            last_error=error[:200],
            done_at=now if state == "dead" else None,
        )
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return state if session.execute(postponed).scalar_one_or_none() else "no longer ours"


def revive(session: Session, row_id: str, *, now: datetime) -> bool:
    """Let a dead row begin anew. False when it is not dead any more: of two presses one counts."""
    revived = (
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.state == "dead")
        .values(state="pending", not_before=now, attempts=0, done_at=None)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(revived).scalar_one_or_none() is not None


def cancel(session: Session, *, now: datetime, **which: Any) -> None:
    """Withdraw pending rows: what they would say is no longer true."""
    conditions = [getattr(OutboxRow, name) == value for name, value in which.items()]
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.state == "pending", *conditions)
        .values(state="cancelled", done_at=now, sealed_params=None)
        .execution_options(synchronize_session=False)
    )
