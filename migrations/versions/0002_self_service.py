"""The owner's own path: signed-in browsers, attempts and their proofs, calls, corrected numbers, removals for IAM users.

Nothing before this revision wrote a row of `self_service`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)
PURPOSES = "purpose IN ('confirm', 'status', 'stop', 'mailbox', 'letter', 'invite', 'halt', 'prove', 'pass', 'revert')"
ONE_GROUND = (
    "CASE WHEN case_id IS NULL THEN 0 ELSE 1 END + CASE WHEN self_service_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN managed_id IS NULL THEN 0 ELSE 1 END = 1"
)


def upgrade() -> None:
    _register()
    _directory()
    _self_service()
    _phone_change()
    _phone_call()
    _owner_session()
    _managed_removal()
    _what_names_them()


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=32), nullable=nullable)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[sa.DateTime]:
    return sa.Column(name, MOMENT, nullable=nullable)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _index(table: str, column: str) -> None:
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def _add_counts(table: str, *names: str) -> None:
    """Numbers that start at zero for the rows that are there; new rows bring their own."""
    with op.batch_alter_table(table) as batch:
        for name in names:
            batch.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table(table) as batch:
        for name in names:
            batch.alter_column(name, server_default=None)


def _register() -> None:
    _add_counts("account", "call_failures")
    _add_counts("contact", "place")
    with op.batch_alter_table("account") as batch:
        batch.add_column(_moment("calls_off_at"))
    with op.batch_alter_table("principal") as batch:
        batch.add_column(sa.Column("edits_contacts", sa.Boolean(), nullable=True))


def _directory() -> None:
    _add_counts("directory_principal", "code_failures")
    _add_counts("directory_device", "offset")
    with op.batch_alter_table("directory_principal") as batch:
        batch.add_column(_moment("must_enrol_since"))
        batch.add_column(_moment("changes_held_until"))
    with op.batch_alter_table("directory_session") as batch:
        batch.add_column(_id("device_id", nullable=True))
    table = "directory_recovery_code"
    op.create_table(
        table,
        _id(),
        _id("principal_id"),
        sa.Column("hash", sa.String(length=200), nullable=False),
        _moment("created_at", nullable=False),
        _moment("used_at"),
        _key(table, "principal_id", "directory_principal"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    _index(table, "principal_id")


def _self_service() -> None:
    table = "self_service"
    with op.batch_alter_table(table) as batch:
        batch.add_column(sa.Column("session_hash", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("language", sa.String(length=2), nullable=False))
        batch.add_column(sa.Column("device_label", sa.String(length=60), nullable=True))
        for name in ("mailbox_contact_id", "call_contact_id"):
            batch.add_column(_id(name, nullable=True))
            batch.create_foreign_key(op.f(f"fk_{table}_{name}"), "contact", [name], ["id"])
        batch.add_column(_moment("hold_until"))
        batch.add_column(sa.Column("failed_step", sa.String(length=12), nullable=True))
        batch.add_column(sa.Column("failed_reason", sa.String(length=24), nullable=True))
        batch.add_column(sa.Column("sealed_origin", sa.LargeBinary(), nullable=True))
        batch.add_column(_moment("expires_at", nullable=False))
        batch.add_column(_moment("ended_at"))
        batch.create_check_constraint(
            op.f("ck_self_service_in_order"),
            "(mailbox_at IS NULL OR (password_at IS NOT NULL AND device_id IS NOT NULL AND mailbox_contact_id IS NOT NULL)) AND (call_at IS NULL OR (mailbox_at IS NOT NULL AND call_contact_id IS NOT NULL))",
        )
        batch.create_check_constraint(
            op.f("ck_self_service_hold_served"),
            "removed_at IS NULL OR hold_until IS NULL OR removed_at >= hold_until",
        )
    _index(table, "session_hash")


def _phone_change() -> None:
    table = "phone_change"
    op.create_table(
        table,
        _id(),
        _id("account_id"),
        _id("principal_id"),
        _id("old_contact_id", nullable=True),
        _id("new_contact_id", nullable=True),
        sa.Column("sealed_number", sa.LargeBinary(), nullable=True),
        _moment("created_at", nullable=False),
        _moment("expires_at", nullable=False),
        _moment("confirmed_at"),
        _moment("reverted_at"),
        sa.CheckConstraint(
            "confirmed_at IS NULL OR new_contact_id IS NOT NULL", name=op.f(f"ck_{table}_confirmed")
        ),
        sa.CheckConstraint(
            "reverted_at IS NULL OR confirmed_at IS NOT NULL", name=op.f(f"ck_{table}_reverted")
        ),
        _key(table, "account_id", "account"),
        _key(table, "principal_id", "principal"),
        _key(table, "old_contact_id", "contact"),
        _key(table, "new_contact_id", "contact"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("new_contact_id", name=op.f(f"uq_{table}_new_contact_id")),
    )
    _index(table, "account_id")


def _phone_call() -> None:
    table = "phone_call"
    op.create_table(
        table,
        _id(),
        sa.Column("kind", sa.String(length=12), nullable=False),
        _id("account_id"),
        _id("contact_id", nullable=True),
        _id("self_service_id", nullable=True),
        _id("case_id", nullable=True),
        _id("phone_change_id", nullable=True),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("notice", sa.String(length=32), nullable=True),
        _id("outbox_id", nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("path_hash", sa.String(length=64), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=True),
        sa.Column("number_digest", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        _moment("created_at", nullable=False),
        _moment("expires_at", nullable=False),
        _moment("placed_at"),
        _moment("answered_at"),
        _moment("ended_at"),
        *_phone_call_checks(),
        _key(table, "account_id", "account"),
        _key(table, "contact_id", "contact"),
        _key(table, "self_service_id", "self_service"),
        _key(table, "case_id", "cases"),
        _key(table, "phone_change_id", "phone_change"),
        _key(table, "outbox_id", "outbox"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("path_hash", name=op.f(f"uq_{table}_path_hash")),
        sa.UniqueConstraint("provider_id", name=op.f(f"uq_{table}_provider_id")),
    )
    _phone_call_indexes(table)


def _phone_call_indexes(table: str) -> None:
    for column in ("account_id", "self_service_id", "case_id", "phone_change_id", "outbox_id"):
        _index(table, column)
    op.create_index("ix_phone_call_account_kind", table, ["account_id", "kind", "created_at"], unique=False)
    op.create_index("ix_phone_call_number", table, ["number_digest", "created_at"], unique=False)
    op.create_index("ix_phone_call_live", table, ["state", "expires_at"], unique=False)


def _phone_call_checks() -> tuple[sa.CheckConstraint, ...]:
    table = "phone_call"
    return (
        sa.CheckConstraint(
            "kind IN ('proof', 'check', 'callback', 'new_number', 'notice')", name=op.f(f"ck_{table}_kind")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'calling', 'answered', 'ended')", name=op.f(f"ck_{table}_state")
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('confirmed', 'stopped', 'wrong', 'no_answer', 'busy', 'machine', 'failed', 'expired', 'hung_up', 'heard', 'left')",
            name=op.f(f"ck_{table}_outcome"),
        ),
        sa.CheckConstraint("(state = 'ended') = (outcome IS NOT NULL)", name=op.f(f"ck_{table}_ended")),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome <> 'confirmed' OR (answered_at IS NOT NULL AND code_digest IS NOT NULL AND ended_at IS NOT NULL AND ended_at <= expires_at)",
            name=op.f(f"ck_{table}_confirmed"),
        ),
    )


def _owner_session() -> None:
    table = "owner_session"
    op.create_table(
        table,
        sa.Column("hash", sa.String(length=64), nullable=False),
        _id("account_id"),
        _id("principal_id"),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sealed_kept", sa.LargeBinary(), nullable=True),
        _moment("started_at", nullable=False),
        _moment("expires_at", nullable=False),
        sa.CheckConstraint(
            "stage IN ('password', 'limited', 'enrol', 'full')", name=op.f(f"ck_{table}_stage")
        ),
        _key(table, "account_id", "account"),
        _key(table, "principal_id", "principal"),
        sa.PrimaryKeyConstraint("hash", name=op.f(f"pk_{table}")),
    )
    _index(table, "principal_id")
    _index(table, "expires_at")


def _managed_removal() -> None:
    table = "managed_removal"
    op.create_table(
        table,
        _id(),
        _id("account_id"),
        _id("actor_principal_id"),
        _id("principal_id"),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=True),
        _moment("factor_at", nullable=False),
        _moment("created_at", nullable=False),
        sa.CheckConstraint("actor_principal_id <> principal_id", name=op.f(f"ck_{table}_two_principals")),
        sa.CheckConstraint("factor_at = created_at", name=op.f(f"ck_{table}_fresh")),
        _key(table, "account_id", "account"),
        _key(table, "actor_principal_id", "principal"),
        _key(table, "principal_id", "principal"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    _index(table, "account_id")


def _what_names_them() -> None:
    with op.batch_alter_table("removal") as batch:
        batch.add_column(_id("managed_id", nullable=True))
        batch.create_foreign_key(op.f("fk_removal_managed_id"), "managed_removal", ["managed_id"], ["id"])
        batch.create_unique_constraint(op.f("uq_removal_managed_id"), ["managed_id"])
        batch.drop_constraint(op.f("ck_removal_one_ground"), type_="check")
        batch.create_check_constraint(op.f("ck_removal_one_ground"), ONE_GROUND)
    _index("removal", "self_service_id")
    with op.batch_alter_table("document") as batch:
        batch.alter_column("case_id", existing_type=sa.String(length=32), nullable=True)
        batch.add_column(_id("self_service_id", nullable=True))
        batch.create_foreign_key(
            op.f("fk_document_self_service_id"), "self_service", ["self_service_id"], ["id"]
        )
        batch.create_unique_constraint(op.f("uq_document_self_service_id"), ["self_service_id"])
        batch.drop_constraint(op.f("ck_document_kind"), type_="check")
        batch.create_check_constraint(
            op.f("ck_document_kind"), "kind IN ('receipt', 'completion', 'letter', 'reset')"
        )
        batch.create_check_constraint(
            op.f("ck_document_one_subject"),
            "(case_id IS NULL) = (kind = 'reset') AND (self_service_id IS NULL) = (kind <> 'reset')",
        )
    with op.batch_alter_table("link_token") as batch:
        for column, target in (
            ("self_service_id", "self_service"),
            ("phone_change_id", "phone_change"),
            ("managed_id", "managed_removal"),
        ):
            batch.add_column(_id(column, nullable=True))
            batch.create_foreign_key(op.f(f"fk_link_token_{column}"), target, [column], ["id"])
        batch.drop_constraint(op.f("ck_link_token_purpose"), type_="check")
        batch.create_check_constraint(op.f("ck_link_token_purpose"), PURPOSES)
    for column in ("self_service_id", "phone_change_id", "managed_id"):
        _index("link_token", column)
    with op.batch_alter_table("cases") as batch:
        batch.add_column(_id("self_service_id", nullable=True))
        batch.create_foreign_key(
            op.f("fk_cases_self_service_id"), "self_service", ["self_service_id"], ["id"]
        )
