"""The course of a case: what was said and what was done, in one list that its tabs narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l

from admin.case_story import Event, story
from admin.conversation import Item, Thread
from portal.casework.context import Context
from portal.casework.lookup import Entry
from portal.domain.audit_tags import ACT_TAGS
from portal.domain.lifecycle import Act
from portal.models import Case

# The tabs of the page, and the events that only its history shows, because elsewhere the message itself stands there.
TABS: Mapping[str, LazyString] = {
    "all": _l("All"),
    "owner": _l("Conversation with the owner"),
    "notes": _l("Internal notes"),
    "log": _l("History"),
}
SAID_ITSELF = frozenset(ACT_TAGS[act] for act in (Act.WRITE_NOTE, Act.SEND_REPLY, Act.RECEIVE_MESSAGE))


@dataclass(frozen=True)
class Line:
    """One line of the course of a case: an event or a message, and the tabs that show it."""

    at: datetime
    tabs: tuple[str, ...]
    event: Event | None = None
    item: Item | None = None


@dataclass(frozen=True)
class Course:
    """What was said and done, newest first, and which of it is shown before anybody chooses."""

    case_id: str
    lines: Sequence[Line]
    show: str
    notes_hidden: str  # why, if any are

    @property
    def tabs(self) -> list[tuple[str, str]]:
        return [(key, str(words)) for key, words in TABS.items()]

    @property
    def empty(self) -> list[tuple[str, str]]:
        """The tabs that have nothing to show, and what they say instead."""
        filled = {tab for line in self.lines for tab in line.tabs} | (
            {"notes"} if self.notes_hidden else set()
        )
        written = gettext("Nothing has been written yet.")
        nothing = {"all": gettext("Nothing has happened yet."), "log": gettext("Nothing has happened yet.")}
        return [(key, nothing.get(key, written)) for key in TABS if key not in filled]


def course(ctx: Context, case: Case, entries: Sequence[Entry], thread: Thread, show: str) -> Course:
    """History and conversation as one list."""
    told = zip(story(ctx, entries), reversed(entries), strict=True)
    events = [Line(entry.at, _tabs_of(entry), event) for event, entry in told]
    said = [
        Line(item.at, ("all", "notes" if item.kind == "note" else "owner"), item=item)
        for item in reversed(thread.items)
    ]
    lines = sorted([*said, *events], key=lambda line: line.at, reverse=True)
    return Course(case.id, lines, show if show in TABS else "all", thread.hidden)


def _tabs_of(entry: Entry) -> tuple[str, ...]:
    return ("log",) if entry.tag in SAID_ITSELF else ("all", "log")
