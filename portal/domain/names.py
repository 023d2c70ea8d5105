"""Compares names in kanji, kana and Latin letters, makes the terms by which they are found, and masks them.

A stored name is never changed: even NFC replaces characters that people carry in their names. Everything here
works on keys made for comparing.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import permutations

SAMENESS = ("exact", "relaxed", "different")

# Spellings of one character that registers, keyboards and the bearers themselves exchange. Those that Unicode
# knows as compatibility ideographs (神 塚 福) are folded by NFKC.
_PAIRS = """
    髙高 﨑崎 嵜崎 德徳 邊辺 邉辺 齋斎 齊斉 澤沢 濱浜 濵浜 廣広 國国 櫻桜 瀨瀬 惠恵 眞真 龍竜
    嶋島 嶌島 冨富 桒桑 𠮷吉 黑黒 槇槙 條条 實実 榮栄 傳伝 豐豊 與与 爲為 萬万 壽寿 圓円 學学
    澁渋 峯峰 舘館 鷗鴎 鄕郷 淸清 靑青 增増 曾曽 禮礼 彌弥 藏蔵 關関 凛凜 燈灯 檜桧 莊荘 栁柳
    桺柳 緖緒 薰薫 會会 佛仏 來来 兒児 勳勲 卷巻 參参 單単 嚴厳 壯壮 夛多 奧奥 孃嬢 寬寛 將将
    專専 峽峡 嶽岳 廢廃 徵徴 戀恋 攝摂 敎教 數数 晉晋 曉暁 步歩 歷歴 狀状 獨独 產産 縣県 艷艶
    螢蛍 覺覚 豫予 賴頼 郞郎 釋釈 鐵鉄 靜静 靈霊 驛駅 髮髪 鬪闘 麥麦 齡齢
"""
_VARIANTS = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})
_COMPATIBILITY = "\uf900-\ufaff\U0002f800-\U0002fa1f"
_ORDINARY = re.compile(f"[^{_COMPATIBILITY}]+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_VOICING = "\u3099\u309a"
_HIRAGANA = {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_SILENT = "ʻʼ"  # letters to Unicode, apostrophes to people
_MOST_PARTS = 4


def matching_key(name: str) -> str:
    """Fold a name for comparing: width, case, accents, kana, variants and spaces no longer matter."""
    return "".join(_parts(name))


def same_name(one: str, other: str) -> str:
    """Compare two names: "exact" but for width, case and spaces; "relaxed" across variants, kana and order.

    Nothing is equal to an empty name.
    """
    if not matching_key(one) or not matching_key(other):
        return "different"
    if _plain(one) == _plain(other):
        return "exact"
    return "relaxed" if _orders(_parts(one)) & _orders(_parts(other)) else "different"


def search_parts(name: str) -> tuple[str, ...]:
    """Return the keys that find a name: whole in any order, by part, by the first two characters."""
    parts = _parts(name)
    wholes = sorted(_orders(parts))
    openings = [key[:2] for key in (*wholes, *parts)]
    return tuple(dict.fromkeys(key for key in (*wholes, *parts, *openings) if key))


def mask_name(name: str) -> str:
    """Show the first character of each part but not how long it is; a part of one character hides whole."""
    return " ".join(_masked(part) for part in name.split())


def _masked(part: str) -> str:
    first = re.match(r".[\ufe00-\ufe0f\U000e0100-\U000e01ef\u0300-\u036f\u3099\u309a]*", part, re.DOTALL)
    shown = first[0] if first and first[0] != part else ""
    return f"{shown}***"


def _plain(name: str) -> str:
    """Fold width and case and drop spaces. Compatibility ideographs stay: another way to write a name."""
    widened = _ORDINARY.sub(lambda run: unicodedata.normalize("NFKC", run[0]), name)
    return "".join(widened.casefold().split())


def _parts(name: str) -> tuple[str, ...]:
    """Fold each part of a name. Apostrophes, hyphens and dots fall away; commas and middle dots part it."""
    spaced = unicodedata.normalize("NFKC", name).replace("・", " ").replace(",", " ").replace("、", " ")
    return tuple(key for part in spaced.split() if (key := _fold(part)))


def _fold(part: str) -> str:
    text = _SELECTORS.sub("", part).translate(_VARIANTS).translate(_HIRAGANA).casefold()
    letters = (mark for mark in unicodedata.normalize("NFD", text) if _counts(mark))
    return unicodedata.normalize("NFC", "".join(letters))


def _counts(mark: str) -> bool:
    # ー is a letter of the kana; accents are dropped, but が without its voicing mark is another syllable.
    if mark in _SILENT:
        return False
    category = unicodedata.category(mark)
    return mark in _VOICING or category[0] in "LN" or category in {"So", "Co", "Cn"}


def _orders(parts: tuple[str, ...]) -> frozenset[str]:
    """All ways to write the parts in a row; names of many parts keep their order or turn it round."""
    if len(parts) <= _MOST_PARTS:
        return frozenset("".join(order) for order in permutations(parts)) - {""}
    return frozenset({"".join(parts), "".join(reversed(parts))})
