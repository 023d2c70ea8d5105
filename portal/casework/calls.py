"""Calls that the portal places: who may be called how often, the digits that belong to a call, and its way to the telephone.

Nothing is stored of the digits but a keyed digest. They are computed again from the call and from what only the right
screen knows: the secret of a browser's cookie, or the case. What is said and keyed in a call is in answering.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from portal import audit, outbox, tokens
from portal.casework import call_limits
from portal.casework.context import Context, Refused, Throttled
from portal.contact import may_be_called
from portal.models import Account, Contact, PhoneCall, new_id
from portal.telephone import Placing, Telephone, TelephoneError

CODED = frozenset({"proof", "check", "callback", "new_number"})  # kinds that ask for digits
# Counted apart, each for itself: what a thief, a stranger or an IAM user asks for must use up neither the calls in which
# the holder of the number is warned, nor those by which its owner proves something.
FAMILIES = {"new_number": "number", "notice": "notice"}
LIVE = ("queued", "calling", "answered")
DIGITS = 6
AGENT_ANSWERS = timedelta(seconds=60)  # so long after the digits the agent's own phone may ring
PATH = tokens.FORM
RINGS_IN_VAIN = timedelta(seconds=35)  # until a provider would say that nobody answers
DAY = timedelta(days=1)
# What a call belongs to. A new call of the same kind for the same thing ends the earlier one.
THINGS = ("self_service_id", "case_id", "phone_change_id", "outbox_id")


def request(
    ctx: Context,
    kind: str,
    *,
    account: Account,
    contact: Contact | None,
    number: str,
    language: str,
    code_for: str | None,
    after: timedelta = timedelta(0),
    unproven: bool = False,
    **bound: Any,
) -> PhoneCall:
    """Make a call and queue it, in the caller's act; `after` lets whoever waits read the digits first.

    `code_for` is what the digits are computed from besides the call; `bound` says what the call belongs to; what an
    `unproven` requester asks for is counted apart. Raises Refused (no_telephone, path_off, phone_not_callable,
    calls_used_up, call_running) or Throttled.

    Its counters count calls that were placed: a refusal takes back all of them, also where the caller goes on after it, so
    that nobody uses up a limit by being refused.
    """
    with ctx.part():
        family = "stranger" if unproven else FAMILIES.get(kind, "code")
        return _request(ctx, kind, account, contact, number, language, code_for, after, family, bound)


def _request(
    ctx: Context,
    kind: str,
    account: Account,
    contact: Contact | None,
    number: str,
    language: str,
    code_for: str | None,
    after: timedelta,
    family: str,
    bound: dict[str, Any],
) -> PhoneCall:
    if ctx.telephone is None:
        raise Refused("no_telephone")
    if kind == "proof" and account.calls_off_at is not None:
        raise Refused("path_off")
    if not is_callable(ctx, number):
        raise Refused("phone_not_callable")
    number_digest = digest_of(ctx, number)
    if kind == "new_number" and _was_stopped_lately(ctx, number_digest):
        raise Refused("phone_not_callable", field="number")
    # First, because it is also the lock under which two requests for one number wait for each other.
    call_limits.count(ctx, kind, family, account, number_digest)
    _end_earlier(ctx, kind, bound)
    _refuse_too_soon(ctx, number_digest)
    call = _new(ctx, kind, account, contact, number_digest, language, code_for, bound)
    _queue(ctx, call, account, number, after)
    facts = {"call": call.id, "kind": kind, "contact": call.contact_id, "case": call.case_id}
    more = {"attempt": call.self_service_id, "change": call.phone_change_id}
    record(ctx, call, "account:call:asked", {**facts, **more})
    return call


def is_callable(ctx: Context, number: str) -> bool:
    """Whether its country is allowed and it is no line that costs more than others."""
    return may_be_called(number, ctx.call_countries)


def code_of(ctx: Context, call: PhoneCall, material: str) -> str:
    """The six digits of a call, for the one screen that may show them."""
    found = int(ctx.vault.digest("call", f"{call.id}\x1f{material}"), 16) % 10**DIGITS
    return f"{found:0{DIGITS}}"


def code_digest(ctx: Context, call_id: str, digits: str) -> str:
    """What is stored of the digits, and compared."""
    return ctx.vault.digest("call_code", f"{call_id}\x1f{digits}")


def digest_of(ctx: Context, number: str, version: str | None = None) -> str:
    """What a call keeps of the number that it goes to."""
    return ctx.vault.digest("call_number", number, version)


def path_of(ctx: Context, call_id: str, version: str | None = None) -> str:
    """The unguessable part of the addresses that the provider asks for this call; kept nowhere but as a hash."""
    found = bytes.fromhex(ctx.vault.digest("call_path", call_id, version))
    return tokens.encoded(found)


def path_hash(path: str) -> str:
    """What is stored of it, and found by."""
    return tokens.digest(path)


def last_call(ctx: Context, **bound: Any) -> PhoneCall | None:
    """The newest call for something, however it ended."""
    query = select(PhoneCall).filter_by(**bound).order_by(PhoneCall.created_at.desc(), PhoneCall.id).limit(1)
    return ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def end(ctx: Context, call: PhoneCall, outcome: str) -> None:
    """Close a call. One that has ended stays as it ended."""
    if call.outcome is not None:
        return
    call.state, call.outcome, call.ended_at = "ended", outcome, ctx.now
    ctx.session.flush()
    record(
        ctx.as_system(), call, "account:call:ended", {"call": call.id, "kind": call.kind, "outcome": outcome}
    )


def place(ctx: Context, call_id: str, telephone: Telephone, number: str) -> None:
    """The worker's part: have the telephone ring, at most once whatever happens on the way.

    That it is about to ring is committed before the provider is asked. A worker that finds this and no call of the
    provider's does not know whether somebody's telephone is ringing, and must not let it ring again.
    """
    if not _take(ctx, call_id) or _is_for_nobody(ctx, call_id):
        return  # an invented person's telephone rings nowhere, and nobody answers: see ends_by_itself
    wants = Placing(number, path_of(ctx, call_id), call_id, speaks_to_machines=not _is_coded(ctx, call_id))
    ctx.session.rollback()  # no transaction stays open while the provider takes its time
    try:
        found = telephone.place(wants)
    except TelephoneError:
        found = None
    with ctx.act():
        call = lock(ctx, call_id)
        if call is None or call.provider_id is not None:
            return  # the provider's own questions came faster than its answer to us
        if found is None:
            end(ctx, call, "failed")
        else:
            call.provider_id = found
            ctx.session.flush()


def lock(ctx: Context, call_id: str) -> PhoneCall | None:
    """Read a call for writing."""
    query = select(PhoneCall).where(PhoneCall.id == call_id).with_for_update(key_share=True)
    return ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def _take(ctx: Context, call_id: str) -> bool:
    with ctx.act():
        call = lock(ctx, call_id)
        if call is None or call.outcome is not None:
            return False
        if call.placed_at is not None:
            if call.provider_id is None:
                end(ctx, call, "failed")
            return False
        if call.expires_at <= ctx.now:
            end(ctx, call, "expired")
            return False
        call.state, call.placed_at = "calling", ctx.now
    return True


def for_nobody() -> ColumnElement[bool]:
    """The calls to numbers of training accounts, which no telephone is ever told of."""
    return PhoneCall.account_id.in_(select(Account.id).where(Account.training))


def _is_for_nobody(ctx: Context, call_id: str) -> bool:
    query = select(exists().where(PhoneCall.id == call_id, for_nobody()))
    return bool(ctx.session.execute(query).scalar_one())


def _is_coded(ctx: Context, call_id: str) -> bool:
    return ctx.session.get_one(PhoneCall, call_id).kind in CODED


def _was_stopped_lately(ctx: Context, number_digest: str) -> bool:
    """Whether the holder of a number that somebody wanted to register has pressed 9: then it rings no more for a while."""
    query = select(PhoneCall.id).where(
        PhoneCall.number_digest == number_digest,
        PhoneCall.kind == "new_number",
        PhoneCall.outcome == "stopped",
        PhoneCall.created_at > ctx.now - DAY,
    )
    return ctx.session.execute(query.limit(1)).first() is not None


def _end_earlier(ctx: Context, kind: str, bound: dict[str, Any]) -> None:
    """Of the same thing one call is live. Somebody who is on the line keeps it: their digits are those of that call."""
    thing = {name: bound[name] for name in THINGS if bound.get(name) is not None}
    if not thing:
        return
    query = (
        select(PhoneCall)
        .filter_by(kind=kind, **thing)
        .where(PhoneCall.state.in_(LIVE))
        .with_for_update(key_share=True)
    )
    for call in ctx.session.execute(query.execution_options(populate_existing=True)).scalars().all():
        if call.state == "answered" and call.expires_at > ctx.now:
            raise Refused("call_running")
        end(ctx, call, "expired")


def _refuse_too_soon(ctx: Context, number_digest: str) -> None:
    """Between two calls to one number, whatever they are about, there is a pause; and never two at once."""
    query = select(PhoneCall).where(PhoneCall.number_digest == number_digest)
    newest = query.order_by(PhoneCall.created_at.desc()).limit(1)
    call = ctx.session.execute(newest.execution_options(populate_existing=True)).scalar_one_or_none()
    if call is None:
        return
    left = call.created_at + ctx.limits.call_wait - ctx.now
    if left > timedelta(0):
        raise Throttled(-(-left // timedelta(seconds=1)))
    if (call.state in LIVE and call.expires_at > ctx.now) or is_talking(ctx, call):
        raise Refused("call_running")


def _new(
    ctx: Context,
    kind: str,
    account: Account,
    contact: Contact | None,
    number_digest: str,
    language: str,
    code_for: str | None,
    bound: dict[str, Any],
) -> PhoneCall:
    call = PhoneCall(
        id=new_id(),
        kind=kind,
        account_id=account.id,
        contact_id=contact.id if contact else None,
        language=language,
        number_digest=number_digest,
        state="queued",
        tries=0,
        created_at=ctx.now,
        expires_at=ctx.now + ctx.limits.call_code_life,
        **bound,
    )
    call.path_hash = path_hash(path_of(ctx, call.id))
    if kind in CODED:
        if code_for is None:
            raise ValueError("digits belong to a screen")
        call.code_digest = code_digest(ctx, call.id, code_of(ctx, call, code_for))
    ctx.session.add(call)
    ctx.session.flush()
    return call


def _queue(ctx: Context, call: PhoneCall, account: Account, number: str, after: timedelta) -> None:
    outbox.put(
        ctx.session,
        ctx.vault,
        "call",
        unique_key=f"{call.id}:call",
        now=ctx.now,
        not_before=ctx.now + after,
        subject_id=account.subject_id,
        params={"number": number},
        language=call.language,
        case_id=call.case_id,
        expires_at=call.expires_at,
    )


def record(ctx: Context, call: PhoneCall, tag: str, facts: dict[str, Any]) -> None:
    """Append to the stream of the call's account."""
    audit.append(
        ctx.session, f"account:{call.account_id}", tag, actor=ctx.actor_name, at=ctx.now, facts=facts
    )


def ends_by_itself(ctx: Context, call: PhoneCall) -> datetime:
    """When a call that nobody reports about is over: it has rung long enough, or its digits are worth nothing any more."""
    rings = ctx.telephone.rings if ctx.telephone else None
    if _is_for_nobody(ctx, call.id):
        rings = RINGS_IN_VAIN
    if rings is not None and call.state == "calling" and call.placed_at is not None:
        return min(call.expires_at, call.placed_at + rings)
    return call.expires_at


def talks_until(ctx: Context, call: PhoneCall) -> datetime | None:
    """Until when the called person may be on the line with the agent, or wait for them. None: they never are."""
    if call.outcome != "confirmed" or call.staff_id is None or call.ended_at is None:
        return None
    if call.connected_at is not None:
        return call.connected_at + ctx.limits.call_talk
    return call.ended_at + AGENT_ANSWERS


def is_talking(ctx: Context, call: PhoneCall) -> bool:
    """Whether the called person waits for the agent after the right digits, or talks to them."""
    until = talks_until(ctx, call)
    return until is not None and call.parted_at is None and ctx.now < until
