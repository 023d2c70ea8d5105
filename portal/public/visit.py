"""What every owner page starts from: the blueprint, the visitor's context and cookies, and the language choice of forms."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from markupsafe import Markup
from werkzeug.routing import BaseConverter

from portal import db, i18n
from portal.casework.context import Context
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import Actor, Role
from portal.origin import origin_of


class TokenConverter(BaseConverter):
    """`<token:raw>` in a URL: what the links of our mails end in, whole."""

    regex = "[A-Za-z0-9_-]{43}"
    part_isolating = True


owners = Blueprint("owners", __name__, url_prefix="/<language:lang>")

OWNER = Actor(roles=frozenset({Role.OWNER}))
# What this browser holds besides its language: the answers it has given, and the request whose link it followed.
DRAFT_COOKIE = "draft"
CASE_COOKIE = "case"
SWITCH = "switch_language"
ERRORS_SHOWN = "errors_shown"

_JAPANESE = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)


def context() -> Context:
    """The visitor's context, made once a request: one reading of the clock for all that it does."""
    if "owner_context" not in g:
        g.owner_context = db.runtime().context(db.session(), OWNER, origin_of(request))
    return cast(Context, g.owner_context)


def typed(text: str | None) -> Markup:
    """What somebody typed, for showing: kept from turning the line around, and spoken in its own language."""
    if not text:
        return Markup("")
    language = Markup(' lang="ja"') if i18n.current() != "ja" and _JAPANESE.search(text) else Markup("")
    return Markup("<bdi{}>{}</bdi>").format(language, text)


def cookie_name(purpose: str) -> str:
    return purpose if db.runtime().settings.demo else f"__Host-{purpose}"


def cookie(purpose: str) -> str | None:
    return request.cookies.get(cookie_name(purpose))


def keep_cookie(response: Response, purpose: str, raw: str, life: timedelta | None = None) -> Response:
    response.set_cookie(
        cookie_name(purpose),
        raw,
        max_age=life,
        secure=not db.runtime().settings.demo,
        httponly=True,
        samesite="Lax",
    )
    return response


def drop_cookie(response: Response, purpose: str) -> Response:
    return keep_cookie(response, purpose, "", timedelta(0))


def see(endpoint: str, **values: Any) -> Response:
    """Go on to another page of ours, by GET."""
    return cast(Response, redirect(url_for(f"owners.{endpoint}", **values), 303))


@owners.context_processor
def promised_times() -> dict[str, str]:
    """How long unsent answers and unconfirmed requests live, for every page that promises it."""
    limits = db.runtime().limits
    return {
        "answers_kept": i18n.duration(limits.draft_life),
        "confirmed_within": i18n.duration(limits.confirm_life),
    }


@owners.before_request
def carry_over() -> Response | None:
    """The language choice of a form: send the same form once more, to the same page of the other language."""
    wanted = request.form.get(SWITCH) if request.method == "POST" else None
    if wanted is None or wanted == i18n.current():
        return None
    if wanted not in LANGUAGES:
        abort(400)
    address = url_for(request.endpoint or "", **{**(request.view_args or {}), "lang": wanted})
    query = urlencode(list(request.args.items(multi=True)))
    # 307 and not 303: what was typed goes along by itself, on every form, stored or not.
    return cast(Response, redirect(f"{address}?{query}" if query else address, 307))


def is_switching() -> bool:
    """Whether this form came only to be shown in another language."""
    return SWITCH in request.form


def is_sent(form: FlaskForm) -> bool:
    """Whether a form was sent and is right. A language choice sends nothing; it brings along errors that were shown."""
    if request.method != "POST":
        return False
    if is_switching():
        if ERRORS_SHOWN in request.form:
            form.validate()
        return False
    return bool(form.validate())


def paint(template: str, form: FlaskForm | None = None, code: int = 200, **values: Any) -> Response:
    """A page. One that carries a form offers the language choice in it; one that shows errors is no success."""
    if form is not None:
        # no link to the other language: following it would lose what is typed
        values = {"form": form, "switch_url": None, **values}
        code = 422 if form.errors else code
    return Response(render_template(f"public/{template}.html", **values), code, mimetype="text/html")
