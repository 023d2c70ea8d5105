"""Two requests for one account: the same person twice is merged, two addresses are held against each other by one lead."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal import outbox
from portal.casework import rounds, tiers, transition
from portal.casework.context import Context
from portal.casework.telling import Recipient, put_notice
from portal.domain.lifecycle import OPEN, Act, Status
from portal.domain.notices import Notice
from portal.models import Case

UNTOUCHABLE = frozenset({Status.EXECUTING, Status.FROZEN, Status.DEACTIVATED})


def settle(ctx: Context, case: Case) -> None:
    """Merge or contest a request that was just looked up, whether or not it matched an account."""
    older = _sent_before(ctx, case) if case.status == Status.QUEUED else None
    if older is not None:
        _merge(ctx, case, older)
    elif case.account_id is not None:
        contest(ctx, case)


def contest(ctx: Context, case: Case) -> None:
    """Hold a request against the others of its account. Called again when something is proven, for it counts from then on."""
    reply = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email")
    for other in _others(ctx, case):
        if ctx.vault.open(ctx.session, other.subject_id, other, "reply_email") != reply:
            _contest(ctx, case, other)


def _sent_before(ctx: Context, case: Case) -> Case | None:
    """The same person's earlier request, known by what was typed: a merge must not tell whether the account exists.

    That two different names mean one account is only for somebody who has proven a contact of it.
    """
    reply = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email")
    query = (
        select(Case)
        .where(
            Case.subject_id.in_(ctx.vault.find(ctx.session, "email", reply or "")),
            Case.id != case.id,
            Case.training
            == case.training,  # an invented request swallows no real one, wherever its mailbox is
            Case.status.in_(OPEN - {Status.UNCONFIRMED}),
            Case.confirmed_at <= case.confirmed_at,
        )
        .order_by(Case.created_at, Case.id)
        .with_for_update(key_share=True)
    )
    for other in ctx.session.execute(query).scalars():
        same_account = case.proven_by is not None and other.account_id == case.account_id
        if ctx.vault.open(ctx.session, other.subject_id, other, "reply_email") == reply and (
            same_account or _typed(ctx, other) == _typed(ctx, case)
        ):
            return other
    return None


def _typed(ctx: Context, case: Case) -> tuple[str | None, str | None, str]:
    email = ctx.vault.open(ctx.session, case.subject_id, case, "account_email")
    return email, case.account_number, case.principal_kind


def _others(ctx: Context, case: Case) -> list[Case]:
    """Open, confirmed cases of the same account. Unconfirmed requests are never duplicates."""
    query = (
        select(Case)
        .where(
            Case.account_id == case.account_id,
            Case.id != case.id,
            Case.status.in_(OPEN - {Status.UNCONFIRMED}),
        )
        .order_by(Case.created_at, Case.id)
        .with_for_update(key_share=True)
    )
    return list(ctx.session.execute(query).scalars())


def _merge(ctx: Context, newer: Case, older: Case) -> None:
    transition.apply(ctx, newer, Act.MERGE, said={"kept": older.id}, close_reason="duplicate")
    # The contacts were told of the older one, and a stop must reach that: a link into the newer one would stop nothing.
    outbox.cancel(ctx.session, now=ctx.now, case_id=newer.id, notice="request_filed")
    notice = Notice("duplicate_open", "requester", links=("status",))
    put_notice(ctx, older, notice, Recipient(f"requester:{newer.id}", older.language), {})


def _contest(ctx: Context, case: Case, other: Case) -> None:
    """Each is elevated by the other only if that one has proven something: else anybody could slow anybody's recovery."""
    contest_id = other.contest_id or case.contest_id or other.id
    for one, against in ((case, other), (other, case)):
        if against.proven_by is not None and one.contest_id is None and one.status not in UNTOUCHABLE:
            _elevate(ctx, one, contest_id, against)


def _elevate(ctx: Context, case: Case, contest_id: str, other: Case) -> None:
    case.contest_id = contest_id
    verdict = tiers.computed(ctx, case)
    columns: dict[str, Any] = {
        "contest_lead_id": other.contest_lead_id or case.contest_lead_id,
        "tier": verdict.tier,
        "tier_reasons": list(verdict.reasons),
    }
    if case.status in rounds.VOIDABLE:
        said = {"cause": "contested", "tier": verdict.tier}
        transition.apply(ctx, case, Act.VOID_ROUND, said=said, **columns, **rounds.begin(ctx, case))
    else:
        transition.apply(ctx, case, Act.CONTEST, said={"other": other.id, "tier": verdict.tier}, **columns)
