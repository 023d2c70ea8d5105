"""Facts as the acts freeze them, the smallest application that can paint them, and ways to read what was painted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from portal import pdf

TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"

NOTE = """desk.kaijo.example/log
184467
SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=

— desk.kaijo.example/log AHPsJm1PtK2/PRBKpxT58RAy/Yq22IKfxAtSyG9khdeSjMLr1GRvP+PzdL4R2QW/S+J1+obziJ2CqffcXkHdMgc/msI=
"""

RECEIPT: dict[str, Any] = {
    "reference": "MR-7K4Q-2W9D",
    "document_id": "8f3a91c2d07b4e6fa5521c9be84d7310",
    "issued_at": "2026-11-23T05:05:12Z",
    "template_version": "2",
    "checkpoint": NOTE,
    "verify_url": "https://kaijo.example/ja/verify/8f3a91c2d07b4e6fa5521c9be84d7310",
    "status": "unconfirmed",
    "name": "山田 太郎",
    "account_masked": "1234-****-**12",
    "contact_masked": "t***@e***.co.example",
    "reason": "lost",
    "language": "ja",
    "submitted_at": "2026-11-23T05:05:00Z",
    "first_answer_by": "2026-11-24T08:00:00Z",
    "confirm_by": "2026-11-24T05:06:00Z",
    "waiting_hours": 24,
    "hours": {
        "ja": "平日 9:00〜18:00（日本時間、祝日を除く）",
        "en": "Monday to Friday, 9am to 6pm JST, except public holidays in Japan",
    },
    "help_url": "https://kaijo.example/ja/help",
    "service_name": "Kaijo",
    "policy_version": "2026-11",
}

COMPLETION: dict[str, Any] = RECEIPT | {
    "status": "deactivated",
    "issued_at": "2026-11-27T01:30:40Z",
    "deactivated_at": "2026-11-27T01:30:00Z",
    "devices": [{"label": "太郎の iPhone", "kind": "virtual", "serial_end": "4821"}],
    "after_check": True,
    "needs_pass": True,
    "sessions_ended": 2,
    "checks": ["document", "held_channel"],
    "contacts_told": ["t***@e***.co.example", "k***@m***.example"],
    "told": [
        {"contact": "t***@e***.co.example", "at": "2026-11-23T05:07:00Z"},
        {"contact": "k***@m***.example", "at": "2026-11-23T15:10:00Z"},
    ],
    "course": [
        {"status": "unconfirmed", "at": "2026-11-23T05:05:00Z"},
        {"status": "queued", "at": "2026-11-23T05:06:00Z"},
        {"status": "verifying", "at": "2026-11-23T16:10:00Z"},
        {"status": "pending_approval", "at": "2026-11-26T00:40:00Z"},
        {"status": "cooling_off", "at": "2026-11-26T01:20:00Z"},
        {"status": "ready", "at": "2026-11-27T01:20:00Z"},
        {"status": "executing", "at": "2026-11-27T01:29:00Z"},
        {"status": "deactivated", "at": "2026-11-27T01:30:00Z"},
    ],
    "approved": True,
    "object_until": "2026-12-07T01:31:00Z",
}

LETTER: dict[str, Any] = {
    "reference": "MR-7K4Q-2W9D",
    "document_id": "51d0c2aa93e84b7f8d6610fe27c94b3a",
    "issued_at": "2026-11-24T02:00:00Z",
    "template_version": "1",
    "address_lines": ["〒100-0000", "東京都千代田区見本町 1-2-3", "みほんビル 405"],
    "name": "山田 太郎",
    "code_groups": ["7KQ4", "W29D", "MX8R"],
    "valid_until": "2026-12-14T05:05:00Z",
    "status_url_text": "https://kaijo.example/ja/request",
}

RESET: dict[str, Any] = {
    "document_id": "c07be4d291f84a6e8d35f0b1a9e62c47",
    "issued_at": "2026-11-24T01:20:12Z",
    "template_version": "2",
    "checkpoint": NOTE,
    "verify_url": "https://kaijo.example/ja/verify/c07be4d291f84a6e8d35f0b1a9e62c47",
    "policy_version": "2026-11",
    "account_masked": "****-****-9012",
    "device": "太郎の iPhone",
    "removed_at": "2026-11-24T01:20:00Z",
    "proofs": ["password", "mailbox", "call"],
    "waited_until": None,
    "sessions_ended": 2,
    "contacts_told": ["t***@e***.co.example", "***-****-5678"],
    "object_until": "2026-12-04T01:20:00Z",
    "hours": RECEIPT["hours"],
    "help_url": "https://kaijo.example/ja/help",
    "service_name": "Kaijo",
}

FACTS: dict[str, dict[str, Any]] = {
    "receipt": RECEIPT,
    "completion": COMPLETION,
    "letter": LETTER,
    "reset": RESET,
}
PAPERS = [(kind, language) for kind in FACTS for language in ("ja", "en")]
each_paper = pytest.mark.parametrize(("kind", "language"), PAPERS)
LONG_NAME = ("株式会社" + "寿限無寿限無五劫の擦り切れ海砂利水魚の" * 6)[:100]
# as much of everything as the form, the connectors and the register let in
LONGEST: dict[str, Any] = {
    "name": LONG_NAME,
    "reason": "replaced",
    "waiting_hours": 720,
    "devices": [
        {
            "label": f"{number} 台目：" + "経理部の共用端末に入れた予備の認証アプリ" * 3,
            "kind": "hardware",
            "serial_end": "4821",
        }
        for number in range(1, 9)
    ],
    "contacts_told": ["very-long***@e***.subsidiary-of-a-long-name.co.example"] * 8,
    "told": [
        {
            "contact": "very-long***@e***.subsidiary-of-a-long-name.co.example",
            "at": f"2026-11-2{day}T16:00:00Z",
        }
        for day in range(1, 9)
    ],
    "course": [
        {"status": status, "at": f"2026-11-2{day}T16:0{number}:00Z"}
        for day in range(1, 5)
        for number, status in enumerate(("verifying", "waiting_owner", "pending_approval", "cooling_off"))
    ],
    "checks": ["possession", "held_channel", "document", "witness"],
    "checkpoint": NOTE.replace("desk.kaijo", "a-long-name-of-a-log.subsidiary-of-a-long-name.kaijo"),
    "verify_url": f"https://mfa-recovery.subsidiary-of-a-long-name.kaijo.example/ja/verify/{'8f3a91c2' * 4}",
}


@contextmanager
def press() -> Iterator[None]:
    """An application context in which papers can be painted."""
    app = Flask("portal")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app, default_locale="ja")
    with app.app_context():
        yield


def painted(kind: str, language: str = "ja", **changed: Any) -> bytes:
    with press():
        return pdf.paint(kind, FACTS[kind] | changed, language)


# for the many tests that only look at the papers of the plain facts
printed = cache(painted)


def read(paper: bytes) -> PdfReader:
    return PdfReader(BytesIO(paper))


def text_of(paper: bytes) -> str:
    """The words in reading order, on one line: where a line is broken says nothing about the words."""
    text = "\n".join(page.extract_text() for page in read(paper).pages)
    return re.sub(r"\n+", " ", text)


def solid(text: str) -> str:
    """Without any white space, to look for a sentence that may be broken anywhere."""
    return re.sub(r"\s", "", text)


def fonts_of(paper: bytes) -> dict[str, DictionaryObject]:
    """The fonts of the sheet by name, without the mark of the subset."""
    fonts = read(paper).pages[0]["/Resources"]["/Font"].values()
    return {str(font.get_object()["/BaseFont"]).partition("+")[2]: font.get_object() for font in fonts}


def glyph_ids(font: Mapping[str, Any]) -> dict[str, int]:
    """Which glyph was drawn for which text."""
    table = font["/ToUnicode"].get_object().get_data().decode()
    pairs = re.findall(r"<([0-9a-f]{4})> <([0-9a-f]+)>", table)
    return {bytes.fromhex(drawn).decode("utf-16-be"): int(glyph, 16) for glyph, drawn in pairs[1:]}


def elements_of(paper: bytes) -> Iterator[DictionaryObject]:
    """The structure tree, in reading order."""
    waiting = [read(paper).trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        if not isinstance(element, DictionaryObject):
            continue
        yield element
        kids = element.get("/K", [])
        waiting.extend(reversed(kids if isinstance(kids, list) else [kids]))
