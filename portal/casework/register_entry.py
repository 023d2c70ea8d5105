"""What the register says of one account, as it travels from a file or the demo into the tables, and sealed in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

NAMES = ("name", "latin_name", "kana")


@dataclass(frozen=True)
class EntryPrincipal:
    """A root user or an IAM user. None where nobody knows: a missing fact raises the tier, it is never guessed."""

    kind: str
    external_id: str
    username: str | None = None
    is_administrator: bool | None = None
    edits_contacts: bool | None = None  # may edit account information, as an administrator may
    hardware_device: bool | None = None


@dataclass(frozen=True)
class EntryContact:
    """A way to reach the holder, in the form in which it is compared: canonical address, E.164 number, lines of a letter."""

    kind: str
    value: str
    confirmed_at: datetime
    language: str | None = None
    is_mobile: bool | None = None


@dataclass(frozen=True)
class Entry:
    """One account with its principals and contacts. What it leaves out, the register keeps as it is."""

    account_number: str
    connector: str
    principals: tuple[EntryPrincipal, ...]
    contacts: tuple[EntryContact, ...] = ()
    holder_kind: str | None = None
    name: str | None = None
    latin_name: str | None = None
    kana: str | None = None
    # known only to whoever adds an entry with its history, as the demo does
    name_since: datetime | None = None
    line: int = 0  # where the file says it


def packed(entry: Entry) -> dict[str, Any]:
    """The entry as primitives, for sealing."""
    value = asdict(entry)
    value["name_since"] = entry.name_since.isoformat() if entry.name_since else None
    for contact in value["contacts"]:
        contact["confirmed_at"] = contact["confirmed_at"].isoformat()
    return value


def unpacked(value: Mapping[str, Any]) -> Entry:
    """What `packed` made."""
    since = value["name_since"]
    parts = {
        "principals": tuple(EntryPrincipal(**principal) for principal in value["principals"]),
        "contacts": tuple(
            EntryContact(**{**contact, "confirmed_at": datetime.fromisoformat(contact["confirmed_at"])})
            for contact in value["contacts"]
        ),
        "name_since": datetime.fromisoformat(since) if since else None,
    }
    return Entry(**{**value, **parts})
