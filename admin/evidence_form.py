"""The form of one identity check: the evidence that its method writes down, the result, and a note that explains it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, StringField, TextAreaField

from admin.forms import (
    DeskForm,
    NeededForMatch,
    Printable,
    radio_field,
    sent_version,
    tick_field,
    words_for,
)
from portal import labels
from portal.casework.context import NotFound
from portal.domain.evidence import EvidenceField
from portal.domain.methods import METHODS, RESULTS, Method

# Also with slashes or dots, or with the signs for year, month and day.
DAY = re.compile("([0-9]{4})[-/.\u5e74]([0-9]{1,2})[-/.\u6708]([0-9]{1,2})\u65e5?")


def person_method(key: str, *, live: bool = False) -> Method:
    """A method that a person attests; `live` ones are those that a lead can repeat. Raises NotFound."""
    method = METHODS.get(key)
    if method is None or not method.available or method.attested != "person" or (live and not method.live):
        raise NotFound()
    return method


def check_fields(method: Method) -> list[tuple[str, Any]]:
    """The fields of one method: its evidence, the result, and the note that explains a result."""
    fields: list[tuple[str, Any]] = [(f"e_{field.key}", evidence_field(field)) for field in method.evidence]
    # made in the order of the page, which WTForms takes from here
    return [*fields, ("result", result_field(method)), ("note", note_field())]


def result_field(method: Method) -> RadioField:
    question = _l("Select the result of '%(check)s'", check=labels.TABLES["method"][method.key])
    return radio_field(_l("Result"), words_for("result", RESULTS), question)


def note_field() -> TextAreaField:
    hint = _l("Required where it did not match or could not be checked. No passwords and no codes.")
    return TextAreaField(_l("Note"), [Printable()], description=hint)


def about_check(method: Method) -> dict[str, Any]:
    """What the page says over the fields."""
    return {"title": labels.word("method", method.key), "how": labels.word("method_how", method.key)}


def check_sent(method: Method, form: DeskForm) -> dict[str, Any]:
    """What was typed, as casework takes it."""
    return {
        "method": method.key,
        "result": form["result"].data,
        "evidence": evidence_sent(method, form),
        "note": form["note"].data or "",
        "version": sent_version(),
    }


def evidence_field(field: EvidenceField) -> Any:
    """A field of the evidence. Only a match needs it, so casework judges what is missing."""
    label = labels.TABLES["evidence"][field.key]
    if field.kind == "choice":
        return radio_field(label, words_for("evidence_choice", field.choices), None)
    if field.kind == "yes":
        return tick_field(label, None)
    needed = [NeededForMatch()] if field.required else []
    hint = _l("For example 2026-04-01") if field.kind == "date" else ""
    return StringField(label, [*needed, Printable()], description=hint, render_kw={"autocomplete": "off"})


def evidence_sent(method: Method, form: DeskForm) -> dict[str, str]:
    """The evidence as text for every field, "yes" for a ticked box."""
    return {
        field.key: READ.get(field.kind, str)(form[f"e_{field.key}"].data or "") for field in method.evidence
    }


def _ticked(data: object) -> str:
    return "yes" if data else ""


def _half_width(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def day_of(text: str) -> str:
    """A day as casework wants it, from the ways in which Japanese forms write one."""
    found = DAY.fullmatch(_half_width(text))
    return f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}" if found else text


# Kinds of evidence that are typed in more ways than one.
READ: Mapping[str, Callable[[Any], str]] = {"yes": _ticked, "date": day_of, "last4": _half_width}
