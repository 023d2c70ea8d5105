"""Checking identity: who has the case, what was checked with which result, what the owner is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from portal import audit
from portal.casework import fresh, phones, roles, telling, tiers, transition
from portal.casework.context import Context, NotFound, Refused
from portal.domain import policy
from portal.domain.evidence import evidence_errors, needs_note
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import PRESSURE_MARKERS, Act, Actor, Role
from portal.domain.methods import METHODS, RESULTS
from portal.models import Case, IdentityCheck, new_id

LAST_MINUTE = time(23, 59)
NOTHING_ASKED: Mapping[str, Any] = {"asked": [], "answered": [], "asked_until": None}


def claim(ctx: Context, case_id: str, *, version: int | None = None) -> None:
    """Take a queued case. Of two agents at once one wins; the other gets Stale with who and when."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        transition.apply(ctx, case, Act.CLAIM, holder_id=ctx.actor.person_id)
        transition.take_part(ctx, case, "verifier")


def release(ctx: Context, case_id: str, *, version: int | None = None) -> None:
    """Put a case back into the queue; its checks stay."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        transition.apply(ctx, case, Act.RELEASE, holder_id=None)


def reassign(ctx: Context, case_id: str, person_id: str, *, version: int | None = None) -> None:
    """A lead gives a case to a named verifier, who must be one that could have claimed it."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        if not _could_hold(ctx, case, person_id):
            raise Refused("cannot_hold", field="person")
        transition.apply(ctx, case, Act.REASSIGN, said={"holder": person_id}, holder_id=person_id)
        transition.take_part(ctx, case, "verifier", person_id)


def _could_hold(ctx: Context, case: Case, person_id: str) -> bool:
    """Roles belong to the person and outlast their logins; a case must not go to somebody who cannot sign in."""
    able = {login.person_id for login in telling.staff_with(ctx, Role.VERIFIER)}
    person = Actor(roles=roles.of_person(ctx, person_id), person_id=person_id)
    return person_id in able and Role.VERIFIER in person.roles and transition.may_take(ctx, case, person)


def take_over(ctx: Context, case_id: str, reason: str, *, version: int | None = None) -> None:
    """Take a case from the named colleague who holds it, with a reason."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        said = {"holder": case.holder_id, "reason": digest_of(reason)}
        given = {"reason"} if reason.strip() else set()
        transition.apply(ctx, case, Act.TAKE_OVER, given=given, said=said, holder_id=ctx.actor.person_id)
        transition.take_part(ctx, case, "verifier")


def record_check(
    ctx: Context,
    case_id: str,
    method: str,
    result: str,
    *,
    evidence: Mapping[str, str],
    note: str = "",
    version: int | None = None,
) -> IdentityCheck:
    """Record a check that the verifier made. A mismatch counts against: two of them make the case elevated."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        transition.require(ctx, case, Act.RECORD_CHECK)
        check = _person_check(ctx, case, method, result, evidence, note)
        transition.take_part(ctx, case, "verifier")
        seal_evidence(ctx, case, check, evidence, note)
        verdict = _after_result(ctx, case, check)
        transition.apply(
            ctx,
            case,
            Act.RECORD_CHECK,
            said={
                "check": check.id,
                "method": method,
                "result": result,
                "payload": payload(check),
                "tier": verdict.tier,
            },
            tier=verdict.tier,
            tier_reasons=list(verdict.reasons),
        )
    return check


def _person_check(
    ctx: Context, case: Case, method: str, result: str, evidence: Mapping[str, str], note: str
) -> IdentityCheck:
    """Build the row of a person-attested check. Raises Refused naming the fields that are wrong."""
    known = METHODS.get(method)
    if known is None or not known.available or known.attested != "person":
        raise Refused("method_not_available", field="method")
    if result not in RESULTS:
        raise Refused("result_missing", field="result")
    if needs_note(result) and not note.strip():
        raise Refused("note_missing", field="note")
    errors = evidence_errors(known.evidence, evidence, result=result, today=_today(ctx), limits=ctx.limits)
    if errors:
        raise Refused("evidence_wrong", errors={error.field: error.error for error in errors})
    return IdentityCheck(
        id=new_id(),
        case_id=case.id,
        round=case.round,
        method=method,
        result=result,
        attested_by="person",
        repeated=False,
    )


def _today(ctx: Context) -> date:
    return ctx.now.astimezone(ZoneInfo(LANGUAGES["ja"].zone)).date()


def seal_evidence(
    ctx: Context, case: Case, check: IdentityCheck, evidence: Mapping[str, str], note: str
) -> None:
    """Complete the row of a check: when it was made and by whom, with what was seen sealed, and write it."""
    check.recorded_at = ctx.now
    if check.attested_by == "person":
        check.person_id, check.part = ctx.actor.person_id, "approver" if check.repeated else "verifier"
    kept = {key: value.strip() for key, value in evidence.items() if value.strip()}
    ctx.vault.seal_json(ctx.session, case.subject_id, check, "evidence", kept)
    ctx.vault.seal(ctx.session, case.subject_id, check, "note", note.strip() or None)
    ctx.session.add(check)
    ctx.session.flush()


