"""The forms of the request, one a page. What an owner typed stays as typed; `answers` reads it for the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField

from portal import contact
from portal.choices import SelectChoice
from portal.public import fields
from portal.public.fields import Chosen, Reads, Ticked, When, line, one_of

OTHER_LENGTH = 100
IDENTIFIER = {"autocapitalize": "none", "spellcheck": "false"}
EMAIL = {"inputmode": "email", "autocomplete": "email", **IDENTIFIER}
TYPED_CODE = {"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}
Under = Mapping[str, Mapping[str, str]]  # question: {choice: the field that is shown under it}


class OwnerForm(FlaskForm):
    """One page of questions, filled from a request or from what a draft keeps."""

    # The whole application refuses a POST without a token before any view sees it.
    class Meta:
        csrf = False

    under: ClassVar[Under] = {}

    def __init__(
        self, values: Mapping[str, str] | None = None, said: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(formdata=None if values is None else MultiDict(values))
        for name in self.left_out(said or {}):
            del self[name]

    def left_out(self, said: Mapping[str, str]) -> tuple[str, ...]:
        """Questions that earlier answers make pointless."""
        return ()

    def nested(self) -> frozenset[str]:
        """Fields that are shown under a not by themselves."""
        return frozenset(name for choices in self.under.values() for name in choices.values())

    def typed(self, sent: Mapping[str, str]) -> dict[str, str]:
        """What was typed into this form, as it was typed."""
        return {field.name: sent.get(field.name, "")[: fields.LONGEST_KEPT] for field in self}


class LanguageForm(OwnerForm):
    language = one_of(
        _l("Language for contact"), "language", _l("Select the language we should contact you in")
    )


class UserForm(OwnerForm):
    principal_kind = one_of(
        _l("Which user do you sign in as?"), "principal_kind", _l("Select which user you sign in as")
    )


class AccountForm(OwnerForm):
    account_email = line(
        _l("Root user email address"),
        fields.email,
        fields.ROOT_EMAIL,
        hint=_l("The address you use to sign in to AWS"),
        attributes=EMAIL,
    )
    account_number = line(
        _l("AWS account ID"),
        contact.parse_account_number,
        fields.ACCOUNT,
        required=False,
        hint=_l("12 digits, shown on your bill. Leave blank if you do not know it"),
        width=20,
        attributes={"inputmode": "numeric", "autocomplete": "off", **IDENTIFIER},
    )


class NameForm(OwnerForm):
    name = line(
        _l("Full name"),
        contact.clean_name,
        fields.NAME,
        hint=_l("As registered on the account"),
        attributes={"autocomplete": "name"},
    )
    kana = line(
        _l("Name reading in kana"),
        fields.kana,
        fields.KANA,
        required=False,
        hint=_l("So that we say your name correctly on the phone"),
    )
    latin_name = line(
        _l("Name in Latin letters"),
        fields.latin_name,
        fields.LATIN,
        required=False,
        hint=_l("As on your passport, if you have one"),
        attributes={"spellcheck": "false"},
    )

    def left_out(self, said: Mapping[str, str]) -> tuple[str, ...]:
        return () if said.get("language") == "ja" else ("kana",)


class HolderForm(OwnerForm):
    holder_kind = one_of(
        _l("Who holds the account?"),
        "holder_kind",
        _l("Select whether a person or a company holds the account"),
    )
    organisation = fields.Line(
        _l("Organisation name"),
        # judged only where it is shown: an error in a hidden field leaves nobody a way on
        [When("holder_kind", "company", Reads(contact.clean_name, fields.ORGANISATION, required=False))],
        render_kw={"autocomplete": "organization"},
    )
    is_administrator = one_of(
        _l("Are you an administrator of the account?"),
        "is_administrator",
        _l("Select whether you are an administrator of the account"),
        hint=_l("For example, you manage its users or its bills"),
    )
    under: ClassVar[Under] = {"holder_kind": {"company": "organisation"}}


class ReplyForm(OwnerForm):
    reply_to = RadioField(
        _l("Where should we send updates?"),
        [Chosen(_l("Select where we should send updates"))],
        choices=[
            SelectChoice("same", _l("The root user email address")),
            SelectChoice("other", _l("Another address")),
        ],
        validate_choice=False,
        description=_l(
            "Use an address that you can read now. You must confirm it through the link in our email."
        ),
    )
    reply_email = StringField(
        _l("Email address for updates"),
        [When("reply_to", "other", Reads(fields.email, fields.OTHER_EMAIL))],
        render_kw=EMAIL,
    )
    under: ClassVar[Under] = {"reply_to": {"other": "reply_email"}}


class PhoneForm(OwnerForm):
    phone = line(
        _l("Phone number we can call"),
        contact.parse_phone,
        fields.PHONE,
        hint=_l("For example +81 3 0000 0000. Spaces, hyphens and brackets are fine"),
        width=20,
        attributes={"type": "tel", "autocomplete": "tel"},
    )
    call_time = one_of(
        _l("Best time to call"),
        "call_time",
        _l("Select one of the times"),
        required=False,
        hint=_l("Japan time"),
    )


class RegisteredPhoneForm(OwnerForm):
    registered_phone = one_of(
        _l("Can you answer the phone number registered on the account?"),
        "registered_phone",
        _l("Select whether you can answer the registered phone number"),
    )


class ProblemForm(OwnerForm):
    problem = one_of(
        _l("What happened to your MFA device?"), "reason", _l("Select what happened to your MFA device")
    )
    problem_other = StringField(
        _l("What happened"),
        [When("problem", "other", Reads(fields.short_text(OTHER_LENGTH), fields.OTHER_PROBLEM))],
    )
    under: ClassVar[Under] = {"problem": {"other": "problem_other"}}


class DeviceForm(OwnerForm):
    phone_on_device = one_of(
        _l("Was the registered phone number on that device?"),
        "phone_on_device",
        _l("Select whether the registered phone number was on that device"),
    )
    device_kind = one_of(
        _l("What kind of MFA device was it?"),
        "device_kind",
        _l("Select one of the kinds"),
        required=False,
    )


class TheftForm(OwnerForm):
    theft_suspected = RadioField(
        _l("Do you suspect theft, or that somebody else is using the account?"),
        [Chosen(_l("Select whether you suspect theft or misuse"))],
        choices=[SelectChoice("yes", _l("Yes")), SelectChoice("no", _l("No"))],
        validate_choice=False,
    )


class DetailForm(OwnerForm):
    detail = TextAreaField(
        _l("Tell us more"),
        [Reads(fields.free_text, fields.DETAIL, required=False)],
        description=_l("Do not include passwords or codes"),
    )


class ConsentForm(OwnerForm):
    """What has to be agreed to before sending; the version of each text is recorded with the request."""

    declaration = BooleanField(
        _l("I am the account owner, or I am authorised to act for the owner"),
        [Ticked(_l("Confirm that you are the owner or authorised to act for the owner"))],
    )
    waiting = BooleanField("", [Ticked(_l("Confirm that you accept the waiting period and the notices"))])
    privacy = BooleanField(
        _l("I agree to the use and storage of my data for this request"),
        [Ticked(_l("Confirm that you agree to the use and storage of your data"))],
    )

    VERSIONS: ClassVar[Mapping[str, str]] = {
        "declaration": "2026-11-23",
        "waiting": "2026-11-23",
        "privacy": "2026-11-23",
    }

    def name_waits(self, waits: Mapping[str, str]) -> None:
        """Put the real lengths of this installation into the text that is agreed to."""
        self.waiting.label.text = _(
            "I accept that MFA is turned off only after a waiting period of %(standard)s, %(privileged)s or "
            "%(elevated)s, and that every registered contact is told",
            **waits,
        )


class FindForm(OwnerForm):
    reference = line(
        _l("Receipt number"),
        fields.receipt_number,
        fields.REFERENCE,
        hint=_l("In our email and on your receipt (for example MR-7K4Q-2W9D)"),
        width=20,
        attributes=TYPED_CODE,
    )
    email = line(
        _l("Email address"),
        fields.email,
        fields.OTHER_EMAIL,
        hint=_l("The address to which we send updates"),
        attributes=EMAIL,
    )


class CancelForm(OwnerForm):
    reason = one_of(_l("Why are you cancelling?"), "cancel_reason", _l("Select why you are cancelling"))


class MessageForm(OwnerForm):
    """Words for the desk. What they are about stands above them."""

    message = TextAreaField(_l("Message"), [Reads(fields.message, fields.MESSAGE)])


class CallTimeForm(OwnerForm):
    """When to be called: a day on which somebody is at the desk, and a half hour of it."""

    day = RadioField(_l("Day"), [Chosen(_l("Select a day"))], choices=[], validate_choice=False)
    time = SelectField(
        _l("Time (Japan time, UTC+9)"), [Chosen(_l("Select a time"))], choices=[], validate_choice=False
    )


class LetterForm(OwnerForm):
    code = line(
        _l("Code from our letter"),
        fields.letter_code,
        fields.LETTER,
        hint=_l("12 letters and numbers. Spaces and capitals do not matter"),
        width=20,
        attributes=TYPED_CODE,
    )


class DeviceCodeForm(OwnerForm):
    device = RadioField(
        _l("Which device is it?"), [Chosen(_l("Select the device"))], choices=[], validate_choice=False
    )
    code = line(
        _l("6-digit MFA code"),
        fields.mfa_code,
        fields.CODE,
        hint=_l("Shown in your authenticator app"),
        width=8,
        attributes={"inputmode": "numeric", "autocomplete": "one-time-code", **IDENTIFIER},
    )


class CallForm(OwnerForm):
    """How to be called; the number is asked for only where there are several."""

    contact = RadioField(
        _l("Which number should we call?"),
        [Chosen(_l("Select the number"))],
        choices=[],
        validate_choice=False,
    )
    language = one_of(_l("Language of the call"), "language", _l("Select the language of the call"))


def question(label: LazyString | str, choices: list[SelectChoice], words: LazyString) -> type[OwnerForm]:
    """A form with one question whose choices only the moment knows, as triage's are."""
    field = RadioField(label, [Chosen(words)], choices=choices, validate_choice=False)
    return cast(type[OwnerForm], type("QuestionForm", (OwnerForm,), {"answer": field}))
