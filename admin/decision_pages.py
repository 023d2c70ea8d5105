"""The pages of a decision: one person proposes, a second one judges what was checked and agrees, declines or sends back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from flask import url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from sqlalchemy import select
from wtforms import Form, TextAreaField
from wtforms.validators import StopValidation

from admin import case_checks, case_view
from admin.acts import AT_WORK, ActPage, ActView, Visit, hard_blockers
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
from portal import contact, i18n, labels
from portal.casework import approval, registry
from portal.casework.devices import devices_of
from portal.casework.facts import facts_of, profile_of, verdict_of
from portal.connectors import Device
from portal.domain import policy
from portal.domain.lifecycle import DECLINE_REASONS, Act
from portal.domain.methods import METHODS
from portal.domain.names import mask_name
from portal.models import Account, Case, CheckOpening, IdentityCheck, SubjectKey

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
        "summary": summary_of(visit),
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


Line = tuple[str, str, bool]  # a name, a text, and whether it is an owner's text that is partly hidden


def summary_of(visit: Visit) -> list[Line]:
    """What is decided about: account, holder and claimed name beside each other, tier and wait, who checked."""
    ctx, case = visit.ctx, visit.case
    account = ctx.session.get(Account, case.account_id) if case.account_id else None
    verdict = verdict_of(ctx, case)
    hours = policy.waiting_hours(policy.Tier(case.tier), verdict.set_key, ctx.limits, everyone_reached=True)
    why = gettext(", ").join(labels.word("tier_reason", reason) for reason in case.tier_reasons)
    lines = [
        (gettext("AWS account ID"), account.number if account else gettext("Not in the register"), False),
        *_persons(visit, account),
        (gettext("Tier"), labels.word("tier", case.tier), False),
        (gettext("Why this tier"), why, False),
        (gettext("Waiting period"), i18n.duration(timedelta(hours=hours)), False),
        (gettext("Set of checks"), labels.word("policy_set", case.policy_set or verdict.set_key), False),
        (gettext("Checked by"), case_view.person_name(ctx, case.proposer_id or case.holder_id), False),
    ]
    return [line for line in lines if line[1]]


def _persons(visit: Visit, account: Account | None) -> list[Line]:
    """The registered name and the one that was typed, both masked, whether they are the same, and where mail goes."""
    ctx, case = visit.ctx, visit.case
    registered = ctx.vault.open(ctx.session, account.subject_id, account, "name") if account else None
    typed = ctx.vault.open(ctx.session, case.subject_id, case, "name")
    reply = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email")
    agree = "match" if profile_of(ctx, case).name_matches else "mismatch"
    return [
        (gettext("Name in the register"), mask_name(registered or ""), True),
        (gettext("Name in the form"), mask_name(typed or ""), True),
        (labels.word("evidence", "name_result"), labels.word("result", agree), False),
        (gettext("Email address for updates"), contact.mask_email(reply) if reply else "", True),
        (gettext("Registered contacts"), _contacts(visit, account), True),
    ]


def _contacts(visit: Visit, account: Account | None) -> str:
    """Who will be told: an approval is for these contacts, and another one makes it void."""
    shown = registry.contacts_view(visit.ctx, account) if account else ()
    return str(gettext(", ")).join(one.masked for one in shown if one.retired_at is None)


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


def _approve(visit: Visit, form: DeskForm) -> str | None:
    code, version = form["code"].data, sent_version()
    if form["decision"].data == "agree":
        approval.approve(visit.ctx, visit.case.id, code=code, version=version)
        return None
    approval.send_back(visit.ctx, visit.case.id, form["reason"].data, code=code, version=version)
    return url_for("case.page", case_id=visit.case.id, said="sent_back")


def _judged(visit: Visit) -> Mapping[str, Any]:
    """What the second person sees: the summary, the devices, and every check with its evidence, to be opened one by one."""
    ctx, case = visit.ctx, visit.case
    # held, so that all evidence is opened with one reading of the owner's key
    _key = ctx.session.get(SubjectKey, case.subject_id)
    facts, verdict = facts_of(ctx, case), verdict_of(ctx, case)
    shown = case_checks.cards(ctx, case, facts, verdict, seen=True)
    removing = case.decision == "remove"
    return {
        "summary": summary_of(visit),
        "devices": [device_words(device) for device in case.devices],
        "verdict_words": case_checks.verdict_words(verdict),
        "checks": [card for card in shown if _stands(card.check, case)],
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
    """The live checks that this person could repeat. Only a removal needs one, and only a lead makes it."""
    if visit.case.decision != "remove" or hard_blockers(visit.ctx, visit.case, Act.REPEAT_CHECK):
        return []
    return [
        (method.key, labels.word("method", method.key))
        for method in METHODS.values()
        if method.live and method.available and method.attested == "person"
    ]


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
