"""What every act writes besides its case: audit events, outbox rows, documents, drafts, limits, removals."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from portal.models.base import Base, UtcDateTime, column, fact, key, one_of, ref, sealed


class Installation(Base):
    """One row: what kind of database this is, set at its creation and never changed."""

    __tablename__ = "installation"

    id: Mapped[int] = fact(Integer, primary_key=True)
    mark: Mapped[str] = fact(String(8))
    token_epoch: Mapped[int] = fact(Integer, default=1)
    settings_digest: Mapped[str | None] = fact(String(64))
    created_at: Mapped[datetime] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(one_of("mark", ("demo", "live")), name="mark"),
        CheckConstraint("id = 1", name="one"),
    )


class AuditEvent(Base):
    """One event of one stream. `event_bytes` is what was hashed; the other columns only help to find it."""

    __tablename__ = "audit_event"

    id: Mapped[str] = key()
    stream: Mapped[str] = fact(String(40))
    sseq: Mapped[int] = fact(Integer)
    case_id: Mapped[str | None] = fact(String(32))
    status_after: Mapped[str | None] = fact(String(20))
    tag: Mapped[str] = fact(String(48))
    actor: Mapped[str] = fact(String(48))
    at: Mapped[datetime] = fact(UtcDateTime)
    leaf_hash: Mapped[str] = fact(String(64), unique=True)
    event_bytes: Mapped[bytes] = column("fact", LargeBinary)

    __table_args__ = (
        UniqueConstraint("stream", "sseq"),
        UniqueConstraint("case_id", "sseq", "status_after"),
        CheckConstraint("(case_id IS NULL) = (status_after IS NULL)", name="case_status"),
        # A case's event in another stream would give the case its status and be missing from its chain.
        CheckConstraint(
            "(case_id IS NULL AND substr(stream, 1, 5) <> 'case:')"
            " OR (case_id IS NOT NULL AND stream = 'case:' || case_id)",
            name="stream",
        ),
        Index("ix_audit_event_at", "at", "sseq", "id"),
        Index("ix_audit_event_tag", "tag", "at", "sseq", "id"),
        Index("ix_audit_event_actor", "actor", "at", "sseq", "id"),
    )


class AuditStream(Base):
    """The head of a stream that is not a case's: `staff:<id>`, `account:<id>`, `system`."""

    __tablename__ = "audit_stream"

    stream: Mapped[str] = fact(String(40), primary_key=True)
    sseq: Mapped[int] = fact(Integer)
    head: Mapped[str] = fact(String(64))


class OutboxRow(Base):
    """Something to be carried out after the commit: a mail, a document to paint, a case to match, a device to remove."""

    __tablename__ = "outbox"

    id: Mapped[str] = key()
    kind: Mapped[str] = fact(String(12))
    unique_key: Mapped[str] = fact(String(120), unique=True)
    state: Mapped[str] = fact(String(10), default="pending")
    notice: Mapped[str | None] = fact(String(32))
    language: Mapped[str | None] = fact(String(5))  # ja, en, or ja+en where nobody knows
    security: Mapped[bool] = fact(Boolean, default=False)
    case_id: Mapped[str | None] = ref("cases.id", index=True)
    contact_id: Mapped[str | None] = ref("contact.id")
    staff_id: Mapped[str | None] = ref("staff.id")
    subject_id: Mapped[str | None] = fact(String(32))
    sealed_params: Mapped[bytes | None] = sealed("secret")
    not_before: Mapped[datetime] = fact(UtcDateTime)
    expires_at: Mapped[datetime | None] = fact(UtcDateTime)
    attempts: Mapped[int] = fact(Integer, default=0)
    lease_owner: Mapped[str | None] = fact(String(64))
    lease_until: Mapped[datetime | None] = fact(UtcDateTime)
    last_error: Mapped[str | None] = fact(String(200))
    created_at: Mapped[datetime] = fact(UtcDateTime)
    done_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(one_of("state", ("pending", "done", "dead", "cancelled", "expired")), name="state"),
        Index("ix_outbox_claim", "state", "not_before"),
        Index("ix_outbox_kind", "kind", "state", "not_before"),  # who looks for files passes no mail by
    )


class DemoMail(Base):
    """A mail that the demo caught instead of sending it."""

    __tablename__ = "demo_mail"

    id: Mapped[str] = key()
    message_id: Mapped[str] = fact(String(120), index=True)
    recipient: Mapped[str] = column("contact", String(254))
    subject: Mapped[str] = column("contact", String(300))
    raw: Mapped[bytes] = column("contact", LargeBinary)
    at: Mapped[datetime] = fact(UtcDateTime, index=True)


