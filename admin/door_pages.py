"""The door of the back office: signing in with password and code or with a saved recovery code, signing out, the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from flask import Response, abort, redirect, request, url_for
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from admin import door_forms
from admin.base import MARK, cookie_name, ctx, door, drop_cookie, keep_cookie, local_page, see, signed_in
from admin.door_forms import paint, say
from admin.enrol_pages import StagePages, onward
from admin.forms import DeskForm
from portal import i18n, labels
from portal.casework import logins, sessions, sign_in
from portal.casework.context import Refused, Throttled
from portal.casework.sessions import Opened
from portal.domain.languages import LANGUAGES

# What the sign-in page says to somebody who did not come to it by themselves.
SAID: Mapping[str, LazyString] = {
    "ended": _l("You were signed out because of inactivity."),
    "signed_out": _l("You are signed out."),
}


@dataclass(frozen=True)
class Way:
    """A way through the door: its page, its form, what proves it, and the one answer to whatever was wrong."""

    template: str
    form: Callable[[], DeskForm]
    proof: Callable[..., Opened]
    failed: LazyString


WITH_APP = Way(
    "sign_in", door_forms.sign_in_form, sign_in.sign_in, labels.TABLES["refusal"]["sign_in_failed"]
)
WITH_SAVED_CODE = Way(
    "recover",
    door_forms.recovery_form,
    sign_in.recover,
    _l("The email address, password or recovery code is incorrect."),
)


class SignInView(StagePages):
    """Open to everybody. Whoever is signed in already is led on."""

    @expose("/", methods=("GET", "POST"))
    def sign_in(self) -> Response:
        return _door_page(WITH_APP)

    @expose("/recover", methods=("GET", "POST"))
    def recover(self) -> Response:
        return _door_page(WITH_SAVED_CODE)

    @expose("/out", methods=("POST",))
    def sign_out(self) -> Response:
        sessions.end(door(), request.cookies.get(cookie_name()))
        return drop_cookie(see("door.sign_in", signed_out="yes"))

    @expose("/language", methods=("POST",))
    def language(self) -> Response:
        """The choice in the header: for this browser, and for the person where one is signed in."""
        wanted, found = request.form.get("language", ""), signed_in()
        if wanted not in LANGUAGES:
            abort(400)
        if found and found.stage == "full":
            now = found.staff
            look = {"theme": now.theme, "density": now.density}
            logins.change_settings(ctx(), found, language=wanted, shortcuts=now.shortcuts, **look)
        answer = cast(Response, redirect(local_page(request.form.get("next")), 303))
        i18n.remember(answer, wanted)
        return answer


def _door_page(way: Way) -> Response:
    found = signed_in()
    if found and request.method != "POST":
        return onward(found.stage, _wanted())
    form = way.form()
    if request.method == "POST" and form.validate():
        return _try(way, form)
    said = next((words for key, words in SAID.items() if request.args.get(key)), "")
    return paint(way.template, form, said=said, other_way=_other_way(way))


def _try(way: Way, form: DeskForm) -> Response:
    headers = {}
    try:
        opened = way.proof(
            door(),
            form["email"].data,
            form["password"].data,
            code=form["code"].data or "",
            old_cookie=request.cookies.get(cookie_name()),
            mark=request.cookies.get(cookie_name(MARK)),
        )
    except Throttled as throttled:
        headers = say(form, throttled)
    except Refused:
        form.form_errors.append(str(way.failed))
    else:
        return keep_cookie(onward(opened.stage, _wanted(), ended_oldest=opened.ended_oldest), opened)
    return paint(way.template, form, headers=headers, other_way=_other_way(way))


def _other_way(way: Way) -> str:
    """The other page of the door, which leads to the same place afterwards."""
    other = "door.sign_in" if way is WITH_SAVED_CODE else "door.recover"
    return url_for(other, next=request.args.get("next"))


def _wanted() -> str:
    return local_page(request.args.get("next"))
