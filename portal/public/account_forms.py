"""What those type who look after an account: another registered number, why a device goes, a fresh code for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask import g, request
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField

from portal import contact, labels
from portal.casework.context import Refused
from portal.contact import ContactError
from portal.public import fields
from portal.public.fields import Reads, line
from portal.public.forms import OwnerForm
from portal.public.sign_in_forms import ONE_TIME, Secret
from portal.public.visit import ERRORS_SHOWN, is_sent, is_switching

LONGEST_REASON = 300
REASON = {
    "reason_missing": _l("Enter why the device is removed"),
    "text_length": _l("Reason must be %(longest)s characters or less (currently %(length)s)"),
    "secret": _l("Do not include passwords or codes"),
}
# Which field a refusal is about; any other is said above the form.
FIELD_OF: Mapping[str, str] = {
    "wrong_code": "code",
    "owner_codes_off": "code",
    "phone_not_callable": "number",
    "phone_unchanged": "number",
}
PHONE = {**fields.PHONE, "phone_missing": _l("Enter the new phone number")}


def fresh_code() -> Secret:
    """A code of one's own device, for one act. It is never shown again."""
    return Secret(
        _l("6-digit MFA code"),
        [Reads(fields.mfa_code, fields.CODE)],
        description=_l("A new code from your own MFA device. Each code works once"),
        width=8,
        render_kw=dict(ONE_TIME),
    )


def reason(text: str) -> str:
    """Why a device is removed: a short text, in which no password and no code may stand. Raises ContactError."""
    kept = contact.refuse_unprintable(text, multiline=True).replace("\r\n", "\n").strip()
    if not kept:
        raise ContactError("reason_missing")
    if len(kept) > LONGEST_REASON:
        raise ContactError("text_length", longest=LONGEST_REASON, length=len(kept))
    return fields.without_secrets(kept)


class NumberForm(OwnerForm):
    number = line(
        _l("New phone number"),
        contact.parse_phone,
        PHONE,
        hint=_l("For example +81 3 0000 0000. Spaces, hyphens and brackets are fine"),
        width=20,
        attributes={"type": "tel", "autocomplete": "tel"},
    )
    code = fresh_code()


class RemoveForm(OwnerForm):
    reason = TextAreaField(
        _l("Why is the device removed?"),
        [Reads(reason, REASON)],
        description=_l("Kept on record with your name. Do not include passwords or codes"),
    )
    code = fresh_code()


class FreshCodeForm(OwnerForm):
    code = fresh_code()


def is_filled_in(form: OwnerForm, said: Collection[str]) -> bool:
    """Whether a form was sent and is right. On a language choice, a refusal that was on show is shown again."""
    if is_sent(form):
        return True
    reason = request.form.get(ERRORS_SHOWN, "")
    if is_switching() and reason in said:
        for each in form:
            each.errors = []
        place(form, Refused(reason))
    return False


def place(form: OwnerForm, refusal: Refused) -> None:
    """Say a refusal at its field, or above the form where it is about none."""
    g.errors_mean = refusal.reason
    words, name = labels.word("refusal", refusal.reason), FIELD_OF.get(refusal.reason, "")
    if name in form:
        form[name].errors = [words]
    else:
        form.form_errors.append(words)
