"""What can be proposed about staff: what must hold when it is proposed, agreed and carried out, and what it then does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.casework import factor, logins, quorum, roles
from portal.casework.context import Context, NotFound, Refused
from portal.casework.logins import Entry
from portal.domain.lifecycle import Role
from portal.models import Person, Proposal, Staff, StaffRole
from portal.models.staff import STAFF_ROLES

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A kind of proposal. What gives power waits a day after it was agreed; what takes power does not."""

    check: Callable[[Context, Staff | None, Payload], None]
    carry_out: Callable[[Context, Staff | None, Payload, Proposal], Staff]
    tell: str
    waits: bool = True
    tags: tuple[str, str] = ("staff:change:proposed", "staff:change:effective")


def _needed(staff: Staff | None) -> Staff:
    if staff is None:
        raise NotFound()
    return staff


def _role(payload: Payload) -> Role:
    if payload["role"] not in STAFF_ROLES:
        raise Refused("role_unknown", field="role")
    return Role(payload["role"])


def _refuse_mix(ctx: Context, person_id: str | None, wanted: frozenset[Role], field: str) -> None:
    """An admin can make logins, so whoever is one, is to become one, or was one lately, has no part in cases."""
    held = _held_by_person(ctx, person_id) if person_id else frozenset()
    both = held | wanted
    if Role.ADMIN in both and both & roles.NEVER_BY_ADMINS:
        raise Refused("admin_excludes", field=field)
    if wanted & roles.NEVER_BY_ADMINS and person_id and _was_admin(ctx, person_id):
        raise Refused("admin_lately", field=field)


def _was_admin(ctx: Context, person_id: str) -> bool:
    query = (
        select(StaffRole.id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(
            Staff.person_id == person_id,
            StaffRole.role == Role.ADMIN,
            StaffRole.revoked_at > ctx.now - ctx.limits.admin_exclusion,
        )
    )
    return ctx.session.execute(query.limit(1)).first() is not None


def _held_by_person(ctx: Context, person_id: str) -> frozenset[Role]:
    """Roles of all logins of a person, those that only take effect later among them."""
    query = (
        select(StaffRole.role)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(Staff.person_id == person_id, StaffRole.revoked_at.is_(None))
    )
    return frozenset(Role(role) for role in ctx.session.execute(query).scalars())


def _held_by_login(ctx: Context, staff: Staff, role: Role) -> StaffRole | None:
    query = select(StaffRole).where(
        StaffRole.staff_id == staff.id, StaffRole.role == role, StaffRole.revoked_at.is_(None)
    )
    return ctx.session.execute(query).scalars().first()


def _check_grant(ctx: Context, staff: Staff | None, payload: Payload) -> None:
    login, role = _needed(staff), _role(payload)
    if login.disabled_at is not None:
        raise Refused("already_disabled")
    if _held_by_login(ctx, login, role):
        raise Refused("role_held", field="role")
    _refuse_mix(ctx, login.person_id, frozenset({role}), "role")


def _grant(ctx: Context, staff: Staff | None, payload: Payload, proposal: Proposal) -> Staff:
    login = _needed(staff)
    row = StaffRole(staff_id=login.id, role=_role(payload), proposal_id=proposal.id, effective_at=ctx.now)
    ctx.session.add(row)
    factor.end_sessions(ctx, login, "roles")
    return login


def _check_revoke(ctx: Context, staff: Staff | None, payload: Payload) -> None:
    login, role = _needed(staff), _role(payload)
    if not _held_by_login(ctx, login, role):
        raise Refused("role_not_held", field="role")
    quorum.refuse_last(ctx, login, role)


def _revoke(ctx: Context, staff: Staff | None, payload: Payload, proposal: Proposal) -> Staff:
    login = _needed(staff)
    row = _held_by_login(ctx, login, _role(payload))
    if row is not None:
        row.revoked_at = ctx.now
    factor.end_sessions(ctx, login, "roles")
    return login


def _entry_of(payload: Payload) -> Entry:
    return Entry(
        name=payload["name"],
        email=payload["email"],
        language=payload["language"],
        roles=frozenset(Role(role) for role in payload["roles"]),
        person_id=payload.get("person_id"),
    )


def _check_login(ctx: Context, staff: Staff | None, payload: Payload) -> None:
    entry = _entry_of(payload)
    if not entry.roles or not entry.roles <= frozenset(STAFF_ROLES):
        raise Refused("role_unknown", field="roles")
    if entry.person_id and ctx.session.get(Person, entry.person_id) is None:
        raise NotFound()
    if logins.address_taken(ctx, entry.email):
        raise Refused("address_taken", field="email")
    _refuse_mix(ctx, entry.person_id, entry.roles, "roles")


def _make_login(ctx: Context, staff: Staff | None, payload: Payload, proposal: Proposal) -> Staff:
    made = logins.create(ctx, _entry_of(payload), effective_at=ctx.now, proposal_id=proposal.id)
    proposal.target_id = made.id
    logins.invite(ctx, made, proposal_id=proposal.id)
    return made


def _check_address(ctx: Context, staff: Staff | None, payload: Payload) -> None:
    _needed(staff)
    if logins.address_taken(ctx, payload["email"]):
        raise Refused("address_taken", field="email")


def _change_address(ctx: Context, staff: Staff | None, payload: Payload, proposal: Proposal) -> Staff:
    login = _needed(staff)
    login.email = payload["email"]
    factor.end_sessions(ctx, login, "address")
    if login.password_hash is None and login.disabled_at is None:
        logins.invite(ctx, login, proposal_id=proposal.id)
    return login


def _check_enable(ctx: Context, staff: Staff | None, payload: Payload) -> None:
    if _needed(staff).disabled_at is None:
        raise Refused("not_disabled")


def _enable(ctx: Context, staff: Staff | None, payload: Payload, proposal: Proposal) -> Staff:
    login = _needed(staff)
    login.disabled_at = None
    return login


def _check_reset(ctx: Context, staff: Staff | None, payload: Payload) -> None:
    if _needed(staff).disabled_at is not None:
        raise Refused("already_disabled")


def _reset(ctx: Context, staff: Staff | None, payload: Payload, proposal: Proposal) -> Staff:
    """Take factor, codes and password away: the way back in is the one of the first day, through the mailbox."""
    login = _needed(staff)
    login.sealed_totp, login.totp_enrolled_at, login.totp_failures = None, None, 0
    login.password_hash = None
    factor.replace_recovery_codes(ctx, login, [])
    factor.end_sessions(ctx, login, "factor")
    logins.invite(ctx, login, proposal_id=proposal.id)
    return login


CHANGES: Mapping[str, Change] = {
    "role_grant": Change(
        _check_grant, _grant, "role_granted", tags=("staff:role:proposed", "staff:role:effective")
    ),
    "role_revoke": Change(_check_revoke, _revoke, "role_revoked", waits=False),
    "new_login": Change(_check_login, _make_login, "login_made"),
    "address_change": Change(_check_address, _change_address, "address_changed"),
    "re_enable": Change(_check_enable, _enable, "login_enabled"),
    "factor_reset": Change(_check_reset, _reset, "sign_in_reset"),
}
