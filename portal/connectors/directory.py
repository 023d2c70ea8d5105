"""The rows of the portal's own directory, and the time-based codes of its devices."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import pyotp
from argon2 import PasswordHasher
from sqlalchemy import CursorResult, Update, select, update
from sqlalchemy.orm import Session

from portal import passwords
from portal.connectors import ConnectorError, Device
from portal.models import DirectoryDevice, DirectoryPrincipal, DirectorySession, Principal, new_id
from portal.vault import Vault

STEP_SECONDS = 30
SECRET_CHARACTERS = 32  # of base32: 160 bits
NOBODY = "nobody"  # an id that nothing has
CODE = re.compile(r"\A[0-9]{6}\Z")  # pyotp itself takes full-width digits, a second spelling of each code
SHOWS_CODES = frozenset({"virtual", "hardware"})  # a passkey shows none, whatever is sealed with it


def entry_of(session: Session, principal: Principal) -> DirectoryPrincipal:
    """Somebody's entry. Raises ConnectorError where there is none."""
    row = session.get(DirectoryPrincipal, principal.external_id)
    if row is None:
        raise ConnectorError("the directory has no such principal", permanent=True)
    return row


def locked_entry(session: Session, principal: Principal) -> DirectoryPrincipal:
    """The same, read for writing: of tries at the same moment each sees what the one before it has counted."""
    query = (
        select(DirectoryPrincipal)
        .where(DirectoryPrincipal.id == principal.external_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    row = session.execute(query).scalar_one_or_none()
    if row is None:
        raise ConnectorError("the directory has no such principal", permanent=True)
    return row


def device_of(session: Session, principal: Principal, device_id: str) -> DirectoryDevice:
    row = session.get(DirectoryDevice, device_id, populate_existing=True)
    if row is None or row.principal_id != principal.external_id:
        raise ConnectorError("the principal has no such device", permanent=True)
    return row


def devices_of(session: Session, principal: Principal) -> list[DirectoryDevice]:
    """The devices that are not removed, suspended ones among them, the oldest first."""
    query = (
        select(DirectoryDevice)
        .where(
            DirectoryDevice.principal_id == entry_of(session, principal).id,
            DirectoryDevice.removed_at.is_(None),
        )
        .order_by(DirectoryDevice.registered_at, DirectoryDevice.id)
        .execution_options(populate_existing=True)
    )
    return list(session.execute(query).scalars())


def shown(row: DirectoryDevice) -> Device:
    return Device(
        id=row.id,
        label=row.label,
        kind=row.kind,
        serial_end=row.serial[-4:],
        registered_at=row.registered_at,
    )


def count(session: Session, statement: Update) -> int:
    """Carry out an UPDATE and return how many rows it met."""
    return cast(CursorResult[Any], session.execute(statement)).rowcount


def present_step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def step_of(secret: str, code: str, now: datetime, offset: int = 0) -> int | None:
    """The time step, by the device's own clock, that the code belongs to: its present one or the one before it.

    A resynchronised clock need not tick with ours, and shows the step after it for a part of each half minute.
    """
    if not CODE.fullmatch(code):
        return None
    present = present_step(now) + offset
    possible = (present, present - 1) if offset == 0 else (present, present - 1, present + 1)
    totp = pyotp.TOTP(secret)
    fits = [step for step in possible if hmac.compare_digest(totp.generate_otp(step), code)]
    return fits[0] if fits else None


def steps_of_pair(secret: str, codes: Sequence[str], possible: range) -> int | None:
    """The step of the second of two codes that follow each other, or None where no two in the range do."""
    if len(codes) != 2 or not all(CODE.fullmatch(code) for code in codes):
        return None
    totp = pyotp.TOTP(secret)
    made = [totp.generate_otp(step) for step in range(possible.start, possible.stop + 1)]
    pairs = zip(possible, made, made[1:], strict=False)
    fits = [
        step + 1
        for step, one, other in pairs
        if hmac.compare_digest(one, codes[0]) & hmac.compare_digest(other, codes[1])
    ]
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
    secret: str | None = None,
    last_step: int = 0,
) -> tuple[DirectoryDevice, str]:
    """Register a device and return it with its secret, which is readable nowhere else afterwards."""
    secret = secret or pyotp.random_base32(SECRET_CHARACTERS)
    row = DirectoryDevice(
        id=new_id(),
        principal_id=principal.id,
        label=label,
        kind=kind,
        serial=secrets.token_hex(6).upper(),
        last_step=last_step,
        offset=0,
        registered_at=now,
    )
    vault.seal(session, principal.subject_id, row, "secret", secret)
    session.add(row)
    session.flush()
    return row, secret


def add_session(
    session: Session,
    principal: DirectoryPrincipal,
    *,
    mfa: bool,
    now: datetime,
    device_id: str | None = None,
) -> DirectorySession:
    """Record that somebody signed in, with or without MFA."""
    row = DirectorySession(
        id=new_id(), principal_id=principal.id, mfa=mfa, device_id=device_id, started_at=now
    )
    session.add(row)
    session.flush()
    return row


def check_password(session: Session, external_id: str | None, password: str) -> bool:
    """Whether this is the principal's password. An unknown principal takes the same work as a known one."""
    row = session.get(DirectoryPrincipal, external_id or NOBODY)
    right = passwords.fits(row.password_hash if row else None, password)
    if row and passwords.is_outdated(row.password_hash):
        passwords.fits(None, password)  # a cheaper hash would tell by its time that somebody is known
    return right


def unspent(row: DirectoryDevice, step: int) -> Update:
    """Accept a step: it and every earlier one are spent. The UPDATE decides, also between two tabs."""
    return (
        update(DirectoryDevice)
        .where(
            DirectoryDevice.id == row.id,
            DirectoryDevice.last_step < step,
            DirectoryDevice.removed_at.is_(None),
            DirectoryDevice.suspended_at.is_(None),
        )
        .values(last_step=step)
    )
