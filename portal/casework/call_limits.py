"""How many calls are placed: to one number, for one account, for one network, and in all. Against bombing and toll fraud."""

from __future__ import annotations

from datetime import timedelta

from portal import audit, throttle
from portal.casework.context import Context, Refused
from portal.models import Account

BY_OWNERS = frozenset({"proof", "check", "new_number"})  # counted for the network that asked on a page
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def count(ctx: Context, kind: str, family: str, account: Account, number_digest: str) -> None:
    """Raises Refused when one call too many is asked for. Always in the same order, because each counter is also a lock."""
    limits = ctx.limits
    counted = [
        ("call_number_hour", f"{family}|{number_digest}", HOUR, limits.calls_per_number_hour),
        ("call_number_day", f"{family}|{number_digest}", DAY, limits.calls_per_number_day),
        ("call_account_day", f"{family}|{account.id}", DAY, limits.calls_per_account_day),
    ]
    if kind in BY_OWNERS and ctx.origin.address:
        counted.append(("call_network_hour", ctx.origin.address, HOUR, limits.calls_per_ip_hour))
    for rule, key, window, most in counted:
        if throttle.hit(ctx.session, ctx.vault, rule, key, window=window, now=ctx.now) > most:
            raise Refused("calls_used_up")
    _count_all(ctx)


def _count_all(ctx: Context) -> None:
    """The breaker against toll fraud. It is on record with the last call that still goes out: a refusal leaves nothing."""
    most = ctx.limits.calls_in_all_hour
    count = throttle.hit(ctx.session, ctx.vault, "call_all_hour", "all", window=HOUR, now=ctx.now)
    if count > most:
        raise Refused("calls_used_up")
    if count == most:
        audit.append(
            ctx.session, "system", "system:calls:stopped", actor="system", at=ctx.now, facts={"most": most}
        )
