"""The first schema: cases and what hangs on them, the register, staff, audit log, outbox, the local directory."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Each database says "the wait was served" in its own arithmetic.
WAITED = {
    "sqlite": "status NOT IN ('ready', 'executing', 'deactivated') OR (waiting_started_at IS NOT NULL AND waiting_until IS NOT NULL AND typeof(waiting_hours) = 'integer' AND COALESCE(strftime('%s', waiting_until) - strftime('%s', waiting_started_at) >= waiting_hours * 3600, 0) AND (status = 'ready' OR COALESCE(strftime('%s', executing_at) - strftime('%s', waiting_until) >= 0, 0)))",
    "postgresql": "status NOT IN ('ready', 'executing', 'deactivated') OR (waiting_started_at IS NOT NULL AND waiting_until IS NOT NULL AND waiting_until >= waiting_started_at + waiting_hours * interval '1 hour')",
}

# Cases and events, and cases and parties, name each other. SQLite takes such keys with the table, PostgreSQL afterwards.
CIRCULAR = (
    (
        "fk_cases_status_has_its_event",
        ["id", "audit_seq", "status"],
        ["audit_event.case_id", "audit_event.sseq", "audit_event.status_after"],
        {"deferrable": True, "initially": "DEFERRED"},
    ),
    (
        "fk_cases_approver_party",
        ["id", "approver_id", "approver_part"],
        ["case_party.case_id", "case_party.person_id", "case_party.part"],
        {},
    ),
    (
        "fk_cases_proposer_party",
        ["id", "proposer_id", "proposer_part"],
        ["case_party.case_id", "case_party.person_id", "case_party.part"],
        {},
    ),
)


def _late() -> tuple[sa.Constraint, ...]:
    dialect = op.get_bind().dialect.name
    waited = sa.CheckConstraint(WAITED[dialect], name=op.f(f"ck_cases_waited_{dialect}"))
    if dialect == "postgresql":
        return (waited,)
    return (
        waited,
        *(sa.ForeignKeyConstraint(own, other, name=name, **more) for name, own, other, more in CIRCULAR),
    )


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("connector", sa.String(length=20), nullable=False),
        sa.Column("holder_kind", sa.String(length=12), nullable=True),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_latin_name", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_kana", sa.LargeBinary(), nullable=True),
        sa.Column("name_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_protected", sa.Boolean(), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "holder_kind IS NULL OR holder_kind IN ('individual', 'company')",
            name=op.f("ck_account_holder_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("number", name=op.f("uq_account_number")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_account_subject_id")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("stream", sa.String(length=40), nullable=False),
        sa.Column("sseq", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("status_after", sa.String(length=20), nullable=True),
        sa.Column("tag", sa.String(length=48), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leaf_hash", sa.String(length=64), nullable=False),
        sa.Column("event_bytes", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "(case_id IS NULL) = (status_after IS NULL)", name=op.f("ck_audit_event_case_status")
        ),
        sa.CheckConstraint(
            "(case_id IS NULL AND substr(stream, 1, 5) <> 'case:') OR (case_id IS NOT NULL AND stream = 'case:' || case_id)",
            name=op.f("ck_audit_event_stream"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sa.UniqueConstraint(
            "case_id", "sseq", "status_after", name=op.f("uq_audit_event_case_id_sseq_status_after")
        ),
        sa.UniqueConstraint("leaf_hash", name=op.f("uq_audit_event_leaf_hash")),
        sa.UniqueConstraint("stream", "sseq", name=op.f("uq_audit_event_stream_sseq")),
    )
    op.create_index("ix_audit_event_at", "audit_event", ["at"], unique=False)
    op.create_table(
        "audit_stream",
        sa.Column("stream", sa.String(length=40), nullable=False),
        sa.Column("sseq", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_audit_stream")),
    )
    op.create_table(
        "demo_mail",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_mail")),
    )
    op.create_index(op.f("ix_demo_mail_at"), "demo_mail", ["at"], unique=False)
    op.create_index(op.f("ix_demo_mail_message_id"), "demo_mail", ["message_id"], unique=False)
    op.create_table(
        "directory_principal",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("password_set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("password_reset_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_principal")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=8), nullable=False),
        sa.Column("token_epoch", sa.Integer(), nullable=False),
        sa.Column("settings_digest", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mark IN ('demo', 'live')", name=op.f("ck_installation_mark")),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "search_term",
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key_version", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "kind", "key_version", "digest", name=op.f("pk_search_term")),
    )
    op.create_index("ix_search_term_find", "search_term", ["kind", "digest"], unique=False)
    op.create_table(
        "subject_key",
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("kek_version", sa.String(length=16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_subject_key")),
    )
    op.create_table(
        "throttle",
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("window_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "digest", "window_at", name=op.f("pk_throttle")),
    )
    op.create_index("ix_throttle_window", "throttle", ["window_at"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("sealed_value", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("is_mobile", sa.Boolean(), nullable=True),
        sa.Column("predecessor_id", sa.String(length=32), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('email', 'phone', 'post')", name=op.f("ck_contact_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_contact_account_id")),
        sa.ForeignKeyConstraint(["predecessor_id"], ["contact.id"], name=op.f("fk_contact_predecessor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index(op.f("ix_contact_account_id"), "contact", ["account_id"], unique=False)
    op.create_table(
        "directory_device",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("principal_id", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("serial", sa.String(length=32), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["directory_principal.id"], name=op.f("fk_directory_device_principal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_device")),
    )
    op.create_index(
        op.f("ix_directory_device_principal_id"), "directory_device", ["principal_id"], unique=False
    )
    op.create_table(
        "directory_session",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("principal_id", sa.String(length=32), nullable=False),
        sa.Column("mfa", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["directory_principal.id"], name=op.f("fk_directory_session_principal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_session")),
    )
    op.create_index(
        op.f("ix_directory_session_principal_id"), "directory_session", ["principal_id"], unique=False
    )
    op.create_table(
        "principal",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=True),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("is_administrator", sa.Boolean(), nullable=True),
        sa.Column("hardware_device", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('root', 'iam')", name=op.f("ck_principal_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_principal_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_principal")),
        sa.UniqueConstraint("account_id", "external_id", name=op.f("uq_principal_account_id_external_id")),
    )
    op.create_index(op.f("ix_principal_account_id"), "principal", ["account_id"], unique=False)
    op.create_table(
        "proposal",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("target_id", sa.String(length=32), nullable=True),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("sealed_payload", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_by", sa.String(length=32), nullable=False),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'agreed', 'effective', 'refused', 'stopped')", name=op.f("ck_proposal_state")
        ),
        sa.CheckConstraint(
            "state NOT IN ('agreed', 'effective') OR (decided_by IS NOT NULL AND decided_by <> proposed_by)",
            name=op.f("ck_proposal_two_persons"),
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_proposal_decided_by")),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.id"], name=op.f("fk_proposal_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index("ix_proposal_effective", "proposal", ["state", "effective_at"], unique=False)
    op.create_index(op.f("ix_proposal_state"), "proposal", ["state"], unique=False)
    op.create_index(op.f("ix_proposal_target_id"), "proposal", ["target_id"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("theme", sa.String(length=5), nullable=False),
        sa.Column("density", sa.String(length=8), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("sealed_totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_enrolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_last_step", sa.Integer(), nullable=False),
        sa.Column("totp_failures", sa.Integer(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_staff_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_staff_subject_id")),
    )
    op.create_index(op.f("ix_staff_person_id"), "staff", ["person_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("audit_seq", sa.Integer(), nullable=False),
        sa.Column("audit_head", sa.String(length=64), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("tier", sa.String(length=12), nullable=False),
        sa.Column("tier_reasons", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("close_reason", sa.String(length=20), nullable=True),
        sa.Column("needs_attention", sa.Boolean(), nullable=False),
        sa.Column("principal_kind", sa.String(length=8), nullable=False),
        sa.Column("account_number", sa.String(length=12), nullable=True),
        sa.Column("problem", sa.String(length=20), nullable=False),
        sa.Column("device_kind", sa.String(length=20), nullable=True),
        sa.Column("registered_phone", sa.String(length=12), nullable=False),
        sa.Column("phone_on_device", sa.String(length=12), nullable=False),
        sa.Column("theft_suspected", sa.Boolean(), nullable=False),
        sa.Column("holder_kind", sa.String(length=12), nullable=False),
        sa.Column("is_administrator", sa.String(length=12), nullable=False),
        sa.Column("call_time", sa.String(length=12), nullable=True),
        sa.Column("triage", sa.JSON(), nullable=False),
        sa.Column("accepted", sa.JSON(), nullable=False),
        sa.Column("sealed_account_email", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_reply_email", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_phone", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_kana", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_latin_name", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_organisation", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_detail", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_send_back_reason", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_unfreeze_reason", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_origin", sa.LargeBinary(), nullable=True),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("principal_id", sa.String(length=32), nullable=True),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proven_by", sa.String(length=12), nullable=True),
        sa.Column("contest_id", sa.String(length=32), nullable=True),
        sa.Column("contest_lead_id", sa.String(length=32), nullable=True),
        sa.Column("holder_id", sa.String(length=32), nullable=True),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code_failures", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=True),
        sa.Column("decision_reason", sa.String(length=24), nullable=True),
        sa.Column("decision_round", sa.Integer(), nullable=True),
        sa.Column("decision_digest", sa.String(length=64), nullable=True),
        sa.Column("policy_set", sa.String(length=16), nullable=True),
        sa.Column("devices", sa.JSON(), nullable=False),
        sa.Column("proposer_id", sa.String(length=32), nullable=True),
        sa.Column("proposer_part", sa.String(length=10), nullable=True),
        sa.Column("approver_id", sa.String(length=32), nullable=True),
        sa.Column("approver_part", sa.String(length=10), nullable=True),
        sa.Column("approved_as", sa.String(length=10), nullable=True),
        sa.Column("waiting_hours", sa.Integer(), nullable=True),
        sa.Column("waiting_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("owner_ready_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("executor_id", sa.String(length=32), nullable=True),
        sa.Column("frozen_from", sa.String(length=20), nullable=True),
        sa.Column("unfreeze", sa.String(length=10), nullable=True),
        sa.Column("unfreeze_round", sa.Integer(), nullable=True),
        sa.Column("unfreeze_proposer_id", sa.String(length=32), nullable=True),
        sa.Column("unfreeze_agreer_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("executing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "NOT training OR status NOT IN ('executing', 'deactivated')", name=op.f("ck_cases_training")
        ),
        sa.CheckConstraint(
            "approver_part IS NULL OR approver_part = 'approver'", name=op.f("ck_cases_approver_part")
        ),
        sa.CheckConstraint(
            "close_reason IS NULL OR close_reason IN ('withdrawn', 'device_works', 'solved_elsewhere', 'not_mine', 'duplicate', 'self_service', 'unconfirmed', 'no_answer')",
            name=op.f("ck_cases_close_reason"),
        ),
        sa.CheckConstraint(
            "decision IS NULL OR decision IN ('remove', 'decline')", name=op.f("ck_cases_decision")
        ),
        sa.CheckConstraint(
            "proposer_part IS NULL OR proposer_part = 'verifier'", name=op.f("ck_cases_proposer_part")
        ),
        sa.CheckConstraint(
            "status <> 'declined' OR (decision IS NOT NULL AND decision = 'decline' AND decision_round IS NOT NULL AND decision_round = round AND proposer_id IS NOT NULL AND approver_id IS NOT NULL AND proposer_id <> approver_id AND ((tier = 'standard' AND (policy_set IS NULL OR policy_set <> 'last_resort')) OR (approved_as IS NOT NULL AND approved_as = 'lead'))) OR (unfreeze IS NOT NULL AND unfreeze = 'decline' AND unfreeze_round IS NOT NULL AND unfreeze_round = round AND unfreeze_proposer_id IS NOT NULL AND unfreeze_agreer_id IS NOT NULL AND unfreeze_proposer_id <> unfreeze_agreer_id)",
            name=op.f("ck_cases_two_decline"),
        ),
        sa.CheckConstraint(
            "status <> 'reversed' OR (unfreeze IS NOT NULL AND unfreeze = 'reverse' AND unfreeze_round IS NOT NULL AND unfreeze_round = round AND unfreeze_proposer_id IS NOT NULL AND unfreeze_agreer_id IS NOT NULL AND unfreeze_proposer_id <> unfreeze_agreer_id)",
            name=op.f("ck_cases_two_reverse"),
        ),
        sa.CheckConstraint(
            "status IN ('unconfirmed', 'queued', 'verifying', 'waiting_owner', 'pending_approval', 'cooling_off', 'ready', 'executing', 'deactivated', 'frozen', 'declined', 'cancelled', 'expired', 'reversed')",
            name=op.f("ck_cases_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('cooling_off', 'ready', 'executing', 'deactivated') OR (decision IS NOT NULL AND decision = 'remove' AND decision_round IS NOT NULL AND decision_round = round AND proposer_id IS NOT NULL AND approver_id IS NOT NULL AND proposer_id <> approver_id)",
            name=op.f("ck_cases_two_persons"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('cooling_off', 'ready', 'executing', 'deactivated') OR (waiting_hours IS NOT NULL AND waiting_hours >= CASE WHEN policy_set IS NOT NULL AND policy_set = 'last_resort' THEN 720 WHEN tier = 'standard' THEN 24 WHEN tier = 'privileged' THEN 72 ELSE 168 END)",
            name=op.f("ck_cases_waiting_hours"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('cooling_off', 'ready', 'executing', 'deactivated') OR (tier = 'standard' AND (policy_set IS NULL OR policy_set <> 'last_resort')) OR (approved_as IS NOT NULL AND approved_as = 'lead')",
            name=op.f("ck_cases_lead"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('executing', 'deactivated') OR (account_id IS NOT NULL AND executor_id IS NOT NULL AND executing_at IS NOT NULL AND executing_at >= waiting_until)",
            name=op.f("ck_cases_executing"),
        ),
        sa.CheckConstraint("tier IN ('standard', 'privileged', 'elevated')", name=op.f("ck_cases_tier")),
        sa.CheckConstraint(
            "unfreeze IS NULL OR unfreeze IN ('resume', 'decline', 'unfounded', 'reverse')",
            name=op.f("ck_cases_unfreeze"),
        ),
        sa.CheckConstraint(
            "(approver_id IS NULL) = (approver_part IS NULL)", name=op.f("ck_cases_approver_whole")
        ),
        sa.CheckConstraint(
            "(proposer_id IS NULL) = (proposer_part IS NULL)", name=op.f("ck_cases_proposer_whole")
        ),
        sa.CheckConstraint("audit_seq > 0 AND round > 0", name=op.f("ck_cases_counters")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_cases_account_id")),
        sa.ForeignKeyConstraint(["contest_lead_id"], ["person.id"], name=op.f("fk_cases_contest_lead_id")),
        sa.ForeignKeyConstraint(["executor_id"], ["person.id"], name=op.f("fk_cases_executor_id")),
        sa.ForeignKeyConstraint(["holder_id"], ["person.id"], name=op.f("fk_cases_holder_id")),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"], name=op.f("fk_cases_principal_id")),
        sa.ForeignKeyConstraint(
            ["unfreeze_agreer_id"], ["person.id"], name=op.f("fk_cases_unfreeze_agreer_id")
        ),
        sa.ForeignKeyConstraint(
            ["unfreeze_proposer_id"], ["person.id"], name=op.f("fk_cases_unfreeze_proposer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("reference", name=op.f("uq_cases_reference")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_cases_subject_id")),
        *_late(),
    )
    op.create_index(op.f("ix_cases_account_id"), "cases", ["account_id"], unique=False)
    op.create_index(op.f("ix_cases_account_number"), "cases", ["account_number"], unique=False)
    op.create_index(op.f("ix_cases_contest_id"), "cases", ["contest_id"], unique=False)
    op.create_index(op.f("ix_cases_created_at"), "cases", ["created_at"], unique=False)
    op.create_index("ix_cases_due", "cases", ["due_at", "id"], unique=False)
    op.create_index("ix_cases_holder", "cases", ["holder_id", "status", "due_at", "id"], unique=False)
    op.create_index("ix_cases_queue", "cases", ["status", "due_at", "id"], unique=False)
    op.create_table(
        "self_service",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("principal_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=True),
        sa.Column("password_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailbox_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("call_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "removed_at IS NULL OR (device_id IS NOT NULL AND password_at IS NOT NULL AND mailbox_at IS NOT NULL AND call_at IS NOT NULL)",
            name=op.f("ck_self_service_three_proofs"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_self_service_account_id")),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["principal.id"], name=op.f("fk_self_service_principal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_service")),
    )
    op.create_index(op.f("ix_self_service_account_id"), "self_service", ["account_id"], unique=False)
    op.create_table(
        "staff_recovery_code",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.String(length=200), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_recovery_code_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_recovery_code")),
    )
    op.create_index(
        op.f("ix_staff_recovery_code_staff_id"), "staff_recovery_code", ["staff_id"], unique=False
    )
    op.create_table(
        "staff_role",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("proposal_id", sa.String(length=32), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('verifier', 'approver', 'lead', 'compliance', 'admin')", name=op.f("ck_staff_role_role")
        ),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_staff_role_proposal_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_role_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_role")),
    )
    op.create_index(op.f("ix_staff_role_staff_id"), "staff_role", ["staff_id"], unique=False)
    op.create_table(
        "staff_session",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_enrolment", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_origin", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "stage IN ('enrol', 'codes', 'full', 'recovery')", name=op.f("ck_staff_session_stage")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_session_staff_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_staff_session")),
    )
    op.create_index(op.f("ix_staff_session_staff_id"), "staff_session", ["staff_id"], unique=False)
    op.create_table(
        "account_mark",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_mark_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_account_mark_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_mark")),
    )
    op.create_index(op.f("ix_account_mark_account_id"), "account_mark", ["account_id"], unique=False)
    op.create_table(
        "case_party",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=10), nullable=False),
        sa.Column("excluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "part IN ('verifier', 'approver', 'reviewer', 'planter')", name=op.f("ck_case_party_part")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_party_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_case_party_person_id")),
        sa.PrimaryKeyConstraint("case_id", "person_id", name=op.f("pk_case_party")),
        sa.UniqueConstraint(
            "case_id", "person_id", "part", name=op.f("uq_case_party_case_id_person_id_part")
        ),
    )
    op.create_table(
        "case_timer",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("act", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_timer_case_id")),
        sa.PrimaryKeyConstraint("case_id", "act", "at", name=op.f("pk_case_timer")),
    )
    op.create_index("ix_case_timer_due", "case_timer", ["at"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("template_version", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("sealed_facts", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_pdf", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("painted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('receipt', 'completion', 'letter')", name=op.f("ck_document_kind")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_document_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("case_id", "kind", "round", name=op.f("uq_document_case_id_kind_round")),
    )
    op.create_index(op.f("ix_document_case_id"), "document", ["case_id"], unique=False)
    op.create_table(
        "draft",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("sealed_answers", sa.LargeBinary(), nullable=True),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_draft_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("case_id", name=op.f("uq_draft_case_id")),
        sa.UniqueConstraint("hash", name=op.f("uq_draft_hash")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_draft_subject_id")),
    )
    op.create_index(op.f("ix_draft_expires_at"), "draft", ["expires_at"], unique=False)
    op.create_table(
        "link_token",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("contact_id", sa.String(length=32), nullable=True),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("staff_id", sa.String(length=32), nullable=True),
        sa.Column("proposal_id", sa.String(length=32), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('confirm', 'status', 'stop', 'mailbox', 'letter', 'invite', 'halt')",
            name=op.f("ck_link_token_purpose"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_link_token_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_link_token_case_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_link_token_contact_id")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_link_token_proposal_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_link_token_staff_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_link_token")),
    )
    op.create_index(op.f("ix_link_token_case_id"), "link_token", ["case_id"], unique=False)
    op.create_index("ix_link_token_case_purpose", "link_token", ["case_id", "purpose"], unique=False)
    op.create_index(op.f("ix_link_token_staff_id"), "link_token", ["staff_id"], unique=False)
    op.create_table(
        "objection",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("contact_id", sa.String(length=32), nullable=True),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_objection_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_objection_case_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_objection_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
        sa.UniqueConstraint("case_id", "contact_id", name=op.f("uq_objection_case_id_contact_id")),
    )
    op.create_index(op.f("ix_objection_account_id"), "objection", ["account_id"], unique=False)
    op.create_index(op.f("ix_objection_case_id"), "objection", ["case_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("unique_key", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("notice", sa.String(length=32), nullable=True),
        sa.Column("language", sa.String(length=5), nullable=True),
        sa.Column("security", sa.Boolean(), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("contact_id", sa.String(length=32), nullable=True),
        sa.Column("staff_id", sa.String(length=32), nullable=True),
        sa.Column("subject_id", sa.String(length=32), nullable=True),
        sa.Column("sealed_params", sa.LargeBinary(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'done', 'dead', 'cancelled', 'expired')", name=op.f("ck_outbox_state")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_outbox_case_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_outbox_contact_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_outbox_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("unique_key", name=op.f("uq_outbox_unique_key")),
    )
    op.create_index(op.f("ix_outbox_case_id"), "outbox", ["case_id"], unique=False)
    op.create_index("ix_outbox_claim", "outbox", ["state", "not_before"], unique=False)
    op.create_table(
        "removal",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("self_service_id", sa.String(length=32), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("connector", sa.String(length=20), nullable=False),
        sa.Column("principal_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('intended', 'sent', 'confirmed', 'failed', 'unknown')", name=op.f("ck_removal_state")
        ),
        sa.CheckConstraint(
            "(case_id IS NULL) <> (self_service_id IS NULL)", name=op.f("ck_removal_one_ground")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_removal_case_id")),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"], name=op.f("fk_removal_principal_id")),
        sa.ForeignKeyConstraint(
            ["self_service_id"], ["self_service.id"], name=op.f("fk_removal_self_service_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removal")),
        sa.UniqueConstraint("case_id", "round", "device_id", name=op.f("uq_removal_case_id_round_device_id")),
    )
    op.create_index(op.f("ix_removal_case_id"), "removal", ["case_id"], unique=False)
    op.create_table(
        "identity_check",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=4), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("attested_by", sa.String(length=8), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("part", sa.String(length=10), nullable=True),
        sa.Column("repeated", sa.Boolean(), nullable=False),
        sa.Column("witness_id", sa.String(length=32), nullable=True),
        sa.Column("witness_part", sa.String(length=10), nullable=True),
        sa.Column("contact_id", sa.String(length=32), nullable=True),
        sa.Column("sealed_evidence", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(attested_by = 'system' AND person_id IS NULL AND part IS NULL AND NOT repeated) OR (attested_by = 'person' AND person_id IS NOT NULL AND part IS NOT NULL AND ((repeated AND part = 'approver') OR (NOT repeated AND part = 'verifier')))",
            name=op.f("ck_identity_check_attested"),
        ),
        sa.CheckConstraint(
            "result IN ('match', 'mismatch', 'could_not')", name=op.f("ck_identity_check_result")
        ),
        sa.CheckConstraint(
            "(witness_id IS NULL AND witness_part IS NULL) OR (witness_id IS NOT NULL AND witness_part IS NOT NULL AND witness_part = 'verifier' AND person_id IS NOT NULL AND witness_id <> person_id)",
            name=op.f("ck_identity_check_witness"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id", "person_id", "part"],
            ["case_party.case_id", "case_party.person_id", "case_party.part"],
            name="fk_identity_check_party",
        ),
        sa.ForeignKeyConstraint(
            ["case_id", "witness_id", "witness_part"],
            ["case_party.case_id", "case_party.person_id", "case_party.part"],
            name="fk_identity_check_witness_party",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_identity_check_case_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_identity_check_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_check")),
        sa.UniqueConstraint("id", "case_id", name=op.f("uq_identity_check_id_case_id")),
    )
    op.create_index(op.f("ix_identity_check_case_id"), "identity_check", ["case_id"], unique=False)
    op.create_table(
        "runbook_step",
        sa.Column("removal_id", sa.String(length=32), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("done_by", sa.String(length=32), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attested_by", sa.String(length=32), nullable=True),
        sa.Column("attested_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "attested_by IS NULL OR attested_by <> done_by", name=op.f("ck_runbook_step_two_persons")
        ),
        sa.ForeignKeyConstraint(["attested_by"], ["person.id"], name=op.f("fk_runbook_step_attested_by")),
        sa.ForeignKeyConstraint(["done_by"], ["person.id"], name=op.f("fk_runbook_step_done_by")),
        sa.ForeignKeyConstraint(["removal_id"], ["removal.id"], name=op.f("fk_runbook_step_removal_id")),
        sa.PrimaryKeyConstraint("removal_id", "step", name=op.f("pk_runbook_step")),
    )
    op.create_table(
        "check_opening",
        sa.Column("check_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("part = 'approver'", name=op.f("ck_check_opening_part")),
        sa.ForeignKeyConstraint(
            ["case_id", "person_id", "part"],
            ["case_party.case_id", "case_party.person_id", "case_party.part"],
            name="fk_check_opening_party",
        ),
        sa.ForeignKeyConstraint(
            ["check_id", "case_id"],
            ["identity_check.id", "identity_check.case_id"],
            name="fk_check_opening_check",
        ),
        sa.PrimaryKeyConstraint("check_id", "person_id", name=op.f("pk_check_opening")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for name, own, other, more in CIRCULAR:
            table = other[0].split(".")[0]
            op.create_foreign_key(
                name, "cases", table, own, [column.split(".")[1] for column in other], **more
            )
