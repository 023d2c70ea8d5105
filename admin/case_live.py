"""Who else has a case open, in words, and whether it has changed since the page was shown: at load, and then again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, abort, jsonify, request, url_for
from flask_babel import gettext

from admin.case_story import colleague, last_change
from admin.forms import sent_number
from portal import i18n
from portal.casework import presence
from portal.casework.context import Context
from portal.casework.presence import EDITING, VIEWING, Here
from portal.models import Case


@dataclass(frozen=True)
class Live:
    """What stands in the status line of a page about one case, and where its script asks again."""

    here: Sequence[tuple[str, str]]  # words, and what they do: viewing | editing
    url: str
    doing: str
    version: int
    every: int  # seconds


def of(ctx: Context, case: Case, doing: str) -> Live:
    """For a page that shows the case as it is now, to somebody who reads it or fills in a form on it."""
    every = ctx.limits.presence_life // 2  # one renewal may get lost before colleagues miss somebody
    return Live(
        here=[(words_of(one), one[1]) for one in _others(ctx, case)],
        url=url_for("case.live", case_id=case.id),
        doing=doing,
        version=case.version,
        every=int(every.total_seconds()),
    )


def words_of(one: Here) -> str:
    """ "Tanaka is editing": for the page of a case, and for its row in the queue."""
    name, doing = colleague(one[0]), one[1]
    if doing == EDITING:
        return str(gettext("%(name)s is editing", name=name))
    return str(gettext("%(name)s is viewing", name=name))


def answer(ctx: Context, case: Case) -> Response:
    """What the script of an open page is told. Asking renews that the page is open."""
    doing, version = request.args.get("doing", ""), sent_number(request.args.get("version", ""))
    if doing not in {VIEWING, EDITING}:
        abort(400)
    presence.renew(ctx, case.id, doing)
    said = {
        "here": [{"words": words_of(one), "doing": one[1]} for one in _others(ctx, case)],
        "changed": changed_words(ctx, case) if case.version != version else "",
    }
    return jsonify(said)


def changed_words(ctx: Context, case: Case) -> str:
    """Who changed the case last, and when."""
    changed = last_change(ctx, case)
    return str(gettext("%(name)s updated this at %(time)s.", name=changed.name, time=i18n.when(changed.at)))


def _others(ctx: Context, case: Case) -> Sequence[Here]:
    return presence.here(ctx, [case.id]).get(case.id, [])
