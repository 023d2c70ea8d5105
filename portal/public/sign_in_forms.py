"""The forms of signing in and of the owner's devices. What is typed as a password, a key or a code is never shown again."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, Form, PasswordField, RadioField, StringField
from wtforms.validators import StopValidation

from portal import contact
from portal.casework import enrolment, owner_recovery, owner_sign_in, passes
from portal.choices import SelectChoice
from portal.contact import ContactError
from portal.domain import reference
from portal.public import fields
from portal.public.fields import Chosen, Line, Ticked, line
from portal.public.forms import EMAIL, IDENTIFIER, TYPED_CODE, OwnerForm

ONE_TIME = {"inputmode": "numeric", "autocomplete": "one-time-code", **IDENTIFIER}
TYPED_DIGITS = {"inputmode": "numeric", "autocomplete": "off", **IDENTIFIER}
RECOVERY_LENGTH = owner_recovery.BYTES * 8 // 5

ACCOUNT_ID = {
    "account_missing": _l("Enter the AWS account ID"),
    "account_digits": fields.ACCOUNT["account_digits"],
}
USERNAME = {
    "name_missing": _l("Enter the IAM user name"),
    "name_length": _l("IAM user name must be %(longest)s characters or less"),
}
DEVICE_NAME = {
    "name_missing": _l("Enter a device name"),
    "name_length": _l("Device name must be %(longest)s characters or less"),
    "name_link": _l("Enter a device name without the address of a page or mailbox"),
}
FIRST_CODE = {
    "code_missing": _l("Enter MFA code 1"),
    "code_digits": _l("MFA code 1 must be 6 digits (you entered %(digits)s)"),
}
SECOND_CODE = {
    "code_missing": _l("Enter MFA code 2"),
    "code_digits": _l("MFA code 2 must be 6 digits (you entered %(digits)s)"),
}
TOKEN_KEY = {
    "key_missing": _l("Enter the key of the token"),
    "key_format": _l("The key has at least 26 letters from A to Z and numbers from 2 to 7"),
}
RECOVERY = {
    "code_missing": _l("Enter a recovery code"),
    "code_length": _l("A recovery code has %(longest)s letters and numbers (you entered %(length)s)"),
}
PASS = {
    "code_missing": _l("Enter the one-use pass"),
    "code_length": _l("The one-use pass has %(longest)s letters and numbers (you entered %(length)s)"),
}


def account_number(text: str) -> str:
    if not text.strip():
        raise ContactError("account_missing")
    return contact.parse_account_number(text)


def _grouped(text: str, length: int) -> str:
    """A code in groups as it is read or copied: any case, width and grouping."""
    plain = reference.bare(contact.refuse_unprintable(text, multiline=True))
    if not plain:
        raise ContactError("code_missing")
    if len(plain) != length:
        raise ContactError("code_length", longest=length, length=len(plain))
    return plain


def recovery_code(text: str) -> str:
    return _grouped(text, RECOVERY_LENGTH)


def one_use_pass(text: str) -> str:
    return _grouped(text, passes.LENGTH)


class Given:
    """Something was typed, whatever it is: a password is judged by nobody but the system that keeps it."""

    field_flags: Mapping[str, bool] = {"required": True}

    def __call__(self, _form: Form, field: Field) -> None:
        if not field.data:
            raise StopValidation(str(_l("Enter your password")))


class Secret(Line):
    """A line whose text is not shown again once it was sent."""

    def _value(self) -> str:
        return ""


def _code(label: LazyString, words: Mapping[str, LazyString], attributes: Mapping[str, str]) -> Secret:
    reads = fields.Reads(fields.mfa_code, words)
    return Secret(label, [reads], width=8, render_kw=dict(attributes))


class RootForm(OwnerForm):
    email = line(
        _l("Root user email address"),
        fields.email,
        fields.ROOT_EMAIL,
        hint=_l("The address you use to sign in to AWS"),
        attributes={**EMAIL, "autocomplete": "username"},
    )


class IamForm(OwnerForm):
    account_number = line(
        _l("AWS account ID"),
        account_number,
        ACCOUNT_ID,
        hint=_l("12 digits"),
        width=20,
        attributes={"inputmode": "numeric", "autocomplete": "off", **IDENTIFIER},
    )
    username = line(
        _l("IAM user name"),
        owner_sign_in.plain_username,
        USERNAME,
        attributes={"autocomplete": "username", **IDENTIFIER},
    )


class PasswordForm(OwnerForm):
    """The second page. What was typed on the first comes along, for password managers and for going back."""

    email = StringField(
        _l("Root user email address"), render_kw={"readonly": True, **EMAIL, "autocomplete": "username"}
    )
    account_number = StringField(
        _l("AWS account ID"), render_kw={"readonly": True, "autocomplete": "off", **IDENTIFIER}
    )
    username = StringField(
        _l("IAM user name"), render_kw={"readonly": True, "autocomplete": "username", **IDENTIFIER}
    )
    password = PasswordField(_l("Password"), [Given()], render_kw={"autocomplete": "current-password"})

    def left_out(self, said: Mapping[str, str]) -> tuple[str, ...]:
        return ("email",) if said.get("kind") == "iam" else ("account_number", "username")


class MfaForm(OwnerForm):
    code = _code(_l("6-digit MFA code"), fields.CODE, ONE_TIME)


class ResyncForm(OwnerForm):
    device = RadioField(
        _l("Which device is it?"), [Chosen(_l("Select the device"))], choices=[], validate_choice=False
    )
    code1 = _code(_l("MFA code 1"), FIRST_CODE, TYPED_DIGITS)
    code2 = _code(_l("MFA code 2"), SECOND_CODE, TYPED_DIGITS)

    def left_out(self, said: Mapping[str, str]) -> tuple[str, ...]:
        return () if said.get("choose") else ("device",)


class RecoveryForm(OwnerForm):
    code = Secret(
        _l("Recovery code"),
        [fields.Reads(recovery_code, RECOVERY)],
        description=_l("16 letters and numbers. Spaces and capitals do not matter"),
        width=30,
        render_kw=dict(TYPED_CODE),
    )


class PassForm(OwnerForm):
    code = Secret(
        _l("One-use pass"),
        [fields.Reads(one_use_pass, PASS)],
        description=_l("12 letters and numbers. Spaces and capitals do not matter"),
        width=20,
        render_kw=dict(TYPED_CODE),
    )


def without_code(said: Mapping[str, str]) -> tuple[str, ...]:
    """In the middle of a recovery there is no device that could show a code."""
    return () if said.get("asks_code") else ("code",)


class DeviceKindForm(OwnerForm):
    kind = RadioField(
        _l("What do you want to register?"),
        [Chosen(_l("Select what you want to register"))],
        choices=[
            SelectChoice("virtual", _l("Authenticator app")),
            SelectChoice("hardware", _l("Hardware TOTP token")),
        ],
        validate_choice=False,
    )
    code = _code(_l("6-digit MFA code"), fields.CODE, ONE_TIME)

    def left_out(self, said: Mapping[str, str]) -> tuple[str, ...]:
        return without_code(said)


class TokenKeyForm(OwnerForm):
    key = Secret(
        _l("Key of the token"),
        [fields.Reads(enrolment.plain_key, TOKEN_KEY)],
        description=_l(
            "On the card or the paper that came with the token. Spaces and capitals do not matter"
        ),
        render_kw=dict(TYPED_CODE),
    )
    code = _code(_l("6-digit MFA code"), fields.CODE, ONE_TIME)

    def left_out(self, said: Mapping[str, str]) -> tuple[str, ...]:
        return without_code(said)


class NewDeviceForm(OwnerForm):
    label = line(
        _l("Device name"),
        lambda text: contact.device_name(text, enrolment.LONGEST_LABEL),
        DEVICE_NAME,
        hint=_l("So that you can tell your devices apart, for example My phone"),
        width=30,
        attributes={"autocomplete": "off"},
    )
    code1 = _code(_l("MFA code 1"), FIRST_CODE, TYPED_DIGITS)
    code2 = _code(_l("MFA code 2"), SECOND_CODE, TYPED_DIGITS)


class SavedForm(OwnerForm):
    saved = BooleanField(
        _l("I have saved my recovery codes"), [Ticked(_l("Save your recovery codes, then confirm"))]
    )
