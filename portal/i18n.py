"""Which language is spoken now, and how each language writes times; words themselves are gettext's business.

The language of a page comes from its URL, else from what the signed-in person set, else from the cookie,
else from the browser. It passes a closed list before Babel sees it: Babel turns unknown locales into errors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, has_request_context, request, url_for
from flask_babel import Babel, force_locale, get_locale, refresh
from markupsafe import Markup
from werkzeug.local import LocalProxy
from werkzeug.routing import BaseConverter

from portal import db, written_times
from portal.config import Settings
from portal.domain.languages import DEFAULT_LANGUAGE, LANGUAGES

TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"
COOKIE_LIFE = timedelta(days=365)


class LanguageConverter(BaseConverter):
    """`<language:lang>` in a URL: one of our languages, and nothing else."""

    regex = "|".join(LANGUAGES)


def init_app(app: Flask, settings: Settings) -> None:
    app.url_map.converters["language"] = LanguageConverter
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", str(TRANSLATIONS))
    app.config["LANGUAGE_COOKIE"] = "lang" if settings.demo else "__Host-lang"
    Babel(app, default_locale=DEFAULT_LANGUAGE, default_timezone="Asia/Tokyo", locale_selector=select)
    app.url_value_preprocessor(_take_language)
    app.url_defaults(_give_language)
    app.after_request(_remember_language)
    app.context_processor(_page_words)
    app.jinja_env.filters |= {"when": when, "when_tag": when_tag, "day": day, "clock": clock}
    app.jinja_env.filters["exactly_tag"] = exactly_tag
    app.jinja_env.globals |= {"asset": asset, "duration": duration}


def select() -> str:
    """The language to answer in, for a request or, without one, for whoever forces none."""
    if not has_request_context():
        return cast(str, g.get("language", DEFAULT_LANGUAGE))
    for wanted in (language_of_path(request.path), g.get("language"), _cookie()):
        if wanted in LANGUAGES:
            return cast(str, wanted)
    return request.accept_languages.best_match(LANGUAGES) or DEFAULT_LANGUAGE


def language_of_path(path: str) -> str | None:
    """The language that a URL names, also where no page answers to it."""
    first = path.lstrip("/").partition("/")[0]
    return first if first in LANGUAGES else None


def speak(language: str) -> None:
    """Set the language that a signed-in person chose, for the rest of this request."""
    if language in LANGUAGES:
        g.language = language
        refresh()


def current() -> str:
    """The key of the language spoken now."""
    return str(get_locale() or DEFAULT_LANGUAGE)


def other(language: str | None = None) -> str:
    """The language that the switch offers."""
    spoken = language or current()
    return next(key for key in LANGUAGES if key != spoken)


@contextmanager
def spoken_in(language: str) -> Iterator[None]:
    """Speak one language inside the block, in any application context: a mail, a paper, a row's words."""
    if language not in LANGUAGES:
        raise ValueError(f"no such language: {language}")
    with force_locale(language):
        yield


def other_language_url() -> str | None:
    """This very page in the other language, or None where only the page's own form can carry the choice."""
    if not has_request_context() or request.method not in {"GET", "HEAD"}:
        return None
    if not language_of_path(request.path):
        return None
    language = other()
    if not request.endpoint:
        return f"/{language}/"
    path = url_for(request.endpoint, **{**(request.view_args or {}), "lang": language})
    # not through url_for: a visitor's own ?_scheme= or ?_external= would steer it
    query = urlencode(list(request.args.items(multi=True)))
    return f"{path}?{query}" if query else path


def remember(response: Response, language: str) -> None:
    """Let an explicit choice stick for a year in this browser."""
    response.set_cookie(
        current_app.config["LANGUAGE_COOKIE"],
        language,
        max_age=COOKIE_LIFE,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def when(moment: datetime | None, language: str | None = None, *, zone: bool = True) -> str:
    """A moment with date, hour and zone; nothing where there is none."""
    return written_times.when(moment, language or current(), zone=zone) if moment else ""


def when_tag(moment: datetime | None, *, zone: bool = True) -> Markup:
    """The same inside a <time> element."""
    if not moment:
        return Markup("")
    utc = written_times.local(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{}</time>').format(utc, when(moment, zone=zone))


def exactly_tag(moment: datetime) -> Markup:
    """A moment to the second, on Japan's clock, for a column whose head says so."""
    utc = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{}</time>').format(utc, written_times.exactly(moment))


def day(moment: date | None, language: str | None = None) -> str:
    return written_times.day(moment, language or current()) if moment else ""


def clock(moment: datetime | None, language: str | None = None) -> str:
    return written_times.clock(moment, language or current()) if moment else ""


def duration(span: timedelta, language: str | None = None, *, short: bool = False) -> str:
    return written_times.duration(span, language or current(), short=short)


def asset(name: str) -> str:
    """The address of a static file, with a version that changes when its content does."""
    path = Path(current_app.static_folder or "", name)
    return f"{current_app.static_url_path}/{name}?v={asset_version(path, path.stat().st_mtime_ns)}"


@lru_cache(maxsize=256)
def asset_version(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _cookie() -> str | None:
    return request.cookies.get(current_app.config["LANGUAGE_COOKIE"])


def _take_language(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Keep `lang` out of the views: they speak whatever is spoken now."""
    if values:
        values.pop("lang", None)


def _give_language(endpoint: str, values: dict[str, Any]) -> None:
    if "lang" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "lang"):
        values["lang"] = current()


def _remember_language(response: Response) -> Response:
    named = language_of_path(request.path)
    if named and response.status_code < 400 and _cookie() != named:
        remember(response, named)
    return response


def _page_words() -> dict[str, Any]:
    settings = db.runtime().settings
    words = {
        "lang": current(),
        "other_lang": other(),
        "service_name": settings.service_name,
        "switch_url": other_language_url(),
        "now": LocalProxy(_now),
    }
    # the clock is the database's: an error page must be painted without it, so only who shows the time asks
    return words | ({"help_url": settings.help_url} if settings.help_url else {})


def _now() -> datetime:
    if "now" not in g:
        g.now = db.runtime().clock(db.session())
    return cast(datetime, g.now)
