"""What an intruder with a database client can try: plain statements, past every rule that stands in Python."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Delete, Executable, Insert, TextClause, Update, select, text
from sqlalchemy.exc import IntegrityError

from migrations import triggers
from portal.models import Base, new_id
from tests.world import World

# SQLite names CHECKs and triggers in its refusals, but no keys.
NAMELESS = {
    "fk": "FOREIGN KEY constraint failed",
    "uq": "UNIQUE constraint failed",
    "pk": "UNIQUE constraint failed",
}
TABLES = Base.metadata.tables


def only_on(kind: str) -> pytest.MarkDecorator:
    """For what only one of the two databases can be asked to do."""
    return pytest.mark.parametrize("database_url", [kind], indirect=True)


def sql(statement: str, **values: Any) -> TextClause:
    return text(statement).bindparams(**values)


def changed(table: str, id_: str | int, **columns: Any) -> Update:
    """Change the row with this id."""
    return TABLES[table].update().where(TABLES[table].c.id == id_).values(**columns)


def deleted(table: str, **where: Any) -> Delete:
    statement = TABLES[table].delete()
    for name, value in where.items():
        statement = statement.where(TABLES[table].c[name] == value)
    return statement


def inserted(table: str, row: dict[str, Any], **changes: Any) -> Insert:
    """Insert a row, such as a copy of one that stands already."""
    return TABLES[table].insert().values({**row, **changes})


def row_of(world: World, table: str, **where: Any) -> dict[str, Any]:
    """Some row of a table that fits."""
    query = select(TABLES[table])
    for name, value in where.items():
        query = query.where(TABLES[table].c[name] == value)
    world.session.rollback()
    return dict(world.session.execute(query.limit(1)).mappings().one())


def event(case: str, sseq: int, status: str, at: datetime, **changes: Any) -> Insert:
    """A forged event, which is all that it takes to satisfy the key between a status and its event."""
    row = {
        "id": new_id(),
        "stream": f"case:{case}",
        "sseq": sseq,
        "case_id": case,
        "status_after": status,
        "tag": "case:forged:forged",
        "actor": "system",
        "at": at,
        "leaf_hash": new_id() + new_id(),
        "event_bytes": b"forged",
    }
    return inserted("audit_event", row, **changes)


def forged(world: World, case_id: str, status: str, **columns: Any) -> tuple[Executable, ...]:
    """Bring a case into a status with a forged event, so that only the rules of that status can refuse."""
    sseq = world.case(case_id).audit_seq + 1
    return (
        event(case_id, sseq, status, world.now),
        changed("cases", case_id, status=status, audit_seq=sseq, **columns),
    )


def attack(world: World, *statements: Executable) -> None:
    """Do it all in one transaction, to its commit."""
    world.session.rollback()
    with world.runtime.engine.connect() as connection, connection.execution_options(writes=True).begin():
        for statement in statements:
            connection.execute(statement)


def refused(world: World, by: str, *statements: Executable) -> None:
    """It must fail, and by this constraint or trigger: not by a slip in the attack."""
    with pytest.raises(IntegrityError) as refusal:
        attack(world, *statements)
    named = NAMELESS.get(by[:2], by) if dialect(world) == "sqlite" else by
    assert named in str(refusal.value.orig)


def dialect(world: World) -> str:
    return world.runtime.engine.dialect.name


def unguarded(world: World) -> None:
    """What an attacker with the database's own rights does first: no trigger is left."""
    world.session.rollback()
    with world.runtime.engine.connect() as connection, connection.execution_options(writes=True).begin():
        triggers.drop(connection)


def guarded_again(world: World) -> None:
    """And what a careful one does last."""
    world.session.rollback()
    with world.runtime.engine.connect() as connection, connection.execution_options(writes=True).begin():
        triggers.create(connection)


def key_lost(world: World, subject_id: str) -> None:
    """Destroy a key as if its subject had been erased long ago: the triggers of a live case would not let it go."""
    unguarded(world)
    with world.system.act():
        world.runtime.vault.destroy(world.session, subject_id)
    guarded_again(world)
