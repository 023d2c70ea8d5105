"""Reading the audit log: who did what, newest first, narrowed by action, person, case and days. That it was read is written too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlakeyset import Page, select_page, unserialize_bookmark
from sqlakeyset.types import Marker
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from portal.casework.context import Context, NotFound, Refused
from portal.casework.lookup import record
from portal.domain import reference
from portal.domain.lifecycle import Role
from portal.domain.periods import bounds
from portal.models import AuditCheckpoint, AuditEvent, AuditLeaf, AuditVerdict, Case, Person, Staff
from portal.tlog import lag, proofs
from portal.tlog.proofs import Inclusion, NoProof

PAGE = 50
COUNTED = 1000  # counted to one more
READERS = frozenset({Role.COMPLIANCE})
STAFF = "staff:"
# Only places of our own making: the library would also read other kinds of values, and raise for some of them.
BOOKMARK = re.compile(r"[<>]dt:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00:00~i:\d{1,9}~s:[0-9a-f]{32}")


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to. `case` is a reference as somebody typed it; days are Japan's, both included."""

    tag: str | None = None
    actor: str | None = None
    case: str | None = None
    start: date | None = None
    end: date | None = None

    def chosen(self) -> dict[str, str]:
        """What is set, as an address keeps it."""
        pairs = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: str(value) for name, value in pairs if value}


@dataclass(frozen=True)
class Line:
    """One event as the page shows it. `actor` is the name of a member of staff, else a key of `role`."""

    id: str
    at: datetime
    tag: str
    actor: str
    by_staff: bool
    case: Case | None
    was: str | None
    now: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Listed:
    lines: Sequence[Line]
    earlier: str | None  # the place of the page before this one, which is nearer to now
    later: str | None
    number: int  # of all that fit, counted to COUNTED + 1


@dataclass(frozen=True)
class Integrity:
    """What is known of the log as a whole."""

    verdict: AuditVerdict | None  # the newest check
    failed_since: datetime | None  # the first of the checks that have failed since the last good one
    head: AuditCheckpoint | None
    unsigned_since: datetime | None


def page(ctx: Context, filters: Filters, place: Marker) -> Listed:
    """A page of the log. Raises Refused for a case that nobody has, and for whoever may not read it."""
    _require(ctx)
    case_id = _case_named(ctx, filters.case)
    if filters.case and case_id is None:
        raise Refused("case_unknown", field="case")
    # A case by its id: what somebody types may be anything, and stays out of the log.
    record(ctx, "staff:log:read", {"tag": filters.tag, "actor": filters.actor, "case": case_id})
    conditions = _conditions(filters, case_id)
    if place.place is not None:
        # What the library asks for is an OR; this lets an index begin at the place, however far down it is.
        at = place.place[0]
        conditions.append(AuditEvent.at >= at if place.backwards else AuditEvent.at <= at)
    query: Any = (
        select(AuditEvent.id)
        .where(*conditions)
        # What one act has written has one time: within it a stream's own order counts.
        .order_by(AuditEvent.at.desc(), AuditEvent.sseq.desc(), AuditEvent.id.desc())
    )
    found: Page[Any] = select_page(ctx.session, query, per_page=PAGE, page=place)
    paging = found.paging
    lines = _lines(ctx.session, [event_id for (event_id,) in found])
    return Listed(
        lines=lines,
        earlier=paging.bookmark_previous if paging.has_previous else None,
        later=paging.bookmark_next if paging.has_next else None,
        number=_number(ctx, _conditions(filters, case_id)),
    )


def place_of(bookmark: str | None) -> Marker:
    """Where a page begins. Raises ValueError for a place made by hand."""
    if not bookmark:
        return Marker(None, False)
    if not BOOKMARK.fullmatch(bookmark):
        raise ValueError(bookmark)
    return unserialize_bookmark(bookmark)


def integrity(ctx: Context) -> Integrity:
    """The newest check of the log, since when checks have failed, and how far it is signed. Four statements."""
    session = ctx.session
    # none that somebody has put into the future
    newest = session.execute(
        select(AuditVerdict).where(AuditVerdict.at <= ctx.now).order_by(AuditVerdict.at.desc()).limit(1)
    ).scalar_one_or_none()
    return Integrity(
        verdict=newest,
        failed_since=_failed_since(session, ctx.now) if newest is not None and newest.failed else None,
        head=session.execute(
            select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)
        ).scalar_one_or_none(),
        unsigned_since=lag.unsigned_since(session),
    )


def _failed_since(session: Session, now: datetime) -> datetime | None:
    good = select(func.max(AuditVerdict.at)).where(AuditVerdict.failed.is_(None), AuditVerdict.at <= now)
    bad = select(func.min(AuditVerdict.at)).where(AuditVerdict.failed.is_not(None))
    last_good: datetime | None = session.execute(good).scalar_one()
    return session.execute(bad.where(AuditVerdict.at > last_good) if last_good else bad).scalar_one()


@dataclass(frozen=True)
class Event:
    """One event whole: the bytes that were hashed, its hash, and its place in the tree once it has one."""

    line: Line
    stream: str
    sseq: int
    text: str
    leaf_hash: str
    place: int | None
    proof: Inclusion | None  # once a signed head covers it


