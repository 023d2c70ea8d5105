"""The owner's own way back in: signed-in browsers, attempts at a reset, telephone calls, corrected numbers, removals for others."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Index, Integer, String, text
from sqlalchemy.orm import Mapped

from portal.domain.self_service import CALL_KINDS, CALL_OUTCOMES, CALL_STATES, SESSION_STAGES
from portal.models.base import Base, UtcDateTime, column, fact, key, one_of, ref, sealed


class OwnerSession(Base):
    """An owner's browser, found by the hash of its cookie. `stage` tells what it may do."""

    __tablename__ = "owner_session"

    hash: Mapped[str] = column("secret", String(64), primary_key=True)
    account_id: Mapped[str] = ref("account.id")
    principal_id: Mapped[str] = ref("principal.id", index=True)
    stage: Mapped[str] = fact(String(10))
    epoch: Mapped[int] = fact(Integer)
    # What is being set up in it: a new device's key, recovery codes that were not saved yet.
    sealed_kept: Mapped[bytes | None] = sealed("secret")
    started_at: Mapped[datetime] = fact(UtcDateTime)
    expires_at: Mapped[datetime] = fact(UtcDateTime, index=True)

    __table_args__ = (CheckConstraint(one_of("stage", SESSION_STAGES), name="stage"),)


class SelfService(Base):
    """One attempt of the owner's own path. The database refuses a removal without all three proofs, in their order."""

    __tablename__ = "self_service"

    id: Mapped[str] = key()
    account_id: Mapped[str] = ref("account.id", index=True)
    principal_id: Mapped[str] = ref("principal.id")
    # The browser that carries it on: the one that proved the password last. Its hash, as in owner_session.
    session_hash: Mapped[str | None] = column("secret", String(64), index=True)
    language: Mapped[str] = fact(String(2))
    device_id: Mapped[str | None] = fact(String(64))
    device_label: Mapped[str | None] = fact(String(60))
    mailbox_contact_id: Mapped[str | None] = ref("contact.id")
    call_contact_id: Mapped[str | None] = ref("contact.id")
    password_at: Mapped[datetime | None] = fact(UtcDateTime)
    mailbox_at: Mapped[datetime | None] = fact(UtcDateTime)
    call_at: Mapped[datetime | None] = fact(UtcDateTime)
    hold_until: Mapped[datetime | None] = fact(UtcDateTime)
    removed_at: Mapped[datetime | None] = fact(UtcDateTime)
    failed_step: Mapped[str | None] = fact(String(12))
    failed_reason: Mapped[str | None] = fact(String(24))
    sealed_origin: Mapped[bytes | None] = sealed("network")
    created_at: Mapped[datetime] = fact(UtcDateTime)
    expires_at: Mapped[datetime] = fact(UtcDateTime)
    ended_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(
            "removed_at IS NULL OR (device_id IS NOT NULL AND password_at IS NOT NULL AND mailbox_at IS NOT NULL"
            " AND call_at IS NOT NULL)",
            name="three_proofs",
        ),
        CheckConstraint(
            "(mailbox_at IS NULL OR (password_at IS NOT NULL AND device_id IS NOT NULL"
            " AND mailbox_contact_id IS NOT NULL))"
            " AND (call_at IS NULL OR (mailbox_at IS NOT NULL AND call_contact_id IS NOT NULL))",
            name="in_order",
        ),
        CheckConstraint(
            "removed_at IS NULL OR hold_until IS NULL OR removed_at >= hold_until", name="hold_served"
        ),
        # those whose network address has yet to go
        Index(
            "ix_self_service_origin",
            "created_at",
            sqlite_where=text("sealed_origin IS NOT NULL"),
            postgresql_where=text("sealed_origin IS NOT NULL"),
        ),
    )


