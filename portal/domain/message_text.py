"""What is asked of a text before it is sent: no gap of a template left in it, and a script that its reader can read."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What stands for itself in a template, in either language, and is filled in by the desk.
KNOWN_GAPS: Mapping[str, str] = {
    "reference": "reference",
    "receipt number": "reference",
    "受付番号": "reference",
    "due": "due",
    "due date": "due",
    "期限": "due",
    "desk": "desk",
    "name of the desk": "desk",
    "窓口名": "desk",
    "hours": "hours",
    "support hours": "hours",
    "受付時間": "hours",
}
GAP = re.compile(r"[{｛]([^{}｛｝\n]{0,60})[}｝]")

_JAPANESE = re.compile("[぀-ヿㇰ-ㇿ㐀-鿿豈-﫿ｦ-ﾝ]")
_LATIN = re.compile("[A-Za-zＡ-Ｚａ-ｚ]")


def gaps(text: str) -> list[str]:
    """The names of all `{…}` in a text, each once, as they are written."""
    return list(dict.fromkeys(name.strip() for name in GAP.findall(text)))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its known gaps filled; those without a value stay for people to fill."""

    def value(found: re.Match[str]) -> str:
        return values.get(KNOWN_GAPS.get(found[1].strip().lower(), ""), "") or found[0]

    return GAP.sub(value, text)


def is_other_script(text: str, language: str) -> bool:
    """Whether a text can hardly be in this language: no kana or kanji for a reader of Japanese, mostly those for others."""
    japanese, latin = len(_JAPANESE.findall(text)), len(_LATIN.findall(text))
    return latin > 0 and japanese == 0 if language == "ja" else japanese > latin
