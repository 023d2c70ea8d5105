"""Ends the calls that nobody reports the end of: digits are worth nothing after their time, and a telephone rings no longer."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal.casework import answering, calls
from portal.casework.context import Context
from portal.models import PhoneCall

log = logging.getLogger("kaijo.calls")


def end_all(ctx: Context) -> int:
    """End the calls that nobody has reported the end of. Returns how many."""
    rings = ctx.telephone.rings if ctx.telephone else None
    query = select(PhoneCall.id).where(PhoneCall.state.in_(calls.LIVE))
    if rings is None:
        query = query.where(PhoneCall.expires_at <= ctx.now)
    found = list(ctx.session.execute(query.order_by(PhoneCall.expires_at).limit(200)).scalars())
    return sum(_ended_by_itself(ctx, call_id) for call_id in found)


def _ended_by_itself(ctx: Context, call_id: str) -> bool:
    """One call that cannot be ended must not keep the others, and all that is due by the clock, from going on."""
    try:
        return _end_overdue(ctx, call_id)
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


def _outcome_overdue(ctx: Context, call: PhoneCall) -> str:
    rang_out = call.state == "calling" and call.expires_at > ctx.now
    if call.kind != "notice":
        return "no_answer" if rang_out else "expired"
    if call.state == "answered":
        return "expired"  # nobody has said how it went on: it is not taken for heard
    # The demo's telephone has an answering machine, which takes what is not answered.
    demo = ctx.telephone is not None and ctx.telephone.rings is not None
    return "left" if demo and call.state == "calling" else "no_answer"
