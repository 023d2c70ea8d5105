"""Methods H2 and H3: digits that only the status page of a case shows, keyed in by whoever answers the registered telephone.

The portal places all of these calls: the owner's (H2), the desk's call-back (H3), and that of the lead who repeats it as the
second person. What is keyed in is judged in answering.py; a call proves something for its own case and round, and for
nothing else. The check is the digits', so the system writes it when they are right; what an agent says with the called
person afterwards is in talks.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal import throttle
from portal.casework import bridges, calls, objection, phones, proofs, tiers, transition, verification
from portal.casework.context import Context, Refused
from portal.domain.lifecycle import Act, Status
from portal.models import Account, Case, Contact, IdentityCheck, PhoneCall, Staff, new_id

METHOD: Mapping[str, str] = {"check": "H2", "callback": "H3"}
CHECKED = frozenset({Status.QUEUED, Status.VERIFYING, Status.WAITING_OWNER})
READ_FIRST = timedelta(seconds=8)  # on a phone the call covers the digits: they are read before it rings


@dataclass(frozen=True)
class OnScreen:
    """The newest call of a case's running round: its digits while they can still be keyed in, and its two words while it
    lives and leads to an agent."""

    call: PhoneCall
    state: str
    outcome: str | None
    code: str | None
    words: tuple[str, str] | None = None
    talk: str | None = None  # connecting or connected, after the digits

    @property
    def is_live(self) -> bool:
        return self.code is not None or self.talk is not None


def on_screen(ctx: Context, case: Case) -> OnScreen | None:
    """What the pages show of a call. The digits are for the case's own status page and for no member of staff; the words are
    for that page and for the one agent whom the call leads to."""
    query = select(PhoneCall).where(
        PhoneCall.case_id == case.id, PhoneCall.round == case.round, PhoneCall.kind.in_(METHOD)
    )
    newest = query.order_by(PhoneCall.created_at.desc(), PhoneCall.id).limit(1)
    call = ctx.session.execute(newest.execution_options(populate_existing=True)).scalar_one_or_none()
    if call is None:
        return None
    if call.outcome is None and (call.expires_at <= ctx.now or not is_wanted(case, call)):
        return OnScreen(call, "ended", "expired", None)
    if call.outcome is None:
        words = bridges.words(ctx, call) if bridges.number_for(ctx, call) else None
        return OnScreen(call, call.state, None, calls.code_of(ctx, call, case.id), words)
    if not calls.is_talking(ctx, call):
        return OnScreen(call, call.state, call.outcome, None)
    talk = "connected" if call.connected_at else "connecting"
    return OnScreen(call, call.state, call.outcome, None, bridges.words(ctx, call), talk)


def is_wanted(case: Case, call: PhoneCall) -> bool:
    """Whether the case still waits for what is keyed in on this call."""
    wanted = case.status == Status.PENDING_APPROVAL if call.repeats else case.status in CHECKED
    return wanted and case.round == call.round


def choices(ctx: Context, case: Case) -> list[Contact]:
    """The numbers of which the owner may choose one: a stranger is not told how many there are."""
    found = phones.registered(ctx, case)
    return found if case.proven_by is not None else found[:1]


def ask_call(ctx: Context, case_id: str, *, language: str, contact_id: str | None = None) -> PhoneCall:
    """Method H2: the owner has the portal call the registered number, when a verifier has asked for it."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        proofs.refuse_after_failures(ctx, case)
        phones.require(ctx, case)
        if "H2" not in case.asked:
            raise Refused("wrong_status")
        contact = _chosen(ctx, case, contact_id)
        _refuse_too_many_by_a_stranger(ctx, case)
        return _request(ctx, case, "check", contact, language, after=READ_FIRST)


def call_back(ctx: Context, case_id: str, contact_id: str, *, version: int | None = None) -> PhoneCall:
    """Method H3: whoever has the case has the portal call a registered number. They see neither number nor digits."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        transition.require(ctx, case, Act.SEND_CHALLENGE)
        phones.require(ctx, case)
        contact = proofs.registered(ctx, case, contact_id, "phone")
        proofs.refuse_after_failures(ctx, case)
        call = _request(ctx, case, "callback", contact, _language(case, contact), staff_id=ctx.actor.staff_id)
        transition.apply(ctx, case, Act.SEND_CHALLENGE, said={"method": "H3", "contact": contact.id})
    return call


def repeat_call(ctx: Context, case_id: str, contact_id: str, *, version: int | None = None) -> PhoneCall:
    """The second person, a lead, has a registered number called: the live check that they repeat themselves."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        transition.require(ctx, case, Act.REPEAT_CHECK)
        phones.require(ctx, case)
        contact = proofs.registered(ctx, case, contact_id, "phone")
        proofs.refuse_used_up(ctx, case)
        transition.take_part(ctx, case, "approver")
        language, staff_id = _language(case, contact), ctx.actor.staff_id
        return _request(ctx, case, "callback", contact, language, staff_id=staff_id, repeats=True)


