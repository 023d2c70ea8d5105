"""Where a request comes from, in words that its sender recognises: for limits and for the record, never an authority."""

from __future__ import annotations

from flask import Request

from portal.casework.context import Origin
from portal.security import client_ip, limit_key

# Which sign in a browser's name for itself means which browser and system; the first that fits is taken.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def origin_of(request: Request) -> Origin:
    """The network address as it is counted, and the browser in words."""
    return Origin(address=limit_key(client_ip(request)), browser=browser_of(request.user_agent.string or ""))


def browser_of(name: str) -> str:
    """A browser in words that its holder recognises, such as "Firefox / Android". Never the whole string."""
    known = (next((word for sign, word in table if sign in name), "") for table in (BROWSERS, SYSTEMS))
    return " / ".join(word for word in known if word)
