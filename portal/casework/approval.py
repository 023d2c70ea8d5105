"""Two persons decide: one proposes, another opens the evidence and agrees, declines or sends back; then the wait runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from portal.casework import fresh, roles, rounds, tiers, transition, verification, waiting
from portal.casework.context import Context, NotFound, Refused
from portal.casework.devices import devices_of
from portal.casework.facts import decision_digest, verdict_of
from portal.connectors import Device
from portal.domain import lifecycle, policy
from portal.domain.lifecycle import DECLINE_REASONS, Act, CaseFacts, Role, Status
from portal.domain.methods import METHODS
from portal.models import (
    Case,
    CheckOpening,
    IdentityCheck,
)


def propose_removal(
    ctx: Context, case_id: str, device_ids: Sequence[str], *, version: int | None = None
) -> None:
    """Say that identity is confirmed and which devices shall go. The proposal goes into a pool; nobody picks the approver."""
    case = _readable(ctx, case_id)
    shown = {device.id: device for device in devices_of(ctx, case)}
    chosen = [_kept(shown[device_id]) for device_id in dict.fromkeys(device_ids) if device_id in shown]
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        _refuse_devices_in_use(ctx, case, device_ids)
        verdict = verdict_of(ctx, case)
        case.devices = chosen
        ctx.session.flush()
        digest = decision_digest(ctx, case)
        transition.apply(
            ctx,
            case,
            Act.PROPOSE_REMOVAL,
            given={"devices"} if chosen else (),
            said={
                "digest": digest,
                "policy": policy.POLICY_VERSION,
                "set": verdict.set_key,
                "devices": [device["id"] for device in chosen],
                "tier": case.tier,
            },
            **_proposal(ctx, case, "remove"),
            decision_digest=digest,
            policy_set=verdict.set_key,
        )


def _kept(device: Device) -> dict[str, Any]:
    return {"id": device.id, "label": device.label, "kind": device.kind, "serial_end": device.serial_end}


def _refuse_devices_in_use(ctx: Context, case: Case, device_ids: Sequence[str]) -> None:
    """A device whose code proved this very case is not lost."""
    checks = ctx.session.execute(
        select(IdentityCheck).where(
            IdentityCheck.case_id == case.id, IdentityCheck.round == case.round, IdentityCheck.method == "P1"
        )
    ).scalars()
    for check in checks:
        evidence = ctx.vault.open_json(ctx.session, case.subject_id, check, "evidence") or {}
        if evidence.get("device") in device_ids:
            raise Refused("device_in_use", field="devices")


def propose_decline(ctx: Context, case_id: str, reason: str, *, version: int | None = None) -> None:
    """Propose to decline, with a reason that the owner can be told."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        transition.apply(
            ctx,
            case,
            Act.PROPOSE_DECLINE,
            given={"reason"} if reason in DECLINE_REASONS else (),
            said={"why": reason},
            **_proposal(ctx, case, "decline"),
            decision_reason=reason,
        )


def _proposal(ctx: Context, case: Case, decision: str) -> dict[str, Any]:
    return {
        "decision": decision,
        "decision_round": case.round,
        "proposer_id": ctx.actor.person_id,
        "proposer_part": "verifier",
    }


def is_blind(ctx: Context, case: Case, facts: CaseFacts) -> bool:
    """Whether this person could decide what is proposed and has not opened every check that a person attested.

    Until then no note and no written reason is shown to them anywhere: who has read the first opinion only finds it confirmed.
    Nor is it under another of their logins: what one reads there, the same person knows.
    """
    if case.status != Status.PENDING_APPROVAL or not facts.checks_unopened or not ctx.actor.person_id:
        return False
    person = replace(ctx.actor, roles=roles.of_person(ctx, ctx.actor.person_id))
    return not lifecycle.blocked_by(facts, Act.OPEN_CHECK, person, ctx.now)


def open_check(ctx: Context, case_id: str, check_id: str) -> None:
    """The second person opens one person-attested check and ticks it."""
    with ctx.act():
        case = _in_hand(ctx, case_id)
        check = verification.check_of(ctx, case, check_id)
        transition.apply(ctx, case, Act.OPEN_CHECK, said={"check": check.id}, **_lead_for_contest(ctx, case))
        transition.take_part(ctx, case, "approver")
        key = (check.id, ctx.actor.person_id)
        if ctx.session.get(CheckOpening, key) is None:
            ctx.session.add(
                CheckOpening(
                    check_id=check.id,
                    person_id=ctx.actor.person_id,
                    case_id=case.id,
                    part="approver",
                    at=ctx.now,
                )
            )
            ctx.session.flush()


