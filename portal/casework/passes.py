"""The one-use pass: what a password needs beside it after a removal, mailed to a mailbox that the removal itself had verified.

It opens the stage "enrol" and nothing else, so that a stolen password is worth nothing in the hour without a device.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from portal import audit, outbox, tokens
from portal.casework import account_notices, owner_brakes, owner_sessions
from portal.casework.context import Context, Refused, Throttled
from portal.casework.facts import is_objected_to
from portal.casework.owner_factor import move
from portal.casework.owner_sessions import Opened, Visitor
from portal.casework.owner_sign_in import connector_of, record
from portal.connectors import signing_in
from portal.domain.reference import ALPHABET, bare
from portal.models import (
    Account,
    Case,
    Contact,
    IdentityCheck,
    LinkToken,
    Objection,
    Principal,
    Removal,
    SelfService,
)

NOTICE = "one_use_pass"
LENGTH = 12  # characters of the reference alphabet: 59 bits
GROUP = 4
USER_PART, CODE_PART = 24, 40  # of the 64 characters that are stored of a pass


def require(
    ctx: Context, principal: Principal, *, ground: Collection[str] = (), keep: str | None = None
) -> None:
    """After a removal, in its act: the next sign-in takes a pass, and every browser signed in as this user is signed out.

    `ground` names the contacts that the removal rests on, for the record; the pass itself follows the removal's row. `keep`
    is the hash of the one session that goes on. Nothing happens with a system that cannot hold a sign-in up so.
    """
    account = ctx.session.get_one(Account, principal.account_id)
    connector = ctx.connectors[account.connector]
    directory = signing_in(connector)
    owner_sessions.end_all(ctx, principal.id, keep=keep)
    if directory is None or not connector.holds_pass:
        return
    directory.require_enrolment(ctx.session, principal, now=ctx.now)
    record(ctx, account, "account:enrolment:required", principal=principal.id, contacts=sorted(ground))


def is_needed(ctx: Context, visitor: Visitor) -> bool:
    """Whether this user must register a device before anything else."""
    return connector_of(ctx, visitor.account).must_enrol(ctx.session, visitor.principal) is not None


@dataclass(frozen=True)
class Way:
    """How a pass comes to the owner: to mailboxes, to the address of the request, or by hand from an administrator."""

    mailboxes: tuple[Contact, ...] = ()
    request: Case | None = None
    by_hand: bool = False

    @property
    def is_mailed(self) -> bool:
        return bool(self.mailboxes or self.request)


def way_of(ctx: Context, visitor: Visitor) -> Way:
    """To mailboxes that the newest removal had verified; where the desk had verified a person and no mailbox, to the address
    of that person's request: the mailbox on record may be what they have lost. Else to mailboxes unchanged for long enough.

    Whoever changed a mailbox meanwhile gets nothing, and what was verified counts only while it is still registered.
    """
    removal = _removal(ctx, visitor.principal)
    if is_objected_to(ctx.session, visitor.account.id):
        return Way()
    if removal is not None and removal.managed_id:
        return Way(by_hand=True)
    registered = {
        contact.id: contact
        for contact in account_notices.mailboxes(ctx, visitor.account)
        if contact.retired_at is None
    }
    if removal is not None and (honest := _founded_objectors(ctx, visitor.account, removal)) is not None:
        # What this removal rested on was a thief's: only who stopped it in time to be right is asked.
        return Way(tuple(registered[each] for each in honest if each in registered))
    verified = tuple(registered[each] for each in _verified(ctx, removal) if each in registered)
    if not verified and removal is not None and removal.case_id:
        return Way(request=ctx.session.get_one(Case, removal.case_id))
    long_known = ctx.now - ctx.limits.contact_age
    return Way(verified or tuple(each for each in registered.values() if each.confirmed_at <= long_known))


def addresses(ctx: Context, visitor: Visitor) -> list[str]:
    """Where the pass would be mailed to, in clear: show it masked."""
    way = way_of(ctx, visitor)
    found = [ctx.vault.open(ctx.session, visitor.account.subject_id, each, "value") for each in way.mailboxes]
    if way.request:
        found.append(ctx.vault.open(ctx.session, way.request.subject_id, way.request, "reply_email"))
    return [each for each in found if each]


def send(ctx: Context, visitor: Visitor) -> None:
    """Mail a new pass. Older ones work until their time is over, or whoever has the password could make each of them worthless.

    Raises Refused("no_mailbox_for_pass") and Throttled.
    """
    with ctx.act():
        held = _held(ctx, visitor)
        way = way_of(ctx, held)
        if not way.is_mailed:
            raise Refused("no_mailbox_for_pass")
        wait = _wait(ctx, held)
        if wait:
            raise Throttled(wait)
        owner_brakes.count_pass_mail(ctx, held.principal.id)
        until = ctx.now + ctx.limits.pass_life
        said = {"code": _issue(ctx, held.principal, until), "until": audit.timestamp(until)}
        record(ctx, held.account, "account:pass:sent", principal=held.principal.id)
        cause = f"{held.principal.id}:{audit.timestamp(ctx.now)}"
        if way.request:
            _mail_to_requester(ctx, way.request, said, cause, until)
        else:
            account_notices.tell_account(
                ctx, held.account, NOTICE, params=said, contacts=way.mailboxes, cause=cause, expires_at=until
            )


def _mail_to_requester(
    ctx: Context, case: Case, said: Mapping[str, str], cause: str, until: datetime
) -> None:
    frozen = {"links": {}, "at": audit.timestamp(ctx.now), "status": case.status, "proven": True}
    outbox.put(
        ctx.session,
        ctx.vault,
        "mail",
        unique_key=f"{cause}:{NOTICE}",
        now=ctx.now,
        subject_id=case.subject_id,
        params={**frozen, **said},
        notice=NOTICE,
        language=case.language,
        case_id=case.id,
        expires_at=until,
    )


def issue_shown(ctx: Context, principal: Principal) -> str:
    """A new pass in the caller's act, for somebody who hands it over; every older one of this user is worthless from now on."""
    _revoke(ctx, principal)
    return _issue(ctx, principal, ctx.now + ctx.limits.pass_life)


