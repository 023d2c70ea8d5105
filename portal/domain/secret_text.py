"""Codes, passwords and keys in what people write: they must never stand in a message, a note or a template.

Errs on the safe side, but lets through what a desk writes all day: receipt numbers, dates, times, amounts, telephones.
"""

from __future__ import annotations

import re
import unicodedata

from portal.domain.reference import DASHES, UNSEEN, parse


def looks_secret(text: str) -> bool:
    """Whether a text seems to hold a code, a password, a key or a recovery code."""
    plain = _plain(text)
    return (
        any(sign.search(plain) for sign in _SIGNS)
        or any(_is_key(found[0]) for found in _TOKEN.finditer(plain))
        or any(_is_recovery_code(found[0]) for found in _GROUPS.finditer(plain))
        or _has_code(plain)
    )


def _plain(text: str) -> str:
    """One width, one dash, nothing invisible: a code is a code however it is dressed up."""
    folded = unicodedata.normalize("NFKC", text)
    folded = re.sub(rf"[{UNSEEN}]|(?![\n\t])[\x00-\x1f]", "", folded)
    # a long vowel mark is a dash only where no kana stands before it
    return re.sub(rf"(?<![ァ-ヺー])[{re.escape(DASHES)}]", "-", folded)


_NAMED = r"(?:pass\s?words?|pass\s?phrases?|passcodes?|pwd|pin|パスワード|パスフレーズ|暗証番号)"
_KEY = (
    r"(?:secret(?:\s+access)?\s+keys?|secret|setup\s+keys?|recovery\s+codes?|backup\s+codes?|(?:mfa|totp|one-time|verification"
    r"|security|access)\s+codes?|otp|秘密鍵|秘密キー|シークレット\s?(?:アクセス\s?)?(?:キー)?|設定キー|リカバリー\s?コード|復旧コード"
    r"|バックアップ\s?コード|(?:認証|確認|MFA|ワンタイム)\s?コード)"
)
_VALUE = r"(?=[!-~]{0,100}[0-9!-/:-@\[-`{-~]|[!-~]{0,100}[a-z][A-Z])[!-~]{4,}"
_SIGNS = (
    *(
        re.compile(pattern, re.IGNORECASE)
        for pattern in (
            r"otpauth(?:-migration)?:",
            r"-{5}BEGIN [A-Z ]*PRIVATE KEY",
            r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
            # "password: " and anything at all; of the rest, what is no ordinary word
            rf"{_NAMED}[ \t]*+(?:\([^)\n]{{0,20}}\))?[ \t]*+[:=][ \t]*[^\s{{]",
            rf"{_KEY}[ \t]*[:=][ \t]*(?=[^\s{{]{{0,100}}[0-9])[!-z|~]{{4,}}",
        )
    ),
    re.compile(rf"(?i:{_NAMED})[ \t]*(?:(?i:\bis\b|\bwas\b)|は|が)[ \t]*[「\"'“]?{_VALUE}"),
    re.compile(rf"(?i:{_NAMED}|{_KEY})[ \t]*+(?:は|が|(?i:\bis\b))?[ \t]*[「\"“][!-~]{{4,}}[」\"”]"),
    # spelled out: "one two three four five six", 一二三四五六
    re.compile(r"(?i)\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b[ ,.-]*){6,}"),
    re.compile(r"[〇零一二三四五六七八九]{6,8}"),
)

_TOKEN = re.compile(r"[A-Za-z0-9/+_=-]{16,}|[A-Za-z2-7]{4}(?:[ -][A-Za-z2-7]{4}){3,}")
_GROUPS = re.compile(
    r"(?<![A-Za-z0-9-])(?=[A-Z0-9-]*[0-9])(?=[A-Z0-9-]*[A-Z])[A-Z0-9]{4,8}(?:-[A-Z0-9]{4,8}){1,5}(?![A-Za-z0-9-])"
    r"|(?<![A-Za-z0-9])(?=[A-Z0-9]*[0-9])(?=[A-Z]*[0-9][0-9]*[A-Z]|[0-9]*[A-Z]+[0-9]+[A-Z])[A-Z0-9]{10,15}(?![A-Za-z0-9])",
)


