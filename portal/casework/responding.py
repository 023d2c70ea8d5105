"""What the owner does about what was asked of them: words, a time to be called. When all of it is done, the case goes back
to the desk by itself.

Nothing that is done here proves who does it. It only tells the desk that there is something to look at.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select

from portal import audit, throttle
from portal.business_calendar import is_holiday
from portal.casework import messages, transition
from portal.casework.context import Context, Refused, Throttled
from portal.casework.verification import NOTHING_ASKED
from portal.domain import business_time
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import Act, Role, Status
from portal.domain.methods import METHODS
from portal.models import Case, IdentityCheck

SLOT = timedelta(minutes=30)
NOTICE_HOURS = 1  # the desk hears of a call at least so many support hours before it
DAY = timedelta(days=1)

# What happens between the owner and somebody of ours: all that the owner can do alone is to say when.
MET = frozenset({"D2", "H3", "W3"})
# What the owner does elsewhere, and can only tell us of.
TOLD = frozenset(key for key, method in METHODS.items() if method.attested == "person") - MET


def done(ctx: Context, case: Case) -> frozenset[str]:
    """Which of the things asked for are done: the system saw them proven since, or the owner did all they can."""
    query = select(IdentityCheck.method).where(
        IdentityCheck.case_id == case.id,
        IdentityCheck.round == case.round,
        IdentityCheck.attested_by == "system",
        IdentityCheck.result == "match",
        IdentityCheck.voided_at.is_(None),
        IdentityCheck.recorded_at >= case.status_at,
    )
    return frozenset(case.asked) & {*case.answered, *ctx.session.execute(query).scalars()}


def settle(ctx: Context, case: Case) -> bool:
    """Give a case back to the desk if everything that was asked for is done; inside the act that did the last of it."""
    if case.status != Status.WAITING_OWNER or not done(ctx, case) >= set(case.asked):
        return False
    _give_back(ctx if Role.OWNER in ctx.actor.roles else ctx.as_system(), case)
    return True


def _give_back(ctx: Context, case: Case) -> Status:
    said = {"items": sorted(done(ctx, case))}
    return transition.apply(ctx, case, Act.ANSWER, said=said, **NOTHING_ASKED)


def write(ctx: Context, case_id: str, text: str) -> None:
    """The owner writes to the desk, whatever it is about."""
    with ctx.act():
        messages.receive(ctx, transition.lock(ctx.session, case_id), text)


def tell(ctx: Context, case_id: str, item: str, text: str) -> None:
    """The owner says how they have done one of the things asked for."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        transition.require(ctx, case, Act.ANSWER)
        if item not in case.asked or item not in TOLD:
            raise Refused("wrong_status")
        messages.receive(ctx, case, text)
        _add_answered(case, {item})
        settle(ctx, case)


def answer(ctx: Context, case_id: str, text: str) -> Status:
    """The owner cannot do the rest, and says why; the case goes back to whoever asked, if they may go on."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        transition.require(ctx, case, Act.ANSWER)
        messages.receive(ctx, case, text)
        return _give_back(ctx, case)


def book_call(ctx: Context, case_id: str, at: datetime) -> None:
    """The owner chooses when to be called, or another time than before. Raises Refused slot_gone with the field "time"."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        transition.require(ctx, case, Act.BOOK_CALL)
        if at not in slots(ctx, case):
            raise Refused("slot_gone", field="time")
        _refuse_booking_too_often(ctx, case)
        transition.apply(ctx, case, Act.BOOK_CALL, said={"until": audit.timestamp(at)}, call_booked_at=at)
        _add_answered(case, MET & set(case.asked))
        settle(ctx, case)


def slots(ctx: Context, case: Case) -> tuple[datetime, ...]:
    """When the owner can be called: half hours in which somebody who speaks their language is at the desk."""
    language = LANGUAGES[case.language]

    def closed(day: date) -> bool:
        return is_holiday(language.code, day)

    earliest = business_time.add_business_hours(ctx.now, NOTICE_HOURS, language.support, closed)
    latest = ctx.now + ctx.limits.call_booking_ahead
    return tuple(business_time.slots(earliest, latest, SLOT, language.support, closed))


def is_booked(ctx: Context, case: Case) -> bool:
    """Whether a call is still to come, or should be under way."""
    return case.call_booked_at is not None and ctx.now < case.call_booked_at + SLOT


def _add_answered(case: Case, items: set[str] | frozenset[str]) -> None:
    if case.status == Status.WAITING_OWNER:
        case.answered = sorted({*case.answered, *items})


def _refuse_booking_too_often(ctx: Context, case: Case) -> None:
    # each one is written into the log for good: whoever has the link must not fill it
    count = throttle.hit(ctx.session, ctx.vault, "book_call", case.id, window=DAY, now=ctx.now)
    if count > ctx.limits.owner_messages_day:
        raise Throttled(int(DAY.total_seconds()))
