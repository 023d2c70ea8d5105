"""How passwords and recovery codes are hashed, in one place, and which passwords staff may not choose.

The words to avoid are those of this desk, of its people and of years. There is no packaged list of common passwords:
hardly any of the usual thousands has 15 characters, so patterns, repetitions and the few long phrases that everybody
knows are refused instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from argon2 import Parameters, PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

PASSWORDS = profiles.RFC_9106_LOW_MEMORY
# Recovery codes are random, and ten are tried at a time: the second profile of OWASP is enough for them.
CODES = Parameters(
    type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=2, memory_cost=19_456, parallelism=1
)
_in_force = {"password": PASSWORDS, "code": CODES}
_nobodys: dict[str, str] = {}  # by kind: what is compared where there is nothing to compare with

REFUSALS = ("password_short", "password_long", "password_repeats", "password_common", "password_context")
LONGEST = 1024  # more is never hashed, whatever a setting says

DESK_WORDS = tuple(
    "kaijo 解除 かいじょ カイジョ portal ポータル support サポート desk password パスワード passphrase passwort secret"
    " ひみつ 秘密 admin administrator 管理者 verifier approver 承認者 担当者 lead compliance コンプライアンス owner staff"
    " mfa totp aws amazon account アカウント signin login welcome ようこそ letmein changeme japan 日本 tokyo 東京"
    " spring summer autumn winter 春 夏 秋 冬 january february march april june july august september october"
    " november december".split()
)
KNOWN_PHRASES = frozenset(
    "correcthorsebatterystaple trustnoonetrustnoone iloveyouiloveyou maytheforcebewithyou nevergonnagiveyouup"
    " supercalifragilisticexpialidocious thequickbrownfox thequickbrownfoxjumpsoverthelazydog tobeornottobe"
    " tobeornottobethatisthequestion loremipsumdolorsitamet iamthewalrusiamthewalrus opensesameopensesame"
    " いろはにほへとちりぬるを あいうえおかきくけこさしすせそ 寿限無寿限無五劫の擦り切れ 祇園精舎の鐘の声".split()
)
KEY_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
YEARS = re.compile(r"(19|20)[0-9]{2}|(令和|平成|昭和|reiwa)[0-9]{1,2}年?")
DISGUISES = str.maketrans("013457@$!|", "oieastasii")
LEFT_OVER = 8  # characters that must remain when the words of the desk are taken away
DIFFERENT = 6


def use(parameters: Parameters) -> None:
    """Hash with other parameters from now on: tests take the cheapest, operators may take dearer ones."""
    _in_force.update(password=parameters, code=parameters)
    _nobodys.clear()


def hashed(secret: str, kind: str = "password") -> str:
    """Hash a secret with the parameters in force."""
    return PasswordHasher.from_parameters(_in_force[kind]).hash(secret)


def fits(stored: str | None, secret: str, kind: str = "password") -> bool:
    """Compare a secret with its hash. Where there is none, or too long a secret, the work is done all the same."""
    comparable = stored if len(secret) <= LONGEST else None
    try:
        PasswordHasher.from_parameters(_in_force[kind]).verify(
            comparable or _nobodys_hash(kind), secret if comparable else "somebody's"
        )
    except (VerificationError, InvalidHashError):
        return False
    return comparable is not None


def _nobodys_hash(kind: str) -> str:
    if kind not in _nobodys:
        _nobodys[kind] = hashed("nobody's", kind)
    return _nobodys[kind]


def is_outdated(stored: str) -> bool:
    """Whether a password was hashed with other parameters than those in force."""
    return PasswordHasher.from_parameters(_in_force["password"]).check_needs_rehash(stored)


def refusal(password: str, *, least: int, most: int, words: Iterable[str] = ()) -> str | None:
    """Say why this password cannot be chosen, as a key of REFUSALS, or None. `words` are the person's own."""
    if len(password) < least:
        return "password_short"
    if len(password) > min(most, LONGEST):
        return "password_long"
    folded = unicodedata.normalize("NFKC", password).casefold()
    if _repeats(folded) or _runs(folded):
        return "password_repeats"
    if _letters(folded) in KNOWN_PHRASES or _letters(folded.translate(DISGUISES)) in KNOWN_PHRASES:
        return "password_common"
    if _left_over(folded, [*DESK_WORDS, *words]) < LEFT_OVER:
        return "password_context"
    return None


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def _repeats(text: str) -> bool:
    """A unit said twice or more, or too few different characters."""
    length = len(text)
    said_again = any(
        text == (text[:unit] * (length // unit + 1))[:length] for unit in range(1, length // 2 + 1)
    )
    return said_again or len(set(text)) < DIFFERENT


def _runs(text: str) -> bool:
    """Mostly neighbours, in the alphabet or on the keyboard."""
    neighbours = sum(_are_neighbours(one, other) for one, other in pairwise(text))
    return neighbours * 3 > (len(text) - 1) * 2


def _are_neighbours(one: str, other: str) -> bool:
    if abs(ord(one) - ord(other)) <= 1:
        return True
    return any(one + other in row or other + one in row for row in KEY_ROWS)


def _left_over(text: str, words: Iterable[str]) -> int:
    known = sorted({unicodedata.normalize("NFKC", word).casefold() for word in words}, key=len, reverse=True)
    left = YEARS.sub("", text)
    for folded in (left, left.translate(DISGUISES)):
        rest = folded
        for word in known:
            # single Latin letters and the like are no words; a kanji is
            if len(word) > 2 or (word and not word.isascii()):
                rest = rest.replace(word, "")
        left = rest if len(rest) < len(left) else left
    return len(_letters(left))
