"""How owners sign in: a root user by e-mail address, an IAM user by account and name; the password opens the first stage.

Whatever fails, the work, the limits and the answer are the same: unknown, wrong, two accounts, or a system whose
passwords the portal cannot check.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal import audit, contact
from portal.casework import owner_brakes, owner_sessions
from portal.casework.context import Context, Refused
from portal.casework.owner_sessions import Opened
from portal.connectors import ConnectorError, SignIn, signing_in
from portal.models import Account, Principal

LONGEST_NAME = 64  # as AWS has it


@dataclass(frozen=True)
class Named:
    """Somebody as they named themselves. `key` is what tries are counted under, whoever it is."""

    key: str
    email: str | None = None
    account_number: str | None = None
    username: str | None = None


@dataclass(frozen=True)
class Found:
    """Whom a name means, how old their password was before it was compared, and whether it was right."""

    principal_id: str
    account_id: str
    ages: tuple[datetime, datetime | None] | None = None
    right: bool = False


def sign_in(
    ctx: Context,
    *,
    email: str | None = None,
    account_number: str | None = None,
    username: str | None = None,
    password: str,
    old: str | None = None,
) -> Opened:
    """Open the stage "password", or "enrol" for whoever has no device and need not prove a mailbox first.

    Raises Refused("owner_sign_in_failed"), for an IAM user Refused("iam_sign_in_failed"), whatever was wrong, and Throttled
    after too many tries.
    """
    named = named_as(email=email, account_number=account_number, username=username)
    owner_brakes.count_password(ctx, named.key)
    found = _check(ctx, named, password)
    opened = None
    with ctx.act():
        if found and found.right and _is_same(ctx, found):
            opened = _open(ctx, found.principal_id, old, named.email)
            owner_brakes.give_back(ctx, named.key)
        else:
            _record_failure(ctx, found)
    if opened is None and email is None:
        raise Refused("iam_sign_in_failed", field="password")
    if opened is None:
        raise Refused("owner_sign_in_failed", field="password")
    return opened


def named_as(
    *, email: str | None = None, account_number: str | None = None, username: str | None = None
) -> Named:
    """Read what somebody called themselves. What cannot be a name is nobody's, and counted like everybody's."""
    try:
        if email is not None:
            canonical = contact.parse_email(email).canonical
            return Named(canonical, email=canonical)
        number = contact.parse_account_number(account_number or "")
        name = plain_username(username or "")
        return Named(f"{number}/{name}", account_number=number, username=name)
    except contact.ContactError:
        typed = "\x1f".join(part or "" for part in (email, account_number, username))
        return Named(hashlib.sha256(typed.encode(errors="replace")).hexdigest())


def plain_username(text: str) -> str:
    """The name of an IAM user as it is compared: capitals do not matter. Raises ContactError name_missing or name_length."""
    folded = unicodedata.normalize("NFKC", contact.refuse_unprintable(text)).strip().casefold()
    return contact.clean_name(folded, LONGEST_NAME)


def sign_in_of(ctx: Context, account: Account) -> SignIn | None:
    """The system that lets this account's users in, or None where the portal cannot check their passwords."""
    return signing_in(ctx.connectors.get(account.connector))


def connector_of(ctx: Context, account: Account) -> SignIn:
    """The same where somebody is signed in already. Raises Refused when the system was taken out meanwhile."""
    found = sign_in_of(ctx, account)
    if found is None:
        raise Refused("owner_sign_in_failed")
    return found


def sign_out(ctx: Context, raw: str | None) -> None:
    """End this browser's session."""
    if raw:
        with ctx.act():
            owner_sessions.end(ctx, raw)


def _check(ctx: Context, named: Named, password: str) -> Found | None:
    """Outside of any transaction, because hashing takes longer than all else together. Nobody's takes as long."""
    user = user_named(ctx, named)
    connector = sign_in_of(ctx, user[1]) if user else None
    if user is None or connector is None:
        _anybodys(ctx).password_fits(ctx.session, None, password)
        return Found(user[0].id, user[1].id) if user else None
    principal, account = user
    try:
        ages = connector.password_ages(ctx.session, principal)
        right = connector.password_fits(ctx.session, principal, password)
    except ConnectorError:
        connector.password_fits(ctx.session, None, password)
        return Found(principal.id, account.id)
    return Found(principal.id, account.id, ages, right)


def _anybodys(ctx: Context) -> SignIn:
    """Any system that checks passwords: the one that does the work where there is nothing to compare with."""
    found = next((one for one in map(signing_in, ctx.connectors.values()) if one), None)
    if found is None:
        raise Refused("owner_sign_in_failed", field="password")  # nobody can sign in here at all
    return found


def user_named(ctx: Context, named: Named) -> tuple[Principal, Account] | None:
    """The one user that a name means. An empty name means nobody, and so does one that fits two.

    One question, whether there is an answer or not: what is asked more for whoever is known could be heard in the time.
    """
    if named.email:
        subjects = ctx.vault.find(ctx.session, "email", named.email)
        wanted = Account.subject_id.in_(subjects) & (Principal.kind == "root")
    elif named.account_number and named.username:
        wanted = (Account.number == named.account_number) & (Principal.kind == "iam")
        wanted &= func.lower(Principal.username) == named.username
    else:
        return None
    query = (
        select(Principal, Account)
        .join(Account, Account.id == Principal.account_id)
        .where(
            wanted,
            ~Account.training,  # nobody's: a like name that was invented must not shut its real owner out
        )
    )
    rows = ctx.session.execute(query.limit(2)).all()
    if len(rows) != 1:
        return None
    return rows[0][0], rows[0][1]


def _is_same(ctx: Context, found: Found) -> bool:
    """Nothing happened to the password while it was being compared."""
    principal = ctx.session.get(Principal, found.principal_id)
    account = ctx.session.get(Account, principal.account_id) if principal else None
    connector = sign_in_of(ctx, account) if account else None
    return bool(principal and connector and connector.password_ages(ctx.session, principal) == found.ages)


def _open(ctx: Context, principal_id: str, old: str | None, email: str | None) -> Opened:
    principal = ctx.session.get_one(Principal, principal_id)
    account = ctx.session.get_one(Account, principal.account_id)
    stage = _first_stage(ctx, connector_of(ctx, account), principal)
    opened = owner_sessions.start(ctx, principal, stage, old=old)
    if email:
        owner_sessions.keep(ctx, opened.visitor, email=email)  # the request form must not ask for it again
    record(ctx, account, "account:password:accepted", principal=principal.id, stage=stage)
    return opened


def _first_stage(ctx: Context, connector: SignIn, principal: Principal) -> str:
    """A suspended device is a device: whoever has only that must not bind another one with the password alone."""
    enrolled = connector.list_devices(ctx.session, principal)
    awaited = connector.must_enrol(ctx.session, principal)
    return "password" if enrolled or awaited else "enrol"


def _record_failure(ctx: Context, found: Found | None) -> None:
    """In the stream of the account where there is one, else in the desk's: as much work either way."""
    stream, tag, facts = "system", "system:owner_sign_in:failed", dict[str, str]()
    if found:
        stream, tag = f"account:{found.account_id}", "account:sign_in:failed"
        facts = {"principal": found.principal_id, "factor": "password"}
    audit.append(ctx.session, stream, tag, actor="system", at=ctx.now, facts=facts)


def record(ctx: Context, account: Account, tag: str, *, actor: str | None = None, **facts: object) -> None:
    """Append to the account's own stream of the audit log."""
    audit.append(
        ctx.session, f"account:{account.id}", tag, actor=actor or ctx.actor_name, at=ctx.now, facts=facts
    )
