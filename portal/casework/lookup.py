"""Reads: a case for staff, a case for its owner, search. Nothing here writes but the record of having read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session

from portal import audit, contact, tokens
from portal.casework import presence, transition
from portal.casework.context import Context, NotFound, Refused
from portal.casework.queue import Line, lines_of
from portal.domain.lifecycle import REVEAL_REASONS, Act, Status
from portal.domain.reference import parse
from portal.models import Account, AuditEvent, Case, CaseParty, Person, Staff

MOST_FOUND = 50
REVEALABLE = ("name", "kana", "latin_name", "organisation", "account_email", "reply_email", "phone", "detail")


def search(ctx: Context, text: str) -> list[Line]:
    """Find cases by reference, account number, e-mail, telephone or name. The search itself is recorded."""
    # inside the act that records it, which would expire what was read before it, row by row
    with ctx.act():
        found = lines_of(ctx, list(ctx.session.execute(_found_by(text, _subjects(ctx, text))).scalars()))
        record(ctx, "case:search:made", {"found": len(found)})
    return found


def _found_by(text: str, subjects: Sequence[str]) -> Select[str]:
    """Each mark by its own index: all of them in one condition would be looked for in every case, from the newest on."""
    digits = "".join(character for character in text if character.isdigit())
    ways = (
        Case.reference == parse(text),
        Case.account_number == digits,
        Case.subject_id.in_(subjects),
        Case.account_id.in_(select(Account.id).where(Account.number == digits)),
        Case.account_id.in_(select(Account.id).where(Account.subject_id.in_(subjects))),
    )
    confirmed = Case.status != Status.UNCONFIRMED
    found = union(*(select(Case.id, Case.created_at).where(way, confirmed) for way in ways)).subquery().c
    return select(found.id).order_by(found.created_at.desc(), found.id).limit(MOST_FOUND)


def _subjects(ctx: Context, text: str) -> list[str]:
    found: list[str] = []
    for kind, value in _terms(text):
        found += ctx.vault.find(ctx.session, kind, value)
    return found[:500]


def _terms(text: str) -> list[tuple[str, str]]:
    terms: list[tuple[str, str]] = []
    with suppress(contact.ContactError):
        terms.append(("email", contact.parse_email(text).canonical))
    with suppress(contact.ContactError):
        terms.append(("phone", contact.parse_phone(text).e164))
    return [*terms, ("name", contact.name_search_key(text))]


def record(ctx: Context, tag: str, facts: Mapping[str, Any]) -> None:
    """Append to the actor's own stream that they read something. Only staff have one."""
    if ctx.actor.staff_id:
        with ctx.act():
            audit.append(
                ctx.session,
                f"staff:{ctx.actor.staff_id}",
                tag,
                actor=ctx.actor_name,
                at=ctx.now,
                facts=facts,
            )


def case_for_staff(ctx: Context, case_id: str, doing: str = presence.VIEWING) -> Case:
    """One case, with the record that this actor opened it, and that they have it open now. Raises NotFound.

    Unconfirmed requests are nobody's yet.
    """
    case = ctx.session.get(Case, case_id)
    if case is None or case.status == Status.UNCONFIRMED:
        raise NotFound()
    with ctx.act():
        record(ctx, "case:page:read", {"case": case_id})
        presence.note(ctx, case_id, doing)
    return ctx.session.get_one(Case, case_id)


def reveal(ctx: Context, case_id: str, field: str, reason: str) -> str | None:
    """Open one masked value, with a reason, on the record of the actor."""
    if field not in REVEALABLE:
        raise NotFound()
    if reason not in REVEAL_REASONS:
        raise Refused("reason_missing", field="reason")
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        transition.require(ctx, case, Act.REVEAL, {"reason"})
        record(ctx, "case:data:revealed", {"case": case.id, "field": field, "why": reason})
        return ctx.vault.open(ctx.session, case.subject_id, case, field)


@dataclass(frozen=True)
class Entry:
    """One line of a case's history."""

    tag: str
    at: datetime
    actor: str  # owner | contact | system | the name of a member of staff
    status_after: str
    facts: Mapping[str, Any]
    by_staff: bool = False


def timeline(session: Session, case: Case) -> list[Entry]:
    """The history of a case, oldest first, with the names of staff. Two statements, whatever its length."""
    return _entries(session, select(AuditEvent).where(AuditEvent.case_id == case.id))


def newest(session: Session, case: Case) -> Entry:
    """The last thing that happened to a case."""
    query = select(AuditEvent).where(AuditEvent.case_id == case.id, AuditEvent.sseq == case.audit_seq)
    return _entries(session, query)[0]


def _entries(session: Session, query: Select[AuditEvent]) -> list[Entry]:
    events = session.execute(query.order_by(AuditEvent.sseq)).scalars()
    opened = [(event, json.loads(event.event_bytes)) for event in events]
    ids = {
        content["actor"].removeprefix("staff:")
        for _, content in opened
        if content["actor"].startswith("staff:")
    }
    names = dict(
        session.execute(
            select(Staff.id, Person.name).join(Person, Person.id == Staff.person_id).where(Staff.id.in_(ids))
        ).all()
    )
    return [_entry(event, content, names) for event, content in opened]


def _entry(event: AuditEvent, content: Mapping[str, Any], names: Mapping[str, str]) -> Entry:
    actor, _, login = content["actor"].partition(":")
    by_staff = actor == "staff"
    return Entry(
        tag=event.tag,
        at=event.at,
        actor=names.get(login, "") if by_staff else actor,
        status_after=event.status_after or "",
        facts=content["d"],
        by_staff=by_staff,
    )


def parties(session: Session, case: Case) -> list[tuple[str, str]]:
    """Who has which part in a case: (name, part). Not who planted it: that is told when it is over."""
    query = (
        select(Person.name, CaseParty.part)
        .join(CaseParty, CaseParty.person_id == Person.id)
        .where(CaseParty.case_id == case.id, CaseParty.part != "planter")
        .order_by(CaseParty.at)
    )
    return [(name, part) for name, part in session.execute(query)]


def case_by_status_link(ctx: Context, raw: str) -> Case | None:
    """The owner's case behind a status link; the link ends 30 days after the case has."""
    link = tokens.find(ctx.session, raw, "status")
    if link is None or link.case_id is None or link.revoked_at is not None or link.expires_at <= ctx.now:
        return None
    case = ctx.session.get_one(Case, link.case_id)
    if case.closed_at and ctx.now >= case.closed_at + ctx.limits.status_link_after_end:
        return None
    return case
