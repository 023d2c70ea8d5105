"""What a check of the log looks at, and what it has found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

# In the order in which they are told. The keys stand in the database and have words in labels.
CHECKS: Mapping[str, str] = {
    "bytes": "every event is what was hashed, and its columns say the same",
    "streams": "no event is missing, added or moved in its stream, up to the newest",
    "places": "every event has one place in the tree, or waits for it",
    "tiles": "the stored tree is the one that the events give",
    "heads": "every signed head is over these very events",
    "size": "no event is missing that a signed head counts",
    "anchors": "every head that was left elsewhere is over these very events",
    "reconcile": "cases, staff and accounts are what their events made of them",
    "payloads": "what is sealed is what was sealed, or was erased with its own event",
    "schema": "every trigger, constraint and key stands as it was made",
    "age": "the newest signed head is not too old",
}


@dataclass(frozen=True)
class Finding:
    """The first place at which a check failed; `more` counts the others."""

    check: str
    place: str
    words: str
    more: int = 0


@dataclass(frozen=True)
class Verdict:
    """What a check found. `failed` is the first check that failed, and None means that all passed."""

    events: int
    findings: tuple[Finding, ...] = ()
    unchecked: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> str | None:
        return self.findings[0].check if self.findings else None

    @property
    def first_bad(self) -> str | None:
        return self.findings[0].place if self.findings else None


def shown(text: str) -> str:
    """What a file or a database says, fit for a terminal: an escape in it could write over the line that tells the truth."""
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)


class Book:
    """Collects what is found. Of each check only the first place is kept, so that it never grows."""

    def __init__(self) -> None:
        self._first: dict[str, Finding] = {}
        self._count: Counter[str] = Counter()
        self._unchecked: dict[str, str] = {}

    def bad(self, check: str, place: str, words: str) -> None:
        self._count[check] += 1
        self._first.setdefault(check, Finding(check, shown(place), shown(words)))

    def knows(self, check: str) -> bool:
        """Whether this check has failed already: then nobody needs to look up where."""
        return check in self._first

    def unchecked(self, check: str, why: str) -> None:
        """It could not be looked at. Said, and no failure."""
        self._unchecked.setdefault(check, why)

    def verdict(self, events: int) -> Verdict:
        found = [self._first[check] for check in CHECKS if check in self._first]
        return Verdict(
            events,
            tuple(Finding(one.check, one.place, one.words, self._count[one.check] - 1) for one in found),
            {check: why for check, why in self._unchecked.items() if check not in self._first},
        )
