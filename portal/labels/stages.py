"""Words for the life of a case: its statuses, and who takes part."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

Words = Mapping[str, LazyString]

# Staff's word for each status.
STATUS: Words = {
    "unconfirmed": _p("status", "Waiting for email confirmation"),
    "queued": _p("status", "Received"),
    "verifying": _p("status", "Checking identity"),
    "waiting_owner": _p("status", "Waiting for owner"),
    "pending_approval": _p("status", "Waiting for second approval"),
    "cooling_off": _p("status", "Waiting period"),
    "ready": _p("status", "Ready to deactivate"),
    "executing": _p("status", "Deactivating"),
    "deactivated": _p("status", "Deactivated"),
    "frozen": _p("status", "On hold for a safety check"),
    "declined": _p("status", "Declined"),
    "cancelled": _p("status", "Cancelled"),
    "expired": _p("status", "Expired"),
    "reversed": _p("status", "MFA wrongly turned off"),
}

OWNER_STATUS: Words = {
    "unconfirmed": _p("status", "Waiting for email confirmation"),
    "queued": _p("status", "Received"),
    "verifying": _p("status", "Checking identity"),
    "waiting_owner": _p("status", "Waiting for owner"),
    "pending_approval": _p("status", "Being approved"),
    "cooling_off": _p("status", "Waiting period"),
    "ready": _p("status", "Ready to deactivate"),
    "executing": _p("status", "Ready to deactivate"),
    "deactivated": _p("status", "Deactivated"),
    "frozen": _p("status", "On hold for a safety check"),
    "declined": _p("status", "Not accepted"),
    "cancelled": _p("status", "Cancelled"),
    "expired": _p("status", "Expired"),
    "reversed": _p("status", "MFA wrongly turned off"),
}

OWNER_SENTENCE: Words = {
    "unconfirmed": _l("Confirm from the link in our email by %(time)s."),
    "queued": _l("We will check your request."),
    "verifying": _l("You do not need to do anything now."),
    "waiting_owner": _l("%(task)s by %(time)s."),
    "pending_approval": _l("You do not need to do anything now."),
    "cooling_off": _l("MFA will be turned off after %(time)s. You can cancel until then."),
    "cooling_off_notices": _l(
        "We are telling every registered contact. The waiting period starts when they have been told."
        " You can cancel until MFA is turned off."
    ),
    "ready": _l("MFA will be turned off soon."),
    "executing": _l("MFA will be turned off soon."),
    "deactivated": _l("MFA is off. Register a new MFA device now."),
    "frozen": _l("We have stopped for a safety check."),
    "declined": _l("We could not accept your request. The reason and other ways are below."),
    "cancelled": _l("This request was cancelled."),
    "expired": _l("It ended because we did not hear from you in time."),
    "reversed": _l("We decided that MFA should not have been turned off."),
}

ROLE: Words = {
    "owner": _l("Owner"),
    "contact": _l("Registered contact"),
    "verifier": _l("Verifier"),
    "approver": _l("Approver"),
    "lead": _l("Lead"),
    "compliance": _l("Compliance officer"),
    "admin": _l("Administrator"),
    "system": _l("System"),
}

TIER: Words = {
    "standard": _l("Standard"),
    "privileged": _l("Privileged"),
    "elevated": _l("Elevated"),
}

TIER_REASON: Words = {
    "company_root": _l("Root user of a company"),
    "administrator": _l("Administrator of the account"),
    "register_incomplete": _l("The register lacks a fact"),
    "contact_changed": _l("A contact changed in the last 30 days"),
    "fraud_signal": _l("Sign of fraud"),
    "theft_suspected": _l("Theft suspected"),
    "failed_checks": _l("Identity checks failed"),
    "pressure_marker": _l("Somebody pressed our staff"),
    "contested": _l("Another request for the same account"),
    "appealed": _l("Looked at a second time"),
    "past_dispute": _l('Earlier "this was not me"'),
    "past_decline": _l("An earlier request was declined"),
}

TABLES: Mapping[str, Words] = {
    "status": STATUS,
    "owner_status": OWNER_STATUS,
    "owner_sentence": OWNER_SENTENCE,
    "role": ROLE,
    "tier": TIER,
    "tier_reason": TIER_REASON,
}