def _is_key(token: str) -> bool:
    """Whether an unbroken run of letters and digits, or one in groups of four, is a key rather than a word or a number."""
    bare = re.sub(r"[ -]", "", token)
    if re.fullmatch("[A-Z2-7]{16,}", bare) or re.fullmatch("[a-z2-7]{16,}", bare):
        grouped = bare != token
        return bool(re.search("[2-7]", bare)) or (not grouped and bare.isupper()) or token.isupper()
    kinds = (re.search(kind, bare) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return len(bare) >= 24 and "/" not in token[:1] and all(kinds)


def _is_recovery_code(token: str) -> bool:
    return parse(token) is None


# What has as many digits as a code and is none, in the order in which it is taken out.
_HARMLESS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bMR-?[2-9A-Z]{4}-?[2-9A-Z]{4}\b",
        # taken whole or not at all (`++`): else a page of "https://https://…" with a ? at its end is read for a minute
        r"https?://[^\s?=]++(?![?=])",
        # days and times
        r"(?<!\d)(?:19|20)\d\d ?[-/.年] ?(?:0?[1-9]|1[0-2])(?: ?[-/.月] ?(?:0?[1-9]|[12]\d|3[01]))?日?(?!\d)",
        r"(?<!\d)(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:19|20)\d\d(?!\d)",
        r"(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)",
        r"(?<!\d)\d{1,2}[:.]\d\d(?::\d\d)? ?(?:-|から|to) ?\d{1,2}[:.]\d\d(?::\d\d)?(?!\d)",
        r"(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?!\d)",
        r"(?<!\d)(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d(?!\d)",
        # amounts and counts
        r"(?<!\d)\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)",
        r"(?:[¥$€£]|\bJPY|\bUSD|\bEUR) ?\d+(?:\.\d+)?(?!\d)",
        r"(?<!\d)\d+ ?(?:円|ドル|ユーロ|件|人|名|文字|回|バイト|yen\b|JPY\b|USD\b|dollars?\b|characters?\b|bytes?\b|requests?\b"
        r"|people\b)",
        # telephones, post codes, account numbers
        r"(?<![\dA-Za-z])\(?0(?=(?:[-() ]{0,2}\d){9,10}(?![-() ]{0,2}\d))[\d() -]+\d",
        r"\+(?=\d(?:[-() ]{0,2}\d){9,14}(?![-() ]{0,2}\d))[\d() -]+\d",
        r"〒 ?\d{3}-?\d{4}(?!\d)",
        r"(?<![\d-])\d{12}(?![\d-])|(?<![\d-])\d{4}-\d{4}-\d{4}(?![\d-])",
    )
)
_DIGITS = re.compile(r"(?<!\d)\d(?:[ \-.・/_]{0,2}\d)+(?!\d)|(?<!\d)\d(?:[,、] ?\d){5,}(?!\d)")
CODE_LENGTHS = range(6, 9)


def _has_code(plain: str) -> bool:
    for harmless in _HARMLESS:
        plain = harmless.sub(" # ", plain)
    return any(_is_code(found[0]) for found in _DIGITS.finditer(plain))


def _is_code(run: str) -> bool:
    """Whether a run of digits, single or in groups, has the length of a code."""
    groups = re.findall(r"\d+", run)
    if re.search("[,、]", run) and groups == [str(number) for number in range(1, len(groups) + 1)]:
        return False  # steps 1, 2, 3, 4, 5, 6
    if all(re.fullmatch(r"(?:19|20)\d\d", group) for group in groups):
        return False  # years
    return sum(map(len, groups)) in CODE_LENGTHS or any(len(group) in CODE_LENGTHS for group in groups)
