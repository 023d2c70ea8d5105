"""What a paper says: facts frozen in the act's transaction, painted once by the worker, stored sealed, never painted again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from portal import audit, outbox
from portal import contact as contacts
from portal.audit import timestamp
from portal.business_calendar import is_holiday
from portal.domain.business_time import add_business_hours
from portal.domain.languages import LANGUAGES
from portal.domain.methods import METHODS
from portal.domain.policy import POLICY_VERSION
from portal.models import (
    Account,
    AuditEvent,
    Case,
    Contact,
    Document,
    IdentityCheck,
    OutboxRow,
    SelfService,
    new_id,
)
from portal.tlog import checkpoints

if TYPE_CHECKING:
    from portal.casework.context import Context

# 2: the newest signed head of the audit log is frozen with the facts, and a code leads to the page that checks the paper.
TEMPLATE_VERSION = "2"
# How a paper names a contact that was told.
MASKS: Mapping[str, Callable[[str], str]] = {"email": contacts.mask_email, "phone": contacts.mask_phone}


def freeze(ctx: Context, case: Case, kind: str, *, sessions_ended: int = 0) -> Document:
    """Freeze the facts of a receipt or completion notice and queue its painting, in the caller's act."""
    facts = _head(ctx, case)
    if kind == "completion":
        facts |= _completed(ctx, case, sessions_ended)
    return _put(ctx, case, kind, facts)


def freeze_letter(ctx: Context, case: Case, contact: Contact, code: str, valid_until: datetime) -> str:
    """Freeze the letter of method H4 and return the document's id."""
    account = ctx.session.get_one(Account, case.account_id)
    address = ctx.vault.open(ctx.session, account.subject_id, contact, "value") or ""
    facts = {
        "reference": case.reference,
        "address_lines": [line for line in address.splitlines() if line.strip()],
        "name": ctx.vault.open(ctx.session, account.subject_id, account, "name") or "",
        "code_groups": [code[at : at + 4] for at in range(0, len(code), 4)],
        "valid_until": timestamp(valid_until),
    }
    return _put(ctx, case, "letter", facts).id


def _put(ctx: Context, case: Case, kind: str, facts: dict[str, Any]) -> Document:
    session = ctx.session
    document = Document(
        id=new_id(),
        case_id=case.id,
        kind=kind,
        round=_next_copy(ctx, case, kind),
        language=case.language,
        template_version=TEMPLATE_VERSION,
        subject_id=case.subject_id,
        created_at=ctx.now,
    )
    facts |= _issued(ctx, document)
    ctx.vault.seal_json(session, case.subject_id, document, "facts", facts)
    session.add(document)
    session.flush()
    outbox.put(
        session, ctx.vault, "document", unique_key=f"{document.id}:document", now=ctx.now, case_id=case.id
    )
    return document


def _issued(ctx: Context, document: Document) -> dict[str, Any]:
    return {
        "document_id": document.id,
        "issued_at": timestamp(ctx.now),
        "template_version": TEMPLATE_VERSION,
        "checkpoint": checkpoints.newest_note(ctx.session),
    }


def freeze_reset(ctx: Context, attempt: SelfService, *, sessions_ended: int) -> Document:
    """Freeze the notice of a device that its owner has removed, and queue its painting, in the caller's act."""
    account = ctx.session.get_one(Account, attempt.account_id)
    document = Document(
        id=new_id(),
        self_service_id=attempt.id,
        kind="reset",
        round=1,
        language=attempt.language,
        template_version=TEMPLATE_VERSION,
        subject_id=account.subject_id,
        created_at=ctx.now,
    )
    facts = _issued(ctx, document) | {
        "policy_version": POLICY_VERSION,
        "account_masked": contacts.mask_account_number(account.number),
        "device": attempt.device_label or "",
        "removed_at": timestamp(ctx.now),
        "proofs": ["password", "mailbox", "call"],
        "waited_until": timestamp(attempt.hold_until) if attempt.hold_until else None,
        "sessions_ended": sessions_ended,
        "contacts_told": _being_told(ctx, account, attempt),
        "object_until": timestamp(ctx.now + ctx.limits.objection_window),
    }
    ctx.vault.seal_json(ctx.session, account.subject_id, document, "facts", facts)
    ctx.session.add(document)
    ctx.session.flush()
    outbox.put(ctx.session, ctx.vault, "document", unique_key=f"{document.id}:document", now=ctx.now)
    return document


def _being_told(ctx: Context, account: Account, attempt: SelfService) -> list[str]:
    """The contacts to which the news is on its way: this paper is made in the act that queues it."""
    query = (
        select(Contact)
        .join(OutboxRow, OutboxRow.contact_id == Contact.id)
        .where(OutboxRow.unique_key.startswith(f"{attempt.id}:self_service_done:"))
        .distinct()
    )
    told = ctx.session.execute(query.order_by(Contact.created_at, Contact.id)).scalars()
    return [
        MASKS[row.kind](ctx.vault.open(ctx.session, account.subject_id, row, "value") or "") for row in told
    ]


def reset_of(ctx: Context, attempt_id: str) -> Document | None:
    """The paper about a removal in self-service."""
    query = select(Document).where(Document.self_service_id == attempt_id)
    return ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def _next_copy(ctx: Context, case: Case, kind: str) -> int:
    query = select(Document.round).where(Document.case_id == case.id, Document.kind == kind)
    return max(ctx.session.execute(query).scalars(), default=0) + 1


