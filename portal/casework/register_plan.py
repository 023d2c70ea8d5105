"""What a proposed file would do to the register, told before anybody agrees: account by account, and masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.casework import register_held, registry, rounds
from portal.casework.context import Context
from portal.casework.register_entry import NAMES, Entry, EntryPrincipal
from portal.casework.register_held import Held
from portal.casework.registry import Change
from portal.domain.lifecycle import Status
from portal.models import Account, Case
from portal.models.register import CONTACT_KINDS

OF_ACCOUNT = ("holder_kind", "connector", *NAMES)
OF_USER = (
    "external_id",
    "principal_kind",
    "username",
    "is_administrator",
    "edits_contacts",
    "hardware_device",
)
FIELDS = (*OF_ACCOUNT, *OF_USER, *CONTACT_KINDS, "language")
DECIDED = rounds.VOIDABLE | {Status.EXECUTING}


@dataclass(frozen=True)
class PlannedChange:
    """One value that would be written. `field` is one of FIELDS; `whose` names a user, or a kind of contact."""

    field: str
    whose: str
    before: str
    after: str


@dataclass(frozen=True)
class Planned:
    """What the file would do to one account."""

    account_number: str
    is_new: bool
    changes: tuple[PlannedChange, ...]


@dataclass(frozen=True)
class Disturbed:
    """Accounts, by number, whose running decisions rest on facts that the file would change."""

    voided: tuple[str, ...] = ()  # their checks would start again
    executing: tuple[str, ...] = ()  # a device is just being removed: the whole file would be refused


def planned(ctx: Context, entries: Sequence[Entry]) -> tuple[Planned, ...]:
    """What would become of each entry."""
    known = register_held.of_numbers(ctx, [entry.account_number for entry in entries])
    return tuple(_planned(ctx, known.get(entry.account_number), entry) for entry in entries)


def _planned(ctx: Context, held: Held | None, entry: Entry) -> Planned:
    changes = _entered(entry) if held is None else registry.changes(ctx, held, entry)
    shown = tuple(one for change in changes for one in _told(change))
    return Planned(entry.account_number, held is None, shown)


def _entered(entry: Entry) -> Iterator[Change]:
    """A new account, told as changes to nothing."""
    for field in OF_ACCOUNT:
        if getattr(entry, field) is not None:
            yield Change("account", field, None, getattr(entry, field))
    for principal in entry.principals:
        yield Change("principal", "external_id", None, principal)
    for contact in entry.contacts:
        yield Change("contact", contact.kind, None, contact)


def _told(change: Change) -> Iterator[PlannedChange]:
    if isinstance(change.after, EntryPrincipal):
        yield from _user_told(change.after)
        return
    before, after = change.masked
    yield PlannedChange(change.field, change.whose, before, after)


def _user_told(user: EntryPrincipal) -> Iterator[PlannedChange]:
    """A new user with all that is claimed of them: who agrees must see what makes a request of theirs easier."""
    whose = Change("principal", "external_id", None, user).whose
    values = {**vars(user), "principal_kind": user.kind}
    for field in OF_USER:
        if values[field] is not None:
            yield PlannedChange(field, whose, "", str(values[field]))


def disturbed(ctx: Context, entries: Sequence[Entry]) -> Disturbed:
    """Which running decisions the entries would make void, or be held up by."""
    by_number = {entry.account_number: entry for entry in entries}
    query = (
        select(Account.number, Case.status)
        .join(Case, Case.account_id == Account.id)
        .where(Account.number.in_(by_number), Case.status.in_(DECIDED))
        .order_by(Account.number, Case.id)
    )
    decided = ctx.session.execute(query).all()
    known = register_held.of_numbers(ctx, {number for number, _ in decided})
    shaken = {number for number, held in known.items() if _shakes(ctx, held, by_number[number])}
    voided, executing = dict[str, None](), dict[str, None]()
    for number, status in decided:
        if number in shaken:
            (executing if status == Status.EXECUTING else voided)[number] = None
    return Disturbed(tuple(voided), tuple(executing))


def _shakes(ctx: Context, held: Held, entry: Entry) -> bool:
    return any(change.is_identity for change in registry.changes(ctx, held, entry))
