"""The form that asks for a file: about which days, in which format, and why it has to show personal data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import Field, Form, TextAreaField

from admin.forms import (
    AskedFor,
    DayField,
    DeskForm,
    Needed,
    Printable,
    built,
    choices,
    code_field,
    radio_field,
    words_for,
)
from portal import i18n, labels, report_words, reports
from portal.casework.context import Context
from portal.casework.exports import LONGEST_PURPOSE
from portal.domain.languages import LANGUAGES
from portal.domain.periods import today
from portal.domain.reports import FILTERS, REPORTS, Asked, columns_of
from portal.export import table
from portal.models.evidence import EXPORT_FORMS
from portal.reports import WrongAsked

# What this form has no fields of its own for, and takes over from the page of the report.
KEPT = ("report", *FILTERS, "seed", "columns")
# What a link may say of a file: which rows, and never that personal data is wanted or what for.
LINKED = (*KEPT, "period", "start", "end", "basis")
MASKED, SHOWN = "masked", "shown"
PERSONAL = {MASKED: _l("Mask personal data"), SHOWN: _l("Include personal data")}
NOT_OFFERED = _l("Select one of the answers")
NO_BASIS, NO_LANGUAGE = _l("Select a date basis"), _l("Select a language")
NO_FORMAT, NO_PURPOSE = _l("Select a format"), _l("Enter the purpose")


class OnlyWith:
    """Asks for something only where personal data is to be shown."""

    field_flags: ClassVar[Mapping[str, bool]] = {"required": True}

    def __init__(self, *validators: Callable[[Form, Field], None]) -> None:
        self.validators = validators

    def __call__(self, form: Form, field: Field) -> None:
        if form["personal"].data == SHOWN:
            for validator in self.validators:
                validator(form, field)


def linked(given: Mapping[str, str]) -> dict[str, str]:
    """What of an address counts: whoever sent it does not fill in the reader's own answers."""
    return {name: given[name] for name in LINKED if given.get(name)}


def read(ctx: Context, given: Mapping[str, str]) -> tuple[Asked | None, WrongAsked | None]:
    """The report that is meant, or what is wrong with it."""
    try:
        return reports.read(given, today(ctx.now), ctx.limits), None
    except WrongAsked as wrong:
        return None, wrong


def of(given: Mapping[str, str], asked: Asked | None) -> DeskForm:
    """The fields, filled from what was sent, else with what a link or the page of the report has said."""
    report = REPORTS[given["report"]]
    form = built(
        ("start", DayField(_l("Start date"), [AskedFor()])),
        ("end", DayField(_l("End date"), [AskedFor()])),
        ("basis", radio_field(_l("Date basis"), words_for("report_basis", report.bases), NO_BASIS)),
        ("format", radio_field(_l("Format"), words_for("export_form", EXPORT_FORMS), NO_FORMAT)),
        (
            "file_language",
            radio_field(_l("Language of the file"), words_for("language", LANGUAGES), NO_LANGUAGE),
        ),
        *(_personal_fields() if is_personal(given, asked) else ()),
        filled=given,
    )
    usual = {"file_language": i18n.current(), "basis": report.bases[0], "personal": MASKED}
    known = {} if asked is None else {"start": f"{asked.start}", "end": f"{asked.end}", "basis": asked.basis}
    for field in form:
        field.data = known.get(field.name) or field.data or usual.get(field.name)
    return form


def is_personal(given: Mapping[str, str], asked: Asked | None) -> bool:
    """Whether there is anything in the report that is masked unless somebody says why they need it."""
    columns = columns_of(asked) if asked else REPORTS[given["report"]].columns
    return any(column.personal for column in columns)


def _personal_fields() -> tuple[tuple[str, Any], ...]:
    hint = _l("Names, addresses and numbers. Including them is written into the audit log.")
    # in the order of the page: in that order, too, their errors are listed
    return (
        ("personal", radio_field(_l("Personal data"), choices(PERSONAL.items()), NOT_OFFERED, hint)),
        (
            "purpose",
            TextAreaField(
                _l("Purpose"),
                [OnlyWith(Needed(NO_PURPOSE), Printable(LONGEST_PURPOSE))],
                description=_l("What the personal data is needed for. It is kept with the request."),
            ),
        ),
        ("code", _code_where_shown()),
    )


def _code_where_shown() -> Any:
    code: Any = code_field()
    label, checks = code.args
    code.args = (label, [OnlyWith(*checks)])
    return code


def wanted(form: DeskForm, asked: Asked) -> dict[str, Any]:
    """What to ask casework for."""
    is_open = "personal" in form and form["personal"].data == SHOWN
    return {
        "asked": asked,
        "form": form["format"].data,
        "language": form["file_language"].data,
        "purpose": form["purpose"].data if is_open else None,
        "code": form["code"].data if is_open else None,
    }


def place(ctx: Context, form: DeskForm, wrong: WrongAsked) -> None:
    """Say what is wrong with the report at its field, or above the form where it has none."""
    for name, words in report_words.errors(wrong, ctx.limits).items():
        if name in form:
            form[name].errors = [words]
        else:
            form.form_errors.append(words)


def around(ctx: Context, given: Mapping[str, str], asked: Asked | None) -> dict[str, Any]:
    """What stands beside the fields: the report's name, its filters, and what is sent along unseen."""
    return {
        "title": labels.word("report", given["report"]),
        "filters": table.filters(asked) if asked else "",
        "kept": [(name, given[name]) for name in KEPT if given.get(name)],
        "longest": LONGEST_PURPOSE,
        "life": ctx.limits.export_life,
    }
