"""The pages of a hold: a lead proposes how it ends, and a person who has had no part in the case agrees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l

from admin import case_view, judging
from admin.acts import AT_WORK, ActPage, ActView, Visit
from admin.forms import DeskForm, built, code_field, radio_field, reason_field, sent_version, words_for
from admin.safety_pages import CHANNELS, said_by
from portal import labels
from portal.casework import objection, safety, second_look
from portal.casework.facts import facts_of
from portal.domain.lifecycle import Act, fitting_outcomes


def _propose_form(visit: Visit) -> DeskForm:
    outcome = radio_field(
        _l("How to go on"),
        words_for("unfreeze", fitting_outcomes(facts_of(visit.ctx, visit.case))),
        _l("Select how to go on"),
    )
    hint = _l("For your colleagues. The owner does not see it.")
    return built(("outcome", outcome), ("reason", reason_field(_l("Reason"), _l("Enter a reason."), hint)))


def _propose(visit: Visit, form: DeskForm) -> None:
    objection.propose_unfreeze(
        visit.ctx, visit.case.id, form["outcome"].data, form["reason"].data, version=sent_version()
    )


def _agree_form(_visit: Visit) -> DeskForm:
    return built(("code", code_field()))


def _both_sides(visit: Visit) -> Mapping[str, Any]:
    """Who says that it was not them, and what the request rests on: neither is to be judged without the other."""
    case, _keys = visit.case, judging.held(visit)
    return {
        "objections": [
            (said_by(one), CHANNELS.get(one.row.channel, one.row.channel), one.row.at)
            for one in safety.objections_of(visit.ctx, case)
        ],
        "request_lines": judging.summary_of(visit),
        "proofs": judging.proofs(visit),
        "rivals": second_look.rivals(visit.ctx, case),
    }


def _proposed(visit: Visit) -> Mapping[str, Any]:
    ctx, case = visit.ctx, visit.case
    return {
        **_both_sides(visit),
        "proposal": labels.word("unfreeze", case.unfreeze) if case.unfreeze else "",
        "proposer": case_view.person_name(ctx, case.unfreeze_proposer_id),
        "reasons": case_view.written_reasons(ctx, case),
    }


def _agree(visit: Visit, form: DeskForm) -> None:
    objection.agree_unfreeze(visit.ctx, visit.case.id, code=form["code"].data, version=sent_version())


class FreezesView(ActView):
    """Leads propose, an approver or another lead agrees."""

    roles = AT_WORK
    pages: ClassVar[Mapping[str, ActPage]] = {
        "propose": ActPage(
            Act.PROPOSE_UNFREEZE,
            labels.TABLES["act"]["propose_unfreeze"],
            _propose,
            "unfreeze_proposed",
            form=_propose_form,
            more=_both_sides,
            template="freeze",
            shows=True,
            lead=_l("Speak to the person who objected first, at a contact of the register."),
        ),
        "agree": ActPage(
            Act.AGREE_UNFREEZE,
            labels.TABLES["act"]["agree_unfreeze"],
            _agree,
            "decided",
            form=_agree_form,
            more=_proposed,
            template="freeze",
            shows=True,
        ),
    }
