"""Owners of the demo who have no request yet: what they need to sign in stands on the terminal, so that every page can be tried.

One account whose root user can reset everything by themselves; and one whose registered number nobody answers any more,
with an administrator who may correct it and an IAM user whose device the administrator may remove.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyotp
from sqlalchemy import select

from portal.casework import registry
from portal.casework.context import Context
from portal.casework.register_entry import EntryPrincipal
from portal.connectors import local
from portal.demo.households import CHEAP, Home, entry_of
from portal.demo.people import human
from portal.demo.staff import password_of
from portal.domain.lifecycle import SYSTEM
from portal.models import Account, Contact, DirectoryDevice, DirectoryPrincipal, Principal
from portal.runtime import Runtime

# Far from the numbers of stories and crowds. An account's number follows from them and not from the seed.
SELF_HELPER, UNREACHED = 99_000_001, 99_000_004
ADMINISTRATOR, ORDINARY = "sakura.admin", "ren"
TELLS = {
    "root": "root user, can reset MFA by self-service",
    "unreached": "root user, whose registered phone nobody answers",
    "administrator": "administrator, may correct the phone number and remove IAM users' devices",
    "iam": "IAM user",
}


@dataclass(frozen=True)
class OwnerSignIn:
    """How somebody gets in, for the terminal only. `secrets` are the keys of their devices that show codes."""

    key: str
    account_number: str
    login: str  # an email address for a root user, else the name of an IAM user
    password: str
    secrets: tuple[str, ...]

    @property
    def codes_of(self) -> str:
        """The key whose codes are printed; none after the last device was removed."""
        return self.secrets[0] if self.secrets else ""


def settle_in(ctx: Context, seed: int) -> None:
    """Enter both accounts. They are as old as the register, so that names, contacts and passwords prove something."""
    with ctx.act():
        for number in (SELF_HELPER, UNREACHED):
            who = human(seed, number, language="ja")
            root = _user(ctx, "root", who.email, labels=("iPhone", "Pixel"))
            principals = [root]
            if number == UNREACHED:
                principals += [
                    _iam(ctx, who.account_number, ADMINISTRATOR, administrator=True),
                    _iam(ctx, who.account_number, ORDINARY, administrator=False),
                ]
            entry = entry_of(ctx, who, Home(), root.external_id)
            registry.add_account(ctx, replace(entry, principals=tuple(principals)))


def _iam(ctx: Context, account_number: str, username: str, *, administrator: bool) -> EntryPrincipal:
    made = _user(ctx, "iam", f"{username}@{account_number}", labels=("Pixel",))
    return replace(
        made, username=username, is_administrator=administrator, edits_contacts=administrator or None
    )


def _user(ctx: Context, kind: str, named: str, *, labels: tuple[str, ...]) -> EntryPrincipal:
    password = password_of(ctx.vault, named)
    person = local.add_principal(ctx.session, ctx.vault, password=password, now=ctx.now, hasher=CHEAP)
    for label in labels:
        local.add_device(ctx.session, ctx.vault, person, label=label, kind="virtual", now=ctx.now)
    return EntryPrincipal(kind, person.id, is_administrator=False, hardware_device=False)


def owner_sign_ins(runtime: Runtime) -> tuple[OwnerSignIn, ...]:
    """How the owners of the demo get in; nothing where they were never entered. For the terminal: never log it."""
    with runtime.sessions() as session:
        return tuple(_found(runtime.context(session, SYSTEM)))


def _found(ctx: Context) -> Iterator[OwnerSignIn]:
    for number, root_key in ((SELF_HELPER, "root"), (UNREACHED, "unreached")):
        account_number = human(0, number, language="ja").account_number
        account = ctx.session.execute(
            select(Account).where(Account.number == account_number)
        ).scalar_one_or_none()
        if account is None:
            return
        users = select(Principal).where(Principal.account_id == account.id)
        for row in ctx.session.execute(
            users.order_by(Principal.kind.desc(), Principal.is_administrator.desc(), Principal.username)
        ).scalars():
            key = root_key if row.kind == "root" else "administrator" if row.is_administrator else "iam"
            login = _mailbox(ctx, account) if row.kind == "root" else row.username or ""
            named = login if row.kind == "root" else f"{login}@{account.number}"
            yield OwnerSignIn(key, account.number, login, password_of(ctx.vault, named), _secrets(ctx, row))


def _mailbox(ctx: Context, account: Account) -> str:
    query = select(Contact).where(Contact.account_id == account.id, Contact.kind == "email")
    oldest = ctx.session.execute(query.order_by(Contact.confirmed_at, Contact.created_at, Contact.id))
    values = [ctx.vault.open(ctx.session, account.subject_id, row, "value") or "" for row in oldest.scalars()]
    return next((value for value in values if not value.startswith("backup.")), "")


def _secrets(ctx: Context, principal: Principal) -> tuple[str, ...]:
    person = ctx.session.get_one(DirectoryPrincipal, principal.external_id)
    query = select(DirectoryDevice).where(
        DirectoryDevice.principal_id == person.id,
        DirectoryDevice.removed_at.is_(None),
        DirectoryDevice.suspended_at.is_(None),
        DirectoryDevice.kind != "passkey",
    )
    rows = ctx.session.execute(query.order_by(DirectoryDevice.registered_at, DirectoryDevice.id)).scalars()
    opened = (ctx.vault.open(ctx.session, person.subject_id, row, "secret") for row in rows)
    return tuple(secret for secret in opened if secret)


def table(runtime: Runtime) -> list[str]:
    """Their lines for the terminal."""
    found = owner_sign_ins(runtime)
    if not found:
        return []
    return [
        "Owners sign in at /en/sign-in; a root user with an email address, an IAM user with account ID and name:",
        *(
            f"  {one.account_number}  {one.login:26} {one.password:20} {one.codes_of or '(no device)'}  {TELLS[one.key]}"
            for one in found
        ),
    ]


def code_lines(runtime: Runtime) -> list[str]:
    """The present code of each, for `flask demo codes`."""
    with runtime.sessions() as session:
        now = runtime.clock(session)
    return [
        f"{pyotp.TOTP(one.codes_of).at(now)}  {one.login:26} {one.account_number}"
        for one in owner_sign_ins(runtime)
        if one.codes_of
    ]
