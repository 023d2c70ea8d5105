"""How careful a case has to be. Its tier is computed from the register and the case; nobody chooses it.

A tier only rises. What an account remembers (failed checks, markers, disputes, declines) raises the tier of
its next request, and never blocks it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from portal.domain.limits import DEFAULTS, Limits


class Tier(StrEnum):
    """From least to most careful. Compare by `rank`: as text they would sort by the alphabet."""

    STANDARD = "standard"
    PRIVILEGED = "privileged"
    ELEVATED = "elevated"

    @property
    def rank(self) -> int:
        """The place in the order, 0 for the least careful."""
        return list(Tier).index(self)


@dataclass(frozen=True)
class Signals:
    """What a tier is computed from. None means that the register does not say.

    `failed_checks` and the past_ fields look back over the account's memory, this case included.
    """

    principal_kind: str | None = None  # root | iam
    holder_kind: str | None = None  # individual | company
    is_administrator: bool | None = None
    register_incomplete: bool = False  # any other fact that the register lacks
    contact_changed: bool = False  # within the limit `contact_age`
    fraud_signal: bool = False
    theft_suspected: bool = False
    failed_checks: int = 0
    pressure_marker: bool = False
    contested: bool = False
    appealed: bool = False
    past_dispute: bool = False
    past_decline: bool = False


@dataclass(frozen=True)
class TierVerdict:
    """A tier, and every reason for one above standard, as keys of TIER_REASONS."""

    tier: Tier
    reasons: tuple[str, ...]


Sign = Callable[[Signals, Limits], bool]


def _company_root(signals: Signals, limits: Limits) -> bool:
    return signals.principal_kind == "root" and signals.holder_kind == "company"


def _register_incomplete(signals: Signals, limits: Limits) -> bool:
    known = (signals.principal_kind, signals.holder_kind, signals.is_administrator)
    return signals.register_incomplete or None in known


TIER_RULES: tuple[tuple[str, Tier, Sign], ...] = (
    ("company_root", Tier.PRIVILEGED, _company_root),
    ("administrator", Tier.PRIVILEGED, lambda s, _: bool(s.is_administrator)),
    ("register_incomplete", Tier.PRIVILEGED, _register_incomplete),
    ("contact_changed", Tier.ELEVATED, lambda s, _: s.contact_changed),
    ("fraud_signal", Tier.ELEVATED, lambda s, _: s.fraud_signal),
    ("theft_suspected", Tier.ELEVATED, lambda s, _: s.theft_suspected),
    ("failed_checks", Tier.ELEVATED, lambda s, limits: s.failed_checks >= limits.failed_checks_elevate),
    ("pressure_marker", Tier.ELEVATED, lambda s, _: s.pressure_marker),
    ("contested", Tier.ELEVATED, lambda s, _: s.contested),
    ("appealed", Tier.ELEVATED, lambda s, _: s.appealed),
    ("past_dispute", Tier.ELEVATED, lambda s, _: s.past_dispute),
    ("past_decline", Tier.ELEVATED, lambda s, _: s.past_decline),
)
TIER_REASONS = tuple(reason for reason, _, _ in TIER_RULES)


def tier_of(signals: Signals, limits: Limits = DEFAULTS) -> TierVerdict:
    """Compute the tier that these signals ask for, with all reasons."""
    found = [(reason, tier) for reason, tier, sign in TIER_RULES if sign(signals, limits)]
    tier = max((tier for _, tier in found), key=lambda one: one.rank, default=Tier.STANDARD)
    return TierVerdict(tier, tuple(reason for reason, _ in found))


def raised(old: Tier, new: Tier) -> Tier:
    """Return the more careful of two tiers: a tier never falls."""
    return max(old, new, key=lambda tier: tier.rank)
