"""For systems without an interface, such as a standalone AWS root user: one person does each step, another attests it.

The portal cannot see the other system, so the device counts as gone only when every step is done and attested.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.connectors import ConnectorError, Device
from portal.models import Principal, Removal, RunbookStep

SIGN_INS = (
    "check_sign_ins"  # no interface tells `signed_in_since`: a person looks it up and another attests it
)
STEPS = (
    "open_support_tool",
    "find_account",
    SIGN_INS,
    "deactivate_device",
    "read_back",
    "end_sessions",
)

Missing = Literal["do", "attest"]


class RunbookConnector:
    """Lists the one device that the register knows of, and reads back what people did and attested."""

    key = "runbook"
    checks_passwords = False
    holds_pass = False
    by_hand = True
    needs_owner_ready = True

    def list_devices(self, session: Session, principal: Principal) -> tuple[Device, ...]:
        return (_on_record(principal),)

    def deactivate(self, session: Session, principal: Principal, device_id: str, *, now: datetime) -> None:
        """Leave the removal waiting for its people."""
        _require(principal, device_id)

    def is_gone(self, session: Session, principal: Principal, device_id: str) -> bool:
        _require(principal, device_id)
        newest = (
            select(Removal.id)
            .where(Removal.principal_id == principal.id, Removal.device_id == device_id)
            .order_by(Removal.created_at.desc(), Removal.id.desc())
            .limit(1)
        )
        removal_id = session.execute(newest).scalar_one_or_none()
        return removal_id is not None and not missing_steps(session, removal_id)

    def end_sessions(self, session: Session, principal: Principal, *, now: datetime) -> int:
        """A step of the runbook; how many sessions it ended nobody counts."""
        return 0

    def suspend_since(
        self, session: Session, principal: Principal, moment: datetime, *, now: datetime
    ) -> int:
        """Out of the portal's reach: the lead who is alarmed has to see to it in the other system."""
        return 0

    def signed_in_since(self, session: Session, principal: Principal, moment: datetime) -> bool:
        """A step of the runbook, done and attested before the device is deactivated: see `waiting_steps`."""
        return False

    def accepts_code(
        self, session: Session, principal: Principal, device_id: str, code: str, *, now: datetime
    ) -> bool:
        _require(principal, device_id)
        return False


def missing_steps(session: Session, removal_id: str) -> tuple[tuple[str, Missing], ...]:
    """What is still to do or to attest, in working order. Empty means that the removal is finished."""
    query = (
        select(RunbookStep)
        .where(RunbookStep.removal_id == removal_id)
        .execution_options(populate_existing=True)
    )
    rows = {row.step: row for row in session.execute(query).scalars()}
    missing: list[tuple[str, Missing]] = []
    for step in STEPS:
        row = rows.get(step)
        if row is None:
            missing.append((step, "do"))
        elif row.attested_by is None or row.attested_by == row.done_by:
            missing.append((step, "attest"))
    return tuple(missing)


def waiting_steps(session: Session, removal_id: str) -> frozenset[str]:
    """Steps that nobody may do yet: that the owner has not signed in must be sure before the device is off, not after."""
    unsure = any(step == SIGN_INS for step, _ in missing_steps(session, removal_id))
    return frozenset(STEPS[STEPS.index(SIGN_INS) + 1 :]) if unsure else frozenset()


def _on_record(principal: Principal) -> Device:
    # The name stands on Japanese and English papers alike, and nobody knows what kind of device it is.
    return Device(
        id=f"{principal.id}:mfa",
        label="MFA デバイス / MFA device",
        kind="hardware" if principal.hardware_device else "unknown",
        serial_end="",
    )


def _require(principal: Principal, device_id: str) -> None:
    if device_id != _on_record(principal).id:
        raise ConnectorError("the runbook knows no such device", permanent=True)
