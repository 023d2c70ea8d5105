"""The pages of a decision: one person proposes, a second one judges what was checked and agrees, declines or sends back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import Response, render_template, request, url_for
from flask_admin import expose
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from sqlalchemy import select
from wtforms import Form, TextAreaField
from wtforms.validators import StopValidation

from admin import call_pages, case_checks, case_view, judging
from admin.acts import AT_WORK, ActPage, ActView, Visit, case_on_desk, hard_blockers
from admin.base import ctx
from admin.case_story import Changed, actor_words
from admin.evidence_form import about_check, check_fields, check_sent, person_method
from admin.forms import (
    DeskForm,
    Printable,
    boxes_field,
    built,
    choices,
    code_field,
    radio_field,
    sent_version,
    words_for,
)
from portal import labels
from portal.casework import approval, lookup, second_look
from portal.casework.devices import devices_of
from portal.casework.facts import facts_of, verdict_of
from portal.connectors import Device
from portal.domain.audit_tags import ACT_TAGS
from portal.domain.lifecycle import DECLINE_REASONS, Act
from portal.domain.methods import METHODS
from portal.models import Case, CheckOpening, IdentityCheck

KNOWN_KINDS = frozenset(labels.TABLES["device_kind"]) - {"unknown"}
AGREE = {"remove": Act.APPROVE, "decline": Act.APPROVE_DECLINE}


def device_words(device: Device | Mapping[str, Any]) -> str:
    """A device as its holder knows it: its name, kind, and the end of its serial number."""
    known = device if isinstance(device, Mapping) else vars(device)
    more = []
    if known["kind"] in KNOWN_KINDS:
        more.append(labels.word("device_kind", known["kind"]))
    if known["serial_end"]:
        more.append(gettext("serial number ends in %(end)s", end=known["serial_end"]))
    words: str = known["label"]
    return gettext("%(device)s (%(more)s)", device=words, more=gettext(", ").join(more)) if more else words


# the first person


def _propose_form(visit: Visit) -> DeskForm:
    shown = devices_of(visit.ctx, visit.case)
    devices = boxes_field(
        _l("MFA devices to deactivate"),
        choices((device.id, device_words(device)) for device in shown),
        _l("Select the MFA device to deactivate."),
        _l("These are the devices that the account has at this moment. Nothing is changed by looking."),
    )
    return built(("devices", devices))


def _proposal(visit: Visit) -> Mapping[str, Any]:
    if not devices_of(visit.ctx, visit.case):
        return {"blockers": [gettext("The account has no MFA device at this moment.")]}
    return {
        "summary": judging.summary_of(visit),
        "verdict_words": case_checks.verdict_words(verdict_of(visit.ctx, visit.case)),
    }


def _propose(visit: Visit, form: DeskForm) -> None:
    approval.propose_removal(visit.ctx, visit.case.id, form["devices"].data, version=sent_version())


def _decline_form(_visit: Visit) -> DeskForm:
    missing = _l("Select the reason to give the owner")
    reasons = words_for("decline_reason", DECLINE_REASONS)
    return built(("reason", radio_field(_l("Reason to give the owner"), reasons, missing)))


def _propose_decline(visit: Visit, form: DeskForm) -> None:
    approval.propose_decline(visit.ctx, visit.case.id, form["reason"].data, version=sent_version())


# the second person


class ReasonIf:
    """A reason is needed for one of the decisions only."""

    def __init__(self, decision: str, words: Any) -> None:
        self.decision, self.words = decision, words

    def __call__(self, form: Form, field: TextAreaField) -> None:
        if form["decision"].data == self.decision and not (field.data or "").strip():
            raise StopValidation(str(self.words))


def _approve_form(visit: Visit) -> DeskForm:
    declining = visit.case.decision == "decline"
    agree = _p("act", "Decline") if declining else _p("act", "Approve")
    missing = _l("Select decline or send back") if declining else _l("Select approve or send back")
    decision = radio_field(
        _l("Decision"),
        choices((("agree", agree), ("send_back", _p("act", "Send back")))),
        missing,
    )
    why = ReasonIf("send_back", _l("Enter a reason for sending back"))
    reason = TextAreaField(_l("Reason for sending back"), [why, Printable()])
    return built(("decision", decision), ("reason", reason), ("code", code_field()))


def _approve(visit: Visit, form: DeskForm) -> str:
    code, version, case_id = form["code"].data, sent_version(), visit.case.id
    if form["decision"].data == "agree":
        approval.approve(visit.ctx, case_id, code=code, version=version)
        return url_for("decisions.decided", case_id=case_id, said="decided")
    approval.send_back(visit.ctx, case_id, form["reason"].data, code=code, version=version)
    return url_for("decisions.decided", case_id=case_id, said="sent_back")


def _judged(visit: Visit) -> Mapping[str, Any]:
    """What the second person sees: all there is to judge by, the devices, and every check, to be opened one by one."""
    ctx, case = visit.ctx, visit.case
    _keys = judging.held(visit)
    facts, verdict = facts_of(ctx, case), verdict_of(ctx, case)
    blind, removing = approval.is_blind(ctx, case, facts), case.decision == "remove"
    shown = case_checks.cards(ctx, case, facts, verdict, seen=True)
    standing = [card for card in shown if _stands(card.check, case)]
    return {
        **judging.in_full(visit, verdict, standing),
        "devices": [device_words(device) for device in case.devices],
        "checks": judging.without_notes(standing, ctx.actor.person_id) if blind else standing,
        "reasons": [] if blind else case_view.written_reasons(ctx, case),
        "blind": blind,
        "opened": _opened(visit),
        "unopened": bool(facts.checks_unopened) and removing,
        "repeat_missing": facts.repeat_missing and removing,
        "repeatable": _repeatable(visit),
        "in_the_way": _in_the_way(visit),
        "decline_reason": labels.word("decline_reason", case.decision_reason) if case.decision_reason else "",
    }


def _in_the_way(visit: Visit) -> list[str]:
    """Why this person cannot agree, while they may still send the case back."""
    agree = AGREE[visit.case.decision or "remove"]
    return [labels.word("refusal", reason) for reason in hard_blockers(visit.ctx, visit.case, agree)]


def _stands(check: IdentityCheck, case: Case) -> bool:
    return check.round == case.round and check.voided_at is None


def _opened(visit: Visit) -> frozenset[str]:
    """The checks that this person has confirmed."""
    query = select(CheckOpening.check_id).where(
        CheckOpening.case_id == visit.case.id, CheckOpening.person_id == visit.ctx.actor.person_id
    )
    return frozenset(visit.ctx.session.execute(query).scalars())


def _repeatable(visit: Visit) -> list[tuple[str, str]]:
    """The live checks that this person could repeat, and where. Only a removal needs one, and only a lead makes it."""
    case = visit.case
    if case.decision != "remove" or hard_blockers(visit.ctx, case, Act.REPEAT_CHECK):
        return []
    found = [
        (url_for("decisions.act", case_id=case.id, key="repeat", item=method.key), method.key)
        for method in METHODS.values()
        if method.live and method.available and method.attested == "person"
    ]
    if call_pages.may_repeat_call(visit):
        found.append((url_for("checks.act", case_id=case.id, key="repeat_call"), "H3"))
    return [(address, labels.word("method", key)) for address, key in found]


def _open_check(visit: Visit, _form: DeskForm) -> str:
    approval.open_check(visit.ctx, visit.case.id, visit.item)
    address = url_for("decisions.act", case_id=visit.case.id, key="approve")
    return f"{address}#check-{visit.item}"


def _repeat_form(visit: Visit) -> DeskForm:
    return built(*check_fields(person_method(visit.item, live=True)))


def _about_repeat(visit: Visit) -> Mapping[str, Any]:
    return about_check(person_method(visit.item, live=True))


def _repeat(visit: Visit, form: DeskForm) -> str:
    sent = check_sent(person_method(visit.item, live=True), form)
    approval.repeat_check(visit.ctx, visit.case.id, **sent)
    return url_for("decisions.act", case_id=visit.case.id, key="approve")


DECISIONS = frozenset({ACT_TAGS[Act.APPROVE], ACT_TAGS[Act.APPROVE_DECLINE], ACT_TAGS[Act.SEND_BACK]})
PROPOSALS = frozenset({ACT_TAGS[Act.PROPOSE_REMOVAL], ACT_TAGS[Act.PROPOSE_DECLINE]})


def _decided_first(visit: Visit) -> Changed | None:
    """Who has decided what was proposed last, and how: the wait that followed is not what whoever comes late asks for."""
    entries = lookup.timeline(visit.ctx.session, visit.case)
    proposed = max((place for place, entry in enumerate(entries) if entry.tag in PROPOSALS), default=-1)
    decided = next((entry for entry in entries[proposed + 1 :] if entry.tag in DECISIONS), None)
    return Changed(actor_words(decided), decided.at, decided.tag) if decided else None


# What the page after a decision says.
SAID: Mapping[str, LazyString] = {
    "decided": _l("Your decision is saved, and everybody concerned is told."),
    "sent_back": _l("The case is back with the verifier."),
}


class DecisionsView(ActView):
    """Verifiers propose, approvers and leads decide; who checked a case can never decide it."""

    roles = AT_WORK
    pages: ClassVar[Mapping[str, ActPage]] = {
        "propose": ActPage(
            Act.PROPOSE_REMOVAL,
            labels.TABLES["act"]["propose_removal"],
            _propose,
            "proposed",
            form=_propose_form,
            more=_proposal,
            template="propose",
        ),
        "propose_decline": ActPage(
            Act.PROPOSE_DECLINE,
            labels.TABLES["act"]["propose_decline"],
            _propose_decline,
            "proposed",
            form=_decline_form,
            lead=_l("A different person decides. The owner is told the reason that you select."),
        ),
        "approve": ActPage(
            Act.SEND_BACK,  # whoever may send back may look; what bars from agreeing is said on the page
            _p("next", "Second approval"),
            _approve,
            "decided",
            form=_approve_form,
            more=_judged,
            template="approve",
            shows=True,
            button=_l("Confirm decision"),
            moved=_decided_first,
        ),
        "open": ActPage(Act.OPEN_CHECK, labels.TABLES["act"]["open_check"], _open_check, "opened"),
        "repeat": ActPage(
            Act.REPEAT_CHECK,
            labels.TABLES["act"]["repeat_check"],
            _repeat,
            "repeated",
            form=_repeat_form,
            more=_about_repeat,
            template="record_check",
            button=_l("Save result"),
        ),
    }

    @expose("/<case_id>/decided")
    def decided(self, case_id: str) -> Response:
        """After a decision: that it is saved, and the case that has waited longest of those that are left."""
        following = second_look.next_in_pool(ctx())
        html = render_template(
            "staff/decided.html",
            case=case_on_desk(ctx(), case_id),
            said=SAID.get(request.args.get("said", "")),
            following=following,
            case_url=url_for("case.page", case_id=case_id),
        )
        return Response(html, mimetype="text/html")
