"""How a request comes in: sent, confirmed, matched with the register, merged or contested, withdrawn."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from sqlalchemy import select

from portal import outbox, receipts, throttle, tokens
from portal.casework import (
    accounts,
    contests,
    drafts,
    proofs,
    self_service_facts,
    self_service_handover,
    tiers,
    transition,
)
from portal.casework.context import Context, Refused, Throttled
from portal.casework.owner_sessions import Visitor
from portal.casework.telling import Recipient, put_notice
from portal.domain.lifecycle import Act, Status
from portal.domain.names import search_parts
from portal.domain.notices import Notice
from portal.domain.reference import new_reference
from portal.models import Account, Case, Contact, Principal, SelfService, new_id

TYPED = ("account_email", "reply_email", "phone", "name", "kana", "latin_name", "organisation", "detail")
CONSENTS = ("declaration", "waiting", "privacy")
MATCHABLE = frozenset({Status.QUEUED, Status.VERIFYING, Status.WAITING_OWNER})


@dataclass(frozen=True)
class OwnerRequest:
    """What the form says, already parsed: canonical addresses, E.164 numbers, names exactly as typed."""

    language: str
    principal_kind: str
    account_email: str
    account_number: str | None
    name: str
    kana: str | None
    latin_name: str | None
    organisation: str | None
    holder_kind: str
    is_administrator: str
    reply_email: str
    phone: str
    call_time: str | None
    registered_phone: str
    phone_on_device: str
    problem: str
    device_kind: str | None
    theft_suspected: bool
    detail: str | None
    accepted: Mapping[str, str]
    triage: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Submitted:
    case_id: str
    reference: str
    repeated: bool  # the same draft was sent before


def submit(
    ctx: Context, raw_draft: str, request: OwnerRequest, *, visitor: Visitor | None = None
) -> Submitted:
    """Record a request. One draft makes one case, however often and in how many tabs it is sent.

    No account is looked up here: the answer is the same, and takes as long, whether one exists or not. `visitor` is the
    browser that proved a password on the owner's own path and could not finish it.
    """
    _limit(ctx, "submit_hour", timedelta(hours=1), ctx.limits.submissions_per_ip_hour, raw_draft)
    _limit(ctx, "submit_day", timedelta(days=1), ctx.limits.submissions_per_ip_day, raw_draft)
    with ctx.act():
        draft = drafts.find(ctx, raw_draft, lock=True)
        if draft is None:
            raise Refused("draft_gone")
        if draft.case_id is not None:
            before = ctx.session.get_one(Case, draft.case_id)
            return Submitted(before.id, before.reference, repeated=True)
        attempt = self_service_handover.failed_of(ctx, visitor) if visitor else None
        case = file(ctx, draft.subject_id, request, attempt_id=attempt.id if attempt else None)
        draft.case_id, draft.sealed_answers = case.id, None
    return Submitted(case.id, case.reference, repeated=False)


def _limit(ctx: Context, rule: str, window: timedelta, most: int, raw_draft: str) -> None:
    """Count per address, in an act of its own: the count must outlive a refusal. A repeated press is not counted."""
    answers = drafts.read(ctx, raw_draft)
    if answers is None or answers.case_id is not None:
        return
    with ctx.act():
        count = throttle.hit(ctx.session, ctx.vault, rule, ctx.origin.address, window=window, now=ctx.now)
    if count > most:
        raise Throttled(int(window.total_seconds()))


def file(
    ctx: Context,
    subject_id: str,
    request: OwnerRequest,
    *,
    attempt_id: str | None = None,
    training: bool = False,
) -> Case:
    """Make the case of a request, with its receipt, in the caller's act."""
    case = _new_case(ctx, subject_id, request)
    case.self_service_id, case.training = attempt_id, training
    transition.open_case(
        ctx,
        case,
        Act.SUBMIT,
        said={
            "language": case.language,
            "principal": case.principal_kind,
            "problem": case.problem,
            "registered_phone": case.registered_phone,
            "phone_on_device": case.phone_on_device,
            "theft": case.theft_suspected,
            "holder": case.holder_kind,
            "administrator": case.is_administrator,
            "texts": dict(request.accepted),
        },
    )
    receipts.freeze(ctx, case, "receipt")
    return case


