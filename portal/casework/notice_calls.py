"""Notices spoken to registered telephones: rung up until somebody or a machine has heard it, or the tries are used up; 9 stops.

The outbox row is the notice, and each call rings once for it. The row stays pending until one of them has arrived, so that
a removal waits for it as for a mail. Row and call are written in one transaction: a worker that dies rings no second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal import audit, outbox
from portal.casework import calls, objection, phone_change, phones, transition, waiting
from portal.casework.context import Context, Refused
from portal.casework.facts import contacts_of
from portal.casework.telling import BOTH
from portal.domain.lifecycle import Status
from portal.domain.notices import waking
from portal.models import Account, Case, Contact, OutboxRow, PhoneCall, PhoneChange

LOOK_AGAIN = timedelta(minutes=3)  # when nobody has told how a call ended
GIVE_UP = timedelta(days=2)  # when the limits on calls never let one through
ARRIVED = frozenset({"heard", "left", "stopped"})
HEARD_AFTER = timedelta(seconds=20)  # who listens that long and hangs up has heard what the notice is about

# A mail goes out at once, a call may have to wait for the morning: what is no longer true by then is not said.
STILL_TRUE: Mapping[str, Callable[[Case], bool]] = {
    "approved": lambda case: case.status == Status.COOLING_OFF,
    "waiting_reminder": lambda case: case.status == Status.COOLING_OFF,
    "deactivated": lambda case: case.deactivated_at is not None,
}


def tell_account(
    ctx: Context,
    account: Account,
    key: str,
    *,
    params: Mapping[str, Any],
    contacts: Iterable[Contact] | None = None,
    cause: str,
    not_before: datetime | None = None,
) -> None:
    """Queue a notice about an account for each telephone among the contacts, in the caller's act; once for each cause.

    As account_notices.tell_account() does for mailboxes: without `contacts` every registered telephone is called. Times in
    `params` are as audit.timestamp() writes them; `phone_change` in them is the id of the change that 9 reverts.
    """
    if ctx.telephone is None:
        return
    told = contacts_of(ctx.session, account.id, now=ctx.now, limit=ctx.limits.contact_age)
    for contact in told if contacts is None else contacts:
        unique_key = f"{cause}:{key}:call:{contact.id}"
        if contact.kind != "phone" or _is_queued(ctx, unique_key):
            continue
        outbox.put(
            ctx.session,
            ctx.vault,
            "spoken",
            unique_key=unique_key,
            now=ctx.now,
            not_before=waking(not_before or ctx.now),
            subject_id=account.subject_id,
            params={"at": audit.timestamp(ctx.now), "due": audit.timestamp(not_before or ctx.now), **params},
            notice=key,
            language=contact.language or BOTH,
            contact_id=contact.id,
        )


def carry(ctx: Context, row_id: str, worker: str) -> bool:
    """The worker's part: ring, or see what became of the last ring. False when the row is no longer this worker's."""
    with ctx.act():
        row = _held(ctx, row_id)
        if row is None or row.lease_owner != worker:
            return False
        _go_on(ctx, row)
    return True


def settled(ctx: Context, call: PhoneCall) -> None:
    """A call for a notice has ended: the notice has arrived, is spoken again later, or has finally failed."""
    ctx = ctx.as_system()
    with ctx.act():
        row = _held(ctx, call.outbox_id or "")
        if row is None:
            return
        _go_on(ctx, row)
        if row.security and row.case_id:
            waiting.settle_notices(ctx, row.case_id)


def stopped(ctx: Context, call: PhoneCall) -> None:
    """9 was pressed: the request, the change of a number, or whatever else the notice was about, stops."""
    if call.case_id:
        objection.object_to(ctx, call.case_id, channel="call", contact_id=call.contact_id)
    elif call.phone_change_id:
        change = ctx.session.get_one(PhoneChange, call.phone_change_id)
        phone_change.revert(ctx, change, channel="call")
    elif call.contact_id:
        objection.object_on_account(ctx, call.contact_id, channel="call")


def _is_queued(ctx: Context, unique_key: str) -> bool:
    query = select(OutboxRow.id).where(OutboxRow.unique_key == unique_key)
    return ctx.session.execute(query).first() is not None


def _held(ctx: Context, row_id: str) -> OutboxRow | None:
    """A pending notice, held for the act; its case first, as whoever withdraws the notice holds them."""
    which = OutboxRow.id == row_id, OutboxRow.kind == "spoken", OutboxRow.state == "pending"
    case_id = ctx.session.execute(select(OutboxRow.case_id).where(*which)).scalar_one_or_none()
    if case_id is not None:
        transition.lock(ctx.session, case_id)
    query = select(OutboxRow).where(*which).with_for_update(key_share=True)
    return ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def _go_on(ctx: Context, row: OutboxRow) -> None:
    rung = _calls_of(ctx, row)
    last = rung[-1] if rung else None
    if last is not None and last.outcome is None and last.expires_at > ctx.now:
        _later(ctx, row, ctx.now + LOOK_AGAIN)
    elif last is not None and _has_arrived(last):
        _close(ctx, row, "done")
    elif not _still_true(ctx, row):
        _close(ctx, row, "cancelled")
    elif len(rung) >= ctx.limits.notice_call_tries:
        _close(ctx, row, "dead", last.outcome if last and last.outcome else "expired")
    else:
        _ring_in_time(ctx, row, last)


def _has_arrived(call: PhoneCall) -> bool:
    if call.outcome != "hung_up" or call.answered_at is None or call.ended_at is None:
        return call.outcome in ARRIVED
    return call.ended_at - call.answered_at >= HEARD_AFTER


def _ring_in_time(ctx: Context, row: OutboxRow, last: PhoneCall | None) -> None:
    """Ring now, or put it off: an hour after the last try, and never at night."""
    earliest = (last.ended_at or last.expires_at) + ctx.limits.notice_call_again if last else ctx.now
    due = waking(max(earliest, ctx.now))
    if due > ctx.now:
        _later(ctx, row, due)
    else:
        _ring(ctx, row)


def _calls_of(ctx: Context, row: OutboxRow) -> list[PhoneCall]:
    query = select(PhoneCall).where(PhoneCall.outbox_id == row.id)
    oldest_first = query.order_by(PhoneCall.created_at, PhoneCall.id)
    return list(ctx.session.execute(oldest_first.execution_options(populate_existing=True)).scalars())


def _still_true(ctx: Context, row: OutboxRow) -> bool:
    if row.case_id:
        return STILL_TRUE[row.notice or ""](ctx.session.get_one(Case, row.case_id))
    change_id = outbox.params_of(ctx.session, ctx.vault, row).get("phone_change")
    change = ctx.session.get(PhoneChange, change_id) if change_id else None
    return change is None or change.reverted_at is None


def _ring(ctx: Context, row: OutboxRow) -> None:
    contact = ctx.session.get_one(Contact, row.contact_id)
    number = phones.number_of(ctx, contact)
    if ctx.telephone is None or not number:
        _close(ctx, row, "dead", "nobody can be called")
        return
    try:
        with ctx.part():  # the counters of a call that is refused must not move
            _request(ctx, row, contact, number)
    except Refused as refusal:
        _put_off(ctx, row, refusal)
    else:
        _later(ctx, row, ctx.now + LOOK_AGAIN)


def _request(ctx: Context, row: OutboxRow, contact: Contact, number: str) -> None:
    calls.request(
        ctx,
        "notice",
        account=ctx.session.get_one(Account, contact.account_id),
        contact=contact,
        number=number,
        language=(row.language or BOTH)[:2],
        code_for=None,
        case_id=row.case_id,
        phone_change_id=outbox.params_of(ctx.session, ctx.vault, row).get("phone_change"),
        notice=row.notice,
        outbox_id=row.id,
    )


def _put_off(ctx: Context, row: OutboxRow, refusal: Refused) -> None:
    """Another call is in the way, or the limits on calls are. They pass; a country that is never called does not."""
    if refusal.reason == "phone_not_callable" or ctx.now - _first_due(ctx, row) > GIVE_UP:
        _close(ctx, row, "dead", refusal.reason)
    elif refusal.reason == "calls_used_up":
        _later(ctx, row, waking(ctx.now + ctx.limits.notice_call_again))
    else:
        _later(ctx, row, waking(ctx.now + LOOK_AGAIN))


def _first_due(ctx: Context, row: OutboxRow) -> datetime:
    """When it was to be said first: a reminder waits for weeks in the queue, and is not late for that."""
    due = outbox.params_of(ctx.session, ctx.vault, row).get("due")
    return datetime.fromisoformat(due) if due else row.created_at


def _later(ctx: Context, row: OutboxRow, at: datetime) -> None:
    # Nothing has failed: the attempts that the worker counts are for rows on which it breaks down.
    row.not_before, row.attempts = at, 0
    row.lease_owner = row.lease_until = None
    ctx.session.flush()


def _close(ctx: Context, row: OutboxRow, state: str, error: str | None = None) -> None:
    row.state, row.done_at, row.last_error = state, ctx.now, error
    row.lease_owner = row.lease_until = row.sealed_params = None
    ctx.session.flush()
