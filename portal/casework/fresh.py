"""A fresh second factor: one code for one act."""

from __future__ import annotations

from portal.casework import sign_in
from portal.casework.context import Context, Refused


def factor(ctx: Context, code: str) -> frozenset[str]:
    """Spend a code for the act that follows. It is spent even when that act is then refused. Raises Refused("wrong_code")."""
    if ctx.actor.staff_id is None or not sign_in.fresh_factor(ctx, ctx.actor.staff_id, code):
        raise Refused("wrong_code", field="code")
    return frozenset({"fresh_factor"})
