"""Proof 2 of the owner's own path: the link that is mailed to the registered mailbox, and where it moves the attempt to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from portal import audit, outbox, throttle, tokens
from portal.casework import account_objection, owner_sign_in, self_service, self_service_facts
from portal.casework.context import Context, Refused, Throttled
from portal.casework.owner_sessions import Opened, Visitor
from portal.casework.self_service_end import fail, held, record
from portal.casework.telling import BOTH
from portal.domain.lifecycle import Actor, Role
from portal.models import Account, Case, Contact, LinkToken, SelfService

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Sent:
    """The newest mail of an attempt: when it was sent, and until when its link works."""

    at: datetime
    until: datetime


def send_link(ctx: Context, visitor: Visitor) -> None:
    """Mail the link. Links mailed before still work: the mail that arrives first is as good as the last one."""
    with ctx.act():
        attempt = self_service.carried(ctx, visitor)
        if attempt.mailbox_at is not None:
            return
        account = ctx.session.get_one(Account, attempt.account_id)
        if seconds := _too_soon(ctx, account):
            raise Throttled(seconds)
        closed = self_service.why_closed(ctx, attempt)
        used_up = not closed and _mails_used_up(ctx, attempt)
        if closed:
            fail(ctx, attempt, closed, step="start")
        elif not used_up:
            _mail_link(ctx, account, attempt)
    if closed or used_up:
        raise Refused("attempt_over" if closed else "mails_used_up")


def sent_of(ctx: Context, attempt: SelfService) -> Sent | None:
    """The newest mail of the attempt, if one was sent."""
    query = select(LinkToken).where(LinkToken.self_service_id == attempt.id, LinkToken.purpose == "prove")
    newest = ctx.session.execute(query.order_by(LinkToken.created_at.desc()).limit(1)).scalar_one_or_none()
    return Sent(newest.created_at, newest.expires_at) if newest else None


def _too_soon(ctx: Context, account: Account) -> int:
    """Seconds to wait. Asked of the account and not of the attempt: a new attempt is no way around it."""
    newest = ctx.session.execute(
        select(func.max(LinkToken.created_at))
        .join(SelfService, SelfService.id == LinkToken.self_service_id)
        .where(SelfService.account_id == account.id, LinkToken.purpose == "prove")
    ).scalar_one()
    left = newest + ctx.limits.prove_resend_wait - ctx.now if newest else timedelta(0)
    return max(0, -(-int(left.total_seconds() * 1000) // 1000))


def _mails_used_up(ctx: Context, attempt: SelfService) -> bool:
    """Count one more for the mailbox. The count stays, also where it was one too many."""
    windows = (
        ("prove_hour", HOUR, ctx.limits.prove_mails_hour),
        ("prove_day", DAY, ctx.limits.prove_mails_day),
    )
    over = [
        throttle.hit(
            ctx.session, ctx.vault, rule, attempt.mailbox_contact_id or "", window=window, now=ctx.now
        )
        > most
        for rule, window, most in windows
    ]
    return any(over)


def _mail_link(ctx: Context, account: Account, attempt: SelfService) -> None:
    contact = ctx.session.get_one(Contact, attempt.mailbox_contact_id)
    until = ctx.now + ctx.limits.prove_link_life
    bound = {"account_id": account.id, "contact_id": contact.id, "self_service_id": attempt.id}
    lives = {"prove": until, "stop": ctx.now + ctx.limits.objection_window}
    links = {
        purpose: tokens.issue(ctx.session, purpose, now=ctx.now, expires_at=end, **bound)
        for purpose, end in lives.items()
    }
    said = {
        "links": links,
        "at": audit.timestamp(ctx.now),
        "until": audit.timestamp(until),
        "device": attempt.device_label,
        "browser": self_service.origin_of(ctx, attempt).get("browser") or "",
    }
    outbox.put(
        ctx.session,
        ctx.vault,
        "mail",
        unique_key=f"{tokens.digest(links['prove'])}:link",
        now=ctx.now,
        subject_id=account.subject_id,
        params=said,
        notice="self_service_link",
        language=contact.language or BOTH,
        contact_id=contact.id,
        expires_at=until,
    )
    record(ctx, attempt, "mailed", contact=contact.id)


def link_for(ctx: Context, raw: str) -> tuple[LinkToken, SelfService] | None:
    """The link of a mail and its attempt, for showing its page: it may be used or over. Changes nothing."""
    link = tokens.find(ctx.session, raw, "prove")
    if link is None or link.self_service_id is None or link.contact_id is None:
        return None
    if ctx.now >= link.created_at + ctx.limits.objection_window:
        return None
    attempt = ctx.session.get_one(SelfService, link.self_service_id, populate_existing=True)
    return link, attempt


def is_good(ctx: Context, link: LinkToken, attempt: SelfService) -> bool:
    """Whether the link would still prove the mailbox."""
    return (
        tokens.is_live(link, ctx.now) and attempt.ended_at is None and self_service.is_in_time(ctx, attempt)
    )


def confirm_link(ctx: Context, raw: str, visitor: Visitor) -> SelfService:
    """The button of the link's page, in the browser that carries the attempt."""
    with ctx.act():
        attempt = self_service.carried(ctx, visitor)
        return _prove_mailbox(ctx, raw, attempt)


