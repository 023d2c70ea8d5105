"""The draft of this visit: read by the cookie, begun with the first answer, and said to be gone when its time is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, cast

from flask import Response, g, request

from portal.casework import drafts
from portal.casework.drafts import Answers
from portal.public.visit import (
    CASE_COOKIE,
    DRAFT_COOKIE,
    context,
    cookie,
    drop_cookie,
    keep_cookie,
    owners,
    paint,
    see,
)

P = ParamSpec("P")


def draft() -> Answers | None:
    """What this browser had answered when it sent this request: read once, so that a page never mixes two states."""
    if "draft_of_visit" not in g:
        g.draft_of_visit = drafts.read(context(), cookie(DRAFT_COOKIE))
    return cast("Answers | None", g.draft_of_visit)


def values() -> Mapping[str, str]:
    """The answers themselves; none where nothing is kept, or where they were sent."""
    kept = draft()
    return kept.values if kept else {}


def keep(answers: Mapping[str, str], response: Response) -> Response:
    """Put answers into the draft, or begin one with them; a request that was sent is left alone."""
    ctx, raw = context(), cookie(DRAFT_COOKIE)
    if raw and drafts.save(ctx, raw, answers):
        return response
    return keep_cookie(response, DRAFT_COOKIE, drafts.start(ctx, answers), ctx.limits.draft_life)


def needs_live_draft(view: Callable[P, Response]) -> Callable[P, Response]:
    """Say so, instead of asking on, when this browser's answers are no longer kept."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        return see("start_again") if cookie(DRAFT_COOKIE) and draft() is None else view(*args, **kwargs)

    return guarded


@owners.get("/request/start-again")
def start_again() -> Response:
    """The answers of this browser are gone: their 24 hours are over, or somebody deleted them."""
    return drop_cookie(paint("start_again"), DRAFT_COOKIE)


@owners.route("/request/delete", methods=["GET", "POST"])
def delete_answers() -> Response:
    """Leave nothing of the visitor on this device. A request that was sent goes on, and its mails still lead to it."""
    raw = cookie(DRAFT_COOKIE)
    if request.method == "GET":
        back = _kept_page()
        return paint("delete_answers", back=f"owners.{back}", sent=back in {"request_sent", "status"})
    if raw:
        drafts.forget(context(), raw)
    return drop_cookie(drop_cookie(see("answers_deleted"), DRAFT_COOKIE), CASE_COOKIE)


def _kept_page() -> str:
    """Where somebody who would rather keep everything goes on."""
    kept = draft()
    if kept:
        return "request_sent" if kept.case_id else "triage"
    return "status" if cookie(CASE_COOKIE) else "start"


@owners.get("/request/deleted")
def answers_deleted() -> Response:
    return paint("answers_deleted")
