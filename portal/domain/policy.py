"""Policy sets: which checks together are enough for a tier, what the second person has to do, and the wait.

Follows NIST SP 800-63B-4 4.2.2.2: two different ways, or repeated proofing. No channel alone is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.domain.checks import (
    CONTACT_COUNTED,
    IGNORED_REASONS,
    CheckFact,
    Profile,
    View,
    counting,
    is_own_live_check,
)
from portal.domain.limits import Limits
from portal.domain.methods import METHODS
from portal.domain.names import same_name
from portal.domain.tiers import TIER_REASONS, Signals, Tier, TierVerdict, raised, tier_of

__all__ = [
    "IGNORED_REASONS",
    "LAST_RESORT",
    "POLICY_SETS",
    "POLICY_VERSION",
    "REQUIREMENTS",
    "TIER_REASONS",
    "CheckFact",
    "Profile",
    "Requirement",
    "Signals",
    "Tier",
    "TierVerdict",
    "Verdict",
    "any_name_matches",
    "evaluate",
    "live_check_repeated",
    "needs_lead",
    "needs_repeated_live_check",
    "raised",
    "tier_of",
    "waiting_hours",
]

# Approvals and receipts name it. Whoever changes a set changes the version too; a test holds them together.
POLICY_VERSION = "2026.1"

LAST_RESORT = "last_resort"


@dataclass(frozen=True)
class Need:
    """One thing that a set asks for: a check by one of some methods, or a fact of the case.

    `witnessed` are methods that count only if a second member of staff saw the same. A need with a `holder`
    is asked of that kind of holder only; where the holder is unknown, what a company is asked for.
    """

    key: str
    methods: frozenset[str] = frozenset()
    witnessed: frozenset[str] = frozenset()
    fact: Callable[[View], bool] | None = None
    holder: str | None = None


@dataclass(frozen=True)
class PolicySet:
    """A set of needs. `system_written`: at least one of its checks is written by the system, not a person."""

    key: str
    needs: tuple[Need, ...]
    system_written: bool = True


def _need(key: str, methods: str, *, witnessed: str = "", holder: str | None = None) -> Need:
    return Need(key, frozenset(methods.split()), witnessed=frozenset(witnessed.split()), holder=holder)


def _name_registered(view: View) -> bool:
    profile = view.profile
    old_enough = profile.name_since is not None and view.now - profile.name_since >= view.limits.name_age
    return profile.has_registered_name and profile.name_matches and old_enough


POLICY_SETS: Mapping[str, PolicySet] = {
    one.key: one
    for one in (
        PolicySet(
            "standard",
            (
                _need("strong_proof", "P1 P2 P3 D1 D2 D3 D5 W3"),
                _need("held_contact", "H1 H2 H3 H4"),
            ),
        ),
        PolicySet(
            "password",
            (
                Need("password_proven", fact=lambda view: view.profile.password_proven),
                _need("registered_mailbox", "H1"),
                _need("registered_phone", "H2 H3"),
            ),
        ),
        PolicySet(
            "privileged",
            (
                _need("very_strong_proof", "P1 D1 D2 D3 D5 W3"),
                _need("call_back_or_letter", "H3 H4"),
                _need("company_proof", "W1 D6", holder="company"),
            ),
        ),
        # For the honest person whose device, mailbox and number are all gone: nothing is left with which the
        # system could write a check, so two members of staff, a notary and the longest wait stand in for it.
        PolicySet(
            LAST_RESORT,
            (
                _need("seen_in_person", "D1", witnessed="W3"),
                Need("name_registered", fact=_name_registered),
                _need("affidavit", "D5", holder="individual"),
                _need("company_register", "D6", holder="company"),
                _need("company_witness", "W1", holder="company"),
                Need("no_objection", fact=lambda view: not view.profile.objection_open),
            ),
            system_written=False,
        ),
    )
}
SETS_OF_TIER: Mapping[Tier, tuple[str, ...]] = {
    Tier.STANDARD: ("standard", "password"),
    Tier.PRIVILEGED: ("privileged",),
    Tier.ELEVATED: ("privileged",),
}
SYSTEM_WRITTEN = "system_written"
REQUIREMENTS = (
    *dict.fromkeys(need.key for one in POLICY_SETS.values() for need in one.needs),
    SYSTEM_WRITTEN,
)


@dataclass(frozen=True)
class Requirement:
    """One need of a set: whether it is met, and by which check. A fact is met by none."""

    key: str
    met: bool
    by: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether the checks are enough, by which set, and what is missing from the set that comes nearest."""

    met: bool
    set_key: str
    required: tuple[Requirement, ...]
    ignored: tuple[tuple[str, str], ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The keys of what is not met."""
        return tuple(one.key for one in self.required if not one.met)


def evaluate(profile: Profile, checks: Iterable[CheckFact], now: datetime, limits: Limits) -> Verdict:
    """Say whether the checks of this round complete a set of the case's tier.

    Of the sets that may be used, one that is met is taken, the last resort only if no other is; else the nearest.
    """
    view = View(profile=profile, checks=tuple(checks), now=now, limits=limits)
    counted, ignored = counting(view)
    keys = (*((LAST_RESORT,) if profile.last_resort else ()), *SETS_OF_TIER[profile.tier])
    verdicts = [_judge(POLICY_SETS[key], counted, view) for key in keys]
    best = min(
        verdicts, key=lambda one: (not one.met, one.met and one.set_key == LAST_RESORT, len(one.missing))
    )
    return Verdict(best.met, best.set_key, best.required, (*ignored, *_doubles(best, counted)))


def needs_lead(tier: Tier, set_key: str | None = None) -> bool:
    """Whether the second person has to be a lead."""
    return tier is not Tier.STANDARD or set_key == LAST_RESORT


def needs_repeated_live_check(tier: Tier) -> bool:
    """Whether the second person has to do a live check themselves before agreeing."""
    return tier is not Tier.STANDARD


def live_check_repeated(
    profile: Profile, checks: Iterable[CheckFact], person_id: str | None, *, now: datetime, limits: Limits
) -> bool:
    """Whether this second person did a live check in this round and it matched, and no repetition did not match."""
    view = View(profile=profile, checks=tuple(checks), now=now, limits=limits)
    repeated = [
        check
        for check in view.checks
        if check.repeated
        and check.round == profile.round
        and not check.voided
        and check.method in METHODS
        and METHODS[check.method].live
    ]
    if any(check.result == "mismatch" for check in repeated):
        return False
    return any(is_own_live_check(check, view, person_id) for check in repeated)


def waiting_hours(tier: Tier, set_key: str | None, limits: Limits, *, everyone_reached: bool) -> int:
    """Return how many hours a removal waits. No argument shortens what the tier asks for."""
    hours = {
        Tier.STANDARD: limits.wait_standard_hours,
        Tier.PRIVILEGED: limits.wait_privileged_hours,
        Tier.ELEVATED: limits.wait_elevated_hours,
    }[tier]
    if set_key == LAST_RESORT:
        hours = max(hours, limits.wait_last_resort_hours)
    return hours if everyone_reached else max(hours, limits.wait_unreached_hours)


def any_name_matches(typed: Sequence[str], registered: Sequence[str]) -> bool:
    """Whether a typed name is one of the registered ones, in whatever width or order it is written."""
    return any(same_name(one, other) != "different" for one in typed for other in registered)


def _judge(policy_set: PolicySet, counted: tuple[CheckFact, ...], view: View) -> Verdict:
    needs = [need for need in policy_set.needs if _is_asked(need, view.profile)]
    filled = _fill([need for need in needs if need.fact is None], counted)
    required = tuple(_requirement(need, filled, view) for need in needs)
    met = all(one.met for one in required)
    if (
        met
        and policy_set.system_written
        and not any(check.attested_by == "system" for check in filled.values())
    ):
        return Verdict(False, policy_set.key, (*required, Requirement(SYSTEM_WRITTEN, met=False)))
    return Verdict(met, policy_set.key, required)


def _is_asked(need: Need, profile: Profile) -> bool:
    return need.holder is None or (need.holder == "individual") == (profile.holder_kind == "individual")


def _requirement(need: Need, filled: Mapping[str, CheckFact], view: View) -> Requirement:
    if need.fact is not None:
        return Requirement(need.key, met=need.fact(view))
    check = filled.get(need.key)
    return Requirement(need.key, met=check is not None, by=check.id if check else None)


def _fill(needs: Sequence[Need], checks: tuple[CheckFact, ...]) -> dict[str, CheckFact]:
    """Give as many needs as possible a check of their own, no two over one contact; the system's first."""
    if not needs:
        return {}
    first, rest = needs[0], needs[1:]
    best = _fill(rest, checks)
    for check in _representatives(first, checks):
        left = tuple(other for other in checks if not _excludes(check, other))
        filled = {first.key: check} | _fill(rest, left)
        best = max(best, filled, key=_worth)
    return best


def _worth(filled: Mapping[str, CheckFact]) -> tuple[int, int]:
    return len(filled), sum(check.attested_by == "system" for check in filled.values())


def _representatives(need: Need, checks: tuple[CheckFact, ...]) -> list[CheckFact]:
    """One check for each method and contact is enough to try: the others would do the same."""
    fitting = {
        (check.method, check.contact_id): check
        for check in reversed(checks)
        if check.method in need.methods or (check.method in need.witnessed and check.witnessed)
    }
    return list(reversed(fitting.values()))


def _excludes(taken: CheckFact, other: CheckFact) -> bool:
    return taken.id == other.id or (taken.contact_id is not None and taken.contact_id == other.contact_id)


def _doubles(verdict: Verdict, counted: tuple[CheckFact, ...]) -> tuple[tuple[str, str], ...]:
    """Name the checks that were left out because another one over the same contact was taken."""
    taken = {one.by for one in verdict.required if one.by}
    contacts = {check.contact_id for check in counted if check.id in taken and check.contact_id}
    return tuple(
        (check.id, CONTACT_COUNTED)
        for check in counted
        if check.id not in taken and check.contact_id in contacts
    )
