"""How an owner registers an MFA device and gives one back: two codes in a row prove a device.

After a recovery only the enrolment that belongs to it may change anything; for everybody else the account rests for a while.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyotp
from sqlalchemy import exists, select

from portal import audit, contact
from portal.casework import owner_recovery, owner_sessions
from portal.casework.context import Context, Refused
from portal.casework.facts import is_objected_to
from portal.casework.owner_factor import fresh_code, held_for, tell
from portal.casework.owner_sessions import Visitor
from portal.casework.owner_sign_in import connector_of, record
from portal.connectors import Device, directory
from portal.domain.reference import bare
from portal.models import SelfService

MOST_DEVICES = 8  # as AWS allows
LONGEST_LABEL = 60
STAGES = ("limited", "enrol", "full")
RECOVERING = frozenset({"limited", "enrol"})
SHORTEST_KEY, LONGEST_KEY = 16, 64  # bytes; RFC 4226, R6: 128 bits at least
KINDS = ("virtual", "hardware")


@dataclass(frozen=True)
class NewKey:
    """The key that is being set up in a session. It becomes a device with two codes of it."""

    secret: str
    kind: str
    until: datetime

    @property
    def groups(self) -> tuple[str, ...]:
        """The key as it is read and typed."""
        return tuple(self.secret[start : start + 4] for start in range(0, len(self.secret), 4))

    def address(self, *, login: str, issuer: str) -> str:
        """The otpauth address that the QR code shows."""
        return pyotp.TOTP(self.secret).provisioning_uri(name=login, issuer_name=issuer)


def why_not(ctx: Context, visitor: Visitor) -> Refused | None:
    """Why this browser may not register a device now, or None. The page says it before anything is typed."""
    connector = connector_of(ctx, visitor.account)
    held_until = connector.changes_held_until(ctx.session, visitor.principal)
    if is_objected_to(ctx.session, visitor.account.id):
        # what was bound before is suspended: nothing new may take its place while nobody has decided
        return Refused("objection_open")
    if visitor.stage == "limited" and not _has_removed(ctx, visitor):
        # all proofs are given, but the removal may still have to wait: a new device would go around the wait
        return Refused("remove_first")
    if visitor.stage == "full" and held_until and held_until > ctx.now:
        return Refused("changes_held", until=held_until)
    if len(connector.list_devices(ctx.session, visitor.principal)) >= MOST_DEVICES:
        return Refused("too_many_devices")
    return None


def begin(
    ctx: Context, visitor: Visitor, *, kind: str, secret: str | None = None, code: str | None = None
) -> None:
    """Put a key into the session: a new one, or that of a hardware token. An earlier one is forgotten.

    Whoever is fully signed in gives a fresh `code` first: a browser left open must not become a device for good.
    """
    if kind not in KINDS or (kind == "hardware") != bool(secret):
        raise Refused("value_unknown", field="kind")
    if needs_code(ctx, visitor):
        with ctx.act():
            _held(ctx, visitor)  # who cannot register anyway keeps their code
        fresh_code(ctx, visitor, code or "")
    with ctx.act():
        held = _held(ctx, visitor)
        _keep_key(ctx, held, _key(ctx, kind, secret))


def needs_code(ctx: Context, visitor: Visitor) -> bool:
    """Whether this browser has to give a code of a device first: it was opened with one, and may be left open by its owner."""
    connector = connector_of(ctx, visitor.account)
    began = visitor.row.started_at
    return visitor.stage == "full" and not connector.began_without_device(
        ctx.session, visitor.principal, began
    )


def new_key(ctx: Context, visitor: Visitor) -> NewKey | None:
    """The key that this session sets up, if it has one."""
    key = owner_sessions.kept(ctx, visitor).get("key")
    return NewKey(key["secret"], key["kind"], datetime.fromisoformat(key["until"])) if key else None


def register(ctx: Context, visitor: Visitor, *, label: str, codes: Sequence[str]) -> bool:
    """Bind the device. Returns whether recovery codes come next: they do after the first one of a recovery.

    Raises Refused: "codes_not_in_a_row", or "new_key" when the key was too old or tried too often and another is shown.
    """
    name, refused, first = contact.device_name(label, LONGEST_LABEL), "", False
    with ctx.act():
        held = _held(ctx, visitor)
        key = owner_sessions.kept(ctx, held).get("key")
        if key is None:
            raise Refused("session_moved")
        steps = _steps(ctx, key["secret"], codes)
        if key["until"] <= audit.timestamp(ctx.now):
            refused = _again(ctx, held, key)
        elif steps:
            first = _bind(ctx, held, key, name, steps)
        else:
            refused = _count_wrong(ctx, held, key)
    if refused:
        raise Refused(refused, field="code1")
    return first


def plain_key(typed: str) -> str:
    """The key of a hardware token as it is printed: base32 in any case, width and grouping. Raises ContactError."""
    plain = bare(contact.refuse_unprintable(typed, multiline=True)).upper().rstrip("=")
    if not plain:
        raise contact.ContactError("key_missing")
    try:
        length = len(base64.b32decode(plain + "=" * (-len(plain) % 8)))
    except (binascii.Error, ValueError):
        length = 0
    if not SHORTEST_KEY <= length <= LONGEST_KEY:
        raise contact.ContactError("key_format")
    return plain


def why_not_remove(ctx: Context, visitor: Visitor, device_id: str) -> Refused | None:
    """Why this device may not be given back now, or None."""
    connector = connector_of(ctx, visitor.account)
    held_until = connector.changes_held_until(ctx.session, visitor.principal)
    if held_until and held_until > ctx.now:
        return Refused("changes_held", until=held_until)
    left = [one for one in connector.code_devices(ctx.session, visitor.principal) if one.id != device_id]
    return None if left else Refused("last_device")


def remove(ctx: Context, visitor: Visitor, device_id: str, code: str) -> None:
    """Give a device back, for a fresh code. Other browsers are signed out and the contacts told."""
    fresh_code(ctx, visitor, code)
    with ctx.act():
        held = held_for(ctx, visitor, "full")
        connector = connector_of(ctx, held.account)
        # locks: of two devices at once the second one stays
        connector.code_failures(ctx.session, held.principal)
        devices = {one.id: one for one in connector.list_devices(ctx.session, held.principal)}
        if device_id not in devices:
            raise Refused("device_unknown", field="device")
        refusal = why_not_remove(ctx, held, device_id)
        if refusal:
            raise refusal
        connector.deactivate(ctx.session, held.principal, device_id, now=ctx.now)
        _end_others(ctx, held)
        record(ctx, held.account, "account:device:removed", principal=held.principal.id, device=device_id)
        tell(ctx, held.account, "owner_device_removed", device=devices[device_id].label)


def _held(ctx: Context, visitor: Visitor) -> Visitor:
    held = held_for(ctx, visitor, *STAGES)
    refusal = why_not(ctx, held)
    if refusal:
        raise refusal
    return held


def _has_removed(ctx: Context, visitor: Visitor) -> bool:
    """Whether this session has brought its removal to an end."""
    query = exists().where(
        SelfService.session_hash == visitor.hash,
        SelfService.principal_id == visitor.principal.id,
        SelfService.removed_at.is_not(None),
    )
    return bool(ctx.session.execute(select(query)).scalar_one())


def _key(ctx: Context, kind: str, secret: str | None = None) -> dict[str, Any]:
    return {
        "secret": secret or pyotp.random_base32(directory.SECRET_CHARACTERS),
        "kind": kind,
        "tries": 0,
        "until": audit.timestamp(ctx.now + ctx.limits.new_device_life),
    }


def _again(ctx: Context, held: Visitor, key: dict[str, Any]) -> str:
    """Another key in the place of one that was too old or tried too often. A token's own key cannot change: it is typed again."""
    if key["kind"] == "hardware":
        _keep_key(ctx, held, None)
        return "type_key_again"
    _keep_key(ctx, held, _key(ctx, key["kind"]))
    return "new_key"


