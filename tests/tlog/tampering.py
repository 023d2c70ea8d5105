"""What somebody with all rights on the database can do to the log, from the clumsy hand to the one that has the key as well."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Executable, select, text

from portal import audit
from portal.domain import merkle
from portal.models import AuditEvent, AuditLeaf
from portal.tlog import checkpoints, verify
from portal.tlog.findings import Verdict
from portal.tlog.notes import Head, NoteSigner
from portal.tlog.tiles import WIDTH
from tests.sql import TABLES, dialect, guarded_again, inserted, unguarded
from tests.world import World


def checked(world: World, **asked: Any) -> Verdict:
    """What the check finds, with the log's key and at the desk's own time."""
    world.session.rollback()
    key = checkpoints.published_key(world.runtime.settings.keys)
    return verify.run(world.runtime.engine, **{"key": key, "now": world.now, **asked})


def failing(world: World, **asked: Any) -> set[str]:
    return {finding.check for finding in checked(world, **asked).findings}


def tampered(world: World, *statements: Executable) -> None:
    """Do it past every trigger and key, and leave both as they were."""
    unguarded(world)
    with world.runtime.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        if dialect(world) == "sqlite":
            raw.execute("PRAGMA foreign_keys=OFF")
        with connection.execution_options(writes=True).begin():
            if dialect(world) == "postgresql":
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                connection.execute(statement)
        if dialect(world) == "sqlite":
            raw.execute("PRAGMA foreign_keys=ON")
    guarded_again(world)


def events(world: World, stream: str | None = None) -> list[AuditEvent]:
    """All events in the order of their places, those that wait behind them."""
    world.session.rollback()
    query = select(AuditEvent).outerjoin(AuditLeaf, AuditLeaf.event_id == AuditEvent.id)
    if stream:
        query = query.where(AuditEvent.stream == stream)
    order = (AuditLeaf.place.is_(None), AuditLeaf.place, AuditEvent.stream, AuditEvent.sseq)
    return list(world.session.execute(query.order_by(*order)).scalars())


def rewritten(
    world: World, stream: str, sseq: int, change: Callable[[dict[str, Any]], None]
) -> list[Executable]:
    """Change one event and chain its stream anew up to its head, so that the stream tells nothing."""
    table, done, head = TABLES["audit_event"], list[Executable](), ""
    for row in events(world, stream):
        event = json.loads(row.event_bytes)
        if row.sseq < sseq:
            head = row.leaf_hash
            continue
        if row.sseq == sseq:
            change(event)
        event["sprev"] = head or audit.GENESIS
        data = audit.canonical(event)
        head = audit.leaf(data)
        done.append(
            table.update()
            .where(table.c.id == row.id)
            .values(event_bytes=data, leaf_hash=head, actor=event["actor"], tag=event["act"])
        )
    return [*done, headed(stream, audit_head=head)]


def headed(stream: str, **columns: Any) -> Executable:
    """Move the head of a stream."""
    if stream.startswith("case:"):
        table = TABLES["cases"]
        return table.update().where(table.c.id == stream.removeprefix("case:")).values(**columns)
    table = TABLES["audit_stream"]
    return table.update().where(table.c.stream == stream).values(head=columns["audit_head"])


def tree_again(world: World) -> list[Executable]:
    """Compute all tiles anew, as they must be over the events of now (fewer than 256)."""
    hashes = [bytes.fromhex(row.leaf_hash) for row in placed(world)]
    assert len(hashes) < WIDTH
    return [
        TABLES["audit_tile"].delete(),
        inserted("audit_tile", {}, level=0, place=0, hashes=b"".join(hashes)),
    ]


def placed(world: World) -> list[AuditEvent]:
    world.session.rollback()
    query = select(AuditEvent).join(AuditLeaf, AuditLeaf.event_id == AuditEvent.id).order_by(AuditLeaf.place)
    return list(world.session.execute(query).scalars())


def heads_again(world: World, home: Path) -> list[Executable]:
    """Sign the newest head anew with the stolen key, over the events of now, and forget the others."""
    signer = NoteSigner.parse((home / "log.key").read_text())
    edge = merkle.Frontier()
    for row in placed(world):
        edge.append(bytes.fromhex(row.leaf_hash))
    note = signer.sign(Head(signer.name, edge.size, edge.root()))
    row = {"size": edge.size, "root": edge.root().hex(), "note": note, "at": world.now}
    return [TABLES["audit_checkpoint"].delete(), inserted("audit_checkpoint", row)]
