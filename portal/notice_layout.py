"""Turns the words of a mail into lines for plain text and blocks for HTML: the same words, so the two can never differ.

In the words one line is one sentence or one link; an empty line parts paragraphs; a line in ** ** is set in bold. What
somebody typed is marked line by line and stays what it is: no link, no bold, no list and no rule is made of it.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

COLUMNS = {"ja": 70, "en": 72}  # 35 full-width characters, each of which takes two columns
RULE = "――――"
TYPED = "\ue000"  # for private use: stands for nothing that is shown
STRONG = re.compile(r"\*\*(.+)\*\*")
LINK = re.compile(r"(?:(?P<lead>English|日本語): )?(?P<url>https?://\S+)")
ITEM = re.compile(r"(?P<mark>・|- |[0-9]+\. )(?P<words>.+)")

# Where a Japanese line may end: after a stop, or after a particle where the next phrase begins. Never within a word, a
# date or "14 日", and not after "この", "次の" or a polite "お" or "ご".
PHRASE = re.compile(
    r"(?<=[、。])(?![、。」）])"
    r"|(?<=[はがをにでともへのやかてたなるらず])(?<![こそあど次]の)(?=[一-鿿々ァ-ヶA-Za-z0-9「（おご])(?!おり)"
    r"|(?<=[^\x00-\x7f] )(?=\S)"
)
LANGUAGE_OF = {"English": "en", "日本語": "ja"}


@dataclass(frozen=True)
class Line:
    """One line for HTML. `lead` is the other language's name in front of its link."""

    text: str
    strong: bool = False
    url: str | None = None
    lead: str | None = None

    @property
    def lead_language(self) -> str | None:
        """The language that the lead is written in."""
        return LANGUAGE_OF.get(self.lead or "")


@dataclass(frozen=True)
class Block:
    """A paragraph (`p`), a list (`ul`, `ol`) or the rule above the signature (`hr`)."""

    kind: str
    lines: tuple[Line, ...]


def width(text: str) -> int:
    """How many columns a text takes; full-width characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


def typed(text: str) -> str:
    """What a person typed, marked so that it is shown as it stands."""
    lines = text.replace(TYPED, "").splitlines()
    return "\n".join(TYPED + line if line.strip() else "" for line in lines)


def tidy(words: str) -> str:
    """Take out what conditions in a template leave behind: spaces at line ends, more than one empty line."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", words, flags=re.MULTILINE)).strip()


def plain(words: str, language: str) -> str:
    """The words as plain text, no line longer than the language's measure, links excepted."""
    return "\n".join(line for logical in words.splitlines() for line in _wrapped(logical, language))


def _wrapped(logical: str, language: str) -> Iterator[str]:
    if logical.startswith(TYPED):
        yield from _broken(logical.removeprefix(TYPED), language, "")
        return
    strong = STRONG.fullmatch(logical)
    bare = strong[1] if strong else logical
    if LINK.fullmatch(bare):
        yield bare
        return
    item = ITEM.fullmatch(bare)
    indent = " " * width(item["mark"]) if item else ""
    yield from _broken(bare, language, indent)


def _broken(text: str, language: str, indent: str) -> Iterator[str]:
    measure = COLUMNS[language]
    if language == "ja":
        yield from _japanese(text, measure, indent)
    else:
        yield from textwrap.wrap(text, measure, subsequent_indent=indent, break_long_words=False) or [""]


def _japanese(text: str, measure: int, indent: str) -> Iterator[str]:
    line = ""
    for phrase in _pieces(PHRASE.split(text), measure - len(indent)):
        if line and width(line) + width(phrase.rstrip()) > measure:
            yield line.rstrip()
            line = indent
        line += phrase
    yield line.rstrip()


def _pieces(phrases: Iterable[str], measure: int) -> Iterator[str]:
    """Cut what no line could hold, such as a very long name."""
    for phrase in phrases:
        piece = ""
        for character in phrase:
            if width(piece + character) > measure:
                yield piece
                piece = ""
            piece += character
        yield piece


def blocks(words: str) -> list[Block]:
    """The words as blocks for HTML."""
    found: list[Block] = []
    for kind, lines in groupby(words.splitlines(), key=_kind):
        if kind != "gap":
            found.append(Block(kind, tuple(_line(line) for line in lines)))
    return found


def _kind(line: str) -> str:
    if not line.strip():
        return "gap"
    if line.startswith(TYPED):
        return "p"
    if line == RULE:
        return "hr"
    item = ITEM.fullmatch(line)
    if not item:
        return "p"
    return "ol" if item["mark"][0].isdigit() else "ul"


def _line(line: str) -> Line:
    if line.startswith(TYPED):
        return Line(line.removeprefix(TYPED))
    if item := ITEM.fullmatch(line):
        return Line(item["words"])
    if link := LINK.fullmatch(line):
        return Line(link["url"], url=link["url"], lead=link["lead"])
    if strong := STRONG.fullmatch(line):
        return Line(strong[1], strong=True)
    return Line(line)
