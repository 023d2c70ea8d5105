"""What about a case should make an agent careful, in the order in which they are told of it.

A signal explains; it decides nothing. The tier and the policy sets decide, which look at the same facts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.domain.checks import Profile
from portal.domain.tiers import TIER_RULES, Tier


@dataclass(frozen=True)
class Signs:
    """What the signals are read from. `tier_reasons` are those that the case has gathered in all its rounds."""

    profile: Profile
    tier_reasons: frozenset[str] = frozenset()
    failed_checks: int = 0
    same_phone: bool = False  # another request gave the same telephone number
    same_network: bool = False  # another request came from the same network


def _same_handset(signs: Signs) -> bool:
    profile = signs.profile
    return profile.handset_lost and profile.mobile_on_file and not profile.hardware_device_registered


def _name_differs(signs: Signs) -> bool:
    return signs.profile.has_registered_name and not signs.profile.name_matches


def _one_check_failed(signs: Signs) -> bool:
    return signs.failed_checks > 0 and "failed_checks" not in signs.tier_reasons


OWN: tuple[tuple[str, Callable[[Signs], bool]], ...] = (
    ("objection_open", lambda signs: signs.profile.objection_open),
    ("same_handset", _same_handset),
    ("name_differs", _name_differs),
    ("failed_check", _one_check_failed),
    ("same_phone", lambda signs: signs.same_phone),
    ("same_network", lambda signs: signs.same_network),
)
RAISING = tuple(reason for reason, tier, _ in TIER_RULES if tier is Tier.ELEVATED)
RISKS = (*RAISING, *(key for key, _ in OWN))


def risks_of(signs: Signs) -> tuple[str, ...]:
    """The signals of a case: first those that raised its tier, then those that only explain."""
    raising = tuple(reason for reason in RAISING if reason in signs.tier_reasons)
    return raising + tuple(key for key, is_there in OWN if is_there(signs))
