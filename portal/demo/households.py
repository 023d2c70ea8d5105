"""What the register and the demo's directory know of an invented person before anything happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from argon2 import PasswordHasher, profiles
from sqlalchemy import select

from portal.casework import registry
from portal.casework.context import Context
from portal.casework.register_entry import Entry, EntryContact, EntryPrincipal
from portal.connectors import local
from portal.demo.people import Human
from portal.demo.staff import password_of
from portal.models import Account, Contact, DirectoryPrincipal

CHEAP = PasswordHasher.from_parameters(profiles.CHEAPEST)  # nobody attacks a crowd that does not exist
DEVICES = (("iPhone", "virtual"), ("Pixel", "virtual"), ("YubiKey", "passkey"))


@dataclass(frozen=True)
class Home:
    """How an account stands in the register."""

    kind: str = "root"
    connector: str = "local"
    is_administrator: bool = False
    is_company: bool = False


@dataclass(frozen=True)
class Household:
    """The ids under which an account and its devices were entered; `secrets` are the keys of the devices, by id."""

    account_id: str
    directory_id: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)


def settle_in(ctx: Context, human: Human, home: Home) -> Household:
    """Enter an account with its user, two mailboxes, a telephone, a postal address and, in our own directory, two devices."""
    with ctx.act():
        person, secrets = _in_directory(ctx, human) if home.connector == "local" else (None, {})
        known_as = person.id if person else f"arn:aws:iam::{human.account_number}:{home.kind}"
        account = registry.add_account(ctx, entry_of(ctx, human, home, known_as))
    return Household(account.id, person.id if person else None, secrets)


def _in_directory(ctx: Context, human: Human) -> tuple[DirectoryPrincipal, dict[str, str]]:
    password = password_of(ctx.vault, human.email)
    person = local.add_principal(ctx.session, ctx.vault, password=password, now=ctx.now, hasher=CHEAP)
    secrets: dict[str, str] = {}
    first = human.number % len(DEVICES)
    for label, kind in (DEVICES[first], DEVICES[first - 1]):
        device, secret = local.add_device(ctx.session, ctx.vault, person, label=label, kind=kind, now=ctx.now)
        secrets[device.id] = secret
    local.add_session(ctx.session, person, mfa=True, now=ctx.now)
    return person, secrets


def entry_of(ctx: Context, human: Human, home: Home, external_id: str) -> Entry:
    """The account as a line of the register."""
    contacts = (
        EntryContact("email", human.email, ctx.now, human.language),
        # nobody recorded which language whoever reads this one speaks
        EntryContact("email", human.second_email, ctx.now, None if human.number % 2 else human.language),
        EntryContact("phone", human.phone, ctx.now, human.language),
        EntryContact("post", human.address, ctx.now, human.language),
    )
    principal = EntryPrincipal(
        home.kind, external_id, is_administrator=home.is_administrator, hardware_device=False
    )
    return Entry(
        account_number=human.account_number,
        connector=home.connector,
        principals=(principal,),
        contacts=contacts,
        holder_kind="company" if human.company else "individual",
        name=human.name,
        latin_name=human.latin_name,
        kana=human.kana,
    )


def move_mailbox(ctx: Context, account_id: str, human: Human) -> None:
    """The register learns another second mailbox: it proves nothing for a month, and the old one is still told."""
    account, old = ctx.session.get_one(Account, account_id), contact_of(ctx, account_id, human.second_email)
    new = EntryContact("email", f"new.{human.second_email}", ctx.now, human.language)
    with ctx.act():
        registry.write(ctx, account, [registry.Change("contact", "email", human.second_email, new, old)])
        registry.record(ctx, account, "account:entry:changed", fields=["email"])


def contact_of(ctx: Context, account_id: str, value: str) -> Contact:
    """The registered contact with this value."""
    account = ctx.session.get_one(Account, account_id)
    rows = ctx.session.execute(select(Contact).where(Contact.account_id == account_id)).scalars()
    return next(row for row in rows if ctx.vault.open(ctx.session, account.subject_id, row, "value") == value)
