"""An IAM user corrects the registered telephone number: confirmed by a call to the new one, and undone by whoever was told.

The old number stays a registered contact that is told for its time. Whoever reverts a change reverts what was changed after it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from portal import tokens
from portal.casework import (
    account_objection,
    calls,
    objection,
    owner_factor,
    owner_sessions,
    phone_notices,
    registry,
    rounds,
    self_service_end,
)
from portal.casework.context import Context, Refused, Throttled
from portal.casework.owner_sessions import Visitor
from portal.casework.phone_facts import (
    executing,
    held_for,
    hold,
    is_signed_in,
    is_waiting,
    may_change,
    newest_of,
    newest_phone,
    number_of,
    require_calm,
    value_of,
)
from portal.casework.register_entry import EntryContact
from portal.domain.lifecycle import Actor, Role
from portal.models import Account, Contact, LinkToken, PhoneCall, PhoneChange, Principal, new_id

CAUSE = "phone_corrected"
CONFIRM_WITHIN = timedelta(minutes=60)
MOST_A_DAY = 2  # corrections of one account
# the digits stand on the screen before the telephone rings: a call covers the page
READ_FIRST = timedelta(seconds=8)


def begin(ctx: Context, visitor: Visitor, number: str, *, code: str, typed: str = "") -> PhoneChange:
    """Ask for another registered number (E.164) with a fresh code of one's own device. It counts once a call confirmed it.

    `typed` is the number as it was typed, to be shown beside what was understood.
    """
    with ctx.act():  # read before the code is asked for: who cannot change it anyway keeps theirs
        _require(ctx, held_for(ctx, visitor), number)
    owner_factor.fresh_code(ctx, visitor, code)
    with ctx.act():
        held = held_for(ctx, visitor)
        _drop_unfinished(ctx, held.account)
        old = _require(ctx, held, number)
        change = PhoneChange(
            id=new_id(),
            account_id=held.account.id,
            principal_id=held.principal.id,
            old_contact_id=old.id if old else None,
            created_at=ctx.now,
            expires_at=ctx.now + CONFIRM_WITHIN,
        )
        said = {"number": number, "typed": typed or number}
        ctx.vault.seal_json(ctx.session, held.account.subject_id, change, "number", said)
        ctx.session.add(change)
        ctx.session.flush()
        _record(ctx, held.account, "asked", change, principal=held.principal.id)
    return change


def _require(ctx: Context, visitor: Visitor, number: str) -> Contact | None:
    """The number that would be replaced. Raises Refused where this user may not, or not now, or not by this one."""
    if not may_change(visitor.principal):
        raise Refused("phone_change_not_allowed")
    require_calm(ctx, visitor.account, visitor.principal)
    _refuse_too_often(ctx, visitor.account)
    if not calls.is_callable(ctx, number):
        raise Refused("phone_not_callable", field="number")
    old = newest_phone(ctx, visitor.account)
    if old is not None and value_of(ctx, visitor.account, old) == number:
        raise Refused("phone_unchanged", field="number")
    return old


def _refuse_too_often(ctx: Context, account: Account) -> None:
    """Each correction is told by calls: many of them would use up those that warn the holder of the number."""
    day = timedelta(days=1)
    query = select(func.count()).where(
        PhoneChange.account_id == account.id, PhoneChange.confirmed_at > ctx.now - day
    )
    if ctx.session.execute(query).scalar_one() >= MOST_A_DAY:
        raise Throttled(int(day.total_seconds()))


def _drop_unfinished(ctx: Context, account: Account) -> None:
    """A new number takes the place of every one that was not confirmed yet; calls are held first, as keyed digits hold them."""
    running = select(PhoneCall).where(
        PhoneCall.account_id == account.id, PhoneCall.kind == "new_number", PhoneCall.outcome.is_(None)
    )
    for call in (
        ctx.session.execute(running.order_by(PhoneCall.id).with_for_update(key_share=True)).scalars().all()
    ):
        calls.end(ctx, call, "expired")
    query = select(PhoneChange).where(
        PhoneChange.account_id == account.id,
        PhoneChange.confirmed_at.is_(None),
        PhoneChange.expires_at > ctx.now,
    )
    for change in ctx.session.execute(query.with_for_update(key_share=True)).scalars():
        change.expires_at = ctx.now
    ctx.session.flush()


def ask_call(ctx: Context, visitor: Visitor, raw_session: str, *, language: str) -> PhoneCall:
    """Have the new number called; the digits are those that this browser shows."""
    with ctx.act():
        held = held_for(ctx, visitor)
        change = newest_of(ctx, held)
        if change is None or not is_waiting(ctx, change):
            raise Refused("phone_change_over")
        require_calm(ctx, held.account, held.principal)
        return calls.request(
            ctx,
            "new_number",
            account=held.account,
            contact=None,
            number=number_of(ctx, held.account, change),
            language=language,
            code_for=raw_session,
            after=READ_FIRST,
            phone_change_id=change.id,
        )


def confirmed(ctx: Context, call: PhoneCall) -> None:
    """The digits were keyed on the new number: it takes the old one's place, if all that allowed it still holds."""
    change = hold(ctx, call.phone_change_id)
    if change is None or not is_waiting(ctx, change):
        return
    account = owner_sessions.hold_account(ctx, change.account_id)
    old = newest_phone(ctx, account)
    if reason := _why_not_now(ctx, account, change, old):
        change.expires_at = ctx.now
        _record(ctx, account, "refused", change, reason=reason)
        return
    entry = EntryContact(
        "phone", number_of(ctx, account, change), ctx.now, (old.language if old else None) or call.language
    )
    new = registry.replace_contact(ctx, account, entry, old)
    ctx.session.flush()
    change.new_contact_id, change.confirmed_at = new.id, ctx.now
    registry.read_terms(ctx, account)
    rounds.facts_changed(ctx, account.id, CAUSE)
    _record(ctx, account, "corrected", change, principal=change.principal_id, contact=new.id)
    phone_notices.changed(ctx, account, change, entry.value)