def _head(ctx: Context, case: Case) -> dict[str, Any]:
    session, vault, limits = ctx.session, ctx.vault, ctx.limits
    language = LANGUAGES[case.language]
    first_answer = add_business_hours(
        ctx.now, limits.first_answer_hours, language.support, lambda day: is_holiday(language.code, day)
    )
    return {
        "reference": case.reference,
        "status": case.status,
        "name": vault.open(session, case.subject_id, case, "name") or "",
        "account_masked": masked_account(ctx, case),
        "contact_masked": contacts.mask_email(
            vault.open(session, case.subject_id, case, "reply_email") or ""
        ),
        "reason": case.problem,
        "language": case.language,
        "submitted_at": timestamp(case.created_at),
        "first_answer_by": timestamp(first_answer),
        "confirm_by": timestamp(case.created_at + limits.confirm_life),
        "waiting_hours": case.waiting_hours or limits.wait_standard_hours,
        "policy_version": POLICY_VERSION,
    }


def masked_account(ctx: Context, case: Case) -> str:
    """How pages, mails and papers name the account: its number if it was given, else its address, mostly hidden."""
    if case.account_number:
        return contacts.mask_account_number(case.account_number)
    email = ctx.vault.open(ctx.session, case.subject_id, case, "account_email")
    return contacts.mask_email(email) if email else "—"


def _completed(ctx: Context, case: Case, sessions_ended: int) -> dict[str, Any]:
    assert case.deactivated_at is not None
    told = _told(ctx, case)
    return {
        "deactivated_at": timestamp(case.deactivated_at),
        "devices": [
            {"label": device["label"], "kind": device["kind"], "serial_end": device["serial_end"]}
            for device in case.devices
        ],
        "after_check": True,
        "needs_pass": _needs_pass(ctx, case),
        "sessions_ended": sessions_ended,
        "checks": _classes_passed(ctx, case),
        "contacts_told": [each["contact"] for each in told],
        "told": told,
        "course": _course(ctx, case),
        "approved": True,
        "object_until": timestamp(case.deactivated_at + ctx.limits.objection_window),
    }


def _needs_pass(ctx: Context, case: Case) -> bool:
    account = ctx.session.get_one(Account, case.account_id)
    return ctx.connectors[account.connector].holds_pass


def _classes_passed(ctx: Context, case: Case) -> list[str]:
    """Kinds of proof only, no methods and no values: the paper may lie on a desk."""
    query = select(IdentityCheck.method).where(
        IdentityCheck.case_id == case.id,
        IdentityCheck.round == case.round,
        IdentityCheck.result == "match",
        IdentityCheck.voided_at.is_(None),
    )
    return sorted({METHODS[method].klass for method in ctx.session.execute(query).scalars()})


def _told(ctx: Context, case: Case) -> list[dict[str, str]]:
    """Each contact that was told, masked, and when it was told first."""
    account = ctx.session.get_one(Account, case.account_id)
    query = (
        select(Contact, func.min(OutboxRow.done_at))
        .join(OutboxRow, OutboxRow.contact_id == Contact.id)
        .where(OutboxRow.case_id == case.id, OutboxRow.state == "done", OutboxRow.notice.is_not(None))
        .group_by(Contact.id)
    )
    told = ctx.session.execute(query.order_by(Contact.created_at, Contact.id)).all()
    opened = [
        (ctx.vault.open(ctx.session, account.subject_id, row, "value") or "", row, at) for row, at in told
    ]
    return [{"contact": MASKS[row.kind](value), "at": timestamp(at or ctx.now)} for value, row, at in opened]


def _course(ctx: Context, case: Case) -> list[dict[str, str]]:
    """Every status that the case has had, and since when, as its events tell."""
    query = select(AuditEvent.status_after, AuditEvent.at).where(AuditEvent.case_id == case.id)
    course: list[dict[str, str]] = []
    for status, at in [*ctx.session.execute(query.order_by(AuditEvent.sseq)), (case.status, ctx.now)]:
        if not course or course[-1]["status"] != status:
            course.append({"status": status, "at": timestamp(at)})
    return course


def open_facts(ctx: Context, document: Document) -> dict[str, Any]:
    """The frozen facts; empty once the subject was erased."""
    return dict(ctx.vault.open_json(ctx.session, document.subject_id, document, "facts") or {})


def open_pdf(ctx: Context, document: Document) -> bytes | None:
    """The painted paper, or None while it is being made."""
    return ctx.vault.open_bytes(ctx.session, document.subject_id, document, "pdf")


def store(ctx: Context, document_id: str, pdf: bytes) -> None:
    """Keep the painted paper. The first painter wins: what was once handed out is never replaced."""
    with ctx.act():
        query = select(Document).where(Document.id == document_id).with_for_update(key_share=True)
        document = ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one()
        if document.painted_at is None:
            ctx.vault.seal(ctx.session, document.subject_id, document, "pdf", pdf)
            document.sha256, document.size = hashlib.sha256(pdf).hexdigest(), len(pdf)
            document.painted_at = ctx.now
            audit.append(
                ctx.session,
                "system",
                "system:paper:issued",
                actor=ctx.actor_name,
                at=ctx.now,
                facts={
                    "document": document.id,
                    "case": document.case_id,
                    "attempt": document.self_service_id,
                    "kind": document.kind,
                    "digest": document.sha256,
                },
            )


def document_of(ctx: Context, case: Case, kind: str) -> Document | None:
    """The newest paper of a kind."""
    query = select(Document).where(Document.case_id == case.id, Document.kind == kind)
    return ctx.session.execute(query.order_by(Document.round.desc()).limit(1)).scalar_one_or_none()
