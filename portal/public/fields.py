"""Validators for what owners type: each reads with a parser of `contact` and says what to do in the label's words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from wtforms import Field, Form, RadioField, StringField
from wtforms.validators import StopValidation

from portal import contact, db, labels
from portal.casework.proofs import LETTER_CODE
from portal.choices import SelectChoice
from portal.contact import ContactError
from portal.domain import reference
from portal.domain.retention import ERASED
from portal.domain.secret_text import looks_secret

LONGEST_ADDRESS = 320
LONGEST_KEPT = 4000  # of what cannot be right anyway, a draft keeps the beginning

# Words for what no field can hold, whatever it is about.
ANY_FIELD: Mapping[str, LazyString] = {
    "control_character": _l(
        "Remove the characters that cannot be shown. Type the text instead of pasting it"
    ),
    "direction_mark": _l("Remove the characters that cannot be shown. Type the text instead of pasting it"),
    "broken_text": _l("Some characters cannot be stored. Type the text instead of pasting it"),
}
EMAIL_FORMAT = _l("Enter an email address in the correct format, like name@example.com")
ROOT_EMAIL = {"email_missing": _l("Enter the root user email address"), "email_format": EMAIL_FORMAT}
OTHER_EMAIL = {"email_missing": _l("Enter an email address"), "email_format": EMAIL_FORMAT}
PHONE = {
    "phone_missing": _l("Enter a phone number we can call"),
    "phone_digits": _l("Enter a phone number in the correct format"),
    "phone_country": _l("Start numbers outside Japan with + and the country code"),
    "phone_kind": _l("Enter a number on which a person answers, not a toll-free or special-rate number"),
}
ACCOUNT = {"account_digits": _l("AWS account ID must be 12 digits (you entered %(digits)s)")}
NAME = {
    "name_missing": _l("Enter your full name"),
    "name_length": _l("Full name must be %(longest)s characters or less"),
}
LATIN = {
    "name_length": _l("Name in Latin letters must be %(longest)s characters or less"),
    "latin_only": _l("Name in Latin letters must only include letters from A to Z, with or without accents"),
}
KANA = {
    "kana_only": _l("Name reading must only include hiragana or katakana"),
    "name_length": _l("Name reading must be %(longest)s characters or less"),
}
ORGANISATION = {"name_length": _l("Organisation name must be %(longest)s characters or less")}
OTHER_PROBLEM = {
    "name_missing": _l("Enter what happened"),
    "name_length": _l("What happened must be %(longest)s characters or less"),
    "secret": _l("Do not include passwords or codes"),
}
MESSAGE = {
    "text_missing": labels.TABLES["refusal"]["message_missing"],
    "text_length": _l("Message must be %(longest)s characters or less (currently %(length)s)"),
    "secret": _l("Do not include passwords or codes"),
}
DETAIL = {
    "text_length": _l("Description must be %(longest)s characters or less (currently %(length)s)"),
    "secret": _l("Do not include passwords or codes"),
}
REFERENCE = {
    "reference_missing": _l("Enter your receipt number"),
    "reference_format": _l("Receipt number is MR- then 8 letters or numbers"),
}
CODE = {
    "code_missing": _l("Enter the 6-digit MFA code"),
    "code_digits": _l("MFA code must be 6 digits (you entered %(digits)s)"),
}
LETTER = {
    "letter_missing": _l("Enter the code that is printed in our letter"),
    "letter_length": _l("The code has %(longest)s letters and numbers (you entered %(length)s)"),
}

# Six digits by themselves look like a code; "password:" announces one.
_SECRETS = re.compile(
    r"(?<![0-9-])[0-9]{3}[ -]?[0-9]{3}(?![0-9-])|(?:password|passwd|pwd|パスワード|暗証番号)\s*[:=]",
    re.IGNORECASE,
)

_BESIDE_LATIN = frozenset(" '’‘`´-‐.,·")

Parser = Callable[[str], Any]


class Reads:
    """Reads the text with a parser; what it cannot read becomes the words for its key."""

    def __init__(self, parser: Parser, words: Mapping[str, LazyString], *, required: bool = True) -> None:
        self.parser = parser
        self.words = {**ANY_FIELD, **words}
        self.required = required
        self.field_flags = {"required": True} if required else {"optional": True}

    def __call__(self, _form: Form, field: Field) -> None:
        text = field.data or ""
        if not self.required and not text.strip():
            return
        try:
            self.parser(text)
        except ContactError as error:
            details = {name: f"{number:,}" for name, number in error.details.items()}
            raise StopValidation(str(self.words[error.key]) % details) from None


class Chosen:
    """One of the choices and nothing else; hand-made values are answered like none."""

    def __init__(self, words: LazyString, *, required: bool = True) -> None:
        self.words = words
        self.required = required
        self.field_flags = {"required": True} if required else {"optional": True}

    def __call__(self, _form: Form, field: RadioField) -> None:
        if not field.data and not self.required:
            return
        # not the field's own iteration: it would build a widget with its words for every choice
        if not field.data or field.data not in {choice[0] for choice in field.iter_choices()}:
            raise StopValidation(str(self.words))


class When:
    """A validator that only counts where another field of the form has a certain value: elsewhere nobody sees the field."""

    def __init__(self, name: str, value: str, validator: Reads) -> None:
        self.name, self.value, self.validator = name, value, validator
        self.field_flags = validator.field_flags

    def __call__(self, form: Form, field: Field) -> None:
        if form[self.name].data == self.value:
            self.validator(form, field)


class Ticked:
    """A box that has to be ticked."""

    field_flags: ClassVar[Mapping[str, bool]] = {"required": True}

    def __init__(self, words: LazyString) -> None:
        self.words = words

    def __call__(self, _form: Form, field: Field) -> None:
        if not field.data:
            raise StopValidation(str(self.words))


class Line(StringField):
    """One line of text, as wide as what is expected in it."""

    def __init__(self, *given: Any, width: int | None = None, **more: Any) -> None:
        super().__init__(*given, **more)
        self.width = width


def line(
    label: LazyString,
    parser: Parser,
    words: Mapping[str, LazyString],
    *,
    required: bool = True,
    hint: LazyString | str = "",
    width: int | None = None,
    attributes: Mapping[str, str] | None = None,
) -> Line:
    """One line of text that a parser reads."""
    reads = Reads(parser, words, required=required)
    return Line(label, [reads], description=hint, width=width, render_kw=dict(attributes or {}))


def one_of(
    label: LazyString,
    kind: str,
    words: LazyString,
    *,
    required: bool = True,
    hint: LazyString | str = "",
) -> RadioField:
    """One choice of a table of labels."""
    offered = ((key, text) for key, text in labels.TABLES[kind].items() if key != ERASED)
    choices = [SelectChoice(key, text) for key, text in offered]
    return RadioField(
        label, [Chosen(words, required=required)], choices=choices, validate_choice=False, description=hint
    )


def email(text: str) -> contact.Email:
    """An address; one longer than any is not even parsed."""
    if len(text) > LONGEST_ADDRESS:
        raise ContactError("email_format")
    return contact.parse_email(text)


def kana(text: str) -> str:
    reading = contact.parse_kana(text)
    return contact.clean_name(reading) if reading else ""


def latin_name(text: str) -> str:
    """A name in Latin letters of any width; the letters of another script are a slip into the wrong field."""
    name = contact.clean_name(text)
    letters = [sign for sign in unicodedata.normalize("NFKC", name) if sign not in _BESIDE_LATIN]
    if not letters or not all(_is_latin(sign) for sign in letters):
        raise ContactError("latin_only")
    return name


def _is_latin(sign: str) -> bool:
    return unicodedata.category(sign) == "Mn" or unicodedata.name(sign, "").startswith("LATIN ")


def free_text(text: str) -> str:
    """A longer text, in which no password and no code may stand."""
    return without_secrets(_at_most(db.runtime().limits.detail_length, text))


def message(text: str) -> str:
    """What is written to the desk: something, and nothing that a thief could use."""
    kept = _at_most(db.runtime().limits.message_length, text)
    if not kept:
        raise ContactError("text_missing")
    if looks_secret(kept):
        raise ContactError("secret")
    return kept


def _at_most(longest: int, text: str) -> str:
    kept = contact.refuse_unprintable(text, multiline=True).replace("\r\n", "\n").strip()
    if len(kept) > longest:
        raise ContactError("text_length", longest=longest, length=len(kept))
    return kept


def short_text(longest: int) -> Parser:
    return lambda text: without_secrets(contact.clean_name(text, longest))


def without_secrets(text: str) -> str:
    if _SECRETS.search(unicodedata.normalize("NFKC", text)):
        raise ContactError("secret")
    return text


def receipt_number(text: str) -> str:
    contact.refuse_unprintable(text, multiline=True)
    if not text.strip():
        raise ContactError("reference_missing")
    found = reference.parse(text)
    if found is None:
        raise ContactError("reference_format")
    return found


def mfa_code(text: str) -> str:
    if not text.strip():
        raise ContactError("code_missing")
    return contact.parse_code(text)


def letter_code(text: str) -> str:
    """The code of a letter, as read aloud or copied: any case, width and grouping."""
    contact.refuse_unprintable(text, multiline=True)
    code = reference.bare(text).upper()
    if not code:
        raise ContactError("letter_missing")
    if len(code) != LETTER_CODE:
        raise ContactError("letter_length", longest=LETTER_CODE, length=len(code))
    return code
