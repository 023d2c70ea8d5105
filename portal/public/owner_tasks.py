"""What an owner has been asked for, thing by thing: whether it is done, and the page on which they do it or say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _

from portal import i18n
from portal.casework import responding
from portal.casework.context import Context
from portal.casework.lookup import Entry
from portal.domain.lifecycle import Act, Status, row_for
from portal.models import Case
from portal.notice_facts import TASKS

TOLD = "owners.told"  # of what is done elsewhere only the owner can tell us
PAGES: Mapping[str, str] = {
    "H1": "owners.link_again",
    "H2": "owners.phone_check",
    "H4": "owners.letter",
    "P1": "owners.device",
    **dict.fromkeys(responding.MET, "owners.call_time"),
}
ABOUT = frozenset({"case:owner:asked", "case:owner:answered", "case:asking:ended"})


@dataclass(frozen=True)
class Task:
    """Something we have asked for, where the owner does it or says that it is done, and what else there is to know."""

    words: str
    url: str | None
    done: bool
    hint: str = ""


def tasks(ctx: Context, case: Case, entries: Sequence[Entry]) -> list[Task]:
    """What is asked for now, in the order of the mail."""
    if case.status != Status.WAITING_OWNER:
        return []
    done, posted, at = responding.done(ctx, case), was_posted(entries), booked(ctx, case)
    return [_task(item, item in done, posted=posted, at=at) for item in case.asked]


def _task(item: str, done: bool, *, posted: bool, at: datetime | None) -> Task:
    words = str(TASKS[item])
    if item in responding.MET:  # another time can be chosen
        hint = _("Booked for %(time)s", time=i18n.when(at)) if done and at else _("Choose a time")
        return Task(words, url_for(PAGES[item]), done, hint)
    if done:
        return Task(words, None, done)
    if item == "H4" and not posted:  # its page is closed until then, see status.letter
        return Task(words, None, done, _("You can enter the code when the letter has been posted."))
    page = PAGES.get(item, TOLD)
    return Task(words, url_for(page, item=item) if page == TOLD else url_for(page), done)


def booked(ctx: Context, case: Case) -> datetime | None:
    """The call that is still to come, while it can be."""
    is_open = row_for(Act.BOOK_CALL, Status(case.status)) is not None
    return case.call_booked_at if is_open and responding.is_booked(ctx, case) else None


def all_done(entries: Sequence[Entry]) -> bool:
    """Whether the last that was heard of what was asked for is that all of it was done."""
    about = [entry for entry in entries if entry.tag in ABOUT]
    if len(about) < 2 or about[-1].tag != "case:owner:answered":
        return False
    asked = set(about[-2].facts.get("items", ()))
    return bool(asked) and asked <= set(about[-1].facts["items"])


def was_posted(entries: Sequence[Entry]) -> bool:
    """Whether a letter with a code is on its way to the registered address."""
    return any(entry.tag == "case:challenge:sent" and entry.facts.get("method") == "H4" for entry in entries)
