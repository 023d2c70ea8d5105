"""What every request must look like and what every answer carries, whatever the page.

A request that cannot be read without guessing (bytes that are no text, a field given twice, another site's
form) is answered with an error page before any view sees it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from flask import Flask, Request, Response, current_app, request
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    LengthRequired,
    MethodNotAllowed,
    RequestEntityTooLarge,
    RequestURITooLarge,
    UnsupportedMediaType,
)

from portal import i18n
from portal.config import Settings
from portal.domain.languages import LANGUAGES

log = logging.getLogger("kaijo.security")

View = TypeVar("View", bound=Callable[..., Any])

MAX_BODY = 256 * 1024
MAX_FIELDS = 60
MAX_ADDRESS = 2000  # characters of path and query; the longest of ours have about 200
METHODS = ("GET", "HEAD", "OPTIONS", "POST")
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
FORWARDING = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Prefix",
    "X-Real-IP",
)
UNKNOWN_PEER = "0.0.0.0"  # noqa: S104 - a socket without an address, not one to listen on
CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "font", "connect")),
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
HSTS = "max-age=63072000; includeSubDomains"
START_PAGES = frozenset({"/", *(f"/{language}/" for language in LANGUAGES)})


class InMemory(Request):
    """Files that are sent stay in memory, which their page bounds: what is only looked at never touches a disk."""

    def _get_file_stream(self, *_given: Any, **_named: Any) -> BytesIO:
        return BytesIO()


class UnreadableText(BadRequest):
    """Bytes that are no UTF-8, or characters that no form of ours can send."""


class FileTooLarge(RequestEntityTooLarge):
    """A form with a file, larger than its page takes."""


class RepeatedField(BadRequest):
    """A field that exists once was sent twice: two readers could believe two different values."""


class ForeignForm(Forbidden):
    """A form of another site pressed our button."""


def init_app(app: Flask, settings: Settings) -> None:
    app.config["STRICT_TRANSPORT"] = not settings.demo
    app.config["REFUSE_FORWARDED"] = settings.demo
    app.config["OWN_ORIGINS"] = _own_origins(settings)
    for check in CHECKS:
        app.before_request(check)
    app.after_request(add_headers)


def may_repeat(*names: str) -> Callable[[View], View]:
    """Mark a view whose form sends these fields more than once, as groups of checkboxes do."""

    def mark(view: View) -> View:
        view.repeatable = frozenset(names)  # type: ignore[attr-defined]
        return view

    return mark


def may_upload(most: int) -> Callable[[View], View]:
    """Mark a view whose form may be larger than the others, because it sends a file."""

    def mark(view: View) -> View:
        view.max_body = most  # type: ignore[attr-defined]
        return view

    return mark


def refuse_forwarded() -> None:
    # a demo has no proxy in front: whoever sends these pretends to be somebody else
    if current_app.config["REFUSE_FORWARDED"] and any(name in request.headers for name in FORWARDING):
        raise BadRequest


def refuse_method() -> None:
    if request.method not in METHODS:
        raise MethodNotAllowed(valid_methods=list(METHODS))


def refuse_unreadable_address() -> None:
    """Check the raw path and query: Werkzeug replaces what it cannot decode, and readers then disagree."""
    path = request.environ.get("PATH_INFO", "").encode("latin-1")
    if len(path) + len(request.query_string) > MAX_ADDRESS:
        raise RequestURITooLarge
    if request.query_string.count(b"&") >= MAX_FIELDS:
        raise RequestURITooLarge
    if CONTROLS & set(_text(path) + _text(_unquoted(request.query_string))):
        raise UnreadableText


def refuse_foreign() -> None:
    """The second lock beside the CSRF token: the browser itself says which site a form stands on."""
    if request.method != "POST":
        return
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        raise ForeignForm
    # our own forms send "null", because pages with `Referrer-Policy: no-referrer` hide where they are
    if request.headers.get("Origin", "null") not in current_app.config["OWN_ORIGINS"] | {"null"}:
        raise ForeignForm


def refuse_unreadable_form() -> None:
    if request.method != "POST":
        return
    view = current_app.view_functions.get(request.endpoint or "")
    most: int | None = getattr(view, "max_body", None)
    if most and (request.content_length or 0) > most:
        raise FileTooLarge
    request.max_content_length = most or MAX_BODY
    if request.mimetype not in FORM_TYPES and (request.mimetype or request.content_length):
        raise UnsupportedMediaType
    if "Transfer-Encoding" in request.headers:
        # no browser sends a form in chunks; Werkzeug would cut it at the bound, and damaged ones break in reading
        raise LengthRequired
    values = _read_form()
    if any("\0" in text or "\ufffd" in text for text in values):
        raise UnreadableText
    _refuse_repeated(getattr(view, "repeatable", frozenset()))


def _read_form() -> list[str]:
    """Parse the form and return every name and value in it."""
    if request.mimetype == FORM_TYPES[0]:
        # raw, because Werkzeug answers bytes that are no UTF-8 with an empty form: "all fields are missing"
        body = request.get_data(parse_form_data=False)
        if body.count(b"&") >= MAX_FIELDS:
            raise RequestEntityTooLarge
        _text(body)
        _text(_unquoted(body))
    values = [text for pair in request.form.items(multi=True) for text in pair]
    return values + [upload.filename or "" for upload in request.files.values()]


def _refuse_repeated(allowed: frozenset[str]) -> None:
    for fields in (request.args, request.form, request.files):
        counted = Counter(name for name, _value in fields.items(multi=True))
        if any(count > 1 and name not in allowed for name, count in counted.items()):
            raise RepeatedField


def _unquoted(raw: bytes) -> bytes:
    return unquote_to_bytes(raw.replace(b"+", b" "))


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise UnreadableText from None


CHECKS = (
    refuse_forwarded,
    refuse_method,
    refuse_unreadable_address,
    refuse_foreign,
    refuse_unreadable_form,
)


def add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    if current_app.config["STRICT_TRANSPORT"]:
        response.headers["Strict-Transport-Security"] = HSTS
    if request.endpoint == "static" and response.status_code in {200, 206, 304}:
        response.headers["Cache-Control"] = _static_caching()
        return response
    response.headers["Cache-Control"] = "no-store"
    if request.path not in START_PAGES:
        response.headers["X-Robots-Tag"] = "noindex"
    if request.path == "/":
        response.vary.update(("Accept-Language", "Cookie"))
    return response


def _static_caching() -> str:
    """A year where the address names this very content, else ask again each time."""
    name = (request.view_args or {}).get("filename", "")
    named = request.args.get("v", "")
    if named and i18n.asset(name).endswith(f"?v={named}"):
        return "public, max-age=31536000, immutable"
    return "no-cache"


def client_ip(request: Request) -> str:
    """The visitor's address. ProxyFix passes on whatever a header says: junk gives the peer's address."""
    seen = request.remote_addr or ""
    address = _parsed(seen)
    if address is None:
        peer = request.environ.get("werkzeug.proxy_fix.orig", {}).get("REMOTE_ADDR") or ""
        log.warning("a forwarding header names no address; the peer's is used")
        address = _parsed(peer)
    return str(address) if address else UNKNOWN_PEER


def limit_key(ip: str) -> str:
    """What is counted for an address: one household has one IPv4 address or a whole /64 of IPv6."""
    address = ip_address(ip)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _own_origins(settings: Settings) -> frozenset[str]:
    own = {settings.base_url}
    if settings.demo:
        port = settings.base_url.rpartition(":")[2]
        own |= {f"http://{name}:{port}" for name in settings.host_names}
    return frozenset(own)
