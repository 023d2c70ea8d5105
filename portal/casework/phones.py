"""The registered telephones of a case's account: whom the portal could call. Only the register knows a number."""

from __future__ import annotations

from sqlalchemy import select

from portal.casework.context import Context, Refused
from portal.contact import mask_phone
from portal.models import Account, Case, Contact


def registered(ctx: Context, case: Case) -> list[Contact]:
    """Present numbers, those longest on record first."""
    if case.account_id is None:
        return []
    query = select(Contact).where(
        Contact.account_id == case.account_id, Contact.kind == "phone", Contact.retired_at.is_(None)
    )
    return list(ctx.session.execute(query.order_by(Contact.confirmed_at, Contact.id)).scalars())


def can_call(ctx: Context, case: Case) -> bool:
    """Whether there is a telephone here, and a number to call with it."""
    return ctx.telephone is not None and bool(registered(ctx, case))


def require(ctx: Context, case: Case) -> list[Contact]:
    """The registered numbers. Raises Refused where nobody can be called."""
    if ctx.telephone is None:
        raise Refused("no_telephone")
    found = registered(ctx, case)
    if not found:
        raise Refused("no_registered_phone")
    return found


def number_of(ctx: Context, contact: Contact) -> str:
    """The number as the register has it at this moment; nothing where it is erased."""
    account = ctx.session.get_one(Account, contact.account_id)
    return ctx.vault.open(ctx.session, account.subject_id, contact, "value") or ""


def masked(ctx: Context, contact: Contact) -> str:
    return mask_phone(number_of(ctx, contact))
