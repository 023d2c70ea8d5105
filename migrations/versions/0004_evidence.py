"""Evidence: the tree over all events, signed heads, exports and saved reports, retention and legal holds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)
WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ACTORS = {
    "sqlite": "UPDATE audit_event SET actor = json_extract(CAST(event_bytes AS TEXT), '$.actor')",
    "postgresql": "UPDATE audit_event SET actor = convert_from(event_bytes, 'UTF8')::json ->> 'actor'",
}


def upgrade() -> None:
    _events()
    _tree()
    _heads()
    _reports()
    _exports()
    _export_parts()
    _holds()
    _cases()
    _accounts()


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=32), nullable=nullable)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[sa.DateTime]:
    return sa.Column(name, MOMENT, nullable=nullable)


def _wide(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, WIDE, autoincrement=False, nullable=nullable)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=op.f(f"pk_{table}"))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _events() -> None:
    """The actor becomes a column, so that the log can be asked what somebody did."""
    with op.batch_alter_table("audit_event") as batch:
        batch.add_column(_text("actor", 48, nullable=True))
    op.execute(ACTORS[op.get_bind().dialect.name])
    with op.batch_alter_table("audit_event") as batch:
        batch.alter_column("actor", existing_type=sa.String(length=48), nullable=False)
        batch.drop_index(op.f("ix_audit_event_at"))
        batch.create_index("ix_audit_event_at", ["at", "sseq", "id"])
        batch.create_index("ix_audit_event_tag", ["tag", "at", "sseq", "id"])
        batch.create_index("ix_audit_event_actor", ["actor", "at", "sseq", "id"])


def _tree() -> None:
    op.create_table(
        "audit_waiting",
        _id("event_id"),
        _moment("at", nullable=False),
        _text("stream", 40),
        sa.Column("sseq", sa.Integer(), nullable=False),
        _key("audit_waiting", "event_id", "audit_event"),
        _primary("audit_waiting", "event_id"),
    )
    op.create_index("ix_audit_waiting_at", "audit_waiting", ["at", "stream", "sseq", "event_id"])
    # What was written before there was a tree gets its place like all the rest.
    op.execute(
        "INSERT INTO audit_waiting (event_id, at, stream, sseq) SELECT id, at, stream, sseq FROM audit_event"
    )
    op.create_table(
        "audit_leaf",
        _wide("place"),
        _id("event_id"),
        _key("audit_leaf", "event_id", "audit_event"),
        _primary("audit_leaf", "place"),
        _unique("audit_leaf", "event_id"),
    )
    op.create_table(
        "audit_tile",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        _wide("place"),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        _primary("audit_tile", "level", "place"),
    )


def _heads() -> None:
    op.create_table(
        "audit_checkpoint",
        _wide("size"),
        _text("root", 64),
        sa.Column("note", sa.Text(), nullable=False),
        _moment("at", nullable=False),
        _primary("audit_checkpoint", "size"),
    )
    op.create_index(op.f("ix_audit_checkpoint_at"), "audit_checkpoint", ["at"])
    op.create_table(
        "audit_verdict",
        _id(),
        _moment("at", nullable=False),
        _wide("events"),
        _text("failed", 16, nullable=True),
        _text("first_bad", 80, nullable=True),
        _primary("audit_verdict"),
    )
    op.create_index(op.f("ix_audit_verdict_at"), "audit_verdict", ["at"])


def _reports() -> None:
    table = "report_setting"
    op.create_table(
        table,
        _id(),
        _id("staff_id"),
        _text("name", 60),
        _text("report", 32),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("monthly", sa.Boolean(), nullable=False),
        _text("form", 8, nullable=True),
        _text("language", 2, nullable=True),
        _text("sent_for", 7, nullable=True),
        _moment("created_at", nullable=False),
        _check(table, "monthly", "NOT monthly OR (form IS NOT NULL AND language IS NOT NULL)"),
        _key(table, "staff_id", "staff"),
        _primary(table),
        _unique(table, "staff_id", "name"),
    )
    op.create_index(op.f("ix_report_setting_staff_id"), table, ["staff_id"])


def _exports() -> None:
    table = "export"
    op.create_table(
        table,
        _id(),
        _id("staff_id"),
        _text("report", 32),
        sa.Column("settings", sa.JSON(), nullable=False),
        _text("form", 8),
        _text("language", 2),
        sa.Column("personal", sa.Boolean(), nullable=False),
        _id("subject_id"),
        sa.Column("sealed_purpose", sa.LargeBinary(), nullable=True),
        _text("state", 10),
        _text("error", 32, nullable=True),
        _wide("rows"),
        _wide("rows_in_all", nullable=True),
        _text("file_name", 160, nullable=True),
        _wide("size", nullable=True),
        _text("sha256", 64, nullable=True),
        sa.Column("checkpoint", sa.Text(), nullable=True),
        _id("setting_id", nullable=True),
        _moment("created_at", nullable=False),
        _moment("ready_at"),
        _moment("expires_at"),
        _check(table, "form", "form IN ('csv', 'xlsx', 'pdf')"),
        _check(table, "state", "state IN ('waiting', 'building', 'ready', 'failed', 'expired')"),
        _check(
            table,
            "ready",
            "state <> 'ready' OR (sha256 IS NOT NULL AND size IS NOT NULL AND expires_at IS NOT NULL)",
        ),
        _key(table, "staff_id", "staff"),
        _primary(table),
        _unique(table, "subject_id"),
    )
    op.create_index(op.f("ix_export_staff_id"), table, ["staff_id"])
    op.create_index("ix_export_state", table, ["state", "expires_at"])
    op.create_index("ix_outbox_kind", "outbox", ["kind", "state", "not_before"])


def _export_parts() -> None:
    table = "export_part"
    op.create_table(
        table,
        _id("export_id"),
        _text("name", 12),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed_data", sa.LargeBinary(), nullable=False),
        _check(table, "name", "name IN ('data', 'dictionary')"),
        _key(table, "export_id", "export"),
        _primary(table, "export_id", "name", "number"),
    )


def _holds() -> None:
    table = "legal_hold"
    op.create_table(
        table,
        _id(),
        _id("case_id"),
        _id("set_by_proposal"),
        _moment("set_at", nullable=False),
        _id("lifted_by_proposal", nullable=True),
        _moment("lifted_at"),
        _check(table, "lifted", "(lifted_at IS NULL) = (lifted_by_proposal IS NULL)"),
        _key(table, "case_id", "cases"),
        _key(table, "set_by_proposal", "proposal"),
        _key(table, "lifted_by_proposal", "proposal"),
        _primary(table),
        _unique(table, "set_by_proposal"),
        _unique(table, "lifted_by_proposal"),
    )
    op.create_index(op.f("ix_legal_hold_case_id"), table, ["case_id"])


def _cases() -> None:
    with op.batch_alter_table("cases") as batch:
        batch.add_column(
            sa.Column("retention_stage", sa.Integer(), nullable=False, server_default=sa.text("0"))
        )
    with op.batch_alter_table("cases") as batch:
        batch.alter_column("retention_stage", server_default=None)
        batch.create_index("ix_cases_retention", ["retention_stage", "closed_at"])
        batch.create_index("ix_cases_approved", ["approved_at"])
        batch.create_index("ix_cases_closed", ["closed_at"])


def _accounts() -> None:
    with op.batch_alter_table("account") as batch:
        batch.add_column(_moment("erased_at"))
    _index_of_what_goes("ix_self_service_origin", "self_service", "created_at", "sealed_origin IS NOT NULL")
    _index_of_what_goes(
        "ix_contact_retired", "contact", "retired_at", "retired_at IS NOT NULL AND length(sealed_value) > 0"
    )
    _index_of_what_goes(
        "ix_document_reset",
        "document",
        "created_at",
        "self_service_id IS NOT NULL AND length(sealed_facts) > 0",
    )
    op.create_index(op.f("ix_link_token_account_id"), "link_token", ["account_id"])


def _index_of_what_goes(name: str, table: str, column: str, condition: str) -> None:
    """What is kept by time is found by its age, as long as there is anything left of it."""
    left = sa.text(condition)
    op.create_index(name, table, [column], sqlite_where=left, postgresql_where=left)
