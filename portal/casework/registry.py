"""The register's rows: how an entry becomes an account, how it differs from one, and how the differences are written.

A contact is never edited in place: its successor names it, and it stays, retired, to be told for its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal import audit
from portal.casework.context import Context, Refused
from portal.casework.register_entry import NAMES, Entry, EntryContact, EntryPrincipal
from portal.casework.register_held import Held
from portal.connectors import training
from portal.contact import mask_email, mask_name, mask_phone, parse_phone
from portal.domain.lifecycle import Role
from portal.domain.names import search_parts
from portal.models import Account, Contact, Principal, SubjectKey, new_id

PRIVILEGE = ("username", "is_administrator", "edits_contacts", "hardware_device")
HIDDEN = "***"
MASKS: Mapping[str, Callable[[str], str]] = {
    "email": mask_email,
    "phone": mask_phone,
    "post": lambda _value: HIDDEN,
    **dict.fromkeys(NAMES, mask_name),
}


@dataclass(frozen=True)
class Change:
    """One difference between an account and an entry. Holds values in clear: show `masked`, and log only `field`."""

    what: str  # account | name | contact | language | principal | privilege
    field: str
    before: Any
    after: Any
    row: Contact | Principal | None = None

    @property
    def is_identity(self) -> bool:
        """Whether decisions rest on it, so that running ones are void. A language proves nothing, nor does a user's right."""
        return self.what not in {"language", "principal"} and self.field not in {"username", "edits_contacts"}

    @property
    def masked(self) -> tuple[str, str]:
        """Before and after as a screen may show them."""
        return _shown(self.field, self.before), _shown(self.field, self.after)

    @property
    def whose(self) -> str:
        """Which user, or which kind of contact, it is about; nothing where that is the account itself."""
        about = self.row or self.after
        if isinstance(about, Principal | EntryPrincipal):
            return about.username or about.external_id
        return about.kind if isinstance(about, Contact) and self.what == "language" else ""


def _shown(field: str, value: Any) -> str:
    plain = value.value if isinstance(value, EntryContact) else value
    plain = plain.external_id if isinstance(plain, EntryPrincipal) else plain
    if plain is None:
        return ""
    return MASKS[field](plain) if field in MASKS else str(plain)


@dataclass(frozen=True)
class ContactView:
    """A registered contact as staff see it."""

    id: str
    kind: str
    masked: str
    language: str | None
    is_mobile: bool | None
    confirmed_at: datetime
    is_recent: bool  # changed within the time that makes a case elevated
    retired_at: datetime | None
    predecessor_id: str | None


def contacts_view(ctx: Context, account: Account) -> tuple[ContactView, ...]:
    """Every contact of an account, masked: present ones first, each kind from the newest."""
    rows = _contacts(ctx, account)
    rows.sort(key=lambda row: (row.retired_at is not None, row.kind, -row.confirmed_at.timestamp(), row.id))
    return tuple(
        ContactView(
            id=row.id,
            kind=row.kind,
            masked=MASKS[row.kind](_value(ctx, account, row)),
            language=row.language,
            is_mobile=row.is_mobile,
            confirmed_at=row.confirmed_at,
            is_recent=row.confirmed_at > ctx.now - ctx.limits.contact_age,
            retired_at=row.retired_at,
            predecessor_id=row.predecessor_id,
        )
        for row in rows
    )


def _contacts(ctx: Context, account: Account) -> list[Contact]:
    query = (
        select(Contact)
        .where(Contact.account_id == account.id)
        .order_by(Contact.created_at, Contact.place, Contact.id)
    )
    return list(ctx.session.execute(query).scalars())


def _value(ctx: Context, account: Account, row: Contact) -> str:
    return ctx.vault.open(ctx.session, account.subject_id, row, "value") or ""


def add_account(ctx: Context, entry: Entry) -> Account:
    """Add an account with the history that the entry claims. For invented people only: real ones take two persons.

    Raises Refused unless the desk itself acts.
    """
    if Role.SYSTEM not in ctx.actor.roles:
        raise Refused("wrong_role")
    with ctx.act():
        account = enter(ctx, entry)
        record(ctx, account, "account:entry:imported", number=account.number)
    return account


