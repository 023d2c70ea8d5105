"""Queues what staff are told about staff: invitations, proposals with a way to stop them, and what has changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal import audit, outbox, tokens, written_times
from portal.casework import telling
from portal.casework.context import Context
from portal.contact import mask_account_number
from portal.domain.lifecycle import Role
from portal.models import Account, Person, Proposal, Staff, new_id

# What a `staff_changed` notice may be about; its words have one sentence for each.
CHANGES = (
    "role_granted",
    "role_revoked",
    "login_made",
    "login_disabled",
    "sessions_ended",
    "login_enabled",
    "address_changed",
    "sign_in_reset",
    "factor_enrolled",
    "factor_disabled",
    "codes_refused",
    "codes_renewed",
    "recovery_used",
    "password_changed",
    "proposal_stopped",
    "named_proposer",
)


def holders(ctx: Context, *roles: Role) -> list[Staff]:
    """Logins that hold one of these roles now, each once."""
    return _each_once(login for role in roles for login in telling.staff_with(ctx, role))


def of_person(ctx: Context, person_id: str) -> list[Staff]:
    """All logins of a person that are not disabled."""
    query = select(Staff).where(Staff.person_id == person_id, Staff.disabled_at.is_(None)).order_by(Staff.id)
    return list(ctx.session.execute(query).scalars())


def _each_once(logins: Iterable[Staff]) -> list[Staff]:
    return list({login.id: login for login in logins}.values())


def invited(ctx: Context, staff: Staff) -> None:
    """Send a link with which a login sets its password and its second factor. Earlier links die."""
    tokens.revoke(ctx.session, now=ctx.now, purpose="invite", staff_id=staff.id)
    until = ctx.now + ctx.limits.invite_life
    raw = tokens.issue(ctx.session, "invite", now=ctx.now, expires_at=until, staff_id=staff.id)
    _put(ctx, staff, "staff_invite", until, links={"invite": raw}, until=audit.timestamp(until))


def proposed(ctx: Context, proposal: Proposal, told: Iterable[Staff], **facts: Any) -> None:
    """Tell of an agreed proposal; every recipient's own link stops it until it takes effect."""
    assert proposal.effective_at is not None
    for staff in _each_once(told):
        raw = tokens.issue(
            ctx.session,
            "halt",
            now=ctx.now,
            expires_at=proposal.effective_at,
            staff_id=staff.id,
            proposal_id=proposal.id,
        )
        at = audit.timestamp(proposal.effective_at)
        _put(
            ctx, staff, "staff_proposal", proposal.effective_at, links={"halt": raw}, effective_at=at, **facts
        )


def changed(
    ctx: Context, told: Iterable[Staff], what: str, *, about: Staff, role: Role | None = None
) -> None:
    """Tell what has changed for a login. `what` is one of CHANGES."""
    name = ctx.session.get_one(Person, about.person_id).name
    for staff in _each_once(told):
        own = staff.person_id == about.person_id
        _put(
            ctx,
            staff,
            "staff_changed",
            None,
            what=what,
            about=name,
            own=own,
            role=role.value if role else None,
        )


def about_account(ctx: Context, account: Account, **facts: Any) -> None:
    """Tell every admin and lead what was decided about an account. The words have one sentence for each kind and state."""
    number = mask_account_number(account.number)
    for staff in holders(ctx, Role.ADMIN, Role.LEAD):
        _put(ctx, staff, "account_setting", None, about=number, **facts)


def about_retention(ctx: Context, **facts: Any) -> None:
    """Tell every admin and lead, and compliance, what was decided about data that is kept, or that some was handed out."""
    for staff in holders(ctx, Role.ADMIN, Role.LEAD, Role.COMPLIANCE):
        _put(ctx, staff, "retention_decision", None, **facts)


def report_in_clear(ctx: Context, start: date, end: date) -> None:
    """Tell leads, admins and compliance that the actor has asked for a report with personal data of these days.

    Whoever can take out everything alone is seen at once by those who would miss it: also by themselves, if it was not they.
    """
    for staff in holders(ctx, Role.ADMIN, Role.LEAD, Role.COMPLIANCE):
        _put(
            ctx,
            staff,
            "retention_decision",
            None,
            kind="report_in_clear",
            state="asked_for",
            about=written_times.span(start, end, staff.language),
            by=ctx.actor.name or "",
            decider="",
            effective_at=audit.timestamp(ctx.now),
        )


def export_ready(ctx: Context, staff: Staff, *, about: str, state: str, until: str | None) -> None:
    """Tell that the monthly file that somebody saved is there, or could not be built. `about`: what they call it."""
    _put(ctx, staff, "export_ready", None, about=about, state=state, until=until)


def _put(ctx: Context, staff: Staff, notice: str, expires_at: datetime | None, **params: Any) -> None:
    name = ctx.session.get_one(Person, staff.person_id).name
    outbox.put(
        ctx.session,
        ctx.vault,
        "mail",
        unique_key=f"{notice}:{staff.id}:{new_id()}",
        now=ctx.now,
        subject_id=staff.subject_id,
        params={"at": audit.timestamp(ctx.now), "name": name, **params},
        notice=notice,
        language=staff.language,
        security=False,
        staff_id=staff.id,
        expires_at=expires_at,
    )
