"""Legal holds: while one stands, nothing of its case is deleted, neither by time nor by two. Set at once, lifted after a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from portal.casework import transition
from portal.casework.context import Context
from portal.casework.facts import asked_facts
from portal.domain import lifecycle
from portal.domain.lifecycle import Act
from portal.domain.retention import QUIET
from portal.models import PROPOSAL_PENDING, Case, LegalHold, Proposal, new_id

MOST = 50


@dataclass(frozen=True)
class Standing:
    """A hold that stands, and the case that it keeps."""

    hold: LegalHold
    case: Case


def refusal(ctx: Context, case: Case, act: Act) -> str | None:
    """Why two persons could not decide this now, or None."""
    return lifecycle.refusal(asked_facts(ctx, case, {"agreed"}), act, ctx.actor, ctx.now)


def is_proposed(session: Session, case_id: str) -> bool:
    """Whether somebody has asked for a hold and nobody has decided: until then nothing of the case goes."""
    return is_pending(session, case_id, "case_hold")


def proposed_for(case_id: Any, at: datetime) -> ColumnElement[bool]:
    """The same, of a case in a statement; and for some days after another person has refused, who may want it gone."""
    lately = exists().where(
        Proposal.target_id == case_id,
        Proposal.kind == "case_hold",
        Proposal.state == "refused",
        Proposal.decided_by != Proposal.proposed_by,
        Proposal.decided_at > at - QUIET,
    )
    return or_(_pending(case_id, "case_hold"), lately)


def is_pending(session: Session, target_id: str, kind: str) -> bool:
    """Whether such a proposal waits for a decision or for its day."""
    return bool(session.execute(select(_pending(target_id, kind))).scalar_one())


def _pending(target_id: Any, kind: str) -> ColumnElement[bool]:
    return exists().where(
        Proposal.target_id == target_id, Proposal.kind == kind, Proposal.state.in_(PROPOSAL_PENDING)
    )


def place(ctx: Context, case: Case, proposal: Proposal) -> None:
    """Let a hold stand, as two have agreed, in the caller's act."""
    transition.apply(ctx, case, Act.PLACE_HOLD, given=("agreed",), said={"proposal": proposal.id})
    ctx.session.add(LegalHold(id=new_id(), case_id=case.id, set_by_proposal=proposal.id, set_at=ctx.now))
    ctx.session.flush()


def lift(ctx: Context, case: Case, proposal: Proposal) -> None:
    """Lift what stands, as two have agreed, in the caller's act. From then on the periods count again."""
    transition.apply(ctx, case, Act.LIFT_HOLD, given=("agreed",), said={"proposal": proposal.id})
    hold = ctx.session.execute(
        select(LegalHold).where(LegalHold.case_id == case.id, LegalHold.lifted_at.is_(None))
    ).scalar_one()
    hold.lifted_by_proposal, hold.lifted_at = proposal.id, ctx.now
    ctx.session.flush()


def standing(ctx: Context) -> list[Standing]:
    """The holds that stand, oldest first."""
    query = (
        select(LegalHold, Case)
        .join(Case, Case.id == LegalHold.case_id)
        .where(LegalHold.lifted_at.is_(None))
        .order_by(LegalHold.set_at, LegalHold.id)
        .limit(MOST)
    )
    return [Standing(hold, case) for hold, case in ctx.session.execute(query)]


def of_case(ctx: Context, case: Case) -> list[tuple[datetime, datetime | None]]:
    """Since when holds stood on a case, and until when."""
    query = select(LegalHold.set_at, LegalHold.lifted_at).where(LegalHold.case_id == case.id)
    return [(since, until) for since, until in ctx.session.execute(query.order_by(LegalHold.set_at))]
