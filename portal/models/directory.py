"""The portal's own directory of invented principals, behind the `local` connector: devices, sessions, passwords."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Integer, String
from sqlalchemy.orm import Mapped

from portal.models.base import Base, UtcDateTime, column, fact, key, ref, sealed


class DirectoryPrincipal(Base):
    __tablename__ = "directory_principal"

    id: Mapped[str] = key()
    subject_id: Mapped[str] = fact(String(32))
    password_hash: Mapped[str] = column("secret", String(200))
    password_set_at: Mapped[datetime] = fact(UtcDateTime)
    password_reset_at: Mapped[datetime | None] = fact(UtcDateTime)
    # After a removal: the next sign-in takes a one-use pass and may only enrol.
    must_enrol_since: Mapped[datetime | None] = fact(UtcDateTime)
    # Wrong codes in a row; survives sessions, new codes and waiting.
    code_failures: Mapped[int] = fact(Integer, default=0)
    # For some days after a recovery contacts and other devices stay as they are.
    changes_held_until: Mapped[datetime | None] = fact(UtcDateTime)


class DirectoryDevice(Base):
    __tablename__ = "directory_device"

    id: Mapped[str] = key()
    principal_id: Mapped[str] = ref("directory_principal.id", index=True)
    label: Mapped[str] = fact(String(60))
    kind: Mapped[str] = fact(String(16))
    serial: Mapped[str] = fact(String(32))
    sealed_secret: Mapped[bytes] = sealed("secret")
    last_step: Mapped[int] = fact(Integer, default=0)
    # Steps by which the device's clock is off, as a resynchronisation found.
    offset: Mapped[int] = fact(Integer, default=0)
    registered_at: Mapped[datetime] = fact(UtcDateTime)
    removed_at: Mapped[datetime | None] = fact(UtcDateTime)
    suspended_at: Mapped[datetime | None] = fact(UtcDateTime)


class DirectorySession(Base):
    __tablename__ = "directory_session"

    id: Mapped[str] = key()
    principal_id: Mapped[str] = ref("directory_principal.id", index=True)
    mfa: Mapped[bool] = fact(Boolean)
    device_id: Mapped[str | None] = fact(String(32))
    started_at: Mapped[datetime] = fact(UtcDateTime)
    ended_at: Mapped[datetime | None] = fact(UtcDateTime)


class DirectoryRecoveryCode(Base):
    """A saved code that signs in once. A new set deletes the old one."""

    __tablename__ = "directory_recovery_code"

    id: Mapped[str] = key()
    principal_id: Mapped[str] = ref("directory_principal.id", index=True)
    hash: Mapped[str] = column("secret", String(200))
    created_at: Mapped[datetime] = fact(UtcDateTime)
    used_at: Mapped[datetime | None] = fact(UtcDateTime)
