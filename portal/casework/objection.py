""" "This was not me": taken in every status and without a case, from a link that needs no sign-in; and the way out of a freeze."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from portal import audit, receipts, tokens
from portal.casework import (
    account_objection,
    fresh,
    owner_sessions,
    rounds,
    self_service_end,
    tiers,
    transition,
)
from portal.casework.account_objection import object_on_account, object_without_case, stopped_by
from portal.casework.context import Context
from portal.casework.facts import removal_began, removed_of
from portal.domain.lifecycle import AFTER_REMOVAL, UNFREEZE_OUTCOMES, Act, Actor, Role, Status
from portal.models import Case, CaseParty, IdentityCheck, LinkToken, Objection, new_id

__all__ = [
    "agree_unfreeze",
    "appeal",
    "link_for",
    "object_by_requester",
    "object_on_account",
    "object_to",
    "object_without_case",
    "propose_unfreeze",
    "stop_by_link",
    "stopped_by",
]


def link_for(ctx: Context, raw: str) -> LinkToken | None:
    """The stop link of a notice, good until ten days after its case has ended."""
    link = tokens.find(ctx.session, raw, "stop")
    if link is None or link.revoked_at is not None or link.expires_at <= ctx.now:
        return None
    case = ctx.session.get(Case, link.case_id) if link.case_id else None
    ended = case.closed_at if case else None
    return link if ended is None or ctx.now < ended + ctx.limits.stop_link_after_end else None


def stop_by_link(ctx: Context, raw: str) -> Case | None:
    """A registered contact pressed "this was not me". Pressing again changes nothing. None when the link is no longer good."""
    link = link_for(ctx, raw)
    if link is None or not (link.case_id or link.contact_id):
        return None
    contact = ctx.as_actor(Actor(roles=frozenset({Role.CONTACT}), contact_id=link.contact_id))
    if link.case_id is not None:
        return object_to(contact, link.case_id, channel="mail", contact_id=link.contact_id)
    return account_objection.stop_without_case(contact, link)


def object_by_requester(ctx: Context, case_id: str) -> Case:
    """The holder of the confirmed reply address says that they never asked."""
    return object_to(ctx, case_id, channel="status_page", contact_id=None)


def object_to(ctx: Context, case_id: str, *, channel: str, contact_id: str | None) -> Case:
    """Record an objection and freeze the case. It freezes once per contact and case."""
    with ctx.act():
        case = _held(ctx, case_id, contact_id)
        if _said_before(ctx, case, contact_id):
            return case
        if case.status == Status.UNCONFIRMED and contact_id is None:
            transition.apply(ctx, case, Act.WITHDRAW, said={"why": "not_mine"}, close_reason="not_mine")
            return case
        row = _record(ctx, case, channel, contact_id)
        if contact_id is not None and case.account_id is not None:
            self_service_end.stop_account(ctx, case.account_id)
        if _was_upheld_against(ctx, case, contact_id):
            row.outcome, row.decided_at = "upheld", ctx.now
            _late_stop(ctx, case, contact_id)
        elif transition.allows(ctx, case, Act.OBJECT):
            _freeze(ctx, case, row)
            if _something_is_in_doubt(ctx, case, contact_id):
                account_objection.suspend_what_came_since(ctx, case)
        elif case.status != Status.FROZEN:
            # Nothing is left to stop and nobody would ever decide it: open, it would hold up the account for good.
            row.outcome, row.decided_at = "noted", ctx.now
            _record_on_account(ctx, row)
        ctx.session.flush()
    return case


def _held(ctx: Context, case_id: str, contact_id: str | None) -> Case:
    """The case held, and before it the account, of which a contact stops everything."""
    seen = ctx.session.get(Case, case_id)
    if contact_id is not None and seen is not None and seen.account_id is not None:
        owner_sessions.hold_account(ctx, seen.account_id)
    return transition.lock(ctx.session, case_id)


def _something_is_in_doubt(ctx: Context, case: Case, contact_id: str | None) -> bool:
    """Whether a device went for this case; or lately by self-service, of which only a registered contact can complain."""
    if removal_began(ctx.session, case) is not None:
        return True
    by_contact = contact_id is not None and case.account_id is not None
    return by_contact and bool(self_service_end.removed_lately(ctx, case.account_id or ""))


def _record_on_account(ctx: Context, row: Objection) -> None:
    """What moved no case is still on record: in the stream of the account that it was said about."""
    if row.account_id is not None:
        audit.append(
            ctx.session,
            f"account:{row.account_id}",
            "account:objection:received",
            actor=ctx.actor_name,
            at=ctx.now,
            facts={"objection": row.id, "contact": row.contact_id, "channel": row.channel},
        )


def _said_before(ctx: Context, case: Case, contact_id: str | None) -> bool:
    query = select(Objection.id).where(
        Objection.case_id == case.id,
        Objection.contact_id == contact_id if contact_id else Objection.contact_id.is_(None),
        Objection.outcome.is_(None),
    )
    return ctx.session.execute(query).first() is not None


def _record(ctx: Context, case: Case, channel: str, contact_id: str | None) -> Objection:
    """One row per contact and case; a second objection after a decision opens the same row again."""
    query = select(Objection).where(Objection.case_id == case.id, Objection.contact_id == contact_id)
    row = ctx.session.execute(query).scalar_one_or_none() if contact_id else None
    # What a stranger says of a request of their own must not hold up the account that they named.
    heard = contact_id is not None or case.proven_by is not None
    if row is None:
        row = Objection(
            id=new_id(),
            account_id=case.account_id if heard else None,
            case_id=case.id,
            contact_id=contact_id,
            channel=channel,
            at=ctx.now,
        )
        ctx.session.add(row)
        ctx.session.flush()
        if heard:
            tiers.mark(ctx, case, "dispute")
    return row


def _was_upheld_against(ctx: Context, case: Case, contact_id: str | None) -> bool:
    """Whether a lead and an untouched person have upheld this request, on proofs that do not rest on this contact."""
    if contact_id is None:
        return False
    upheld = ctx.session.execute(
        select(Objection.id).where(
            Objection.case_id == case.id, Objection.contact_id == contact_id, Objection.outcome == "upheld"
        )
    ).first()
    rests = ctx.session.execute(
        select(IdentityCheck.id).where(
            IdentityCheck.case_id == case.id,
            IdentityCheck.round == case.round,
            IdentityCheck.contact_id == contact_id,
            IdentityCheck.voided_at.is_(None),
        )
    ).first()
    return upheld is not None and rests is None


def _late_stop(ctx: Context, case: Case, contact_id: str | None) -> None:
    """A stop after the request was upheld adds its hours once, and neither freezes nor voids."""
    if not transition.allows(ctx, case, Act.EXTEND_WAITING):
        return
    # Before the wait has started there is no end to move: it starts with these hours on top.
    until, moved = None, dict[str, Any]()
    if case.waiting_until is not None:
        until = max(case.waiting_until, ctx.now) + timedelta(hours=ctx.limits.late_stop_hours)
        moved = {"waiting_until": until, "due_at": until}
    transition.apply(
        ctx,
        case,
        Act.EXTEND_WAITING,
        said={"contact": contact_id, "until": until.isoformat() if until else None},
        params={"until": until.isoformat() if until else None},
        extended=True,
        **moved,
    )
    if until is not None:
        transition.set_timer(ctx, case, Act.END_WAITING, until)


def _freeze(ctx: Context, case: Case, row: Objection) -> None:
    row.outcome = row.decided_at = None
    transition.apply(
        ctx,
        case,
        Act.OBJECT,
        said={
            "objection": row.id,
            "contact": row.contact_id,
            "channel": row.channel,
            "frozen_from": case.status,
        },
        params={"alarm": "objection"},
        frozen_from=case.status,
        unfreeze=None,
        unfreeze_round=None,
        unfreeze_proposer_id=None,
        unfreeze_agreer_id=None,
    )


def propose_unfreeze(
    ctx: Context, case_id: str, outcome: str, reason: str, *, version: int | None = None
) -> None:
    """A lead proposes how the freeze ends."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        given = {"reason"} if reason.strip() and outcome in UNFREEZE_OUTCOMES else set()
        ctx.vault.seal(ctx.session, case.subject_id, case, "unfreeze_reason", reason.strip() or None)
        transition.apply(
            ctx,
            case,
            Act.PROPOSE_UNFREEZE,
            given=given,
            observed={"unfreeze": outcome, "unfreeze_proposer": None},
            said={"outcome": outcome},
            unfreeze=outcome,
            unfreeze_round=case.round,
            unfreeze_proposer_id=ctx.actor.person_id,
        )
        transition.take_part(ctx, case, "reviewer")


