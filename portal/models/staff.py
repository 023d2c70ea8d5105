"""Staff: persons, their logins, roles, sessions and saved recovery codes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Index, Integer, String
from sqlalchemy.orm import Mapped

from portal.domain.lifecycle import Role
from portal.models.base import Base, UtcDateTime, column, fact, key, one_of, ref, sealed

LINK_PURPOSES = (
    "confirm",
    "status",
    "stop",
    "mailbox",
    "letter",
    "invite",
    "halt",
    "prove",  # the registered mailbox, in self-service
    "pass",  # signs in once after a removal
    "revert",  # puts the old telephone number back
)
STAFF_ROLES = (Role.VERIFIER, Role.APPROVER, Role.LEAD, Role.COMPLIANCE, Role.ADMIN)


class Person(Base):
    """A human being. Separation of duties is between persons, whatever number of logins they hold."""

    __tablename__ = "person"

    id: Mapped[str] = key()
    name: Mapped[str] = fact(String(100))
    created_at: Mapped[datetime] = fact(UtcDateTime)


class Staff(Base):
    """One login of a person."""

    __tablename__ = "staff"

    id: Mapped[str] = key()
    person_id: Mapped[str] = ref("person.id", index=True)
    subject_id: Mapped[str] = fact(String(32), unique=True)
    email: Mapped[str] = fact(String(254), unique=True)  # canonical; a work address, shown to colleagues
    language: Mapped[str] = fact(String(2))
    theme: Mapped[str] = fact(String(5), default="auto")
    density: Mapped[str] = fact(String(8), default="standard")
    shortcuts: Mapped[bool] = fact(Boolean, default=True)  # single-key shortcuts of the queue
    sealed_desk_phone: Mapped[bytes | None] = sealed("contact")  # where calls to owners are connected to
    password_hash: Mapped[str | None] = column("secret", String(200))
    sealed_totp: Mapped[bytes | None] = sealed("secret")
    totp_enrolled_at: Mapped[datetime | None] = fact(UtcDateTime)
    totp_last_step: Mapped[int] = fact(Integer, default=0)
    totp_failures: Mapped[int] = fact(Integer, default=0)  # consecutive, survives sessions and waiting
    session_epoch: Mapped[int] = fact(Integer, default=1)
    disabled_at: Mapped[datetime | None] = fact(UtcDateTime)
    created_at: Mapped[datetime] = fact(UtcDateTime)


class StaffRole(Base):
    __tablename__ = "staff_role"

    id: Mapped[str] = key()
    staff_id: Mapped[str] = ref("staff.id", index=True)
    role: Mapped[str] = fact(String(12))
    proposal_id: Mapped[str | None] = ref("proposal.id")
    effective_at: Mapped[datetime] = fact(UtcDateTime)
    revoked_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (CheckConstraint(one_of("role", STAFF_ROLES), name="role"),)


class StaffSession(Base):
    """A server-side session, found by the hash of its cookie. `stage` tells what it may do."""

    __tablename__ = "staff_session"

    hash: Mapped[str] = column("secret", String(64), primary_key=True)
    staff_id: Mapped[str] = ref("staff.id", index=True)
    stage: Mapped[str] = fact(String(10))
    epoch: Mapped[int] = fact(Integer)
    created_at: Mapped[datetime] = fact(UtcDateTime)
    seen_at: Mapped[datetime] = fact(UtcDateTime)
    sealed_enrolment: Mapped[bytes | None] = sealed("secret")
    sealed_origin: Mapped[bytes | None] = sealed("network")

    __table_args__ = (CheckConstraint(one_of("stage", ("enrol", "codes", "full", "recovery")), name="stage"),)


class StaffRecoveryCode(Base):
    __tablename__ = "staff_recovery_code"

    id: Mapped[str] = key()
    staff_id: Mapped[str] = ref("staff.id", index=True)
    hash: Mapped[str] = column("secret", String(200))
    used_at: Mapped[datetime | None] = fact(UtcDateTime)


class LinkToken(Base):
    """A link in a mail. Only the hash is kept; expiry, revocation and use are tested inside the consuming UPDATE."""

    __tablename__ = "link_token"

    hash: Mapped[str] = column("secret", String(64), primary_key=True)
    purpose: Mapped[str] = fact(String(10))
    case_id: Mapped[str | None] = ref("cases.id", index=True)
    contact_id: Mapped[str | None] = ref("contact.id")
    account_id: Mapped[str | None] = ref("account.id", index=True)
    staff_id: Mapped[str | None] = ref("staff.id", index=True)
    proposal_id: Mapped[str | None] = ref("proposal.id")
    self_service_id: Mapped[str | None] = ref("self_service.id", index=True)
    phone_change_id: Mapped[str | None] = ref("phone_change.id", index=True)
    managed_id: Mapped[str | None] = ref("managed_removal.id", index=True)
    epoch: Mapped[int] = fact(Integer)
    round: Mapped[int | None] = fact(Integer)
    created_at: Mapped[datetime] = fact(UtcDateTime)
    expires_at: Mapped[datetime] = fact(UtcDateTime, nullable=False)
    used_at: Mapped[datetime | None] = fact(UtcDateTime)
    revoked_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(
            one_of("purpose", LINK_PURPOSES),
            name="purpose",
        ),
        Index("ix_link_token_case_purpose", "case_id", "purpose"),
    )
