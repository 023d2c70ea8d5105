"""Fields of the desk's forms, and where a refusal is said: at its field where it has one, else above the form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, ClassVar, TypeAlias, cast

from flask import abort, request
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import (
    BooleanField,
    Field,
    Form,
    RadioField,
    SelectField,
    SelectFieldBase,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import StopValidation

from portal import contact, labels
from portal.casework.context import Refused
from portal.choices import SelectChoice
from portal.contact import ContactError

Words: TypeAlias = LazyString | str
Pair: TypeAlias = tuple[str, Words]

LONGEST_REASON = 500
VERSION = re.compile("[0-9]{1,9}")  # what the column holds; much longer ones are too long even for int()

# Refusals of the life-cycle know no fields; the desk's forms ask for these things under these names.
FIELD_OF: Mapping[str, str] = {
    "reason_missing": "reason",
    "items_missing": "items",
    "devices_missing": "devices",
    "fresh_factor": "code",
    "wrong_code": "code",
    "marker_missing": "marker",
    "result_missing": "result",
    "note_missing": "note",
    "contact_missing": "contact",
}
NOT_TYPED = frozenset({"csrf_token", "code", "template_version"})
CODE_WORDS: Mapping[str, LazyString] = {
    "code_missing": _l("Enter the 6-digit MFA code"),
    "code_digits": _l("MFA code must be 6 digits (you entered %(digits)s)"),
}


class DayField(StringField):
    """A day as a native field sends it. What is no day is shown as text: a native field would show nothing of it."""

    @property
    def day(self) -> date | None:
        try:
            return date.fromisoformat((self.data or "").strip())
        except ValueError:
            return None

    def __call__(self, **more: Any) -> Markup:
        is_native = self.day is not None or not self.data
        return super().__call__(**{"type": "date" if is_native else "text", **more})


class Needed:
    """Something has to be typed, chosen or ticked."""

    field_flags: ClassVar[Mapping[str, bool]] = {"required": True}

    def __init__(self, words: LazyString) -> None:
        self.words = words

    def __call__(self, _form: Form, field: Field) -> None:
        data = field.data
        if not (data.strip() if isinstance(data, str) else data):
            raise StopValidation(str(self.words))


class Offered(Needed):
    """One or more of the choices that the page offers; a value made by hand is answered like none."""

    def __call__(self, _form: Form, field: Any) -> None:
        offered = {option.data for option in field}
        chosen = field.data if isinstance(field.data, list) else [field.data]
        if not chosen or not set(chosen) <= offered:
            raise StopValidation(str(self.words))


def unprintable(text: str, *, multiline: bool = False) -> str | None:
    """What to say of a text that no database, paper or screen could keep as it is."""
    try:
        contact.refuse_unprintable(text, multiline=multiline)
    except ContactError:
        return str(_("Remove the characters that cannot be shown. Type the text instead of pasting it"))
    return None


class Printable:
    """Text without control characters, within its limit."""

    def __init__(self, longest: int = LONGEST_REASON) -> None:
        self.longest = longest

    def __call__(self, _form: Form, field: Field) -> None:
        text = field.data or ""
        wrong = unprintable(text, multiline=True)
        if not wrong and len(text) > self.longest:
            wrong = _(
                "%(field)s must be %(longest)s characters or less",
                field=field.label.text,
                longest=f"{self.longest:,}",
            )
        if wrong:
            raise StopValidation(wrong)


class NeededForMatch:
    """Marks a field that casework asks for where the result is a match; it is the one to judge."""

    field_flags: ClassVar[Mapping[str, bool]] = {"required": True}

    def __call__(self, _form: Form, _field: Field) -> None:
        pass


class AskedFor(NeededForMatch):
    """Marks a field whose absence casework names, in the words of its refusal."""


class Understood:
    """Something that `portal.contact` can read; what it cannot is said in its words."""

    field_flags: ClassVar[Mapping[str, bool]] = {"required": True}

    def __init__(self, read: Callable[[str], object]) -> None:
        self.read = read

    def __call__(self, _form: Form, field: Field) -> None:
        try:
            self.read(field.data or "")
        except ContactError as error:
            raise StopValidation(labels.word("contact_error", error.key, None, **error.details)) from None


class SixDigits:
    """A code of a second factor, as far as one can tell before it is tried."""

    field_flags: ClassVar[Mapping[str, bool]] = {"required": True}

    def __call__(self, _form: Form, field: Field) -> None:
        try:
            field.data = contact.parse_code(field.data) if (field.data or "").strip() else ""
        except ContactError as error:
            words = CODE_WORDS.get(error.key, CODE_WORDS["code_missing"])
            raise StopValidation(str(words) % error.details) from None
        if not field.data:
            raise StopValidation(str(CODE_WORDS["code_missing"]))


class DeskForm(FlaskForm):
    """A form of one act. The version of the case it was made from stands beside it, not in it."""

    def place(self, refused: Refused) -> None:
        """Say a refusal at its field, or above the form where it is about none."""
        errors: Mapping[str, str] = refused.details.get("errors", {})
        for name, error in errors.items():
            said = labels.word("evidence_error", error)
            field = labels.word("evidence", name)
            self._say(f"e_{name}", _("%(field)s: %(error)s", field=field, error=said))
        if not errors:
            field = refused.details.get("field") or FIELD_OF.get(refused.reason, "")
            self._say(field, labels.word("refusal", refused.reason))

    def _say(self, name: str, words: str) -> None:
        if name in self._fields:
            self._fields[name].errors = [words]
        else:
            self.form_errors.append(words)

    def typed(self) -> list[tuple[str, str]]:
        """What was typed and chosen, in words, for a page that has no place for it any more. Never a code."""
        kept = ((str(field.label.text), _in_words(field)) for field in self if field.name not in NOT_TYPED)
        return [(name, words) for name, words in kept if words]

    def forget_code(self) -> None:
        """A code is good for one act, so it is never put back into its field."""
        if "code" in self._fields:
            self._fields["code"].data = ""


def _in_words(field: Any) -> str:
    """The value of a field as its reader saw it: the labels of choices, the text of the rest."""
    if isinstance(field, BooleanField):
        return labels.word("is_administrator", "yes") if field.data else ""
    if isinstance(field, SelectFieldBase):
        chosen = field.data if isinstance(field.data, list) else [field.data]
        return str(_(", ")).join(str(one.label.text) for one in field if one.data in chosen)
    return str(field.data or "").strip()


def built(*fields: tuple[str, Any], filled: Mapping[str, Any] | None = None) -> DeskForm:
    """A form made of named fields, filled from what was sent."""
    made = type("BuiltForm", (DeskForm,), dict(fields))
    sent = request.form if request.method == "POST" else None
    return cast(DeskForm, made(formdata=sent, data=dict(filled or {})))


def sent_version() -> int:
    """The version of the case that the page was made from. A page always sends one."""
    return sent_number(request.form.get("version", ""))


def sent_number(text: str) -> int:
    """A number that a page of ours has sent; anything else was made by hand."""
    if not VERSION.fullmatch(text):
        abort(400)
    return int(text)


def choices(pairs: Iterable[Pair]) -> list[SelectChoice]:
    return [SelectChoice(value, words) for value, words in pairs]


def words_for(kind: str, keys: Iterable[str]) -> list[SelectChoice]:
    """Choices whose words stand in a table of labels."""
    return [SelectChoice(key, labels.TABLES[kind][key]) for key in keys]


def code_field() -> StringField:
    """A fresh code of the person's own second factor: one code for one act."""
    return StringField(
        _l("6-digit MFA code"),
        [SixDigits()],
        description=_l("A new code from your authenticator app. Each code works once."),
        render_kw={
            "inputmode": "numeric",
            "autocomplete": "one-time-code",
            "autocapitalize": "none",
            "spellcheck": "false",
        },
    )


