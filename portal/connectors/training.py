"""The reserved directory of training cases: invented devices to look at, and nothing that could ever be removed.

No setting switches it on or off and no register entry names it. To whoever works a case it looks like the connector that
this desk works with, `like`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from portal.connectors import Connector, ConnectorError, Device
from portal.models import Principal

KEY = "training"
_LABELS = ("iPhone", "Pixel", "Galaxy", "Google Authenticator", "Microsoft Authenticator", "Xperia")


class TrainingConnector:
    key = KEY
    checks_passwords = False
    needs_owner_ready = False  # nobody is there to say so

    def __init__(self, like: Connector) -> None:
        self.like = like
        self.holds_pass, self.by_hand = like.holds_pass, like.by_hand

    def list_devices(self, session: Session, principal: Principal) -> tuple[Device, ...]:
        if self.like.by_hand:
            return self.like.list_devices(session, principal)  # read off the register's entry alone
        drawn = hashlib.sha256(principal.id.encode()).digest()
        return (
            Device(
                id=UUID(bytes=drawn[:16], version=4).hex,
                label=_LABELS[drawn[16] % len(_LABELS)],
                kind="virtual",
                serial_end=drawn[17:19].hex().upper(),
                registered_at=principal.created_at + timedelta(minutes=drawn[19]),
            ),
        )

    def deactivate(self, session: Session, principal: Principal, device_id: str, *, now: datetime) -> None:
        raise ConnectorError("a training case has no device", permanent=True)

    def is_gone(self, session: Session, principal: Principal, device_id: str) -> bool:
        return False

    def end_sessions(self, session: Session, principal: Principal, *, now: datetime) -> int:
        return 0

    def suspend_since(
        self, session: Session, principal: Principal, moment: datetime, *, now: datetime
    ) -> int:
        return 0

    def signed_in_since(self, session: Session, principal: Principal, moment: datetime) -> bool:
        return False

    def accepts_code(
        self, session: Session, principal: Principal, device_id: str, code: str, *, now: datetime
    ) -> bool:
        return False
