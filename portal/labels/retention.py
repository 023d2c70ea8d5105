"""Words for what is kept and for how long, and for the parts of what a person can be handed about themselves."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

Words = Mapping[str, LazyString]

RETENTION_CLASS: Words = {
    "evidence": _p("retention", "Evidence and messages"),
    "network": _p("retention", "Network address"),
    "contact": _p("retention", "Contact data and papers"),
    "fact": _p("retention", "Facts of the case"),
}

RETENTION_HOLDS: Words = {
    "evidence": _l("What was noted at identity checks, messages, notes, drafts and written reasons."),
    "network": _l("Where the request came from, also as a term to search by."),
    "contact": _l(
        "Names, addresses, numbers and papers. The key of the case is destroyed, so no copy can be read either."
    ),
    "fact": _l("The answers of the form. Receipt number, status, times and decisions stay."),
}

# The parts of an export, as the text version heads them.
PERSON_PART: Words = {
    "case": _p("person", "The request"),
    "account": _p("person", "The account in the register"),
    "principals": _p("person", "Users"),
    "contacts": _p("person", "Registered contacts"),
    "checks": _p("person", "Identity checks"),
    "messages": _p("person", "Messages and notes"),
    "papers": _p("person", "Papers"),
    "calls": _p("person", "Telephone calls"),
    "objections": _p("person", "Objections"),
    "removals": _p("person", "Devices to remove"),
    "managed_removals": _p("person", "Devices removed by an administrator"),
    "marks": _p("person", "What the account is remembered for"),
    "notices": _p("person", "Notices"),
    "links": _p("person", "Links in emails"),
    "resets": _p("person", "Resets by the owner"),
    "phone_changes": _p("person", "Corrections of the phone number"),
    "sessions": _p("person", "Open sessions"),
    "drafts": _p("person", "Answers and drafts that were not sent"),
    "decisions": _p("person", "Decisions about the data"),
    "holds": _p("person", "Legal holds"),
    "cases": _p("person", "Requests for the account"),
    "history": _p("person", "History"),
}

# What a person gave us, as the text version names it.
PERSON_FIELD: Words = {
    "reference": _l("Receipt number"),
    "number": _l("AWS account ID"),
    "name": _l("Full name"),
    "kana": _l("Name reading in kana"),
    "latin_name": _l("Name in Latin letters"),
    "organisation": _l("Organisation name"),
    "account_email": _l("Root user email address"),
    "account_number": _l("AWS account ID"),
    "reply_email": _l("Email address for updates"),
    "phone": _l("Phone number in the form"),
    "detail": _l("Description"),
    "created_at": _p("person", "Received"),
    "closed_at": _p("person", "Ended"),
}

EXPORT_REASON: Words = {
    "asked_by_person": _l("The person asked for it"),
    "asked_by_authority": _l("An authority asked for it"),
}

TABLES: Mapping[str, Words] = {
    "retention_class": RETENTION_CLASS,
    "retention_holds": RETENTION_HOLDS,
    "person_part": PERSON_PART,
    "person_field": PERSON_FIELD,
    "export_reason": EXPORT_REASON,
}
