"""Reply templates: everybody at work reads them, leads keep them, and each change is a version of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, abort, render_template, request
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from wtforms import StringField, TextAreaField

from admin import composing
from admin.acts import READERS
from admin.base import StaffView, ctx, see
from admin.forms import AskedFor, DeskForm, built, radio_field, sent_version, words_for
from portal import i18n
from portal.casework import templates
from portal.casework.context import NotFound, Refused
from portal.casework.templates import Overtaken, Template
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import Role
from portal.domain.message_text import KNOWN_GAPS

# What the pages say after an act.
SAID: Mapping[str, LazyString] = {
    "created": _l("The template is saved. You can use it in replies now."),
    "changed": _l("The new version is saved. Replies use it from now on."),
    "retired": _l("The template is no longer offered. Replies that were written with it stay."),
}


class TemplatesView(StaffView):
    """Flask-Admin's place in the menu; the words are read by all who read cases, and changed by leads."""

    roles = READERS
    icon = "note"

    @expose("/")
    def index(self) -> Response:
        found = templates.offered(ctx())
        groups = [(key, [one for one in found if one.row.language == key]) for key in LANGUAGES]
        return _page("templates", 200, groups=groups, said=SAID.get(request.args.get("said", "")))

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Response:
        if not may_keep():
            abort(403)
        form = _new_form()
        if request.method == "POST" and form.validate():
            given = (str(form[name].data or "") for name in ("language", "name", "subject", "body"))
            try:
                templates.create(ctx(), *given)
            except Refused as refused:
                composing.place(form, refused)
            else:
                return see("templates.index", said="created")
        return _page("template_new", 422 if form.errors else 200, form=form)

    @expose("/<template_id>", methods=("GET", "POST"))
    def template(self, template_id: str) -> Response:
        versions = templates.history(ctx(), template_id)
        form = _form(versions[0])
        if request.method != "POST":
            return _painted(versions, form, 200)
        try:
            words = (str(form[name].data or "") for name in ("subject", "body"))
            templates.change(ctx(), template_id, sent_version(), *words)
        except Overtaken as overtaken:
            return _painted(
                templates.history(ctx(), template_id), form, 409, overtaken=overtaken.details["current"]
            )
        except NotFound:
            raise
        except Refused as refused:
            composing.place(form, refused)
            return _painted(templates.history(ctx(), template_id), form, 422)
        return see("templates.template", template_id=template_id, said="changed")

    @expose("/<template_id>/retire", methods=("POST",))
    def retire(self, template_id: str) -> Response:
        templates.retire(ctx(), template_id)
        return see("templates.index", said="retired")


def may_keep() -> bool:
    return Role.LEAD in ctx().actor.roles


def _new_form() -> DeskForm:
    """Empty, or with the words of a template that is to be written in another language too."""
    like = request.args.get("like", "")
    source = templates.by_version(ctx(), like) if like and request.method != "POST" else None
    start: dict[str, Any] = {"language": i18n.current()}
    if source is not None:
        version = source.version
        start = {
            "language": i18n.other(source.row.language),
            "name": source.row.name,
            "subject": version.subject,
            "body": version.body,
        }
    language = radio_field(_l("Language"), words_for("language", LANGUAGES), _l("Select a language"))
    name = StringField(_l("Name of the template"), [AskedFor()])
    return built(("language", language), ("name", name), *_words(), filled=start)


def _form(current: Template) -> DeskForm:
    version = current.version
    return built(*_words(), filled={"subject": version.subject, "body": version.body})


def _words() -> tuple[tuple[str, Any], ...]:
    return (
        ("subject", StringField(_l("Subject"), [AskedFor()])),
        ("body", TextAreaField(_p("composer", "Message"), [AskedFor()])),
    )


def _painted(versions: list[Template], form: DeskForm, code: int, **values: Any) -> Response:
    said = SAID.get(request.args.get("said", "")) if code == 200 else None
    return _page("template", code, versions=versions, current=versions[0], form=form, said=said, **values)


def _page(name: str, code: int, **values: Any) -> Response:
    html = render_template(
        f"staff/{name}.html",
        may_keep=may_keep(),
        longest=templates.LONGEST_BODY,
        known_gaps={
            key: sorted(gap for gap, of in KNOWN_GAPS.items() if of == key)
            for key in set(KNOWN_GAPS.values())
        },
        has_errors=code in {409, 422},
        **values,
    )
    return Response(html, code, mimetype="text/html")
