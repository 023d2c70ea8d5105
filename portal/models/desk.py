"""What agents work with besides the case itself: messages and notes, templates, saved views, who is looking, planted cases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from portal.models.base import Base, UtcDateTime, column, fact, key, one_of, ref, sealed

MESSAGE_KINDS = ("reply", "note", "owner")
DRAFT_KINDS = ("reply", "note")
PRESENCES = ("viewing", "editing")
TRAINING_OUTCOMES = ("caught_first", "caught_second", "missed", "ended")


class Message(Base):
    """Something said in a case: a reply to the owner, a message from them, or a note that no owner ever sees."""

    __tablename__ = "message"

    id: Mapped[str] = key()
    case_id: Mapped[str] = ref("cases.id", index=True)
    kind: Mapped[str] = fact(String(8))
    person_id: Mapped[str | None] = ref("person.id")
    language: Mapped[str] = fact(String(2))
    template_version_id: Mapped[str | None] = ref("reply_template_version.id")
    outbox_id: Mapped[str | None] = ref("outbox.id")
    sealed_subject: Mapped[bytes | None] = sealed("evidence")
    sealed_body: Mapped[bytes | None] = sealed("evidence")
    created_at: Mapped[datetime] = fact(UtcDateTime)
    leaves_at: Mapped[datetime | None] = fact(UtcDateTime)  # until then the reply can be taken back
    taken_back_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(one_of("kind", MESSAGE_KINDS), name="kind"),
        CheckConstraint("(kind = 'owner') = (person_id IS NULL)", name="author"),
        # A note that is on its way to somebody would be the worst mistake of a desk.
        CheckConstraint("(kind = 'reply') = (outbox_id IS NOT NULL)", name="mailed"),
        CheckConstraint("(kind = 'reply') = (leaves_at IS NOT NULL)", name="leaves"),
        CheckConstraint("taken_back_at IS NULL OR kind = 'reply'", name="taken_back"),
    )


class MessageDraft(Base):
    """What somebody is writing and has not sent yet."""

    __tablename__ = "message_draft"

    id: Mapped[str] = key()
    case_id: Mapped[str] = ref("cases.id")
    person_id: Mapped[str] = ref("person.id")
    kind: Mapped[str] = fact(String(8))
    template_version_id: Mapped[str | None] = ref("reply_template_version.id")
    sealed_subject: Mapped[bytes | None] = sealed("evidence")
    sealed_body: Mapped[bytes | None] = sealed("evidence")
    updated_at: Mapped[datetime] = fact(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("case_id", "person_id", "kind"),
        CheckConstraint(one_of("kind", DRAFT_KINDS), name="kind"),
    )


class ReplyTemplate(Base):
    """A reply that leads keep, in one language. Its words are in its versions, of which the newest is offered."""

    __tablename__ = "reply_template"

    id: Mapped[str] = key()
    language: Mapped[str] = fact(String(2))
    name: Mapped[str] = fact(String(60))
    version: Mapped[int] = fact(Integer, default=1)
    created_at: Mapped[datetime] = fact(UtcDateTime)
    retired_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (UniqueConstraint("language", "name"),)


class ReplyTemplateVersion(Base):
    __tablename__ = "reply_template_version"

    id: Mapped[str] = key()
    template_id: Mapped[str] = ref("reply_template.id")
    version: Mapped[int] = fact(Integer)
    subject: Mapped[str] = fact(String(120))
    body: Mapped[str] = fact(String(4000))
    person_id: Mapped[str] = ref("person.id")
    at: Mapped[datetime] = fact(UtcDateTime)

    __table_args__ = (UniqueConstraint("template_id", "version"),)


class SavedView(Base):
    """A person's own view of the queue: a name for a choice of filters and order."""

    __tablename__ = "saved_view"

    id: Mapped[str] = key()
    staff_id: Mapped[str] = ref("staff.id")
    name: Mapped[str] = fact(String(40))
    filters: Mapped[dict[str, Any]] = fact(JSON)
    created_at: Mapped[datetime] = fact(UtcDateTime)

    __table_args__ = (UniqueConstraint("staff_id", "name"),)


class Presence(Base):
    """Who has a case open at this moment. A row that is not renewed says nothing any more."""

    __tablename__ = "presence"

    case_id: Mapped[str] = ref("cases.id", primary_key=True)
    person_id: Mapped[str] = ref("person.id", primary_key=True)
    doing: Mapped[str] = fact(String(8))
    at: Mapped[datetime] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(one_of("doing", PRESENCES), name="doing"),
        Index("ix_presence_at", "at"),
    )


class Training(Base):
    """An invented suspicious case. Its plan is hashed into the audit log when it is planted, and opened when it ends."""

    __tablename__ = "training"

    case_id: Mapped[str] = ref("cases.id", primary_key=True)
    planter_id: Mapped[str] = ref("person.id")
    scenario: Mapped[str] = fact(String(24))
    salt: Mapped[str] = column("secret", String(64))
    commitment: Mapped[str] = fact(String(64))
    planted_at: Mapped[datetime] = fact(UtcDateTime)
    opened_at: Mapped[datetime | None] = fact(UtcDateTime)
    outcome: Mapped[str | None] = fact(String(16))

    __table_args__ = (
        CheckConstraint(f"outcome IS NULL OR {one_of('outcome', TRAINING_OUTCOMES)}", name="outcome"),
        CheckConstraint("(opened_at IS NULL) = (outcome IS NULL)", name="opened"),
    )
