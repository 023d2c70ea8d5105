"""The end of the owner's own path: everything is looked at once more, the device is removed, read back, and everybody is told.

As at the desk, the attempt row of the removal is committed as `sent` before the other system is called, and that system is
asked before the call is repeated.
"""

from __future__ import annotations

from sqlalchemy import exists, select

from portal import audit, outbox, receipts
from portal.casework import (
    account_notices,
    notice_calls,
    owner_sessions,
    passes,
    self_service,
    self_service_end,
    self_service_facts,
    transition,
)
from portal.casework.context import Context, NotFound, Refused
from portal.casework.owner_sessions import Opened, Visitor
from portal.casework.self_service_end import held, record
from portal.connectors import ConnectorError
from portal.domain.lifecycle import OPEN, Act
from portal.models import Account, Case, Document, OutboxRow, Principal, Removal, SelfService, new_id


def remove(ctx: Context, visitor: Visitor, *, old: str) -> tuple[SelfService, Opened]:
    """Remove the device that was chosen, in the browser that has proven everything, and let that browser manage devices.

    Raises Refused("removal_failed") where the other system did not do it: pressing again is safe.
    """
    with ctx.act():
        attempt, reason = _sent_by(ctx, visitor)
    if reason is not None:
        raise Refused(reason)
    try:
        _carry_out(ctx, attempt.id)
    except ConnectorError:
        raise Refused("removal_failed") from None
    return finish(ctx, visitor, old=old)


def finish(ctx: Context, visitor: Visitor, *, old: str) -> tuple[SelfService, Opened]:
    """After the removal this browser, and no other, gets a session that may manage devices: with a secret of its own."""
    with ctx.act():
        seen = owner_sessions.lock(ctx, visitor)
        found = self_service.last_of(ctx, seen) if seen and seen.may.prove else None
        if seen is None or found is None:
            raise Refused("attempt_over")
        attempt = held(ctx, found.id)
        if attempt.session_hash != seen.hash:
            raise Refused("attempt_over")  # another tab of this browser has gone on already
        if attempt.removed_at is None:
            raise Refused("attempt_over" if attempt.ended_at else "removal_failed")
        opened = owner_sessions.start(ctx, seen.principal, "limited", old=old)
        attempt.session_hash = opened.visitor.hash
    return attempt, opened


def _sent_by(ctx: Context, visitor: Visitor) -> tuple[SelfService, str | None]:
    """The attempt of this browser with its removal written down as sent, or the reason why it is not."""
    seen = owner_sessions.lock(ctx, visitor)
    found = self_service.last_of(ctx, seen) if seen and seen.may.prove else None
    if found is None:
        raise Refused("attempt_over")
    attempt = held(ctx, found.id)
    if attempt.removed_at is not None:
        return attempt, None  # another tab was faster: this one goes on to what it has done
    if attempt.ended_at is not None or attempt.session_hash != visitor.hash or attempt.call_at is None:
        raise Refused("attempt_over")
    if _waits(ctx, attempt):
        return attempt, "hold_runs"
    return attempt, _send(ctx, attempt)


def _waits(ctx: Context, attempt: SelfService) -> bool:
    """Whether a wait runs, or somebody is still to be told of it: who was not warned could not have objected."""
    if attempt.hold_until is None:
        return False
    of_attempt = OutboxRow.unique_key.startswith(f"{attempt.id}:self_service_waiting:", autoescape=True)
    on_its_way = select(exists().where(OutboxRow.state == "pending", of_attempt))
    return ctx.now < attempt.hold_until or bool(ctx.session.execute(on_its_way).scalar_one())


def _send(ctx: Context, attempt: SelfService) -> str | None:
    if reason := spoiled(ctx, attempt):
        self_service_end.fail(ctx, attempt, reason, step="remove")
        return "attempt_over"
    account = ctx.session.get_one(Account, attempt.account_id)
    removal = _removal_of(ctx, attempt)
    if removal is None:
        removal = Removal(
            id=new_id(),
            self_service_id=attempt.id,
            connector=account.connector,
            principal_id=attempt.principal_id,
            device_id=attempt.device_id,
            state="intended",
            tries=0,
            created_at=ctx.now,
        )
        ctx.session.add(removal)
        ctx.session.flush()
        _have_it_finished(ctx, attempt)
    removal.state, removal.tries = "sent", removal.tries + 1
    removal.sent_at = removal.sent_at or ctx.now  # what was bound since then is suspended after an objection
    ctx.session.flush()
    return None


