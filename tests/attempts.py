"""The rows of a self-service with all its proofs, each written in its own time, as the database demands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, Insert

from portal.models import Base, new_id

TABLES = Base.metadata.tables


def row(table: str, **columns: Any) -> Insert:
    return TABLES[table].insert().values(**columns)


def changed(table: str, id_: str, **columns: Any) -> Executable:
    return TABLES[table].update().where(TABLES[table].c.id == id_).values(**columns)


def contacts(account_id: str, at: datetime) -> tuple[str, str, tuple[Executable, ...]]:
    """A mailbox and a telephone of the account: their ids, and the rows."""
    ids = new_id(), new_id()
    made = tuple(
        row(
            "contact",
            id=id_,
            account_id=account_id,
            kind=kind,
            sealed_value=b"sealed",
            confirmed_at=at,
            created_at=at,
        )
        for id_, kind in zip(ids, ("email", "phone"), strict=True)
    )
    return *ids, made


def begun(id_: str, account_id: str, principal_id: str, at: datetime, **changes: Any) -> Executable:
    """An attempt that has the password and a device, and nothing else."""
    columns = {
        "id": id_,
        "account_id": account_id,
        "principal_id": principal_id,
        "language": "ja",
        "device_id": "phone",
        "password_at": at,
        "created_at": at,
        "expires_at": at + timedelta(hours=1),
    }
    return row("self_service", **{**columns, **changes})


def link(attempt: str, contact_id: str | None, at: datetime, **changes: Any) -> Executable:
    """The link of the verification mail, used."""
    columns = {
        "hash": new_id() + new_id(),
        "purpose": "prove",
        "self_service_id": attempt,
        "contact_id": contact_id,
        "epoch": 1,
        "created_at": at,
        "expires_at": at + timedelta(minutes=30),
        "used_at": at,
    }
    return row("link_token", **{**columns, **changes})


def call(
    attempt: str, account_id: str, contact_id: str | None, at: datetime, **changes: Any
) -> tuple[str, Executable]:
    """A call that waits to be placed, and its id."""
    id_ = new_id()
    columns = {
        "id": id_,
        "kind": "proof",
        "account_id": account_id,
        "contact_id": contact_id,
        "self_service_id": attempt,
        "language": "ja",
        "path_hash": new_id() + new_id(),
        "code_digest": "0" * 64,
        "number_digest": "1" * 64,
        "state": "queued",
        "tries": 0,
        "created_at": at,
        "expires_at": at + timedelta(minutes=5),
    }
    return id_, row("phone_call", **{**columns, **changes})


def confirmed(call_id: str, at: datetime) -> Executable:
    """The right digits were keyed."""
    return changed("phone_call", call_id, state="ended", outcome="confirmed", answered_at=at, ended_at=at)


def proven(account_id: str, principal_id: str, at: datetime, **changes: Any) -> tuple[str, list[Executable]]:
    """An attempt with all three proofs: its id, and the statements that lead there."""
    attempt = new_id()
    mailbox, telephone, rows = contacts(account_id, at)
    call_id, queued = call(attempt, account_id, telephone, at)
    return attempt, [
        *rows,
        begun(attempt, account_id, principal_id, at, **changes),
        link(attempt, mailbox, at),
        changed("self_service", attempt, mailbox_contact_id=mailbox, mailbox_at=at),
        queued,
        confirmed(call_id, at),
        changed("self_service", attempt, call_contact_id=telephone, call_at=at),
    ]