def _why_not_now(ctx: Context, account: Account, change: PhoneChange, old: Contact | None) -> str | None:
    principal = ctx.session.get_one(Principal, change.principal_id, populate_existing=True)
    if not may_change(principal):
        return "phone_change_not_allowed"
    if (old.id if old else None) != change.old_contact_id:
        return "facts_changed"
    if not is_signed_in(ctx, principal):
        return "session_moved"
    try:
        require_calm(ctx, account, principal)
    except Refused as refused:
        return refused.reason
    return None


def stopped(ctx: Context, call: PhoneCall) -> None:
    """Whoever has the new number pressed 9: it does not become the account's."""
    change = hold(ctx, call.phone_change_id)
    if change is None or not is_waiting(ctx, change):
        return
    change.expires_at = ctx.now
    _record(ctx, ctx.session.get_one(Account, change.account_id), "stopped", change)


def link_for(ctx: Context, raw: str) -> PhoneChange | None:
    """The change that a link of a notice would undo, or None for a link that is no longer good."""
    link = _link(ctx, raw)
    change = ctx.session.get(PhoneChange, link.phone_change_id) if link and link.phone_change_id else None
    return change if change is not None and change.confirmed_at is not None else None


def _link(ctx: Context, raw: str) -> LinkToken | None:
    link = tokens.find(ctx.session, raw, "revert")
    return link if link and link.revoked_at is None and link.expires_at > ctx.now else None


def revert_by_link(ctx: Context, raw: str) -> PhoneChange | None:
    """A registered contact says "this was not me". Pressing again changes nothing. None for a link that is no longer good."""
    link, change = _link(ctx, raw), link_for(ctx, raw)
    if link is None or change is None:
        return None
    contact = ctx.as_actor(Actor(roles=frozenset({Role.CONTACT}), contact_id=link.contact_id))
    return revert(contact, change, channel="mail")


