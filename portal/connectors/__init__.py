"""How a device is removed: one protocol, one table. A connector owns devices and sessions; contacts are the register's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from portal.models import Principal


@dataclass(frozen=True)
class Device:
    """One MFA device as the other system shows it. `serial_end` are its last four characters."""

    id: str
    label: str
    kind: str
    serial_end: str
    registered_at: datetime | None = None


class ConnectorError(Exception):
    """The other system refused or did not answer. `permanent` says that asking again will not help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class Connector(Protocol):
    """What the desk needs of a system that holds MFA devices. Every call may be repeated safely."""

    key: str
    checks_passwords: bool  # without this, self-service is off
    by_hand: bool  # people confirm and attest the steps; the portal cannot act itself
    needs_owner_ready: bool  # executed only within an hour of the owner's "I am ready to sign in"

    def list_devices(self, session: Session, principal: Principal) -> tuple[Device, ...]: ...

    def deactivate(self, session: Session, principal: Principal, device_id: str, *, now: datetime) -> None:
        """Remove one device; one that is gone already is no error. Raises ConnectorError."""

    def is_gone(self, session: Session, principal: Principal, device_id: str) -> bool:
        """Read back whether the device is really gone. Raises ConnectorError."""

    def end_sessions(self, session: Session, principal: Principal, *, now: datetime) -> int:
        """End all sessions of the principal and return how many there were. Raises ConnectorError."""

    def suspend_since(
        self, session: Session, principal: Principal, moment: datetime, *, now: datetime
    ) -> int:
        """Suspend every device bound after the moment and return how many: a removal was disputed. Raises ConnectorError."""

    def signed_in_since(self, session: Session, principal: Principal, moment: datetime) -> bool:
        """Whether somebody passed MFA on this principal after the moment. Raises ConnectorError."""

    def accepts_code(
        self, session: Session, principal: Principal, device_id: str, code: str, *, now: datetime
    ) -> bool:
        """Whether this is the device's present code. Each code is accepted once."""
