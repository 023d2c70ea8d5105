"""What the register holds of many accounts, read together: a long file would ask the database for each of its rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from portal.casework.context import Context
from portal.models import Account, Contact, Principal, SubjectKey


@dataclass(frozen=True)
class Held:
    """One account with its contacts, oldest first, and its users."""

    account: Account
    contacts: tuple[Contact, ...]
    principals: tuple[Principal, ...]
    key: SubjectKey | None  # while somebody holds it, the vault does not ask for it again


def of_numbers(ctx: Context, numbers: Collection[str]) -> Mapping[str, Held]:
    """The accounts that the register has of these, by number. Three statements, however many there are."""
    query = (
        select(Account, SubjectKey)
        .outerjoin(SubjectKey, SubjectKey.subject_id == Account.subject_id)
        .where(Account.number.in_(numbers))
    )
    kept = {row.Account: row.SubjectKey for row in ctx.session.execute(query)}
    return {held.account.number: held for held in _read(ctx, kept)}


def of_account(ctx: Context, account: Account) -> Held:
    """The same for one account that was read already, and may be locked."""
    key = ctx.session.get(SubjectKey, account.subject_id)
    (held,) = _read(ctx, {account: key})
    return held


def _read(ctx: Context, kept: Mapping[Account, SubjectKey | None]) -> Iterator[Held]:
    contacts, principals = _contacts(ctx, kept), _principals(ctx, kept)
    for account, key in kept.items():
        yield Held(account, tuple(contacts[account.id]), tuple(principals[account.id]), key)


def _contacts(ctx: Context, accounts: Iterable[Account]) -> dict[str, list[Contact]]:
    found: dict[str, list[Contact]] = {account.id: [] for account in accounts}
    query = (
        select(Contact)
        .where(Contact.account_id.in_(found))
        .order_by(Contact.created_at, Contact.place, Contact.id)
    )
    for row in ctx.session.execute(query).scalars():
        found[row.account_id].append(row)
    return found


def _principals(ctx: Context, accounts: Iterable[Account]) -> dict[str, list[Principal]]:
    found: dict[str, list[Principal]] = {account.id: [] for account in accounts}
    for row in ctx.session.execute(select(Principal).where(Principal.account_id.in_(found))).scalars():
        found[row.account_id].append(row)
    return found