def agree_unfreeze(ctx: Context, case_id: str, *, code: str, version: int | None = None) -> Status:
    """Another person, who has had no part in the case, agrees with a fresh factor."""
    given = fresh.factor(ctx, code)
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        outcome = case.unfreeze or ""
        transition.require(ctx, case, Act.AGREE_UNFREEZE, given)
        after = transition.apply(
            ctx,
            case,
            Act.AGREE_UNFREEZE,
            given=given,
            said={"outcome": outcome},
            params={"why": "identity_not_confirmed"},
            unfreeze_agreer_id=ctx.actor.person_id,
            **_columns_after(ctx, case, outcome),
        )
        transition.take_part(ctx, case, "reviewer")
        if outcome == "unfounded" and receipts.document_of(ctx, case, "completion") is None:
            # the stop came before the case was closed
            receipts.freeze(ctx, case, "completion", sessions_ended=0)
        _decide_objections(ctx, case, "upheld" if outcome in {"resume", "unfounded"} else "founded")
    return after


def _columns_after(ctx: Context, case: Case, outcome: str) -> dict[str, Any]:
    if outcome in AFTER_REMOVAL:
        return {"deactivated_at": removed_of(ctx.session, case)}
    if outcome == "decline":
        return {}
    verdict = tiers.computed(ctx, case)
    return {
        **rounds.begin(ctx, case),
        "holder_id": None,
        "tier": verdict.tier,
        "tier_reasons": list(verdict.reasons),
    }


def _decide_objections(ctx: Context, case: Case, outcome: str) -> None:
    """Of this case alone: what was said against another request of the account is decided with that one."""
    ctx.session.execute(
        update(Objection)
        .where(Objection.case_id == case.id, Objection.outcome.is_(None))
        .values(outcome=outcome, decided_at=ctx.now)
    )


def appeal(ctx: Context, case_id: str) -> Status:
    """One appeal of a decline: other staff, the highest tier, failed checks kept."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        transition.require(ctx, case, Act.APPEAL)
        deciders = {
            case.proposer_id,
            case.approver_id,
            case.unfreeze_proposer_id,
            case.unfreeze_agreer_id,
        } - {None}
        case.appealed_at = ctx.now
        verdict = tiers.computed(ctx, case)
        case.appealed_at = None
        after = transition.apply(
            ctx,
            case,
            Act.APPEAL,
            appealed_at=ctx.now,
            tier=verdict.tier,
            tier_reasons=list(verdict.reasons),
            holder_id=None,
            **rounds.begin(ctx, case, keep_failed=True),
        )
        ctx.session.execute(
            update(CaseParty)
            .where(CaseParty.case_id == case.id, CaseParty.person_id.in_(deciders))
            .values(excluded_at=ctx.now)
        )
    return after
