"""The triggers, one list for both databases: no status without a new event, and no event is ever changed or deleted."""

from __future__ import annotations

from sqlalchemy import Connection, inspect

# name -> (event, table, condition under which the statement is refused)
TRIGGERS: dict[str, tuple[str, str, str]] = {
    "cases_only_forward": (
        "UPDATE",
        "cases",
        "NEW.audit_seq < OLD.audit_seq OR (NEW.audit_seq = OLD.audit_seq AND NEW.status <> OLD.status)"
        " OR NEW.training <> OLD.training OR NEW.reference <> OLD.reference",
    ),
    "audit_event_no_update": ("UPDATE", "audit_event", ""),
    "audit_event_no_delete": ("DELETE", "audit_event", ""),
    "case_party_no_delete": ("DELETE", "case_party", ""),
    "case_party_fixed": ("UPDATE", "case_party", "NEW.part <> OLD.part OR NEW.person_id <> OLD.person_id"),
    "identity_check_fixed": (
        "UPDATE",
        "identity_check",
        "NEW.result <> OLD.result OR NEW.method <> OLD.method OR NEW.round <> OLD.round"
        " OR NEW.case_id <> OLD.case_id OR NEW.attested_by <> OLD.attested_by",
    ),
    "installation_mark_fixed": ("UPDATE", "installation", "NEW.mark <> OLD.mark"),
}


def recreate(connection: Connection) -> None:
    """Drop and make all triggers whose table exists."""
    tables = set(inspect(connection).get_table_names())
    for name, (event, table, condition) in TRIGGERS.items():
        if table in tables:
            for statement in _STATEMENTS[connection.dialect.name](name, event, table, condition):
                connection.exec_driver_sql(statement)


def _sqlite(name: str, event: str, table: str, condition: str) -> tuple[str, ...]:
    when = f"WHEN {condition} " if condition else ""
    body = f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
    return (f"DROP TRIGGER IF EXISTS {name}", f"CREATE TRIGGER {name} BEFORE {event} ON {table} {when}{body}")


def _postgresql(name: str, event: str, table: str, condition: str) -> tuple[str, ...]:
    when = f"WHEN ({condition}) " if condition else ""
    refuse = f"BEGIN RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation'; END"
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {refuse} $$",
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION {name}()",
    )


_STATEMENTS = {"sqlite": _sqlite, "postgresql": _postgresql}
