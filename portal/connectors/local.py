"""The portal's own directory: invented principals whose devices, sessions and passwords are rows, and whose codes are real."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from portal.connectors import Device, directory
from portal.connectors.directory import (
    SECRET_CHARACTERS,
    STEP_SECONDS,
    add_device,
    add_principal,
    add_session,
    check_password,
)
from portal.connectors.own_sign_in import OwnSignIn
from portal.models import (
    DirectoryDevice,
    DirectoryPrincipal,
    DirectoryRecoveryCode,
    DirectorySession,
    Principal,
)
from portal.vault import Vault

__all__ = [
    "SECRET_CHARACTERS",
    "STEP_SECONDS",
    "LocalConnector",
    "add_device",
    "add_principal",
    "add_session",
    "check_password",
]


class LocalConnector(OwnSignIn):
    """Acts on the rows of the directory. The register's `external_id` is the directory's id of a principal."""

    key = "local"
    checks_passwords = True
    holds_pass = True
    by_hand = False
    needs_owner_ready = False

    def __init__(self, vault: Vault) -> None:
        self.vault = vault

    def list_devices(self, session: Session, principal: Principal) -> tuple[Device, ...]:
        return tuple(directory.shown(row) for row in directory.devices_of(session, principal))

    def deactivate(self, session: Session, principal: Principal, device_id: str, *, now: datetime) -> None:
        row = directory.device_of(session, principal, device_id)
        directory.count(
            session,
            update(DirectoryDevice)
            .where(DirectoryDevice.id == row.id, DirectoryDevice.removed_at.is_(None))
            .values(removed_at=now),
        )

    def is_gone(self, session: Session, principal: Principal, device_id: str) -> bool:
        return directory.device_of(session, principal, device_id).removed_at is not None

    def end_sessions(self, session: Session, principal: Principal, *, now: datetime) -> int:
        return directory.count(
            session,
            update(DirectorySession)
            .where(
                DirectorySession.principal_id == directory.entry_of(session, principal).id,
                DirectorySession.ended_at.is_(None),
            )
            .values(ended_at=now),
        )

    def suspend_since(
        self, session: Session, principal: Principal, moment: datetime, *, now: datetime
    ) -> int:
        entry = directory.entry_of(session, principal)
        session.execute(
            update(DirectoryRecoveryCode)
            .where(
                DirectoryRecoveryCode.principal_id == entry.id,
                DirectoryRecoveryCode.created_at > moment,
                DirectoryRecoveryCode.used_at.is_(None),
            )
            .values(used_at=now)
        )
        return directory.count(
            session,
            update(DirectoryDevice)
            .where(
                DirectoryDevice.principal_id == entry.id,
                DirectoryDevice.registered_at > moment,
                DirectoryDevice.removed_at.is_(None),
                DirectoryDevice.suspended_at.is_(None),
            )
            .values(suspended_at=now),
        )

    def signed_in_since(self, session: Session, principal: Principal, moment: datetime) -> bool:
        query = select(
            exists().where(
                DirectorySession.principal_id == directory.entry_of(session, principal).id,
                DirectorySession.mfa,
                DirectorySession.started_at > moment,
            )
        )
        return bool(session.execute(query).scalar_one())

    def accepts_code(
        self, session: Session, principal: Principal, device_id: str, code: str, *, now: datetime
    ) -> bool:
        row = directory.device_of(session, principal, device_id)
        owner = session.get_one(DirectoryPrincipal, row.principal_id)
        shows = row.kind in directory.SHOWS_CODES
        secret = self.vault.open(session, owner.subject_id, row, "secret") if shows else None
        step = directory.step_of(secret, code, now, row.offset) if secret else None
        return step is not None and bool(directory.count(session, directory.unspent(row, step)))
