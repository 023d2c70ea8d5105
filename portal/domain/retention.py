"""What is kept after a case has ended, and how long: one row per class of data, in the order in which they go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from portal.domain.lifecycle import Act


@dataclass(frozen=True)
class Period:
    """One class of data, as columns declare it; `limit` names the number in `limits`."""

    key: str
    act: Act
    limit: str


# A case's `retention_stage` counts how many of these are over.
PERIODS: tuple[Period, ...] = (
    Period("evidence", Act.DELETE_EVIDENCE, "retention_evidence"),
    Period("network", Act.DELETE_NETWORK, "retention_network"),
    Period("contact", Act.DELETE_CONTACT, "retention_contact"),
    Period("fact", Act.DELETE_FACTS, "retention_case"),
)
STAGES: Mapping[str, int] = {one.key: stage for stage, one in enumerate(PERIODS, 1)}
# From here on nothing that was sealed for the case can be opened, and nothing can be sealed for it any more.
KEY_GONE = STAGES["contact"]

# Nothing goes while somebody may still be at it: so long after the last message, note or draft.
QUIET = timedelta(days=7)

# What stands where an owner's answer stood.
ERASED = "erased"
NEUTRAL: Mapping[str, Any] = {
    "principal_kind": ERASED,
    "problem": ERASED,
    "registered_phone": ERASED,
    "phone_on_device": ERASED,
    "holder_kind": ERASED,
    "is_administrator": ERASED,
    "account_number": None,
    "device_kind": None,
    "call_time": None,
    "decision_reason": None,
    "theft_suspected": False,
    "triage": {},
    "accepted": {},
    "tier_reasons": [],
    "devices": [],
    "asked": [],
    "answered": [],
}

# What two people decide about what is kept. What keeps data is in force at once; what lets it go waits a day.
DECISIONS: Mapping[str, Act | None] = {
    "case_hold": Act.PLACE_HOLD,
    "case_release": Act.LIFT_HOLD,
    "case_erase": Act.ERASE,
    "account_erase": None,
}
