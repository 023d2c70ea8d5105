"""The triggers, one list for both databases: what is written once stays, and a case only goes forward.

CHECKs see one row at one moment. What must hold between two moments, or between two rows that no key connects, is here.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from migrations import conditions

# name -> (event, table, condition under which the statement is refused)
TRIGGERS: dict[str, tuple[str, str, str]] = {
    "cases_only_forward": (
        "UPDATE",
        "cases",
        "NEW.audit_seq < OLD.audit_seq OR (NEW.audit_seq = OLD.audit_seq AND NEW.status <> OLD.status)"
        " OR NEW.training <> OLD.training OR NEW.reference <> OLD.reference OR NEW.id <> OLD.id"
        f" OR NEW.round < OLD.round OR {conditions.TIER_FALLS}",
    ),
    "cases_decision_stands": ("UPDATE", "cases", conditions.DECISION_CHANGES),
    "cases_unfrozen_by_two": ("UPDATE", "cases", conditions.UNFROZEN_BY_ONE),
    # A case that was deleted cannot come back on one of its old events.
    "cases_begin_once": (
        "INSERT",
        "cases",
        "NEW.audit_seq <> 1"
        " OR EXISTS (SELECT 1 FROM audit_event WHERE audit_event.case_id = NEW.id AND audit_event.sseq > 1)",
    ),
    "audit_event_no_update": ("UPDATE", "audit_event", ""),
    "audit_event_no_delete": ("DELETE", "audit_event", ""),
    "audit_leaf_no_update": ("UPDATE", "audit_leaf", ""),
    "audit_leaf_no_delete": ("DELETE", "audit_leaf", ""),
    # An event waits until it has its place.
    "audit_waiting_no_update": ("UPDATE", "audit_waiting", ""),
    "audit_waiting_until_placed": (
        "DELETE",
        "audit_waiting",
        "NOT EXISTS (SELECT 1 FROM audit_leaf WHERE audit_leaf.event_id = OLD.event_id)",
    ),
    # A tile only grows at its end.
    "audit_tile_only_grows": (
        "UPDATE",
        "audit_tile",
        "NEW.level <> OLD.level OR NEW.place <> OLD.place OR length(NEW.hashes) < length(OLD.hashes)"
        " OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes",
    ),
    "audit_tile_no_delete": ("DELETE", "audit_tile", ""),
    "audit_checkpoint_no_update": ("UPDATE", "audit_checkpoint", ""),
    "audit_checkpoint_no_delete": ("DELETE", "audit_checkpoint", ""),
    # A forged head that counts more would end the signing, and hide whatever goes unsigned from then on.
    "audit_checkpoint_of_placed": (
        "INSERT",
        "audit_checkpoint",
        "NEW.size > COALESCE((SELECT MAX(place) + 1 FROM audit_leaf), 0)",
    ),
    "audit_verdict_no_update": ("UPDATE", "audit_verdict", ""),
    "audit_verdict_no_delete": ("DELETE", "audit_verdict", ""),
    "case_party_no_delete": ("DELETE", "case_party", ""),
    "case_party_fixed": (
        "UPDATE",
        "case_party",
        "NEW.part <> OLD.part OR NEW.person_id <> OLD.person_id OR NEW.case_id <> OLD.case_id"
        " OR (OLD.excluded_at IS NOT NULL AND NEW.excluded_at IS NULL)",
    ),
    "identity_check_fixed": ("UPDATE", "identity_check", conditions.CHECK_CHANGES),
    # Who deletes a failed check washes the case clean.
    "identity_check_no_delete": ("DELETE", "identity_check", ""),
    "removal_has_its_ground": ("INSERT", "removal", conditions.NO_GROUND),
    "removal_fixed": (
        "UPDATE",
        "removal",
        "NEW.id <> OLD.id OR NEW.round <> OLD.round OR NEW.principal_id <> OLD.principal_id"
        " OR NEW.device_id <> OLD.device_id OR COALESCE(NEW.case_id, '') <> COALESCE(OLD.case_id, '')"
        " OR COALESCE(NEW.self_service_id, '') <> COALESCE(OLD.self_service_id, '')"
        " OR COALESCE(NEW.managed_id, '') <> COALESCE(OLD.managed_id, '')",
    ),
    # An attempt begins with the password and nothing else, and each further proof comes in its own time.
    "self_service_begins": (
        "INSERT",
        "self_service",
        "NEW.mailbox_at IS NOT NULL OR NEW.call_at IS NOT NULL OR NEW.removed_at IS NOT NULL",
    ),
    "self_service_fixed": ("UPDATE", "self_service", conditions.ATTEMPT_CHANGES),
    "self_service_linked": ("UPDATE", "self_service", conditions.NOT_LINKED),
    "self_service_called": ("UPDATE", "self_service", conditions.NOT_CALLED),
    "phone_call_begins": (
        "INSERT",
        "phone_call",
        "NEW.state <> 'queued' OR NEW.tries <> 0 OR NEW.connected_at IS NOT NULL OR NEW.parted_at IS NOT NULL",
    ),
    "phone_call_fixed": ("UPDATE", "phone_call", conditions.CALL_CHANGES),
    # Who deletes wrong digits gets new tries.
    "phone_call_no_delete": ("DELETE", "phone_call", ""),
    "managed_removal_fixed": ("UPDATE", "managed_removal", conditions.MANAGED_CHANGES),
    "managed_removal_no_delete": ("DELETE", "managed_removal", ""),
    # Another account in its place, by its id or its subject, would bring its own flag along.
    "account_fixed": (
        "UPDATE",
        "account",
        "NEW.id <> OLD.id OR NEW.subject_id <> OLD.subject_id OR NEW.training <> OLD.training"
        " OR (NEW.connector = 'training') <> OLD.training",
    ),
    "account_begins": ("INSERT", "account", "NEW.training <> (NEW.connector = 'training')"),
    "account_flag_by_two": ("UPDATE", "account", conditions.FLAG_BY_ONE),
    "account_calls_on_by_two": ("UPDATE", "account", conditions.CALLS_ON_BY_ONE),
    "account_erased_by_two": ("UPDATE", "account", conditions.ACCOUNT_ERASED_BY_ONE),
    "cases_go_by_stages": ("UPDATE", "cases", conditions.STAGE_JUMPS),
    "legal_hold_by_two": ("INSERT", "legal_hold", conditions.HOLD_BY_ONE),
    "legal_hold_fixed": ("UPDATE", "legal_hold", conditions.HOLD_CHANGES),
    "legal_hold_no_delete": ("DELETE", "legal_hold", ""),
    "subject_key_until_erased": ("DELETE", "subject_key", conditions.KEY_STILL_NEEDED),
    # What was said stays said; only its words may be emptied, when their time is over.
    "message_fixed": ("UPDATE", "message", conditions.MESSAGE_CHANGES),
    "message_no_delete": ("DELETE", "message", ""),
    "reply_template_version_fixed": ("UPDATE", "reply_template_version", ""),
    "reply_template_version_no_delete": ("DELETE", "reply_template_version", ""),
    # The plan of a planted case was hashed when it was planted: who changed it afterwards would change the verdict.
    "export_fixed": ("UPDATE", "export", conditions.EXPORT_CHANGES),
    "export_no_delete": ("DELETE", "export", ""),
    "training_fixed": ("UPDATE", "training", conditions.PLAN_CHANGES),
    "training_no_delete": ("DELETE", "training", ""),
    "training_of_training_case": (
        "INSERT",
        "training",
        "NOT EXISTS (SELECT 1 FROM cases WHERE cases.id = NEW.case_id AND cases.training)",
    ),
    # An invented case only on an invented account, and a real one never on it.
    "cases_training_place": ("UPDATE", "cases", conditions.MISPLACED),
    "cases_training_begins": ("INSERT", "cases", conditions.MISPLACED),
    "installation_mark_fixed": ("UPDATE", "installation", "NEW.mark <> OLD.mark"),
    "installation_no_delete": ("DELETE", "installation", ""),
}

# name -> (table, statement, table that it fills): what every new row brings about, whoever writes it.
FOLLOWING: dict[str, tuple[str, str, str]] = {
    "audit_event_waits": (
        "audit_event",
        "INSERT INTO audit_waiting (event_id, at, stream, sseq) VALUES (NEW.id, NEW.at, NEW.stream, NEW.sseq)",
        "audit_waiting",
    ),
}

# table -> condition under which a row that is there already would be replaced. On SQLite INSERT OR REPLACE deletes that
# row and fires no trigger of UPDATE or DELETE, so that a whole case could be swapped for another.
NEVER_REPLACED: dict[str, str] = {
    "cases": "EXISTS (SELECT 1 FROM cases WHERE id = NEW.id)",
    "audit_event": (
        "EXISTS (SELECT 1 FROM audit_event WHERE id = NEW.id OR leaf_hash = NEW.leaf_hash"
        " OR (stream = NEW.stream AND sseq = NEW.sseq))"
    ),
    "audit_leaf": "EXISTS (SELECT 1 FROM audit_leaf WHERE place = NEW.place OR event_id = NEW.event_id)",
    "audit_tile": "EXISTS (SELECT 1 FROM audit_tile WHERE level = NEW.level AND place = NEW.place)",
    "audit_checkpoint": "EXISTS (SELECT 1 FROM audit_checkpoint WHERE size = NEW.size)",
    "audit_verdict": "EXISTS (SELECT 1 FROM audit_verdict WHERE id = NEW.id)",
    "account": "EXISTS (SELECT 1 FROM account WHERE id = NEW.id)",
    "case_party": (
        "EXISTS (SELECT 1 FROM case_party WHERE case_id = NEW.case_id AND person_id = NEW.person_id)"
    ),
    "identity_check": "EXISTS (SELECT 1 FROM identity_check WHERE id = NEW.id)",
    "removal": "EXISTS (SELECT 1 FROM removal WHERE id = NEW.id OR managed_id = NEW.managed_id)",
    "self_service": "EXISTS (SELECT 1 FROM self_service WHERE id = NEW.id)",
    "phone_call": (
        "EXISTS (SELECT 1 FROM phone_call WHERE id = NEW.id OR path_hash = NEW.path_hash"
        " OR provider_id = NEW.provider_id)"
    ),
    "managed_removal": "EXISTS (SELECT 1 FROM managed_removal WHERE id = NEW.id)",
    "legal_hold": "EXISTS (SELECT 1 FROM legal_hold WHERE id = NEW.id OR set_by_proposal = NEW.set_by_proposal)",
    # another key in its place would be the same as none
    "subject_key": "EXISTS (SELECT 1 FROM subject_key WHERE subject_id = NEW.subject_id)",
    "export": "EXISTS (SELECT 1 FROM export WHERE id = NEW.id OR subject_id = NEW.subject_id)",
    "message": "EXISTS (SELECT 1 FROM message WHERE id = NEW.id)",
    "reply_template_version": (
        "EXISTS (SELECT 1 FROM reply_template_version WHERE id = NEW.id"
        " OR (template_id = NEW.template_id AND version = NEW.version))"
    ),
    "training": "EXISTS (SELECT 1 FROM training WHERE case_id = NEW.case_id)",
    "installation": "EXISTS (SELECT 1 FROM installation WHERE id = NEW.id)",
}

_THERE = {
    "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
    ),
}


def drop(connection: Connection) -> None:
    """Take all triggers away: a table that one of them reads could not be rebuilt, nor a guarded column be filled."""
    for name, table in connection.exec_driver_sql(_THERE[connection.dialect.name]).all():
        of_table = "" if connection.dialect.name == "sqlite" else f" ON {table}"
        connection.exec_driver_sql(f"DROP TRIGGER {name}{of_table}")


def create(connection: Connection) -> None:
    """Make all triggers whose table exists."""
    tables = set(inspect(connection).get_table_names())
    for name, (event, table, condition) in triggers_of(connection.dialect.name).items():
        if table in tables:
            for statement in _STATEMENTS[connection.dialect.name](name, event, table, condition):
                connection.exec_driver_sql(statement)
    for name, (table, follows, fills) in FOLLOWING.items():
        if {table, fills} <= tables:
            for statement in _FOLLOWING[connection.dialect.name](name, table, follows):
                connection.exec_driver_sql(statement)


def triggers_of(dialect: str) -> dict[str, tuple[str, str, str]]:
    """The triggers that a database of this kind needs."""
    if dialect != "sqlite":
        return TRIGGERS
    replaced = {
        f"{table}_never_replaced": ("INSERT", table, condition) for table, condition in NEVER_REPLACED.items()
    }
    return TRIGGERS | replaced


def _sqlite(name: str, event: str, table: str, condition: str) -> tuple[str, ...]:
    when = f"WHEN {condition} " if condition else ""
    body = f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
    return (f"CREATE TRIGGER {name} BEFORE {event} ON {table} {when}{body}",)


def _postgresql(name: str, event: str, table: str, condition: str) -> tuple[str, ...]:
    # In the body, because WHEN takes no subquery.
    refuse = f"RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation';"
    # A row that is to go on is OLD where it is deleted: NULL would leave it there without a word.
    goes_on = "OLD" if event == "DELETE" else "NEW"
    body = f"IF {condition} THEN {refuse} END IF; RETURN {goes_on};" if condition else refuse
    made = (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )
    if event != "DELETE" or condition:
        return made
    # TRUNCATE … CASCADE fires no trigger of rows.
    return (
        *made,
        f"CREATE TRIGGER {name}_at_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    )


def _following_sqlite(name: str, table: str, follows: str) -> tuple[str, ...]:
    return (f"CREATE TRIGGER {name} AFTER INSERT ON {table} BEGIN {follows}; END",)


def _following_postgresql(name: str, table: str, follows: str) -> tuple[str, ...]:
    body = f"BEGIN {follows}; RETURN NULL; END"
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


_STATEMENTS = {"sqlite": _sqlite, "postgresql": _postgresql}
_FOLLOWING = {"sqlite": _following_sqlite, "postgresql": _following_postgresql}


def made(dialect: str) -> dict[str, tuple[str, ...]]:
    """The statements that make each trigger of a whole database, for whoever compares them with what is there."""
    statements = {
        name: _STATEMENTS[dialect](name, event, table, condition)
        for name, (event, table, condition) in triggers_of(dialect).items()
    }
    following = {
        name: _FOLLOWING[dialect](name, table, follows)
        for name, (table, follows, _fills) in FOLLOWING.items()
    }
    return statements | following
