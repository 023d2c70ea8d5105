"""The one door through which a status changes: decide, set, chain the event, set the timers, queue the notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal import audit
from portal.business_calendar import is_holiday
from portal.casework import telling, training_plan
from portal.casework.context import Context, NotFound, Refused, Stale
from portal.casework.facts import asked_facts
from portal.domain import lifecycle
from portal.domain.audit_tags import ACT_TAGS
from portal.domain.business_time import add_business_hours
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import Act, NotAllowed, Status
from portal.models import Account, AuditEvent, Case, CaseParty, CaseTimer

# The timer of a status that is also the desk's own deadline in it, shown in the queue.
DUE: Mapping[Status, Act] = {
    Status.UNCONFIRMED: Act.EXPIRE_UNCONFIRMED,
    Status.WAITING_OWNER: Act.EXPIRE_WAITING,  # the desk's clock is paused; this is the owner's
    Status.PENDING_APPROVAL: Act.ALARM_APPROVAL,
    Status.READY: Act.ALARM_READY,
    Status.EXECUTING: Act.ALARM_EXECUTING,
    Status.FROZEN: Act.ALARM_FREEZE_LEAD,
}
REMINDED_BEFORE = timedelta(days=1)
WORKED = frozenset({Status.QUEUED, Status.VERIFYING})
# what the desk, the owner and colleagues do does not renew a person's lease; what they do themselves does
KEEPS_LEASE = frozenset(
    {
        Act.MATCH,
        Act.CONTEST,
        Act.SYSTEM_CHECK,
        Act.WRITE_NOTE,
        Act.RECEIVE_MESSAGE,
        Act.BOOK_CALL,
        Act.PRINT_LETTER,
    }
)


def lock(session: Session, case_id: str, *, version: int | None = None) -> Case:
    """Read a case for writing. Raises NotFound, or Stale when the page was made from an older version.

    Here and everywhere `FOR NO KEY UPDATE`: two acts on a row wait for each other, a new row that refers to it does not. Whoever
    needs the account as well holds it first (owner_sessions.hold_account).
    """
    query = (
        select(Case)
        .where(Case.id == case_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    case = session.execute(query).scalar_one_or_none()
    if case is None:
        raise NotFound()
    if version is not None and case.version != version:
        raise Stale(**_last_change(session, case))
    return case


def _last_change(session: Session, case: Case) -> dict[str, Any]:
    query = select(AuditEvent).where(AuditEvent.case_id == case.id, AuditEvent.sseq == case.audit_seq)
    event = session.execute(query).scalar_one()
    return {"tag": event.tag, "at": event.at, "actor": event.actor}


def apply(
    ctx: Context,
    case: Case,
    act: Act,
    *,
    given: Iterable[str] = (),
    said: Mapping[str, Any] | None = None,
    observed: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    contact_id: str | None = None,
    **columns: Any,
) -> Status:
    """Do one act to a locked case and return the status after it.

    `given` names what came with the act (reason, fresh_factor, items, devices), `said` are the facts of its audit event,
    `params` what its notices need, `columns` what else changes on the case. Raises Refused and writes nothing.
    """
    facts = asked_facts(ctx, case, given, **(observed or {}))
    try:
        after = lifecycle.decide(facts, act, ctx.actor, ctx.now)
    except NotAllowed as refusal:
        raise Refused(refusal.reason) from None
    was = case.status
    with ctx.session.no_autoflush:
        for name, value in columns.items():
            setattr(case, name, value)
        _set_status(ctx, case, act, after)
        case.version += 1
        audit.append_case(
            ctx.session, case, ACT_TAGS[act], actor=ctx.actor_name, at=ctx.now, facts=said or {}, was=was
        )
    ctx.session.flush()
    telling.tell(ctx, case, act, contact_id=contact_id, params=params)
    if case.training and after in lifecycle.FINAL:
        training_plan.open_plan(ctx, case)
    return after


def require(ctx: Context, case: Case, act: Act, given: Iterable[str] = ()) -> None:
    """Refuse early, before rows are written that only an allowed act may write. Raises Refused."""
    reason = lifecycle.refusal(asked_facts(ctx, case, given), act, ctx.actor, ctx.now)
    if reason:
        raise Refused(reason)


def allows(ctx: Context, case: Case, act: Act) -> bool:
    """Whether the act would be allowed to this actor now."""
    return lifecycle.refusal(asked_facts(ctx, case), act, ctx.actor, ctx.now) is None


def open_case(ctx: Context, case: Case, act: Act, *, said: Mapping[str, Any], **telling_with: Any) -> None:
    """Insert a new case together with its first event."""
    facts = lifecycle.CaseFacts(status=None)
    status = lifecycle.decide(facts, act, ctx.actor, ctx.now)
    case.status, case.status_at, case.created_at = status, ctx.now, ctx.now
    case.version, case.audit_seq, case.audit_head = 1, 0, audit.GENESIS
    case.round, case.tier = case.round or 1, case.tier or "standard"
    audit.append_case(
        ctx.session, case, ACT_TAGS[act], actor=ctx.actor_name, at=ctx.now, facts=said, was=None
    )
    case.due_at = ctx.now
    ctx.session.add(case)
    ctx.session.flush()
    case.due_at = min(_set_timers(ctx, case).values())
    ctx.session.flush()
    telling.tell(ctx, case, act, **telling_with)


def take_part(ctx: Context, case: Case, part: str, person_id: str | None = None) -> None:
    """Record which part a person plays in a case. The first part stays: one person, one part."""
    person = person_id or ctx.actor.person_id
    if person is not None and ctx.session.get(CaseParty, (case.id, person)) is None:
        ctx.session.add(CaseParty(case_id=case.id, person_id=person, part=part, at=ctx.now))
        ctx.session.flush()


def _set_status(ctx: Context, case: Case, act: Act, after: Status) -> None:
    was, case.status = case.status, after
    if after == was:
        if after == Status.VERIFYING and (act not in KEEPS_LEASE or ctx.actor.person_id == case.holder_id):
            _clear_timers(ctx.session, case)
            _set_timers(ctx, case)
        return
    case.status_at = ctx.now
    case.closed_at = ctx.now if after in lifecycle.FINAL or after == Status.DEACTIVATED else None
    case.retention_stage = 0  # what comes in now is kept for its own time after the new end
    _clear_timers(ctx.session, case)
    timers = _set_timers(ctx, case)
    case.due_at = _due(ctx, case, Status(was), timers)


def _due(ctx: Context, case: Case, was: Status, timers: Mapping[Act, datetime]) -> datetime:
    """When the queue expects something to happen. Going between queue and verifier does not move it."""
    status = Status(case.status)
    if status in DUE:
        return timers[DUE[status]]
    if status in WORKED:
        return case.due_at if was in WORKED else _next_work(ctx, case)
    return ctx.now + timedelta(hours=case.waiting_hours or 0) if status == Status.COOLING_OFF else ctx.now


def _next_work(ctx: Context, case: Case) -> datetime:
    """When the desk has to take a case up again; where a call is booked, that is what comes next."""
    booked = case.call_booked_at
    if booked is not None and booked > ctx.now:
        return booked
    return business_time(ctx, case, ctx.limits.first_answer_hours)


def business_time(ctx: Context, case: Case, hours: int) -> datetime:
    """The moment when so many support hours of the case's language have passed from now on."""
    language = LANGUAGES[case.language]
    return add_business_hours(ctx.now, hours, language.support, lambda day: is_holiday(language.code, day))


