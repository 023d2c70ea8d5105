"""Invented checks and profiles for the tests of the policy sets. Today is 24 November 2026."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portal.domain.limits import Limits
from portal.domain.methods import METHODS
from portal.domain.policy import CheckFact, Profile, Tier, evaluate

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)

ALONE = Profile(
    tier=Tier.STANDARD,
    holder_kind="individual",
    password_proven=False,
    handset_lost=False,
    mobile_on_file=True,
    hardware_device_registered=False,
    name_since=LONG_AGO,
    name_matches=True,
    has_registered_name=True,
    objection_open=False,
    last_resort=False,
    round=1,
)
PASSWORD = replace(ALONE, password_proven=True)
PRIVILEGED = replace(ALONE, tier=Tier.PRIVILEGED)
ELEVATED = replace(ALONE, tier=Tier.ELEVATED)
COMPANY = replace(PRIVILEGED, holder_kind="company")
LAST = replace(ALONE, last_resort=True)
LAST_COMPANY = replace(LAST, tier=Tier.PRIVILEGED, holder_kind="company")

CONTACTS = {"email": "mailbox", "phone": "phone", "post": "address"}


def check(method, **changes):
    """A matching check by the one who attests this method, over the contact that fits its channel."""
    kind = METHODS[method]
    made = CheckFact(
        id=method,
        method=method,
        result="match",
        round=1,
        voided=False,
        attested_by=kind.attested,
        person_id="alice" if kind.attested == "person" else None,
        contact_id=CONTACTS.get(kind.channel),
        contact_since=LONG_AGO if kind.channel else None,
    )
    return replace(made, **changes)


def checks(text):
    return [check(method) for method in text.split()]


def judge(profile, *made, limits=None):
    return evaluate(profile, made, NOW, limits or Limits())


def judge_all(profile, text):
    return judge(profile, *checks(text))