class Document(Base):
    """A receipt or notice on paper: its facts are frozen in the act, the PDF is painted once and never again."""

    __tablename__ = "document"

    id: Mapped[str] = key()
    case_id: Mapped[str | None] = ref("cases.id", index=True)
    self_service_id: Mapped[str | None] = ref("self_service.id", unique=True)
    kind: Mapped[str] = fact(String(12))
    round: Mapped[int] = fact(Integer, default=1)
    language: Mapped[str] = fact(String(2))
    template_version: Mapped[str] = fact(String(12))
    subject_id: Mapped[str] = fact(String(32))
    sealed_facts: Mapped[bytes] = sealed("contact")
    sealed_pdf: Mapped[bytes | None] = sealed("contact")
    sha256: Mapped[str | None] = fact(String(64))
    size: Mapped[int | None] = fact(Integer)
    created_at: Mapped[datetime] = fact(UtcDateTime)
    painted_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("case_id", "kind", "round"),
        CheckConstraint(one_of("kind", ("receipt", "completion", "letter", "reset")), name="kind"),
        CheckConstraint(
            "(case_id IS NULL) = (kind = 'reset') AND (self_service_id IS NULL) = (kind <> 'reset')",
            name="one_subject",
        ),
        # papers of resets that have yet to go; those of cases go with their case
        Index(
            "ix_document_reset",
            "created_at",
            sqlite_where=text("self_service_id IS NOT NULL AND length(sealed_facts) > 0"),
            postgresql_where=text("self_service_id IS NOT NULL AND length(sealed_facts) > 0"),
        ),
    )


class Draft(Base):
    """Answers on their way to a request, kept by us for 24 hours. One draft makes at most one case."""

    __tablename__ = "draft"

    id: Mapped[str] = key()
    hash: Mapped[str] = column("secret", String(64), unique=True)
    subject_id: Mapped[str] = fact(String(32), unique=True)
    sealed_answers: Mapped[bytes | None] = sealed("contact")
    case_id: Mapped[str | None] = ref("cases.id", unique=True)
    created_at: Mapped[datetime] = fact(UtcDateTime)
    expires_at: Mapped[datetime] = fact(UtcDateTime, index=True)


class Throttle(Base):
    """How often something happened for one key in one window."""

    __tablename__ = "throttle"

    rule: Mapped[str] = fact(String(32), primary_key=True)
    digest: Mapped[str] = column("network", String(64), primary_key=True)
    window_at: Mapped[datetime] = fact(UtcDateTime, primary_key=True)
    count: Mapped[int] = fact(Integer)

    __table_args__ = (Index("ix_throttle_window", "window_at"),)


class Removal(Base):
    """One attempt to remove one device: written before the call, asked about before it is repeated."""

    __tablename__ = "removal"

    id: Mapped[str] = key()
    case_id: Mapped[str | None] = ref("cases.id", index=True)
    self_service_id: Mapped[str | None] = ref("self_service.id", index=True)
    managed_id: Mapped[str | None] = ref("managed_removal.id", unique=True)
    round: Mapped[int] = fact(Integer, default=1)
    connector: Mapped[str] = fact(String(20))
    principal_id: Mapped[str] = ref("principal.id")
    device_id: Mapped[str] = fact(String(64))
    state: Mapped[str] = fact(String(10), default="intended")
    tries: Mapped[int] = fact(Integer, default=0)
    last_error: Mapped[str | None] = fact(String(200))
    created_at: Mapped[datetime] = fact(UtcDateTime)
    sent_at: Mapped[datetime | None] = fact(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(
            "CASE WHEN case_id IS NULL THEN 0 ELSE 1 END + CASE WHEN self_service_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN managed_id IS NULL THEN 0 ELSE 1 END = 1",
            name="one_ground",
        ),
        CheckConstraint(
            one_of("state", ("intended", "sent", "confirmed", "failed", "unknown")), name="state"
        ),
        UniqueConstraint("case_id", "round", "device_id"),
    )


class RunbookStep(Base):
    """A step that a person did by hand in a system without an interface, and that a second person attests."""

    __tablename__ = "runbook_step"

    removal_id: Mapped[str] = ref("removal.id", primary_key=True)
    step: Mapped[str] = fact(String(32), primary_key=True)
    done_by: Mapped[str] = ref("person.id")
    done_at: Mapped[datetime] = fact(UtcDateTime)
    attested_by: Mapped[str | None] = ref("person.id")
    attested_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (CheckConstraint("attested_by IS NULL OR attested_by <> done_by", name="two_persons"),)
