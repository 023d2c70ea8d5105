"""Reads what a draft keeps: as the record that casework takes, and as the rows of "check your answers"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from portal import contact, labels
from portal.casework.intake import OwnerRequest
from portal.domain.languages import LANGUAGES
from portal.public import fields, steps
from portal.public.forms import ConsentForm
from portal.public.steps import Said, Step
from portal.public.visit import typed


def request_of(values: Said) -> OwnerRequest:
    """The request that these answers make. Every page has been found right before."""
    said = steps.said(values)
    root = fields.email(said["account_email"]).canonical
    same = said["reply_to"] == "same"
    return OwnerRequest(
        language=said["language"],
        principal_kind=said["principal_kind"],
        account_email=root,
        account_number=_read(contact.parse_account_number, said.get("account_number")),
        name=contact.clean_name(said["name"]),
        kana=_read(fields.kana, said.get("kana") if said["language"] == "ja" else None),
        latin_name=_read(fields.latin_name, said.get("latin_name")),
        organisation=_read(contact.clean_name, _organisation(said)),
        holder_kind=said["holder_kind"],
        is_administrator=said["is_administrator"],
        reply_email=root if same else fields.email(said["reply_email"]).canonical,
        phone=contact.parse_phone(said["phone"]).e164,
        call_time=said.get("call_time") or None,
        registered_phone=said["registered_phone"],
        phone_on_device=said["phone_on_device"],
        problem=said["problem"],
        device_kind=said.get("device_kind") or None,
        theft_suspected=said["problem"] == "stolen" or said.get("theft_suspected") == "yes",
        detail=_detail(said),
        accepted=ConsentForm.VERSIONS,
        triage=_triage(values),
    )


def _read(parser: Callable[[str], str], text: str | None) -> str | None:
    return parser(text) if text and text.strip() else None


def _organisation(said: Said) -> str | None:
    return said.get("organisation") if said["holder_kind"] == "company" else None


def _detail(said: Said) -> str | None:
    """What happened in their own words: the few of "something else", and the description."""
    other = said.get("problem_other", "").strip() if said["problem"] == "other" else ""
    parts = [part for part in (other, fields.free_text(said.get("detail", ""))) if part]
    return "\n\n".join(parts) or None


def _triage(values: Said) -> dict[str, str]:
    outcome = steps.outcome_of(values)
    found = {"outcome": outcome.key, "why": outcome.why} if outcome else {}
    return {**steps.triage_answers(values), **found, **steps.failed_of(values)}


@dataclass(frozen=True)
class Row:
    """One line of the page: what was asked, what was said, and what its "change" link names."""

    field: str
    name: LazyString
    shown: Callable[[Said, str], Markup | str]


def _typed(said: Said, field: str) -> Markup | str:
    return typed(said.get(field, "").strip()) or _("Not provided")


def _chosen(kind: str) -> Callable[[Said, str], str]:
    return lambda said, field: labels.word(kind, said[field]) if said.get(field) else _("Not provided")


def _language(said: Said, field: str) -> Markup:
    key = said[field]
    return Markup('<span lang="{}">{}</span>').format(key, LANGUAGES[key].native_name)


def _organisation_shown(said: Said, field: str) -> Markup | str:
    kind = labels.word("holder_kind", said[field])
    name = typed((_organisation(said) or "").strip())
    return Markup("{}<br>{}").format(kind, name) if name else kind


def _reply(said: Said, field: str) -> Markup | str:
    return _email(said, "account_email" if said[field] == "same" else "reply_email")


def _yes_no(said: Said, field: str) -> str:
    return str({"yes": _l("Yes"), "no": _l("No")}[said[field]])


def _email(said: Said, field: str) -> Markup | str:
    return _as_typed(said[field], fields.email(said[field]).display)


def _number(said: Said, field: str) -> Markup | str:
    text = said.get(field, "").strip()
    return _as_typed(text, contact.parse_account_number(text)) if text else _("Not provided")


def _as_typed(text: str, understood: str) -> Markup | str:
    """What was typed, and below it how it was understood, where that looks different."""
    if text.strip() == understood:
        return typed(understood)
    return Markup('{}<span class="summary__note">{}</span>').format(typed(text.strip()), understood)


def _phone(said: Said, field: str) -> Markup:
    called = _("We will call %(number)s", number=contact.parse_phone(said[field]).display)
    return Markup('{}<span class="summary__note">{}</span>').format(typed(said[field].strip()), called)


def _problem(said: Said, field: str) -> Markup | str:
    kind = labels.word("reason", said[field])
    other = said.get("problem_other", "") if said[field] == "other" else ""
    return Markup("{}<br>{}").format(kind, typed(other.strip())) if other else kind


ROWS: tuple[Row, ...] = (
    Row("language", _l("language for contact"), _language),
    Row("principal_kind", _l("user"), _chosen("principal_kind")),
    Row("account_email", _l("root user email address"), _email),
    Row("account_number", _l("AWS account ID"), _number),
    Row("name", _l("full name"), _typed),
    Row("kana", _l("name reading"), _typed),
    Row("latin_name", _l("name in Latin letters"), _typed),
    Row("holder_kind", _l("holder of the account"), _organisation_shown),
    Row("is_administrator", _l("administrator"), _chosen("is_administrator")),
    Row("reply_to", _l("address for updates"), _reply),
    Row("phone", _l("phone number"), _phone),
    Row("call_time", _l("time to call"), _chosen("call_time")),
    Row("registered_phone", _l("answer about the registered phone"), _chosen("registered_phone")),
    Row("problem", _l("what happened"), _problem),
    Row("phone_on_device", _l("answer about the number on the device"), _chosen("phone_on_device")),
    Row("device_kind", _l("kind of device"), _chosen("device_kind")),
    Row("theft_suspected", _l("answer about theft"), _yes_no),
    Row("detail", _l("description"), _typed),
)
_BY_FIELD: Mapping[str, Row] = {row.field: row for row in ROWS}


@dataclass(frozen=True)
class Shown:
    """A row ready for the page."""

    field: str
    question: str
    answer: Markup | str
    name: str
    step: Step


def rows(said: Said) -> list[Shown]:
    """All answers in the order of the form; questions that were not called for are left out."""
    return [
        Shown(
            field.name,
            str(field.label.text),
            _BY_FIELD[field.name].shown(said, field.name),
            str(_BY_FIELD[field.name].name),
            step,
        )
        for step in steps.asked(said)
        for field in step.filled(said)
        if field.name in _BY_FIELD
    ]
