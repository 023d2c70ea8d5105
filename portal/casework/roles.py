"""Which roles a person holds at this moment, over all their logins that are not disabled."""

from __future__ import annotations

from sqlalchemy import or_, select

from portal.casework.context import Context
from portal.domain.lifecycle import Actor, Role
from portal.models import Person, Staff, StaffRole

NEVER_BY_ADMINS = frozenset({Role.VERIFIER, Role.APPROVER, Role.LEAD})


def of_person(ctx: Context, person_id: str) -> frozenset[Role]:
    """Roles in force. Who is an admin, or was within 30 days, never checks, approves or executes: admins can make logins."""
    now, excluded = ctx.now, ctx.limits.admin_exclusion
    rows = ctx.session.execute(
        select(StaffRole.role, StaffRole.revoked_at, Staff.disabled_at)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(
            Staff.person_id == person_id,
            StaffRole.effective_at <= now,
            or_(StaffRole.revoked_at.is_(None), StaffRole.revoked_at > now - excluded),
        )
    ).all()
    held = frozenset(
        Role(role)
        for role, revoked_at, disabled_at in rows
        if disabled_at is None and (revoked_at is None or revoked_at > now)
    )
    was_admin = any(role == Role.ADMIN for role, *_ in rows)
    return held - NEVER_BY_ADMINS if was_admin else held


def of_login(ctx: Context, staff: Staff) -> frozenset[Role]:
    """What one login may use: its own roles, less what its person is barred from."""
    rows = ctx.session.execute(
        select(StaffRole.role).where(
            StaffRole.staff_id == staff.id,
            StaffRole.effective_at <= ctx.now,
            or_(StaffRole.revoked_at.is_(None), StaffRole.revoked_at > ctx.now),
        )
    ).scalars()
    return frozenset(Role(role) for role in rows) & of_person(ctx, staff.person_id)


def actor_for(ctx: Context, staff: Staff) -> Actor:
    """The actor that this login is, with the roles it may use now."""
    person = ctx.session.get_one(Person, staff.person_id)
    return Actor(roles=of_login(ctx, staff), person_id=person.id, staff_id=staff.id, name=person.name)
