"""One page for every error, in the reader's language, with a support ID that the log also carries.

Windows answer what they expect themselves, at the field; what arrives here is the last resort. Nothing
technical is shown, and nothing that a visitor typed.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_babel import LazyString, ngettext
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, SecurityError

from portal import i18n, labels, security
from portal.casework.context import NotFound, Refused, Throttled

log = logging.getLogger("kaijo.errors")

SPOKEN = "23456789BCDFGHJKMNPQRSTVWXZ"  # nothing that sounds or looks like another, and no vowels: no words


@dataclass(frozen=True)
class Words:
    """What a page says: its title, one sentence, and what to do."""

    title: LazyString
    message: LazyString
    advice: LazyString


_GO_BACK = _l("Go back, check what you typed, and send it again.")
_NOT_READABLE = Words(
    _l("We could not read this request"),
    _l("Something in the address or the form was damaged on the way."),
    _GO_BACK,
)
_STALE_FORM = Words(
    _l("This form has been open for too long"),
    _l("For your safety we did not act on it. Nothing is lost."),
    _l("Go back and press the button again. If this page returns, reload the form first."),
)
_TOO_MUCH = Words(
    _l("What you sent is too large"),
    _l("A form takes at most 256 KB."),
    _l("Go back, shorten the longest text or choose a smaller file, and send it again."),
)
_FILE_TOO_LARGE = Words(
    _l("The file is too large"),
    _l("Nothing was taken from it. The page says how large a file may be."),
    _l("Go back, choose a smaller file, and send it again."),
)
_ENCODING = Words(
    _l("Some characters could not be read"),
    _l("The address or the form holds characters that cannot be stored."),
    _l("Go back, type the text again instead of pasting it, and send it again."),
)
_SERVICE = Words(
    _l("There is a problem with the service"),
    _l("Your answers are saved."),
    _l("Try again in a few minutes. If it happens again, tell us the support ID."),
)
_SERVICE_AT_DESK = Words(
    _SERVICE.title,
    _l("What was saved before is still there."),
    _l("Look at the case before you repeat the step. If it happens again, report the support ID."),
)

PAGES: Mapping[int, Words] = {
    400: _NOT_READABLE,
    403: Words(
        _l("You do not have access to this page"),
        _l("It may need another role, or you may have been signed out."),
        _l("Go back to the page you came from, or sign in again."),
    ),
    404: Words(
        _l("Page not found"),
        _l("There is nothing at this address."),
        _l("Check the address. A link from an email must be copied whole, to its last character."),
    ),
    405: Words(
        _l("This page cannot be opened like this"),
        _l("It only answers when its form is sent."),
        _l("Go back and use the button on the page."),
    ),
    409: Words(
        _l("This is no longer possible"),
        _l("Something has changed since you opened the page. Nothing was done."),
        _l("Go back and reload the page to see how things stand now."),
    ),
    411: _NOT_READABLE,
    413: _TOO_MUCH,
    414: Words(
        _l("The address is too long"),
        _l("No link of ours is as long as this one."),
        _l("Check the address. A link from an email must be copied whole, to its last character."),
    ),
    415: _NOT_READABLE,
    421: Words(
        _l("This is not the right address"),
        _l("This service does not answer under the name in the address bar."),
        _l("Type the address as it stands in our email."),
    ),
    429: Words(
        _l("Too many attempts"),
        _l("To protect accounts we limit how often this can be done."),
        _l("Wait a little, then try again."),
    ),
    500: _SERVICE,
    503: Words(
        _l("The service is unavailable for now"),
        _l("What was saved before is still there."),
        _l("Try again in a few minutes."),
    ),
}

# Named causes that say more than their number does.
CAUSES: Mapping[type[Exception], tuple[int, Words]] = {
    CSRFError: (400, _STALE_FORM),
    security.ForeignForm: (403, _STALE_FORM),
    security.FileTooLarge: (413, _FILE_TOO_LARGE),
    security.UnreadableText: (400, _ENCODING),
    SecurityError: (421, PAGES[421]),
}


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(Refused, answer_refused)
    app.register_error_handler(OperationalError, answer_unavailable)


def support_id() -> str:
    """This request's number in the log, short enough to be read out on the telephone."""
    if "support_id" not in g:
        text = "".join(secrets.choice(SPOKEN) for _place in range(8))
        g.support_id = f"{text[:4]}-{text[4:]}"
    return str(g.support_id)


def answer(error: HTTPException) -> Response:
    """The page for an HTTP error. Redirects and ready-made responses pass through."""
    if error.response is not None:
        return make_response(error.response)
    code, words = CAUSES.get(type(error), (error.code or 500, None))
    if words is None:
        words = PAGES.get(code) or PAGES[400 if code < 500 else 500]
    if code == 500 and i18n.language_of_path(request.path) is None:
        words = _SERVICE_AT_DESK
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return page(code, words.title, words.message, advice=words.advice, headers=headers)


def answer_refused(error: Refused) -> Response:
    """The page for a refusal that no window caught: the words of its reason, and nothing was done."""
    if isinstance(error, NotFound):
        words = PAGES[404]
        return page(404, words.title, words.message, advice=words.advice)
    if isinstance(error, Throttled):
        return _too_often(int(error.details["retry_after"]))
    words = PAGES[409]
    message = labels.word("refusal", error.reason)
    return page(409, words.title, message, advice=words.advice)


def answer_unavailable(error: OperationalError) -> Response:
    """The database did not answer in time or is not there; nothing of the act was written."""
    report(error)
    words = PAGES[503]
    return page(503, words.title, words.message, advice=words.advice, headers={"Retry-After": "60"})


def _too_often(seconds: int) -> Response:
    words = PAGES[429]
    minutes = max(1, -(-seconds // 60))
    advice = ngettext("Try again in %(num)d minute.", "Try again in %(num)d minutes.", minutes)
    return page(429, words.title, words.message, advice=advice, headers={"Retry-After": str(seconds)})


def page(
    code: int,
    title: str | LazyString,
    message: str | LazyString,
    *,
    advice: str | LazyString,
    headers: Mapping[str, str] | None = None,
) -> Response:
    said = {"page_title": str(title), "message": str(message), "advice": str(advice)}
    try:
        html = render_template("error.html", code=code, support_id=support_id(), **_frame(), **said)
    except Exception:
        # the page that says so must not depend on what is broken
        log.exception("the error page could not be painted, support id %s", support_id())
        html = _plain(said)
    return Response(html, code, dict(headers or {}), mimetype="text/html")


def _frame() -> dict[str, str]:
    """Staff stay among their own pages; everybody else is an owner."""
    if request.path.startswith("/admin/") and "admin" in current_app.extensions:
        return {"frame": "staff/base.html", "start_url": "/admin/"}
    return {"frame": "owner.html", "start_url": f"/{i18n.current()}/"}


def _plain(said: Mapping[str, str]) -> str:
    title, message, advice = (escape(said[key]) for key in ("page_title", "message", "advice"))
    return (
        f'<!DOCTYPE html>\n<html lang="{i18n.current()}">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<main><h1>{title}</h1>\n<p>{message}</p>\n<p>{advice}</p>\n<p>{support_id()}</p></main>\n</html>\n"
    )


def report(error: Any) -> None:
    """Log an unexpected error by route, never by path: paths carry the tokens of links."""
    route = request.url_rule.rule if request.url_rule else "no route"
    log.error("support id %s: %s %s", support_id(), request.method, route, exc_info=error)
