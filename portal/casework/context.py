"""What an act is done with: a session, the actor, one reading of the clock, the limits; and the one place that commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.connectors import Connector
from portal.domain.lifecycle import SYSTEM, Actor
from portal.domain.limits import Limits
from portal.engine import revocable, writing
from portal.telephone import Telephone
from portal.vault import Vault


class Refused(Exception):
    """The act is not allowed now. `reason` is a key with words in labels; nothing was written."""

    def __init__(self, reason: str, **details: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details


class Stale(Refused):
    """Somebody changed the case since the page was shown. `details` say who and when."""

    def __init__(self, **details: Any) -> None:
        super().__init__("stale", **details)


class Throttled(Refused):
    """Too often. `details["retry_after"]` are seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("throttled", retry_after=retry_after)


class NotFound(Refused):
    """There is no such thing, or it is not for this actor: the two look alike."""

    def __init__(self) -> None:
        super().__init__("not_found")


@dataclass(frozen=True)
class Origin:
    """Where an act came from, for limits and for the record. Never an authority."""

    address: str = ""  # canonical: IPv4, or the /64 of an IPv6 address
    browser: str = ""
    session: str = ""  # start of the session's hash


@dataclass(frozen=True)
class Context:
    session: Session
    actor: Actor
    now: datetime
    limits: Limits
    vault: Vault
    connectors: Mapping[str, Connector] = field(default_factory=dict)
    telephone: Telephone | None = None  # None: nobody can be called, so self-service and calls are off
    origin: Origin = Origin()
    call_countries: tuple[str, ...] = ("81",)  # calling codes

    @contextmanager
    def act(self) -> Iterator[None]:
        """One transaction. Acts inside acts belong to the outermost, which alone commits."""
        info = self.session.info
        if info.get("acting"):
            yield
            return
        info["acting"] = True
        try:
            with writing(self.session):
                yield
        finally:
            info["acting"] = False

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of an act that is taken back alone when it is refused: what was counted around it stays."""
        with revocable(self.session):
            yield

    def as_system(self) -> Context:
        """The same moment, acted by the desk itself."""
        return replace(self, actor=SYSTEM)

    def as_actor(self, actor: Actor) -> Context:
        """The same moment, acted by somebody else whom the caller has authenticated."""
        return replace(self, actor=actor)

    @property
    def actor_name(self) -> str:
        """How the audit log names the actor."""
        if self.actor.staff_id:
            return f"staff:{self.actor.staff_id}"
        if self.actor.contact_id:
            return f"contact:{self.actor.contact_id}"
        return "system" if self.actor == SYSTEM else "owner"
