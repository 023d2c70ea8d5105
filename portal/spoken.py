"""What is said on a call for a notice. Its words stand in templates/spoken/<language>/<notice>.txt, in the frame of their
language: who calls, about which account, and that 9 means "this was not me".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import i18n, notice_facts, notices
from portal.domain.lifecycle import SYSTEM
from portal.models import Account, Case, Contact, OutboxRow, PhoneCall
from portal.notice_facts import Source
from portal.runtime import Runtime
from portal.written_times import local

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _japanese(at: datetime) -> str:
    half = "午前" if at.hour < 12 else "午後"
    minutes = f"{at.minute}分" if at.minute else ""
    return f"日本時間の{at.month}月{at.day}日、{half}{at.hour % 12}時{minutes}"


def _english(at: datetime) -> str:
    half = "a.m." if at.hour < 12 else "p.m."
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{at.day} {_MONTHS[at.month - 1]} at {at.hour % 12 or 12}{minutes} {half}, Japan time"


# How a moment is said, and how digits are, one by one.
MOMENTS: Mapping[str, Callable[[datetime], str]] = {"ja": _japanese, "en": _english}
BETWEEN_DIGITS: Mapping[str, str] = {"ja": "、", "en": ", "}


@dataclass(frozen=True)
class Said:
    """One language's part of a call."""

    language: str
    text: str


def of_call(
    runtime: Runtime, session: Session, call: PhoneCall, params: Mapping[str, Any]
) -> tuple[Said, ...]:
    """All that is said on a call for a notice; where nobody recorded the contact's language, Japanese and then English.

    In an application context. `params` were frozen with the notice: they are read before it is settled, which wipes them.
    """
    row = session.get_one(OutboxRow, call.outbox_id)
    contact = session.get_one(Contact, row.contact_id)
    case = session.get(Case, row.case_id) if row.case_id else None
    account = session.get_one(Account, contact.account_id)
    ctx = runtime.context(session, SYSTEM)
    source = Source(ctx, runtime.settings, row, params, "contact", case, account)
    return tuple(_part(source, language) for language in notices.languages_of(row))


def _part(source: Source, language: str) -> Said:
    with i18n.spoken_in(language):
        words = notice_facts.words(source, language) | _spoken(source, language)
        body = notices.ENVIRONMENT.get_template(f"spoken/{language}/{source.row.notice}.txt").render(words)
        frame = notices.ENVIRONMENT.get_template(f"spoken/{language}/frame.txt")
        said = frame.render(words, body=body.strip())
    return Said(language, " ".join(said.split()))


def _spoken(source: Source, language: str) -> dict[str, Any]:
    """Times as people say them, and the end of the account's number, digit by digit."""
    case, account = source.case, source.account
    until = source.moment("until") or (case.waiting_until if case else None)
    moments = {"at": source.moment("at"), "until": until, "filed_at": case.created_at if case else None}
    ending = account.number[-4:] if account else ""
    return {
        **{name: MOMENTS[language](local(at)) for name, at in moments.items() if at},
        "ending": BETWEEN_DIGITS[language].join(ending),
    }
