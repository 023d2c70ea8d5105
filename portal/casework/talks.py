"""The conversation after the digits of a call-back: the agent takes it, it ends, and the agent writes down what they found.

The agent's telephone is asked as carefully as the called person's: whoever or whatever picks it up presses a key first, so
that nobody is connected to an answering machine. What an agent heard proves nothing, because a voice can be bought; what they
noticed counts against. So the system's check stays the digits, and the conversation is a check of its own beside it.
"""

from __future__ import annotations

import hmac

from sqlalchemy import select

from portal.casework import answering, bridges, calls, tiers, transition, verification
from portal.casework.answering import Spoken
from portal.casework.context import Context, NotFound, Refused
from portal.domain.evidence import needs_note
from portal.domain.lifecycle import Act
from portal.domain.methods import RESULTS
from portal.models import Case, IdentityCheck, PhoneCall, new_id

TAKE_KEY = "1"


def agent_answered(ctx: Context, path: str, *, provider_id: str, number: str) -> Spoken | None:
    """The agent's telephone was picked up. `provider_id` is still that of the call that is to be connected. None: hang up."""
    with ctx.act():
        call = _to_agent(ctx, path, provider_id)
        waits = _is_theirs(ctx, call, number) and call.connected_at is None
        return Spoken(call, "agent", 1) if waits else None


def agent_keyed(ctx: Context, path: str, *, provider_id: str, number: str, digits: str) -> bool:
    """Whether the two are connected now: the agent has pressed the key that takes the call."""
    with ctx.act():
        call = _to_agent(ctx, path, provider_id)
        if digits != TAKE_KEY or not _is_theirs(ctx, call, number):
            return False
        bridges.connect(ctx, call)
        return True


def parted(ctx: Context, path: str, *, provider_id: str, number: str) -> Spoken | None:
    """The agent's end is over, or never came about; the called person is still on the line and hears so."""
    with ctx.act():
        call = answering.held(ctx, path, provider_id, number)
        if calls.talks_until(ctx, call) is None:
            return None
        bridges.part(ctx, call)
        return Spoken(call, "goodbye" if call.connected_at else "not_reached")


def _to_agent(ctx: Context, path: str, provider_id: str) -> PhoneCall:
    """The call, held, from which an agent's telephone was dialled. Raises NotFound for anything else."""
    known = answering.by_path(ctx, path)
    if known is None:
        raise NotFound()
    answering.hold_thing(ctx, known)
    call = calls.lock(ctx, known.id)
    if call is None or not provider_id or call.provider_id != provider_id:
        raise NotFound()
    return call


def _is_theirs(ctx: Context, call: PhoneCall, number: str) -> bool:
    """Whether the call still waits for its agent, and this is their telephone: since the digits the case or the number may
    have changed hands. An answer that something is wrong could be taken for none, and the two be connected: it is hung up."""
    wanted = bridges.number_for(ctx, call) if calls.is_talking(ctx, call) else ""
    return bool(wanted) and hmac.compare_digest(wanted.encode(), number.encode())


def record_result(
    ctx: Context, case_id: str, call_id: str, result: str, *, note: str = "", version: int | None = None
) -> IdentityCheck:
    """What the agent found in the conversation, once, with its length. A mismatch takes the digits their worth."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        call = own_call(ctx, case, call_id)
        act = Act.REPEAT_CHECK if call.repeats else Act.RECORD_CHECK
        transition.require(ctx, case, act)
        _refuse_unready(ctx, case, call, result, note)
        check = _check(ctx, case, call, result, note)
        if result == "mismatch":
            tiers.mark(ctx, case, "failed_check")
        verdict = tiers.computed(ctx, case)
        said = {"check": check.id, "method": check.method, "result": result, "tier": verdict.tier}
        transition.apply(
            ctx,
            case,
            act,
            said={**said, "payload": verification.payload(check)},
            tier=verdict.tier,
            tier_reasons=list(verdict.reasons),
        )
    return check


def own_call(ctx: Context, case: Case, call_id: str) -> PhoneCall:
    """A call of the running round in which whoever acts now was connected. Raises NotFound."""
    call = ctx.session.get(PhoneCall, call_id)
    if call is None or (call.case_id, call.round) != (case.id, case.round) or call.connected_at is None:
        raise NotFound()
    if call.staff_id is None or call.staff_id != ctx.actor.staff_id:
        raise NotFound()
    return call


def is_recorded(ctx: Context, case: Case, call: PhoneCall) -> bool:
    """Whether the agent has written down what they found on this call."""
    query = select(IdentityCheck).where(
        IdentityCheck.case_id == case.id,
        IdentityCheck.round == case.round,
        IdentityCheck.method == "H3",
        IdentityCheck.attested_by == "person",
    )
    found = ctx.session.execute(query).scalars()
    kept = (ctx.vault.open_json(ctx.session, case.subject_id, check, "evidence") or {} for check in found)
    return any(evidence.get("call") == call.id for evidence in kept)


def _refuse_unready(ctx: Context, case: Case, call: PhoneCall, result: str, note: str) -> None:
    if calls.is_talking(ctx, call):
        raise Refused("call_running")
    if is_recorded(ctx, case, call):
        raise Refused("already_recorded")
    if result not in RESULTS:
        raise Refused("result_missing", field="result")
    if needs_note(result) and not note.strip():
        raise Refused("note_missing", field="note")


def _check(ctx: Context, case: Case, call: PhoneCall, result: str, note: str) -> IdentityCheck:
    bridges.part(ctx, call)  # where nobody has reported the end
    check = IdentityCheck(
        id=new_id(),
        case_id=case.id,
        round=case.round,
        method="H3",
        result=result,
        attested_by="person",
        repeated=call.repeats,
        contact_id=call.contact_id,
    )
    evidence = {"call": call.id, "call_length": bridges.length(bridges.seconds(call))}
    verification.seal_evidence(ctx, case, check, evidence, note)
    return check
