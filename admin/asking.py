"""Asking the owner: what can be asked for, and the very mail that will say it, in the owner's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from admin.acts import Visit
from admin.forms import choices
from portal import audit, db, i18n, notice_facts, notices
from portal.casework import verification
from portal.choices import SelectChoice
from portal.models import OutboxRow
from portal.notice_facts import TASKS, Source

NOTICE = "check_needed"


def items(visit: Visit) -> list[SelectChoice]:
    """What this owner can be asked to do now, in the words of the mail."""
    return choices((key, TASKS[key]) for key in verification.askable(visit.ctx, visit.case))


def chosen(visit: Visit) -> list[str]:
    """What the address names to be previewed. Keys that nobody can ask for are left out."""
    possible = verification.askable(visit.ctx, visit.case)
    return [key for key in request.args.getlist("items") if key in possible]


def preview(visit: Visit) -> Mapping[str, Any]:
    """The mail's words, without its frame of greeting and signature."""
    wanted = request.form.getlist("items") if request.method == "POST" else chosen(visit)
    possible = verification.askable(visit.ctx, visit.case)
    wanted = [key for key in wanted if key in possible]
    until = {"until": visit.ctx.now + visit.ctx.limits.owner_answer}
    if not wanted:
        return until
    language = visit.case.language
    with i18n.spoken_in(language):
        words = notice_facts.words(_source(visit, wanted), language)
        template = notices.template_name(NOTICE, "requester", language)
        said = notices.ENVIRONMENT.get_template(template).render(words).strip()
    subject, _, body = said.partition("\n")
    return {**until, "subject": subject, "body": body.strip()}


def _source(visit: Visit, wanted: list[str]) -> Source:
    ctx, case = visit.ctx, visit.case
    now = audit.timestamp(ctx.now)
    params = {
        "links": {"status": "…"},
        "at": now,
        "status": case.status,
        "proven": case.proven_by is not None,
        "items": wanted,
        "until": audit.timestamp(ctx.now + ctx.limits.owner_answer),
    }
    # never added to the session: only the mail's words are wanted
    row = OutboxRow(kind="mail", notice=NOTICE, language=case.language, case_id=case.id, created_at=ctx.now)
    return Source(ctx, db.runtime().settings, row, params, "requester", case, None, False)
