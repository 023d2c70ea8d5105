"""The pages of a removal: what will go, starting it with a fresh code, the steps people do by hand, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from flask import Response, render_template, request, url_for
from flask_admin import expose
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from sqlalchemy import select

from admin import case_view
from admin.acts import AT_WORK, ActPage, ActView, Visit, case_on_desk, hard_blockers
from admin.base import ctx
from admin.case_checks import names_of
from admin.decision_pages import device_words
from admin.forms import DeskForm, built, code_field, sent_version, tick_field
from portal import labels
from portal.casework import deactivation
from portal.casework.context import Context, NotFound, Refused
from portal.connectors.runbook import STEPS, waiting_steps
from portal.domain.lifecycle import Act, Status
from portal.models import Account, Case, Removal, RunbookStep


@dataclass(frozen=True)
class Step:
    """One step of a runbook as the page shows it."""

    key: str
    item: str  # how an address names it
    done_by: str = ""
    done_at: datetime | None = None
    attested_by: str = ""
    attested_at: datetime | None = None
    own: bool = False
    waits: bool = False  # nobody may do it before an earlier one is confirmed


# What the page of the result says after a step.
SAID: Mapping[str, LazyString] = {
    "done": _l("The step is saved. A different person must confirm it."),
    "attested": _l("The step is done and confirmed."),
}


def _execute_form(_visit: Visit) -> DeskForm:
    seen = tick_field(
        _l("I have checked what will happen"), _l("Confirm that you have checked what will happen")
    )
    return built(("seen", seen), ("code", code_field()))


def _what_goes(visit: Visit) -> Mapping[str, Any]:
    """Account, devices as they are at this moment, the wait that is over, and who agreed."""
    ctx_, case = visit.ctx, visit.case
    account = ctx_.session.get_one(Account, case.account_id)
    seen = deactivation.dry_run(ctx_, case)
    names = (case_view.person_name(ctx_, case.proposer_id), case_view.person_name(ctx_, case.approver_id))
    return {
        "account": account,
        "chosen": [device_words(device) for device in seen.chosen],
        "kept": [device_words(device) for device in seen.kept],
        "gone": seen.gone,
        "missing": seen.missing,
        "signed_in_since": seen.signed_in_since,
        "approvers": gettext(", ").join(name for name in names if name),
        "by_hand": case_view.by_hand(ctx_, case),
    }


def _execute(visit: Visit, form: DeskForm) -> str:
    case_id = visit.case.id
    try:
        after = deactivation.execute(visit.ctx, case_id, code=form["code"].data, version=sent_version())
    except Refused:
        if _is_under_way(visit):
            return _outcome_url(case_id)
        raise
    if after is Status.EXECUTING:
        return _outcome_url(case_id)
    return url_for("case.page", case_id=case_id, said="voided")


def _outcome_url(case_id: str) -> str:
    """The page of the result, where whoever listens to it begins with the outcome."""
    return url_for("removals.result", case_id=case_id, _anchor="outcome")


def _is_under_way(visit: Visit) -> bool:
    """Whether this person has started it already: a second press gets the outcome of the first."""
    case = case_on_desk(visit.ctx, visit.case.id)
    started = case.status in {Status.EXECUTING, Status.DEACTIVATED}
    return started and case.executor_id == visit.ctx.actor.person_id


def _step(visit: Visit) -> tuple[Removal, str]:
    """The step that the address names: an attempt row and a step of the runbook."""
    removal_id, _, step = visit.item.partition(":")
    removal = visit.ctx.session.get(Removal, removal_id)
    if removal is None or removal.case_id != visit.case.id or step not in STEPS:
        raise NotFound()
    return removal, step


def _step_title(visit: Visit) -> Mapping[str, Any]:
    return {"title": labels.word("runbook_step", _step(visit)[1])}


def _before_doing(visit: Visit) -> Mapping[str, Any]:
    """The step's name, and why it has to wait, in place of its button."""
    removal, step = _step(visit)
    waits = step in waiting_steps(visit.ctx.session, removal.id)
    blocked = {"blockers": [labels.word("refusal", "sign_ins_unchecked")]} if waits else {}
    return {**_step_title(visit), **blocked}


def _attest_form(_visit: Visit) -> DeskForm:
    return built(("code", code_field()))


def _do(visit: Visit, _form: DeskForm) -> str:
    removal, step = _step(visit)
    deactivation.confirm_step(visit.ctx, visit.case.id, removal.id, step)
    return _at_step(visit, step, "done")


