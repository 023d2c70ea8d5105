"""Takes data away class by class, found by what every column declares, so that no new column can be forgotten.

Rows stay where a trigger or a key holds on to them; what they held is emptied. What is sealed is gone for good with its
key: `key` in the event is the SHA-256 of the wrapped key that was destroyed, so that a copy of it in a backup is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, delete, func, select, update

from portal import outbox
from portal.casework import transition
from portal.casework.context import Context
from portal.domain.lifecycle import Act
from portal.domain.retention import KEY_GONE, NEUTRAL, STAGES, Period
from portal.models import (
    Base,
    Case,
    Document,
    IdentityCheck,
    LinkToken,
    Message,
    MessageDraft,
    OutboxRow,
    Proposal,
    SearchTerm,
    SubjectKey,
)

SEALED = ("evidence", "network", "contact")
KEPT_FOR = ("pending", "dead")  # rows of the outbox that still know what they would say


def holding(table: Table, classes: Iterable[str]) -> list[Column[Any]]:
    """The columns of a table that hold data of these classes."""
    wanted = frozenset(classes)
    return [column for column in table.columns if column.info["holds"] in wanted]


def tables_with(key: str, classes: Iterable[str]) -> dict[Table, list[Column[Any]]]:
    """The tables that hang on something by this column and hold data of these classes. A case's own row is not among them."""
    hanging = (
        table for table in Base.metadata.sorted_tables if key in table.columns and table.name != "cases"
    )
    found = {table: holding(table, classes) for table in hanging}
    return {table: columns for table, columns in found.items() if columns}


def nothing_in(column: Column[Any]) -> bytes | str | None:
    """What stands in an emptied column."""
    return None if column.nullable else column.type.python_type()


def empty(ctx: Context, classes: Iterable[str], **hangs_on: str) -> None:
    """Empty the columns of these classes in every row that hangs on this, such as `case_id=`."""
    for key, identity in hangs_on.items():
        for table, columns in tables_with(key, classes).items():
            empty_rows(ctx, table, columns, table.columns[key] == identity)


def empty_rows(
    ctx: Context, table: Table, columns: Sequence[Column[Any]], which: ColumnElement[bool]
) -> None:
    ctx.session.execute(
        update(table).where(which).values({column.name: nothing_in(column) for column in columns})
    )


def delete_class(ctx: Context, case: Case, period: Period) -> None:
    """Take the next class of data of an ended case away, in the caller's act. Raises Refused and changes nothing."""
    CLASSES[period.key](ctx, case)


def _evidence(ctx: Context, case: Case) -> None:
    said = {"checks": _count(ctx, IdentityCheck, case), "messages": _count(ctx, Message, case)}
    _take(ctx, case, Act.DELETE_EVIDENCE, ("evidence",), STAGES["evidence"], said)
    _drop_drafts(ctx, case)


def _network(ctx: Context, case: Case) -> None:
    _take(ctx, case, Act.DELETE_NETWORK, ("network",), STAGES["network"], {})
    terms = delete(SearchTerm).where(SearchTerm.subject_id == case.subject_id, SearchTerm.kind == "network")
    ctx.session.execute(terms)


def _contact(ctx: Context, case: Case) -> None:
    said = proof(ctx, case.subject_id) | {"papers": _papers(ctx, case)}
    _take(ctx, case, Act.DELETE_CONTACT, SEALED, KEY_GONE, said)
    _destroy_key(ctx, case)


def _facts(ctx: Context, case: Case) -> None:
    transition.apply(ctx, case, Act.DELETE_FACTS, retention_stage=STAGES["fact"], **NEUTRAL)


CLASSES: Mapping[str, Callable[[Context, Case], None]] = {
    "evidence": _evidence,
    "network": _network,
    "contact": _contact,
    "fact": _facts,
}


def erase(ctx: Context, case: Case, proposal: Proposal) -> None:
    """Take everything sealed away at once, as two have agreed, in the caller's act. What is left are facts without a person."""
    said = proof(ctx, case.subject_id) | {"papers": _papers(ctx, case), "proposal": proposal.id}
    _take(ctx, case, Act.ERASE, SEALED, KEY_GONE, said, given=("agreed",), account_number=None)
    _drop_drafts(ctx, case)
    _destroy_key(ctx, case)


def proof(ctx: Context, subject_id: str) -> dict[str, Any]:
    """The line that proves which key was destroyed: what is kept of it can open nothing."""
    row = ctx.session.get(SubjectKey, subject_id)
    wrapped = hashlib.sha256(row.wrapped).hexdigest() if row is not None else None
    return {"subject": subject_id, "key": wrapped}


def _take(
    ctx: Context,
    case: Case,
    act: Act,
    classes: Sequence[str],
    stage: int,
    said: Mapping[str, Any],
    *,
    given: Sequence[str] = (),
    **more: Any,
) -> None:
    own = {column.name: None for column in holding(Base.metadata.tables["cases"], classes)}
    transition.apply(ctx, case, act, given=given, said=said, retention_stage=stage, **own, **more)
    empty(ctx, classes, case_id=case.id)


def _destroy_key(ctx: Context, case: Case) -> None:
    """After this nothing of the case can be opened, its links lead nowhere, and no mail of it leaves."""
    outbox.cancel(ctx.session, now=ctx.now, case_id=case.id)
    ctx.session.execute(update(OutboxRow).where(OutboxRow.case_id == case.id).values(sealed_params=None))
    revoke_links(ctx, LinkToken.case_id == case.id)
    empty_proposals(ctx, case.id)
    ctx.vault.destroy(ctx.session, case.subject_id)


def revoke_links(ctx: Context, which: ColumnElement[bool]) -> None:
    unused = (LinkToken.used_at.is_(None), LinkToken.revoked_at.is_(None))
    ctx.session.execute(update(LinkToken).where(which, *unused).values(revoked_at=ctx.now))


def empty_proposals(ctx: Context, target_id: str) -> None:
    """What two decided about it stays on record; why, in somebody's own words, goes."""
    table = Base.metadata.tables["proposal"]
    empty_rows(ctx, table, holding(table, SEALED), table.columns["target_id"] == target_id)


def _drop_drafts(ctx: Context, case: Case) -> None:
    ctx.session.execute(delete(MessageDraft).where(MessageDraft.case_id == case.id))


def _count(ctx: Context, kind: type[IdentityCheck] | type[Message], case: Case) -> int:
    return int(
        ctx.session.execute(
            select(func.count()).select_from(kind).where(kind.case_id == case.id)
        ).scalar_one()
    )


def _papers(ctx: Context, case: Case) -> list[str]:
    query = select(Document.id).where(Document.case_id == case.id).order_by(Document.created_at, Document.id)
    return list(ctx.session.execute(query).scalars())