def repeat_check(
    ctx: Context,
    case_id: str,
    method: str,
    result: str,
    *,
    evidence: Mapping[str, str],
    note: str = "",
    version: int | None = None,
) -> None:
    """The lead repeats one live check themself, where the tier demands it."""
    with ctx.act():
        case = _in_hand(ctx, case_id, version=version)
        if method not in METHODS or not METHODS[method].live:
            raise Refused("method_not_live", field="method")
        transition.require(ctx, case, Act.REPEAT_CHECK)
        transition.take_part(ctx, case, "approver")
        check, verdict = verification.repeated_check(ctx, case, method, result, evidence, note)
        transition.apply(
            ctx,
            case,
            Act.REPEAT_CHECK,
            said={
                "check": check.id,
                "method": method,
                "result": result,
                "payload": verification.payload(check),
                "tier": verdict.tier,
            },
            tier=verdict.tier,
            tier_reasons=list(verdict.reasons),
            **_lead_for_contest(ctx, case),
        )


def approve(ctx: Context, case_id: str, *, code: str, version: int | None = None) -> Status:
    """Agree to what was proposed, with a fresh factor: the wait begins, or the case is declined."""
    given = fresh.factor(ctx, code)
    with ctx.act():
        case = _in_hand(ctx, case_id, version=version)
        agree = _agree_to_decline if case.decision == "decline" else _agree_to_remove
        return agree(ctx, case, given)


def _agree_to_remove(ctx: Context, case: Case, given: frozenset[str]) -> Status:
    role = "lead" if Role.LEAD in ctx.actor.roles else "approver"
    hours = policy.waiting_hours(policy.Tier(case.tier), case.policy_set, ctx.limits, everyone_reached=True)
    _guarded_part(ctx, case)
    after = transition.apply(
        ctx,
        case,
        Act.APPROVE,
        given=given,
        said={
            "digest": case.decision_digest,
            "policy": policy.POLICY_VERSION,
            "set": case.policy_set,
            "tier": case.tier,
            "role": role,
            "hours": hours,
        },
        params={"hours": hours},
        approved_at=ctx.now,
        approved_as=role,
        approver_id=ctx.actor.person_id,
        approver_part="approver",
        waiting_hours=hours,
        **_lead_for_contest(ctx, case),
    )
    waiting.settle_notices(ctx, case.id)
    return after


def _agree_to_decline(ctx: Context, case: Case, given: frozenset[str]) -> Status:
    role = "lead" if Role.LEAD in ctx.actor.roles else "approver"
    _guarded_part(ctx, case)
    after = transition.apply(
        ctx,
        case,
        Act.APPROVE_DECLINE,
        given=given,
        said={"why": case.decision_reason, "role": role},
        params={"why": case.decision_reason},
        approved_at=ctx.now,
        approved_as=role,
        approver_id=ctx.actor.person_id,
        approver_part="approver",
        **_lead_for_contest(ctx, case),
    )
    tiers.mark(ctx, case, "decline")
    return after


def _guarded_part(ctx: Context, case: Case) -> None:
    """Take the second person's part. Whoever has another part already is refused by the guard that follows."""
    transition.take_part(ctx, case, "approver")


def send_back(ctx: Context, case_id: str, reason: str, *, code: str, version: int | None = None) -> Status:
    """Give the case back to the verifier with a reason; checks stay, the proposal goes."""
    given = set(fresh.factor(ctx, code)) | ({"reason"} if reason.strip() else set())
    with ctx.act():
        case = _in_hand(ctx, case_id, version=version)
        _guarded_part(ctx, case)
        columns = {name: rounds.NO_DECISION[name] for name in _PROPOSED} | _lead_for_contest(ctx, case)
        ctx.vault.seal(ctx.session, case.subject_id, case, "send_back_reason", reason.strip() or None)
        return transition.apply(
            ctx, case, Act.SEND_BACK, given=given, said={"why": verification.digest_of(reason)}, **columns
        )


_PROPOSED = (
    "decision",
    "decision_reason",
    "decision_round",
    "decision_digest",
    "policy_set",
    "proposer_id",
    "proposer_part",
    "devices",
)


def _in_hand(ctx: Context, case_id: str, *, version: int | None = None) -> Case:
    """The case, locked together with those it is contested with, always in one order: two leads at once must not part them."""
    contest = (
        select(Case.contest_id).where(Case.id == case_id, Case.contest_id.is_not(None)).scalar_subquery()
    )
    ctx.session.execute(
        select(Case.id).where(Case.contest_id == contest).order_by(Case.id).with_for_update(key_share=True)
    ).all()
    return transition.lock(ctx.session, case_id, version=version)


def _lead_for_contest(ctx: Context, case: Case) -> dict[str, Any]:
    """The first lead who touches one of two contested requests has both in hand from then on."""
    if case.contest_id is None or case.contest_lead_id is not None or Role.LEAD not in ctx.actor.roles:
        return {}
    others = ctx.session.execute(
        select(Case)
        .where(Case.contest_id == case.contest_id, Case.id != case.id)
        .with_for_update(key_share=True)
    ).scalars()
    for other in others:
        other.contest_lead_id = ctx.actor.person_id
    return {"contest_lead_id": ctx.actor.person_id}


def _readable(ctx: Context, case_id: str) -> Case:
    case = ctx.session.get(Case, case_id)
    if case is None:
        raise NotFound()
    return case
