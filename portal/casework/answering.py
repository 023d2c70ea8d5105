"""What happens in a call: it is answered, digits are keyed in, it ends. A table says what each kind of call leads to.

Everything here comes from outside, through a provider: forged, replayed, late and out of order. So each step is judged by
the row alone, which is held while it is: the call it names, the provider's id that belongs to it, the number that was
called, and that it has not ended. What does not fit changes nothing.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update

from portal import audit, outbox
from portal.casework import (
    bridges,
    call_checks,
    calls,
    notice_calls,
    owner_sessions,
    phone_change,
    self_service,
)
from portal.casework.account_notices import tell_account
from portal.casework.bridges import Bridge
from portal.casework.context import Context, NotFound, Refused
from portal.domain.lifecycle import Actor, Role
from portal.domain.self_service import STOP_KEY
from portal.models import Account, Case, OutboxRow, PhoneCall, PhoneChange, SelfService

Effect = Callable[[Context, PhoneCall], None]

# What the right digits and the stop key lead to, by kind of call, in the act that writes the outcome.
EFFECTS: Mapping[str, tuple[Effect | None, Effect]] = {
    "proof": (self_service.call_confirmed, self_service.call_stopped),
    "check": (call_checks.confirmed, call_checks.stopped),
    "callback": (call_checks.confirmed, call_checks.stopped),
    "new_number": (phone_change.confirmed, phone_change.stopped),
    "notice": (None, notice_calls.stopped),
}
# Wrong digits that count against the account. Who corrects a number calls a telephone of their own.
COUNTED = frozenset({"proof", "check", "callback"})
# not \d and not $: full-width digits and a line break after them are no digits
DIGITS = re.compile(r"\A[0-9]{6}\Z")

# How a provider says that a call is over. Of one that was answered it only means that somebody hung up.
OVER: Mapping[str, str] = {
    "busy": "busy",
    "no-answer": "no_answer",
    "failed": "failed",
    "canceled": "failed",
    "completed": "failed",
}


@dataclass(frozen=True)
class Spoken:
    """What is said next, as a key: the kind of the call for its opening words, else what has just happened.

    `listen` is how many keys are waited for; with none the call ends after the words, or goes on over a `bridge` to an
    agent. `params` are what a notice says.
    """

    call: PhoneCall
    say: str
    listen: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    bridge: Bridge | None = None


def answered(
    ctx: Context, path: str, *, provider_id: str, number: str, machine: bool, fax: bool = False
) -> Spoken | None:
    """The telephone was picked up. None: the call is over, hang up. Raises NotFound for what fits no call."""
    with ctx.act():
        call = held(ctx, path, provider_id, number)
        if _is_over(ctx, call) or _was_withdrawn(ctx, call):
            return None
        if call.state == "answered":
            return opening(ctx, call)  # asked twice: the same words, and nothing changes
        call.state, call.answered_at = "answered", ctx.now
        ctx.session.flush()
        said = opening(ctx, call)
        if fax or (machine and call.kind in calls.CODED):
            close(ctx, call, "failed" if fax else "machine")
            return None
        if machine:
            close(ctx, call, "left")
            return Spoken(call, said.say, 0, said.params)
        return said


def keyed(ctx: Context, path: str, *, provider_id: str, number: str, digits: str) -> Spoken | None:
    """Keys were pressed, or none in time (""). A wrong entry is an outcome that is kept: nothing here rolls it back."""
    with ctx.act():
        call = held(ctx, path, provider_id, number)
        if call.state != "answered" or _was_withdrawn(ctx, call):
            return None
        if _means_stop(digits):
            return _stop(ctx, call)
        if call.expires_at <= ctx.now:
            close(ctx, call, "hung_up" if call.kind == "notice" else "expired")
            return Spoken(call, "goodbye" if call.kind == "notice" else "expired")
        if call.kind == "notice":
            return _go_on_with_notice(ctx, call, digits)
        return _judge(ctx, call, digits) if digits else opening(ctx, call)


def _means_stop(digits: str) -> bool:
    """9, also pressed again and again, or with # behind it, as frightened people do. Six of them could be the code itself."""
    pressed = digits.removesuffix("#")
    return bool(pressed) and set(pressed) == {STOP_KEY} and len(pressed) < calls.DIGITS


