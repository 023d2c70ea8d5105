"""What every page of the back office stands on: who is signed in, who may open it, and the frame around it.

Closed by default: a view that names no roles opens for nobody. Flask-Admin asks `is_accessible` before any of its pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

from flask import Blueprint, Response, abort, current_app, g, redirect, render_template, request, url_for
from flask_admin import Admin, BaseView, helpers

from portal import db, i18n
from portal.casework import sessions
from portal.casework.context import Context
from portal.casework.sessions import Opened, SignedIn
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import Actor, Role
from portal.models.staff import STAFF_ROLES
from portal.origin import origin_of

COOKIE, MARK = "staff", "known"
HOME = "/admin/"
LIVE = "/live"  # addresses that end so are asked by pages, not by people: they keep no session awake
NOBODY = Actor(roles=frozenset())
EVERY_ROLE = frozenset(STAFF_ROLES)
ONLY_READING = frozenset({Role.COMPLIANCE})
READING = frozenset({"GET", "HEAD", "OPTIONS"})

# Where a session that cannot work yet has to go on.
STAGE_PAGES = {"enrol": "door.enrol", "codes": "door.codes", "recovery": "door.reset"}


def door() -> Context:
    """The context of whoever stands outside: no roles, one reading of the clock for the whole request."""
    if "door_context" not in g:
        g.door_context = db.runtime().context(db.session(), NOBODY, origin_of(request))
    return cast(Context, g.door_context)


def signed_in() -> SignedIn | None:
    """Who sent this request, read from the database once a request."""
    if "signed_in" not in g:
        awake = not request.path.endswith(LIVE)
        g.signed_in = sessions.current(door(), request.cookies.get(cookie_name()), awake=awake)
    return cast("SignedIn | None", g.signed_in)


def signed() -> SignedIn:
    """The same, on pages that nobody opens without a session."""
    found = signed_in()
    if found is None:
        abort(403)
    return found


def ctx() -> Context:
    """The context of the person who is signed in, with the roles of this moment."""
    return door().as_actor(signed().actor)


def cookie_name(name: str = COOKIE) -> str:
    return name if db.runtime().settings.demo else f"__Host-{name}"


def keep_cookie(response: Response, opened: Opened) -> Response:
    """Give the browser its new session, until it is closed; Strict, because nobody comes to the desk from another site."""
    if opened.mark:
        _set_cookie(response, opened.mark, int(door().limits.staff_browser_life.total_seconds()), MARK)
    return _set_cookie(response, opened.cookie, None)


def drop_cookie(response: Response) -> Response:
    return _set_cookie(response, "", 0)


def _set_cookie(response: Response, value: str, life: int | None, name: str = COOKIE) -> Response:
    secure = not db.runtime().settings.demo
    response.set_cookie(
        cookie_name(name), value, max_age=life, secure=secure, httponly=True, samesite="Strict", path="/"
    )
    return response


def see(endpoint: str, **values: Any) -> Response:
    """Go on to another page of the desk, by GET."""
    return cast(Response, redirect(url_for(endpoint, **values), 303))


class DeskView(BaseView):
    """A page without Flask-Admin's own look, opened as its subclass says."""

    icon: ClassVar[str] = ""  # of its place in the menu; without one it has none
    url: str | None

    def create_blueprint(self, admin: Admin) -> Blueprint:
        """As Flask-Admin does, but with our templates, and without its 21 MB of scripts and styles."""
        self.admin = admin
        prefix: str = self._get_view_url(admin, self.url)
        self.url = prefix
        self.blueprint = Blueprint(self.endpoint, "admin", url_prefix=prefix, template_folder="templates")
        for url, name, methods in self._urls:
            self.blueprint.add_url_rule(url, name, getattr(self, name), methods=methods)
        return self.blueprint

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # Flask-Admin runs a view a second time after any TypeError in it: an act would be done twice
        return fn(self, *args, **kwargs)

    def is_visible(self) -> bool:
        return bool(self.icon)

    def is_accessible(self) -> bool:
        return False


