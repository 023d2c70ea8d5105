"""Writing to the owner, and for colleagues: two composers that nobody can mistake for each other, with drafts and an undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from flask import Response, redirect, render_template, request, url_for
from flask_admin import expose

from admin import case_live, composing
from admin.acts import AT_WORK, BelowCase, Visit, case_on_desk, changed_since
from admin.base import ctx, see
from admin.composing import COMPOSERS, Composer
from admin.forms import DeskForm, sent_version
from portal.casework import message_drafts, messages, presence
from portal.casework.context import NotFound, Refused, Stale
from portal.casework.lookup import case_for_staff
from portal.casework.message_drafts import DraftTooLong
from portal.models import Message


class MessagesView(BelowCase):
    """For all who work cases; who may write in which is casework's to say."""

    roles = AT_WORK

    @expose("/<case_id>/reply", methods=("GET", "POST"))
    def reply(self, case_id: str) -> Response:
        return _compose("reply", case_id)

    @expose("/<case_id>/note", methods=("GET", "POST"))
    def note(self, case_id: str) -> Response:
        return _compose("note", case_id)

    @expose("/<case_id>/<kind>/live", methods=("POST",))
    def live(self, case_id: str, kind: str) -> tuple[dict[str, str], int]:
        """What the page saves by itself while somebody types."""
        _composer(kind)
        try:
            kept = message_drafts.save(ctx(), case_id, kind, composing.typed())
        except DraftTooLong as refused:
            return {"said": composing.why(refused)}, 200
        return {"said": composing.saved_words(kept, ctx().now)}, 200

    @expose("/<case_id>/<kind>/forget", methods=("POST",))
    def forget(self, case_id: str, kind: str) -> Response:
        _composer(kind)
        message_drafts.forget(ctx(), case_on_desk(ctx(), case_id).id, kind)
        return see("case.page", case_id=case_id, said="draft_deleted")

    @expose("/<case_id>/sent/<message_id>")
    def sent(self, case_id: str, message_id: str) -> Response:
        """The moment in which a reply can be taken back."""
        visit = Visit(ctx(), case_on_desk(ctx(), case_id))
        item = composing.item_of(visit, message_id)
        return _painted("sent", 200, visit, item=item)

    @expose("/<case_id>/take-back/<message_id>", methods=("POST",))
    def take_back(self, case_id: str, message_id: str) -> Response:
        return _or_sent(messages.take_back, case_id, message_id, url_for("messages.reply", case_id=case_id))

    @expose("/<case_id>/again/<message_id>", methods=("POST",))
    def send_again(self, case_id: str, message_id: str) -> Response:
        further = url_for("case.page", case_id=case_id, said="sent_again")
        return _or_sent(messages.send_again, case_id, message_id, further)


def _or_sent(do: Callable[..., None], case_id: str, message_id: str, further: str) -> Response:
    """Do something with a sent reply, or say on its page why not."""
    try:
        do(ctx(), case_id, message_id)
    except NotFound:
        raise
    except Refused as refused:
        visit = Visit(ctx(), case_on_desk(ctx(), case_id))
        item = composing.item_of(visit, message_id)
        return _painted("sent", 422, visit, item=item, refused=composing.why(refused))
    return cast(Response, redirect(further, 303))


def _composer(kind: str) -> Composer:
    if kind not in COMPOSERS:
        raise NotFound()
    return COMPOSERS[kind]


def _compose(kind: str, case_id: str) -> Response:
    composer = _composer(kind)
    sent = request.method == "POST"
    case = case_on_desk(ctx(), case_id) if sent else case_for_staff(ctx(), case_id, presence.EDITING)
    visit = Visit(ctx(), case)
    if request.method != "POST":
        return _page(composer, visit, composing.form_of(visit, kind), 200)
    form = composing.form_of(visit, kind)
    try:
        return _done(composer, visit, form)
    except NotFound:
        raise
    except Refused as refused:
        composing.keep(visit, kind)
        if not isinstance(refused, Stale):
            composing.place(form, refused)
    visit = Visit(ctx(), case_on_desk(ctx(), case_id))
    changed = changed_since(visit)
    return _page(composer, visit, form, 409 if changed else 422, changed=changed)


def _done(composer: Composer, visit: Visit, form: DeskForm) -> Response:
    """What the pressed button asks for. Without one nothing is sent."""
    if composer.kind == "note":
        messages.note(visit.ctx, visit.case.id, sent_version(), composing.typed().body)
        return see("case.page", case_id=visit.case.id, said="noted")
    wanted = request.form.get("do")
    if wanted == "insert":
        composing.insert(visit, form)
        composing.keep(visit, composer.kind, form)
        return _page(composer, visit, form, 200)
    if wanted == "send":
        return _send(visit, form)
    composing.keep(visit, composer.kind)
    return _page(composer, visit, form, 200, mail=composing.mail(visit, form))


def _send(visit: Visit, form: DeskForm) -> Response:
    sent: Message = messages.reply(
        visit.ctx,
        visit.case.id,
        sent_version(),
        composing.typed(),
        other_language=form["other_language"].data,
        other_script=form["other_script"].data,
    )
    return see("messages.sent", case_id=visit.case.id, message_id=sent.id)


def _page(composer: Composer, visit: Visit, form: DeskForm, code: int, **values: Any) -> Response:
    blocked = composing.blockers(visit, composer)
    doing = presence.VIEWING if blocked else presence.EDITING
    presence.note(visit.ctx, visit.case.id, doing)
    shown = composing.shown(visit, composer, form, blocked)
    values["live"] = case_live.of(visit.ctx, visit.case, doing)
    errors = bool(form.errors) or bool(values.get("changed"))
    return _painted(
        "compose", code, visit, composer=composer, form=form, has_errors=errors, **shown, **values
    )


def _painted(template: str, code: int, visit: Visit, **values: Any) -> Response:
    shared: Mapping[str, Any] = {"case": visit.case, "case_url": url_for("case.page", case_id=visit.case.id)}
    html = render_template(f"staff/{template}.html", **shared, **values)
    return Response(html, code, mimetype="text/html")
