"""Browsers that a login lately came in with: what fails elsewhere cannot shut them out.

Whoever knows a colleague's address, sits in the same network, or even has the password, can make tries fail as often as they
like. So a browser that password and code have come in with keeps a mark, good for that login alone. The mark proves nothing,
both are asked for all the same; it only has tries of its own, and as few of them as anybody else.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from portal import throttle, tokens
from portal.casework.context import Context

FORM = re.compile(r"\A(?P<name>[A-Za-z0-9_-]{43})\.(?P<until>[0-9]{1,11})\.(?P<seal>[0-9a-f]{64})\Z")
RULE = "staff_browser"


@dataclass(frozen=True)
class Known:
    """A browser with a mark that counts. `key` is what its tries are counted under."""

    key: str
    until: datetime


def mark(ctx: Context, email: str) -> str:
    """What a browser keeps from a whole sign-in of this login."""
    name, until = tokens.random_token(), int((ctx.now + ctx.limits.staff_browser_life).timestamp())
    return f"{name}.{until}.{_seal(ctx, email, name, until)}"


def known(ctx: Context, email: str, raw: str | None) -> Known | None:
    """The browser behind a mark, or None: of another login, too old, or with as many wrong tries as disable a factor."""
    found = FORM.match(raw or "")
    if found is None:
        return None
    name, until = found["name"], int(found["until"])
    if not hmac.compare_digest(_seal(ctx, email, name, until), found["seal"]) or until <= ctx.now.timestamp():
        return None
    if throttle.tallied(ctx.session, ctx.vault, RULE, name) >= ctx.limits.staff_totp_cap:
        return None
    return Known(name, datetime.fromtimestamp(until, UTC))


def count_try(ctx: Context, browser: Known) -> None:
    """Count a try as a failure, until one that succeeds forgives them all."""
    throttle.tally(ctx.session, ctx.vault, RULE, browser.key, until=browser.until)


def forgive(ctx: Context, browser: Known) -> None:
    throttle.clear(ctx.session, ctx.vault, RULE, browser.key)


def _seal(ctx: Context, email: str, name: str, until: int) -> str:
    return ctx.vault.digest(RULE, f"{email}\x1f{name}\x1f{until}")
