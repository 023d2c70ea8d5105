"""The papers that owners keep: which facts stand on which paper, said in the paper's language with the other one beneath.

Facts were frozen when the act was done; painting the same facts again gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import segno
from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import i18n, labels, paper_keys
from portal.tlog import notes as heads
from portal.written_times import ZONE

SERVICE = "Kaijo"  # where the facts name none
# Longer than any field lets anybody type: what stands on one sheet has to end.
LONGEST = 200
# How a paper is set, and how much of each list it prints before "and n more": the first that fits on one sheet is taken.
DRAFTS = (("roomy", 5), ("tight", 5), ("tightest", 5), ("tightest", 2))
GROUP = 4
# It goes to one registered address, and nobody else is to know of it.
UNSIGNED = frozenset({"letter"})

COMMON = frozenset(
    "reference document_id issued_at template_version status name account_masked contact_masked reason language "
    "submitted_at first_answer_by waiting_hours confirm_by hours help_url service_name policy_version "
    "verify_url".split()
)
COMPLETED = frozenset(
    "deactivated_at devices after_check sessions_ended checks contacts_told approved object_until".split()
)
RESET = frozenset(
    "document_id issued_at template_version policy_version account_masked device removed_at proofs waited_until "
    "sessions_ended contacts_told object_until hours help_url service_name verify_url".split()
)
POSTED = frozenset("reference address_lines name code_groups valid_until status_url_text".split())


@dataclass(frozen=True)
class Paper:
    """One kind of paper. The stem names the file in Latin letters, the title in the reader's own."""

    template: str
    facts: frozenset[str]
    title: Any
    file_stem: str
    file_title: Any
    drafts: tuple[tuple[str, int], ...] = DRAFTS


PAPERS = {
    "receipt": Paper(
        template="papers/receipt.html",
        facts=COMMON,
        title=_l("Request receipt (your copy)"),
        file_stem="mfa-request-receipt",
        file_title=_l("MFA removal request receipt"),
    ),
    "completion": Paper(
        template="papers/completion.html",
        facts=COMMON | COMPLETED,
        title=_l("Completion notice"),
        file_stem="mfa-completion-notice",
        file_title=_l("MFA removal completion notice"),
        drafts=DRAFTS[1:],  # it has the most to say, and never fits with room to breathe
    ),
    "reset": Paper(
        template="papers/reset.html",
        facts=RESET,
        title=_l("Notice of the removed MFA device"),
        file_stem="mfa-reset-notice",
        file_title=_l("MFA reset notice"),
    ),
    "letter": Paper(
        template="papers/letter.html",
        facts=POSTED,
        title=_l("Your confirmation code"),
        file_stem="mfa-confirmation-letter",
        file_title=_l("MFA removal confirmation letter"),
    ),
}


class Pair(NamedTuple):
    """The same thing in the paper's language and in the other one."""

    main: str
    other: str


class Head(NamedTuple):
    """The newest signed head of the audit log when the paper was issued: how many events it covers, and its lines."""

    size: int
    note: str


class Square(NamedTuple):
    """A QR code: how many modules a side has, and the dark ones as one path."""

    side: int
    path: str


@dataclass(frozen=True)
class Speech:
    """What a paper's template speaks with: everything comes back as a pair."""

    language: str

    def each(self, spoken: Callable[[str], str]) -> Pair:
        return Pair(spoken(self.language), spoken(i18n.other(self.language)))

    def say(self, words: Any, **values: Any) -> Pair:
        def spoken(language: str) -> str:
            side = language != self.language
            chosen = {key: value[side] if isinstance(value, Pair) else value for key, value in values.items()}
            with i18n.spoken_in(language):
                return str(words) % chosen if chosen else str(words)

        return self.each(spoken)

    def pick(self, said: Mapping[str, str]) -> Pair:
        return self.each(lambda language: said[language])

    def when(self, moment: str) -> Pair:
        return self.each(lambda language: i18n.when(datetime.fromisoformat(moment), language))

    def exactly(self, moment: str) -> str:
        """A moment in figures, on Japan's clock and on the world's: the same in every language."""
        at = datetime.fromisoformat(moment)
        here, there = at.astimezone(ZONE), at.astimezone(UTC)
        day = "" if there.date() == here.date() else f"{there:%m-%d} "
        return f"{here:%Y-%m-%d %H:%M} JST ({day}{there:%H:%M} UTC)"

    def word(self, kind: str, key: str) -> Pair:
        return self.each(lambda language: labels.word(kind, key, language))

    def words(self, kind: str, keys: Sequence[str]) -> Pair:
        return self.each(lambda language: " / ".join(labels.word(kind, key, language) for key in keys))

    def period(self, hours: int) -> Pair:
        return self.each(lambda language: i18n.duration(timedelta(hours=hours), language))


