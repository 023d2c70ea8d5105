"""What an identity check writes down: the kinds of field, and what each may hold.

Data minimisation is the rule here, not completeness: what no field asks for is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from portal.domain.limits import Limits

EVIDENCE_KINDS = ("text", "date", "last4", "choice", "yes")
EVIDENCE_ERRORS = (
    "required",
    "too_long",
    "not_a_choice",
    "not_a_date",
    "in_future",
    "in_past",
    "too_old",
    "not_four_characters",
    "not_ticked",
    "never_recorded",
    "not_asked_for",
)

PHOTO_DOCUMENTS = ("driving_licence", "my_number_card", "passport", "residence_card", "other_photo_document")

# Neither the number of a My Number card nor its end may be kept; only that its front side was seen.
NEVER_RECORDED = {("document_type", "my_number_card"): "document_end"}


@dataclass(frozen=True)
class EvidenceField:
    """One thing that a check records. A date lies in the past, unless `ahead`; `max_age` names a limit."""

    key: str
    kind: str = "text"
    choices: tuple[str, ...] = ()
    required: bool = True
    max_length: int = 100
    ahead: bool = False
    max_age: str | None = None


@dataclass(frozen=True)
class EvidenceError:
    """What is wrong with one field, as a key of EVIDENCE_ERRORS."""

    field: str
    error: str


def text(key: str, max_length: int = 100, *, required: bool = True) -> EvidenceField:
    """A field of one line."""
    return EvidenceField(key, max_length=max_length, required=required)


def choice(key: str, *choices: str) -> EvidenceField:
    """A field with one of a few answers."""
    return EvidenceField(key, kind="choice", choices=choices)


def yes(key: str) -> EvidenceField:
    """A step that was done: a box to tick."""
    return EvidenceField(key, kind="yes")


def evidence_errors(
    asked: Sequence[EvidenceField], values: Mapping[str, str], *, result: str, today: date, limits: Limits
) -> tuple[EvidenceError, ...]:
    """Say what is wrong with the evidence of a check, field by field, in the order asked.

    Only a match needs all of it: a check that failed half-way has a note instead.
    """
    forbidden = {field for (key, value), field in NEVER_RECORDED.items() if values.get(key) == value}
    errors = []
    for field in asked:
        value = values.get(field.key, "").strip()
        error = _error(field, value, today, limits) if value else None
        if field.key in forbidden:
            error = "never_recorded" if value else None
        elif not value and field.required and result == "match":
            error = "not_ticked" if field.kind == "yes" else "required"
        if error:
            errors.append(EvidenceError(field.key, error))
    known = {field.key for field in asked}
    surplus = (key for key, value in values.items() if value.strip() and key not in known)
    return (*errors, *(EvidenceError(key, "not_asked_for") for key in surplus))


def needs_note(result: str) -> bool:
    """Whether a result has to be explained in words."""
    return result != "match"


def _error(field: EvidenceField, value: str, today: date, limits: Limits) -> str | None:
    if len(value) > field.max_length:
        return "too_long"
    return _KINDS[field.kind](field, value, today, limits)


def _date_error(field: EvidenceField, value: str, today: date, limits: Limits) -> str | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return "not_a_date"
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return "not_a_date"
    if field.ahead:
        return "in_past" if day < today else None
    if day > today:
        return "in_future"
    oldest: timedelta | None = getattr(limits, field.max_age) if field.max_age else None
    return "too_old" if oldest is not None and today - day > oldest else None


def _last4_error(field: EvidenceField, value: str, today: date, limits: Limits) -> str | None:
    return None if re.fullmatch(r"[0-9A-Za-z]{4}", value) else "not_four_characters"


def _choice_error(field: EvidenceField, value: str, today: date, limits: Limits) -> str | None:
    return None if value in field.choices else "not_a_choice"


def _yes_error(field: EvidenceField, value: str, today: date, limits: Limits) -> str | None:
    return None if value == "yes" else "not_ticked"


def _text_error(field: EvidenceField, value: str, today: date, limits: Limits) -> str | None:
    return None


_KINDS: Mapping[str, Callable[[EvidenceField, str, date, Limits], str | None]] = {
    "text": _text_error,
    "date": _date_error,
    "last4": _last4_error,
    "choice": _choice_error,
    "yes": _yes_error,
}
