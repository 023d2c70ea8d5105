"""What decides whether the owner's own path is open to an account, read in the act that is about to go on."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import Select, select

from portal.casework import calls, facts, phone_change
from portal.casework.context import Context
from portal.connectors import Connector, SignIn
from portal.domain import self_service as rules
from portal.domain.self_service import PathFacts
from portal.models import Account, Contact, Principal


def connector_of(ctx: Context, account: Account) -> Connector:
    """Where the devices of an account are."""
    return ctx.connectors[account.connector]


def sign_in_of(ctx: Context, account: Account) -> SignIn:
    """The same for an account whose owners sign in through the portal."""
    return cast(SignIn, connector_of(ctx, account))


def mailbox_of(ctx: Context, account: Account) -> Contact | None:
    """The mailbox that is written to: the root user's own. An address added later never takes its place."""
    query = _present(account, "email").order_by(
        Contact.place, Contact.confirmed_at, Contact.created_at, Contact.id
    )
    return ctx.session.execute(query.limit(1)).scalar_one_or_none()


def phone_of(ctx: Context, account: Account) -> Contact | None:
    """The telephone that is called: the newest, so that a corrected number serves at once."""
    query = _present(account, "phone").order_by(
        Contact.confirmed_at.desc(), Contact.created_at.desc(), Contact.id
    )
    return ctx.session.execute(query.limit(1)).scalar_one_or_none()


def _present(account: Account, kind: str) -> Select[Contact]:
    return (
        select(Contact)
        .where(Contact.account_id == account.id, Contact.kind == kind, Contact.retired_at.is_(None))
        .execution_options(populate_existing=True)
    )


def value_of(ctx: Context, account: Account, contact: Contact) -> str:
    """The address or number itself; empty once it is erased."""
    return ctx.vault.open(ctx.session, account.subject_id, contact, "value") or ""


def facts_of(ctx: Context, account: Account, principal: Principal) -> PathFacts:
    """The facts of this moment."""
    set_at, reset_at = _password_ages(ctx, account, principal)
    mailbox, phone = mailbox_of(ctx, account), phone_of(ctx, account)
    return PathFacts(
        now=ctx.now,
        passwords_checked=connector_of(ctx, account).checks_passwords,
        telephone=ctx.telephone is not None,
        is_root=principal.kind == "root",
        protected=account.is_protected,
        objection_open=is_objected_to(ctx, account.id),
        calls_off=account.calls_off_at is not None,
        password_set_at=set_at,
        password_reset_at=reset_at,
        mailbox_since=mailbox.confirmed_at if mailbox else None,
        phone_since=phone.confirmed_at if phone else None,
        phone_corrected=phone is not None and phone_change.corrected(ctx, phone) is not None,
        phone_allowed=phone is not None and calls.is_callable(ctx, value_of(ctx, account, phone)),
    )


def _password_ages(
    ctx: Context, account: Account, principal: Principal
) -> tuple[datetime | None, datetime | None]:
    if not connector_of(ctx, account).checks_passwords:
        return None, None
    return sign_in_of(ctx, account).password_ages(ctx.session, principal)


def is_objected_to(ctx: Context, account_id: str) -> bool:
    """Whether an objection on the account is undecided."""
    return facts.is_objected_to(ctx.session, account_id)


def why_closed(ctx: Context, account: Account, principal: Principal) -> str | None:
    """The first reason for which the path is closed now. For the agent and the log; no page says it."""
    return rules.why_closed(facts_of(ctx, account, principal), ctx.limits)


def password_stands(ctx: Context, account: Account, principal: Principal) -> bool:
    """Whether the password is old enough to prove anything: whoever holds the mailbox can set a new one."""
    return not rules.CLOSED["password_young"](facts_of(ctx, account, principal), ctx.limits)