def _new_case(ctx: Context, subject_id: str, request: OwnerRequest) -> Case:
    """What the owner said, sealed where it is personal, and the terms by which it is found."""
    case = Case(
        id=new_id(),
        subject_id=subject_id,
        reference=new_reference(secrets.token_bytes),
        language=request.language,
        principal_kind=request.principal_kind,
        account_number=request.account_number,
        problem=request.problem,
        device_kind=request.device_kind,
        registered_phone=request.registered_phone,
        phone_on_device=request.phone_on_device,
        theft_suspected=request.theft_suspected,
        holder_kind=request.holder_kind,
        is_administrator=request.is_administrator,
        call_time=request.call_time,
        triage=dict(request.triage),
        accepted=dict(request.accepted),
        tier="standard",
        tier_reasons=[],
        round=1,
    )
    for column in TYPED:
        ctx.vault.seal(ctx.session, subject_id, case, column, getattr(request, column))
    ctx.vault.seal_json(ctx.session, subject_id, case, "origin", asdict(ctx.origin))
    _add_terms(ctx, case, request)
    return case


def _add_terms(ctx: Context, case: Case, request: OwnerRequest) -> None:
    terms = {
        "email": {request.account_email, request.reply_email},
        "phone": {request.phone},
        "name": {
            part
            for name in (request.name, request.kana, request.latin_name)
            if name
            for part in search_parts(name)
        },
        "network": {ctx.origin.address},
    }
    ctx.vault.add_terms(ctx.session, case.subject_id, terms)


def confirm(ctx: Context, raw: str) -> Case | None:
    """The owner pressed "confirm" on the page of the mailed link. None when the link is no longer good."""
    with ctx.act():
        link = tokens.consume(ctx.session, raw, "confirm", now=ctx.now)
        if link is None or link.case_id is None:
            return None
        case = transition.lock(ctx.session, link.case_id)
        take_in(ctx, case)
    return case


def take_in(ctx: Context, case: Case) -> None:
    """Let a request whose address is confirmed come to the desk, in the caller's act."""
    transition.apply(ctx, case, Act.CONFIRM, confirmed_at=ctx.now)
    outbox.put(ctx.session, ctx.vault, "match", unique_key=f"{case.id}:match", now=ctx.now, case_id=case.id)


def match(ctx: Context, case_id: str, *, cause: str = "confirmed") -> None:
    """Find the account that a confirmed request is about, in the worker, where nobody can time it."""
    ctx = ctx.as_system()
    with ctx.act():
        account = _account_named(ctx, case_id)
        case = transition.lock(ctx.session, case_id)
        if case.status not in MATCHABLE or case.account_id is not None:
            return
        if account is None:
            transition.apply(ctx, case, Act.MATCH, said={"cause": "no_account"}, matched_at=ctx.now)
        else:
            _attach(ctx, case, account, cause)
        contests.settle(ctx, case)


def _account_named(ctx: Context, case_id: str) -> Account | None:
    """The account that was typed, held until the end of the act: of two requests matched at once the second sees the first."""
    case = ctx.session.get_one(Case, case_id)
    email = ctx.vault.open(ctx.session, case.subject_id, case, "account_email")
    account = accounts.lookup_by(ctx, email=email, account_number=case.account_number, training=case.training)
    if account is not None:
        ctx.session.refresh(account, with_for_update={"key_share": True})
    return account


def _attach(ctx: Context, case: Case, account: Account, cause: str) -> None:
    principals = ctx.session.execute(
        select(Principal).where(Principal.account_id == account.id, Principal.kind == case.principal_kind)
    ).scalars()
    # Of several IAM users nobody can tell which one is meant: then there is an account, and no device to remove.
    principal = only[0] if len(only := list(principals)) == 1 else None
    own = own_contact(ctx, case, account)
    case.account_id, case.principal_id = account.id, principal.id if principal else None
    case.proven_by = _proven_by(ctx, case, account, own)
    verdict = tiers.computed(ctx, case)
    transition.apply(
        ctx,
        case,
        Act.MATCH,
        said={
            "cause": cause,
            "account": account.id,
            "principal": case.principal_id,
            "proven": case.proven_by,
            "tier": verdict.tier,
            "reasons": list(verdict.reasons),
        },
        matched_at=ctx.now,
        tier=verdict.tier,
        tier_reasons=list(verdict.reasons),
    )
    if own is not None and own.kind == "email":
        # The reply address is a registered mailbox and its link was opened: that is method H1, already done.
        proofs.record_proof(ctx, case, "H1", contact_id=own.id, evidence={"link": "confirm"})


