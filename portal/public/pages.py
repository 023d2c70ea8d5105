"""The pages that only tell: start, help, privacy, accessibility."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Response
from flask_babel import ngettext

from portal import db, i18n
from portal.casework import self_service
from portal.domain.languages import LANGUAGES
from portal.public import desk_hours
from portal.public.visit import context, owners, paint

# When the accessibility statement was last compared with the pages.
STATED = date(2026, 11, 23)
YEAR = 365.2425  # days


@owners.get("/")
def start() -> Response:
    ctx = context()
    return paint(
        "start",
        hours={key: desk_hours.hours(key) for key in LANGUAGES},
        replies={key: desk_hours.first_reply_words(ctx, key) for key in LANGUAGES},
        languages=LANGUAGES,
        waits=desk_hours.waits(ctx.limits),
        base_url=db.runtime().settings.base_url,
        self_service=self_service.offered(ctx),
    )


@owners.get("/help")
def help_page() -> Response:
    settings = db.runtime().settings
    return paint(
        "help",
        hours={key: desk_hours.hours(key) for key in LANGUAGES},
        languages=LANGUAGES,
        emergency=settings.emergency,
    )


@owners.get("/privacy")
def privacy() -> Response:
    limits = context().limits
    kept = {
        name: in_years(getattr(limits, f"retention_{name}"))
        for name in ("evidence", "contact", "case", "network")
    }
    return paint("privacy", kept=kept)


def in_years(span: timedelta) -> str:
    """A time of keeping as people know it: laws and papers count in years, settings in days."""
    years = round(span.days / YEAR)
    if years and abs(span.days - years * YEAR) < 1:
        return str(ngettext("%(num)d year", "%(num)d years", years))
    return i18n.duration(span)


@owners.get("/accessibility")
def accessibility() -> Response:
    return paint("accessibility", stated=STATED)
