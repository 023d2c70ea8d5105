"""What has happened to a case, in words: the history of its page, and what a colleague did while somebody else was typing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext, pgettext

from admin.case_checks import names_of
from portal import i18n, labels
from portal.casework import lookup
from portal.casework.context import Context
from portal.casework.lookup import Entry
from portal.domain.audit_tags import ACT_TAGS
from portal.domain.lifecycle import Act, Actor
from portal.domain.methods import METHODS
from portal.models import Case

# The sign of an event in the timeline, by what it is about.
ICONS: Mapping[str, str] = {
    "request": "inbox",
    "address": "mail",
    "claim": "person",
    "check": "shield",
    "challenge": "mail",
    "owner": "hand",
    "removal": "play",
    "decline": "cross",
    "proposal": "undo",
    "waiting": "clock",
    "device": "check",
    "objection": "warning",
    "freeze": "warning",
    "unfreeze": "flag",
    "pressure": "warning",
    "note": "note",
    "reply": "mail",
    "message": "mail",
    "call": "call",
    "letter": "paper",
}

Event = tuple[datetime, str, str, str | None, str | None]  # as the timeline shows it


def story(ctx: Context, entries: Sequence[Entry]) -> list[Event]:
    """The history for the timeline, newest first, with the names of staff."""
    names = names_of(ctx, (entry.facts.get("holder") for entry in entries))
    return [
        (
            entry.at,
            labels.word("audit", entry.tag),
            entry.actor if entry.by_staff else labels.word("role", entry.actor),
            gettext("; ").join(said_of(entry, names)) or None,
            ICONS.get(entry.tag.split(":")[1]),
        )
        for entry in reversed(entries)
    ]


# Facts of an event that say more than its name: which table has their words.
SAID: Mapping[str, tuple[str, ...]] = {
    "method": ("method",),
    "result": ("result",),
    "why": ("decline_reason", "cancel_reason", "close_reason"),
    "cause": ("refusal", "tier_reason"),
    "outcome": ("unfreeze",),
    "marker": ("pressure",),
    "step": ("runbook_step",),
    "report": ("report",),
    "class": ("retention_class",),
}


def said_of(entry: Entry, names: Mapping[str, str]) -> list[str]:
    """What an event says beyond its name."""
    found = []
    for key, kinds in SAID.items():
        value = entry.facts.get(key)
        kind = next((kind for kind in kinds if value in labels.TABLES[kind]), None)
        if kind:
            found.append(labels.word(kind, str(value)))
    found += [labels.word("method", item) for item in entry.facts.get("items", ()) if item in METHODS]
    found += _whom_and_until(entry, names)
    return found


def _whom_and_until(entry: Entry, names: Mapping[str, str]) -> list[str]:
    holder = names.get(str(entry.facts.get("holder")))
    found = []
    if holder and entry.tag == "case:claim:reassigned":
        found.append(gettext("Assignee: %(name)s", name=holder))
    elif holder:
        found.append(gettext("Assignee until then: %(name)s", name=holder))
    found += _moment_of(entry)
    return found


def _moment_of(entry: Entry) -> list[str]:
    """The moment that an event names: until when it holds, or, where something is booked, for when."""
    if not entry.facts.get("until") or entry.tag == ACT_TAGS[Act.SEND_REPLY]:
        return []  # a reply names the few seconds in which it could be taken back
    at = i18n.when(datetime.fromisoformat(entry.facts["until"]))
    return [
        gettext("for %(time)s", time=at)
        if entry.tag == ACT_TAGS[Act.BOOK_CALL]
        else gettext("until %(time)s", time=at)
    ]


@dataclass(frozen=True)
class Changed:
    """One change of a case: who made it, when, what they did, and what of it is worth knowing."""

    name: str
    at: datetime
    tag: str
    said: str = ""


def changes_since(ctx: Context, case: Case, seen: int) -> list[Changed]:
    """All that happened after the event of this number, newest first; at least the newest of all."""
    entries = lookup.timeline(ctx.session, case)
    news = entries[seen:] or entries[-1:]
    names = names_of(ctx, (entry.facts.get("holder") for entry in news))
    return [
        Changed(actor_words(entry), entry.at, entry.tag, gettext("; ").join(said_of(entry, names)))
        for entry in reversed(news)
    ]


def actor_words(entry: Entry) -> str:
    """Whoever acted, as sentences name them: Japanese adds a polite word to a colleague's name."""
    if not entry.by_staff:
        return labels.word("role", entry.actor)
    return colleague(entry.actor)


def colleague(name: str) -> str:
    """The name of a colleague, as sentences say it."""
    return str(pgettext("colleague", "%(name)s", name=name))


def last_change(ctx: Context, case: Case) -> Changed:
    """The newest change of all."""
    return changes_since(ctx, case, case.audit_seq)[0]


def lease_lost(entries: Sequence[Entry], actor: Actor) -> datetime | None:
    """When this person's assignment ended by itself, if nobody has had the case since."""
    claims = [entry for entry in entries if entry.tag.startswith("case:claim:")]
    last = claims[-1] if claims else None
    lapsed = last is not None and last.tag == ACT_TAGS[Act.LAPSE_CLAIM]
    return last.at if last and lapsed and last.facts.get("holder") == actor.person_id else None
