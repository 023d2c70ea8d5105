""" "This was not me" where there is no request: said of an account by one of its registered contacts, it opens a case on hold."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import Select, select

from portal import outbox
from portal.casework import owner_sessions, self_service_end, transition
from portal.casework.context import Context, NotFound
from portal.domain.lifecycle import Act, Status
from portal.domain.reference import new_reference
from portal.models import Account, Case, Contact, LinkToken, Objection, new_id


def stopped_by(ctx: Context, link: LinkToken) -> Case | None:
    """The case that a stop link without one has opened already, or that its contact holds open by another."""
    if link.contact_id is None:
        return None
    return _held_open(ctx, link.contact_id) or (_newest(ctx, link.contact_id) if link.used_at else None)


def stop_without_case(ctx: Context, link: LinkToken) -> Case | None:
    """The stop link of a notice about an account: it opens one case, and pressing it again changes nothing."""
    assert link.contact_id is not None
    with ctx.act():
        _lock_account(ctx, link.contact_id)
        ctx.session.refresh(link)
        case = stopped_by(ctx, link)
        if case is None:
            case = object_on_account(ctx, link.contact_id, channel="mail")
            link.used_at = ctx.now  # after the decision a new notice brings a new link
            ctx.session.flush()
    return case


def object_on_account(ctx: Context, contact_id: str, *, channel: str) -> Case:
    """A registered contact stops what no request is about. It freezes once: what they hold open already is left as it is."""
    with ctx.act():
        _lock_account(ctx, contact_id)
        case = _held_open(ctx, contact_id)
        if case is None:
            case = object_without_case(ctx, contact_id, channel=channel)
        else:
            self_service_end.stop_account(ctx, ctx.session.get_one(Contact, contact_id).account_id)
        suspend_what_came_since(ctx, case)
    return case


def _lock_account(ctx: Context, contact_id: str) -> None:
    """Two presses at once open one case: the second one waits here, and then finds it."""
    contact = ctx.session.get(Contact, contact_id)
    if contact is not None:
        owner_sessions.hold_account(ctx, contact.account_id)


def _held_open(ctx: Context, contact_id: str) -> Case | None:
    return ctx.session.execute(
        _opened_by(contact_id).where(Case.status == Status.FROZEN, Objection.outcome.is_(None)).limit(1)
    ).scalar_one_or_none()


def opened_since(ctx: Context, contact_id: str, moment: datetime) -> Case | None:
    """The newest case that a contact has opened like this since a moment, decided or not."""
    query = _opened_by(contact_id).where(Case.created_at >= moment)
    return ctx.session.execute(query.limit(1)).scalar_one_or_none()


def _newest(ctx: Context, contact_id: str) -> Case | None:
    return ctx.session.execute(_opened_by(contact_id).limit(1)).scalar_one_or_none()


def _opened_by(contact_id: str) -> Select[Case]:
    """Cases that the contact opened by an objection, and that are about no request; the newest first."""
    return (
        select(Case)
        .join(Objection, Objection.case_id == Case.id)
        .where(Objection.contact_id == contact_id, Objection.at == Case.created_at)
        .order_by(Case.created_at.desc(), Case.id)
    )


def object_without_case(ctx: Context, contact_id: str, *, channel: str) -> Case:
    """A registered contact reports misuse where no case exists: one is opened, directly on hold, for a lead to decide."""
    contact = ctx.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound()
    with ctx.act():
        account = ctx.session.get_one(Account, contact.account_id)
        self_service_end.stop_account(ctx, account.id)
        subject_id = ctx.vault.new_subject(ctx.session)
        case = Case(
            id=new_id(),
            subject_id=subject_id,
            reference=new_reference(secrets.token_bytes),
            language=contact.language or "ja",
            principal_kind="root",
            problem="other",
            registered_phone="unknown",
            phone_on_device="unknown",
            holder_kind=account.holder_kind or "individual",
            is_administrator="unknown",
            account_id=account.id,
            training=False,
            theft_suspected=True,
            frozen_from=None,
            triage={},
            accepted={},
            tier="elevated",
            tier_reasons=["past_dispute"],
            round=1,
        )
        row = Objection(
            id=new_id(),
            account_id=account.id,
            case_id=case.id,
            contact_id=contact_id,
            channel=channel,
            at=ctx.now,
        )
        transition.open_case(
            ctx,
            case,
            Act.OPEN_FROZEN,
            said={"objection": row.id, "contact": contact_id, "channel": channel, "account": account.id},
            params={"alarm": "objection"},
        )
        ctx.session.add(row)
        ctx.session.flush()
    return case


def suspend_what_came_since(ctx: Context, case: Case) -> None:
    """Have the worker end sessions and suspend what was bound since a device went."""
    outbox.put(
        ctx.session,
        ctx.vault,
        "suspend",
        unique_key=f"{case.id}:suspend:{new_id()}",
        now=ctx.now,
        case_id=case.id,
    )
