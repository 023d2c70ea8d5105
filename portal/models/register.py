"""The register: accounts, their principals and contacts. Contacts, names and privilege come only from here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from portal.models.base import Base, UtcDateTime, column, fact, key, one_of, ref, sealed

CONTACT_KINDS = ("email", "phone", "post")
HOLDER_KINDS = ("individual", "company")
PRINCIPAL_KINDS = ("root", "iam")


class Account(Base):
    __tablename__ = "account"

    id: Mapped[str] = key()
    subject_id: Mapped[str] = fact(String(32), unique=True)
    number: Mapped[str] = fact(String(12), unique=True)
    connector: Mapped[str] = fact(String(20))
    holder_kind: Mapped[str | None] = fact(String(12))
    sealed_name: Mapped[bytes | None] = sealed("contact")
    sealed_latin_name: Mapped[bytes | None] = sealed("contact")
    sealed_kana: Mapped[bytes | None] = sealed("contact")
    name_since: Mapped[datetime | None] = fact(UtcDateTime)
    is_protected: Mapped[bool] = fact(Boolean, default=False)
    # Wrong digits and unanswered calls in a row, whoever asked for them; at the cap the telephone step is off.
    call_failures: Mapped[int] = fact(Integer, default=0)
    calls_off_at: Mapped[datetime | None] = fact(UtcDateTime)
    training: Mapped[bool] = fact(Boolean, default=False)
    created_at: Mapped[datetime] = fact(UtcDateTime)
    # Its key is destroyed and its number given back: what is left is a stub that cases point at.
    erased_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(f"holder_kind IS NULL OR {one_of('holder_kind', HOLDER_KINDS)}", name="holder_kind"),
    )


class Principal(Base):
    """A root user or an IAM user of an account."""

    __tablename__ = "principal"

    id: Mapped[str] = key()
    account_id: Mapped[str] = ref("account.id", index=True)
    kind: Mapped[str] = fact(String(8))
    username: Mapped[str | None] = fact(String(64))
    external_id: Mapped[str] = fact(String(64))
    is_administrator: Mapped[bool | None] = fact(Boolean)
    # may edit account information, as an administrator may
    edits_contacts: Mapped[bool | None] = fact(Boolean)
    hardware_device: Mapped[bool | None] = fact(Boolean)
    created_at: Mapped[datetime] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(one_of("kind", PRINCIPAL_KINDS), name="kind"),
        UniqueConstraint("account_id", "external_id"),
    )


class Contact(Base):
    """A way to reach the holder. A replaced contact stays, retired, and is still told for its time."""

    __tablename__ = "contact"

    id: Mapped[str] = key()
    account_id: Mapped[str] = ref("account.id", index=True)
    kind: Mapped[str] = fact(String(8))
    sealed_value: Mapped[bytes] = sealed("contact")
    language: Mapped[str | None] = fact(String(2))
    is_mobile: Mapped[bool | None] = fact(Boolean)
    predecessor_id: Mapped[str | None] = ref("contact.id")
    # Among those of its kind, in the order of the register: the first mailbox is the root user's own.
    place: Mapped[int] = fact(Integer, default=0)
    confirmed_at: Mapped[datetime] = fact(UtcDateTime)
    retired_at: Mapped[datetime | None] = fact(UtcDateTime)
    created_at: Mapped[datetime] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(one_of("kind", CONTACT_KINDS), name="kind"),
        # those whose value has yet to go
        Index(
            "ix_contact_retired",
            "retired_at",
            sqlite_where=text("retired_at IS NOT NULL AND length(sealed_value) > 0"),
            postgresql_where=text("retired_at IS NOT NULL AND length(sealed_value) > 0"),
        ),
    )


class AccountMark(Base):
    """What an account remembers for 90 days: failed checks, pressure, disputes, declines. Raises tiers, never blocks."""

    __tablename__ = "account_mark"

    id: Mapped[str] = key()
    account_id: Mapped[str] = ref("account.id", index=True)
    case_id: Mapped[str | None] = ref("cases.id")
    kind: Mapped[str] = fact(String(20))
    at: Mapped[datetime] = fact(UtcDateTime)


PROPOSAL_PENDING = ("open", "agreed")  # waits for a decision, or for its day


class Proposal(Base):
    """Something outside a case that takes two persons: a register import, a grant, an address, a factor reset."""

    __tablename__ = "proposal"

    id: Mapped[str] = key()
    kind: Mapped[str] = fact(String(24))
    target_id: Mapped[str | None] = fact(String(32), index=True)
    subject_id: Mapped[str] = fact(String(32))
    sealed_payload: Mapped[bytes] = sealed("contact")
    digest: Mapped[str] = fact(String(64))
    state: Mapped[str] = fact(String(10), index=True)
    proposed_by: Mapped[str] = ref("person.id")
    decided_by: Mapped[str | None] = ref("person.id")
    created_at: Mapped[datetime] = fact(UtcDateTime)
    decided_at: Mapped[datetime | None] = fact(UtcDateTime)
    effective_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        CheckConstraint(one_of("state", ("open", "agreed", "effective", "refused", "stopped")), name="state"),
        CheckConstraint(
            "state NOT IN ('agreed', 'effective') OR (decided_by IS NOT NULL AND decided_by <> proposed_by)",
            name="two_persons",
        ),
        Index("ix_proposal_effective", "state", "effective_at"),
    )


class SubjectKey(Base):
    """The wrapped key of one subject. Deleting the row is the erasure of everything sealed with it."""

    __tablename__ = "subject_key"

    subject_id: Mapped[str] = fact(String(32), primary_key=True)
    kek_version: Mapped[str] = fact(String(16))
    wrapped: Mapped[bytes] = column("secret", LargeBinary)


class SearchTerm(Base):
    """A keyed digest by which sealed data is found again."""

    __tablename__ = "search_term"

    subject_id: Mapped[str] = fact(String(32), primary_key=True)
    kind: Mapped[str] = fact(String(16), primary_key=True)
    key_version: Mapped[str] = fact(String(16), primary_key=True)
    digest: Mapped[str] = fact(String(64), primary_key=True)

    __table_args__ = (Index("ix_search_term_find", "kind", "digest"),)
