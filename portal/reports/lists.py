"""Lists: a row for each removal, check, case or export, streamed in the order of an index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from portal.domain.reports import Asked
from portal.models import Account, AuditEvent, Case, Export, IdentityCheck, Person, Removal, Staff
from portal.reports.decisions import BEFORE
from portal.reports.owners import account_events
from portal.reports.personal import Hidden
from portal.reports.population import OUTCOME, Finder, Population, case_events, cases
from portal.reports.sql import said
from portal.vault import place_of

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Listing:
    """A list: whose rows, the statement that gives them, and what a row of it says in the columns of the report."""

    population: Finder
    query: Callable[[Asked], Select[Any]]
    row: Callable[[Row], Row] = tuple


VERIFIER, APPROVER, EXECUTOR = (aliased(Person, name=part) for part in ("verifier", "approver", "executor"))
DECIDERS, DECIDER_IDS = (VERIFIER.name, APPROVER.name), (Case.proposer_id, Case.approver_id)
# What proves a row: its event's number in its stream, its hash, and its id, by which the log is searched.
IN_LOG = (AuditEvent.sseq, AuditEvent.leaf_hash, AuditEvent.id)

# The methods of a case's checks that stand and match, as one text.
MATCHED = (
    select(func.aggregate_strings(IdentityCheck.method, " "))
    .where(
        IdentityCheck.case_id == Case.id,
        IdentityCheck.result == "match",
        IdentityCheck.voided_at.is_(None),
    )
    .correlate(Case)
    .scalar_subquery()
)
GONE = (
    select(func.count())
    .where(Removal.case_id == Case.id, Removal.state == "confirmed")
    .correlate(Case)
    .scalar_subquery()
)


def methods(text: str | None) -> tuple[str, ...]:
    return tuple(sorted(set((text or "").split())))


def with_deciders(query: Select[Any]) -> Select[Any]:
    return query.outerjoin(VERIFIER, VERIFIER.id == Case.proposer_id).outerjoin(
        APPROVER, APPROVER.id == Case.approver_id
    )


removals = case_events("case:device:deactivated")


def _removals(asked: Asked) -> Select[Any]:
    done = (Case.reference, AuditEvent.at, MATCHED, *DECIDERS, EXECUTOR.name)
    dates = (Case.created_at, Case.approved_at, Case.executing_at)
    how = (Case.policy_set, Case.waiting_hours, GONE)
    columns = (*done, Case.language, Case.tier, *dates, *how, *DECIDER_IDS, *IN_LOG)
    query = with_deciders(removals(asked).in_order(asked, *columns))
    return query.outerjoin(EXECUTOR, EXECUTOR.id == Case.executor_id)


def _removal(row: Row) -> Row:
    reference, at, matched, *more = row
    return (reference, at, methods(matched), *more)


REMOVALS = Listing(removals, _removals, _removal)

without_desk = account_events("account:self_service:removed", "account:managed_removal:done")


def _other_removals(asked: Asked) -> Select[Any]:
    facts = (said(AuditEvent.event_bytes, fact) for fact in ("connector", "sessions"))
    return without_desk(asked).in_order(asked, AuditEvent.at, AuditEvent.tag, Account.number, *facts, *IN_LOG)


def _other_removal(row: Row) -> Row:
    at, tag, number, connector, sessions, *in_log = row
    hidden = None if number is None else Hidden(clear=number)
    return (at, tag, hidden, connector, None if sessions is None else int(sessions), *in_log)


OTHER_REMOVALS = Listing(without_desk, _other_removals, _other_removal)

recorded = case_events(
    "case:check:recorded", "case:check:proven", "case:check:repeated", "case:call:repeated"
)


def _check_records(asked: Asked) -> Select[Any]:
    method, result = (said(AuditEvent.event_bytes, fact) for fact in ("method", "result"))
    columns = (AuditEvent.at, Case.reference, method, result, AuditEvent.tag, Person.name)
    query = recorded(asked).in_order(asked, *columns, *IN_LOG)
    return query.outerjoin(Staff, Staff.id == func.substr(AuditEvent.actor, BEFORE + 1)).outerjoin(
        Person, Person.id == Staff.person_id
    )


CHECK_RECORDS = Listing(recorded, _check_records)


def _cases(asked: Asked) -> Select[Any]:
    columns = (
        Case.reference,
        Case.status,
        OUTCOME,
        Case.language,
        Case.tier,
        Case.problem,
        Case.created_at,
        Case.confirmed_at,
        Case.approved_at,
        Case.deactivated_at,
        Case.closed_at,
        Case.round,
        *DECIDERS,
        Case.policy_set,
        Case.waiting_hours,
        *DECIDER_IDS,
        func.coalesce(Account.number, Case.account_number),
        Case.sealed_name,
        Case.sealed_reply_email,
        Case.id,
        Case.subject_id,
    )
    query = with_deciders(cases(asked).in_order(asked, *columns))
    return query.outerjoin(Account, Account.id == Case.account_id)


def _case(row: Row) -> Row:
    *shown, number, name, reply, case_id, subject = row
    account = None if number is None else Hidden(clear=number)
    return (
        *shown,
        account,
        _sealed("cases", "name", name, case_id, subject),
        _sealed("cases", "reply_email", reply, case_id, subject),
    )


def _sealed(table: str, column: str, data: bytes | None, row_id: str, subject: str) -> Hidden | None:
    return None if data is None else Hidden(subject, place_of(table, column, row_id, subject), data)


CASES = Listing(cases, _cases, _case)


ASKED, BUILT, FETCHED = "staff:export:asked", "system:export:built", "staff:export:fetched"


def exports_of(_asked: Asked) -> Population:
    """Exports by the log: as they were asked for in the pages, and as they were made on the command line."""
    by_command = and_(AuditEvent.tag == BUILT, said(AuditEvent.event_bytes, "export").is_(None))
    return Population(
        AuditEvent.__table__,
        AuditEvent.at.expression,
        AuditEvent.id.expression,
        (AuditEvent.tag.in_((ASKED, BUILT)), or_(AuditEvent.tag == ASKED, by_command)),
    )


def _later(tag: str, *facts: Any) -> Any:
    """What the log says of exports after they were asked for, by export."""
    later = aliased(AuditEvent)
    named = said(later.event_bytes, "export").label("export")
    columns = [said(later.event_bytes, fact).label(fact) for fact in facts]
    query = select(named, *columns) if facts else select(named, func.count().label("times")).group_by(named)
    return query.where(later.tag == tag).subquery(tag.rpartition(":")[2])


def _exports(asked: Asked) -> Select[Any]:
    built, fetched = _later(BUILT, "rows", "digest"), _later(FETCHED)
    export, *facts = (
        said(AuditEvent.event_bytes, fact) for fact in ("export", "report", "form", "from", "to", "personal")
    )
    rows, digest = (
        func.coalesce(built.c[fact], said(AuditEvent.event_bytes, fact)) for fact in ("rows", "digest")
    )
    why = (Export.sealed_purpose, Export.id, Staff.subject_id)
    columns = (AuditEvent.at, Person.name, *facts, *why, rows, digest, fetched.c.times, *IN_LOG)
    return (
        exports_of(asked)
        .in_order(asked, *columns)
        .outerjoin(Staff, Staff.id == func.substr(AuditEvent.actor, BEFORE + 1))
        .outerjoin(Person, Person.id == Staff.person_id)
        .outerjoin(Export, Export.id == export)
        .outerjoin(built, built.c.export == export)
        .outerjoin(fetched, fetched.c.export == export)
    )


def _export(row: Row) -> Row:
    at, who, report, form, start, end, personal, *why, rows, digest, times = row[: -len(IN_LOG)]
    days = (None if day is None else date.fromisoformat(day) for day in (start, end))
    is_personal = str(personal).lower() in {"true", "1"}
    return (
        at,
        who,
        report,
        form,
        *days,
        is_personal,
        _sealed("export", "purpose", *why),
        None if rows is None else int(rows),
        digest,
        times or 0,
        *row[-len(IN_LOG) :],
    )


EXPORTS = Listing(exports_of, _exports, _export)