class DoorView(DeskView):
    """Open to everybody: the pages before anybody is signed in."""

    def is_accessible(self) -> bool:
        return True


class StaffView(DeskView):
    """For signed-in people with one of these roles. A view that names none stays closed.

    Compliance only reads: whatever a view does with a form, it takes none from them but those it names.
    """

    roles: ClassVar[frozenset[Role]] = frozenset()
    readers_send: ClassVar[frozenset[str]] = frozenset()  # searches, and what is a reader's own

    def is_accessible(self) -> bool:
        found = signed_in()
        return found is not None and found.stage == "full" and self.admits(found)

    def admits(self, found: SignedIn) -> bool:
        """Whether somebody who may work may work here."""
        reads = request.method in READING or (request.endpoint or "").rpartition(".")[2] in self.readers_send
        return bool((found.roles if reads else found.roles - ONLY_READING) & self.roles)

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Response:
        found = signed_in()
        if found is None:
            return to_door()
        return see(STAGE_PAGES[found.stage]) if found.stage != "full" else abort(403)


class OwnView(StaffView):
    """For everybody who is signed in, also while no role of theirs is in force: their own settings."""

    roles = EVERY_ROLE

    def admits(self, found: SignedIn) -> bool:
        return True


def to_door() -> Response:
    """To the sign-in page, which leads back to where they wanted to go."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else HOME
    further = wanted if wanted != HOME else None
    if request.cookies.get(cookie_name()):
        return drop_cookie(see("door.sign_in", ended="yes", next=further))
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        # a link in a webmail brings no Strict cookie along: go on from a page of our own, which does
        door_url = url_for("door.sign_in", next=further)
        return Response(render_template("staff/from_elsewhere.html", door_url=door_url), mimetype="text/html")
    return see("door.sign_in", next=further)


def local_page(address: str | None) -> str:
    """A page of the desk that a sign-in may lead to; anything else would be somebody's trap."""
    plain = address or ""
    inside = plain.startswith(HOME) and "\\" not in plain and "//" not in plain and plain.isprintable()
    return plain if inside else HOME


def speak_as_set() -> None:
    """Answer in the language that the signed-in person chose, also on error pages of the desk."""
    if not _is_desk():
        return
    found = signed_in()
    if found and found.stage == "full":
        i18n.speak(found.staff.language)
    elif found:
        speak_to(found.staff.language)


def speak_to(language: str) -> None:
    """Speak the language of somebody who cannot change their settings yet, unless this browser was told another."""
    if request.cookies.get(current_app.config["LANGUAGE_COOKIE"]) not in LANGUAGES:
        i18n.speak(language)


def frame() -> dict[str, Any]:
    """What the frame of every page of the desk shows; nothing of it elsewhere."""
    if not _is_desk():
        return {}
    found = signed_in()
    outside: dict[str, Any] = {"language_url": url_for("door.language")}
    if found is None:
        return outside
    look = {"theme": found.staff.theme, "density": found.staff.density}
    if found.stage != "full":
        return {**outside, **look, "sign_out_url": url_for("door.sign_out")}
    return {
        **outside,
        **look,
        "staff_name": found.person.name,
        "shortcuts": found.staff.shortcuts,
        "nav": _navigation(),
        "sign_out_url": url_for("door.sign_out"),
        "stay_url": url_for("own.stay"),
        "idle_warning": int((found.warning_at - door().now).total_seconds()),
        "idle_end": int((found.ends_at - door().now).total_seconds()),
    }


def _navigation() -> list[tuple[str, str, str, bool]]:
    desk: Admin = current_app.extensions["admin"][0]
    here = helpers.get_current_view()
    return [
        (str(item.name), item.get_url(), item._view.icon, item.is_active(here))
        for item in desk.menu()
        if item.is_visible() and item.is_accessible()
    ]


def _is_desk() -> bool:
    return request.path.startswith(HOME)