def reason_field(label: LazyString, missing: LazyString, hint: Words = "") -> TextAreaField:
    return TextAreaField(label, [Needed(missing), Printable()], description=hint)


def text_field(label: Words, *validators: Callable[..., None], **more: Any) -> StringField:
    return StringField(label, list(validators), **more)


def radio_field(
    label: Words, options: list[SelectChoice], missing: LazyString | None, hint: Words = ""
) -> RadioField:
    """One of several. Without words for its absence, casework judges whether it is needed."""
    validators = [Offered(missing)] if missing else [NeededForMatch()]
    return RadioField(label, validators, choices=options, validate_choice=False, description=hint)


def boxes_field(
    label: Words, options: list[SelectChoice], missing: LazyString, hint: Words = ""
) -> SelectMultipleField:
    return SelectMultipleField(
        label, [Offered(missing)], choices=options, validate_choice=False, description=hint
    )


def select_field(label: Words, options: list[SelectChoice], missing: LazyString | None = None) -> SelectField:
    validators = [Needed(missing)] if missing else []
    return SelectField(label, validators, choices=options, validate_choice=False)


def tick_field(label: Words, missing: LazyString | None) -> BooleanField:
    """A box. Without words for its absence, casework judges whether it has to be ticked."""
    return BooleanField(label, [Needed(missing) if missing else NeededForMatch()])
