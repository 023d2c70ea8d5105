"""A case and what hangs on it. The CHECKs and keys repeat the rules that must hold even against somebody with SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped

from portal.models.base import Base, UtcDateTime, fact, key, one_of, ref, sealed
from portal.models.case_checks import CASE_CHECKS

PARTS = ("verifier", "approver", "reviewer", "planter", "printer")


class Case(Base):
    __tablename__ = "cases"

    id: Mapped[str] = key()
    reference: Mapped[str] = fact(String(12), unique=True)
    subject_id: Mapped[str] = fact(String(32), unique=True)
    status: Mapped[str] = fact(String(20))
    version: Mapped[int] = fact(Integer, default=1)
    audit_seq: Mapped[int] = fact(Integer)
    audit_head: Mapped[str] = fact(String(64))
    round: Mapped[int] = fact(Integer, default=1)
    tier: Mapped[str] = fact(String(12), default="standard")
    tier_reasons: Mapped[list[str]] = fact(JSON, default=list)
    language: Mapped[str] = fact(String(2))
    training: Mapped[bool] = fact(Boolean, default=False)
    close_reason: Mapped[str | None] = fact(String(20))
    needs_attention: Mapped[bool] = fact(Boolean, default=False)

    # what the owner said
    principal_kind: Mapped[str] = fact(String(8))
    account_number: Mapped[str | None] = fact(String(12), index=True)
    problem: Mapped[str] = fact(String(20))
    device_kind: Mapped[str | None] = fact(String(20))
    registered_phone: Mapped[str] = fact(String(12))
    phone_on_device: Mapped[str] = fact(String(12))
    theft_suspected: Mapped[bool] = fact(Boolean, default=False)
    holder_kind: Mapped[str] = fact(String(12))
    is_administrator: Mapped[str] = fact(String(12))
    call_time: Mapped[str | None] = fact(String(12))
    triage: Mapped[dict[str, str]] = fact(JSON, default=dict)
    accepted: Mapped[dict[str, str]] = fact(JSON, default=dict)  # which version of each text was agreed to
    sealed_account_email: Mapped[bytes | None] = sealed("contact")
    sealed_reply_email: Mapped[bytes | None] = sealed("contact")
    sealed_phone: Mapped[bytes | None] = sealed("contact")
    sealed_name: Mapped[bytes | None] = sealed("contact")
    sealed_kana: Mapped[bytes | None] = sealed("contact")
    sealed_latin_name: Mapped[bytes | None] = sealed("contact")
    sealed_organisation: Mapped[bytes | None] = sealed("contact")
    sealed_detail: Mapped[bytes | None] = sealed("contact")
    sealed_send_back_reason: Mapped[bytes | None] = sealed("evidence")
    sealed_unfreeze_reason: Mapped[bytes | None] = sealed("evidence")
    sealed_origin: Mapped[bytes | None] = sealed("network")

    # what we found and who has it
    account_id: Mapped[str | None] = ref("account.id", index=True)
    principal_id: Mapped[str | None] = ref("principal.id")
    # The attempt that led here, from the browser that had proven the password in it.
    self_service_id: Mapped[str | None] = ref("self_service.id")
    matched_at: Mapped[datetime | None] = fact(UtcDateTime)
    proven_by: Mapped[str | None] = fact(String(12))  # password | contact
    contest_id: Mapped[str | None] = fact(String(32), index=True)
    contest_lead_id: Mapped[str | None] = ref("person.id")
    holder_id: Mapped[str | None] = ref("person.id")  # holds the claim; while waiting, held it last
    asked: Mapped[list[str]] = fact(JSON, default=list)
    due_at: Mapped[datetime] = fact(UtcDateTime)  # when the queue expects something to happen in this status
    code_failures: Mapped[int] = fact(Integer, default=0)
    asked_until: Mapped[datetime | None] = fact(UtcDateTime)  # what the owner is asked for is due then
    answered: Mapped[list[str]] = fact(JSON, default=list)  # what of it they have done that no check shows
    owner_wrote_at: Mapped[datetime | None] = fact(UtcDateTime)  # their message waits for an answer or a note
    call_booked_at: Mapped[datetime | None] = fact(UtcDateTime)  # when the owner wants to be called

    # the decision of this round
    decision: Mapped[str | None] = fact(String(8))
    decision_reason: Mapped[str | None] = fact(String(24))
    decision_round: Mapped[int | None] = fact(Integer)
    decision_digest: Mapped[str | None] = fact(String(64))
    policy_set: Mapped[str | None] = fact(String(16))
    devices: Mapped[list[dict[str, Any]]] = fact(JSON, default=list)
    proposer_id: Mapped[str | None] = fact(String(32))
    proposer_part: Mapped[str | None] = fact(String(10))
    approver_id: Mapped[str | None] = fact(String(32))
    approver_part: Mapped[str | None] = fact(String(10))
    approved_as: Mapped[str | None] = fact(String(10))
    waiting_hours: Mapped[int | None] = fact(Integer)
    waiting_started_at: Mapped[datetime | None] = fact(UtcDateTime)
    waiting_until: Mapped[datetime | None] = fact(UtcDateTime)
    extended: Mapped[bool] = fact(Boolean, default=False)
    owner_ready_until: Mapped[datetime | None] = fact(UtcDateTime)
    executor_id: Mapped[str | None] = ref("person.id")

    # a freeze and its way out
    frozen_from: Mapped[str | None] = fact(String(20))
    unfreeze: Mapped[str | None] = fact(String(10))
    unfreeze_round: Mapped[int | None] = fact(Integer)
    unfreeze_proposer_id: Mapped[str | None] = ref("person.id")
    unfreeze_agreer_id: Mapped[str | None] = ref("person.id")

    created_at: Mapped[datetime] = fact(UtcDateTime, index=True)
    confirmed_at: Mapped[datetime | None] = fact(UtcDateTime)
    status_at: Mapped[datetime] = fact(UtcDateTime)
    approved_at: Mapped[datetime | None] = fact(UtcDateTime)
    executing_at: Mapped[datetime | None] = fact(UtcDateTime)
    deactivated_at: Mapped[datetime | None] = fact(UtcDateTime)
    appealed_at: Mapped[datetime | None] = fact(UtcDateTime)
    closed_at: Mapped[datetime | None] = fact(UtcDateTime)
    retention_stage: Mapped[int] = fact(Integer, default=0)  # how many of the periods after the end are over

    __table_args__ = (
        *CASE_CHECKS,
        # No status without its event. Deferred, because the event names the case and the case names the event.
        ForeignKeyConstraint(
            ["id", "audit_seq", "status"],
            ["audit_event.case_id", "audit_event.sseq", "audit_event.status_after"],
            name="fk_cases_status_has_its_event",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        ForeignKeyConstraint(
            ["id", "proposer_id", "proposer_part"],
            ["case_party.case_id", "case_party.person_id", "case_party.part"],
            name="fk_cases_proposer_party",
            use_alter=True,
        ),
        ForeignKeyConstraint(
            ["id", "approver_id", "approver_part"],
            ["case_party.case_id", "case_party.person_id", "case_party.part"],
            name="fk_cases_approver_party",
            use_alter=True,
        ),
        CheckConstraint("proposer_part IS NULL OR proposer_part = 'verifier'", name="proposer_part"),
        CheckConstraint("approver_part IS NULL OR approver_part = 'approver'", name="approver_part"),
        *(
            CheckConstraint(f"({who}_id IS NULL) = ({who}_part IS NULL)", name=f"{who}_whole")
            for who in ("proposer", "approver")
        ),
        # Nobody is left waiting for an answer that is never due.
        CheckConstraint("status <> 'waiting_owner' OR asked_until IS NOT NULL", name="asked_until"),
        *(Index(f"ix_cases_{name}", f"{name}_at") for name in ("approved", "closed")),
        Index("ix_cases_retention", "retention_stage", "closed_at"),
        Index("ix_cases_queue", "status", "due_at", "id"),
        Index("ix_cases_holder", "holder_id", "status", "due_at", "id"),
        Index("ix_cases_received", "status", "created_at", "id"),
        Index("ix_cases_appealed", "appealed_at"),
        Index("ix_cases_board", "status", "language", "due_at", "id"),
        Index("ix_cases_board_received", "status", "language", "created_at", "id"),
        Index("ix_cases_risk", "status", "tier", "due_at", "id"),
        Index("ix_cases_risk_received", "status", "tier", "created_at", "id"),
    )


class CaseParty(Base):
    """One person, one part in a case, across all rounds: who has checked can never agree, whatever login they use."""

    __tablename__ = "case_party"

    case_id: Mapped[str] = ref("cases.id", primary_key=True)
    person_id: Mapped[str] = ref("person.id", primary_key=True)
    part: Mapped[str] = fact(String(10))
    excluded_at: Mapped[datetime | None] = fact(UtcDateTime)
    at: Mapped[datetime] = fact(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("case_id", "person_id", "part"),
        CheckConstraint(one_of("part", PARTS), name="part"),
    )


class IdentityCheck(Base):
    __tablename__ = "identity_check"

    id: Mapped[str] = key()
    case_id: Mapped[str] = ref("cases.id", index=True)
    round: Mapped[int] = fact(Integer)
    method: Mapped[str] = fact(String(4))
    result: Mapped[str] = fact(String(10))
    attested_by: Mapped[str] = fact(String(8))
    person_id: Mapped[str | None] = fact(String(32))
    part: Mapped[str | None] = fact(String(10))
    repeated: Mapped[bool] = fact(Boolean, default=False)
    witness_id: Mapped[str | None] = fact(String(32))
    witness_part: Mapped[str | None] = fact(String(10))
    contact_id: Mapped[str | None] = ref("contact.id")
    sealed_evidence: Mapped[bytes | None] = sealed("evidence")
    sealed_note: Mapped[bytes | None] = sealed("evidence")
    recorded_at: Mapped[datetime] = fact(UtcDateTime)
    voided_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(
            ["case_id", "person_id", "part"],
            ["case_party.case_id", "case_party.person_id", "case_party.part"],
            name="fk_identity_check_party",
        ),
        ForeignKeyConstraint(
            ["case_id", "witness_id", "witness_part"],
            ["case_party.case_id", "case_party.person_id", "case_party.part"],
            name="fk_identity_check_witness_party",
        ),
        UniqueConstraint("id", "case_id"),
        CheckConstraint(one_of("result", ("match", "mismatch", "could_not")), name="result"),
        CheckConstraint(
            "(attested_by = 'system' AND person_id IS NULL AND part IS NULL AND NOT repeated) OR"
            # digits keyed on a call that the second person placed: the system wrote it, for that person
            " (attested_by = 'system' AND repeated AND method = 'H3' AND person_id IS NOT NULL"
            " AND part IS NOT NULL AND part = 'approver') OR"
            " (attested_by = 'person' AND person_id IS NOT NULL AND part IS NOT NULL"
            " AND ((repeated AND part = 'approver') OR (NOT repeated AND part = 'verifier')))",
            name="attested",
        ),
        CheckConstraint(
            "(witness_id IS NULL AND witness_part IS NULL) OR (witness_id IS NOT NULL AND witness_part IS NOT NULL"
            " AND witness_part = 'verifier' AND person_id IS NOT NULL AND witness_id <> person_id)",
            name="witness",
        ),
    )


class CheckOpening(Base):
    """The second person opened one person-attested check and ticked it."""

    __tablename__ = "check_opening"

    check_id: Mapped[str] = fact(String(32), primary_key=True)
    person_id: Mapped[str] = fact(String(32), primary_key=True)
    case_id: Mapped[str] = fact(String(32))
    part: Mapped[str] = fact(String(10), default="approver")
    at: Mapped[datetime] = fact(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(
            ["case_id", "person_id", "part"],
            ["case_party.case_id", "case_party.person_id", "case_party.part"],
            name="fk_check_opening_party",
        ),
        # Of the same case: else an approver of one case could tick the checks that they recorded in another.
        ForeignKeyConstraint(
            ["check_id", "case_id"],
            ["identity_check.id", "identity_check.case_id"],
            name="fk_check_opening_check",
        ),
        CheckConstraint("part = 'approver'", name="part"),
    )


class CaseTimer(Base):
    """One thing that will happen to a case because time passes. Leaving the status deletes its rows."""

    __tablename__ = "case_timer"

    case_id: Mapped[str] = ref("cases.id", primary_key=True)
    act: Mapped[str] = fact(String(24), primary_key=True)
    at: Mapped[datetime] = fact(UtcDateTime, primary_key=True)

    __table_args__ = (Index("ix_case_timer_due", "at"),)


class Objection(Base):
    """ "This was not me": a row of the account, with or without a case."""

    __tablename__ = "objection"

    id: Mapped[str] = key()
    account_id: Mapped[str | None] = ref("account.id", index=True)
    case_id: Mapped[str | None] = ref("cases.id", index=True)
    contact_id: Mapped[str | None] = ref("contact.id")
    channel: Mapped[str] = fact(String(12))
    at: Mapped[datetime] = fact(UtcDateTime)
    outcome: Mapped[str | None] = fact(String(10))  # upheld (the request stood), founded, or still open
    decided_at: Mapped[datetime | None] = fact(UtcDateTime)

    __table_args__ = (UniqueConstraint("case_id", "contact_id"),)
