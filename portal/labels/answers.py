"""Words for what owners answer: the triage questions and the request form."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

from portal.domain.retention import ERASED

Words = Mapping[str, LazyString]

# What stands in every table of answers for one that was kept long enough. Nobody is offered it.
GONE: Words = {ERASED: _p("answer", "Erased")}

LANGUAGE: Words = {
    "ja": _l("日本語"),
    "en": _l("English"),
}

PRINCIPAL_KIND: Words = {
    "root": _l("Root user"),
    "iam": _l("IAM user"),
    **GONE,
}

# What happened to the device.
REASON: Words = {
    "lost": _l("Lost"),
    "stolen": _l("Stolen"),
    "broken": _l("Broken"),
    "replaced": _l("Phone replaced or reset"),
    "code_refused": _l("Code not accepted"),
    "other": _l("Something else"),
    **GONE,
}

DEVICE_KIND: Words = {
    "virtual": _l("Authenticator app"),
    "passkey": _l("Passkey or security key"),
    "hardware": _l("Hardware TOTP token"),
    "unknown": _l("I do not know"),
}

REGISTERED_PHONE: Words = {
    "yes": _p("registered_phone", "Yes"),
    "no": _l("No, it changed or was cancelled"),
    "unknown": _l("I do not know"),
    **GONE,
}

PHONE_ON_DEVICE: Words = {
    "yes": _l("Yes, it was on that device"),
    "no": _l("No, it is on another phone"),
    "unknown": _l("I do not know"),
    **GONE,
}

HOLDER_KIND: Words = {
    "individual": _l("Individual"),
    "company": _l("Company or organisation"),
    **GONE,
}

IS_ADMINISTRATOR: Words = {
    "yes": _l("Yes"),
    "no": _l("No"),
    "unknown": _l("I do not know"),
    **GONE,
}

MAILBOX: Words = {
    "reachable": _l("I can read it"),
    "lost": _l("I cannot read it"),
}

CALL_TIME: Words = {
    "any": _l("Any time"),
    "morning": _l("Morning"),
    "afternoon": _l("Afternoon"),
    "evening": _l("After 5pm"),
}

TRIAGE_QUESTION: Words = {
    "user": _l("Which user do you sign in as?"),
    "other_device": _l("Do you have another registered MFA device?"),
    "codes_refused": _l("Does the device show codes that are not accepted?"),
    "password": _l("Do you know the password?"),
    "mailbox": _l("Can you read email sent to the root user?"),
    "phone": _l("Can you answer the registered phone number?"),
    "contact_editor": _l("Is there an IAM user who can edit contact details?"),
    "name_on_file": _l("Is your name registered on the account?"),
}

TRIAGE_ANSWER: Words = {
    "user:root": _l("Root user"),
    "user:iam": _l("IAM user"),
    "user:unknown": _l("I do not know"),
    "other_device:yes": _p("other_device", "Yes"),
    "other_device:no": _p("other_device", "No"),
    "codes_refused:yes": _l("Yes"),
    "codes_refused:no": _l("No"),
    "password:yes": _l("Yes"),
    "password:no": _l("No"),
    "mailbox:yes": _l("Yes"),
    "mailbox:no": _l("No"),
    "phone:yes": _l("Yes"),
    "phone:no": _l("No"),
    "contact_editor:yes": _p("contact_editor", "Yes"),
    "contact_editor:no": _p("contact_editor", "No"),
    "name_on_file:yes": _l("Yes"),
    "name_on_file:no": _l("No"),
    "name_on_file:unknown": _l("I do not know"),
}

TRIAGE_ERROR: Words = {
    "user": _l("Select which user you sign in as"),
    "other_device": _l("Select whether you have another registered MFA device"),
    "codes_refused": _l("Select whether the device shows codes that are not accepted"),
    "password": _l("Select whether you know the password"),
    "mailbox": _l("Select whether you can read email sent to the root user"),
    "phone": _l("Select whether you can answer the registered phone number"),
    "contact_editor": _l("Select whether there is an IAM user who can edit contact details"),
    "name_on_file": _l("Select whether your name is registered on the account"),
}

# What explains a question to those who answered "I do not know".
TRIAGE_HELP: Words = {
    "user": _l(
        "If you sign in with an email address, you are the root user. If you sign in with an account "
        "ID and a user name, you are an IAM user."
    ),
}

TRIAGE_OUTCOME: Words = {
    "ask_administrator": _l("Ask your administrator to deactivate the device"),
    "use_other_device": _l("Sign in with another MFA device"),
    "resynchronise": _l("Resynchronize your MFA device"),
    "reset_password": _l("Reset your password first"),
    "update_phone": _l("Update the phone number as an IAM user"),
    "self_service": _l("Remove MFA yourself"),
    "request_form": _l("Send a request"),
    "last_resort": _l("Send a request with further proof"),
    "cannot_decide": _l("We cannot confirm who you are"),
    "solved": _l("Your problem is solved"),
}

# Why this is the next step.
TRIAGE_REASON: Words = {
    "iam_user": _l(
        "An IAM user's device is removed by the administrator of the account. Ask the administrator of "
        "the account first."
    ),
    "has_other_device": _l(
        "A second registered device signs you in straight away. You can then remove the lost one yourself."
    ),
    "codes_refused": _l(
        "When a device shows codes that are refused, its clock is usually out of step. "
        "Resynchronizing takes about two minutes."
    ),
    "password_lost": _l("You need the password to sign in after MFA is removed."),
    "has_contact_editor": _l(
        "When the phone number is right again, we can use it to check your identity. A changed number "
        "counts 30 days after the change."
    ),
    "can_prove_both": _l(
        "You can use the registered email and phone, so you do not need to wait for our team."
    ),
    "self_service_off": _l(
        "Removing MFA yourself is not available here, so our team will check your request."
    ),
    "mailbox_lost": _l(
        "Without the registered email you cannot remove MFA yourself, so our team will check your request."
    ),
    "phone_lost": _l(
        "Without the registered phone you cannot remove MFA yourself, so our team will check your request."
    ),
    "no_password": _l(
        "Without the password you cannot remove MFA yourself, so our team will check your request."
    ),
    "no_administrator": _l("No administrator can help you, so our team will check your request."),
    "all_lost": _l(
        "Device, email and phone are all gone, so we need further proof, and you must wait at least 30 days."
    ),
    "no_name_on_file": _l(
        "The account holds no name that we could compare with your papers. Nobody at our desk can "
        "decide this."
    ),
    "it_worked": _l("You can sign in again, so there is nothing more to send."),
}

# What is wrong with a typed address, number or name; forms may say it in the words of their field.
CONTACT_ERROR: Words = {
    "control_character": _l("Take out the characters that cannot be seen"),
    "direction_mark": _l("Take out the marks that turn the direction of writing"),
    "broken_text": _l("Some characters could not be read. Type them again"),
    "email_missing": _l("Enter an email address"),
    "email_format": _l("Enter an email address in the correct format, like name@example.com"),
    "phone_missing": _l("Enter a phone number we can call"),
    "phone_digits": _l("Enter a phone number in the correct format"),
    "phone_country": _l("Start numbers outside Japan with + and the country code"),
    "phone_kind": _l("Enter a number that our staff can call, not a special or premium number"),
    "account_digits": _l("AWS account ID must be 12 digits (you entered %(digits)s)"),
    "code_digits": _l("MFA code must be 6 digits (you entered %(digits)s)"),
    "kana_only": _l("Name reading must only include hiragana or katakana"),
    "name_missing": _l("Enter your full name"),
    "name_length": _l("Full name must be %(longest)s characters or less"),
}

TABLES: Mapping[str, Words] = {
    "language": LANGUAGE,
    "principal_kind": PRINCIPAL_KIND,
    "reason": REASON,
    "device_kind": DEVICE_KIND,
    "registered_phone": REGISTERED_PHONE,
    "phone_on_device": PHONE_ON_DEVICE,
    "holder_kind": HOLDER_KIND,
    "is_administrator": IS_ADMINISTRATOR,
    "mailbox": MAILBOX,
    "call_time": CALL_TIME,
    "triage_question": TRIAGE_QUESTION,
    "triage_answer": TRIAGE_ANSWER,
    "triage_error": TRIAGE_ERROR,
    "triage_help": TRIAGE_HELP,
    "triage_outcome": TRIAGE_OUTCOME,
    "triage_reason": TRIAGE_REASON,
    "contact_error": CONTACT_ERROR,
}
