"""How often an owner's sign-in may be tried, counted before a try is judged, under what was typed and not under what was found.

What belongs to nobody is counted as what belongs to somebody, so that no limit tells whether an account exists.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update

from portal import throttle
from portal.casework.context import Context, Throttled
from portal.models import Throttle

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

HERE, KNOWN = "owner_password", "owner_password_shown"
CODES = "owner_code"
PASSES = "owner_pass"


def count_password(ctx: Context, named: str) -> None:
    """Count a try at a password, in an act of its own. Raises Throttled when there were too many.

    A network is stopped before it can use up what the account has for the day.
    """
    steps = (
        (HERE, _here(ctx, named), QUARTER, ctx.limits.owner_password_tries),
        ("owner_password_network", ctx.origin.address, HOUR, ctx.limits.owner_password_per_ip_hour),
    )
    wait = 0
    with ctx.act():
        for rule, key, window, most in steps:
            if throttle.hit(ctx.session, ctx.vault, rule, key, window=window, now=ctx.now) > most:
                wait = _until_next(ctx, window)
                break
        else:
            wait = _count_for_account(ctx, named)
    if wait:
        raise Throttled(wait)


def _count_for_account(ctx: Context, named: str) -> int:
    """Seconds to wait after the day's tries: for everybody but a network that has lately shown the right password.

    Else whoever knows an address could shut its owner out in the middle of a recovery.
    """
    in_all = throttle.hit(ctx.session, ctx.vault, "owner_password_account", named, window=DAY, now=ctx.now)
    if in_all <= ctx.limits.owner_password_account_day or _is_known_here(ctx, named):
        return 0
    return _until_next(ctx, DAY)


def _is_known_here(ctx: Context, named: str) -> bool:
    query = select(Throttle.count).where(
        Throttle.rule == KNOWN,
        Throttle.digest == ctx.vault.digest(KNOWN, _here(ctx, named)),
        Throttle.window_at > ctx.now - 2 * DAY,
    )
    return ctx.session.execute(query.limit(1)).first() is not None


def give_back(ctx: Context, named: str) -> None:
    """Who has shown the right password is no guesser: forget the tries for this account from this network."""
    digest = ctx.vault.digest(HERE, _here(ctx, named))
    forgiven = update(Throttle).where(Throttle.rule == HERE, Throttle.digest == digest).values(count=0)
    ctx.session.execute(forgiven)
    throttle.hit(ctx.session, ctx.vault, KNOWN, _here(ctx, named), window=DAY, now=ctx.now)


def count_pass(ctx: Context, principal_id: str) -> None:
    """Count a try at a one-use pass, in an act of its own: it stays counted whatever comes of it. Raises Throttled.

    For the network too: 59 bits are not guessed, and whoever tries must not keep the owner from typing the right one.
    """
    key = _here(ctx, principal_id)
    with ctx.act():
        tries = throttle.hit(ctx.session, ctx.vault, PASSES, key, window=HOUR, now=ctx.now)
    if tries > ctx.limits.pass_tries:
        raise Throttled(_until_next(ctx, HOUR))


def count_pass_mail(ctx: Context, principal_id: str) -> None:
    """Count a mail with a pass, in the caller's act. Raises Throttled, and takes the count back.

    By the hour only: what a thief has used up for the day the owner would wait for.
    """
    mails = throttle.hit(ctx.session, ctx.vault, "pass_mail", principal_id, window=HOUR, now=ctx.now)
    if mails > ctx.limits.prove_mails_hour:
        raise Throttled(_until_next(ctx, HOUR))


def count_recovery(ctx: Context, principal_id: str) -> None:
    """Count a try at a saved code, in an act of its own. Raises Throttled. For the network, as with passes: they have 80 bits."""
    key = _here(ctx, principal_id)
    with ctx.act():
        tries = throttle.hit(ctx.session, ctx.vault, "owner_recovery", key, window=QUARTER, now=ctx.now)
    if tries > ctx.limits.owner_code_tries:
        raise Throttled(_until_next(ctx, QUARTER))


def count_wrong_code(ctx: Context, principal_id: str) -> int:
    """Count a wrong code in the caller's act; returns how many there were in this quarter of an hour."""
    return throttle.hit(ctx.session, ctx.vault, CODES, principal_id, window=QUARTER, now=ctx.now)


def wait_for_codes(ctx: Context, principal_id: str) -> int:
    """Seconds for which no code is accepted after too many wrong ones; 0 where one may be tried."""
    query = select(func.sum(Throttle.count), func.max(Throttle.window_at)).where(
        Throttle.rule == CODES,
        Throttle.digest == ctx.vault.digest(CODES, principal_id),
        Throttle.window_at > ctx.now - QUARTER,
    )
    tries, began = ctx.session.execute(query).one()
    if not tries or tries < ctx.limits.owner_code_tries:
        return 0
    return max(1, int((began + QUARTER - ctx.now).total_seconds()))


def _here(ctx: Context, named: str) -> str:
    return f"{named}\x1f{ctx.origin.address}"


def _until_next(ctx: Context, window: timedelta) -> int:
    """Seconds to the end of the running window."""
    length = int(window.total_seconds())
    return length - int(ctx.now.timestamp()) % length
