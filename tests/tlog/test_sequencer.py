"""Every event gets one place in the tree, in batches that are whole or not there."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal import audit
from portal.domain import merkle
from portal.domain.lifecycle import SYSTEM
from portal.models import AuditEvent, AuditLeaf, AuditTile, AuditWaiting
from portal.tlog import sequencer, tiles
from tests.public.records import statements
from tests.sql import TABLES, attack, changed, deleted, refused, row_of, unguarded
from tests.together import together
from tests.world import World


def count(world: World, model: type) -> int:
    world.session.rollback()
    return world.session.execute(select(func.count()).select_from(model)).scalar_one()


def leaves(world: World) -> list[bytes]:
    query = select(AuditEvent.event_bytes).join(AuditLeaf, AuditLeaf.event_id == AuditEvent.id)
    found = world.session.execute(query.order_by(AuditLeaf.place)).scalars()
    return [merkle.leaf_hash(one) for one in found]


def events(world: World, number: int) -> None:
    ctx = world.system
    with ctx.act():
        for at in range(number):
            audit.append(
                ctx.session,
                "system",
                "system:settings:started",
                actor="system",
                at=ctx.now,
                facts={"digest": str(at)},
            )


def test_an_event_waits_from_the_moment_it_is_written(world: World) -> None:
    world.queued()
    assert count(world, AuditWaiting) == count(world, AuditEvent) > 0


def test_every_waiting_event_gets_one_place_without_gaps(world: World) -> None:
    world.verifying()
    placed = sequencer.sequence(world.system)
    found = list(world.session.execute(select(AuditLeaf.place).order_by(AuditLeaf.place)).scalars())
    assert found == list(range(placed.events)) == list(range(count(world, AuditEvent)))
    assert count(world, AuditWaiting) == 0


def test_the_tiles_give_the_root_of_all_events_at_every_size(world: World) -> None:
    edge = merkle.Frontier()
    for number in (1, 254, 1, 1, 300, 513):
        events(world, number)
        sequencer.sequence(world.system)
    nodes = tiles.nodes_of(world.session)
    hashes = leaves(world)
    assert len(hashes) == 1070
    for size, leaf in enumerate(hashes):
        assert merkle.root(size, nodes) == edge.root()
        edge.append(leaf)
    assert sorted(world.session.execute(select(AuditTile.level, func.length(AuditTile.hashes))).all()) == [
        *[(0, 46 * 32), *[(0, 8192)] * 4],
        (1, 4 * 32),
    ]


def test_nothing_to_do_is_one_read_and_no_write_turn(world: World) -> None:
    sequencer.sequence(world.system)
    ctx = world.system
    with statements(world) as seen:
        assert sequencer.sequence(ctx) == sequencer.Placed()
    assert [one.split()[0] for one in seen] == ["SELECT"]


def test_a_backlog_is_taken_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "BATCH", 10)
    events(world, 25)
    assert [sequencer.sequence(world.system).events for _ in range(4)] == [10, 10, 5, 0]


def test_the_next_batch_is_found_without_a_look_at_the_whole_log(world: World) -> None:
    events(world, 300)
    connection = world.session.connection()
    query = sequencer._batch().compile(connection, compile_kwargs={"literal_binds": True})
    words = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}[connection.dialect.name]
    if connection.dialect.name == "postgresql":
        # of 300 rows it would rather read all
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    steps = "\n".join(str(row) for row in connection.exec_driver_sql(f"{words} {query}"))
    assert "ix_audit_waiting_at" in steps
    assert not re.search("(SCAN|Seq Scan on) audit_event", steps)


def test_two_leaders_at_once_give_each_event_one_place(world: World) -> None:
    events(world, 400)

    def lead() -> int:
        with world.runtime.sessions() as session:
            return sequencer.sequence(world.runtime.context(session, SYSTEM)).events

    together(4, lead)
    sequencer.sequence(world.system)
    assert count(world, AuditLeaf) == count(world, AuditEvent)
    assert merkle.root(400, tiles.nodes_of(world.session)) == _root(leaves(world)[:400])


def _root(hashes: list[bytes]) -> bytes:
    edge = merkle.Frontier()
    for one in hashes:
        edge.append(one)
    return edge.root()


def test_an_event_whose_bytes_were_changed_gets_no_place(world: World) -> None:
    events(world, 3)
    row = row_of(world, "audit_event", stream="system", sseq=2)
    unguarded(world)
    attack(world, changed("audit_event", row["id"], event_bytes=row["event_bytes"] + b" "))
    with pytest.raises(sequencer.BrokenLog, match=row["id"]):
        sequencer.sequence(world.system)
    assert count(world, AuditLeaf) == count(world, AuditTile) == 0


def test_an_event_whose_predecessor_is_gone_gets_no_place(world: World) -> None:
    events(world, 3)
    row = row_of(world, "audit_event", stream="system", sseq=2)
    unguarded(world)
    gone = TABLES["audit_waiting"].delete().where(TABLES["audit_waiting"].c.event_id == row["id"])
    attack(world, gone, deleted("audit_event", id=row["id"]))
    after = row_of(world, "audit_event", stream="system", sseq=3)
    with pytest.raises(sequencer.BrokenLog, match=after["id"]):
        sequencer.sequence(world.system)


@pytest.mark.parametrize("table", ["audit_leaf", "audit_tile"])
def test_a_place_and_a_tile_are_never_deleted(world: World, table: str) -> None:
    events(world, 3)
    sequencer.sequence(world.system)
    refused(world, f"{table}_no_delete", deleted(table))


def test_a_place_is_never_given_to_another_event(world: World) -> None:
    events(world, 3)
    sequencer.sequence(world.system)
    table = TABLES["audit_leaf"]
    refused(world, "audit_leaf_no_update", table.update().values(place=table.c.place + 10))
    with pytest.raises(IntegrityError), world.system.act():
        world.session.add(AuditLeaf(place=0, event_id=row_of(world, "audit_event", sseq=3)["id"]))
    world.session.rollback()


def test_a_tile_only_grows_at_its_end(world: World) -> None:
    events(world, 3)
    sequencer.sequence(world.system)
    table = TABLES["audit_tile"]
    for other in (b"", b"\x00" * 96, b"\x00" * 128):
        refused(world, "audit_tile_only_grows", table.update().values(hashes=other))


def test_an_event_cannot_stop_waiting_before_it_has_its_place(world: World) -> None:
    events(world, 1)
    refused(world, "audit_waiting_until_placed", deleted("audit_waiting"))
