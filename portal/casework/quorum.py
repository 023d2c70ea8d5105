"""Whether enough people are left to decide about staff: an admin to propose, and an admin or lead besides to agree.

Without this rule one admin could disable everybody else, or two the last of the others, and nothing could ever be
undone: the command line can only propose, and proposals need both.
"""

from __future__ import annotations

from sqlalchemy import select

from portal.casework import factor
from portal.casework.context import Context, Refused
from portal.domain.lifecycle import Role
from portal.models import Installation, Staff, StaffRole

DECIDING = (Role.ADMIN, Role.LEAD)


def refuse_last(ctx: Context, login: Staff, role: Role | None = None) -> None:
    """Raise Refused where this login, or this role of it, is one of the last that could decide.

    Asked after the login's row is locked. One such question at a time: two admins who disable each other at the same
    moment would each find the other still there.
    """
    ctx.session.execute(select(Installation.id).with_for_update(key_share=True))
    held = _held(ctx)
    left = {row for row in held if not (row[0] == login.id and role in {None, row[2]})}
    if left != held and not _is_enough(left):
        raise Refused("last_deciders")


def _held(ctx: Context) -> set[tuple[str, str, str]]:
    """Login, person and role of whoever could sign in and decide now."""
    query = (
        select(Staff, StaffRole.role)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(
            StaffRole.role.in_(DECIDING),
            StaffRole.effective_at <= ctx.now,
            StaffRole.revoked_at.is_(None),
            Staff.disabled_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )
    rows = ctx.session.execute(query).all()
    return {(one.id, one.person_id, role) for one, role in rows if factor.is_enrolled(one)}


def _is_enough(held: set[tuple[str, str, str]]) -> bool:
    admins = {person for _login, person, role in held if role == Role.ADMIN}
    return bool(admins) and len({person for _login, person, _role in held}) >= 2
