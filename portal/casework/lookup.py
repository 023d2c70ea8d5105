"""Reads: the queue, a case for staff, a case for its owner, search. Nothing here writes but the record of having read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from portal import audit, contact, receipts, tokens
from portal.casework import transition
from portal.casework.context import Context, NotFound, Refused
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import FINAL, OPEN, REVEAL_REASONS, Act, Status
from portal.domain.reference import parse
from portal.models import Account, AuditEvent, Case, CaseParty, Document, Person, Staff

MOST_FOUND = 50
DUE_SOON = timedelta(hours=4)
VIEWS = (
    "unassigned",
    "mine",
    "due_soon",
    "second_approval",
    "waiting_period",
    "waiting_owner",
    "on_hold",
    *LANGUAGES,
    "open",
    "closed",
)
UNCOUNTED = frozenset({"closed"})
REVEALABLE = ("name", "kana", "latin_name", "organisation", "account_email", "reply_email", "phone", "detail")

SHOWN = OPEN - {Status.UNCONFIRMED}
# Where the desk itself has to be in time: while an owner answers or the wait runs, nobody here is late.
DESK_IS_DUE = SHOWN - {Status.WAITING_OWNER, Status.COOLING_OFF}

Line = tuple[Case, str | None]  # a case and the name of who holds it


@dataclass(frozen=True)
class Filters:
    """What the queue is narrowed to. Every value comes from a closed list, checked by the page's form."""

    view: str = "unassigned"
    status: str | None = None
    language: str | None = None
    tier: str | None = None


def _view(name: str, ctx: Context) -> ColumnElement[bool]:
    person = ctx.actor.person_id
    in_language = {key: and_(Case.status.in_(SHOWN), Case.language == key) for key in LANGUAGES}
    conditions: Mapping[str, ColumnElement[bool]] = {
        "unassigned": Case.status == Status.QUEUED,
        "mine": and_(Case.holder_id == person, Case.status.in_((Status.VERIFYING, Status.WAITING_OWNER))),
        "due_soon": and_(Case.status.in_(DESK_IS_DUE), Case.due_at <= ctx.now + DUE_SOON),
        "second_approval": Case.status == Status.PENDING_APPROVAL,
        "waiting_period": Case.status.in_((Status.COOLING_OFF, Status.READY, Status.EXECUTING)),
        "waiting_owner": Case.status == Status.WAITING_OWNER,
        "on_hold": Case.status == Status.FROZEN,
        **in_language,
        "open": Case.status.in_(SHOWN),
        "closed": Case.status.in_(FINAL | {Status.DEACTIVATED}),
    }
    return conditions[name]


def queue_query(ctx: Context, filters: Filters) -> Select[Case, str]:
    """The lines of the queue in working order, for keyset paging: what is due first comes first.

    A closed case was last due when it closed, so the same index gives the newest of those first.
    """
    closed = filters.view == "closed"
    order = (Case.due_at.desc(), Case.id.desc()) if closed else (Case.due_at, Case.id)
    query = _lines().where(_view(filters.view, ctx)).order_by(*order)
    for column, value in (("status", filters.status), ("language", filters.language), ("tier", filters.tier)):
        if value:
            query = query.where(getattr(Case, column) == value)
    return query


def _lines() -> Select[Case, str]:
    return select(Case, Person.name).outerjoin(Person, Person.id == Case.holder_id)


def counts(ctx: Context) -> dict[str, int]:
    """How many cases each view holds, each counted to a cap: nobody acts differently on 1,000 or 100,000."""
    names = [name for name in VIEWS if name not in UNCOUNTED]
    row = ctx.session.execute(
        select(*(_capped(_view(name, ctx), ctx.limits.count_cap) for name in names))
    ).one()
    return dict(zip(names, row, strict=True))


def _capped(condition: ColumnElement[bool], cap: int) -> ScalarSelect[int]:
    inner = select(Case.id).where(condition).limit(cap).subquery()
    return select(func.count()).select_from(inner).scalar_subquery()


def search(ctx: Context, text: str) -> list[Line]:
    """Find cases by reference, account number, e-mail, telephone or name. The search itself is recorded."""
    subjects = _subjects(ctx, text)
    reference = parse(text)
    digits = "".join(character for character in text if character.isdigit())
    account_ids = select(Account.id).where(or_(Account.number == digits, Account.subject_id.in_(subjects)))
    query = (
        _lines()
        .where(
            or_(
                Case.reference == reference,
                Case.account_number == digits,
                Case.subject_id.in_(subjects),
                Case.account_id.in_(account_ids),
            ),
            Case.status != Status.UNCONFIRMED,
        )
        .order_by(Case.created_at.desc(), Case.id)
        .limit(MOST_FOUND)
    )
    # inside the act that records it, which would expire what was read before it, row by row
    with ctx.act():
        found: list[Line] = [(case, name) for case, name in ctx.session.execute(query)]
        record(ctx, "case:search:made", {"found": len(found)})
    return found


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


def case_for_staff(ctx: Context, case_id: str) -> Case:
    """One case, and the record that this actor opened it. Unconfirmed requests are nobody's yet. Raises NotFound."""
    case = ctx.session.get(Case, case_id)
    if case is None or case.status == Status.UNCONFIRMED:
        raise NotFound()
    record(ctx, "case:page:read", {"case": case.id})
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


def letter(ctx: Context, case_id: str, document_id: str) -> tuple[Case, bytes]:
    """The painted letter of method H4, on the record of the actor: its code proves the post, so only the holder prints it.

    Raises NotFound also while it is being painted.
    """
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        document = ctx.session.get(Document, document_id)
        if document is None or document.case_id != case.id or document.kind != "letter":
            raise NotFound()
        transition.require(ctx, case, Act.SEND_CHALLENGE)
        painted = receipts.open_pdf(ctx, document)
        if painted is None:
            raise NotFound()
        record(ctx, "case:data:revealed", {"case": case.id, "field": "letter"})
    return case, painted


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
    events = session.execute(
        select(AuditEvent).where(AuditEvent.case_id == case.id).order_by(AuditEvent.sseq)
    ).scalars()
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
    """Who has which part in a case: (name, part)."""
    query = (
        select(Person.name, CaseParty.part)
        .join(CaseParty, CaseParty.person_id == Person.id)
        .where(CaseParty.case_id == case.id)
        .order_by(CaseParty.at)
    )
    return [(name, part) for name, part in session.execute(query)]


def same_account(session: Session, case: Case) -> Sequence[Case]:
    """Other confirmed cases of the same account, newest first."""
    if case.account_id is None:
        return ()
    query = (
        select(Case)
        .where(Case.account_id == case.account_id, Case.id != case.id, Case.status != Status.UNCONFIRMED)
        .order_by(Case.created_at.desc(), Case.id)
        .limit(10)
    )
    return list(session.execute(query).scalars())


def case_by_status_link(ctx: Context, raw: str) -> Case | None:
    """The owner's case behind a status link; the link ends 30 days after the case has."""
    link = tokens.find(ctx.session, raw, "status")
    if link is None or link.case_id is None or link.revoked_at is not None or link.expires_at <= ctx.now:
        return None
    case = ctx.session.get_one(Case, link.case_id)
    if case.closed_at and ctx.now >= case.closed_at + ctx.limits.status_link_after_end:
        return None
    return case