def _count_wrong(ctx: Context, held: Visitor, key: dict[str, Any]) -> str:
    tries = key["tries"] + 1
    if tries >= ctx.limits.new_device_tries:
        return _again(ctx, held, key)
    _keep_key(ctx, held, {**key, "tries": tries})
    return "codes_not_in_a_row"


def _keep_key(ctx: Context, held: Visitor, key: dict[str, Any] | None) -> None:
    owner_sessions.keep(ctx, held, key=key, codes=owner_sessions.kept(ctx, held).get("codes"))


def _steps(ctx: Context, secret: str, codes: Sequence[str]) -> tuple[int, int] | None:
    """The steps of two codes in a row, also of a clock that is off: the key is known to nobody else."""
    present, within = directory.present_step(ctx.now), ctx.limits.resync_steps
    second = directory.steps_of_pair(secret, codes, range(present - within, present + within))
    return (second - 1, second) if second is not None else None


def _bind(ctx: Context, held: Visitor, key: dict[str, Any], label: str, steps: tuple[int, int]) -> bool:
    connector = connector_of(ctx, held.account)
    recovering = held.stage in RECOVERING and not _has_bound(ctx, held)
    device = connector.register_device(
        ctx.session, held.principal, key["secret"], label, steps, ctx.now, key["kind"]
    )
    _keep_key(ctx, held, None)
    if held.stage == "enrol":
        # It took no device to come here: for some days this one changes nothing else of the account.
        _hold_changes(ctx, held)
    if recovering:
        # whoever has lost the device may have lost the codes with it: from now on only the new ones count
        connector.replace_recovery_codes(ctx.session, held.principal, (), now=ctx.now)
        owner_recovery.show_new(ctx, held)
    _end_others(ctx, held)
    record(
        ctx,
        held.account,
        "account:device:registered",
        principal=held.principal.id,
        device=device.id,
        kind=device.kind,
    )
    tell(ctx, held.account, "device_registered", device=label)
    return recovering


def _hold_changes(ctx: Context, held: Visitor) -> None:
    connector = connector_of(ctx, held.account)
    until = ctx.now + ctx.limits.changes_held
    running = connector.changes_held_until(ctx.session, held.principal)
    if running is None or running < until:
        connector.hold_changes(ctx.session, held.principal, until)


def _has_bound(ctx: Context, held: Visitor) -> bool:
    """Whether a device was registered in this very session."""
    devices: tuple[Device, ...] = connector_of(ctx, held.account).list_devices(ctx.session, held.principal)
    return any(one.registered_at and one.registered_at >= held.row.started_at for one in devices)


def _end_others(ctx: Context, held: Visitor) -> None:
    owner_sessions.end_all(ctx, held.principal.id, keep=held.hash)
    connector_of(ctx, held.account).end_sessions(ctx.session, held.principal, now=ctx.now)
