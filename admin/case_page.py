"""The page of one case, and the pages on which masked data and papers of it are shown."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Response, render_template, request, send_file, url_for
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from admin import case_live, case_view
from admin.acts import AT_WORK, READERS, BelowCase, case_on_desk, hard_blockers
from admin.base import ctx
from admin.case_queue import due_of
from admin.forms import DeskForm, built, radio_field, words_for
from portal import labels
from portal.casework import lookup, proofs
from portal.casework.context import NotFound, Refused
from portal.domain.lifecycle import REVEAL_REASONS, Act

# What the case page says after an act.
SAID: dict[str, LazyString] = {
    "claimed": _l("The case is assigned to you."),
    "released": _l("The case is back in the queue. Its checks are kept."),
    "taken_over": _l("The case is assigned to you now."),
    "reassigned": _l("The case is assigned to somebody else now."),
    "recorded": _l("The result is saved."),
    "link_sent": _l("The link is on its way to the registered mailbox."),
    "call_placed": _l("The registered number is being called. The result appears below."),
    "letter_made": _l("The letter is being made. You can save it below in a moment."),
    "witnessed": _l("You have confirmed that you were there."),
    "pressure": _l("Saved. The tier is computed again."),
    "asked": _l("The owner is asked in their own language. The time for it is paused."),
    "asking_ended": _l("The case is assigned to you again."),
    "proposed": _l("Sent for second approval. A different person decides."),
    "opened": _l("The check is confirmed."),
    "repeated": _l("Your own check is saved."),
    "decided": _l("Your decision is saved, and everybody concerned is told."),
    "voided": _l("Nothing was removed: the facts have changed, so the checks start again."),
    "noted": _l("The note is saved."),
    "sent_again": _l("The reply is sent again."),
    "draft_deleted": _l("The draft is deleted."),
    "hidden": _l("This is hidden again."),
    "unfreeze_proposed": _l("Your proposal is saved. A different person decides."),
}


class CaseView(BelowCase):
    """Readable by all who work cases and by compliance, masked for everybody."""

    roles = READERS

    @expose("/<case_id>")
    def page(self, case_id: str) -> Response:
        case = lookup.case_for_staff(ctx(), case_id)
        html = render_template(
            "staff/case.html",
            **case_view.gather(ctx(), case, request.args.get("show", "all")),
            due=due_of(case, ctx().now),
            lease=case_view.lease_of(ctx(), case),
            said=SAID.get(request.args.get("said", "")),
            wide=True,
        )
        return Response(html, mimetype="text/html")

    @expose("/<case_id>/live")
    def live(self, case_id: str) -> Response:
        """For the script of an open page: who else is here, and whether the case has changed."""
        return case_live.answer(ctx(), case_on_desk(ctx(), case_id))


class RevealView(BelowCase):
    """Shows one masked value with a reason, and hands out the letter that a colleague with no other part has to post."""

    roles = AT_WORK

    @expose("/<case_id>/<field>", methods=("GET", "POST"))
    def show(self, case_id: str, field: str) -> Response:
        case_on_desk(ctx(), case_id)
        if field not in case_view.FIELDS:
            raise NotFound()
        form = _reason_form()
        if request.method == "POST" and form.validate():
            try:
                text = lookup.reveal(ctx(), case_id, field, form["reason"].data)
            except Refused as refused:
                form.place(refused)
            else:
                return _shown(case_id, field, text or "", form)
        return _ask_reason(case_id, field, form)

    @expose("/<case_id>/letter/<document_id>", methods=("POST",))
    def letter(self, case_id: str, document_id: str) -> Response:
        """The letter of method H4, to be printed and posted. Whoever takes it can neither check nor decide the case."""
        case, painted = proofs.print_letter(ctx(), case_id, document_id)
        name = f"{case.reference}-letter.pdf"
        return send_file(BytesIO(painted), "application/pdf", as_attachment=True, download_name=name)


def _reason_form() -> DeskForm:
    missing = _l("Select why you need to see this")
    return built(("reason", radio_field(_l("Reason"), words_for("reveal_reason", REVEAL_REASONS), missing)))


def _ask_reason(case_id: str, field: str, form: DeskForm) -> Response:
    case = case_on_desk(ctx(), case_id)
    html = render_template(
        "staff/reveal.html",
        case=case,
        form=form,
        name=case_view.FIELDS[field][0],
        blockers=[labels.word("refusal", key) for key in hard_blockers(ctx(), case, Act.REVEAL)],
        case_url=url_for("case.page", case_id=case_id),
    )
    return Response(html, 422 if form.errors else 200, mimetype="text/html")


def _shown(case_id: str, field: str, text: str, form: DeskForm) -> Response:
    seconds = int(ctx().limits.reveal_visible.total_seconds())
    back: dict[str, Any] = {"case_id": case_id, "_anchor": f"do-show-{field}"}
    html = render_template(
        "staff/revealed.html",
        case=case_on_desk(ctx(), case_id),
        name=case_view.FIELDS[field][0],
        text=text,
        reason=form["reason"].data,
        seconds=seconds,
        case_url=url_for("case.page", **back),
    )
    response = Response(html, mimetype="text/html")
    # the browser itself takes the value off the screen, also without script
    response.headers["Refresh"] = f"{seconds}; url={url_for('case.page', said='hidden', **back)}"
    return response
