"""The request form: its pages, checking the answers, sending them, and what is told when they are in."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, abort, request

from portal import contact, i18n, receipts
from portal.casework import intake
from portal.casework.context import Refused
from portal.domain.languages import LANGUAGES
from portal.models import Case
from portal.public import answers, desk_hours, steps
from portal.public.drafting import draft, keep, needs_live_draft, values
from portal.public.forms import ConsentForm, OwnerForm
from portal.public.signed_in import visitor
from portal.public.steps import Step
from portal.public.visit import DRAFT_COOKIE, context, cookie, is_sent, owners, paint, see


@owners.get("/request")
@needs_live_draft
def request_form() -> Response:
    """Go on with the first page that is still to be asked."""
    return _on(values())


@owners.route("/request/<key>", methods=["GET", "POST"])
@needs_live_draft
def request_step(key: str) -> Response:
    step = steps.BY_KEY.get(key) or abort(404)
    kept = draft()
    if kept and kept.case_id:
        return see("request_sent", again="yes")
    said = steps.said(values())
    if step not in steps.asked(said):
        return see("request_form")
    if request.method == "GET":
        return _ask(step, step.form({"language": i18n.current(), **said}, said))
    form = step.form(request.form, said)
    done = is_sent(form)
    typed = form.typed(request.form)
    # kept also when it is wrong or only brought to the other language, so that nothing is typed twice
    changed = step if steps.first_missing(said) is None else None
    return keep(typed, _on({**values(), **typed}, changed) if done else _ask(step, form))


def _ask(step: Step, form: OwnerForm) -> Response:
    now = values()
    earlier = steps.before(step, now)
    ctx = context()
    return paint(
        "request_step",
        form,
        step=step,
        back=("owners.request_step", {"key": earlier.key}) if earlier else ("owners.triage", {}),
        checking=steps.first_missing(steps.said(now)) is None,
        beside={key: desk_hours.beside_choice(ctx, key) for key in LANGUAGES} if "language" in form else {},
        limits=ctx.limits,
    )


def _on(now: Mapping[str, str], changed: Step | None = None) -> Response:
    """To the next page that is missing an answer, or to the check: at the row, if one answer was only changed."""
    said = steps.said(now)
    missing = steps.first_missing(said)
    if missing:
        return see("request_step", key=missing.key)
    row = next(iter(changed.filled(said))).name if changed else None
    return see("check_answers", _anchor=f"row-{row}" if row else None)


@owners.route("/request/check", methods=["GET", "POST"])
@needs_live_draft
def check_answers() -> Response:
    kept = draft()
    if kept and kept.case_id:
        return see("request_sent", again="yes")
    now = values()
    said = steps.said(now)
    if steps.first_missing(said):
        return _on(now)
    form = ConsentForm(request.form if request.method == "POST" else None)
    form.name_waits(desk_hours.waits(context().limits))
    if is_sent(form):
        return _send(now)
    last = steps.asked(said)[-1]
    return paint(
        "check_answers", form, rows=answers.rows(said), back=("owners.request_step", {"key": last.key})
    )


def _send(now: Mapping[str, str]) -> Response:
    try:
        sent = intake.submit(
            context(), cookie(DRAFT_COOKIE) or "", answers.request_of(now), visitor=visitor()
        )
    except Refused as refusal:
        if refusal.reason != "draft_gone":
            raise
        return see("start_again")
    return see("request_sent", again="yes" if sent.repeated else None)


@owners.get("/request/sent")
@needs_live_draft
def request_sent() -> Response:
    """What was sent, under which number, and what happens next; the same however often it is looked at."""
    kept = draft()
    if kept is None or kept.case_id is None:
        return see("request_form")
    ctx = context()
    case = ctx.session.get_one(Case, kept.case_id)
    return paint(
        "request_sent",
        case=case,
        again="again" in request.args,
        address=contact.mask_email(ctx.vault.open(ctx.session, case.subject_id, case, "reply_email") or ""),
        confirm_by=case.created_at + ctx.limits.confirm_life,
        first_reply=desk_hours.first_reply(ctx, case.language, case.confirmed_at),
        waits=desk_hours.waits(ctx.limits),
        receipt=receipts.document_of(ctx, case, "receipt"),
    )
