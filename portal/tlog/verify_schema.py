"""What the database refuses by itself: every trigger, CHECK and key as this version makes them, and none that it does not.

A name proves nothing, since a careful hand leaves a rule of the same name that refuses nothing: definitions are compared.
They are those of a second schema, made from the models: in memory for SQLite; on PostgreSQL as temporary tables, rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, Inspector, create_engine, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from migrations import triggers
from portal.models import Base
from portal.models.base import make_tables
from portal.tlog.findings import Book

Rules = dict[str, str]  # name -> definition

SQLITE_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
POSTGRES_TRIGGERS = """
    SELECT tgname, pg_get_triggerdef(pg_trigger.oid, true), tgenabled = 'O' AND proconfig IS NULL, prosrc
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace
"""
HERE, BESIDE = "current_schema()::regnamespace", "pg_my_temp_schema()"
POSTGRES_RULES = """
    SELECT relname || ' ' || conname, pg_get_constraintdef(pg_constraint.oid, true)
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE relnamespace = {schema} AND contype IN ('c', 'f', 'u', 'p')
    UNION ALL
    SELECT relname || ' ' || attname, 'NOT NULL'
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = {schema} AND relkind = 'r' AND attnum > 0 AND attnotnull AND NOT attisdropped
"""
# What would switch a rule off, or change what a statement does, without touching any rule.
POSTGRES_DETOURS: Mapping[str, str] = {
    "a key is not enforced": (
        "SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE tgisinternal AND tgenabled <> 'O' AND relnamespace = current_schema()::regnamespace"
    ),
    "a rule rewrites its statements": ("SELECT tablename FROM pg_rules WHERE schemaname = current_schema()"),
    "rows of it are hidden": (
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " AND (relrowsecurity OR relforcerowsecurity)"
    ),
    "rows of another table are shown as its own": (
        "SELECT DISTINCT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhparent"
        " WHERE relnamespace = current_schema()::regnamespace"
    ),
    "a crash empties it": (
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " AND relkind = 'r' AND relpersistence = 'u'"
    ),
    "a setting of the database or of a role switches triggers off": (
        "SELECT COALESCE(rolname, 'database') FROM pg_db_role_setting LEFT JOIN pg_roles ON pg_roles.oid = setrole"
        " WHERE array_to_string(setconfig, ' ') LIKE '%%session_replication_role=%%'"
        " AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
    ),
    "everybody has rights on it": (
        "SELECT DISTINCT table_name FROM information_schema.role_table_grants"
        " WHERE grantee = 'PUBLIC' AND table_schema = current_schema()"
    ),
}


def check(engine: Engine, book: Book) -> None:
    with engine.connect() as connection:
        dialect = connection.dialect.name
        _compare(book, "trigger", _wanted_triggers(dialect), _found_triggers(connection), no_other=True)
        found = _found_rules(connection)
        if dialect == "postgresql":
            _detours(connection, book)
        connection.rollback()
        wanted = _beside(connection, book) if dialect == "postgresql" else _in_memory()
        connection.rollback()
    _compare(book, "rule", wanted, found)


def _compare(book: Book, what: str, wanted: Rules, found: Rules, *, no_other: bool = False) -> None:
    for name, definition in sorted(wanted.items()):
        if name not in found:
            book.bad("schema", name, f"this {what} is gone")
        elif found[name] != definition:
            book.bad("schema", name, f"this {what} is not the one that was made, or it is switched off")
    for name in sorted(found.keys() - wanted.keys()) if no_other else ():
        book.bad("schema", name, f"nobody knows this {what}")


def _wanted_triggers(dialect: str) -> Rules:
    if dialect == "sqlite":
        return {name: statement for name, (statement,) in triggers.made(dialect).items()}
    wanted = {}
    for function, *made in triggers.made(dialect).values():
        body = function.split("$$")[1]
        for statement in made:
            wanted[statement.split()[2]] = f"{statement} {body}"
    return wanted


def _found_triggers(connection: Connection) -> Rules:
    if connection.dialect.name == "sqlite":
        return {name: str(sql) for name, sql in connection.exec_driver_sql(SQLITE_TRIGGERS)}
    rows = connection.exec_driver_sql(POSTGRES_TRIGGERS)
    return {name: f"{made} {body}" if is_on else "off" for name, made, is_on, body in rows}


def _found_rules(connection: Connection) -> Rules:
    if connection.dialect.name == "sqlite":
        return _told(inspect(connection))
    return _asked(connection, HERE)


def _asked(connection: Connection, schema: str) -> Rules:
    rows = connection.exec_driver_sql(POSTGRES_RULES.format(schema=schema))
    return {str(name): str(made) for name, made in rows}


def _in_memory() -> Rules:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        make_tables(engine)
        return _told(inspect(engine))
    finally:
        engine.dispose()


def _beside(connection: Connection, book: Book) -> Rules:
    """The rules of temporary tables that are made from the models, and never committed."""
    try:
        connection.exec_driver_sql("SET LOCAL search_path TO pg_temp")
        make_tables(connection, checkfirst=False)
        return _asked(connection, BESIDE)
    except DBAPIError:
        words = "this role may make no temporary tables, so that its rules cannot be compared"
        book.bad("schema", "database", words)
        return {}


def _told(inspector: Inspector) -> Rules:
    """What a SQLite database tells of its own rules."""
    return {
        f"{table} {name}": definition
        for table in sorted(Base.metadata.tables)
        if inspector.has_table(table)
        for name, definition in _rules_of(inspector, table)
    }


def _rules_of(inspector: Inspector, table: str) -> Iterator[tuple[str, str]]:
    for each in inspector.get_check_constraints(table):
        yield str(each["name"]), str(each["sqltext"])
    for key in inspector.get_foreign_keys(table):
        yield str(key["name"]), _words(key)
    for unique in inspector.get_unique_constraints(table):
        yield str(unique["name"]), _words(unique)
    yield "primary key", str(inspector.get_pk_constraint(table)["constrained_columns"])
    for column in inspector.get_columns(table):
        if not column["nullable"]:
            yield str(column["name"]), "NOT NULL"


def _words(told: Mapping[str, Any]) -> str:
    return str(sorted((key, str(value)) for key, value in told.items()))


def _detours(connection: Connection, book: Book) -> None:
    for words, query in POSTGRES_DETOURS.items():
        for table in connection.exec_driver_sql(query).scalars():
            book.bad("schema", table, words)
