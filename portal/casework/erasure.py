"""Erasure on request: of one ended case, or of an account with all its ended cases. Two agree, and a day goes by.

At the agreement the requester, or every registered mailbox, is told what will be erased and when. The key is destroyed a
day later, when the mail has left or could not; until then anybody who may decide can stop it, and that is told as well.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, exists, select, update

from portal import audit
from portal.casework import account_notices, legal_hold, registry, shredding, transition
from portal.casework.context import Context, Refused
from portal.casework.facts import is_objected_to
from portal.casework.telling import Recipient, put_notice
from portal.domain.lifecycle import Act
from portal.domain.notices import DATA_ERASED
from portal.domain.retention import KEY_GONE
from portal.models import (
    PROPOSAL_PENDING,
    Account,
    Base,
    Case,
    Contact,
    LegalHold,
    LinkToken,
    OutboxRow,
    OwnerSession,
    Principal,
    Proposal,
    SelfService,
    Staff,
)

# What an erased account is called: no number that anybody could type, so that the real one can be registered anew.
NUMBER = "X{}"


def refusal(ctx: Context, case: Case) -> str | None:
    """Why this case cannot be erased now, or None."""
    if legal_hold.is_proposed(ctx.session, case.id):
        return "hold_proposed"
    return legal_hold.refusal(ctx, case, Act.ERASE)


def erase(ctx: Context, case: Case, proposal: Proposal) -> None:
    shredding.erase(ctx, case, proposal)


def announce(ctx: Context, case: Case, proposal: Proposal, state: str) -> None:
    """Tell the requester, at the address that they confirmed, while it can still be read."""
    if case.confirmed_at is not None and case.sealed_reply_email is not None:
        to = Recipient(f"requester:{state}:{proposal.id}", case.language)
        put_notice(ctx, case, DATA_ERASED, to, _said(proposal, state))


def _said(proposal: Proposal, state: str) -> dict[str, str]:
    assert proposal.effective_at is not None
    return {"state": state, "effective_at": audit.timestamp(proposal.effective_at)}


def account_refusal(ctx: Context, account: Account) -> str | None:
    """Why this account cannot be erased now, or None."""
    if account.erased_at is not None:
        return "data_gone"
    if account.is_protected:
        return "account_protected"
    if is_own(ctx, account):
        return "own_account"
    if is_objected_to(ctx.session, account.id):
        return "objection_open"
    if is_in_use(ctx, account):
        return "account_in_use"
    if why := _is_held(ctx, account):
        return why
    return next((why for case in sealed_cases(ctx, account) if (why := refusal(ctx, case))), None)


def _is_held(ctx: Context, account: Account) -> str | None:
    """Whether a hold stands, or is asked for, on any of its cases, also on one whose own data went long ago."""
    cases = select(Case.id).where(Case.account_id == account.id)
    if _has(ctx, LegalHold.case_id.in_(cases), LegalHold.lifted_at.is_(None)):
        return "legal_hold"
    asked_for = (Proposal.kind == "case_hold", Proposal.state.in_(PROPOSAL_PENDING))
    return "hold_proposed" if _has(ctx, Proposal.target_id.in_(cases), *asked_for) else None


def is_own(ctx: Context, account: Account) -> bool:
    """Nobody decides about an account that has an address of their own."""
    if ctx.actor.person_id is None:
        return False
    emails = ctx.session.execute(select(Staff.email).where(Staff.person_id == ctx.actor.person_id)).scalars()
    return any(account.subject_id in ctx.vault.find(ctx.session, "email", email) for email in emails)


def is_in_use(ctx: Context, account: Account) -> bool:
    """Whether there is an open request for it, or its owner is in the middle of a reset."""
    return _has(ctx, Case.account_id == account.id, Case.closed_at.is_(None)) or _has(
        ctx,
        SelfService.account_id == account.id,
        SelfService.ended_at.is_(None),
        SelfService.expires_at > ctx.now,
    )


def _has(ctx: Context, *which: ColumnElement[bool]) -> bool:
    return bool(ctx.session.execute(select(exists().where(*which))).scalar_one())


def sealed_cases(ctx: Context, account: Account) -> Sequence[Case]:
    """Its cases that still have their key."""
    query = select(Case).where(Case.account_id == account.id, Case.retention_stage < KEY_GONE)
    return list(ctx.session.execute(query.order_by(Case.created_at, Case.id)).scalars())


def erase_account(ctx: Context, account: Account, proposal: Proposal) -> None:
    """Take away what is known of the holder, with all ended cases, as two have agreed, in the caller's act."""
    # held, so that no hold is placed on one of them meanwhile
    ctx.session.execute(
        select(Case.id).where(Case.account_id == account.id).with_for_update(key_share=True)
    ).all()
    if why := _is_held(ctx, account):
        raise Refused(why)
    for case in sealed_cases(ctx, account):
        shredding.erase(ctx, transition.lock(ctx.session, case.id), proposal)
    said = shredding.proof(ctx, account.subject_id) | {"proposal": proposal.id}
    _leave_a_stub(ctx, account)
    _empty_what_hangs_on(ctx, account)
    ctx.vault.destroy(ctx.session, account.subject_id)
    registry.record(ctx, account, "account:data:erased", **said)


def _leave_a_stub(ctx: Context, account: Account) -> None:
    account.erased_at, account.number = ctx.now, NUMBER.format(account.id[:11])
    for column in shredding.holding(Base.metadata.tables["account"], shredding.SEALED):
        setattr(account, column.name, None)
    account.holder_kind = account.name_since = None
    ctx.session.flush()
    users = update(Principal).where(Principal.account_id == account.id)
    ctx.session.execute(users.values(username=None, external_id=Principal.id))
    # also in requests whose own key went long ago
    requests = update(Case).where(Case.account_id == account.id, Case.account_number.is_not(None))
    ctx.session.execute(requests.values(account_number=None))
    present = update(Contact).where(Contact.account_id == account.id, Contact.retired_at.is_(None))
    ctx.session.execute(present.values(retired_at=ctx.now))


def _empty_what_hangs_on(ctx: Context, account: Account) -> None:
    shredding.empty(ctx, shredding.SEALED, account_id=account.id)
    tables = Base.metadata.tables
    own_attempts = select(SelfService.id).where(SelfService.account_id == account.id)
    papers, mails = tables["document"], tables["outbox"]
    shredding.empty_rows(
        ctx,
        papers,
        shredding.holding(papers, shredding.SEALED),
        papers.columns["self_service_id"].in_(own_attempts),
    )
    unsent = (OutboxRow.state.in_(shredding.KEPT_FOR), OutboxRow.subject_id == account.subject_id)
    ctx.session.execute(update(mails).where(*unsent).values(sealed_params=None))
    ctx.session.execute(
        update(OutboxRow)
        .where(OutboxRow.state == "pending", OutboxRow.subject_id == account.subject_id)
        .values(state="cancelled", done_at=ctx.now)
        .execution_options(synchronize_session=False)
    )
    ctx.session.execute(delete(OwnerSession).where(OwnerSession.account_id == account.id))
    shredding.revoke_links(ctx, LinkToken.account_id == account.id)
    shredding.empty_proposals(ctx, account.id)


def announce_account(ctx: Context, account: Account, proposal: Proposal, state: str) -> None:
    """Tell every registered mailbox: whoever holds one may know why this must not happen."""
    if account.erased_at is None:
        said, cause = _said(proposal, state), f"{proposal.id}:{state}"
        account_notices.tell_account(ctx, account, "account_erased", params=said, cause=cause)
