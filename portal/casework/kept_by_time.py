"""What is kept of owners and colleagues and hangs on no case: each class of it is emptied when its time is over.

Of an account that has a case under a legal hold, or that somebody has objected to, all of it stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Column, ColumnElement, CompoundSelect, Table, delete, func, select, union

from portal import audit
from portal.casework import shredding
from portal.casework.context import Context
from portal.domain.retention import PERIODS
from portal.models import Base, Case, Document, Export, LegalHold, Objection, SelfService, StaffSession

AT_ONCE = 1000
LIMITS = {period.key: period.limit for period in PERIODS}

# table -> the moment from which its time counts. A contact that is present stays as long as its account is in the register.
SINCE: Mapping[str, str] = {
    "self_service": "created_at",
    "managed_removal": "created_at",
    "phone_change": "created_at",
    "contact": "retired_at",
    "document": "created_at",
    "export": "created_at",
}
# Which rows, where not all: papers of cases go with their case, and a purpose stays while there is a file that it explains.
ONLY: Mapping[str, ColumnElement[bool]] = {
    "document": Document.self_service_id.is_not(None),
    "export": Export.state.in_(("failed", "expired")),
}
# Whose a row is, where it does not say so itself. What is a colleague's is nobody's account's.
WHOSE: Mapping[str, ColumnElement[Any]] = {
    "document": select(SelfService.account_id)
    .where(SelfService.id == Document.self_service_id)
    .scalar_subquery(),
}


def forget(ctx: Context) -> None:
    """Empty what is over, so many rows of each table in an act of its own, and say so in the log."""
    with ctx.act():
        before = ctx.now - ctx.limits.retention_network
        ctx.session.execute(delete(StaffSession).where(StaffSession.seen_at < before))
    for name in SINCE:
        table = Base.metadata.tables[name]
        for holds, columns in _classes(table):
            with ctx.act():
                _empty(ctx, table, holds, columns)


def _classes(table: Table) -> Iterator[tuple[str, list[Column[Any]]]]:
    """The columns to empty, class by class."""
    columns = shredding.holding(table, shredding.SEALED)
    for holds, several in groupby(columns, lambda column: str(column.info["holds"])):
        yield holds, list(several)


def _empty(ctx: Context, table: Table, holds: str, columns: Sequence[Column[Any]]) -> None:
    query = select(table.c.id).where(*_over(ctx, table, holds), _is_there(columns[0])).limit(AT_ONCE)
    found = list(ctx.session.execute(query).scalars())
    if found:
        shredding.empty_rows(ctx, table, columns, table.c.id.in_(found))
        facts = {"what": table.name, "class": holds, "number": len(found)}
        audit.append(
            ctx.session, "system", "system:retention:emptied", actor=ctx.actor_name, at=ctx.now, facts=facts
        )


def _over(ctx: Context, table: Table, holds: str) -> Iterator[ColumnElement[bool]]:
    yield table.columns[SINCE[table.name]] < ctx.now - getattr(ctx.limits, LIMITS[holds])
    if table.name in ONLY:
        yield ONLY[table.name]
    whose = WHOSE.get(table.name, table.columns.get("account_id"))
    if whose is not None:
        yield whose.not_in(_in_dispute())


def _is_there(column: Column[Any]) -> ColumnElement[bool]:
    """In the words of the indexes that lead there."""
    return column.is_not(None) if column.nullable else func.length(column) > 0


def _in_dispute() -> CompoundSelect[Any]:
    """The accounts of which nothing goes."""
    held = select(LegalHold.case_id).where(LegalHold.lifted_at.is_(None))
    return union(
        select(Case.account_id).where(Case.id.in_(held), Case.account_id.is_not(None)),
        # who began the attempt that led to such a case
        select(SelfService.account_id)
        .join(Case, Case.self_service_id == SelfService.id)
        .where(Case.id.in_(held)),
        select(Objection.account_id).where(Objection.outcome.is_(None), Objection.account_id.is_not(None)),
    )
