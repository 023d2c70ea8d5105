"""Everything that is held about whoever a case or an account is about, opened, to be handed to them at their request.

It is found as deletion finds it, by what every column declares: a column that is forgotten here fails a test. What it holds
goes out of our hands, so it takes a lead or an admin with a fresh code and a reason, and stands in the audit log.

Asking for "my data" is a thief's way to learn what the checks will ask for. So nobody who says that they are the person gets
any while that is just being found out or disputed, and whom it is about always hears of it. What an authority gets is for its
own ears: then only the desk is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, inspect, select

from portal import audit
from portal.casework import account_notices, erasure, fresh, staff_mail, transition
from portal.casework.context import Context, NotFound, Refused
from portal.casework.facts import asked_facts, is_objected_to
from portal.casework.telling import Recipient, put_notice
from portal.contact import mask_account_number
from portal.domain.lifecycle import Role
from portal.domain.notices import DATA_EXPORTED
from portal.models import (
    Account,
    AccountMark,
    AuditEvent,
    Base,
    Case,
    Contact,
    Document,
    Draft,
    IdentityCheck,
    LegalHold,
    LinkToken,
    ManagedRemoval,
    Message,
    MessageDraft,
    Objection,
    OutboxRow,
    OwnerSession,
    PhoneCall,
    PhoneChange,
    Principal,
    Proposal,
    Removal,
    SelfService,
    new_id,
)
from portal.tlog import checkpoints

MAY = frozenset({Role.LEAD, Role.ADMIN})
BY_PERSON, BY_AUTHORITY = REASONS = ("asked_by_person", "asked_by_authority")
FORMS = ("json", "text")
WRITTEN_AS_JSON = frozenset({"evidence", "origin", "payload", "facts", "answers"})

# What is not handed out, and why. Everything else that a column of these tables holds is.
LEFT_OUT: Mapping[str, str] = {
    "document.sealed_pdf": "the paper says what `facts` says, and the person has it",
    "phone_call.number_digest": "a keyed digest of a number that stands among the contacts",
}

Which = Callable[[Any], ColumnElement[bool]]
Several = tuple[tuple[type[Base], Which], ...]

OF_CASE: Mapping[str, Several] = {
    "case": ((Case, lambda case: Case.id == case.id),),
    "checks": ((IdentityCheck, lambda case: IdentityCheck.case_id == case.id),),
    "messages": ((Message, lambda case: Message.case_id == case.id),),
    "drafts": (
        (MessageDraft, lambda case: MessageDraft.case_id == case.id),
        (Draft, lambda case: Draft.case_id == case.id),
    ),
    "papers": ((Document, lambda case: Document.case_id == case.id),),
    "calls": ((PhoneCall, lambda case: PhoneCall.case_id == case.id),),
    "objections": ((Objection, lambda case: Objection.case_id == case.id),),
    "removals": ((Removal, lambda case: Removal.case_id == case.id),),
    "notices": ((OutboxRow, lambda case: OutboxRow.case_id == case.id),),
    "links": ((LinkToken, lambda case: LinkToken.case_id == case.id),),
    "resets": ((SelfService, lambda case: SelfService.id == case.self_service_id),),
    "decisions": ((Proposal, lambda case: Proposal.target_id == case.id),),
    "holds": ((LegalHold, lambda case: LegalHold.case_id == case.id),),
    "history": ((AuditEvent, lambda case: AuditEvent.stream == f"case:{case.id}"),),
}
OF_ACCOUNT: Mapping[str, Several] = {
    "account": ((Account, lambda account: Account.id == account.id),),
    "principals": ((Principal, lambda account: Principal.account_id == account.id),),
    "contacts": ((Contact, lambda account: Contact.account_id == account.id),),
    "marks": ((AccountMark, lambda account: AccountMark.account_id == account.id),),
    "calls": ((PhoneCall, lambda account: PhoneCall.account_id == account.id),),
    "resets": ((SelfService, lambda account: SelfService.account_id == account.id),),
    "papers": (
        (
            Document,
            lambda account: Document.self_service_id.in_(
                select(SelfService.id).where(SelfService.account_id == account.id)
            ),
        ),
    ),
    "phone_changes": ((PhoneChange, lambda account: PhoneChange.account_id == account.id),),
    "managed_removals": ((ManagedRemoval, lambda account: ManagedRemoval.account_id == account.id),),
    "sessions": ((OwnerSession, lambda account: OwnerSession.account_id == account.id),),
    "objections": ((Objection, lambda account: Objection.account_id == account.id),),
    "links": ((LinkToken, lambda account: LinkToken.account_id == account.id),),
    "decisions": ((Proposal, lambda account: Proposal.target_id == account.id),),
    "history": ((AuditEvent, lambda account: AuditEvent.stream == f"account:{account.id}"),),
}
# Requests for an account are named, not opened: who filed one may be somebody else, and each is exported by itself.
REQUESTS = "cases"
PARTS = (*dict.fromkeys((*OF_CASE, *OF_ACCOUNT, REQUESTS)),)


@dataclass(frozen=True)
class Handed:
    """What goes to the person: `name` is for the file, `parts` hold rows made of primitives."""

    name: str
    about: Mapping[str, str]
    collected_at: datetime
    log_head: str | None
    parts: Mapping[str, Sequence[Mapping[str, Any]]]

    def as_json(self) -> str:
        """The whole as one file, readable by people and machines."""
        whole = {
            "about": self.about,
            "collected_at": audit.timestamp(self.collected_at),
            "log_head": self.log_head,
            "left_out": LEFT_OUT,
            **self.parts,
        }
        return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def of_case(ctx: Context, case_id: str, *, form: str, reason: str, code: str | None = None) -> Handed:
    """All about a case. People give a fresh code; the desk's own command line acts as the system."""
    _require(ctx, form, reason, code)
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        if asked_facts(ctx, case).own_account:
            raise Refused("own_account")
        _refuse(reason, _doubt_about_case(ctx, case))
        _record(ctx, "case:data:exported", {"case": case.id, "form": form, "why": reason})
        _tell_of_case(ctx, case, reason)
        parts = {part: _rows(ctx, several, case) for part, several in OF_CASE.items()}
        return _handed(ctx, case.reference, {"case": case.reference}, parts)


