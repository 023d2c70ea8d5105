"""The second step of an owner's sign-in: a code of any registered device; and how a device's clock is set right.

Wrong codes belong to the user, not to the session: five in a quarter of an hour make the next wait, and at the cap no
code is taken any more until a device was removed or registered. What the password alone opens stays open all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal import audit
from portal.casework import account_notices, owner_brakes, owner_sessions, self_service_end
from portal.casework.context import Context, Refused, Throttled
from portal.casework.owner_sessions import Opened, Visitor
from portal.casework.owner_sign_in import connector_of, record
from portal.connectors import Device, SignIn
from portal.models import Account, Principal


@dataclass(frozen=True)
class Verdict:
    """What became of a code: the device that showed it, or why it was not taken."""

    device_id: str | None = None
    refused: str = "wrong_code"
    wait: int = 0

    def raise_refusal(self) -> None:
        """Answer a failure after it was counted and committed."""
        if self.wait:
            raise Throttled(self.wait)
        raise Refused(self.refused, field="code")


def sign_in_with_code(ctx: Context, visitor: Visitor, code: str) -> Opened:
    """Open the stage "full" for a code of any registered device. Raises Refused or Throttled; a failure is counted."""
    opened = None
    with ctx.act():
        held = held_for(ctx, visitor, "password")
        verdict = judge(ctx, held, code)
        if verdict.device_id:
            opened = admit(ctx, held, factor="device", device_id=verdict.device_id)
            _end_attempts_against(ctx, held, verdict.device_id)
    if opened is None:
        verdict.raise_refusal()
        raise Refused("wrong_code", field="code")
    return opened


def fresh_code(ctx: Context, visitor: Visitor, code: str) -> str:
    """Spend one code for one act of somebody fully signed in, in an act of its own: it stays spent when that is refused.

    Returns the device. Raises Refused or Throttled; failures count as at sign-in.
    """
    if ctx.session.info.get("acting"):
        raise RuntimeError("a fresh code is spent before its act begins, or a refusal would give it back")
    with ctx.act():
        verdict = judge(ctx, held_for(ctx, visitor, "full"), code)
    if verdict.device_id is None:
        verdict.raise_refusal()
        raise Refused("wrong_code", field="code")
    return verdict.device_id


def judge(ctx: Context, held: Visitor, code: str) -> Verdict:
    """Judge a code in the caller's act and count it. A right one is used up also where none is taken now."""
    connector = connector_of(ctx, held.account)
    failures = connector.code_failures(ctx.session, held.principal)  # locks: tries at once queue up here
    device_id = connector.accepts_any_code(ctx.session, held.principal, code, now=ctx.now)
    blocked = _blocked(ctx, held.principal, failures)
    if blocked:
        return blocked
    if device_id:
        connector.forgive_code_failures(ctx.session, held.principal)
        return Verdict(device_id)
    count_failure(ctx, connector, held)
    return Verdict()


def code_devices(ctx: Context, visitor: Visitor) -> tuple[Device, ...]:
    """The devices whose codes would be taken."""
    return connector_of(ctx, visitor.account).code_devices(ctx.session, visitor.principal)


def resynchronise(ctx: Context, visitor: Visitor, device_id: str, codes: Sequence[str]) -> None:
    """Set a device's clock right by two codes in a row. Signs nobody in. Raises Refused or Throttled; a failure is counted."""
    with ctx.act():
        held = held_for(ctx, visitor, "password")
        connector = connector_of(ctx, held.account)
        failures = connector.code_failures(ctx.session, held.principal)
        verdict = _blocked(ctx, held.principal, failures) or Verdict(refused="codes_not_in_a_row")
        found = False
        if not verdict.wait and verdict.refused != "owner_codes_off":
            within = ctx.limits.resync_steps
            found = connector.resynchronise(
                ctx.session, held.principal, device_id, codes, within=within, now=ctx.now
            )
            if not found:
                count_failure(ctx, connector, held)
        if found:
            record(
                ctx,
                held.account,
                "account:device:resynchronised",
                principal=held.principal.id,
                device=device_id,
            )
    if not found:
        verdict.raise_refusal()


def held_for(ctx: Context, visitor: Visitor, *stages: str) -> Visitor:
    """The session locked for an act, while it is still in one of the stages. Raises Refused("session_moved").

    Who must register a device first gets nowhere by codes: what they need is the one-use pass.
    """
    held = owner_sessions.lock(ctx, visitor)
    if held is None or held.stage not in stages:
        raise Refused("session_moved")
    if held.stage == "password" and connector_of(ctx, held.account).must_enrol(ctx.session, held.principal):
        raise Refused("session_moved")
    return held


def move(ctx: Context, held: Visitor, stage: str) -> Opened:
    """The same browser in another stage, with another secret: nobody who knew the old one comes along."""
    ctx.session.delete(held.row)
    ctx.session.flush()
    return owner_sessions.start(ctx, held.principal, stage)


def admit(ctx: Context, held: Visitor, *, factor: str, device_id: str | None = None) -> Opened:
    account, principal = held.account, held.principal
    connector_of(ctx, account).begin_session(
        ctx.session, principal, mfa=True, device_id=device_id, now=ctx.now
    )
    record(ctx, account, "account:sign_in:done", principal=principal.id, factor=factor, device=device_id)
    return move(ctx, held, "full")


def _blocked(ctx: Context, principal: Principal, failures: int) -> Verdict | None:
    if failures >= ctx.limits.owner_code_cap:
        return Verdict(refused="owner_codes_off")
    wait = owner_brakes.wait_for_codes(ctx, principal.id)
    return Verdict(wait=wait) if wait else None


def count_failure(ctx: Context, connector: SignIn, held: Visitor) -> None:
    """Whoever tries codes has the password: the contacts hear of it at the first wait, and when codes go off for good."""
    account, principal = held.account, held.principal
    failures = connector.count_code_failure(ctx.session, principal)
    lately = owner_brakes.count_wrong_code(ctx, principal.id)
    record(ctx, account, "account:code:refused", principal=principal.id)
    is_off = failures == ctx.limits.owner_code_cap
    if is_off:
        record(ctx, account, "account:codes:off", actor="system", principal=principal.id)
    if is_off or lately == ctx.limits.owner_code_tries:
        tell(ctx, account, "codes_refused_owner", off=is_off)


def _end_attempts_against(ctx: Context, held: Visitor, device_id: str) -> None:
    """The device that somebody says they have lost has just been used: their attempt to remove it ends, and all are told.

    An open case keeps its own rule: whoever has signed in with MFA since the request voids its checks.
    """
    for attempt in self_service_end.live_of_account(ctx, held.account.id):
        if attempt.principal_id == held.principal.id and attempt.device_id == device_id:
            self_service_end.fail(ctx, attempt, "changed_meanwhile")
            tell(ctx, held.account, "lost_device_used", device=attempt.device_label)


def tell(ctx: Context, account: Account, key: str, **params: object) -> None:
    """Tell every registered mailbox what was done with the account's factors, with a way to stop it."""
    cause = f"{account.id}:{audit.timestamp(ctx.now)}"
    account_notices.tell_account(
        ctx, account, key, params=params, links=("stop",), cause=cause, security=True
    )
