"""What proves the rest: the tree over all events, its signed heads, what a check of it found; and what compliance takes away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped

from portal.models.base import Base, UtcDateTime, column, fact, key, one_of, ref, sealed

EXPORT_FORMS = ("csv", "xlsx", "pdf")
EXPORT_STATES = ("waiting", "building", "ready", "failed", "expired")
# SQLite numbers rows only in a column that is called INTEGER.
WIDE = BigInteger().with_variant(Integer, "sqlite")


class AuditWaiting(Base):
    """An event that has no place in the tree yet, and what gives it one. Written with the event, deleted with its place."""

    __tablename__ = "audit_waiting"
    # A million may wait after an update: the next batch must be found without the others, and without the log.
    __table_args__ = (Index("ix_audit_waiting_at", "at", "stream", "sseq", "event_id"),)

    event_id: Mapped[str] = ref("audit_event.id", primary_key=True)
    at: Mapped[datetime] = fact(UtcDateTime)
    stream: Mapped[str] = fact(String(40))
    sseq: Mapped[int] = fact(Integer)


class AuditLeaf(Base):
    """The place of one event in the tree. Places are given once, without gaps, from 0."""

    __tablename__ = "audit_leaf"

    place: Mapped[int] = fact(WIDE, primary_key=True, autoincrement=False)
    event_id: Mapped[str] = ref("audit_event.id", unique=True)


class AuditTile(Base):
    """Up to 256 hashes of the tree (C2SP tlog-tiles). Only the last tile of a level still grows."""

    __tablename__ = "audit_tile"

    level: Mapped[int] = fact(Integer, primary_key=True, autoincrement=False)
    place: Mapped[int] = fact(WIDE, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = column("fact", LargeBinary)


class AuditCheckpoint(Base):
    """The tree at one size, signed (C2SP tlog-checkpoint)."""

    __tablename__ = "audit_checkpoint"

    size: Mapped[int] = fact(WIDE, primary_key=True, autoincrement=False)
    root: Mapped[str] = fact(String(64))
    note: Mapped[str] = fact(Text)
    at: Mapped[datetime] = fact(UtcDateTime, index=True)


class AuditVerdict(Base):
    """What the desk's own check of the log found. Evidence it is not: that is a check from outside, against anchors."""

    __tablename__ = "audit_verdict"

    id: Mapped[str] = key()
    at: Mapped[datetime] = fact(UtcDateTime, index=True)
    events: Mapped[int] = fact(WIDE)
    failed: Mapped[str | None] = fact(String(16))  # the check that failed first
    first_bad: Mapped[str | None] = fact(String(80))  # and where


class ReportSetting(Base):
    """What somebody in compliance asks for again and again; `monthly`: built on the first of each month."""

    __tablename__ = "report_setting"

    id: Mapped[str] = key()
    staff_id: Mapped[str] = ref("staff.id", index=True)
    name: Mapped[str] = fact(String(60))
    report: Mapped[str] = fact(String(32))
    settings: Mapped[dict[str, Any]] = fact(JSON, default=dict)
    monthly: Mapped[bool] = fact(Boolean, default=False)
    form: Mapped[str | None] = fact(String(8))
    language: Mapped[str | None] = fact(String(2))
    sent_for: Mapped[str | None] = fact(String(7))  # the last month that was built, as 2026-11
    created_at: Mapped[datetime] = fact(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("staff_id", "name"),
        CheckConstraint("NOT monthly OR (form IS NOT NULL AND language IS NOT NULL)", name="monthly"),
    )


class Export(Base):
    """A file that the worker builds for one person. Its key is its own: when the key goes, so has the file."""

    __tablename__ = "export"

    id: Mapped[str] = key()
    staff_id: Mapped[str] = ref("staff.id", index=True)
    report: Mapped[str] = fact(String(32))
    settings: Mapped[dict[str, Any]] = fact(JSON, default=dict)
    form: Mapped[str] = fact(String(8))
    language: Mapped[str] = fact(String(2))
    personal: Mapped[bool] = fact(Boolean, default=False)
    subject_id: Mapped[str] = fact(String(32), unique=True)
    sealed_purpose: Mapped[bytes | None] = sealed("contact")
    state: Mapped[str] = fact(String(10), default="waiting")
    error: Mapped[str | None] = fact(String(32))
    rows: Mapped[int] = fact(WIDE, default=0)  # built so far
    rows_in_all: Mapped[int | None] = fact(WIDE)
    file_name: Mapped[str | None] = fact(String(160))
    size: Mapped[int | None] = fact(WIDE)
    sha256: Mapped[str | None] = fact(String(64))
    checkpoint: Mapped[str | None] = fact(Text)  # the newest signed head when it was built
    setting_id: Mapped[str | None] = fact(String(32))  # the saved setting that asked for it, month by month
    created_at: Mapped[datetime] = fact(UtcDateTime)
    ready_at: Mapped[datetime | None] = fact(UtcDateTime)
    expires_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(one_of("form", EXPORT_FORMS), name="form"),
        CheckConstraint(one_of("state", EXPORT_STATES), name="state"),
        CheckConstraint(
            "state <> 'ready' OR (sha256 IS NOT NULL AND size IS NOT NULL AND expires_at IS NOT NULL)",
            name="ready",
        ),
        Index("ix_export_state", "state", "expires_at"),
    )


class ExportPart(Base):
    """A piece of a file. `name` is `data` or `dictionary`. Pieces of a build that was not finished are never shown."""

    __tablename__ = "export_part"

    export_id: Mapped[str] = ref("export.id", primary_key=True)
    name: Mapped[str] = fact(String(12), primary_key=True)
    number: Mapped[int] = fact(Integer, primary_key=True, autoincrement=False)
    sealed_data: Mapped[bytes] = sealed("contact")

    __table_args__ = (CheckConstraint(one_of("name", ("data", "dictionary")), name="name"),)


class LegalHold(Base):
    """Nothing of this case is deleted while it stands. Set and lifted by two."""

    __tablename__ = "legal_hold"

    id: Mapped[str] = key()
    case_id: Mapped[str] = ref("cases.id", index=True)
    set_by_proposal: Mapped[str] = ref("proposal.id", unique=True)
    set_at: Mapped[datetime] = fact(UtcDateTime)
    lifted_by_proposal: Mapped[str | None] = ref("proposal.id", unique=True)
    lifted_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (CheckConstraint("(lifted_at IS NULL) = (lifted_by_proposal IS NULL)", name="lifted"),)
