"""The portal's own directory: invented principals whose devices, sessions and passwords are rows, and whose codes are real."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime
from typing import Any, cast

import pyotp
from argon2 import PasswordHasher
from sqlalchemy import CursorResult, Update, exists, select, update
from sqlalchemy.orm import Session

from portal import passwords
from portal.connectors import ConnectorError, Device
from portal.models import DirectoryDevice, DirectoryPrincipal, DirectorySession, Principal, new_id
from portal.vault import Vault

STEP_SECONDS = 30
SECRET_CHARACTERS = 32  # of base32: 160 bits
CODE = re.compile(r"\A[0-9]{6}\Z")  # pyotp itself takes full-width digits, a second spelling of each code


class LocalConnector:
    """Acts on the rows of the directory. The register's `external_id` is the directory's id of a principal."""

    key = "local"
    checks_passwords = True
    by_hand = False
    needs_owner_ready = False

    def __init__(self, vault: Vault) -> None:
        self.vault = vault

    def list_devices(self, session: Session, principal: Principal) -> tuple[Device, ...]:
        query = (
            select(DirectoryDevice)
            .where(
                DirectoryDevice.principal_id == _known(session, principal).id,
                DirectoryDevice.removed_at.is_(None),
            )
            .order_by(DirectoryDevice.registered_at, DirectoryDevice.id)
        )
        return tuple(_shown(row) for row in session.execute(query).scalars())

    def deactivate(self, session: Session, principal: Principal, device_id: str, *, now: datetime) -> None:
        row = _device(session, principal, device_id)
        _count(
            session,
            update(DirectoryDevice)
            .where(DirectoryDevice.id == row.id, DirectoryDevice.removed_at.is_(None))
            .values(removed_at=now),
        )

    def is_gone(self, session: Session, principal: Principal, device_id: str) -> bool:
        return _device(session, principal, device_id).removed_at is not None

    def end_sessions(self, session: Session, principal: Principal, *, now: datetime) -> int:
        return _count(
            session,
            update(DirectorySession)
            .where(
                DirectorySession.principal_id == _known(session, principal).id,
                DirectorySession.ended_at.is_(None),
            )
            .values(ended_at=now),
        )

    def suspend_since(
        self, session: Session, principal: Principal, moment: datetime, *, now: datetime
    ) -> int:
        return _count(
            session,
            update(DirectoryDevice)
            .where(
                DirectoryDevice.principal_id == _known(session, principal).id,
                DirectoryDevice.registered_at > moment,
                DirectoryDevice.removed_at.is_(None),
                DirectoryDevice.suspended_at.is_(None),
            )
            .values(suspended_at=now),
        )

    def signed_in_since(self, session: Session, principal: Principal, moment: datetime) -> bool:
        query = select(
            exists().where(
                DirectorySession.principal_id == _known(session, principal).id,
                DirectorySession.mfa,
                DirectorySession.started_at > moment,
            )
        )
        return bool(session.execute(query).scalar_one())

    def accepts_code(
        self, session: Session, principal: Principal, device_id: str, code: str, *, now: datetime
    ) -> bool:
        row = _device(session, principal, device_id)
        owner = session.get_one(DirectoryPrincipal, row.principal_id)
        secret = self.vault.open(session, owner.subject_id, row, "secret")
        step = _step_of(secret, code, now) if secret else None
        # A step once accepted, and every earlier one, is spent: the UPDATE decides, also between two tabs.
        return step is not None and bool(
            _count(
                session,
                update(DirectoryDevice)
                .where(
                    DirectoryDevice.id == row.id,
                    DirectoryDevice.last_step < step,
                    DirectoryDevice.removed_at.is_(None),
                    DirectoryDevice.suspended_at.is_(None),
                )
                .values(last_step=step),
            )
        )


def _known(session: Session, principal: Principal) -> DirectoryPrincipal:
    row = session.get(DirectoryPrincipal, principal.external_id)
    if row is None:
        raise ConnectorError("the directory has no such principal", permanent=True)
    return row


def _device(session: Session, principal: Principal, device_id: str) -> DirectoryDevice:
    row = session.get(DirectoryDevice, device_id, populate_existing=True)
    if row is None or row.principal_id != principal.external_id:
        raise ConnectorError("the principal has no such device", permanent=True)
    return row


def _shown(row: DirectoryDevice) -> Device:
    return Device(
        id=row.id,
        label=row.label,
        kind=row.kind,
        serial_end=row.serial[-4:],
        registered_at=row.registered_at,
    )


def _count(session: Session, statement: Update) -> int:
    return cast(CursorResult[Any], session.execute(statement)).rowcount


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step that the code belongs to: the present one or the one before it."""
    if not CODE.fullmatch(code):
        return None
    present = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    fits = [step for step in (present, present - 1) if hmac.compare_digest(totp.generate_otp(step), code)]
    return fits[0] if fits else None


def add_principal(
    session: Session, vault: Vault, *, password: str, now: datetime, hasher: PasswordHasher | None = None
) -> DirectoryPrincipal:
    """Add somebody to the directory. Its id is what the register calls `external_id`.

    A crowd of invented people may bring a cheaper `hasher`; a hash carries its own parameters.
    """
    row = DirectoryPrincipal(
        id=new_id(),
        subject_id=vault.new_subject(session),
        password_hash=hasher.hash(password) if hasher else passwords.hashed(password),
        password_set_at=now,
    )
    session.add(row)
    session.flush()
    return row


def add_device(
    session: Session,
    vault: Vault,
    principal: DirectoryPrincipal,
    *,
    label: str,
    now: datetime,
    kind: str = "virtual",
) -> tuple[DirectoryDevice, str]:
    """Register a TOTP device and return it with its secret, which is readable nowhere else afterwards."""
    secret = pyotp.random_base32(SECRET_CHARACTERS)
    row = DirectoryDevice(
        id=new_id(),
        principal_id=principal.id,
        label=label,
        kind=kind,
        serial=secrets.token_hex(6).upper(),
        last_step=0,
        registered_at=now,
    )
    vault.seal(session, principal.subject_id, row, "secret", secret)
    session.add(row)
    session.flush()
    return row, secret


def add_session(
    session: Session, principal: DirectoryPrincipal, *, mfa: bool, now: datetime
) -> DirectorySession:
    """Record that somebody signed in, with or without MFA."""
    row = DirectorySession(id=new_id(), principal_id=principal.id, mfa=mfa, started_at=now)
    session.add(row)
    session.flush()
    return row


def check_password(session: Session, external_id: str | None, password: str) -> bool:
    """Whether this is the principal's password. An unknown principal takes the same work as a known one."""
    row = session.get(DirectoryPrincipal, external_id) if external_id else None
    return passwords.fits(row.password_hash if row else None, password)
