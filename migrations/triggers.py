"""The triggers, one list for both databases: what is written once stays, and a case only goes forward.

CHECKs see one row at one moment. What must hold between two moments, or between two rows that no key connects, is here.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

_TIER_FALLS = "(OLD.tier = 'elevated' AND NEW.tier <> 'elevated') OR (OLD.tier = 'privileged' AND NEW.tier = 'standard')"
# A decision by two, and the wait that followed it, stand for the rest of their round.
_DECISION_CHANGES = (
    "OLD.approver_id IS NOT NULL AND NEW.round = OLD.round AND ("
    "NEW.approver_id IS NULL OR NEW.approver_id <> OLD.approver_id"
    " OR NEW.proposer_id IS NULL OR NEW.proposer_id <> OLD.proposer_id"
    " OR NEW.approved_as IS NULL OR NEW.approved_as <> OLD.approved_as"
    " OR NEW.decision IS NULL OR NEW.decision <> OLD.decision"
    " OR COALESCE(NEW.decision_digest, '') <> COALESCE(OLD.decision_digest, '')"
    " OR (OLD.waiting_started_at IS NOT NULL AND (NEW.waiting_started_at IS NULL"
    " OR NEW.waiting_started_at <> OLD.waiting_started_at OR NEW.waiting_until IS NULL"
    " OR NEW.waiting_until < OLD.waiting_until)))"
)
_UNFROZEN_BY_ONE = (
    "OLD.status = 'frozen' AND NEW.status <> 'frozen' AND (NEW.unfreeze IS NULL OR NEW.unfreeze_proposer_id IS NULL"
    " OR NEW.unfreeze_agreer_id IS NULL OR NEW.unfreeze_proposer_id = NEW.unfreeze_agreer_id)"
)
_CHECK_CHANGES = " OR ".join(
    (
        *(
            f"NEW.{name} <> OLD.{name}"
            for name in "id case_id round method result attested_by repeated recorded_at".split()
        ),
        *(
            f"COALESCE(NEW.{name}, '') <> COALESCE(OLD.{name}, '')"
            for name in ("person_id", "part", "contact_id")
        ),
        "(OLD.witness_id IS NOT NULL AND (NEW.witness_id IS NULL OR NEW.witness_id <> OLD.witness_id))",
        "(OLD.voided_at IS NOT NULL AND NEW.voided_at IS NULL)",
    )
)
_ALL_PROVEN = (
    "EXISTS (SELECT 1 FROM self_service WHERE self_service.id = NEW.self_service_id"
    " AND self_service.device_id = NEW.device_id AND self_service.principal_id = NEW.principal_id"
    " AND self_service.password_at IS NOT NULL AND self_service.mailbox_at IS NOT NULL"
    " AND self_service.call_at IS NOT NULL AND self_service.ended_at IS NULL"
    " AND (self_service.hold_until IS NULL OR self_service.hold_until <= NEW.created_at)"
    " AND NOT EXISTS (SELECT 1 FROM account WHERE account.id = self_service.account_id AND account.is_protected)"
    " AND NOT EXISTS (SELECT 1 FROM objection WHERE objection.account_id = self_service.account_id"
    " AND objection.outcome IS NULL))"
)
_MANAGED = (
    "EXISTS (SELECT 1 FROM managed_removal WHERE managed_removal.id = NEW.managed_id"
    " AND managed_removal.device_id = NEW.device_id AND managed_removal.principal_id = NEW.principal_id"
    " AND EXISTS (SELECT 1 FROM principal AS manager, principal AS managed"
    " WHERE manager.id = managed_removal.actor_principal_id AND managed.id = managed_removal.principal_id"
    " AND manager.account_id = managed_removal.account_id AND managed.account_id = manager.account_id"
    " AND managed.kind = 'iam' AND (manager.kind = 'root' OR manager.is_administrator)))"
)
_EXECUTING = (
    "EXISTS (SELECT 1 FROM cases WHERE cases.id = NEW.case_id AND cases.status = 'executing'"
    " AND cases.round = NEW.round)"
)
_NO_GROUND = " AND ".join(f"NOT {ground}" for ground in (_EXECUTING, _ALL_PROVEN, _MANAGED))
# What was once chosen or proven in an attempt stays as it is: a proof of one device must not become one of another.
_ATTEMPT_CHANGES = " OR ".join(
    (
        *(
            f"NEW.{name} <> OLD.{name}"
            for name in ("id", "account_id", "principal_id", "created_at", "expires_at")
        ),
        *(
            f"(OLD.{name} IS NOT NULL AND (NEW.{name} IS NULL OR NEW.{name} <> OLD.{name}))"
            for name in (
                "device_id",
                "mailbox_contact_id",
                "call_contact_id",
                "mailbox_at",
                "call_at",
                "hold_until",
                "removed_at",
                "ended_at",
            )
        ),
    )
)
_NOT_CALLED = (
    "NEW.call_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM phone_call WHERE phone_call.self_service_id = NEW.id"
    " AND phone_call.kind = 'proof' AND phone_call.outcome = 'confirmed'"
    " AND phone_call.contact_id = NEW.call_contact_id AND phone_call.account_id = NEW.account_id)"
)
_NOT_LINKED = (
    "NEW.mailbox_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM link_token WHERE link_token.self_service_id = NEW.id"
    " AND link_token.purpose = 'prove' AND link_token.used_at IS NOT NULL"
    " AND link_token.contact_id = NEW.mailbox_contact_id)"
)
_CALL_CHANGES = " OR ".join(
    (
        *(
            f"NEW.{name} <> OLD.{name}"
            for name in ("id", "kind", "account_id", "path_hash", "created_at", "expires_at", "repeats")
        ),
        *(
            f"COALESCE(NEW.{name}, '') <> COALESCE(OLD.{name}, '')"
            for name in (
                "contact_id",
                "self_service_id",
                "case_id",
                "phone_change_id",
                "number_digest",
                "code_digest",
                "staff_id",
            )
        ),
        *(
            f"(OLD.{name} IS NOT NULL AND (NEW.{name} IS NULL OR NEW.{name} <> OLD.{name}))"
            for name in ("connected_at", "parted_at")
        ),
        # nobody is connected to an agent before the right digits were keyed in, or when the call is over
        "(OLD.connected_at IS NULL AND NEW.connected_at IS NOT NULL AND (NEW.kind <> 'callback' OR NEW.staff_id IS NULL"
        " OR NEW.outcome IS NULL OR NEW.outcome <> 'confirmed' OR OLD.parted_at IS NOT NULL"
        " OR NEW.connected_at < NEW.ended_at))",
        "(NEW.parted_at IS NOT NULL AND NEW.connected_at IS NOT NULL AND NEW.parted_at < NEW.connected_at)",
        "(OLD.provider_id IS NOT NULL AND (NEW.provider_id IS NULL OR NEW.provider_id <> OLD.provider_id))",
        "(OLD.outcome IS NOT NULL AND (NEW.outcome IS NULL OR NEW.outcome <> OLD.outcome))",
        "NEW.tries < OLD.tries",
    )
)

_MESSAGE_CHANGES = " OR ".join(
    (
        *(f"NEW.{name} <> OLD.{name}" for name in ("id", "case_id", "kind", "language", "created_at")),
        *(
            f"COALESCE(NEW.{name}, '') <> COALESCE(OLD.{name}, '')"
            for name in ("person_id", "outbox_id", "template_version_id")
        ),
        *(
            f"(NEW.{name} IS NOT NULL AND (OLD.{name} IS NULL OR NEW.{name} <> OLD.{name}))"
            for name in ("sealed_subject", "sealed_body")
        ),
        "NEW.leaves_at <> OLD.leaves_at",
        "(OLD.taken_back_at IS NOT NULL AND (NEW.taken_back_at IS NULL OR NEW.taken_back_at <> OLD.taken_back_at))",
        # a reply that has left cannot be taken back any more
        "(OLD.taken_back_at IS NULL AND NEW.taken_back_at IS NOT NULL AND NEW.taken_back_at > OLD.leaves_at)",
    )
)
_PLAN_CHANGES = " OR ".join(
    (
        *(
            f"NEW.{name} <> OLD.{name}"
            for name in ("case_id", "planter_id", "scenario", "salt", "commitment", "planted_at")
        ),
        "(OLD.outcome IS NOT NULL AND (NEW.outcome IS NULL OR NEW.outcome <> OLD.outcome))",
    )
)
_MISPLACED = (
    "NEW.account_id IS NOT NULL AND NEW.training <> EXISTS (SELECT 1 FROM account"
    " WHERE account.id = NEW.account_id AND account.connector = 'training')"
)

# The newest decision by two about the flag is the one for its new value: an older one is not used a second time.
_FLAG_BY_ONE = (
    "NEW.is_protected <> OLD.is_protected AND NOT EXISTS (SELECT 1 FROM proposal WHERE proposal.target_id = NEW.id"
    " AND proposal.state = 'effective' AND proposal.decided_by IS NOT NULL"
    " AND proposal.kind = CASE WHEN NEW.is_protected THEN 'account_protect' ELSE 'account_unprotect' END"
    " AND NOT EXISTS (SELECT 1 FROM proposal AS later WHERE later.target_id = NEW.id AND later.state = 'effective'"
    " AND later.kind IN ('account_protect', 'account_unprotect') AND later.kind <> proposal.kind"
    " AND later.effective_at >= COALESCE(proposal.effective_at, proposal.created_at)))"
)
_CALLS_ON_BY_ONE = (
    "OLD.calls_off_at IS NOT NULL AND NEW.calls_off_at IS NULL AND NOT EXISTS (SELECT 1 FROM proposal"
    " WHERE proposal.target_id = NEW.id AND proposal.kind = 'account_calls_on' AND proposal.state = 'effective'"
    " AND proposal.decided_by IS NOT NULL AND proposal.effective_at >= OLD.calls_off_at)"
)

# name -> (event, table, condition under which the statement is refused)
TRIGGERS: dict[str, tuple[str, str, str]] = {
    "cases_only_forward": (
        "UPDATE",
        "cases",
        "NEW.audit_seq < OLD.audit_seq OR (NEW.audit_seq = OLD.audit_seq AND NEW.status <> OLD.status)"
        " OR NEW.training <> OLD.training OR NEW.reference <> OLD.reference OR NEW.id <> OLD.id"
        f" OR NEW.round < OLD.round OR {_TIER_FALLS}",
    ),
    "cases_decision_stands": ("UPDATE", "cases", _DECISION_CHANGES),
    "cases_unfrozen_by_two": ("UPDATE", "cases", _UNFROZEN_BY_ONE),
    # A case that was deleted cannot come back on one of its old events.
    "cases_begin_once": (
        "INSERT",
        "cases",
        "NEW.audit_seq <> 1"
        " OR EXISTS (SELECT 1 FROM audit_event WHERE audit_event.case_id = NEW.id AND audit_event.sseq > 1)",
    ),
    "audit_event_no_update": ("UPDATE", "audit_event", ""),
    "audit_event_no_delete": ("DELETE", "audit_event", ""),
    "case_party_no_delete": ("DELETE", "case_party", ""),
    "case_party_fixed": (
        "UPDATE",
        "case_party",
        "NEW.part <> OLD.part OR NEW.person_id <> OLD.person_id OR NEW.case_id <> OLD.case_id"
        " OR (OLD.excluded_at IS NOT NULL AND NEW.excluded_at IS NULL)",
    ),
    "identity_check_fixed": ("UPDATE", "identity_check", _CHECK_CHANGES),
    # Who deletes a failed check washes the case clean.
    "identity_check_no_delete": ("DELETE", "identity_check", ""),
    "removal_has_its_ground": ("INSERT", "removal", _NO_GROUND),
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
    "self_service_fixed": ("UPDATE", "self_service", _ATTEMPT_CHANGES),
    "self_service_linked": ("UPDATE", "self_service", _NOT_LINKED),
    "self_service_called": ("UPDATE", "self_service", _NOT_CALLED),
    "phone_call_begins": (
        "INSERT",
        "phone_call",
        "NEW.state <> 'queued' OR NEW.tries <> 0 OR NEW.connected_at IS NOT NULL OR NEW.parted_at IS NOT NULL",
    ),
    "phone_call_fixed": ("UPDATE", "phone_call", _CALL_CHANGES),
    # Who deletes wrong digits gets new tries.
    "phone_call_no_delete": ("DELETE", "phone_call", ""),
    "managed_removal_fixed": ("UPDATE", "managed_removal", ""),
    "managed_removal_no_delete": ("DELETE", "managed_removal", ""),
    # Another account in its place, by its id or its subject, would bring its own flag along.
    "account_fixed": (
        "UPDATE",
        "account",
        "NEW.id <> OLD.id OR NEW.subject_id <> OLD.subject_id OR NEW.training <> OLD.training"
        " OR (NEW.connector = 'training') <> OLD.training",
    ),
    "account_begins": ("INSERT", "account", "NEW.training <> (NEW.connector = 'training')"),
    "account_flag_by_two": ("UPDATE", "account", _FLAG_BY_ONE),
    "account_calls_on_by_two": ("UPDATE", "account", _CALLS_ON_BY_ONE),
    # What was said stays said; only its words may be emptied, when their time is over.
    "message_fixed": ("UPDATE", "message", _MESSAGE_CHANGES),
    "message_no_delete": ("DELETE", "message", ""),
    "reply_template_version_fixed": ("UPDATE", "reply_template_version", ""),
    "reply_template_version_no_delete": ("DELETE", "reply_template_version", ""),
    # The plan of a planted case was hashed when it was planted: who changed it afterwards would change the verdict.
    "training_fixed": ("UPDATE", "training", _PLAN_CHANGES),
    "training_no_delete": ("DELETE", "training", ""),
    "training_of_training_case": (
        "INSERT",
        "training",
        "NOT EXISTS (SELECT 1 FROM cases WHERE cases.id = NEW.case_id AND cases.training)",
    ),
    # An invented case only on an invented account, and a real one never on it.
    "cases_training_place": ("UPDATE", "cases", _MISPLACED),
    "cases_training_begins": ("INSERT", "cases", _MISPLACED),
    "installation_mark_fixed": ("UPDATE", "installation", "NEW.mark <> OLD.mark"),
    "installation_no_delete": ("DELETE", "installation", ""),
}

# table -> condition under which a row that is there already would be replaced. On SQLite INSERT OR REPLACE deletes that
# row and fires no trigger of UPDATE or DELETE, so that a whole case could be swapped for another.
NEVER_REPLACED: dict[str, str] = {
    "cases": "EXISTS (SELECT 1 FROM cases WHERE id = NEW.id)",
    "audit_event": (
        "EXISTS (SELECT 1 FROM audit_event WHERE id = NEW.id OR leaf_hash = NEW.leaf_hash"
        " OR (stream = NEW.stream AND sseq = NEW.sseq))"
    ),
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
    body = f"IF {condition} THEN {refuse} END IF; RETURN NEW;" if condition else refuse
    made = (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )
    if event != "DELETE":
        return made
    # TRUNCATE … CASCADE fires no trigger of rows.
    return (
        *made,
        f"CREATE TRIGGER {name}_at_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    )


_STATEMENTS = {"sqlite": _sqlite, "postgresql": _postgresql}
