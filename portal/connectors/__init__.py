"""How a device is removed: one protocol, one table. A connector owns devices and sessions; contacts are the register's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

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
    checks_passwords: bool  # without this, self-service is off; with it, the connector is a SignIn
    holds_pass: bool  # after a removal, signing in takes a one-use pass and leads to enrolment alone
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
        """A removal was disputed: suspend every device bound after it and void the recovery codes made since.

        Returns how many devices there were. Raises ConnectorError.
        """

    def signed_in_since(self, session: Session, principal: Principal, moment: datetime) -> bool:
        """Whether somebody passed MFA on this principal after the moment. Raises ConnectorError."""

    def accepts_code(
        self, session: Session, principal: Principal, device_id: str, code: str, *, now: datetime
    ) -> bool:
        """Whether this is the device's present code. Each code is accepted once."""


class SignIn(Connector, Protocol):
    """What a system does for those who sign in through the portal. What counts is counted inside the caller's act."""

    def password_fits(self, session: Session, principal: Principal | None, password: str) -> bool:
        """Whether this is the password. Takes as long for nobody, and is slow: ask outside of a transaction."""

    def password_ages(self, session: Session, principal: Principal) -> tuple[datetime, datetime | None]:
        """When the password was set, and when it was last reset."""

    def begin_session(
        self, session: Session, principal: Principal, *, mfa: bool, device_id: str | None, now: datetime
    ) -> None:
        """Record that somebody signed in."""

    def began_without_device(self, session: Session, principal: Principal, moment: datetime) -> bool: ...

    def must_enrol(self, session: Session, principal: Principal) -> datetime | None:
        """Since when the principal has to register a device before anything else, or None."""

    def require_enrolment(self, session: Session, principal: Principal, *, now: datetime) -> None:
        """After a removal: from now on a password only leads to the one-use pass."""

    def code_failures(self, session: Session, principal: Principal) -> int:
        """Wrong codes in a row, read for writing."""

    def count_code_failure(self, session: Session, principal: Principal) -> int:
        """One more wrong code; returns how many there are in a row."""

    def forgive_code_failures(self, session: Session, principal: Principal) -> None: ...

    def code_devices(self, session: Session, principal: Principal) -> tuple[Device, ...]:
        """The devices that show codes and are not suspended."""

    def accepts_any_code(
        self, session: Session, principal: Principal, code: str, *, now: datetime
    ) -> str | None:
        """The device whose code this is, or None. Each code is accepted once."""

    def resynchronise(
        self,
        session: Session,
        principal: Principal,
        device_id: str,
        codes: Sequence[str],
        *,
        within: int,
        now: datetime,
    ) -> bool:
        """Set a device's clock right by two codes in a row, found at most so many steps away and after the last accepted one."""

    def register_device(
        self,
        session: Session,
        principal: Principal,
        secret: str,
        label: str,
        steps: tuple[int, int],
        now: datetime,
        kind: str = "virtual",
    ) -> Device:
        """Bind a device by the steps of the two codes that proved it, which are spent. The principal need not enrol any more."""

    def recovery_codes(self, session: Session, principal: Principal) -> tuple[tuple[str, str], ...]:
        """Ids and hashes of the unused recovery codes."""

    def replace_recovery_codes(
        self, session: Session, principal: Principal, hashes: Iterable[str], *, now: datetime
    ) -> None:
        """Put a new set in the place of every older one."""

    def use_recovery_code(
        self, session: Session, principal: Principal, code_id: str, *, now: datetime
    ) -> bool:
        """Use a recovery code up. Of two posts at once one gets it."""

    def hold_changes(self, session: Session, principal: Principal, until: datetime) -> None:
        """Until then, contacts and other devices stay as they are. Never moves the end forward."""

    def changes_held_until(self, session: Session, principal: Principal) -> datetime | None: ...


def signing_in(connector: Connector | None) -> SignIn | None:
    """The connector as those who sign in use it, or None where it cannot check their passwords."""
    return cast(SignIn, connector) if connector and connector.checks_passwords else None
