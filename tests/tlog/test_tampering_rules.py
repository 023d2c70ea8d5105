"""Protections of the database that were taken away, weakened or walked around."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from migrations import triggers
from portal.tlog import verify_schema
from portal.tlog.findings import Book, Finding
from tests.sql import dialect, only_on
from tests.world import World

HARMLESS = {
    "sqlite": "CREATE TRIGGER cases_only_forward BEFORE UPDATE ON cases WHEN 0 BEGIN SELECT 1; END",
    "postgresql": (
        "CREATE OR REPLACE FUNCTION cases_only_forward() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NEW; END $$"
    ),
}
UNKNOWN = {
    "sqlite": "CREATE TRIGGER helpful AFTER INSERT ON cases BEGIN DELETE FROM objection; END",
    "postgresql": (
        "CREATE TRIGGER helpful BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION cases_only_forward()"
    ),
}


def done(world: World, *statements: str) -> None:
    world.session.rollback()
    with world.runtime.engine.connect() as connection, connection.execution_options(writes=True).begin():
        for statement in statements:
            connection.exec_driver_sql(statement)


def found(world: World) -> list[Finding]:
    book = Book()
    verify_schema.check(world.runtime.engine, book)
    return list(book.verdict(0).findings)


def test_a_database_as_it_was_made_passes(world: World) -> None:
    assert found(world) == []


def test_one_trigger_that_is_missing_is_named(world: World) -> None:
    of_table = "" if dialect(world) == "sqlite" else " ON audit_event"
    done(world, f"DROP TRIGGER audit_event_no_update{of_table}")
    assert found(world) == [Finding("schema", "audit_event_no_update", "this trigger is gone")]


def test_a_trigger_of_the_same_name_that_refuses_nothing_is_found(world: World) -> None:
    drop = ["DROP TRIGGER cases_only_forward"] if dialect(world) == "sqlite" else []
    done(world, *drop, HARMLESS[dialect(world)])
    assert [one.place for one in found(world)] == ["cases_only_forward"]


def test_a_trigger_that_nobody_knows_is_found(world: World) -> None:
    done(world, UNKNOWN[dialect(world)])
    assert [one.place for one in found(world)] == ["helpful"]


def test_all_triggers_missing_are_counted(world: World) -> None:
    with world.runtime.engine.connect() as connection, connection.execution_options(writes=True).begin():
        triggers.drop(connection)
    assert found(world)[0].more >= len(triggers.triggers_of(dialect(world)))


@only_on("sqlite")
def test_a_check_that_was_rewritten_in_the_schema_itself_is_found(world: World) -> None:
    done(
        world,
        "PRAGMA writable_schema=ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'decided_by <> proposed_by', '1 = 1') WHERE name = 'proposal'",
        "PRAGMA writable_schema=RESET",
    )
    assert [one.place for one in found(world)] == ["proposal ck_proposal_two_persons"]


@only_on("postgresql")
@pytest.mark.parametrize(
    ("statement", "place", "words"),
    [
        (
            "ALTER TABLE audit_event DISABLE TRIGGER audit_event_no_update",
            "audit_event_no_update",
            "switched off",
        ),
        ("ALTER TABLE link_token DISABLE TRIGGER ALL", "link_token", "a key is not enforced"),
        (
            "ALTER TABLE proposal DROP CONSTRAINT ck_proposal_two_persons",
            "proposal ck_proposal_two_persons",
            "gone",
        ),
        (
            "ALTER TABLE proposal DROP CONSTRAINT ck_proposal_two_persons,"
            " ADD CONSTRAINT ck_proposal_two_persons CHECK (true)",
            "proposal ck_proposal_two_persons",
            "is not the one that was made",
        ),
        (
            "ALTER TABLE cases DROP CONSTRAINT fk_cases_status_has_its_event",
            "cases fk_cases_status_has_its_event",
            "gone",
        ),
        (
            "ALTER TABLE audit_event DROP CONSTRAINT uq_audit_event_stream_sseq",
            "audit_event uq_audit_event_stream_sseq",
            "gone",
        ),
        ("ALTER TABLE link_token ALTER expires_at DROP NOT NULL", "link_token expires_at", "gone"),
        (
            "CREATE RULE quiet AS ON INSERT TO objection DO INSTEAD NOTHING",
            "objection",
            "rewrites its statements",
        ),
        ("ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY", "audit_event", "hidden"),
        ("CREATE TABLE more (LIKE case_party) INHERITS (case_party)", "case_party", "shown as its own"),
        ("ALTER TABLE presence SET UNLOGGED", "presence", "a crash empties it"),
        (
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET session_replication_role TO replica',"
            " current_database()); END $$",
            "database",
            "switches triggers off",
        ),
        ("GRANT UPDATE ON audit_leaf TO PUBLIC", "audit_leaf", "everybody has rights"),
        (
            "ALTER FUNCTION audit_event_no_update() SET search_path TO pg_temp",
            "audit_event_no_update",
            "not the one that was made",
        ),
    ],
)
def test_each_way_around_a_rule_is_found(world: World, statement: str, place: str, words: str) -> None:
    done(world, statement)
    findings = found(world)
    assert findings
    assert any(place in one.place for one in findings)
    assert any(words in one.words for one in findings)


@only_on("postgresql")
def test_comparing_the_rules_leaves_nothing_behind(world: World) -> None:
    found(world)
    with world.runtime.engine.connect() as connection:
        left = connection.execute(
            text("SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()")
        )
        assert left.scalar_one() == 0
