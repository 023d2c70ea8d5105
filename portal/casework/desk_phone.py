"""A member of staff's own desk phone: where the portal connects a call-back to, once the right digits were keyed in.

Only its holder sets it, with a fresh code. A call takes the number from here and from nowhere else.
"""

from __future__ import annotations

from portal import contact
from portal.casework import calls, factor, fresh
from portal.casework.context import Context, NotFound, Refused
from portal.domain.lifecycle import Role
from portal.models import Staff

AT_WORK = frozenset({Role.VERIFIER, Role.APPROVER, Role.LEAD})  # who can have somebody called back


def change(ctx: Context, typed: str, *, code: str) -> None:
    """Keep another number, or none where nothing was typed. Raises Refused at the field, before the code is spent."""
    if not ctx.actor.is_any(AT_WORK):
        raise Refused("wrong_role")
    number = _read(ctx, typed) if typed.strip() else None
    fresh.factor(ctx, code)
    with ctx.act():
        staff = factor.lock(ctx, ctx.actor.staff_id or "")
        if staff is None:
            raise NotFound()
        ctx.vault.seal(ctx.session, staff.subject_id, staff, "desk_phone", number)
        ctx.session.flush()
        factor.record(ctx, staff, "staff:desk_phone:changed")


def number_of(ctx: Context, staff: Staff) -> str:
    """The number as it is called, or nothing."""
    return ctx.vault.open(ctx.session, staff.subject_id, staff, "desk_phone") or ""


def has_one(ctx: Context) -> bool:
    """Whether whoever acts now has a desk phone."""
    staff = ctx.session.get(Staff, ctx.actor.staff_id) if ctx.actor.staff_id else None
    return staff is not None and staff.sealed_desk_phone is not None


def _read(ctx: Context, typed: str) -> str:
    try:
        number = contact.parse_phone(typed).e164
    except contact.ContactError as error:
        raise Refused(error.key, field="number", **error.details) from None
    if not calls.is_callable(ctx, number):
        raise Refused("phone_not_callable", field="number")
    return number
