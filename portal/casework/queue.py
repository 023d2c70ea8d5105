"""The queue: views, filters and orders over a list that never counts its rows, and how many cases came into it.

A page is made of one branch for each status, because an index has the cases of one status in their order: it reads no more than a
page from each, and the database merges them. Over all statuses at once it would sort every open case for every page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlakeyset import Page, select_page, unserialize_bookmark
from sqlakeyset.types import Marker
from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, false, func, or_, select, union, union_all

from portal.casework.context import Context
from portal.domain.audit_tags import ACT_TAGS
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import FINAL, HELD, OPEN, Act, Status
from portal.domain.tiers import Tier
from portal.models import AuditEvent, Case, Person

PAGE = 25
DUE_SOON = timedelta(hours=4)
NOBODY = "nobody"
MOST_NEW = 99

SHOWN = OPEN - {Status.UNCONFIRMED}
# Where the desk itself has to be in time: while an owner answers or the wait runs, nobody here is late.
DESK_IS_DUE = SHOWN - {Status.WAITING_OWNER, Status.COOLING_OFF}
HANDED_OVER = (ACT_TAGS[Act.REASSIGN], ACT_TAGS[Act.TAKE_OVER])

# Only places of our own making: the library would also read other kinds of values, and raise for some of them.
BOOKMARK = re.compile(r"[<>]dt:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00:00~s:[0-9a-f]{32}")

Line = tuple[Case, str | None]  # a case and the name of who holds it


@dataclass(frozen=True)
class View:
    """A view that everybody has: which statuses, in which language, whose, and in which order unless another is asked for."""

    statuses: frozenset[Status]
    language: str | None = None
    mine: bool = False
    due_soon: bool = False
    sort: str = "due"


VIEWS: Mapping[str, View] = {
    "unassigned": View(frozenset({Status.QUEUED})),
    "mine": View(HELD, mine=True),
    "due_soon": View(DESK_IS_DUE, due_soon=True),
    # a pool from which nobody picks: whoever has waited longest comes first
    "second_approval": View(frozenset({Status.PENDING_APPROVAL}), sort="received"),
    "waiting_period": View(frozenset({Status.COOLING_OFF, Status.READY, Status.EXECUTING})),
    "waiting_owner": View(frozenset({Status.WAITING_OWNER})),
    "on_hold": View(frozenset({Status.FROZEN})),
    **{key: View(SHOWN, language=key) for key in LANGUAGES},
    "open": View(SHOWN),
    # a closed case was last due when it closed, so this gives the newest of them first
    "closed": View(FINAL | {Status.DEACTIVATED}, sort="-due"),
}
DEFAULT = "unassigned"
SORTS: Mapping[str, tuple[Any, bool]] = {  # by what, and whether the latest comes first
    "due": (Case.due_at, False),
    "-due": (Case.due_at, True),
    "received": (Case.created_at, False),
    "-received": (Case.created_at, True),
}
# What each filter can be; an assignee is anybody who has ever been a verifier.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "view": tuple(VIEWS),
    "status": tuple(status.value for status in Status if status is not Status.UNCONFIRMED),
    "language": tuple(LANGUAGES),
    "tier": tuple(tier.value for tier in Tier),
    "sort": tuple(SORTS),
}


@dataclass(frozen=True)
class Filters:
    """What the queue is narrowed to, and its order where it is not the view's own. Its form checks the values."""

    view: str = DEFAULT
    status: str | None = None
    language: str | None = None
    tier: str | None = None
    assignee: str | None = None  # a person's id, or NOBODY
    sort: str | None = None

    @property
    def order(self) -> str:
        return self.sort or VIEWS[self.view].sort

    def chosen(self) -> dict[str, str]:
        """What says more than a default, as an address and a saved view keep it."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in pairs if value}


@dataclass(frozen=True)
class Listed:
    """One page of the queue, and the places before and after it."""

    lines: list[Line]
    earlier: str | None
    later: str | None


def page(ctx: Context, filters: Filters, place: Marker) -> Listed:
    """A page of the list. Two statements: the ids in their order, then the cases."""
    query: Any = _ids(ctx, filters, place)
    found: Page[Any] = select_page(ctx.session, query, per_page=PAGE, page=place)
    at = found.paging
    return Listed(
        lines=lines_of(ctx, [case_id for case_id, _at in found]),
        earlier=at.bookmark_previous if at.has_previous else None,
        later=at.bookmark_next if at.has_next else None,
    )


def place_of(bookmark: str | None) -> Marker:
    """Where a page of the list begins. Raises ValueError for a place made by hand."""
    if not bookmark:
        return Marker(None, False)
    if not BOOKMARK.fullmatch(bookmark):
        raise ValueError(bookmark)
    return unserialize_bookmark(bookmark)


def lines_of(ctx: Context, case_ids: Sequence[str]) -> list[Line]:
    """These cases in this order, each with the name of who holds it."""
    query = select(Case, Person.name).outerjoin(Person, Person.id == Case.holder_id)
    found = {case.id: (case, name) for case, name in ctx.session.execute(query.where(Case.id.in_(case_ids)))}
    return [found[case_id] for case_id in case_ids if case_id in found]


def _ids(ctx: Context, filters: Filters, place: Marker) -> Select[str, datetime]:
    column, latest_first = SORTS[filters.order]
    statuses, conditions = _narrowed(ctx, filters)
    upwards = latest_first is place.backwards
    if place.place is not None:
        conditions.append(_beyond(column, *place.place, upwards=upwards))
    pages = [
        select(Case.id, column.label("at"))
        .where(Case.status == status if status else false(), *conditions)
        .order_by(*((column, Case.id) if upwards else (column.desc(), Case.id.desc())))
        .limit(PAGE + 1)
        .subquery()
        for status in statuses or [""]
    ]
    found = union_all(*(select(each.c.id, each.c.at) for each in pages)).subquery("found").c
    order = (found.at.desc(), found.id.desc()) if latest_first else (found.at, found.id)
    return select(found.id, found.at).order_by(*order)


def _beyond(column: Any, at: datetime, case_id: str, *, upwards: bool) -> ColumnElement[bool]:
    """What comes after a place, in a form that lets an index begin there: a page far down costs no more than the first."""
    if upwards:
        return and_(column >= at, or_(column > at, Case.id > case_id))
    return and_(column <= at, or_(column < at, Case.id < case_id))


def _narrowed(ctx: Context, filters: Filters) -> tuple[list[str], list[ColumnElement[bool]]]:
    """The statuses that are left, and what else must hold. An assignee is shown while they hold the case, and so found then."""
    view, assignee = VIEWS[filters.view], filters.assignee
    statuses = _only(view.statuses, filters.status, Status.QUEUED if assignee == NOBODY else None)
    wanted: list[tuple[Any, str | None]] = [
        (Case.language, view.language),
        (Case.language, filters.language),
        (Case.tier, filters.tier),
        (Case.holder_id, ctx.actor.person_id if view.mine else None),
    ]
    if assignee and assignee != NOBODY:
        statuses &= HELD
        wanted.append((Case.holder_id, assignee))
    conditions: list[ColumnElement[bool]] = [column == value for column, value in wanted if value]
    if view.due_soon:
        conditions.append(Case.due_at <= ctx.now + DUE_SOON)
    return sorted(statuses), conditions


def _only(every: Iterable[str], *wanted: str | None) -> set[str]:
    """Those of all that are each of the wanted ones; where none is wanted, all of them."""
    return {each for each in every if all(one in {None, each} for one in wanted)}


def _whole(ctx: Context, filters: Filters) -> tuple[ColumnElement[bool], ...]:
    """The same as one condition, for what needs no order."""
    statuses, conditions = _narrowed(ctx, filters)
    return (Case.status.in_(statuses), *conditions)


def fits(case: Case, filters: Filters) -> bool:
    """Whether a case found by a search is one of those that the filters name; a search looks into every view."""
    wanted = ((case.status, filters.status), (case.language, filters.language), (case.tier, filters.tier))
    if not all(value in {None, own} for own, value in wanted):
        return False
    if filters.assignee == NOBODY:
        return case.status == Status.QUEUED
    return not filters.assignee or (case.holder_id == filters.assignee and case.status in HELD)


def counts(ctx: Context, asked: Mapping[str, Filters]) -> dict[str, int]:
    """How many open cases each view holds, in one statement, each counted to a cap.

    Nobody acts differently on 1,000 or 100,000. Closed cases only grow, so nobody counts them; their views have no count.
    """
    counted = {name: filters for name, filters in asked.items() if is_counted(filters)}
    row = ctx.session.execute(select(*(_capped(ctx, filters) for filters in counted.values()))).one()
    return dict(zip(counted, row, strict=True))


def is_counted(filters: Filters) -> bool:
    return VIEWS[filters.view].statuses <= SHOWN


def _capped(ctx: Context, filters: Filters) -> ScalarSelect[int]:
    inner = select(Case.id).where(*_whole(ctx, filters)).limit(ctx.limits.count_cap)
    return select(func.count()).select_from(inner.subquery()).scalar_subquery()


def newcomers(ctx: Context, filters: Filters, since: datetime) -> int:
    """How many cases came into a view since a moment, counted to MOST_NEW + 1: by their status, a hand-over or the clock."""
    # a page lives no longer than its session, so whoever asks about last year made the address by hand
    since = max(since, ctx.now - ctx.limits.staff_absolute)
    here = select(Case.id).where(*_whole(ctx, filters))
    touched = select(AuditEvent.case_id).where(AuditEvent.at > since, AuditEvent.case_id.is_not(None))
    was = _status_at(since)
    ways: list[ColumnElement[bool]] = [was.is_(None), was.not_in(_narrowed(ctx, filters)[0])]
    if filters.assignee or VIEWS[filters.view].mine:
        ways.append(Case.id.in_(touched.where(AuditEvent.tag.in_(HANDED_OVER))))
    found = [here.where(Case.id.in_(touched), or_(*ways))]
    if VIEWS[filters.view].due_soon:
        found.append(here.where(Case.due_at > since + DUE_SOON))
    new = select(union(*found).subquery()).limit(MOST_NEW + 1).subquery()
    return ctx.session.execute(select(func.count()).select_from(new)).scalar_one()


def _status_at(moment: datetime) -> ScalarSelect[str]:
    return (
        select(AuditEvent.status_after)
        .where(AuditEvent.case_id == Case.id, AuditEvent.at <= moment)
        .order_by(AuditEvent.sseq.desc())
        .limit(1)
        .correlate(Case)
        .scalar_subquery()
    )


def read(kept: Mapping[str, Any]) -> Filters:
    """Filters as a saved view keeps them; what another release of the portal called otherwise is left out."""
    return Filters(
        **{
            name: value
            for name, value in kept.items()
            if name == "assignee" or value in CHOICES.get(name, ())
        }
    )
