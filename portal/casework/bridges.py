"""After the right digits a call-back is connected to the agent who had it placed: to whom, how long, and by which two words.

The agent's number is their own desk phone, the called person's is shown to nobody. A call is connected once, by the answer to
the right digits; what comes again, or late, finds it over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from portal import word_pairs
from portal.casework import calls, desk_phone
from portal.casework.context import Context
from portal.domain.lifecycle import HELD, Status
from portal.models import Case, PhoneCall, Staff


@dataclass(frozen=True)
class Bridge:
    """Whom the called person is connected to, and after how long it ends by itself."""

    number: str
    limit: timedelta


def number_for(ctx: Context, call: PhoneCall) -> str:
    """The desk phone that this call is connected to; nothing where its agent has none, or has not the case any more."""
    staff = _agent(ctx, call)
    if staff is None:
        return ""
    number = desk_phone.number_of(ctx, staff)
    # A desk phone that is the registered number itself would have an agent confirm their own account.
    is_usable = calls.is_callable(ctx, number) and calls.digest_of(ctx, number) != call.number_digest
    return number if number and is_usable else ""


def _agent(ctx: Context, call: PhoneCall) -> Staff | None:
    """Whoever had the call placed, if they may still sign in and the case is still in their hands."""
    staff = ctx.session.get(Staff, call.staff_id) if call.staff_id else None
    case = ctx.session.get(Case, call.case_id) if call.case_id else None
    if staff is None or case is None or staff.disabled_at is not None:
        return None
    if call.repeats:
        return staff if case.status == Status.PENDING_APPROVAL else None
    return staff if case.status in HELD and case.holder_id == staff.person_id else None


def words(ctx: Context, call: PhoneCall) -> tuple[str, str]:
    """What the agent says first, for the case's status page and for that agent alone, while the call lives."""
    return word_pairs.pair(ctx.vault, call.id, call.language)


def begin(ctx: Context, call: PhoneCall) -> Bridge | None:
    """The digits were right: whom to connect the call to. None: to nobody, and from now on it cannot be."""
    number = number_for(ctx, call)
    if number:
        return Bridge(number, ctx.limits.call_talk)
    if call.staff_id is not None:
        call.parted_at = ctx.now
        ctx.session.flush()
    return None


def connect(ctx: Context, call: PhoneCall) -> None:
    """The agent has taken the call. Told twice, it began when it was told first."""
    if call.connected_at is not None:
        return
    call.connected_at = ctx.now
    ctx.session.flush()
    calls.record(ctx.as_system(), call, "account:call:connected", {"call": call.id, "case": call.case_id})


def part(ctx: Context, call: PhoneCall) -> None:
    """The conversation is over, or did not come about. One that nobody reported the end of has ended with its time."""
    if call.parted_at is not None:
        return
    latest = calls.talks_until(ctx, call)
    call.parted_at = min(ctx.now, latest) if latest else ctx.now
    ctx.session.flush()
    facts = {"call": call.id, "case": call.case_id, "seconds": seconds(call)}
    calls.record(ctx.as_system(), call, "account:call:parted", facts)


def seconds(call: PhoneCall) -> int:
    """How long the two have talked."""
    if call.connected_at is None or call.parted_at is None:
        return 0
    return int((call.parted_at - call.connected_at).total_seconds())


def length(seconds: int) -> str:
    """A length of time as evidence writes it down."""
    return f"{seconds // 60}:{seconds % 60:02}"


def unreported(ctx: Context) -> list[str]:
    """Calls that should have parted by now, of which nobody has said so."""
    query = select(PhoneCall).where(
        PhoneCall.state == "ended",
        PhoneCall.expires_at > ctx.now - timedelta(days=1),
        PhoneCall.outcome == "confirmed",
        PhoneCall.staff_id.is_not(None),
        PhoneCall.parted_at.is_(None),
    )
    found = ctx.session.execute(query).scalars()
    return [call.id for call in found if not calls.is_talking(ctx, call)]