def enter(ctx: Context, entry: Entry) -> Account:
    """Insert a new account. The caller has the right to, holds the act open and records it."""
    subject_id = ctx.vault.new_subject(ctx.session)
    kept = ctx.session.get(SubjectKey, subject_id)  # while somebody holds it, no seal below reads it again
    assert kept is not None
    has_name = any(getattr(entry, column) for column in NAMES)
    account = Account(
        id=new_id(),
        subject_id=kept.subject_id,
        number=entry.account_number,
        connector=entry.connector,
        holder_kind=entry.holder_kind,
        name_since=(entry.name_since or ctx.now) if has_name else None,
        is_protected=False,
        training=entry.connector == training.KEY,
        created_at=ctx.now,
    )
    for column in NAMES:
        ctx.vault.seal(ctx.session, account.subject_id, account, column, getattr(entry, column))
    ctx.session.add(account)
    ctx.session.flush()
    for principal in entry.principals:
        _add_principal(ctx, account, principal)
    for contact in entry.contacts:
        _add_contact(ctx, account, contact, place=_place(entry, contact))
    terms = _terms(
        [(contact.kind, contact.value) for contact in entry.contacts],
        [getattr(entry, column) for column in NAMES],
    )
    ctx.vault.add_terms(ctx.session, account.subject_id, terms)
    return account


def _add_principal(ctx: Context, account: Account, entry: EntryPrincipal) -> None:
    ctx.session.add(
        Principal(
            id=new_id(),
            account_id=account.id,
            kind=entry.kind,
            external_id=entry.external_id,
            username=entry.username,
            is_administrator=entry.is_administrator,
            edits_contacts=entry.edits_contacts,
            hardware_device=entry.hardware_device,
            created_at=ctx.now,
        )
    )


def _place(entry: Entry, contact: EntryContact) -> int:
    """Where a contact stands among those of its kind in the register."""
    return [each for each in entry.contacts if each.kind == contact.kind].index(contact)


def _add_contact(
    ctx: Context,
    account: Account,
    entry: EntryContact,
    *,
    place: int = 0,
    predecessor: Contact | None = None,
) -> Contact:
    row = Contact(
        id=new_id(),
        account_id=account.id,
        kind=entry.kind,
        language=entry.language,
        is_mobile=_is_mobile(entry),
        predecessor_id=predecessor.id if predecessor else None,
        place=predecessor.place if predecessor else place,
        confirmed_at=entry.confirmed_at,
        created_at=ctx.now,
    )
    ctx.vault.seal(ctx.session, account.subject_id, row, "value", entry.value)
    ctx.session.add(row)
    return row


def _is_mobile(entry: EntryContact) -> bool | None:
    """What the entry says, else what the number itself tells."""
    if entry.kind != "phone" or entry.is_mobile is not None:
        return entry.is_mobile
    return parse_phone(entry.value).may_be_mobile


def _terms(contacts: Iterable[tuple[str, str]], names: Iterable[str | None]) -> dict[str, set[str]]:
    """What an account is found by: present addresses and numbers whole; names whole, by part and by their opening."""
    found: dict[str, set[str]] = {"email": set(), "phone": set(), "name": set()}
    for kind, value in contacts:
        if kind in found:
            found[kind].add(value)
    found["name"] = {part for name in names if name for part in search_parts(name)}
    return found


def read_terms(ctx: Context, account: Account) -> None:
    """Let the account be found by its present contacts and names, and by nothing else."""
    ctx.session.flush()
    present = [row for row in _contacts(ctx, account) if row.retired_at is None]
    terms = _terms(
        [(row.kind, _value(ctx, account, row)) for row in present],
        [ctx.vault.open(ctx.session, account.subject_id, account, column) for column in NAMES],
    )
    for kind, values in terms.items():
        ctx.vault.set_terms(ctx.session, account.subject_id, kind, values)