def event(ctx: Context, event_id: str) -> Event:
    """One event, with the record that it was read. Raises NotFound."""
    _require(ctx)
    row = ctx.session.get(AuditEvent, event_id)
    if row is None:
        raise NotFound()
    record(ctx, "staff:log:read", {"checked": event_id})
    row = ctx.session.get_one(AuditEvent, event_id)
    place = ctx.session.execute(
        select(AuditLeaf.place).where(AuditLeaf.event_id == event_id)
    ).scalar_one_or_none()
    return Event(
        line=_lines(ctx.session, [event_id])[0],
        stream=row.stream,
        sseq=row.sseq,
        text=row.event_bytes.decode(errors="replace"),
        leaf_hash=row.leaf_hash,
        place=place,
        proof=_proof(ctx.session, event_id),
    )


def proof(ctx: Context, event_id: str) -> str:
    """That an event is in the signed log, as text that a stranger can check. Raises NotFound where nothing can be proven."""
    _require(ctx)
    record(ctx, "staff:log:read", {"checked": event_id})
    try:
        return proofs.written(ctx.session, event_id, None)
    except NoProof:
        raise NotFound() from None


def _proof(session: Session, event_id: str) -> Inclusion | None:
    try:
        return proofs.inclusion_of(session, event_id)
    except ValueError:
        return None  # the stored tree has a gap: the check of the log says so


def actors(ctx: Context) -> list[tuple[str, str]]:
    """Everybody who has a login, as the log names them, each with their name."""
    query = select(Staff.id, Person.name).join(Person, Person.id == Staff.person_id)
    return [
        (f"{STAFF}{staff_id}", name) for staff_id, name in ctx.session.execute(query.order_by(Person.name))
    ]


def _require(ctx: Context) -> None:
    if not ctx.actor.is_any(READERS):
        raise Refused("wrong_role")


def _conditions(filters: Filters, case_id: str | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.tag:
        found.append(AuditEvent.tag == filters.tag)
    if filters.actor:
        found.append(AuditEvent.actor == filters.actor)
    if case_id:
        found.append(AuditEvent.stream == f"case:{case_id}")
    if filters.start:
        found.append(AuditEvent.at >= bounds(filters.start, filters.start)[0])
    if filters.end:
        found.append(AuditEvent.at < bounds(filters.end, filters.end)[1])
    return found


def _case_named(ctx: Context, typed: str | None) -> str | None:
    wanted = reference.parse(typed) if typed else None
    if wanted is None:
        return None
    return ctx.session.execute(select(Case.id).where(Case.reference == wanted)).scalar_one_or_none()


def _number(ctx: Context, conditions: Sequence[ColumnElement[bool]]) -> int:
    inner = select(AuditEvent.id).where(*conditions).limit(COUNTED + 1).subquery()
    return ctx.session.execute(select(func.count()).select_from(inner)).scalar_one()


def _lines(session: Session, event_ids: Sequence[str]) -> list[Line]:
    """These events in this order, with the names of staff and the cases. Three statements."""
    query = select(AuditEvent).where(AuditEvent.id.in_(event_ids))
    rows = {row.id: row for row in session.execute(query).scalars()}
    opened = {one: _opened(rows[one]) for one in event_ids if one in rows}
    names = _names(session, (row.actor for row in rows.values()))
    cases = _cases(session, rows.values(), opened)
    return [_line(rows[one], opened[one], names, cases) for one in event_ids if one in rows]


def _opened(row: AuditEvent) -> Mapping[str, Any]:
    """What an event says, as far as it can be shown: one that somebody has changed must not hide all the others."""
    try:
        said = json.loads(row.event_bytes)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    facts = said.get("d")
    kept = (
        {name: value for name, value in facts.items() if _is_plain(value)} if isinstance(facts, dict) else {}
    )
    return {"d": kept} | {name: said[name] for name in ("from", "to") if isinstance(said.get(name), str)}


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, str | int)


def _line(
    row: AuditEvent, said: Mapping[str, Any], names: Mapping[str, str], cases: Mapping[str, Case]
) -> Line:
    facts = said.get("d") or {}
    return Line(
        id=row.id,
        at=row.at,
        tag=row.tag,
        actor=names.get(row.actor, row.actor.partition(":")[0]),
        by_staff=row.actor in names,
        case=cases.get(_case_of(row, facts) or ""),
        was=said.get("from"),
        now=said.get("to"),
        facts=facts,
    )


def _names(session: Session, actors: Iterable[str]) -> dict[str, str]:
    ids = {actor.removeprefix(STAFF) for actor in actors if actor.startswith(STAFF)}
    query = select(Staff.id, Person.name).join(Person, Person.id == Staff.person_id).where(Staff.id.in_(ids))
    return {f"{STAFF}{staff_id}": name for staff_id, name in session.execute(query)}


def _case_of(row: AuditEvent, facts: Mapping[str, Any]) -> str | None:
    named = facts.get("case")
    return row.case_id or (named if isinstance(named, str) else None)


def _cases(
    session: Session, rows: Iterable[AuditEvent], opened: Mapping[str, Mapping[str, Any]]
) -> dict[str, Case]:
    ids = {_case_of(row, opened[row.id].get("d") or {}) for row in rows} - {None}
    return {case.id: case for case in session.execute(select(Case).where(Case.id.in_(ids))).scalars()}