def _attest(visit: Visit, form: DeskForm) -> str:
    removal, step = _step(visit)
    deactivation.attest_step(visit.ctx, visit.case.id, removal.id, step, code=form["code"].data)
    return _at_step(visit, step, "attested")


def _at_step(visit: Visit, step: str, said: str) -> str:
    return url_for("removals.result", case_id=visit.case.id, said=said, _anchor=f"step-{step}")


class RemovalsView(ActView):
    """Everybody at work may start what two others have agreed to, when its time has come."""

    roles = AT_WORK
    pages: ClassVar[Mapping[str, ActPage]] = {
        "execute": ActPage(
            Act.EXECUTE,
            _p("page", "Deactivate MFA"),
            _execute,
            "removal",
            form=_execute_form,
            more=_what_goes,
            template="execute",
            button=labels.TABLES["act"]["execute"],
            button_look="warning",
        ),
        "do": ActPage(
            Act.CONFIRM_STEP,
            labels.TABLES["act"]["confirm_step"],
            _do,
            "step",
            more=_before_doing,
            lead=_l("Confirm only what you have done yourself in the other system."),
            button=labels.TABLES["act"]["confirm_step"],
        ),
        "attest": ActPage(
            Act.ATTEST_STEP,
            labels.TABLES["act"]["attest_step"],
            _attest,
            "step",
            form=_attest_form,
            more=_step_title,
            lead=_l("Look at the other system yourself before you confirm."),
            button=labels.TABLES["act"]["attest_step"],
        ),
    }

    @expose("/<case_id>/result")
    def result(self, case_id: str) -> Response:
        case = case_on_desk(ctx(), case_id)
        rows = deactivation.removals_of(ctx(), case)
        hand = case_view.by_hand(ctx(), case)
        steps = _steps(ctx(), rows) if hand else {}
        html = render_template(
            "staff/removal.html",
            case=case,
            outcome=outcome_of(case, rows, by_hand=hand),
            by_hand=hand,
            devices=[_attempt(case, row, steps.get(row.id, [])) for row in rows],
            can_work=not hard_blockers(ctx(), case, Act.CONFIRM_STEP),
            said=SAID.get(request.args.get("said", "")),
            case_url=url_for("case.page", case_id=case_id),
        )
        return Response(html, mimetype="text/html")


def outcome_of(case: Case, rows: Sequence[Removal], *, by_hand: bool) -> str:
    """done, running, steps (that people do), stopped, partly, failed, or none where no removal of this round has begun."""
    gone = [row for row in rows if row.state == "confirmed"]
    if case.deactivated_at is not None:
        return "done"
    if case.status == Status.EXECUTING:
        return "steps" if by_hand else "running"
    if not rows:
        return "none"
    if case.status == Status.FROZEN:
        return "stopped"
    return "partly" if gone else "failed"


def _attempt(case: Case, row: Removal, steps: Sequence[Step]) -> dict[str, Any]:
    device = next((one for one in case.devices if one["id"] == row.device_id), None)
    return {"row": row, "device": device_words(device) if device else row.device_id, "steps": steps}


def _steps(ctx_: Context, rows: Sequence[Removal]) -> dict[str, list[Step]]:
    """The runbook of each attempt with what is done and attested, and by whom. One's own step is attested by somebody else."""
    query = select(RunbookStep).where(RunbookStep.removal_id.in_([row.id for row in rows]))
    kept = {(step.removal_id, step.step): step for step in ctx_.session.execute(query).scalars()}
    people = [person for step in kept.values() for person in (step.done_by, step.attested_by)]
    names = names_of(ctx_, people)
    waiting = {row.id: waiting_steps(ctx_.session, row.id) for row in rows}
    return {
        row.id: [
            _shown(
                ctx_,
                Step(key, f"{row.id}:{key}", waits=key in waiting[row.id]),
                kept.get((row.id, key)),
                names,
            )
            for key in STEPS
        ]
        for row in rows
    }


def _shown(ctx_: Context, step: Step, row: RunbookStep | None, names: Mapping[str, str]) -> Step:
    if row is None:
        return step
    return replace(
        step,
        done_by=names.get(row.done_by, ""),
        done_at=row.done_at,
        attested_by=names.get(row.attested_by or "", ""),
        attested_at=row.attested_at,
        own=row.done_by == ctx_.actor.person_id,
    )
