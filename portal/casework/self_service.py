"""The owner's own path, up to its last proof: the device is chosen, the mailbox and the telephone are proven, in this order.

Each proof belongs to one attempt, and an attempt to one browser, account and device. Which browser that is changes in
one place only: where the mailed link is opened and the password given again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal import audit, outbox, throttle
from portal.casework import (
    account_notices,
    calls,
    notice_calls,
    objection,
    owner_sessions,
    self_service_end,
    self_service_facts,
)
from portal.casework.context import Context, Refused, Throttled
from portal.casework.owner_sessions import Visitor
from portal.casework.self_service_end import fail as _fail
from portal.casework.self_service_end import held, record
from portal.connectors import ConnectorError, Device
from portal.domain import self_service as rules
from portal.models import Account, Contact, PhoneCall, Principal, SelfService, new_id

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# How long the code stands on the screen before the telephone rings: on a mobile the call covers the page.
READ_FIRST = timedelta(seconds=8)
SERVED = timedelta(days=7)  # how long an attempt whose wait is over can still be carried out


def offered(ctx: Context) -> bool:
    """Whether anybody can help themselves here: that takes a telephone, and a system that checks passwords."""
    return ctx.telephone is not None and any(one.checks_passwords for one in ctx.connectors.values())


# the attempt


def devices_of(ctx: Context, visitor: Visitor) -> tuple[Device, ...]:
    """The devices to choose from. Raises Refused when the other system does not answer."""
    connector = self_service_facts.connector_of(ctx, visitor.account)
    try:
        return connector.list_devices(ctx.session, visitor.principal)
    except ConnectorError:
        raise Refused("removal_failed") from None


def begin(ctx: Context, visitor: Visitor, device_id: str, *, language: str) -> SelfService:
    """Start an attempt for one device. It comes back ended, with its reason, where the path is closed to the account."""
    device = next((one for one in devices_of(ctx, visitor) if one.id == device_id), None)
    if device is None:
        raise Refused("device_unknown", field="device")
    _count_start(ctx, visitor)
    with ctx.act():
        seen = present(ctx, visitor)
        for earlier in _live(ctx, seen):
            self_service_end.end(ctx, held(ctx, earlier.id))
            record(ctx, earlier, "ended")
        attempt = new_attempt(ctx, seen, language, device)
        record(ctx, attempt, "started", device=device.id)
        if reason := self_service_facts.why_closed(ctx, seen.account, seen.principal):
            _fail(ctx, attempt, reason, step="start")
    return attempt


def _count_start(ctx: Context, visitor: Visitor) -> None:
    key = f"{visitor.account.id}|{ctx.origin.address}"
    with ctx.act():
        starts = throttle.hit(ctx.session, ctx.vault, "self_service_start", key, window=HOUR, now=ctx.now)
    if starts > ctx.limits.self_service_starts_hour:
        raise Throttled(int(HOUR.total_seconds()))


def present(ctx: Context, visitor: Visitor) -> Visitor:
    """The browser read again for writing; one that may prove something. Its account is held too, so that limits are exact."""
    seen = owner_sessions.lock(ctx, visitor)
    if seen is None or not seen.may.prove:
        raise Refused("attempt_over")
    ctx.session.refresh(seen.account)
    return seen


def new_attempt(ctx: Context, visitor: Visitor, language: str, device: Device | None) -> SelfService:
    mailbox = self_service_facts.mailbox_of(ctx, visitor.account)
    phone = self_service_facts.phone_of(ctx, visitor.account)
    attempt = SelfService(
        id=new_id(),
        account_id=visitor.account.id,
        principal_id=visitor.principal.id,
        session_hash=visitor.hash,
        language=language,
        device_id=device.id if device else None,
        device_label=device.label if device else None,
        mailbox_contact_id=mailbox.id if mailbox else None,
        call_contact_id=phone.id if phone else None,
        password_at=visitor.row.started_at,
        created_at=ctx.now,
        expires_at=ctx.now + ctx.limits.self_service_life,
    )
    origin = {**asdict(ctx.origin), "session": visitor.hash[:16]}
    ctx.vault.seal_json(ctx.session, visitor.account.subject_id, attempt, "origin", origin)
    ctx.session.add(attempt)
    ctx.session.flush()
    return attempt


def _live(ctx: Context, visitor: Visitor) -> list[SelfService]:
    query = select(SelfService).where(
        SelfService.session_hash == visitor.hash, SelfService.ended_at.is_(None)
    )
    return list(ctx.session.execute(query.execution_options(populate_existing=True)).scalars())


def attempt_of(ctx: Context, visitor: Visitor) -> SelfService | None:
    """The attempt that this browser carries, while its time lasts."""
    return next((one for one in _live(ctx, visitor) if is_in_time(ctx, one)), None)


def last_of(ctx: Context, visitor: Visitor) -> SelfService | None:
    """The newest attempt of this browser, however it stands."""
    query = select(SelfService).where(SelfService.session_hash == visitor.hash)
    newest = query.order_by(SelfService.created_at.desc(), SelfService.id).limit(1)
    return ctx.session.execute(newest.execution_options(populate_existing=True)).scalar_one_or_none()


def is_in_time(ctx: Context, attempt: SelfService) -> bool:
    """One sitting; where the removal has to wait, until some days after the wait."""
    until = attempt.hold_until + SERVED if attempt.hold_until else attempt.expires_at
    return ctx.now < until


def moved_away(ctx: Context, visitor: Visitor) -> bool:
    """Whether an attempt that was begun in this browser now goes on in the one where the link was opened."""
    query = select(SelfService).where(
        SelfService.principal_id == visitor.principal.id,
        SelfService.created_at >= visitor.row.started_at,
        SelfService.session_hash != visitor.hash,
        SelfService.mailbox_at.is_not(None),
    )
    begun = [origin_of(ctx, one).get("session") for one in ctx.session.execute(query).scalars()]
    return visitor.hash[:16] in begun


def origin_of(ctx: Context, attempt: SelfService) -> Mapping[str, Any]:
    """From where an attempt was begun; empty once that is erased."""
    account = ctx.session.get_one(Account, attempt.account_id)
    return ctx.vault.open_json(ctx.session, account.subject_id, attempt, "origin") or {}


def carried(ctx: Context, visitor: Visitor) -> SelfService:
    """The attempt of this browser, held. Raises Refused where it has none that still lives."""
    seen = present(ctx, visitor)
    found = attempt_of(ctx, seen)
    attempt = held(ctx, found.id) if found else None
    if attempt is None or attempt.ended_at is not None or attempt.session_hash != seen.hash:
        raise Refused("attempt_over")
    return attempt


def why_closed(ctx: Context, attempt: SelfService) -> str | None:
    account = ctx.session.get_one(Account, attempt.account_id)
    return self_service_facts.why_closed(ctx, account, ctx.session.get_one(Principal, attempt.principal_id))


# proof 3: the telephone


def ask_call(ctx: Context, visitor: Visitor, raw_session: str, *, language: str) -> PhoneCall:
    """Have the registered telephone called. The code is bound to the secret of this browser's cookie, and kept nowhere."""
    closed = None
    with ctx.act():
        attempt = carried(ctx, visitor)
        if attempt.mailbox_at is None or attempt.call_at is not None:
            raise Refused("attempt_over")
        closed = why_closed(ctx, attempt) or changed(ctx, attempt)
        if closed:
            _fail(ctx, attempt, closed, step="call")
        else:
            return _call(ctx, attempt, raw_session, language)
    raise Refused("attempt_over")


