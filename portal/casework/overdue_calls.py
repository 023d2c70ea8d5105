"""Ends the calls that nobody reports the end of: digits are worth nothing after their time, a telephone rings no longer, and
no conversation lasts longer than it may."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from portal.casework import answering, bridges, calls
from portal.casework.context import Context
from portal.models import PhoneCall

log = logging.getLogger("kaijo.calls")


def end_all(ctx: Context) -> int:
    """End the calls that nobody has reported the end of. Returns how many."""
    rings = ctx.telephone.rings if ctx.telephone else None
    query = select(PhoneCall.id).where(PhoneCall.state.in_(calls.LIVE))
    if rings is None:
        query = query.where(or_(PhoneCall.expires_at <= ctx.now, calls.for_nobody()))
    found = list(ctx.session.execute(query.order_by(PhoneCall.expires_at).limit(200)).scalars())
    ended = sum(_ended_by_itself(ctx, call_id, _end_overdue) for call_id in found)
    return ended + sum(_ended_by_itself(ctx, call_id, _part_overdue) for call_id in bridges.unreported(ctx))


def _ended_by_itself(ctx: Context, call_id: str, ends: Callable[[Context, str], bool]) -> bool:
    """One call that cannot be ended must not keep the others, and all that is due by the clock, from going on."""
    try:
        return ends(ctx, call_id)
    except SQLAlchemyError as problem:
        ctx.session.rollback()
        log.error("call %s cannot be ended: %s", call_id, type(problem).__name__)
        return False


def _end_overdue(ctx: Context, call_id: str) -> bool:
    with ctx.act():
        known = ctx.session.get_one(PhoneCall, call_id)
        answering.hold_thing(ctx, known)
        call = calls.lock(ctx, call_id)
        if call is None or call.outcome is not None or calls.ends_by_itself(ctx, call) > ctx.now:
            return False
        answering.close(ctx, call, _outcome_overdue(ctx, call))
    return True


def _part_overdue(ctx: Context, call_id: str) -> bool:
    with ctx.act():
        answering.hold_thing(ctx, ctx.session.get_one(PhoneCall, call_id))
        call = calls.lock(ctx, call_id)
        if call is None or call.parted_at is not None or calls.is_talking(ctx, call):
            return False
        bridges.part(ctx, call)
    return True


def _outcome_overdue(ctx: Context, call: PhoneCall) -> str:
    rang_out = call.state == "calling" and call.expires_at > ctx.now
    if call.kind != "notice":
        return "no_answer" if rang_out else "expired"
    if call.state == "answered":
        return "expired"  # nobody has said how it went on: it is not taken for heard
    # The demo's telephone has an answering machine, which takes what is not answered.
    demo = ctx.telephone is not None and ctx.telephone.rings is not None
    return "left" if demo and call.state == "calling" else "no_answer"
