"""Computes a case's tier from the register, the account's memory and the case itself. Nobody chooses a tier; it only rises."""

from __future__ import annotations

from sqlalchemy import func, select

from portal.casework.context import Context
from portal.domain.tiers import Signals, Tier, TierVerdict, raised, tier_of
from portal.models import Account, AccountMark, Case, Contact, IdentityCheck, Principal, new_id


def computed(ctx: Context, case: Case) -> TierVerdict:
    """The tier that the facts demand now, never below the one that the case has."""
    account = ctx.session.get(Account, case.account_id) if case.account_id else None
    principal = ctx.session.get(Principal, case.principal_id) if case.principal_id else None
    marks = _marks(ctx, account)
    signals = Signals(
        principal_kind=case.principal_kind,
        holder_kind=account.holder_kind if account else None,
        is_administrator=principal.is_administrator if principal else None,
        register_incomplete=account is None or account.sealed_name is None,
        contact_changed=_contact_changed(ctx, account),
        fraud_signal=case.frozen_from is not None,
        theft_suspected=case.theft_suspected or case.problem == "stolen",
        failed_checks=_failed_checks(ctx, case) + marks.get("failed_check", 0),
        pressure_marker=bool(marks.get("pressure")),
        contested=case.contest_id is not None,
        appealed=case.appealed_at is not None,
        past_dispute=bool(marks.get("dispute")),
        past_decline=bool(marks.get("decline")),
    )
    found = tier_of(signals, ctx.limits)
    reasons = tuple(dict.fromkeys((*case.tier_reasons, *found.reasons)))
    return TierVerdict(raised(Tier(case.tier), found.tier), reasons)


def _contact_changed(ctx: Context, account: Account | None) -> bool:
    if account is None:
        return False
    query = select(func.count()).where(
        Contact.account_id == account.id, Contact.confirmed_at > ctx.now - ctx.limits.contact_age
    )
    return bool(ctx.session.execute(query).scalar_one())


def _failed_checks(ctx: Context, case: Case) -> int:
    query = select(func.count()).where(IdentityCheck.case_id == case.id, IdentityCheck.result == "mismatch")
    marked = select(func.count()).where(AccountMark.case_id == case.id, AccountMark.kind == "failed_check")
    return int(ctx.session.execute(query).scalar_one()) - int(ctx.session.execute(marked).scalar_one())


def _marks(ctx: Context, account: Account | None) -> dict[str, int]:
    if account is None:
        return {}
    rows = ctx.session.execute(
        select(AccountMark.kind, func.count())
        .where(AccountMark.account_id == account.id, AccountMark.at > ctx.now - ctx.limits.memory)
        .group_by(AccountMark.kind)
    )
    return {kind: int(number) for kind, number in rows}


def mark(ctx: Context, case: Case, kind: str) -> None:
    """Make the account remember: failed_check, pressure, dispute or decline. Raises later tiers, never blocks."""
    if case.account_id is not None:
        ctx.session.add(
            AccountMark(id=new_id(), account_id=case.account_id, case_id=case.id, kind=kind, at=ctx.now)
        )
        ctx.session.flush()