def _call(ctx: Context, attempt: SelfService, raw_session: str, language: str) -> PhoneCall:
    account = ctx.session.get_one(Account, attempt.account_id)
    contact = ctx.session.get_one(Contact, attempt.call_contact_id)
    return calls.request(
        ctx,
        "proof",
        account=account,
        contact=contact,
        number=self_service_facts.value_of(ctx, account, contact),
        language=language,
        code_for=raw_session,
        after=READ_FIRST,
        self_service_id=attempt.id,
    )


def changed(ctx: Context, attempt: SelfService) -> str | None:
    """Whether the account's mailbox or telephone is no longer the one that this attempt proves."""
    account = ctx.session.get_one(Account, attempt.account_id)
    mailbox, phone = self_service_facts.mailbox_of(ctx, account), self_service_facts.phone_of(ctx, account)
    for contact, chosen in ((mailbox, attempt.mailbox_contact_id), (phone, attempt.call_contact_id)):
        if contact is None or contact.id != chosen or contact.confirmed_at > attempt.created_at:
            return "changed_meanwhile"
    return None


def call_confirmed(ctx: Context, call: PhoneCall) -> None:
    """The right digits were keyed, in the act that has just written so. Where the removal must wait, everybody is told now."""
    ctx.session.flush()  # the database takes this proof only once the call itself says that it was confirmed
    attempt = held(ctx, call.self_service_id or "")
    proves = attempt.mailbox_at is not None and attempt.call_at is None
    if attempt.ended_at is not None or not is_in_time(ctx, attempt) or not proves:
        return
    if call.contact_id != attempt.call_contact_id:
        return
    attempt.hold_until = _hold(ctx, attempt)
    attempt.call_at = ctx.now
    ctx.session.flush()
    record(ctx, attempt, "proven", proof="call", contact=call.contact_id)
    if attempt.hold_until is not None:
        _wait(ctx, attempt, attempt.hold_until)


def _hold(ctx: Context, attempt: SelfService) -> datetime | None:
    account = ctx.session.get_one(Account, attempt.account_id)
    principal = ctx.session.get_one(Principal, attempt.principal_id)
    facts = self_service_facts.facts_of(ctx, account, principal)
    corrected = ctx.limits.corrected_phone_wait_hours if rules.must_wait(facts, ctx.limits) else 0
    hours = max(corrected, ctx.limits.self_service_hold_hours)
    return ctx.now + timedelta(hours=hours) if hours else None


def _wait(ctx: Context, attempt: SelfService, until: datetime) -> None:
    """The worker removes the device when the wait is over: nobody has to keep a browser open for days."""
    account = ctx.session.get_one(Account, attempt.account_id)
    said = {"device": attempt.device_label, "until": audit.timestamp(until)}
    account_notices.tell_account(
        ctx,
        account,
        "self_service_waiting",
        params=said,
        links=("stop",),
        cause=attempt.id,
        security=True,
        links_until=until + ctx.limits.objection_window,
        self_service_id=attempt.id,
    )
    notice_calls.tell_account(ctx, account, "self_service_waiting", params=said, cause=attempt.id)
    queue_work(ctx, attempt, until)
    record(ctx, attempt, "held", until=audit.timestamp(until))


def queue_work(ctx: Context, attempt: SelfService, at: datetime) -> None:
    """Have a worker carry the attempt to its end, without a browser."""
    outbox.put(ctx.session, ctx.vault, "reset", unique_key=f"{attempt.id}:reset", now=ctx.now, not_before=at)


def call_stopped(ctx: Context, call: PhoneCall) -> None:
    """9 was pressed: "this was not me". One objection, and nothing of what was begun goes on."""
    objection.object_on_account(ctx, call.contact_id or "", channel="call")


def has_stopped(ctx: Context, attempt: SelfService) -> bool:
    """Whether somebody has said "this was not me" of the account, and it is not decided."""
    return self_service_facts.is_objected_to(ctx, attempt.account_id)