def _revoke(ctx: Context, principal: Principal) -> None:
    older = update(LinkToken).where(*_of(ctx, principal), LinkToken.revoked_at.is_(None))
    ctx.session.execute(older.values(revoked_at=ctx.now))


def _issue(ctx: Context, principal: Principal, until: datetime) -> str:
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    hashed = _digest(ctx, principal, code)
    tokens.keep(ctx.session, hashed, "pass", now=ctx.now, expires_at=until, account_id=principal.account_id)
    return written(code)


def sent(ctx: Context, visitor: Visitor) -> LinkToken | None:
    """The pass that would be taken now, for saying when it was sent and until when it works."""
    row = _newest(ctx, visitor.principal)
    return row if row is not None and tokens.is_live(row, ctx.now) else None


def enter(ctx: Context, visitor: Visitor, typed: str) -> Opened:
    """Open the stage "enrol" for a right pass. Raises Refused("wrong_pass"), and Throttled after too many tries."""
    owner_brakes.count_pass(ctx, visitor.principal.id)
    opened = None
    with ctx.act():
        held = _held(ctx, visitor)
        if _consume(ctx, held, typed):
            _revoke(ctx, held.principal)
            opened = move(ctx, held, "enrol")
            record(ctx, held.account, "account:pass:used", principal=held.principal.id)
        else:
            record(ctx, held.account, "account:pass:refused", principal=held.principal.id)
    if opened is None:
        raise Refused("wrong_pass", field="code")
    return opened


def written(code: str) -> str:
    """A pass as it is read and typed."""
    return "-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def _held(ctx: Context, visitor: Visitor) -> Visitor:
    held = owner_sessions.lock(ctx, visitor)
    if held is None or held.stage != "password" or not is_needed(ctx, held):
        raise Refused("session_moved")
    if is_objected_to(ctx.session, held.account.id):
        raise Refused("objection_open", field="code")
    return held