def _proven_by(ctx: Context, case: Case, account: Account, own: Contact | None) -> str | None:
    """The password, where the browser that sent this request had proven it for this very account and user."""
    attempt = ctx.session.get(SelfService, case.self_service_id) if case.self_service_id else None
    user = ctx.session.get(Principal, case.principal_id) if case.principal_id else None
    is_theirs = attempt and user and attempt.password_at and attempt.principal_id == user.id
    if user and is_theirs and self_service_facts.password_stands(ctx, account, user):
        return "password"
    return "contact" if own else case.proven_by


def own_contact(ctx: Context, case: Case, account: Account) -> Contact | None:
    """The registered mailbox that the requester has proven to hold by confirming, if it is one."""
    reply = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email")
    query = select(Contact).where(
        Contact.account_id == account.id, Contact.kind == "email", Contact.retired_at.is_(None)
    )
    for contact in ctx.session.execute(query).scalars():
        if ctx.vault.open(ctx.session, account.subject_id, contact, "value") == reply:
            return contact
    return None


def rematch(ctx: Context, *, account: Account) -> None:
    """An entry came into the register: requests that waited for it are matched anew, in the worker."""
    emails = ctx.session.execute(
        select(Contact).where(Contact.account_id == account.id, Contact.kind == "email")
    ).scalars()
    values = [ctx.vault.open(ctx.session, account.subject_id, contact, "value") for contact in emails]
    subjects = {
        subject for value in values if value for subject in ctx.vault.find(ctx.session, "email", value)
    }
    waiting = select(Case.id, Case.audit_seq).where(
        Case.account_id.is_(None),
        Case.status.in_(MATCHABLE),
        (Case.account_number == account.number) | Case.subject_id.in_(subjects),
    )
    for case_id, seq in ctx.session.execute(waiting).all():
        # once: the file may hold two accounts that the request names, one by its address and one by its number
        outbox.put_once(
            ctx.session, "match", unique_key=f"{case_id}:match:{seq}", now=ctx.now, case_id=case_id
        )


def withdraw(ctx: Context, case_id: str, reason: str) -> Status:
    """The requester, by a link to their own address, takes the request back. Repeating it changes nothing."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        if case.status == Status.CANCELLED:
            return Status.CANCELLED
        transition.apply(
            ctx,
            case,
            Act.WITHDRAW,
            said={"why": reason},
            params={"why": reason},
            close_reason=_close_reason(reason),
        )
        outbox.cancel(ctx.session, now=ctx.now, case_id=case.id, notice="received")
        return Status(case.status)


def _close_reason(reason: str) -> str:
    return reason if reason in {"not_mine", "device_works", "solved_elsewhere"} else "withdrawn"


def ask_for_link(ctx: Context, reference: str, email: str) -> None:
    """ "Find my request": queued for the worker unseen, so that the answer tells nothing. Once an hour per pair."""
    window = timedelta(hours=1)
    with ctx.act():
        count = throttle.hit(
            ctx.session, ctx.vault, "find_request", ctx.origin.address, window=window, now=ctx.now
        )
    if count > ctx.limits.lookups_per_ip_hour:
        raise Throttled(int(window.total_seconds()))
    hour = ctx.now.strftime("%Y%m%d%H")
    unique_key = f"find:{reference}:{ctx.vault.digest('email', email)}:{hour}"
    with ctx.act():
        outbox.put_once(ctx.session, "find", unique_key=unique_key, now=ctx.now)


def send_found_link(ctx: Context, unique_key: str) -> None:
    """Worker's half of `ask_for_link`: mail the status link if reference and address belong together."""
    _, reference, digest, _ = unique_key.split(":")
    with ctx.act():
        case = ctx.session.execute(select(Case).where(Case.reference == reference)).scalar_one_or_none()
        reply = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email") if case else None
        confirmed = case is not None and case.status != Status.UNCONFIRMED
        if case is None or reply is None or not confirmed or ctx.vault.digest("email", reply) != digest:
            return
        notice = Notice("find_link", "requester", links=("status",))
        put_notice(ctx, case, notice, Recipient(f"requester:{unique_key[-10:]}", case.language), {})
