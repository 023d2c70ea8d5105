"""The waiting period: it starts when everybody has been told, and is longer where somebody could not be."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal.casework import transition
from portal.casework.context import Context
from portal.casework.facts import asked_facts
from portal.domain import policy
from portal.domain.lifecycle import Act, Status
from portal.models import Case, IdentityCheck, OutboxRow


def settle_notices(ctx: Context, case_id: str) -> None:
    """Start the wait once every notice of the approval has arrived or finally failed. Called again after each of them."""
    system = ctx.as_system()
    with system.act():
        case = transition.lock(system.session, case_id)
        facts = asked_facts(system, case)
        if case.status != Status.COOLING_OFF or facts.waiting_started or facts.notices_pending:
            return
        unreached = _unreached(system, case)
        hours = max(
            case.waiting_hours or 0,
            policy.waiting_hours(
                policy.Tier(case.tier), case.policy_set, ctx.limits, everyone_reached=not unreached
            ),
        )
        more = ctx.limits.late_stop_hours if case.extended else 0  # somebody stopped it before it had started
        until = system.now + timedelta(hours=hours + more)
        transition.apply(
            system,
            case,
            Act.START_WAITING,
            said={"hours": hours, "until": until.isoformat(), "unreached": unreached},
            params={"until": until.isoformat()},
            waiting_hours=hours,
            waiting_started_at=system.now,
            waiting_until=until,
            due_at=until,
        )
        _set_wait_timers(system, case)


def _set_wait_timers(ctx: Context, case: Case) -> None:
    assert case.waiting_until is not None
    transition.set_timer(ctx, case, Act.END_WAITING, case.waiting_until)
    if case.policy_set == policy.LAST_RESORT:
        remind_again(ctx, case)


def remind_again(ctx: Context, case: Case) -> None:
    """Set the next notice to every old contact of somebody's last way out, if it comes before the wait is over."""
    at = ctx.now + ctx.limits.last_resort_notice_every
    if case.waiting_until and at < case.waiting_until:
        transition.set_timer(ctx, case, Act.REMIND_CONTACTS, at)


def _unreached(ctx: Context, case: Case) -> bool:
    """Whether a registered contact could not be told, or nobody was told but the contact that served as proof."""
    rows = ctx.session.execute(
        select(OutboxRow.contact_id, OutboxRow.state).where(
            OutboxRow.case_id == case.id,
            OutboxRow.notice == "approved",
            OutboxRow.security,
            OutboxRow.created_at >= case.approved_at,
        )
    ).all()
    if any(state == "dead" for _, state in rows):
        return True
    proof = set(
        ctx.session.execute(
            select(IdentityCheck.contact_id).where(
                IdentityCheck.case_id == case.id,
                IdentityCheck.round == case.round,
                IdentityCheck.contact_id.is_not(None),
            )
        ).scalars()
    )
    told = {contact for contact, state in rows if contact and state == "done"}
    return not told - proof