def status(ctx: Context, path: str, *, provider_id: str, number: str, status: str) -> None:
    """The provider tells how a call stands. Of a call that has ended already, or is only ringing, nothing is kept."""
    with ctx.act():
        call = held(ctx, path, provider_id, number)
        if call.outcome is None and status in OVER:
            close(ctx, call, "hung_up" if call.state == "answered" else OVER[status])
        elif status in OVER and calls.is_talking(ctx, call):
            bridges.part(ctx, call)


def opening(ctx: Context, call: PhoneCall) -> Spoken:
    """What is said first, and again where nothing was keyed in."""
    if call.kind in calls.CODED:
        return Spoken(call, "joined" if bridges.number_for(ctx, call) else call.kind, calls.DIGITS)
    row = ctx.session.get(OutboxRow, call.outbox_id) if call.outbox_id else None
    return Spoken(call, "notice", 1, outbox.params_of(ctx.session, ctx.vault, row) if row else {})


# which call is meant


def held(ctx: Context, path: str, provider_id: str, number: str) -> PhoneCall:
    """The call, held together with what it belongs to. Raises NotFound unless path, number and the provider's id fit it."""
    known = by_path(ctx, path)
    if known is None:
        raise NotFound()
    hold_thing(ctx, known)
    call = calls.lock(ctx, known.id)
    if call is None or not _is_number(ctx, call, number) or call.placed_at is None:
        raise NotFound()
    if call.provider_id is None and call.outcome is None:
        _bind(ctx, call, provider_id)
    if not provider_id or call.provider_id != provider_id:
        raise NotFound()
    return call


def by_path(ctx: Context, path: str) -> PhoneCall | None:
    """The call whose addresses have this unguessable part."""
    if not calls.PATH.match(path):
        return None
    query = select(PhoneCall).where(PhoneCall.path_hash == calls.path_hash(path))
    return ctx.session.execute(query).scalar_one_or_none()


def hold_thing(ctx: Context, call: PhoneCall) -> None:
    """First what the call belongs to, then the call: in the order in which an act that ends a call holds them."""
    owner_sessions.hold_account(ctx, call.account_id)
    if call.case_id:
        ctx.session.execute(select(Case.id).where(Case.id == call.case_id).with_for_update(key_share=True))
    if call.outbox_id:
        ctx.session.execute(
            select(OutboxRow.id).where(OutboxRow.id == call.outbox_id).with_for_update(key_share=True)
        )


def _is_number(ctx: Context, call: PhoneCall, number: str) -> bool:
    versions = ctx.vault.keys.index
    return any(hmac.compare_digest(calls.digest_of(ctx, number, one), call.number_digest) for one in versions)


def _bind(ctx: Context, call: PhoneCall, provider_id: str) -> None:
    """The provider asks before it has answered us: its id belongs to the call from now on, if it is no other call's."""
    taken = select(PhoneCall.id).where(PhoneCall.provider_id == provider_id)
    if provider_id and ctx.session.execute(taken).first() is None:
        call.provider_id = provider_id
        ctx.session.flush()


def _is_over(ctx: Context, call: PhoneCall) -> bool:
    if call.outcome is None and call.expires_at <= ctx.now:
        close(ctx, call, "expired")
    return call.outcome is not None


def _was_withdrawn(ctx: Context, call: PhoneCall) -> bool:
    """Whether what a notice was to say is no longer true: its words are gone, and nothing is left to stop."""
    if call.outbox_id is None:
        return False
    row = ctx.session.get_one(OutboxRow, call.outbox_id, populate_existing=True)
    if row.state == "pending":
        return False
    if call.outcome is None:
        calls.end(ctx, call, "hung_up")
    return True


# what was keyed in


def _judge(ctx: Context, call: PhoneCall, digits: str) -> Spoken | None:
    if not _count_try(ctx, call):
        return None
    if not _is_wanted(ctx, call):
        close(ctx, call, "expired")
        return Spoken(call, "expired")
    given = calls.code_digest(ctx, call.id, digits)
    if DIGITS.match(digits) and hmac.compare_digest(given, call.code_digest or ""):
        return _confirm(ctx, call)
    if _counts_against_account(ctx, call):
        _count_failure(ctx, call)
    if call.tries < ctx.limits.call_tries:
        return Spoken(call, "wrong", calls.DIGITS)
    close(ctx, call, "wrong")
    if call.repeats:
        call_checks.repeat_failed(ctx, call)
    return Spoken(call, "wrong_goodbye")