def _have_it_finished(ctx: Context, attempt: SelfService) -> None:
    """If this process dies now, a worker reads back what became of it: a removal that nobody is told of must not be."""
    if attempt.hold_until is None:
        self_service.queue_work(ctx, attempt, ctx.now + outbox.LEASE)


def spoiled(ctx: Context, attempt: SelfService) -> str | None:
    """Why an attempt with all its proofs removes nothing: what was true when they were given is asked once more."""
    account = ctx.session.get_one(Account, attempt.account_id, populate_existing=True)
    principal = ctx.session.get_one(Principal, attempt.principal_id)
    connector = self_service_facts.connector_of(ctx, account)
    if not self_service.is_in_time(ctx, attempt):
        return "time_over"
    if reason := self_service_facts.why_closed(ctx, account, principal):
        return reason
    if self_service.changed(ctx, attempt):
        return "changed_meanwhile"
    try:
        # Whoever passes MFA has the device, or another one: then this is not the way to remove it.
        if connector.signed_in_since(ctx.session, principal, attempt.created_at):
            return "changed_meanwhile"
        known = {device.id for device in connector.list_devices(ctx.session, principal)}
    except ConnectorError:
        return None  # it is asked again, and then answers for the removal itself
    return "changed_meanwhile" if attempt.device_id not in known and not _was_sent(ctx, attempt) else None


def _removal_of(ctx: Context, attempt: SelfService) -> Removal | None:
    query = select(Removal).where(Removal.self_service_id == attempt.id)
    return ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def _was_sent(ctx: Context, attempt: SelfService) -> bool:
    return _removal_of(ctx, attempt) is not None


def carry_out(ctx: Context, attempt_id: str) -> None:
    """The worker's part: a wait that is over, or a removal whose browser is gone. Safe to repeat at any point."""
    ctx = ctx.as_system()
    with ctx.act():
        found = ctx.session.get(SelfService, attempt_id)
        if found is None:
            raise NotFound()
        owner_sessions.hold_account(ctx, found.account_id)
        attempt = held(ctx, attempt_id)
        if attempt.removed_at is not None or attempt.call_at is None:
            return
        if attempt.ended_at is None and _waits(ctx, attempt):
            raise ConnectorError("the wait is not over, or not everybody was told of it")
        if not _is_gone_already(ctx, attempt) and (attempt.ended_at or _send(ctx, attempt)):
            return
    _carry_out(ctx, attempt_id)


def _is_gone_already(ctx: Context, attempt: SelfService) -> bool:
    """Whether an earlier try has removed it: then it is closed and told, whatever has changed since."""
    account = ctx.session.get_one(Account, attempt.account_id)
    principal = ctx.session.get_one(Principal, attempt.principal_id)
    connector = self_service_facts.connector_of(ctx, account)
    return _was_sent(ctx, attempt) and connector.is_gone(ctx.session, principal, attempt.device_id or "")


def _carry_out(ctx: Context, attempt_id: str) -> None:
    """Call the other system, look again, and close. Raises ConnectorError when the device is not seen to be gone."""
    seen = ctx.session.get_one(SelfService, attempt_id)
    account = ctx.session.get_one(Account, seen.account_id)
    principal = ctx.session.get_one(Principal, seen.principal_id)
    connector, device_id = self_service_facts.connector_of(ctx, account), seen.device_id or ""
    error = ""
    try:
        if not connector.is_gone(ctx.session, principal, device_id):
            with ctx.act():
                # Held for the act: an objection may end the attempt before it or after it, not amid it.
                owner_sessions.hold_account(ctx, seen.account_id)
                attempt = held(ctx, attempt_id)
                if attempt.ended_at is not None:
                    return
                # With the device, not after it: in between the password alone would enrol whoever has it.
                _hold_sign_in(ctx, attempt, account, principal)
                connector.deactivate(ctx.session, principal, device_id, now=ctx.now)
        gone = connector.is_gone(ctx.session, principal, device_id)
    except ConnectorError as problem:
        gone, error = False, str(problem) or "no answer"
    with ctx.act():
        # First the requests and then the attempt, as whoever stops a request holds them.
        owner_sessions.hold_account(ctx, seen.account_id)
        requests = _requests_of(ctx, seen)
        attempt = held(ctx, attempt_id)
        if not gone:
            _note_failure(ctx, attempt, error or "still there")
        elif attempt.removed_at is None:
            _close(ctx, attempt, account, principal)
            _close_requests(ctx.as_system(), requests)
    if not gone:
        raise ConnectorError(error or "still there")


