"""The log's published keys: the one that signs now and, behind it, those that it replaced.

mfa.corp.example/log+5f3a81c2+Ab…
mfa.corp.example/log+09c4d7e1+AR… until 48213

One a line, the newest first. A key that was replaced counts up to the head at which it ended, so that what it signed stays
true and whoever has stolen it can sign nothing later with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from portal.tlog.notes import BadKey, BadNote, Head, Verifier

MOST = 50
LONGEST = 16_384  # characters of all of them


@dataclass(frozen=True)
class Replaced:
    """A key that signs no more, and the size of the last head that counts under it."""

    verifier: Verifier
    size: int

    def __str__(self) -> str:
        return f"{self.verifier} until {self.size}"


@dataclass(frozen=True)
class LogKeys:
    current: Verifier
    replaced: tuple[Replaced, ...] = ()

    @staticmethod
    def parse(text: str) -> LogKeys:
        """Read what `str` wrote: a single key as C2SP writes it, or several. Raises BadKey."""
        lines = text.strip().splitlines()[: MOST + 1]
        if len(lines) > MOST or len(text) > LONGEST:
            raise BadKey("these are too many keys for one log")
        keys = LogKeys(Verifier.parse(lines[0] if lines else ""), tuple(map(_replaced, lines[1:])))
        if any(one.verifier.name != keys.name for one in keys.replaced):
            raise BadKey("these are keys of two logs")
        return keys

    @property
    def name(self) -> str:
        return self.current.name

    def __str__(self) -> str:
        return "\n".join(map(str, (self.current, *self.replaced)))

    def open(self, note: str) -> Head:
        """The head that one of these keys has signed in its time. Raises BadNote."""
        try:
            return self.current.open(note)
        except BadNote:
            for one in self.replaced:
                head = _opened(note, one.verifier)
                if head is not None and head.size <= one.size:
                    return head
                if head is not None:
                    words = f"it counts {head.size} events, and its key was replaced at {one.size}"
                    raise BadNote(words) from None
            raise

    def followed_by(self, verifier: Verifier, size: int) -> LogKeys:
        """These keys, and a new one that signs whatever is larger than this."""
        return LogKeys(verifier, (Replaced(self.current, size), *self.replaced))


def _replaced(line: str) -> Replaced:
    found = re.fullmatch(r"(\S+) until (0|[1-9][0-9]{0,17})", line)
    if found is None:
        raise BadKey("a key that was replaced has the form name+hash+key until size")
    return Replaced(Verifier.parse(found[1]), int(found[2]))


def _opened(note: str, verifier: Verifier) -> Head | None:
    try:
        return verifier.open(note)
    except BadNote:
        return None
