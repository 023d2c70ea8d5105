"""A person's own pages: how the desk looks to them, where they are signed in, their password and recovery codes."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request, url_for
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from wtforms import BooleanField

from admin import door_forms
from admin.base import OwnView, ctx, keep_cookie, local_page, see, signed
from admin.door_forms import paint, say
from admin.forms import DeskForm, built, choices, code_field, radio_field
from portal import i18n
from portal.casework import logins, sessions, sign_in
from portal.casework.context import NotFound, Refused
from portal.domain.languages import LANGUAGES

# What the page says after one of its acts.
SAID: Mapping[str, LazyString] = {
    "saved": _l("Saved"),
    "password": _l("Your password is changed. Your other sessions have ended."),
    "codes": _l("Your new recovery codes are saved. The old ones no longer work."),
    "session_ended": _l("The session has ended."),
    "sessions_ended": _l("All other sessions have ended."),
    "oldest_ended": _l("You were signed in at too many places, so the oldest session has ended."),
}
THEMES: Mapping[str, LazyString] = {
    "auto": _p("theme", "Automatic"),
    "light": _p("theme", "Light"),
    "dark": _p("theme", "Dark"),
}
DENSITIES: Mapping[str, LazyString] = {
    "standard": _p("density", "Standard"),
    "dense": _p("density", "Dense"),
}
NOT_OFFERED = _l("Select one of the answers")


class SettingsView(OwnView):
    """Everybody's, whatever their roles."""

    icon = "settings"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Response:
        form = _look_form()
        if request.method != "POST" or not form.validate():
            return _own_page(form)
        wanted = {name: form[name].data for name in ("language", "theme", "density", "shortcuts")}
        logins.change_settings(ctx(), signed(), **wanted)
        answer = see("own.index", said="saved")
        i18n.remember(answer, wanted["language"])
        return answer

    @expose("/stay", methods=("POST",))
    def stay(self) -> Response:
        """Any request in time keeps a session awake; this one does nothing else."""
        return Response(status=204)

    @expose("/sessions/<key>", methods=("POST",))
    def end_session(self, key: str) -> Response:
        try:
            sessions.revoke(ctx(), signed(), key)
        except NotFound:
            # pressed twice, or ended by itself: the list shows what is left
            return see("own.index")
        return see("own.index", said="session_ended")

    @expose("/sessions", methods=("POST",))
    def end_others(self) -> Response:
        sessions.revoke_others(ctx(), signed())
        return see("own.index", said="sessions_ended")

    @expose("/password", methods=("GET", "POST"))
    def password(self) -> Response:
        form, headers = door_forms.password_form(ctx().limits), {}
        if request.method == "POST" and form.validate():
            given = {"present": form["present"].data, "new": form["password"].data}
            try:
                logins.change_password(ctx(), signed(), code=form["code"].data, **given)
            except Refused as refused:
                headers = say(form, refused)
            else:
                return see("own.index", said="password")
        return paint("password", form, headers=headers, email=signed().staff.email)

    @expose("/codes", methods=("GET", "POST"))
    def codes(self) -> Response:
        form, headers = built(("code", code_field())), {}
        if request.method == "POST" and form.validate():
            try:
                opened = sign_in.renew_codes(ctx(), signed(), form["code"].data)
            except Refused as refused:
                headers = say(form, refused)
            else:
                back = url_for("own.index", said="codes")
                return keep_cookie(see("door.codes", next=back), opened)
        return paint("renew_codes", form, headers=headers)


def _look_form() -> DeskForm:
    now = signed().staff
    languages = choices((key, one.native_name) for key, one in LANGUAGES.items())
    return built(
        ("language", radio_field(_l("Language of pages and notices"), languages, NOT_OFFERED)),
        ("theme", radio_field(_l("Theme"), choices(THEMES.items()), NOT_OFFERED)),
        ("density", radio_field(_l("Density"), choices(DENSITIES.items()), NOT_OFFERED)),
        ("shortcuts", BooleanField(_l("Use single-key shortcuts"))),
        filled={
            "language": now.language,
            "theme": now.theme,
            "density": now.density,
            "shortcuts": now.shortcuts,
        },
    )


def _own_page(form: DeskForm) -> Response:
    said = request.args.get("said", "")
    return paint(
        "own",
        form,
        me=signed(),
        sessions=sessions.list_own(ctx(), signed()),
        said=SAID.get(said),
        onward=local_page(request.args.get("next")) if said == "oldest_ended" else None,
    )
