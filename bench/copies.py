"""Copies of a desk's cases, made by PostgreSQL itself: a million in minutes, each with all that reports and checks look at.

A copy has a case, a key, checks, messages and events of its own; accounts and people it shares with what it was copied from.
Its events are chained and hashed anew where the log is to hold: the desk's own check finds nothing wrong with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session, sessionmaker

from portal.engine import writing
from portal.models import Base
from portal.tlog import sequencer, tiles

OF_CASES = ("case_party", "identity_check", "check_opening", "message", "removal")
RENEWED = frozenset({"id", "case_id", "check_id", "subject_id"})
# What a transaction of copies needs: they keep by themselves what triggers and keys would ask of each row.
SETTINGS = ("session_replication_role = replica", "statement_timeout = 0", "maintenance_work_mem = '1GB'")
ORIGINALS = "CREATE TABLE IF NOT EXISTS copied AS SELECT id, row_number() OVER () AS place FROM cases"
COPIES = "CROSS JOIN generate_series(%(first)s::int, %(last)s::int) AS copy(number)"
HEAD = (
    "(SELECT leaf_hash FROM audit_event WHERE case_id = md5(number || source.id) AND sseq = source.audit_seq)"
)
OWN: Mapping[str, str] = {
    # in the order of the copies, and none that the desk would draw
    "reference": "overlay(upper('MR-' || lpad(to_hex(number * 100000 + place), 8, '0')) PLACING '-' FROM 8 FOR 0)",
    "audit_head": f"coalesce({HEAD}, source.audit_head)",
}
FOUND = f"FROM copied JOIN audit_event AS source ON source.case_id = copied.id {COPIES}"
COLUMNS = "id, stream, sseq, case_id, status_after, tag, actor, at, leaf_hash, event_bytes"
COPIED = """
    md5(number || source.id), 'case:' || md5(number || source.case_id), source.sseq, md5(number || source.case_id),
    source.status_after, source.tag, source.actor, source.at
"""
# What an event names that a copy has of its own: its stream, itself, the event before it, a check or a message.
NAMED = """
    SELECT words, substring(words FROM '"(?:check|message)":"([0-9a-f]{32})"') AS about,
        substring(words FROM '"sprev":"([0-9a-f]{64})"') AS previous
    FROM convert_from(source.event_bytes, 'UTF8') AS words
"""
RENAMED = """
    SELECT convert_to(
        replace(replace(replace(replace(words, source.case_id, md5(number || source.case_id)), source.id,
            md5(number || source.id)), coalesce(about, '-'), coalesce(md5(number || about), '-')),
            previous, coalesce(earlier.leaf_hash, previous)), 'UTF8') AS data OFFSET 0
"""
CHAINED = f"""
    INSERT INTO audit_event ({COLUMNS})
    SELECT {COPIED}, encode(sha256('\\x00'::bytea || data), 'hex'), data {FOUND}
    LEFT JOIN audit_event AS earlier ON earlier.case_id = md5(number || source.case_id) AND earlier.sseq = %(step)s::int - 1
    CROSS JOIN LATERAL ({NAMED}) AS named CROSS JOIN LATERAL ({RENAMED}) AS renamed
    WHERE source.sseq = %(step)s::int
"""
OF_TAG = f"""
    INSERT INTO audit_event ({COLUMNS})
    SELECT {COPIED}, encode(sha256(md5(number || source.id)::bytea), 'hex'), source.event_bytes {FOUND}
    WHERE source.tag = %(tag)s
"""
REMOVED = "case:device:deactivated"
WAITING = """
    INSERT INTO audit_waiting (event_id, at, stream, sseq)
    SELECT id, at, stream, sseq FROM audit_event
    WHERE NOT EXISTS (SELECT FROM audit_leaf WHERE event_id = audit_event.id)
    AND NOT EXISTS (SELECT FROM audit_waiting WHERE event_id = audit_event.id)
"""
# As the sequencer would give the places, five thousand at a time: it is not what is measured here.
PLACED = """
    INSERT INTO audit_leaf (place, event_id)
    SELECT %(size)s::bigint - 1 + row_number() OVER (ORDER BY at, stream, sseq), event_id
    FROM audit_waiting
"""
LEAVES = """
    SELECT leaf_hash FROM audit_leaf JOIN audit_event ON id = event_id WHERE place >= %(size)s ORDER BY place
"""
INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('cases', 'audit_event')
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)
"""


def with_their_log(engine: Engine, first: int, last: int) -> None:
    """Make the copies of these numbers of each case that is none, with all their events, which wait for their places."""
    with _copying(engine) as connection:
        numbers = {"first": first, "last": last}
        longest = connection.exec_driver_sql("SELECT max(audit_seq) FROM cases").scalar_one()
        for step in range(1, longest + 1):
            connection.exec_driver_sql(CHAINED, {**numbers, "step": step})
        _rows(connection, numbers)
        connection.exec_driver_sql(WAITING)


def with_their_removals(engine: Engine, first: int, last: int) -> None:
    """The same, of their events only those that lists of removals read: no log could be made of them."""
    with _copying(engine) as connection:
        numbers = {"first": first, "last": last}
        connection.exec_driver_sql(OF_TAG, {**numbers, "tag": REMOVED})
        _rows(connection, numbers)


def place(sessions: sessionmaker[Session]) -> None:
    """Give every waiting event its place in the tree, all in one transaction."""
    with sessions() as session, writing(session):
        connection = session.connection()
        for setting in SETTINGS[1:]:
            connection.exec_driver_sql(f"SET LOCAL {setting}")
        size = sequencer.size_of(session)
        connection.exec_driver_sql(PLACED, {"size": size})
        connection.exec_driver_sql("DELETE FROM audit_waiting")
        hashes = [bytes.fromhex(leaf) for (leaf,) in connection.exec_driver_sql(LEAVES, {"size": size})]
        for start in range(0, len(hashes), sequencer.BATCH):
            tiles.grow(session, size + start, hashes[start : start + sequencer.BATCH])


@contextmanager
def _copying(engine: Engine) -> Iterator[Connection]:
    """One transaction; the indexes that nothing in it needs are made at its end, which takes a fraction of the time."""
    with engine.begin() as connection:
        for setting in SETTINGS:
            connection.exec_driver_sql(f"SET LOCAL {setting}")
        # the first call decides which cases are none
        connection.exec_driver_sql(ORIGINALS)
        indexes = connection.exec_driver_sql(INDEXES).all()
        for name, _made in indexes:
            connection.exec_driver_sql(f"DROP INDEX {name}")
        yield connection
        for _name, made in indexes:
            connection.exec_driver_sql(made)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # what autovacuum does by itself within minutes
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("RESET statement_timeout")


def _rows(connection: Connection, numbers: Mapping[str, int]) -> None:
    connection.exec_driver_sql(_copy("cases", "source.id"), numbers)
    owner = "(SELECT cases.id FROM cases WHERE cases.subject_id = source.subject_id)"
    connection.exec_driver_sql(_copy("subject_key", owner), numbers)
    for table in OF_CASES:
        connection.exec_driver_sql(_copy(table, "source.case_id"), numbers)


def _copy(name: str, case_id: str) -> str:
    """The statement that copies the rows of a table, column by column."""
    keys = [column.key for column in Base.metadata.tables[name].columns]
    values = [
        OWN.get(key, f"md5(number || source.{key})" if key in RENEWED else f"source.{key}") for key in keys
    ]
    found = f"FROM {name} AS source JOIN copied ON copied.id = {case_id} {COPIES}"
    return f"INSERT INTO {name} ({', '.join(keys)}) SELECT {', '.join(values)} {found}"