def _consume(ctx: Context, held: Visitor, typed: str) -> bool:
    """Use the pass up. All that it is worth is tested in the one UPDATE, so that of two posts at once one gets in."""
    used = (
        update(LinkToken)
        .where(
            LinkToken.hash == _digest(ctx, held.principal, bare(typed).upper()),
            LinkToken.purpose == "pass",
            LinkToken.account_id == held.account.id,
            LinkToken.epoch == tokens.epoch(ctx.session),
            LinkToken.used_at.is_(None),
            LinkToken.revoked_at.is_(None),
            LinkToken.expires_at > ctx.now,
        )
        .values(used_at=ctx.now)
        .returning(LinkToken.hash)
    )
    return ctx.session.execute(used).scalar_one_or_none() is not None


def _digest(ctx: Context, principal: Principal, code: str) -> str:
    """What is stored of a pass: whose it is, then the code. 59 bits are too few for a plain hash, so both are keyed."""
    return _mark(ctx, principal) + ctx.vault.digest("pass", f"{principal.id}|{code}")[:CODE_PART]


def _mark(ctx: Context, principal: Principal) -> str:
    """Names a user and the removal after which they must enrol: a pass of an earlier one is none of this one."""
    account = ctx.session.get_one(Account, principal.account_id)
    since = connector_of(ctx, account).must_enrol(ctx.session, principal)
    return ctx.vault.digest("pass_of", f"{principal.id}|{since and audit.timestamp(since)}")[:USER_PART]


def _of(ctx: Context, principal: Principal) -> tuple[ColumnElement[bool], ...]:
    """The passes of one user, by the beginning of what is stored of them."""
    mark = _mark(ctx, principal)
    return LinkToken.purpose == "pass", LinkToken.hash >= mark, LinkToken.hash < f"{mark}g"


def _wait(ctx: Context, held: Visitor) -> int:
    """Seconds until another pass may be asked for."""
    row = _newest(ctx, held.principal)
    if row is None or row.created_at + ctx.limits.pass_resend_wait <= ctx.now:
        return 0
    return max(1, int((row.created_at + ctx.limits.pass_resend_wait - ctx.now).total_seconds()))


def _newest(ctx: Context, principal: Principal) -> LinkToken | None:
    query = select(LinkToken).where(*_of(ctx, principal))
    return ctx.session.execute(
        query.order_by(LinkToken.created_at.desc(), LinkToken.hash).limit(1)
    ).scalar_one_or_none()


def _founded_objectors(ctx: Context, account: Account, removal: Removal) -> list[str] | None:
    """The contacts who were right in saying that a removal was not theirs; None where nobody was."""
    about_it = Objection.case_id == removal.case_id if removal.case_id else Objection.at >= removal.created_at
    query = select(Objection.contact_id).where(
        Objection.account_id == account.id, Objection.outcome == "founded", about_it
    )
    found = list(ctx.session.execute(query.order_by(Objection.at, Objection.id)).scalars())
    return [each for each in found if each] if found else None


def _removal(ctx: Context, principal: Principal) -> Removal | None:
    query = (
        select(Removal)
        .where(Removal.principal_id == principal.id, Removal.confirmed_at.is_not(None))
        .order_by(Removal.confirmed_at.desc(), Removal.id)
    )
    return ctx.session.execute(query.limit(1)).scalar_one_or_none()


def _verified(ctx: Context, removal: Removal | None) -> list[str]:
    """The mailboxes that a removal rests on: of the attempt, or of the checks of the case's last round."""
    if removal is None:
        return []
    if removal.self_service_id:
        attempt = ctx.session.get_one(SelfService, removal.self_service_id)
        return [attempt.mailbox_contact_id] if attempt.mailbox_contact_id else []
    query = (
        select(IdentityCheck.contact_id)
        .join(Case, Case.id == IdentityCheck.case_id)
        .join(Contact, Contact.id == IdentityCheck.contact_id)
        .where(
            IdentityCheck.case_id == removal.case_id,
            IdentityCheck.round == Case.round,
            IdentityCheck.result == "match",
            IdentityCheck.voided_at.is_(None),
            Contact.kind == "email",
        )
        .order_by(IdentityCheck.recorded_at, IdentityCheck.id)
    )
    return list(dict.fromkeys(each for each in ctx.session.execute(query).scalars() if each))
