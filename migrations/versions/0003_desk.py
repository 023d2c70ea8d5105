"""The agents' desk: messages and notes, templates, saved views, who is looking, planted cases, calls that connect an agent."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)
CLOSE_REASONS = (
    "close_reason IS NULL OR close_reason IN ('withdrawn', 'device_works', 'solved_elsewhere', 'not_mine', 'duplicate',"
    " 'self_service', 'unconfirmed', 'no_answer', 'training')"
)
ATTESTED = (
    "(attested_by = 'system' AND person_id IS NULL AND part IS NULL AND NOT repeated) OR"
    " (attested_by = 'system' AND repeated AND method = 'H3' AND person_id IS NOT NULL"
    " AND part IS NOT NULL AND part = 'approver') OR"
    " (attested_by = 'person' AND person_id IS NOT NULL AND part IS NOT NULL"
    " AND ((repeated AND part = 'approver') OR (NOT repeated AND part = 'verifier')))"
)


def upgrade() -> None:
    _templates()
    _messages()
    _drafts()
    _views()
    _presence()
    _training()
    _cases()
    _parts()
    _checks()
    _calls()
    _staff()


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=32), nullable=nullable)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _sealed(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=True)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[sa.DateTime]:
    return sa.Column(name, MOMENT, nullable=nullable)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=op.f(f"pk_{table}"))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _add_flag(table: str, name: str, start: str) -> None:
    """A yes or no for the rows that are there; new rows bring their own."""
    with op.batch_alter_table(table) as batch:
        batch.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text(start)))
    with op.batch_alter_table(table) as batch:
        batch.alter_column(name, server_default=None)


def _templates() -> None:
    table = "reply_template"
    op.create_table(
        table,
        _id(),
        _text("language", 2),
        _text("name", 60),
        sa.Column("version", sa.Integer(), nullable=False),
        _moment("created_at", nullable=False),
        _moment("retired_at"),
        _primary(table),
        _unique(table, "language", "name"),
    )
    table = "reply_template_version"
    op.create_table(
        table,
        _id(),
        _id("template_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("subject", 120),
        _text("body", 4000),
        _id("person_id"),
        _moment("at", nullable=False),
        _key(table, "template_id", "reply_template"),
        _key(table, "person_id", "person"),
        _primary(table),
        _unique(table, "template_id", "version"),
    )


def _messages() -> None:
    table = "message"
    op.create_table(
        table,
        _id(),
        _id("case_id"),
        _text("kind", 8),
        _id("person_id", nullable=True),
        _text("language", 2),
        _id("template_version_id", nullable=True),
        _id("outbox_id", nullable=True),
        _sealed("sealed_subject"),
        _sealed("sealed_body"),
        _moment("created_at", nullable=False),
        _moment("leaves_at"),
        _moment("taken_back_at"),
        _check(table, "kind", "kind IN ('reply', 'note', 'owner')"),
        _check(table, "author", "(kind = 'owner') = (person_id IS NULL)"),
        _check(table, "mailed", "(kind = 'reply') = (outbox_id IS NOT NULL)"),
        _check(table, "leaves", "(kind = 'reply') = (leaves_at IS NOT NULL)"),
        _check(table, "taken_back", "taken_back_at IS NULL OR kind = 'reply'"),
        _key(table, "case_id", "cases"),
        _key(table, "person_id", "person"),
        _key(table, "template_version_id", "reply_template_version"),
        _key(table, "outbox_id", "outbox"),
        _primary(table),
    )
    op.create_index(op.f("ix_message_case_id"), table, ["case_id"], unique=False)


def _drafts() -> None:
    table = "message_draft"
    op.create_table(
        table,
        _id(),
        _id("case_id"),
        _id("person_id"),
        _text("kind", 8),
        _id("template_version_id", nullable=True),
        _sealed("sealed_subject"),
        _sealed("sealed_body"),
        _moment("updated_at", nullable=False),
        _check(table, "kind", "kind IN ('reply', 'note')"),
        _key(table, "case_id", "cases"),
        _key(table, "person_id", "person"),
        _key(table, "template_version_id", "reply_template_version"),
        _primary(table),
        _unique(table, "case_id", "person_id", "kind"),
    )


def _views() -> None:
    table = "saved_view"
    op.create_table(
        table,
        _id(),
        _id("staff_id"),
        _text("name", 40),
        sa.Column("filters", sa.JSON(), nullable=False),
        _moment("created_at", nullable=False),
        _key(table, "staff_id", "staff"),
        _primary(table),
        _unique(table, "staff_id", "name"),
    )


def _presence() -> None:
    table = "presence"
    op.create_table(
        table,
        _id("case_id"),
        _id("person_id"),
        _text("doing", 8),
        _moment("at", nullable=False),
        _check(table, "doing", "doing IN ('viewing', 'editing')"),
        _key(table, "case_id", "cases"),
        _key(table, "person_id", "person"),
        _primary(table, "case_id", "person_id"),
    )
    op.create_index("ix_presence_at", table, ["at"], unique=False)


def _training() -> None:
    table = "training"
    op.create_table(
        table,
        _id("case_id"),
        _id("planter_id"),
        _text("scenario", 24),
        _text("salt", 64),
        _text("commitment", 64),
        _moment("planted_at", nullable=False),
        _moment("opened_at"),
        _text("outcome", 16, nullable=True),
        _check(
            table,
            "outcome",
            "outcome IS NULL OR outcome IN ('caught_first', 'caught_second', 'missed', 'ended')",
        ),
        _check(table, "opened", "(opened_at IS NULL) = (outcome IS NULL)"),
        _key(table, "case_id", "cases"),
        _key(table, "planter_id", "person"),
        _primary(table, "case_id"),
    )


def _cases() -> None:
    with op.batch_alter_table("cases") as batch:
        for name in ("asked_until", "owner_wrote_at", "call_booked_at"):
            batch.add_column(_moment(name))
        batch.add_column(sa.Column("answered", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
        batch.drop_constraint(op.f("ck_cases_close_reason"), type_="check")
        batch.create_check_constraint(op.f("ck_cases_close_reason"), CLOSE_REASONS)
        batch.create_check_constraint(
            op.f("ck_cases_close_training"), "training OR close_reason IS NULL OR close_reason <> 'training'"
        )
    # Whoever waits for an owner now has waited under a timer; from here on the case itself says until when.
    op.execute(
        "UPDATE cases SET asked_until = COALESCE((SELECT MAX(at) FROM case_timer WHERE case_timer.case_id = cases.id"
        " AND case_timer.act = 'expire_waiting'), due_at) WHERE status = 'waiting_owner'"
    )
    with op.batch_alter_table("cases") as batch:
        batch.alter_column("answered", server_default=None)
        batch.create_check_constraint(
            op.f("ck_cases_asked_until"), "status <> 'waiting_owner' OR asked_until IS NOT NULL"
        )
    # in order of every status at once the queue is never read: see portal/casework/queue.py
    op.drop_index("ix_cases_due", table_name="cases")
    op.create_index("ix_cases_received", "cases", ["status", "created_at", "id"], unique=False)
    op.create_index("ix_cases_appealed", "cases", ["appealed_at"], unique=False)
    op.create_index("ix_cases_board", "cases", ["status", "language", "due_at", "id"], unique=False)
    op.create_index(
        "ix_cases_board_received", "cases", ["status", "language", "created_at", "id"], unique=False
    )
    op.create_index("ix_cases_risk", "cases", ["status", "tier", "due_at", "id"], unique=False)
    op.create_index("ix_cases_risk_received", "cases", ["status", "tier", "created_at", "id"], unique=False)


def _parts() -> None:
    with op.batch_alter_table("case_party") as batch:
        batch.drop_constraint(op.f("ck_case_party_part"), type_="check")
        batch.create_check_constraint(
            op.f("ck_case_party_part"), "part IN ('verifier', 'approver', 'reviewer', 'planter', 'printer')"
        )


def _checks() -> None:
    with op.batch_alter_table("identity_check") as batch:
        batch.drop_constraint(op.f("ck_identity_check_attested"), type_="check")
        batch.create_check_constraint(op.f("ck_identity_check_attested"), ATTESTED)


def _calls() -> None:
    _add_flag("phone_call", "repeats", "false")
    with op.batch_alter_table("phone_call") as batch:
        batch.add_column(_id("staff_id", nullable=True))
        batch.create_foreign_key(op.f("fk_phone_call_staff_id"), "staff", ["staff_id"], ["id"])
        batch.add_column(_moment("connected_at"))
        batch.add_column(_moment("parted_at"))


def _staff() -> None:
    _add_flag("staff", "shortcuts", "true")
    with op.batch_alter_table("staff") as batch:
        batch.add_column(_sealed("sealed_desk_phone"))
