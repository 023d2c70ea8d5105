"""The pages of an identity check: who has the case, what was checked, what the owner is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

from admin import asking, call_pages
from admin.acts import AT_WORK, ActPage, ActView, Visit
from admin.case_checks import names_of
from admin.contact_choice import contact_form, none_of
from admin.evidence_form import about_check, check_fields, check_sent, person_method
from admin.forms import (
    DeskForm,
    built,
    choices,
    code_field,
    radio_field,
    reason_field,
    select_field,
    sent_version,
    words_for,
)
from portal import labels
from portal.casework import proofs, telling, verification
from portal.casework.context import NotFound
from portal.casework.facts import facts_of
from portal.casework.verification import check_of
from portal.choices import SelectChoice
from portal.domain.lifecycle import PRESSURE_MARKERS, Act, Role
from portal.models import Person

REASON = _l("Enter a reason.")


# who has the case


def _claim(visit: Visit, _form: DeskForm) -> None:
    verification.claim(visit.ctx, visit.case.id, version=sent_version())


def _release(visit: Visit, _form: DeskForm) -> None:
    verification.release(visit.ctx, visit.case.id, version=sent_version())


def _take_over_form(_visit: Visit) -> DeskForm:
    return built(("reason", reason_field(_l("Reason"), REASON)))


def _take_over_from(visit: Visit) -> Mapping[str, Any]:
    holder = visit.ctx.session.get(Person, visit.case.holder_id) if visit.case.holder_id else None
    return {"title": gettext("Take over from %(name)s", name=holder.name)} if holder else {}


def _take_over(visit: Visit, form: DeskForm) -> None:
    verification.take_over(visit.ctx, visit.case.id, form["reason"].data, version=sent_version())


def _reassign_form(visit: Visit) -> DeskForm:
    people = [SelectChoice("", _l("Select a person")), *choices(_possible_holders(visit))]
    return built(("person", select_field(_l("Assignee"), people, _l("Select an assignee"))))


def _possible_holders(visit: Visit) -> list[tuple[str, str]]:
    """Verifiers without another part in the case. What else bars somebody, casework says when they are selected."""
    ids = {staff.person_id for staff in telling.staff_with(visit.ctx, Role.VERIFIER)}
    parties = facts_of(visit.ctx, visit.case).parties
    barred = {person for person, party in parties.items() if party.part != "verifier" or party.excluded}
    names = names_of(visit.ctx, ids - barred)
    return sorted(names.items(), key=lambda pair: pair[1])


def _reassign(visit: Visit, form: DeskForm) -> None:
    verification.reassign(visit.ctx, visit.case.id, form["person"].data, version=sent_version())


# what was checked


def _check_form(visit: Visit) -> DeskForm:
    return built(*check_fields(person_method(visit.item)))


def _about_check(visit: Visit) -> Mapping[str, Any]:
    return about_check(person_method(visit.item))


def _record(visit: Visit, form: DeskForm) -> None:
    sent = check_sent(person_method(visit.item), form)
    verification.record_check(visit.ctx, visit.case.id, **sent)


def _mailbox(visit: Visit, form: DeskForm) -> None:
    proofs.send_mailbox_link(visit.ctx, visit.case.id, form["contact"].data, version=sent_version())


def _letter(visit: Visit, form: DeskForm) -> None:
    proofs.post_letter(visit.ctx, visit.case.id, form["contact"].data, version=sent_version())


def _witness_form(visit: Visit) -> DeskForm:
    if check_of(visit.ctx, visit.case, visit.item).method != "W3":
        raise NotFound()
    return built(("code", code_field()))


def _witness(visit: Visit, form: DeskForm) -> None:
    verification.witness(visit.ctx, visit.case.id, visit.item, form["code"].data)


def _pressure_form(_visit: Visit) -> DeskForm:
    marker = radio_field(
        _l("What did you notice?"), words_for("pressure", PRESSURE_MARKERS), _l("Select what you noticed.")
    )
    return built(("marker", marker))


def _pressure(visit: Visit, form: DeskForm) -> None:
    verification.mark_pressure(visit.ctx, visit.case.id, form["marker"].data, version=sent_version())


# what the owner is asked for


def _end_asking(visit: Visit, _form: DeskForm) -> None:
    verification.end_asking(visit.ctx, visit.case.id, version=sent_version())


def _title(act: Act) -> Any:
    return labels.TABLES["act"][act]


class ChecksView(ActView):
    """Verifiers check; leads reassign; everybody at work may mark pressure. The life-cycle says who may do what."""

    roles = AT_WORK
    pages: ClassVar[Mapping[str, ActPage]] = {
        "claim": ActPage(Act.CLAIM, _title(Act.CLAIM), _claim, "claimed"),
        "release": ActPage(Act.RELEASE, _title(Act.RELEASE), _release, "released"),
        "take_over": ActPage(
            Act.TAKE_OVER,
            _title(Act.TAKE_OVER),
            _take_over,
            "taken_over",
            form=_take_over_form,
            more=_take_over_from,
        ),
        "reassign": ActPage(
            Act.REASSIGN,
            _title(Act.REASSIGN),
            _reassign,
            "reassigned",
            form=_reassign_form,
            button=_l("Save"),
        ),
        "record": ActPage(
            Act.RECORD_CHECK,
            _title(Act.RECORD_CHECK),
            _record,
            "recorded",
            form=_check_form,
            more=_about_check,
            template="record_check",
            button=_l("Save result"),
        ),
        "mailbox": ActPage(
            Act.SEND_CHALLENGE,
            labels.TABLES["method"]["H1"],
            _mailbox,
            "link_sent",
            form=contact_form("email"),
            more=none_of("email"),
            lead=_l("The link goes to an address of the register, never to one that was typed."),
            button=_l("Send the link"),
        ),
        "letter": ActPage(
            Act.SEND_CHALLENGE,
            labels.TABLES["method"]["H4"],
            _letter,
            "letter_made",
            form=contact_form("post"),
            more=none_of("post"),
            lead=labels.TABLES["method_how"]["H4"],
            button=_l("Make the letter"),
        ),
        "witness": ActPage(
            Act.WITNESS_CHECK,
            _title(Act.WITNESS_CHECK),
            _witness,
            "witnessed",
            form=_witness_form,
            lead=_l("You saw the person and the photo ID yourself, together with your colleague."),
        ),
        "pressure": ActPage(
            Act.MARK_PRESSURE,
            _title(Act.MARK_PRESSURE),
            _pressure,
            "pressure",
            form=_pressure_form,
            lead=_l("Marking it raises the tier of this case and of later ones. It never blocks anybody."),
        ),
        "ask": ActPage(
            Act.ASK_OWNER,
            _title(Act.ASK_OWNER),
            asking.ask,
            "asked",
            form=asking.form,
            more=asking.preview,
            template="ask",
            button=_p("act", "Ask the owner for more"),
        ),
        **call_pages.PAGES,
        "end_asking": ActPage(Act.END_ASKING, _title(Act.END_ASKING), _end_asking, "asking_ended"),
    }
