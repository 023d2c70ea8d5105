"""How the portal calls somebody: one small interface, behind it a telephone provider or the demo's telephone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from portal.config import Settings, SettingsError


@dataclass(frozen=True)
class Placing:
    """One call to place. `path` is its unguessable part of the addresses that the provider asks."""

    to: str  # E.164
    path: str
    call_id: str
    speaks_to_machines: bool = (
        False  # a notice may be left on an answering machine; digits are never asked of one
    )


class TelephoneError(Exception):
    """The provider refused or did not answer. `permanent` says that this number or call can never work."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class Telephone(Protocol):
    key: str
    # How long it rings where nobody reports the end of it; None: the provider does.
    rings: timedelta | None

    def place(self, call: Placing) -> str:
        """Begin to ring and return the provider's own id of the call. Raises TelephoneError."""


class DemoTelephone:
    """Rings at /demo/phone and nowhere else."""

    key = "demo"
    rings: timedelta | None = timedelta(seconds=60)

    def place(self, call: Placing) -> str:
        return f"demo-{call.call_id}"


def _twilio(settings: Settings) -> Telephone:
    try:
        from portal.twilio_telephone import TwilioTelephone
    except ImportError:
        lock = "requirements-twilio.txt"
        raise SettingsError(f"KAIJO_TELEPHONE=twilio needs its package: install {lock}.") from None
    return TwilioTelephone(settings)


TELEPHONES: Mapping[str, Callable[[Settings], Telephone | None]] = {
    "none": lambda _settings: None,
    "demo": lambda _settings: DemoTelephone(),
    "twilio": _twilio,
}