def paint(kind: str, facts: Mapping[str, Any], language: str) -> bytes:
    """Paint a paper from its frozen facts. Same facts, same bytes; needs an application context."""
    # The typesetter costs a second and much memory: a process that only names papers never loads it.
    from portal import typesetting

    return typesetting.one_sheet(drafts(kind, facts, language))


def issue(kind: str, facts: Mapping[str, Any], language: str, *, keys: Path, at: datetime) -> bytes:
    """Paint a paper and sign it: what is stored and handed out. Raises SettingsError where the key cannot be used."""
    painted = paint(kind, facts, language)
    if kind in UNSIGNED:
        return painted
    from portal import paper_signing  # for the same reason as above

    with i18n.spoken_in(language):
        spoken = _("Electronic signature of %(service)s", service=facts.get("service_name") or SERVICE)
    return paper_signing.signed(painted, paper_keys.load(keys, at), at, spoken=spoken)


def drafts(kind: str, facts: Mapping[str, Any], language: str) -> Iterator[str]:
    """The paper as HTML, first with room to breathe, then tighter for those whose facts are long."""
    paper = PAPERS[kind]
    if lacking := paper.facts - facts.keys():
        raise ValueError(f"a {kind} needs {', '.join(sorted(lacking))}")
    shown, notes = readable(facts)
    speech = Speech(language)
    template = current_app.jinja_env.get_template(paper.template)
    for density, listed in paper.drafts:
        yield template.render(
            facts=shown,
            notes=notes,
            service=shown.get("service_name") or SERVICE,
            speech=speech,
            say=speech.say,
            _l=_l,
            kind=kind,
            title=speech.say(paper.title),
            lang=language,
            other_lang=i18n.other(language),
            density=density,
            listed=listed,
            stages=listed * 2 + 4,
            created=_w3c(facts.get("issued_at")),
            groups=_groups,
            log_head=_head(facts.get("checkpoint")),
            square=_square(facts.get("verify_url")),
        )


def readable(facts: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """The facts with every text cut to what fits and drawn as our fonts can, and which notes that calls for."""
    from portal import typesetting

    notes: set[str] = set()

    def read(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: read(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [read(inner) for inner in value]
        if not isinstance(value, str):
            return value
        done = typesetting.legible(value if len(value) <= LONGEST else value[:LONGEST] + "…")
        notes.update(name for name in ("missing", "simplified") if getattr(done, name))
        return done.text

    return {key: read(value) for key, value in facts.items()}, frozenset(notes)


def file_name(kind: str, reference: str, language: str) -> tuple[str, str]:
    """The name to save a paper under: plain ASCII, and in the reader's own words for filename*."""
    paper = PAPERS[kind]
    with i18n.spoken_in(language):
        words = str(paper.file_title)
    return f"{paper.file_stem}_{reference}_{language}.pdf", f"{words}_{reference}.pdf"


def _groups(code: str) -> str:
    plain = code.replace("-", "")
    return " ".join(plain[start : start + GROUP] for start in range(0, len(plain), GROUP))


def _head(note: str | None) -> Head | None:
    return Head(heads.head_of(note).size, note) if note else None


def _square(address: str | None) -> Square | None:
    if not address:
        return None
    rows = segno.make(address, error="m", micro=False).matrix
    return Square(len(rows), "".join(_bars(y, row) for y, row in enumerate(rows)))


def _bars(y: int, row: bytearray) -> str:
    """The dark modules of a row, those side by side as one bar."""
    bars, x = [], 0
    for is_dark, run in groupby(row):
        width = len(list(run))
        if is_dark:
            bars.append(f"M{x} {y}h{width}v1h-{width}z")
        x += width
    return "".join(bars)


def _w3c(moment: str | None) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
