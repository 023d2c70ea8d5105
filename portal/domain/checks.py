"""Which identity checks of a case count at all. `policy` then asks whether those that do complete a set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portal.domain.limits import Limits
from portal.domain.methods import METHODS, Method
from portal.domain.tiers import Tier

CALLS = frozenset({"H2", "H3"})
TALKED = "H3"  # the call after whose digits the agent talks to the called person
# An image of a document can be forged, and a recovery contact can collude: neither completes anything.
NEVER_COMPLETE = frozenset({"D4", "W2"})


@dataclass(frozen=True)
class CheckFact:
    """One recorded check. `contact_since`: since when the register has the contact; None if it does not."""

    id: str
    method: str
    result: str
    round: int
    voided: bool
    attested_by: str
    person_id: str | None
    contact_id: str | None
    contact_since: datetime | None
    witnessed: bool = False
    repeated: bool = False


@dataclass(frozen=True)
class Profile:
    """What the rules need to know of a case and of its account in the register."""

    tier: Tier
    holder_kind: str | None
    password_proven: bool
    handset_lost: bool  # the device was lost or stolen
    mobile_on_file: bool
    hardware_device_registered: bool
    name_since: datetime | None
    name_matches: bool
    has_registered_name: bool
    objection_open: bool
    last_resort: bool
    round: int


@dataclass(frozen=True)
class View:
    """Everything that decides whether a check counts."""

    profile: Profile
    checks: tuple[CheckFact, ...]
    now: datetime
    limits: Limits


def counting(view: View) -> tuple[tuple[CheckFact, ...], tuple[tuple[str, str], ...]]:
    """Part the checks into those that count, and (id, reason) of those that do not."""
    reasons = [(check, why_ignored(check, view)) for check in view.checks]
    counted = tuple(check for check, reason in reasons if reason is None)
    return counted, tuple((check.id, reason) for check, reason in reasons if reason is not None)


def why_ignored(check: CheckFact, view: View) -> str | None:
    """Say why a check does not count: the first reason of the table, or None."""
    return next((reason for reason, ignores in IGNORES if ignores(check, view)), None)


def is_own_live_check(check: CheckFact, view: View, person_id: str | None) -> bool:
    """Whether this repetition of a live check is that person's own, and would have counted as a first check."""
    if check.result != "match" or check.person_id != person_id:
        return False
    return check.attested_by == _method(check).attested and not any(
        ignores(check, view) for ignores in (_contradicted, _contact_unknown, _contact_changed, _same_handset)
    )


def _method(check: CheckFact) -> Method:
    return METHODS[check.method]


def _is_held(check: CheckFact) -> bool:
    return _method(check).klass == "held_channel"


def _wrongly_attested(check: CheckFact, view: View) -> bool:
    by_person = check.attested_by == "person"
    return check.attested_by != _method(check).attested or by_person != (check.person_id is not None)


def _is_conversation(check: CheckFact, view: View) -> bool:
    # A voice can be bought. What an agent heard after the digits only ever counts against, see `_contradicted`.
    return check.method == TALKED and check.attested_by == "person"


def _contradicted(check: CheckFact, view: View) -> bool:
    # What a person saw once and did not see another time proves nothing, nor do digits after which the agent
    # noticed another person. A right code stands, whatever was typed before it.
    return any(
        other.result == "mismatch"
        and other.attested_by == "person"
        and not other.voided
        and (_way(other), other.contact_id, other.round) == (_way(check), check.contact_id, check.round)
        for other in view.checks
    )


def _way(check: CheckFact) -> str:
    # Whom an agent did not recognise on a telephone can key in the digits of the owner's own call just as well.
    return "call" if check.method in CALLS else check.method


def _contact_unknown(check: CheckFact, view: View) -> bool:
    return _is_held(check) and (check.contact_id is None or check.contact_since is None)


def _contact_changed(check: CheckFact, view: View) -> bool:
    since = check.contact_since
    return _is_held(check) and since is not None and view.now - since < view.limits.contact_age


def _same_handset(check: CheckFact, view: View) -> bool:
    # The authenticator app usually lived on the one smartphone, so whoever has it answers the call too. Only
    # the register can say otherwise; the requester's word does not lift it.
    profile = view.profile
    on_handset = profile.mobile_on_file and not profile.hardware_device_registered
    return check.method in CALLS and profile.handset_lost and on_handset


IGNORES: tuple[tuple[str, Callable[[CheckFact, View], bool]], ...] = (
    ("unknown_method", lambda check, view: check.method not in METHODS),
    ("other_round", lambda check, view: check.round != view.profile.round),
    ("voided", lambda check, view: check.voided),
    ("mismatch", lambda check, view: check.result == "mismatch"),
    ("could_not", lambda check, view: check.result != "match"),
    ("conversation", _is_conversation),
    ("is_repetition", lambda check, view: check.repeated),
    ("wrongly_attested", _wrongly_attested),
    ("never_completes", lambda check, view: check.method in NEVER_COMPLETE),
    ("contradicted", _contradicted),
    ("contact_unknown", _contact_unknown),
    ("contact_changed", _contact_changed),
    ("same_handset", _same_handset),
)
# A mailbox or phone counts once in a set; `policy` finds out which of two checks over it is the one.
CONTACT_COUNTED = "contact_counted"
IGNORED_REASONS = (*(reason for reason, _ in IGNORES), CONTACT_COUNTED)