def revert(ctx: Context, change: PhoneChange, *, channel: str) -> PhoneChange:
    """Put the old number back, together with what was changed after it, and hold the account for a lead to decide.

    The objection is that of the contact who acts, else of the old number.
    """
    with ctx.act():
        # before its calls, as keyed digits hold them
        account = owner_sessions.hold_account(ctx, change.account_id)
        self_service_end.live_of_account(ctx, change.account_id)
        held = hold(ctx, change.id)
        if held is None or held.confirmed_at is None or held.reverted_at is not None:
            return change
        _object(ctx, account, ctx.actor.contact_id or held.old_contact_id, channel)
        _drop_unfinished(ctx, account)
        for one in _since(ctx, held):
            _undo(ctx, account, one)
        self_service_end.stop_account(ctx, account.id)
        rounds.facts_changed(ctx, account.id, CAUSE)
        phone_notices.reverted(ctx, account, held)
    return held


def _object(ctx: Context, account: Account, contact_id: str | None, channel: str) -> None:
    """First of all whatever removal runs just now is frozen; then there is a case for a lead to decide."""
    if contact_id is None:
        return
    for case_id in executing(ctx, account):
        objection.object_to(ctx, case_id, channel=channel, contact_id=contact_id)
    account_objection.object_on_account(ctx, contact_id, channel=channel)


def _since(ctx: Context, change: PhoneChange) -> list[PhoneChange]:
    """The change and those that were built on it, the newest first: a second change must not save the first."""
    found = [change]
    while following := _next(ctx, found[0]):
        found.insert(0, following)
    return found


def _next(ctx: Context, change: PhoneChange) -> PhoneChange | None:
    query = select(PhoneChange).where(
        PhoneChange.old_contact_id == change.new_contact_id,
        PhoneChange.confirmed_at.is_not(None),
        PhoneChange.reverted_at.is_(None),
    )
    return ctx.session.execute(query.with_for_update(key_share=True)).scalars().first()


def _undo(ctx: Context, account: Account, change: PhoneChange) -> None:
    new = ctx.session.get_one(Contact, change.new_contact_id, populate_existing=True)
    old = ctx.session.get(Contact, change.old_contact_id) if change.old_contact_id else None
    change.reverted_at = ctx.now
    new = _present_form(ctx, account, new)
    if new.retired_at is None:
        # else two persons have put another number into the register meanwhile, and that one stays
        new.retired_at = ctx.now
        if old is not None:
            old.retired_at = None
            registry.record(ctx, account, "account:contact:changed", contact=old.id, kind="phone")
    ctx.session.flush()
    registry.read_terms(ctx, account)
    _record(ctx, account, "reverted", change, contact=new.id)
    phone_notices.withdraw(ctx, change)


def _present_form(ctx: Context, account: Account, contact: Contact) -> Contact:
    """The row that holds the same number now: an import that only learns more about a number makes a row of its own."""
    number = value_of(ctx, account, contact)
    while contact.retired_at is not None:
        query = select(Contact).where(Contact.predecessor_id == contact.id)
        following = ctx.session.execute(query.order_by(Contact.created_at.desc())).scalars().first()
        if following is None or value_of(ctx, account, following) != number:
            break
        contact = following
    return contact


def corrected(ctx: Context, contact: Contact) -> PhoneChange | None:
    """The correction that this contact came from, unless it was reverted."""
    query = select(PhoneChange).where(
        PhoneChange.new_contact_id == contact.id,
        PhoneChange.confirmed_at.is_not(None),
        PhoneChange.reverted_at.is_(None),
    )
    return ctx.session.execute(query).scalar_one_or_none()


def _record(ctx: Context, account: Account, what: str, change: PhoneChange, **facts: Any) -> None:
    registry.record(ctx, account, f"account:phone:{what}", change=change.id, **facts)