def of_account(ctx: Context, account_id: str, *, form: str, reason: str, code: str | None = None) -> Handed:
    """All about an account of the register, and the receipt numbers of the requests for it."""
    _require(ctx, form, reason, code)
    with ctx.act():
        account = ctx.session.get(Account, account_id)
        if account is None:
            raise NotFound()
        if erasure.is_own(ctx, account):
            raise Refused("own_account")
        _refuse(reason, _doubt_about_account(ctx, account))
        _record(ctx, "account:data:exported", {"account": account.id, "form": form, "why": reason})
        _tell_staff(ctx, mask_account_number(account.number), reason)
        _tell_mailboxes(ctx, account, "account", reason)
        parts = {part: _rows(ctx, several, account) for part, several in OF_ACCOUNT.items()}
        parts[REQUESTS] = _requests(ctx, account)
        return _handed(ctx, account.number, {"account": account.number}, parts)


def _require(ctx: Context, form: str, reason: str, code: str | None) -> None:
    if form not in FORMS:
        raise Refused("value_unknown", field="form")
    if Role.SYSTEM in ctx.actor.roles:
        return
    if not ctx.actor.is_any(MAY) or ctx.actor.person_id is None:
        raise Refused("wrong_role")
    if reason not in REASONS:
        raise Refused("reason_missing", field="reason")
    fresh.factor(ctx, code or "")


def _refuse(reason: str, doubt: str | None) -> None:
    if reason == BY_PERSON and doubt:
        raise Refused(doubt, field="reason")


def _doubt_about_case(ctx: Context, case: Case) -> str | None:
    """Why it is not known that who asks is the person, or None."""
    if case.closed_at is None:
        return "request_open"
    query = select(Objection.outcome).where(Objection.case_id == case.id)
    outcomes = set(ctx.session.execute(query).scalars())
    if None in outcomes:
        return "objection_open"
    return "not_theirs" if "founded" in outcomes else None


def _doubt_about_account(ctx: Context, account: Account) -> str | None:
    if is_objected_to(ctx.session, account.id):
        return "objection_open"
    return "account_in_use" if erasure.is_in_use(ctx, account) else None