class PhoneCall(Base):
    """One call that the portal placed or will place. Digits keyed on it count once, and only while it lasts."""

    __tablename__ = "phone_call"

    id: Mapped[str] = key()
    kind: Mapped[str] = fact(String(12))
    account_id: Mapped[str] = ref("account.id", index=True)
    contact_id: Mapped[str | None] = ref("contact.id")
    self_service_id: Mapped[str | None] = ref("self_service.id", index=True)
    case_id: Mapped[str | None] = ref("cases.id", index=True)
    phone_change_id: Mapped[str | None] = ref("phone_change.id", index=True)
    round: Mapped[int | None] = fact(Integer)
    notice: Mapped[str | None] = fact(String(32))
    staff_id: Mapped[str | None] = ref("staff.id")  # who had it placed, and is connected to the called person
    repeats: Mapped[bool] = fact(Boolean, default=False)  # placed by the second person, to repeat a check
    outbox_id: Mapped[str | None] = ref("outbox.id", index=True)  # the row that a spoken notice carries out
    language: Mapped[str] = fact(String(2))
    path_hash: Mapped[str] = column("secret", String(64), unique=True)
    code_digest: Mapped[str | None] = column("secret", String(64))
    number_digest: Mapped[str] = column("contact", String(64))
    provider_id: Mapped[str | None] = fact(String(64), unique=True)
    state: Mapped[str] = fact(String(10), default="queued")
    outcome: Mapped[str | None] = fact(String(12))
    tries: Mapped[int] = fact(Integer, default=0)
    created_at: Mapped[datetime] = fact(UtcDateTime)
    expires_at: Mapped[datetime] = fact(UtcDateTime)
    placed_at: Mapped[datetime | None] = fact(UtcDateTime)
    answered_at: Mapped[datetime | None] = fact(UtcDateTime)
    connected_at: Mapped[datetime | None] = fact(UtcDateTime)  # to the agent, after the digits
    parted_at: Mapped[datetime | None] = fact(UtcDateTime)  # from then on nobody is or will be connected
    ended_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(one_of("kind", CALL_KINDS), name="kind"),
        CheckConstraint(one_of("state", CALL_STATES), name="state"),
        CheckConstraint(f"outcome IS NULL OR {one_of('outcome', CALL_OUTCOMES)}", name="outcome"),
        CheckConstraint("(state = 'ended') = (outcome IS NOT NULL)", name="ended"),
        CheckConstraint(
            "outcome IS NULL OR outcome <> 'confirmed' OR (answered_at IS NOT NULL AND code_digest IS NOT NULL"
            " AND ended_at IS NOT NULL AND ended_at <= expires_at)",
            name="confirmed",
        ),
        Index("ix_phone_call_account_kind", "account_id", "kind", "created_at"),
        Index("ix_phone_call_number", "number_digest", "created_at"),
        Index("ix_phone_call_live", "state", "expires_at"),
    )


class PhoneChange(Base):
    """An IAM user corrected the registered number: confirmed by a call to the new one, undone by whoever has the old one."""

    __tablename__ = "phone_change"

    id: Mapped[str] = key()
    account_id: Mapped[str] = ref("account.id", index=True)
    principal_id: Mapped[str] = ref("principal.id")  # who asked for it
    old_contact_id: Mapped[str | None] = ref("contact.id")
    new_contact_id: Mapped[str | None] = ref("contact.id", unique=True)
    sealed_number: Mapped[bytes | None] = sealed("contact")
    created_at: Mapped[datetime] = fact(UtcDateTime)
    expires_at: Mapped[datetime] = fact(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = fact(UtcDateTime)
    reverted_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint("confirmed_at IS NULL OR new_contact_id IS NOT NULL", name="confirmed"),
        CheckConstraint("reverted_at IS NULL OR confirmed_at IS NOT NULL", name="reverted"),
    )


class ManagedRemoval(Base):
    """A root user or an administrator removes the device of an IAM user of the same account, with a reason."""

    __tablename__ = "managed_removal"

    id: Mapped[str] = key()
    account_id: Mapped[str] = ref("account.id", index=True)
    actor_principal_id: Mapped[str] = ref("principal.id")
    principal_id: Mapped[str] = ref("principal.id")
    device_id: Mapped[str] = fact(String(64))
    sealed_reason: Mapped[bytes | None] = sealed("evidence")
    factor_at: Mapped[datetime] = fact(UtcDateTime)  # when the actor gave a fresh code for this very act
    created_at: Mapped[datetime] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint("actor_principal_id <> principal_id", name="two_principals"),
        CheckConstraint("factor_at = created_at", name="fresh"),
    )
