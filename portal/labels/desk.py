"""Words for what two people decide about the desk itself: proposals and register files."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

Words = Mapping[str, LazyString]

PROPOSAL: Words = {
    "role_grant": _l("Give a role"),
    "role_revoke": _l("Take a role away"),
    "new_login": _l("Make a new sign-in"),
    "address_change": _l("Change a colleague's address"),
    "re_enable": _l("Enable a sign-in again"),
    "factor_reset": _l("Reset a colleague's MFA device"),
    "account_protect": _l("Protect the account"),
    "account_unprotect": _l("Lift the protection of the account"),
    "account_calls_on": _l("Allow automated calls again"),
    "case_hold": _l("Place a legal hold"),
    "case_release": _l("Lift the legal hold"),
    "case_erase": _l("Erase the personal data of the case"),
    "account_erase": _l("Erase the personal data of the account"),
}

# What is wrong with a register file, as the import page says it beside line and column.
FILE_MISTAKE: Words = {
    "not_utf8": _l("Save the file as CSV in UTF-8."),
    "too_large": _l("The file must be 8 MB or smaller."),
    "unreadable": _l("The quotation marks do not match from here on."),
    "no_header": _l("The first line must name the columns."),
    "no_rows": _l("The file has no rows."),
    "too_many_rows": _l("The file must have 10,000 rows or fewer."),
    "column_missing": _l("This column is missing."),
    "column_unknown": _l("There is no column of this name."),
    "column_twice": _l("This column appears twice."),
    "cells": _l("This row has more or fewer cells than the first line."),
    "missing": _l("Fill in this cell."),
    "too_long": _l("This is too long."),
    "formula": _l("A cell must not begin like a formula."),
    "choice": _l("This is not one of the allowed words."),
    "yes_or_no": _l("Enter yes or no."),
    "date": _l("Enter a date like 2026-04-01."),
    "future": _l("The date must be today or earlier."),
    "date_missing": _l("Say since when this contact is confirmed."),
    "contact_missing": _l("There is a date but no contact."),
    "username_missing": _l("An IAM user needs a user name."),
    "mobile_differs": _l("This is a mobile number, but the file says that it is not."),
    "row_twice": _l("This user is listed twice."),
    "second_root": _l("An account has only one root user."),
    "differs_from_above": _l("This differs from the line above for the same account."),
    "external_id_taken": _l("Another account already has this identifier."),
    "kind_differs": _l("The register has this identifier for another kind of user."),
}

TABLES: Mapping[str, Words] = {
    "proposal": PROPOSAL,
    "file_mistake": FILE_MISTAKE,
}
