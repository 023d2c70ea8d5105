"""A root user or an administrator removes the device of an IAM user of their account, with a reason and a fresh code.

Their user then has no device and must register one: with their password and a one-use pass that the administrator hands over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.casework import account_notices, owner_factor, owner_sign_in, passes, registry
from portal.casework.context import Context, NotFound, Refused
from portal.casework.facts import is_objected_to
from portal.casework.owner_sessions import Visitor
from portal.casework.phone_facts import held_for
from portal.connectors import ConnectorError, Device, SignIn
from portal.models import Account, ManagedRemoval, Principal, Removal, new_id

PAGE = 20


@dataclass(frozen=True)
class Managed:
    """An IAM user as those who look after the account see them; `must_enrol` since when they have to register a device."""

    principal: Principal
    devices: tuple[Device, ...]
    must_enrol: datetime | None
    is_self: bool


def may_manage(principal: Principal) -> bool:
    """Whether this user may see to the devices of others: the root user, or an administrator."""
    return principal.kind == "root" or bool(principal.is_administrator)


def users(ctx: Context, visitor: Visitor, *, after: str = "") -> tuple[Managed, ...]:
    """The account's IAM users by name, one page and one more. Raises NotFound for who may not see them, and ConnectorError."""
    _require_manager(visitor)
    query = (
        select(Principal)
        .where(
            Principal.account_id == visitor.account.id,
            Principal.kind == "iam",
            Principal.username > after,
        )
        .order_by(Principal.username, Principal.id)
        .limit(PAGE + 1)
    )
    rows = ctx.session.execute(query).scalars().all()
    return tuple(_seen(ctx, visitor, principal) for principal in rows)


def user(ctx: Context, visitor: Visitor, principal_id: str) -> Managed:
    """One of them. Raises NotFound for anybody else, and for who may not see them."""
    _require_manager(visitor)
    return _seen(ctx, visitor, _principal(ctx, visitor, principal_id))


def _require_manager(visitor: Visitor) -> None:
    if not visitor.may.manage_account or not may_manage(visitor.principal):
        raise NotFound()


def _principal(ctx: Context, visitor: Visitor, principal_id: str) -> Principal:
    principal = ctx.session.get(Principal, principal_id, populate_existing=True)
    if principal is None or principal.account_id != visitor.account.id or principal.kind != "iam":
        raise NotFound()
    return principal


def _seen(ctx: Context, visitor: Visitor, principal: Principal) -> Managed:
    connector = owner_sign_in.connector_of(ctx, visitor.account)
    return Managed(
        principal,
        connector.list_devices(ctx.session, principal),
        connector.must_enrol(ctx.session, principal),
        principal.id == visitor.principal.id,
    )


def removed(ctx: Context, visitor: Visitor, principal_id: str, device_id: str) -> Removal | None:
    """The removal of this device on this page, or None where there was none."""
    query = (
        select(Removal)
        .join(ManagedRemoval, ManagedRemoval.id == Removal.managed_id)
        .where(
            ManagedRemoval.account_id == visitor.account.id,
            ManagedRemoval.principal_id == principal_id,
            ManagedRemoval.device_id == device_id,
        )
        .order_by(Removal.created_at.desc(), Removal.id)
        .limit(1)
    )
    return ctx.session.execute(query).scalar_one_or_none()


def remove(
    ctx: Context, visitor: Visitor, principal_id: str, device_id: str, *, reason: str, code: str
) -> str:
    """Remove one device. Returns the pass that the user needs to register another one; nobody is shown it again.

    Raises NotFound, Refused, Throttled, and ConnectorError where the other system does not say that the device is gone.
    """
    _require(ctx, visitor, principal_id)
    device = _device(user(ctx, visitor, principal_id).devices, device_id)
    owner_factor.fresh_code(ctx, visitor, code)
    with ctx.act():
        held = held_for(ctx, visitor)
        principal = _require(ctx, held, principal_id)
        removal_id = _intend(ctx, held, principal, device, reason)
    # committed before the other system is called: whatever happens there, it is on record who wanted it
    return _carry_out(ctx, visitor, removal_id, device)


def _require(ctx: Context, visitor: Visitor, principal_id: str) -> Principal:
    """The user, where the actor may remove a device of theirs now."""
    _require_manager(visitor)
    principal = _principal(ctx, visitor, principal_id)
    if principal.id == visitor.principal.id:
        raise Refused("own_device")
    # Whoever has just come back to their sign-in may be somebody else: they first wait, like for contacts.
    until = owner_sign_in.connector_of(ctx, visitor.account).changes_held_until(
        ctx.session, visitor.principal
    )
    if until is not None and until > ctx.now:
        raise Refused("changes_held", until=until)
    if is_objected_to(ctx.session, visitor.account.id):
        raise Refused("objection_open")
    return principal


def _device(devices: Sequence[Device], device_id: str) -> Device:
    found = next((device for device in devices if device.id == device_id), None)
    if found is None:
        raise NotFound()
    return found


def _intend(ctx: Context, visitor: Visitor, principal: Principal, device: Device, reason: str) -> str:
    account = visitor.account
    managed = ManagedRemoval(
        id=new_id(),
        account_id=account.id,
        actor_principal_id=visitor.principal.id,
        principal_id=principal.id,
        device_id=device.id,
        factor_at=ctx.now,
        created_at=ctx.now,
    )
    ctx.vault.seal(ctx.session, account.subject_id, managed, "reason", reason)
    ctx.session.add(managed)
    ctx.session.flush()
    removal = Removal(
        id=new_id(),
        managed_id=managed.id,
        connector=account.connector,
        principal_id=principal.id,
        device_id=device.id,
        state="sent",
        tries=1,
        created_at=ctx.now,
        sent_at=ctx.now,
    )
    ctx.session.add(removal)
    ctx.session.flush()
    _record(ctx, account, "started", managed, removal)
    return removal.id


