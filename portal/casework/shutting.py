"""What one admin may do at once about a colleague's login, because it only takes power away: end its sessions, disable it.

What gives power back takes two. Nobody may take so much away that no two persons are left who could do that.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from sqlalchemy import select, update

from portal import tokens
from portal.casework import factor, fresh, logins, quorum, sessions, staff, staff_mail
from portal.casework.context import Context, Refused
from portal.casework.sessions import Listed
from portal.domain.lifecycle import Act, Role, Status
from portal.models import Case, CaseTimer, Staff

ALL = "all"
NETWORKS = {4: 24, 6: 48}  # so much of an address tells home from office, and not which desk


def open_sessions(ctx: Context, staff_id: str) -> list[Listed]:
    """Where a colleague is signed in, newest first, with the network instead of the address. For admins only."""
    if not ctx.actor.is_any(frozenset({Role.ADMIN})):
        return []
    login = ctx.session.get(Staff, staff_id)
    listed = sessions.list_of(ctx, login) if login else []
    return [replace(one, address=network_of(one.address)) for one in listed]


def network_of(address: str) -> str:
    """The network that an address is in, or nothing where it is none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((found, NETWORKS[found.version]), strict=False))


def end_sessions(ctx: Context, staff_id: str, which: str, *, code: str) -> None:
    """End one session of a colleague by its key, or `all` of them, with a fresh code. The person is told.

    One that has ended meanwhile is no mistake: what was wanted is so.
    """
    fresh.factor(ctx, code)
    with ctx.act():
        login = logins.target(ctx, staff_id)
        if which == ALL:
            factor.end_sessions(ctx, login, "by_admin")
        else:
            sessions.end_one(ctx, login, which, "by_admin")
        staff_mail.changed(ctx, [login], "sessions_ended", about=login)


def disable(ctx: Context, staff_id: str, *, code: str) -> None:
    """Shut a login at once, with a fresh code. What it has in hand goes back to the others: claims, and proposals about staff."""
    fresh.factor(ctx, code)
    with ctx.act():
        login = logins.target(ctx, staff_id)
        if login.disabled_at is not None:
            raise Refused("already_disabled")
        quorum.refuse_last(ctx, login)
        told = [*staff_mail.holders(ctx, Role.LEAD, Role.COMPLIANCE), login]
        staff_mail.changed(ctx, told, "login_disabled", about=login)
        login.disabled_at = ctx.now
        tokens.revoke(ctx.session, now=ctx.now, purpose="invite", staff_id=login.id)
        tokens.revoke(ctx.session, now=ctx.now, purpose="halt", staff_id=login.id)
        factor.end_sessions(ctx, login, "disabled")
        factor.record(ctx, login, "staff:login:disabled", staff=login.id)
        if not staff_mail.of_person(ctx, login.person_id):
            staff.stop_all_of(ctx, login.person_id)
            _end_claims(ctx, login.person_id)


def _end_claims(ctx: Context, person_id: str) -> None:
    """Let the person's claims lapse now instead of hours later; the worker puts the cases back into the queue."""
    held = select(Case.id).where(Case.status == Status.VERIFYING, Case.holder_id == person_id)
    lapses = update(CaseTimer).where(CaseTimer.act == Act.LAPSE_CLAIM, CaseTimer.case_id.in_(held))
    ctx.session.execute(
        lapses.where(CaseTimer.at > ctx.now).values(at=ctx.now).execution_options(synchronize_session=False)
    )
