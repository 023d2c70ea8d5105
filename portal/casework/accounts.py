"""Finds the one account that a request means, and reads an account of the register for staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.casework import lookup, registry
from portal.casework.context import Context, NotFound
from portal.casework.register_entry import NAMES
from portal.casework.registry import ContactView
from portal.connectors.table import shown_as
from portal.domain.lifecycle import Status
from portal.models import Account, AccountMark, Case, Principal, SubjectKey

MOST_FOUND = 20
MOST_CASES = 20
MOST_MARKS = 50


@dataclass(frozen=True)
class AccountView:
    """An account of the register as staff see it: names and contacts masked."""

    account: Account
    connector: str  # as staff see it
    names: Mapping[str, str]  # by column, only those that the register has
    principals: tuple[Principal, ...]
    contacts: tuple[ContactView, ...]
    marks: tuple[tuple[str, datetime], ...]  # what the account remembers, newest first
    cases: tuple[Case, ...]  # confirmed ones, newest first
    case: Case | None  # the one that the reader comes from


def lookup_by(
    ctx: Context, *, email: str | None, account_number: str | None, training: bool = False
) -> Account | None:
    """The account that every identifier given resolves to. None where one is unknown, or two disagree.

    Invented requests find invented accounts, and nobody else does.
    """
    found: list[set[str]] = []
    of_its_kind = select(Account.id).where(Account.training == training)
    if email:
        subjects = ctx.vault.find(ctx.session, "email", email)
        query = of_its_kind.where(Account.subject_id.in_(subjects))
        found.append(set(ctx.session.execute(query).scalars()))
    if account_number:
        by_number = of_its_kind.where(Account.number == account_number)
        found.append(set(ctx.session.execute(by_number).scalars()))
    agreed = set.intersection(*found) if found else set()
    return ctx.session.get_one(Account, agreed.pop()) if len(agreed) == 1 else None


def search(ctx: Context, *, email: str | None = None, account_number: str | None = None) -> list[Account]:
    """The accounts that have an address now, or a number. The search itself is recorded, not what was typed."""
    subjects = ctx.vault.find(ctx.session, "email", email) if email else []
    query = (
        select(Account)
        .where(Account.subject_id.in_(subjects) if email else Account.number == account_number)
        .order_by(Account.number)
        .limit(MOST_FOUND)
    )
    found = len(ctx.session.execute(query).all())
    lookup.record(ctx, "account:search:made", {"kind": "email" if email else "number", "found": found})
    # read again: recording is an act of its own, and expires what was read before it
    return list(ctx.session.execute(query).scalars())


def view(ctx: Context, account_id: str, *, case_id: str | None = None) -> AccountView:
    """One account, and the record that this actor opened it, from a case or by itself. Raises NotFound."""
    account = ctx.session.get(Account, account_id)
    if account is None:
        raise NotFound()
    case = _case_of(ctx, account, case_id)
    lookup.record(ctx, "account:page:read", {"account": account.id, "case": case.id if case else None})
    _held = ctx.session.get(SubjectKey, account.subject_id)  # or each value below reads it again
    return AccountView(
        account=account,
        connector=shown_as(account.connector, ctx.connectors),
        names=_names(ctx, account),
        principals=_principals(ctx, account),
        contacts=registry.contacts_view(ctx, account),
        marks=_marks(ctx, account),
        cases=_cases(ctx, account),
        case=case,
    )


def _case_of(ctx: Context, account: Account, case_id: str | None) -> Case | None:
    """The case that an address names, if it is one of this account's."""
    case = ctx.session.get(Case, case_id) if case_id else None
    fits = case is not None and case.account_id == account.id and case.status != Status.UNCONFIRMED
    return case if fits else None


def _names(ctx: Context, account: Account) -> Mapping[str, str]:
    opened = {column: ctx.vault.open(ctx.session, account.subject_id, account, column) for column in NAMES}
    return {column: registry.MASKS[column](text) for column, text in opened.items() if text}


def _principals(ctx: Context, account: Account) -> tuple[Principal, ...]:
    """The root user first, then the others by name."""
    query = select(Principal).where(Principal.account_id == account.id)
    rows = ctx.session.execute(query).scalars()
    return tuple(sorted(rows, key=lambda row: (row.kind != "root", row.username or "", row.id)))


def _marks(ctx: Context, account: Account) -> tuple[tuple[str, datetime], ...]:
    query = (
        select(AccountMark.kind, AccountMark.at)
        .where(AccountMark.account_id == account.id, AccountMark.at > ctx.now - ctx.limits.memory)
        .order_by(AccountMark.at.desc(), AccountMark.id)
        .limit(MOST_MARKS)
    )
    return tuple((kind, at) for kind, at in ctx.session.execute(query))


def _cases(ctx: Context, account: Account) -> tuple[Case, ...]:
    query = (
        select(Case)
        .where(Case.account_id == account.id, Case.status != Status.UNCONFIRMED)
        .order_by(Case.created_at.desc(), Case.id)
        .limit(MOST_CASES)
    )
    return tuple(ctx.session.execute(query).scalars())
