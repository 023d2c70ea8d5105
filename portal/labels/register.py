"""Words for the register: what it holds, what a file of entries has to say, and the systems behind it."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

Words = Mapping[str, LazyString]

# What a value of the register is called.
REGISTER_FIELD: Words = {
    "holder_kind": _p("register", "Kind of holder"),
    "connector": _p("register", "Connector"),
    "name": _p("register", "Full name"),
    "latin_name": _p("register", "Name in Latin letters"),
    "kana": _p("register", "Name reading in kana"),
    "external_id": _p("register", "Identifier"),
    "principal_kind": _p("register", "Kind of user"),
    "username": _p("register", "User name"),
    "is_administrator": _p("register", "Administrator"),
    "edits_contacts": _p("register", "Edits contact details"),
    "hardware_device": _p("register", "Hardware device"),
    "email": _p("register", "Email address"),
    "phone": _p("register", "Phone number"),
    "post": _p("register", "Postal address"),
    "language": _p("register", "Contact language"),
}

# What belongs into a column of a file.
REGISTER_COLUMN: Words = {
    "account_number": _l("AWS account ID, 12 digits. The rows of one account all have the same."),
    "holder_kind": _l("Whether a person or a company holds the account."),
    "name": _l("Full name of the holder, as on their papers."),
    "latin_name": _l("The same name in Latin letters."),
    "kana": _l("How the name is read, in hiragana or katakana."),
    "connector": _l("How MFA devices of this account are deactivated."),
    "principal_kind": _l("Which kind of user this row is about."),
    "username": _l("The user's name. An IAM user needs one."),
    "external_id": _l("What the connector knows the user by, such as an ARN. No two users have the same."),
    "is_administrator": _l("Whether the user administers the account."),
    "edits_contacts": _l("Whether the user may edit the contact details of the account."),
    "hardware_device": _l("Whether the user's MFA device is a hardware token."),
    "email": _l("Registered email address of the holder."),
    "email_language": _l("Language in which we write to it."),
    "email_confirmed_at": _l("Since when the address is confirmed. Needed with every address."),
    "phone": _l("Registered phone number. Numbers outside Japan begin with + and the country code."),
    "phone_language": _l("Language in which we speak on it."),
    "phone_is_mobile": _l("Whether it is a mobile number, where the number alone does not tell."),
    "phone_confirmed_at": _l("Since when the number is confirmed. Needed with every number."),
    "post_address": _l("Registered postal address. It may have several lines."),
    "post_confirmed_at": _l("Since when the postal address is confirmed. Needed with every address."),
}

CONNECTOR: Words = {
    "local": _p("connector", "The portal's own directory"),
    "runbook": _p("connector", "By hand, step by step"),
}

TABLES: Mapping[str, Words] = {
    "register_field": REGISTER_FIELD,
    "register_column": REGISTER_COLUMN,
    "connector": CONNECTOR,
}
