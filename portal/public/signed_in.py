"""The cookie of a signed-in owner: who is at the browser, what a page needs of them, and where each stage goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec

from flask import Response, current_app, g, url_for

from portal.casework import owner_sessions
from portal.casework.context import Refused
from portal.casework.owner_sessions import Opened, Visitor
from portal.public.visit import context, cookie, drop_cookie, keep_cookie, see

OWNER_COOKIE = "owner"
# Where a browser goes that is signed in, but not as far as a page needs, or already further.
HOME: Mapping[str, str] = {
    "password": "mfa",
    "limited": "credentials",
    "enrol": "credentials",
    "full": "credentials",
}

P = ParamSpec("P")


def visitor() -> Visitor | None:
    """Who is signed in at the browser that this request comes from. Looked up once a request."""
    if "owner_visitor" not in g:
        g.owner_visitor = owner_sessions.find(context(), cookie(OWNER_COOKIE))
    found: Visitor | None = g.owner_visitor
    return found


def present() -> Visitor:
    """The same on a page that `needs` somebody."""
    found = visitor()
    if found is None:
        raise RuntimeError("a page for signed-in owners must say that it needs one")
    return found


def needs(*stages: str) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Show a page only to a browser in one of these stages; without any, to whoever is signed in."""

    def decorate(view: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
            found = visitor()
            if found is None:
                return signed_out()
            if stages and found.stage not in stages:
                return see(HOME[found.stage])
            try:
                return view(*args, **kwargs)
            except Refused as refusal:
                if refusal.reason != "session_moved":
                    raise
                return signed_out()  # it ended, or went on, in another tab

        return guarded

    return decorate


def signed_out() -> Response:
    """To the way in; a browser whose time is over is told so there."""
    if cookie(OWNER_COOKIE) is None:
        return see("sign_in")
    return drop_cookie(see("sign_in", said="over"), OWNER_COOKIE)


def welcome(response: Response, opened: Opened) -> Response:
    """Hand the browser the secret of its new session, for as long as the browser stays open."""
    return keep_cookie(response, OWNER_COOKIE, opened.raw)


def old_cookie() -> str | None:
    """The session that a new one takes the place of."""
    return cookie(OWNER_COOKIE)


def address(endpoint: str, **values: Any) -> str | None:
    """Where a page is, or None where this installation has no such page."""
    name = f"owners.{endpoint}"
    return url_for(name, **values) if name in current_app.view_functions else None