def _note_failure(ctx: Context, attempt: SelfService, error: str) -> None:
    removal = _removal_of(ctx, attempt)
    if removal is not None and removal.state != "confirmed":
        removal.state, removal.last_error = "unknown", error[:200]


def _close(ctx: Context, attempt: SelfService, account: Account, principal: Principal) -> None:
    """Everything that a removal entails, in one act: nobody is told of what did not happen, and nothing happens untold."""
    removal = _removal_of(ctx, attempt)
    assert removal is not None
    removal.state, removal.confirmed_at, removal.last_error = "confirmed", ctx.now, None
    attempt.removed_at = ctx.now
    self_service_end.end(ctx, attempt)
    self_service_end.end_others(ctx, attempt)
    sessions = _shut(ctx, attempt, account, principal)
    record(ctx, attempt, "removed", device=attempt.device_id, sessions=sessions, connector=account.connector)
    _tell(ctx, attempt, account)
    receipts.freeze_reset(ctx, attempt, sessions_ended=sessions)


def _shut(ctx: Context, attempt: SelfService, account: Account, principal: Principal) -> int:
    """End what runs under the old device, and let nobody in by the password alone."""
    connector = self_service_facts.sign_in_of(ctx, account)
    sessions = connector.end_sessions(ctx.session, principal, now=ctx.now)
    _hold_sign_in(ctx, attempt, account, principal)
    connector.hold_changes(ctx.session, principal, ctx.now + ctx.limits.changes_held)
    return sessions


def _hold_sign_in(ctx: Context, attempt: SelfService, account: Account, principal: Principal) -> None:
    if self_service_facts.sign_in_of(ctx, account).must_enrol(ctx.session, principal) is None:
        proven = [attempt.mailbox_contact_id or "", attempt.call_contact_id or ""]
        passes.require(ctx, principal, ground=proven, keep=attempt.session_hash)


def _tell(ctx: Context, attempt: SelfService, account: Account) -> None:
    until = ctx.now + ctx.limits.objection_window
    said = {"device": attempt.device_label, "until": audit.timestamp(until)}
    account_notices.tell_account(
        ctx,
        account,
        "self_service_done",
        params=said,
        links=("stop",),
        cause=attempt.id,
        security=True,
        links_until=until,
        self_service_id=attempt.id,
    )
    notice_calls.tell_account(ctx, account, "self_service_done", params=said, cause=attempt.id)


def _requests_of(ctx: Context, attempt: SelfService) -> list[Case]:
    """The owner's own requests, held. One that nobody has proven is left to the desk: its sender may be a stranger."""
    query = select(Case.id).where(
        Case.account_id == attempt.account_id,
        Case.principal_id == attempt.principal_id,
        Case.proven_by.is_not(None),
        Case.status.in_(OPEN),
    )
    found = list(ctx.session.execute(query.order_by(Case.id)).scalars())
    return [transition.lock(ctx.session, case_id) for case_id in found]


def _close_requests(ctx: Context, requests: list[Case]) -> None:
    """What they asked for is solved."""
    for case in requests:
        if transition.allows(ctx, case, Act.CLOSE_SOLVED):
            said = {"by": "self_service"}
            transition.apply(ctx, case, Act.CLOSE_SOLVED, said=said, close_reason="self_service")


def newest_of(ctx: Context, visitor: Visitor) -> SelfService | None:
    """The newest removal of whoever is signed in and may manage devices, while an objection to it would still count."""
    since = ctx.now - ctx.limits.objection_window
    query = select(SelfService).where(
        SelfService.account_id == visitor.account.id,
        SelfService.principal_id == visitor.principal.id,
        SelfService.removed_at > since,
    )
    newest = query.order_by(SelfService.removed_at.desc()).limit(1)
    found = ctx.session.execute(newest.execution_options(populate_existing=True)).scalar_one_or_none()
    return found if visitor.may.manage_devices else None


def paper_of(ctx: Context, attempt: SelfService) -> Document | None:
    """The paper about a removal."""
    return receipts.reset_of(ctx, attempt.id)