def changes(ctx: Context, held: Held, entry: Entry) -> tuple[Change, ...]:
    """How the entry differs from the account. What the entry leaves out is no difference."""
    account, found = held.account, list[Change]()
    # an invented account stays where it is
    for field in ("holder_kind",) if account.training else ("holder_kind", "connector"):
        _compare(found, "account", field, before=getattr(account, field), after=getattr(entry, field))
    for field in NAMES:
        before = ctx.vault.open(ctx.session, account.subject_id, account, field)
        _compare(found, "name", field, before=before, after=getattr(entry, field))
    present = [row for row in held.contacts if row.retired_at is None]
    for contact in entry.contacts:
        same_kind = [row for row in present if row.kind == contact.kind]
        found += _contact_changes(ctx, account, same_kind, contact)
    principals = {row.external_id: row for row in held.principals}
    for principal in entry.principals:
        found += _principal_changes(principals.get(principal.external_id), principal)
    return tuple(found)


def _compare(
    found: list[Change],
    what: str,
    field: str,
    *,
    before: Any,
    after: Any,
    row: Contact | Principal | None = None,
) -> None:
    if after is not None and before != after:
        found.append(Change(what, field, before, after, row))


def _contact_changes(
    ctx: Context, account: Account, present: list[Contact], entry: EntryContact
) -> list[Change]:
    """A new value replaces the newest contact of its kind; one that is there already is only corrected."""
    values = {row.id: _value(ctx, account, row) for row in present}
    same = next((row for row in present if values[row.id] == entry.value), None)
    if same is None:
        newest = present[-1] if present else None
        # An old date must not make a contact look settled that the register has only known since now.
        settled = replace(entry, confirmed_at=ctx.now)
        return [Change("contact", entry.kind, values[newest.id] if newest else None, settled, newest)]
    found: list[Change] = []
    if entry.is_mobile is not None and same.is_mobile != entry.is_mobile:
        corrected = replace(entry, confirmed_at=same.confirmed_at, language=entry.language or same.language)
        return [Change("contact", entry.kind, entry.value, corrected, same)]
    _compare(found, "language", "language", before=same.language, after=entry.language, row=same)
    return found


def _principal_changes(row: Principal | None, entry: EntryPrincipal) -> list[Change]:
    if row is None:
        return [Change("principal", "external_id", None, entry)]
    found: list[Change] = []
    for field in PRIVILEGE:
        _compare(found, "privilege", field, before=getattr(row, field), after=getattr(entry, field), row=row)
    return found


def write(ctx: Context, account: Account, differences: Iterable[Change]) -> None:
    """Make the changes. The caller has the right to, holds the act open, records it and voids what rested on the old facts."""
    for change in differences:
        _WRITERS[change.what](ctx, account, change)
    read_terms(ctx, account)


def _write_account(ctx: Context, account: Account, change: Change) -> None:
    setattr(account, change.field, change.after)


def _write_name(ctx: Context, account: Account, change: Change) -> None:
    ctx.vault.seal(ctx.session, account.subject_id, account, change.field, change.after)
    account.name_since = ctx.now


def _write_contact(ctx: Context, account: Account, change: Change) -> None:
    replace_contact(ctx, account, change.after, change.row if isinstance(change.row, Contact) else None)


def replace_contact(ctx: Context, account: Account, entry: EntryContact, old: Contact | None) -> Contact:
    """Put a new contact in the place of an old one. The caller sees to the search terms and to what rested on the old one."""
    if old is not None:
        old.retired_at = ctx.now
    row = _add_contact(ctx, account, entry, predecessor=old)
    record(ctx, account, "account:contact:changed", contact=row.id, kind=row.kind)
    return row


def _write_on_row(ctx: Context, account: Account, change: Change) -> None:
    setattr(change.row, change.field, change.after)


def _write_principal(ctx: Context, account: Account, change: Change) -> None:
    _add_principal(ctx, account, change.after)


_WRITERS: Mapping[str, Callable[[Context, Account, Change], None]] = {
    "account": _write_account,
    "name": _write_name,
    "contact": _write_contact,
    "language": _write_on_row,
    "principal": _write_principal,
    "privilege": _write_on_row,
}


def record(ctx: Context, account: Account, tag: str, **facts: Any) -> None:
    """Append to the account's own stream of the audit log."""
    audit.append(ctx.session, f"account:{account.id}", tag, actor=ctx.actor_name, at=ctx.now, facts=facts)