def _counts_against_account(ctx: Context, call: PhoneCall) -> bool:
    """Not what a requester who has proven nothing brought about: it must change nothing of the account."""
    case = ctx.session.get(Case, call.case_id) if call.case_id else None
    return call.kind in COUNTED and (case is None or case.proven_by is not None)


def _count_try(ctx: Context, call: PhoneCall) -> bool:
    """One more try, counted in the database before anything is compared: two at once are two tries."""
    counted = (
        update(PhoneCall)
        .where(
            PhoneCall.id == call.id,
            PhoneCall.state == "answered",
            PhoneCall.provider_id == call.provider_id,
            PhoneCall.tries < ctx.limits.call_tries,
            PhoneCall.expires_at > ctx.now,
        )
        .values(tries=PhoneCall.tries + 1)
        .returning(PhoneCall.tries)
        .execution_options(synchronize_session=False)
    )
    done = ctx.session.execute(counted).scalar_one_or_none() is not None
    ctx.session.refresh(call)
    return done


def _is_wanted(ctx: Context, call: PhoneCall) -> bool:
    """Whether what the call belongs to still waits for it."""
    session = ctx.session
    if call.self_service_id:
        attempt = session.get_one(SelfService, call.self_service_id, populate_existing=True)
        in_time = attempt.ended_at is None and attempt.expires_at > ctx.now
        return in_time and attempt.mailbox_at is not None and attempt.call_at is None
    if call.phone_change_id:
        change = session.get_one(PhoneChange, call.phone_change_id, populate_existing=True)
        return change.confirmed_at is None and change.expires_at > ctx.now
    case = session.get(Case, call.case_id, populate_existing=True) if call.case_id else None
    return case is not None and call_checks.is_wanted(case, call)


def _confirm(ctx: Context, call: PhoneCall) -> Spoken:
    """Write the outcome together with what it leads to; where that is refused the digits prove nothing either."""
    effect = EFFECTS[call.kind][0]
    try:
        with ctx.part():
            calls.end(ctx, call, "confirmed")
            if effect is not None:
                effect(ctx.as_system(), call)
    except Refused:
        ctx.session.refresh(call)
        close(ctx, call, "expired")
        return Spoken(call, "expired")
    if _counts_against_account(ctx, call):
        ctx.session.execute(_account_of(call).values(call_failures=0))
    bridge = bridges.begin(ctx, call)
    return Spoken(call, "connecting" if bridge else "right", bridge=bridge)


def _stop(ctx: Context, call: PhoneCall) -> Spoken:
    """ "This was not me", from whoever holds the telephone."""
    calls.end(ctx, call, "stopped")
    holder = ctx.as_actor(Actor(roles=frozenset({Role.CONTACT}), contact_id=call.contact_id))
    try:
        with ctx.part():
            EFFECTS[call.kind][1](holder, call)
    except Refused:
        ctx.session.refresh(call)  # nothing was left to stop; that it was said is on record
    if call.kind == "notice":
        notice_calls.settled(ctx, call)
    return Spoken(call, "noted" if call.kind == "notice" else "stopped")


def _go_on_with_notice(ctx: Context, call: PhoneCall, digits: str) -> Spoken:
    if digits:
        return opening(ctx, call)
    close(ctx, call, "heard")
    return Spoken(call, "goodbye")


def _count_failure(ctx: Context, call: PhoneCall) -> None:
    """Wrong digits in a row, over all calls of the account; at the cap its telephone step is off until a person acts."""
    counted = _account_of(call).values(call_failures=Account.call_failures + 1)
    failures = ctx.session.execute(counted.returning(Account.call_failures)).scalar_one()
    account = ctx.session.get_one(Account, call.account_id, populate_existing=True)
    if failures < ctx.limits.call_failures_cap or account.calls_off_at is not None:
        return
    account.calls_off_at = ctx.now
    ctx.session.flush()
    audit.append(
        ctx.session,
        f"account:{account.id}",
        "account:calls:off",
        actor="system",
        at=ctx.now,
        facts={"call": call.id, "failures": failures},
    )
    tell_account(ctx, account, "calls_off", params={}, links=("stop",), cause=call.id)


def _account_of(call: PhoneCall) -> Any:
    return update(Account).where(Account.id == call.account_id).execution_options(synchronize_session=False)


# how it ends


def close(ctx: Context, call: PhoneCall, outcome: str) -> None:
    calls.end(ctx, call, outcome)
    if call.kind == "notice":
        notice_calls.settled(ctx, call)