def _carry_out(ctx: Context, visitor: Visitor, removal_id: str, device: Device) -> str:
    connector = owner_sign_in.connector_of(ctx, visitor.account)
    removal = ctx.session.get_one(Removal, removal_id)
    principal = ctx.session.get_one(Principal, removal.principal_id)
    try:
        with ctx.act():
            connector.deactivate(ctx.session, principal, device.id, now=ctx.now)
            if not connector.is_gone(ctx.session, principal, device.id):
                raise ConnectorError("still there")
            return _close(ctx, connector, removal_id, device)
    except ConnectorError as problem:
        ctx.session.rollback()
        _leave_open(ctx, removal_id, str(problem) or "no answer")
        raise


def _close(ctx: Context, connector: SignIn, removal_id: str, device: Device) -> str:
    """Read back as gone: sessions end, the user must register a device, everybody is told, and the pass is made."""
    removal = ctx.session.get_one(Removal, removal_id, with_for_update={"key_share": True})
    managed = ctx.session.get_one(ManagedRemoval, removal.managed_id)
    principal = ctx.session.get_one(Principal, removal.principal_id)
    account = ctx.session.get_one(Account, managed.account_id)
    sessions = connector.end_sessions(ctx.session, principal, now=ctx.now)
    passes.require(ctx, principal)
    # who comes back by a handed-over pass does not at once change the number or other people's devices
    connector.hold_changes(ctx.session, principal, ctx.now + ctx.limits.changes_held)
    removal.state, removal.confirmed_at, removal.last_error = "confirmed", ctx.now, None
    ctx.session.flush()
    _record(ctx, account, "done", managed, removal, sessions=sessions)
    _tell(ctx, account, managed, principal, device)
    return passes.issue_shown(ctx, principal)


def _leave_open(ctx: Context, removal_id: str, error: str) -> None:
    """A time-out is not a failure: the device may be gone. The page offers the same removal again."""
    with ctx.act():
        removal = ctx.session.get_one(Removal, removal_id, with_for_update={"key_share": True})
        removal.state, removal.last_error = "unknown", error[:200]


def _tell(
    ctx: Context, account: Account, managed: ManagedRemoval, principal: Principal, device: Device
) -> None:
    actor = ctx.session.get_one(Principal, managed.actor_principal_id)
    account_notices.tell_account(
        ctx,
        account,
        "iam_device_removed",
        params={
            "device": device.label,
            "user": principal.username or "",
            "by": "" if actor.kind == "root" else actor.username or "",
        },
        links=("stop",),
        cause=managed.id,
        security=True,
    )


def finish(ctx: Context, visitor: Visitor, principal_id: str, device_id: str, *, code: str) -> str:
    """Ask again about a removal whose end nobody knows, with a fresh code. Returns the user's pass."""
    _require(ctx, visitor, principal_id)
    removal = removed(ctx, visitor, principal_id, device_id)
    if removal is None or removal.state == "confirmed":
        raise NotFound()
    removal_id = removal.id
    owner_factor.fresh_code(ctx, visitor, code)
    with ctx.act():
        principal = _require(ctx, held_for(ctx, visitor), principal_id)
        row = ctx.session.get_one(
            Removal, removal_id, with_for_update={"key_share": True}, populate_existing=True
        )
        if row.state == "confirmed":
            raise NotFound()  # another press was faster: closing twice would make the user's pass worthless
        row.state, row.tries = "sent", row.tries + 1
    shown = owner_sign_in.connector_of(ctx, visitor.account).list_devices(ctx.session, principal)
    gone = Device(device_id, "", "unknown", "")
    device = next((one for one in shown if one.id == device_id), gone)
    return _carry_out(ctx, visitor, removal_id, device)


def new_pass(ctx: Context, visitor: Visitor, principal_id: str, *, code: str) -> str:
    """Another pass for a user who still has to register a device, with a fresh code. Earlier passes no longer work."""
    _require_waiting(ctx, visitor, principal_id)
    owner_factor.fresh_code(ctx, visitor, code)
    with ctx.act():
        held = held_for(ctx, visitor)
        principal = _require_waiting(ctx, held, principal_id)
        registry.record(ctx, held.account, "account:pass:shown", principal=principal.id, by=held.principal.id)
        return passes.issue_shown(ctx, principal)


def _require_waiting(ctx: Context, visitor: Visitor, principal_id: str) -> Principal:
    principal = _require(ctx, visitor, principal_id)
    connector = owner_sign_in.connector_of(ctx, visitor.account)
    if connector.must_enrol(ctx.session, principal) is None:
        raise Refused("nothing_to_enrol")
    return principal


def _record(
    ctx: Context, account: Account, what: str, managed: ManagedRemoval, removal: Removal, **facts: Any
) -> None:
    facts = {
        "managed": managed.id,
        "removal": removal.id,
        "device": removal.device_id,
        "principal": managed.principal_id,
        "by": managed.actor_principal_id,
        **facts,
    }
    registry.record(ctx, account, f"account:managed_removal:{what}", **facts)