def _clear_timers(session: Session, case: Case) -> None:
    session.execute(delete(CaseTimer).where(CaseTimer.case_id == case.id))


def _set_timers(ctx: Context, case: Case) -> dict[Act, datetime]:
    first: dict[Act, datetime] = {}
    for timer in lifecycle.TIMERS.get(Status(case.status), ()):
        for at in _moments(ctx, case, timer):
            ctx.session.add(CaseTimer(case_id=case.id, act=timer.act, at=at))
            first[timer.act] = min(at, first.get(timer.act, at))
    return first


def _moments(ctx: Context, case: Case, timer: lifecycle.Timer) -> list[datetime]:
    if timer.act is Act.ALARM_EXECUTING and _by_hand(ctx, case):
        return [business_time(ctx, case, ctx.limits.runbook_alarm_hours)]
    if timer.act is Act.EXPIRE_WAITING and case.asked_until:
        return [case.asked_until]
    delay = getattr(ctx.limits, timer.delay)
    if timer.business:
        return [business_time(ctx, case, delay)]
    delays: tuple[timedelta, ...] = delay if isinstance(delay, tuple) else (delay,)
    moments = [ctx.now + each for each in delays]
    if timer.act is Act.REMIND_OWNER and case.asked_until:
        # a reminder that comes with the end of the time helps nobody
        return [at for at in moments if at <= case.asked_until - REMINDED_BEFORE]
    return moments


def _by_hand(ctx: Context, case: Case) -> bool:
    connector = (
        ctx.connectors.get(ctx.session.get_one(Account, case.account_id).connector)
        if case.account_id
        else None
    )
    return connector is not None and connector.by_hand


def set_timer(ctx: Context, case: Case, act: Act, at: datetime) -> None:
    """Set a timer that no table row sets, because its moment is known only to the act."""
    ctx.session.execute(delete(CaseTimer).where(CaseTimer.case_id == case.id, CaseTimer.act == act))
    ctx.session.add(CaseTimer(case_id=case.id, act=act, at=at))
    ctx.session.flush()


def timer_of(session: Session, case: Case, act: Act) -> datetime | None:
    """When the next timer of this kind is due."""
    query = select(func.min(CaseTimer.at)).where(CaseTimer.case_id == case.id, CaseTimer.act == act)
    return session.execute(query).scalar_one()


def may_take(ctx: Context, case: Case, person: lifecycle.Actor) -> bool:
    """Whether another person than the actor could hold this case."""
    facts = asked_facts(ctx.as_actor(person), case)
    return not any(guard(facts, person, ctx.now, Act.CLAIM) for guard in lifecycle.FIRST)