def payload(check: IdentityCheck) -> str:
    """What the audit event keeps of the evidence: a digest of its ciphertext, which tells nothing by itself."""
    return hashlib.sha256((check.sealed_evidence or b"") + (check.sealed_note or b"")).hexdigest()


def _after_result(ctx: Context, case: Case, check: IdentityCheck) -> policy.TierVerdict:
    if check.result == "mismatch":
        tiers.mark(ctx, case, "failed_check")
    return tiers.computed(ctx, case)


def repeated_check(
    ctx: Context, case: Case, method: str, result: str, evidence: Mapping[str, str], note: str
) -> tuple[IdentityCheck, policy.TierVerdict]:
    """Write the check that a lead repeats as the second person, and judge the tier; the caller applies the act."""
    check = _person_check(ctx, case, method, result, evidence, note)
    check.repeated = True
    seal_evidence(ctx, case, check, evidence, note)
    return check, _after_result(ctx, case, check)


def witness(ctx: Context, case_id: str, check_id: str, code: str) -> None:
    """A second member of staff who was there says so themselves, with a fresh factor. Nobody writes another's name."""
    given = fresh.factor(ctx, code)
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        check = check_of(ctx, case, check_id)
        if check.person_id == ctx.actor.person_id or check.method != "W3":
            raise Refused("another_person")
        if check.witness_id is not None:
            raise Refused("already_witnessed")  # who was there stays named; no later press replaces them
        transition.apply(
            ctx, case, Act.WITNESS_CHECK, given=given, said={"check": check.id, "method": check.method}
        )
        transition.take_part(ctx, case, "verifier")
        check.witness_id, check.witness_part = ctx.actor.person_id, "verifier"
        ctx.session.flush()


def check_of(ctx: Context, case: Case, check_id: str) -> IdentityCheck:
    """A standing check of the case's running round. Raises NotFound."""
    check = ctx.session.get(IdentityCheck, check_id)
    if check is None or check.case_id != case.id or check.round != case.round or check.voided_at is not None:
        raise NotFound()
    return check


def mark_pressure(ctx: Context, case_id: str, marker: str, *, version: int | None = None) -> None:
    """One press for "they urge me", "they refuse the call-back": raises the tier, of this case and of later ones."""
    if marker not in PRESSURE_MARKERS:
        raise Refused("marker_missing", field="marker")
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        tiers.mark(ctx, case, "pressure")
        verdict = tiers.computed(ctx, case)
        transition.apply(
            ctx,
            case,
            Act.MARK_PRESSURE,
            said={"marker": marker, "tier": verdict.tier},
            tier=verdict.tier,
            tier_reasons=list(verdict.reasons),
        )


def askable(ctx: Context, case: Case) -> tuple[str, ...]:
    """The methods that the owner can be asked for now: no call where nobody can be called."""
    calls = phones.can_call(ctx, case)
    return tuple(
        key for key, method in METHODS.items() if method.available and (calls or not method.needs_telephone)
    )


def first_due_day(ctx: Context) -> date:
    """The earliest day until which an owner can be given time: nobody is asked for something within the hour."""
    return _today(ctx) + timedelta(days=1)


def last_due_day(ctx: Context) -> date:
    """The latest day to which an owner can be given time."""
    return _today(ctx) + ctx.limits.owner_answer


def due_error(ctx: Context, due: date) -> str | None:
    """Why something cannot be due on this day, as a key of REFUSAL; None where it can."""
    if due < first_due_day(ctx):
        return "due_too_early"
    return "due_too_late" if due > last_due_day(ctx) else None


def end_of(day: date) -> datetime:
    """The last minute of a day in Japan: what is due on a day may still come in its evening."""
    return datetime.combine(day, LAST_MINUTE, tzinfo=ZoneInfo(LANGUAGES["ja"].zone)).astimezone(UTC)


def ask(
    ctx: Context, case_id: str, items: Sequence[str], *, due: date | None = None, version: int | None = None
) -> None:
    """Ask the owner for proof, in the owner's language, until the end of a day; the desk's clock pauses."""
    wanted = [item for item in items if item in METHODS and METHODS[item].available]
    day = due or last_due_day(ctx)
    if error := due_error(ctx, day):
        raise Refused(error, field="due")
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        if any(METHODS[item].needs_telephone for item in wanted):
            phones.require(ctx, case)
        until = end_of(day)
        transition.apply(
            ctx,
            case,
            Act.ASK_OWNER,
            given={"items"} if wanted else (),
            said={"items": wanted, "until": audit.timestamp(until)},
            params={"items": wanted, "until": audit.timestamp(until)},
            asked=wanted,
            asked_until=until,
            answered=[],
        )


def end_asking(ctx: Context, case_id: str, *, version: int | None = None) -> None:
    """The verifier goes on without waiting any longer."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        transition.apply(ctx, case, Act.END_ASKING, **NOTHING_ASKED)


def digest_of(text: str) -> str:
    """A short digest of a person's words, so that the log can show that they were not changed."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lease_until(ctx: Context, case: Case) -> datetime | None:
    """When the holder's claim lapses, for the page."""
    return transition.timer_of(ctx.session, case, Act.LAPSE_CLAIM)