def confirmed(ctx: Context, call: PhoneCall) -> None:
    """The right digits were keyed in: the system writes the check. Raises Refused where the case has moved on meanwhile."""
    ctx = ctx.as_system()
    with ctx.act():
        case = transition.lock(ctx.session, call.case_id or "")
        if call.round != case.round:
            raise Refused("wrong_status")
        contact = proofs.registered(ctx, case, call.contact_id or "", "phone")
        evidence = _evidence(ctx, call, contact)
        if call.repeats:
            _record_repeat(ctx, case, call, contact, "match", evidence)
            return
        proofs.record_proof(ctx, case, METHOD[call.kind], contact_id=contact.id, evidence=evidence)
        proofs.contact_proven(ctx, case)


def repeat_failed(ctx: Context, call: PhoneCall) -> None:
    """All tries of the lead's call were wrong: their own check did not match, and that is on record as such."""
    ctx = ctx.as_system()
    with ctx.act():
        case = transition.lock(ctx.session, call.case_id or "")
        contact = ctx.session.get_one(Contact, call.contact_id)
        _record_repeat(ctx, case, call, contact, "mismatch", _evidence(ctx, call, contact))


def _record_repeat(
    ctx: Context, case: Case, call: PhoneCall, contact: Contact, result: str, evidence: Mapping[str, str]
) -> None:
    """Write the check that the system saw, for the second person who had the call placed."""
    check = IdentityCheck(
        id=new_id(),
        case_id=case.id,
        round=case.round,
        method="H3",
        result=result,
        attested_by="system",
        person_id=ctx.session.get_one(Staff, call.staff_id).person_id,
        part="approver",
        repeated=True,
        contact_id=contact.id,
    )
    verification.seal_evidence(ctx, case, check, evidence, "")
    if result == "mismatch":
        tiers.mark(ctx, case, "failed_check")
    verdict = tiers.computed(ctx, case)
    said = {"check": check.id, "method": "H3", "result": result, "contact": contact.id, "tier": verdict.tier}
    transition.apply(
        ctx,
        case,
        Act.REPEAT_BY_CALL,
        said={**said, "payload": verification.payload(check)},
        tier=verdict.tier,
        tier_reasons=list(verdict.reasons),
    )


def _language(case: Case, contact: Contact) -> str:
    return contact.language or case.language


def stopped(ctx: Context, call: PhoneCall) -> None:
    """9 was pressed: "this was not me", said by whoever holds the registered number."""
    objection.object_to(ctx, call.case_id or "", channel="call", contact_id=call.contact_id)


def _chosen(ctx: Context, case: Case, contact_id: str | None) -> Contact:
    possible = choices(ctx, case)
    chosen = next((one for one in possible if one.id == contact_id), None)
    if chosen is None and (contact_id or len(possible) > 1):
        raise Refused("contact_missing", field="contact")
    return chosen or possible[0]


def _refuse_too_many_by_a_stranger(ctx: Context, case: Case) -> None:
    # Who has proven nothing must neither ring somebody up all day nor use up the calls that the owner needs.
    if case.proven_by is not None or case.account_id is None:
        return
    day = timedelta(days=1)
    count = throttle.hit(ctx.session, ctx.vault, "unproven_call", case.account_id, window=day, now=ctx.now)
    if count > ctx.limits.calls_per_number_hour:
        raise Refused("calls_used_up")


def _request(
    ctx: Context,
    case: Case,
    kind: str,
    contact: Contact,
    language: str,
    *,
    after: timedelta = timedelta(0),
    **bound: Any,
) -> PhoneCall:
    return calls.request(
        ctx,
        kind,
        unproven=case.proven_by is None,
        account=ctx.session.get_one(Account, case.account_id),
        contact=contact,
        number=phones.number_of(ctx, contact),
        language=language,
        code_for=case.id,
        after=after,
        case_id=case.id,
        round=case.round,
        **bound,
    )


def _evidence(ctx: Context, call: PhoneCall, contact: Contact) -> dict[str, str]:
    """What the check writes down: for each method what its table of evidence names."""
    if call.kind == "check":
        return {"number_masked": phones.masked(ctx, contact), "call": call.id, "tries": str(call.tries)}
    answered = call.answered_at or ctx.now
    return {
        "call": call.id,
        "call_length": bridges.length(int((ctx.now - answered).total_seconds())),
        "pin": (call.code_digest or "")[:16],
    }
