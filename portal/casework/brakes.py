"""What slows down whoever tries passwords: each failure beyond the free ones begins a longer pause, per login and per address."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from portal import throttle
from portal.casework import browsers
from portal.casework.browsers import Known
from portal.casework.context import Context, Throttled
from portal.models import Throttle


@dataclass(frozen=True)
class Brake:
    """Counts failures under a key; each one beyond the free ones doubles the pause. Forgets after a quiet time."""

    rule: str
    free: str  # name of the limit
    forgets: timedelta


LOGIN = Brake("staff_password", "staff_password_free_tries", timedelta(days=1))
BROWSER = Brake("staff_password_browser", "staff_password_free_tries", timedelta(days=1))
ADDRESS = Brake("staff_password_address", "staff_password_per_ip_hour", timedelta(hours=1))


@dataclass(frozen=True)
class Turn:
    """How a try meets the brakes: the seconds that an earlier pause still lasts, and the pause that its failure begins."""

    wait: int = 0
    pause: timedelta = timedelta(0)


def take_turn(ctx: Context, email: str, known: Known | None = None) -> Turn:
    """Count this try as a failure before it is judged, so that a hundred at once are not judged at once.

    A login's pause does not keep a try from being judged: anybody can begin it, and its owner could never come in. An
    address's does, and raises Throttled; nothing is counted then. A browser that this login lately came in with has its
    own pause and meets no other: a colleague at the same network could begin those.
    """
    with ctx.act():
        if known:
            turn = _count(ctx, BROWSER, known.key)
            if turn.wait:
                raise Throttled(turn.wait)
            browsers.count_try(ctx, known)
            return turn
        login = _count(ctx, LOGIN, email)
        address = _count(ctx, ADDRESS, ctx.origin.address) if ctx.origin.address else Turn()
        if address.wait:
            raise Throttled(address.wait)
    return Turn(login.wait, max(login.pause, address.pause))


def _count(ctx: Context, brake: Brake, key: str) -> Turn:
    """Count one more, unless a pause runs: it ends when it was said to, however many tries come meanwhile."""
    # The upsert locks the key's row until the commit: tries at the same moment queue up here.
    throttle.hit(ctx.session, ctx.vault, brake.rule, key, window=brake.forgets, now=ctx.now)
    row = _pause_of(ctx, brake, key)
    if row and row.window_at > ctx.now:
        return Turn(wait=math.ceil((row.window_at - ctx.now).total_seconds()))
    is_forgotten = row is None or row.window_at <= ctx.now - brake.forgets
    tries = 1 if row is None or is_forgotten else row.count + 1
    pause = _pause_after(ctx, tries, getattr(ctx.limits, brake.free))
    _set_pause(ctx, brake, key, tries, ctx.now + pause)
    return Turn(pause=pause)


def _pause_after(ctx: Context, tries: int, free: int) -> timedelta:
    if tries <= free:
        return timedelta(0)
    doubled = min(tries - free - 1, 20)
    return min(timedelta(seconds=2**doubled), ctx.limits.staff_password_delay_max)


def _pause_rule(brake: Brake) -> str:
    return f"{brake.rule}_pause"


def _pause_of(ctx: Context, brake: Brake, key: str) -> Throttle | None:
    digest = ctx.vault.digest(_pause_rule(brake), key)
    query = select(Throttle).where(Throttle.rule == _pause_rule(brake), Throttle.digest == digest)
    return ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def _set_pause(ctx: Context, brake: Brake, key: str, tries: int, until: datetime) -> None:
    rule = _pause_rule(brake)
    digest = ctx.vault.digest(rule, key)
    ctx.session.execute(delete(Throttle).where(Throttle.rule == rule, Throttle.digest == digest))
    if tries > 0:
        ctx.session.add(Throttle(rule=rule, digest=digest, window_at=until, count=tries))
        ctx.session.flush()


def give_back(ctx: Context, email: str, known: Known | None = None) -> None:
    """A login's failures are forgiven; an address only gets this one try back, or one's own login would reset it."""
    if known:
        _set_pause(ctx, BROWSER, known.key, 0, ctx.now)
        browsers.forgive(ctx, known)
        return
    _set_pause(ctx, LOGIN, email, 0, ctx.now)
    row = _pause_of(ctx, ADDRESS, ctx.origin.address) if ctx.origin.address else None
    if row:
        _set_pause(ctx, ADDRESS, ctx.origin.address, row.count - 1, ctx.now)