def _tell_of_case(ctx: Context, case: Case, reason: str) -> None:
    _tell_staff(ctx, case.reference, reason)
    if reason == BY_PERSON and case.confirmed_at is not None and case.sealed_reply_email is not None:
        put_notice(ctx, case, DATA_EXPORTED, Recipient(f"requester:{new_id()}", case.language), {})
    if case.account_id is not None:
        _tell_mailboxes(ctx, ctx.session.get_one(Account, case.account_id), "request", reason)


def _tell_mailboxes(ctx: Context, account: Account, what: str, reason: str) -> None:
    if reason == BY_PERSON and account.erased_at is None:
        account_notices.tell_account(
            ctx, account, "account_exported", params={"what": what}, links=("stop",), cause=new_id()
        )


def _tell_staff(ctx: Context, about: str, reason: str) -> None:
    """Who takes data out alone is seen by all who could have done it, and by compliance."""
    staff_mail.about_retention(
        ctx,
        kind=reason,
        state="handed_out",
        about=about,
        by=ctx.actor.name or "",
        decider="",
        effective_at=audit.timestamp(ctx.now),
    )


def _record(ctx: Context, tag: str, facts: Mapping[str, Any]) -> None:
    stream = f"staff:{ctx.actor.staff_id}" if ctx.actor.staff_id else "system"
    audit.append(ctx.session, stream, tag, actor=ctx.actor_name, at=ctx.now, facts=facts)


def _handed(
    ctx: Context, name: str, about: Mapping[str, str], parts: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Handed:
    head = checkpoints.newest_note(ctx.session)
    return Handed(name, about, ctx.now, head, {part: rows for part, rows in parts.items() if rows})


def _rows(ctx: Context, several: Several, whose: Case | Account) -> list[dict[str, Any]]:
    found = []
    for model, which in several:
        order = [getattr(model, column.name) for column in inspect(model).primary_key]
        time = next(
            (name for name in ("sseq", "created_at", "recorded_at", "at") if hasattr(model, name)), None
        )
        query = select(model).where(which(whose)).order_by(*([getattr(model, time)] if time else []), *order)
        found += [_row(ctx, row, whose) for row in ctx.session.execute(query).scalars()]
    return found


def _row(ctx: Context, row: Any, whose: Case | Account) -> dict[str, Any]:
    """What a row holds: facts as they are, what is sealed opened. Nothing in it is left out without a reason."""
    if isinstance(row, AuditEvent):
        event: dict[str, Any] = json.loads(row.event_bytes)
        return event
    subject_id = _subject_of(ctx, row, whose)
    values = {}
    for column in row.__table__.columns:
        if not is_handed(column.table.name, column.name, column.info["holds"]):
            continue
        name = column.name.removeprefix("sealed_")
        is_sealed = name != column.name
        value = _opened(ctx, subject_id, row, name) if is_sealed else getattr(row, column.name)
        values[name] = audit.timestamp(value) if isinstance(value, datetime) else value
    return {name: value for name, value in values.items() if value is not None}


def is_handed(table: str, column: str, holds: str) -> bool:
    """Whether an export shows this column. Secrets open doors and say nothing about anybody."""
    return holds != "secret" and f"{table}.{column}" not in LEFT_OUT


def _subject_of(ctx: Context, row: Any, whose: Case | Account) -> str:
    """Whose key a row is sealed with: its own subject's, its account's, or its case's."""
    if subject_id := getattr(row, "subject_id", None):
        return str(subject_id)
    if account_id := getattr(row, "account_id", None):
        return str(ctx.session.get_one(Account, account_id).subject_id)
    return whose.subject_id


def _opened(ctx: Context, subject_id: str, row: Any, name: str) -> Any:
    opened = ctx.vault.open_json if name in WRITTEN_AS_JSON else ctx.vault.open
    return opened(ctx.session, subject_id, row, name)


def _requests(ctx: Context, account: Account) -> list[dict[str, Any]]:
    query = select(Case).where(Case.account_id == account.id).order_by(Case.created_at, Case.id)
    return [
        {"reference": case.reference, "status": case.status, "created_at": audit.timestamp(case.created_at)}
        for case in ctx.session.execute(query).scalars()
    ]
