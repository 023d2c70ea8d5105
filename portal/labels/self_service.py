"""Words for the owner's own path as the desk reads of it: the step that failed, and why."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

Words = Mapping[str, LazyString]

STEP: Words = {
    "start": _l("At the start"),
    "mail": _l("Step 1, email"),
    "call": _l("Step 2, phone"),
    "remove": _l("Step 3, deactivation"),
}

FAILURE: Words = {
    "no_passwords": _l("The system behind the account cannot check passwords"),
    "no_telephone": _l("No telephone service is connected"),
    "not_root": _l("Not the root user"),
    "protected": _l("The account is protected against self-service"),
    "objection_open": _l("An objection on the account is undecided"),
    "path_off": _l("The telephone step is switched off after too many failures"),
    "password_young": _l("The password was set or reset in the last 30 days"),
    "no_mailbox": _l("The account has no registered email address"),
    "no_phone": _l("The account has no registered phone number"),
    "mailbox_young": _l("The registered email address is younger than 30 days"),
    "phone_young": _l("The registered phone number is younger than 30 days"),
    "phone_not_callable": _l("The country of the registered phone number cannot be called"),
    "other_way": _l("The owner chose the request instead"),
    "mail_not_received": _l("The owner cannot get the email"),
    "link_expired": _l("The link in the email expired"),
    "phone_unreachable": _l("The owner cannot answer the registered number"),
    "call_did_not_come": _l("The call did not come"),
    "no_answer": _p("self_service", "Nobody answered the call"),
    "busy": _p("self_service", "The line was busy"),
    "machine": _p("self_service", "An answering machine took the call"),
    "wrong": _p("self_service", "Wrong digits were keyed in"),
    "failed": _p("self_service", "The call could not be connected"),
    "expired": _p("self_service", "The digits were not keyed in in time"),
    "hung_up": _p("self_service", "The call ended before the digits were keyed in"),
    "calls_used_up": _l("No more calls were possible"),
    "stopped": _l('Somebody said "this was not me"'),
    "time_over": _l("The time for the reset was over"),
    "changed_meanwhile": _l("The account changed in the meantime"),
    "removal_failed": _l("The device could not be removed"),
}

TABLES: Mapping[str, Words] = {
    "self_service_step": STEP,
    "self_service_failure": FAILURE,
}
