"""Receipt numbers (受付番号): MR- and eight characters that can be read out on the telephone.

Seven are random and one checks the others, so that a slip in typing is seen before anything is looked up.
Knowing a number opens nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

# Without 0 O 1 I L. 31 is a prime, so different weights catch each wrong character and each swap.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
PREFIX = "MR"
RANDOM_CHARACTERS = 7

# Any seven different weights do; from 9 on, the example in our hints (MR-7K4Q-2W9D) is a true number.
_WEIGHTS = range(9, 9 + RANDOM_CHARACTERS)

# The largest multiple of 31 in a byte. Bytes from there on are thrown away, or some characters would come up
# more often.
_FAIR = 256 - 256 % len(ALPHABET)

# What people put between groups, and what pasting brings along unseen. NFKC leaves most of the dashes alone,
# and on a Japanese keyboard the long vowel mark sits where others have the hyphen.
DASHES = "-ー‐‑‒–—―−〜~─"
UNSEEN = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad"
)
_SEPARATORS = re.compile(rf"[\s{re.escape(DASHES)}{UNSEEN}]+")


def bare(text: str) -> str:
    """Fold a typed code or number: ordinary width, no spaces, no dashes, nothing invisible."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))


def new_reference(random_bytes: Callable[[int], bytes]) -> str:
    """Make a reference from a source of random bytes, such as `secrets.token_bytes`."""
    drawn = ""
    while len(drawn) < RANDOM_CHARACTERS:
        fair = (byte for byte in random_bytes(RANDOM_CHARACTERS) if byte < _FAIR)
        drawn += "".join(ALPHABET[byte % len(ALPHABET)] for byte in fair)
    body = drawn[:RANDOM_CHARACTERS]
    return written(body + check_character(body))


def check_character(body: str) -> str:
    """Compute the eighth character from the first seven."""
    total = sum(weight * ALPHABET.index(character) for weight, character in zip(_WEIGHTS, body, strict=True))
    return ALPHABET[total % len(ALPHABET)]


def parse(text: str) -> str | None:
    """Read a reference as people write it, in any case and width, with or without its prefix and dashes.

    Returns its one spelling, or None for what cannot be a reference.
    """
    plain = bare(text).upper()
    body = plain.removeprefix(PREFIX) if len(plain) > RANDOM_CHARACTERS + 1 else plain
    if len(body) != RANDOM_CHARACTERS + 1 or not set(body) <= set(ALPHABET):
        return None
    return written(body) if check_character(body[:-1]) == body[-1] else None


def written(body: str) -> str:
    """Write eight characters the way a receipt shows them."""
    return f"{PREFIX}-{body[:4]}-{body[4:]}"
