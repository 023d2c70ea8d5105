"""What was said in a case, for its page: replies, the owner's messages and notes, with what can still be done about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

from admin.acts import COMES_WITH_FORM, shut_out
from portal import labels, written_times
from portal.casework import messages
from portal.casework.context import Context
from portal.casework.messages import Said
from portal.domain import lifecycle
from portal.domain.lifecycle import Act, CaseFacts
from portal.models import Case, Person

# What is said of a message beyond its words.
STATES: Mapping[str, tuple[LazyString | str, str]] = {
    "said": ("", ""),
    "leaving": (_l("Not sent yet"), "yellow"),
    "underway": (_l("Sending"), "blue"),
    "sent": (_p("message", "Sent"), "green"),
    "failed": (_l("Not sent"), "red"),
    "taken_back": (_l("Taken back, never sent"), "grey"),
}

UNSEEN = _l("Internal notes are shown after you have opened every check yourself.")


@dataclass(frozen=True)
class Item:
    """One message as the page shows it. The addresses are those of what can still be done, by this person."""

    id: str
    kind: str  # reply | note | owner
    by: str
    at: datetime
    language: str
    subject: str
    body: str
    state: str
    state_words: str = ""
    state_look: str = ""
    undo_url: str | None = None
    undo_until: str = ""  # to the second, as the moment is short
    again_url: str | None = None


@dataclass(frozen=True)
class Thread:
    """All items, oldest first. `blockers` say why this person cannot reply; `hidden` why notes are kept from them, if any are."""

    items: tuple[Item, ...]
    hidden: str
    reply_url: str | None
    note_url: str | None
    blockers: tuple[str, ...]

    @property
    def with_owner(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.kind != "note")

    @property
    def notes(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.kind == "note")


def gather(ctx: Context, case: Case, facts: CaseFacts, *, blind: bool = False) -> Thread:
    """The conversation for the case page.

    `blind` is for the second person before they have seen for themselves: a note is the first person's opinion. A member of
    staff whose own account it is never reads what colleagues write about them.
    """
    said = messages.thread(ctx, case)
    kept = labels.word("refusal", "own_account") if facts.own_account else str(UNSEEN) if blind else ""
    shown = [one for one in said if not (kept and one.message.kind == "note")]
    blockers = reply_blockers(ctx, case, facts)
    may_note = not lifecycle.blocked_by(facts, Act.WRITE_NOTE, ctx.actor, ctx.now)
    return Thread(
        items=tuple(_item(ctx, case, one, may_reply=not blockers) for one in shown),
        hidden=kept if len(shown) < len(said) else "",
        reply_url=None if blockers else url_for("messages.reply", case_id=case.id),
        note_url=url_for("messages.note", case_id=case.id) if may_note else None,
        blockers=blockers,
    )


def reply_blockers(ctx: Context, case: Case, facts: CaseFacts) -> tuple[str, ...]:
    """Why this person cannot answer the owner now, in words; the colleague who can is named."""
    found = [
        reason
        for reason in (
            *shut_out(facts, ctx.actor, ctx.now),
            *lifecycle.blocked_by(facts, Act.SEND_REPLY, ctx.actor, ctx.now),
        )
        if reason not in COMES_WITH_FORM
    ]
    if not found and not messages.has_address(case):
        found.append("no_confirmed_address")
    return tuple(_why(ctx, case, reason) for reason in dict.fromkeys(found))


def _why(ctx: Context, case: Case, reason: str) -> str:
    holder = ctx.session.get(Person, case.holder_id) if reason == "not_holder" and case.holder_id else None
    return (
        labels.word("refusal", "holder_answers", None, name=holder.name)
        if holder
        else labels.word("refusal", reason)
    )


def _item(ctx: Context, case: Case, said: Said, *, may_reply: bool) -> Item:
    message, (words, look) = said.message, STATES[said.state]
    mine = message.person_id == ctx.actor.person_id
    here: dict[str, Any] = {"case_id": case.id, "message_id": message.id}
    leaving, failed = said.state == "leaving" and mine, said.state == "failed" and may_reply
    return Item(
        id=message.id,
        kind=message.kind,
        by=said.by,
        at=message.created_at,
        language=message.language,
        subject=said.subject,
        body=said.body,
        state=said.state,
        state_words=str(words),
        state_look=look,
        undo_url=url_for("messages.take_back", **here) if leaving else None,
        undo_until=_to_the_second(message.leaves_at) if leaving else "",
        again_url=url_for("messages.send_again", **here) if failed else None,
    )


def _to_the_second(moment: datetime | None) -> str:
    return written_times.local(moment).strftime("%H:%M:%S") if moment else ""
