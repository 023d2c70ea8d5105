"""The pages of a call-back: having the registered number called, also once more by the second person, and its conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from admin.acts import ActPage, Visit, hard_blockers
from admin.contact_choice import contact_form
from admin.evidence_form import note_field, result_field
from admin.forms import DeskForm, built, sent_version
from portal import labels
from portal.casework import bridges, call_checks, desk_phone, phones, talks
from portal.casework.context import Refused
from portal.domain.lifecycle import Act
from portal.domain.methods import METHODS
from portal.models import PhoneCall

HOW = _l(
    "Have the owner open the status page first. The digits to key in are shown there and nowhere else, "
    "and nobody may read them out."
)


def may_repeat_call(visit: Visit) -> bool:
    """Whether this person could repeat the call-back as the second one: only for a removal, and only a lead."""
    if visit.case.decision != "remove" or hard_blockers(visit.ctx, visit.case, Act.REPEAT_CHECK):
        return False
    return phones.can_call(visit.ctx, visit.case)


def _about(visit: Visit) -> Mapping[str, Any]:
    """Where nobody can be called, that is all there is to say; else whether the call leads to whoever places it."""
    try:
        phones.require(visit.ctx, visit.case)
    except Refused as refused:
        return {"blockers": [labels.word("refusal", refused.reason)]}
    return {"has_desk_phone": desk_phone.has_one(visit.ctx)}


def _call_back(visit: Visit, form: DeskForm) -> str:
    call_checks.call_back(visit.ctx, visit.case.id, form["contact"].data, version=sent_version())
    return _to_checks(visit, "call_placed")


def _repeat_call(visit: Visit, form: DeskForm) -> str:
    call_checks.repeat_call(visit.ctx, visit.case.id, form["contact"].data, version=sent_version())
    return _to_checks(visit, "call_placed")


def _to_checks(visit: Visit, said: str) -> str:
    return url_for("case.page", case_id=visit.case.id, said=said, _anchor="checks")


def _talk_form(visit: Visit) -> DeskForm:
    talks.own_call(visit.ctx, visit.case, visit.item)
    return built(("result", result_field(METHODS["H3"])), ("note", note_field()))


def _about_talk(visit: Visit) -> Mapping[str, Any]:
    call: PhoneCall = talks.own_call(visit.ctx, visit.case, visit.item)
    if talks.is_recorded(visit.ctx, visit.case, call):
        return {"blockers": [labels.word("refusal", "already_recorded")]}
    return {"length": bridges.length(bridges.seconds(call))}


def _record(visit: Visit, form: DeskForm) -> str:
    result, note = form["result"].data, form["note"].data or ""
    talks.record_result(visit.ctx, visit.case.id, visit.item, result, note=note, version=sent_version())
    return _to_checks(visit, "recorded")


def _place(act: Act, title: Any, do: Callable[[Visit, DeskForm], str]) -> ActPage:
    return ActPage(
        act,
        title,
        do,
        "call_placed",
        form=contact_form("phone"),
        more=_about,
        template="call",
        lead=HOW,
        button=_l("Call the registered number"),
    )


def _talk(act: Act) -> ActPage:
    return ActPage(
        act,
        _l("Result of the conversation"),
        _record,
        "recorded",
        form=_talk_form,
        more=_about_talk,
        template="talk",
        button=_l("Save result"),
    )


PAGES: Mapping[str, ActPage] = {
    "call": _place(Act.SEND_CHALLENGE, labels.TABLES["method"]["H3"], _call_back),
    "repeat_call": _place(Act.REPEAT_CHECK, _l("Repeat the call to the number on record"), _repeat_call),
    "talk": _talk(Act.RECORD_CHECK),
    "repeat_talk": _talk(Act.REPEAT_CHECK),
}