def confirm_link_elsewhere(
    ctx: Context, raw: str, password: str, *, old: str | None = None
) -> tuple[SelfService, Opened]:
    """The same in another browser, which proves the password first: from then on it carries the attempt, alone.

    Else whoever knows the password would start, have the owner press "confirm", and go on in their own browser.
    """
    found = link_for(ctx, raw)
    if found is None or not is_good(ctx, *found):
        raise Refused("link_over")
    address = _address_of(ctx, found[1])
    # An act of its own, because its counters must outlive whatever comes of the link.
    opened = owner_sign_in.sign_in(ctx, email=address, password=password, old=old)
    with ctx.act():
        seen = self_service.present(ctx, opened.visitor)
        attempt = held(ctx, found[1].id)
        if attempt.ended_at is not None or seen.principal.id != attempt.principal_id:
            raise Refused("link_over")
        attempt.session_hash, attempt.password_at = seen.hash, ctx.now
        return _prove_mailbox(ctx, raw, attempt), opened


def _address_of(ctx: Context, attempt: SelfService) -> str:
    account = ctx.session.get_one(Account, attempt.account_id)
    contact = ctx.session.get_one(Contact, attempt.mailbox_contact_id)
    return self_service_facts.value_of(ctx, account, contact)


def _prove_mailbox(ctx: Context, raw: str, attempt: SelfService) -> SelfService:
    if attempt.mailbox_at is not None:
        raise Refused("link_over")
    # Used up before anything rests on it, and only by the attempt that it was mailed for.
    link = tokens.consume(ctx.session, raw, "prove", now=ctx.now)
    if link is None or link.self_service_id != attempt.id or link.contact_id != attempt.mailbox_contact_id:
        raise Refused("link_over")
    attempt.mailbox_at = ctx.now
    ctx.session.flush()
    tokens.revoke(ctx.session, now=ctx.now, purpose="prove", self_service_id=attempt.id)
    record(ctx, attempt, "proven", proof="mailbox", contact=link.contact_id)
    return attempt


def stop_by_prove_link(ctx: Context, raw: str) -> Case | None:
    """The holder of the mailbox says so on the page of the link, signed in or not, also when the link is used or over."""
    found = link_for(ctx, raw)
    if found is None:
        return None
    link, attempt = found
    holder = ctx.as_actor(Actor(roles=frozenset({Role.CONTACT}), contact_id=link.contact_id))
    with ctx.act():
        if earlier := account_objection.opened_since(ctx, link.contact_id or "", attempt.created_at):
            return earlier  # once for an attempt: else one old link freezes the account again after every decision
        return account_objection.object_on_account(holder, link.contact_id or "", channel="mail")
