"""The pages that only tell: start, help, privacy, accessibility."""

from __future__ import annotations

from datetime import date

from flask import Response

from portal import db, i18n
from portal.domain.languages import LANGUAGES
from portal.public import desk_hours
from portal.public.visit import context, owners, paint

# When the accessibility statement was last compared with the pages.
STATED = date(2026, 11, 23)


@owners.get("/")
def start() -> Response:
    ctx = context()
    return paint(
        "start",
        hours={key: desk_hours.hours(key) for key in LANGUAGES},
        replies={key: desk_hours.first_reply_words(ctx, key) for key in LANGUAGES},
        languages=LANGUAGES,
        waits=desk_hours.waits(ctx.limits),
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
        name: i18n.duration(getattr(limits, f"retention_{name}"))
        for name in ("evidence", "contact", "case", "network")
    }
    return paint("privacy", kept=kept, draft=i18n.duration(limits.draft_life))


@owners.get("/accessibility")
def accessibility() -> Response:
    return paint("accessibility", stated=STATED)
