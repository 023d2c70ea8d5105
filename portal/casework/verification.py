"""Checking identity: who has the case, what was checked with which result, what the owner is asked for."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal import receipts, tokens
from portal.casework import fresh, roles, tiers, transition
from portal.casework.context import Context, NotFound, Refused
from portal.connectors import Connector
from portal.domain import policy
from portal.domain.evidence import evidence_errors, needs_note
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import PRESSURE_MARKERS, Act, Actor, Role, Status
from portal.domain.methods import METHODS, RESULTS
from portal.domain.reference import ALPHABET
from portal.models import Account, Case, Contact, IdentityCheck, LinkToken, Principal, new_id

LETTER_CODE = 12  # characters of the reference alphabet: 59 bits


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
        person = Actor(roles=roles.of_person(ctx, person_id), person_id=person_id)
        if Role.VERIFIER not in person.roles or not transition.may_take(ctx, case, person):
            raise Refused("cannot_hold", field="person")
        transition.apply(ctx, case, Act.REASSIGN, said={"holder": person_id}, holder_id=person_id)
        transition.take_part(ctx, case, "verifier", person_id)


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
        _seal(ctx, case, check, evidence, note)
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


def _seal(ctx: Context, case: Case, check: IdentityCheck, evidence: Mapping[str, str], note: str) -> None:
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
) -> IdentityCheck:
    """Write the check that a lead repeats as the second person; the caller applies the act."""
    check = _person_check(ctx, case, method, result, evidence, note)
    check.repeated = True
    _seal(ctx, case, check, evidence, note)
    return check


def witness(ctx: Context, case_id: str, check_id: str, code: str) -> None:
    """A second member of staff who was there says so themselves, with a fresh factor. Nobody writes another's name."""
    given = fresh.factor(ctx, code)
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        check = check_of(ctx, case, check_id)
        if check.person_id == ctx.actor.person_id or check.method != "W3":
            raise Refused("another_person")
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


def ask(ctx: Context, case_id: str, items: Sequence[str], *, version: int | None = None) -> None:
    """Ask the owner for proof, in the owner's language; the desk's clock pauses."""
    wanted = [item for item in items if item in METHODS and METHODS[item].available]
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        until = (ctx.now + ctx.limits.owner_answer).isoformat()
        transition.apply(
            ctx,
            case,
            Act.ASK_OWNER,
            given={"items"} if wanted else (),
            said={"items": wanted, "until": until},
            params={"items": wanted, "until": until},
            asked=wanted,
        )


def end_asking(ctx: Context, case_id: str, *, version: int | None = None) -> None:
    """The verifier goes on without waiting any longer."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        transition.apply(ctx, case, Act.END_ASKING, asked=[])


def send_mailbox_link(ctx: Context, case_id: str, contact_id: str, *, version: int | None = None) -> None:
    """Method H1: a link to a registered mailbox. Only to an address of the register, never to a typed one."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        contact = _registered(ctx, case, contact_id, "email")
        tokens.revoke(ctx.session, now=ctx.now, purpose="mailbox", case_id=case.id, contact_id=contact.id)
        said = {"method": "H1", "contact": contact.id}
        transition.apply(ctx, case, Act.SEND_CHALLENGE, said=said, contact_id=contact.id)


def confirm_mailbox(ctx: Context, raw: str) -> Case | None:
    """The holder of the registered mailbox pressed the button on the link's page: H1 is proven, by the system."""
    with ctx.act():
        link = tokens.consume(ctx.session, raw, "mailbox", now=ctx.now)
        if link is None or link.case_id is None:
            return None
        case = transition.lock(ctx.session, link.case_id)
        if link.round != case.round:
            return None
        record_proof(ctx, case, "H1", contact_id=link.contact_id, evidence={"link": "mailbox"})
        case.proven_by = case.proven_by or "contact"
    return case


def record_proof(
    ctx: Context, case: Case, method: str, *, contact_id: str | None, evidence: Mapping[str, str]
) -> IdentityCheck:
    """Write a check that the system itself has seen proven. Raises Refused where the case can take none."""
    check = IdentityCheck(
        id=new_id(),
        case_id=case.id,
        round=case.round,
        method=method,
        result="match",
        attested_by="system",
        repeated=False,
        contact_id=contact_id,
    )
    _seal(ctx, case, check, evidence, "")
    said = {
        "check": check.id,
        "method": method,
        "result": "match",
        "contact": contact_id,
        "payload": payload(check),
    }
    transition.apply(ctx.as_system(), case, Act.SYSTEM_CHECK, said=said)
    return check


def post_letter(ctx: Context, case_id: str, contact_id: str, *, version: int | None = None) -> str:
    """Method H4: make the letter with a code to the registered postal address; returns the document's id to print."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        contact = _registered(ctx, case, contact_id, "post")
        _refuse_letter_too_soon(ctx, case)
        code = "".join(secrets.choice(ALPHABET) for _ in range(LETTER_CODE))
        valid_until = ctx.now + ctx.limits.letter_life
        tokens.revoke(ctx.session, now=ctx.now, purpose="letter", case_id=case.id)
        tokens.keep(
            ctx.session,
            _letter_digest(ctx, case, code),
            "letter",
            now=ctx.now,
            expires_at=valid_until,
            case_id=case.id,
            contact_id=contact.id,
            round=case.round,
        )
        said = {"method": "H4", "contact": contact.id}
        transition.apply(ctx, case, Act.SEND_CHALLENGE, said=said)
        return receipts.freeze_letter(ctx, case, contact, code, valid_until)


def _refuse_letter_too_soon(ctx: Context, case: Case) -> None:
    lately = select(LinkToken.hash).where(
        LinkToken.case_id == case.id,
        LinkToken.purpose == "letter",
        LinkToken.created_at > ctx.now - ctx.limits.letter_wait,
    )
    if ctx.session.execute(lately.limit(1)).first():
        raise Refused("letter_too_soon", field="contact")


def _letter_digest(ctx: Context, case: Case, code: str) -> str:
    # 60 bits are too few for a plain hash: keyed, and bound to the case.
    return ctx.vault.digest("letter", f"{case.id}|{code}")


def enter_letter_code(ctx: Context, case_id: str, typed: str) -> bool:
    """The owner keys the code of the letter on the status page. A wrong one is counted and the count stays."""
    code = "".join(typed.upper().split()).replace("-", "")
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        _refuse_after_failures(ctx, case)
        link = ctx.session.get(LinkToken, _letter_digest(ctx, case, code))
        if link is None or not tokens.is_live(link, ctx.now) or link.round != case.round:
            case.code_failures += 1
            return False
        link.used_at = ctx.now
        record_proof(
            ctx, case, "H4", contact_id=link.contact_id, evidence={"letter": link.created_at.isoformat()}
        )
    return True


def enter_device_code(ctx: Context, case_id: str, device_id: str, code: str) -> bool:
    """Method P1: a code of another device that is bound to the account, typed on the status page."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        _refuse_after_failures(ctx, case)
        connector, principal = _held_by(ctx, case)
        known = {device.id for device in connector.list_devices(ctx.session, principal)}
        if device_id not in known or not connector.accepts_code(
            ctx.session, principal, device_id, code, now=ctx.now
        ):
            case.code_failures += 1
            return False
        record_proof(ctx, case, "P1", contact_id=None, evidence={"device": device_id})
    return True


def _refuse_after_failures(ctx: Context, case: Case) -> None:
    """The count belongs to the case and survives new codes and sessions: no fresh tries by starting again."""
    if case.code_failures >= ctx.limits.code_tries_per_case:
        raise Refused("too_many_codes")
    if case.status not in {Status.QUEUED, Status.VERIFYING, Status.WAITING_OWNER} or case.account_id is None:
        raise Refused("wrong_status")


def _held_by(ctx: Context, case: Case) -> tuple[Connector, Principal]:
    account = ctx.session.get(Account, case.account_id) if case.account_id else None
    principal = ctx.session.get(Principal, case.principal_id) if case.principal_id else None
    if account is None or principal is None:
        raise Refused("account_unknown")
    return ctx.connectors[account.connector], principal


def _registered(ctx: Context, case: Case, contact_id: str, kind: str) -> Contact:
    query = select(Contact).where(
        Contact.id == contact_id,
        Contact.account_id == case.account_id,
        Contact.kind == kind,
        Contact.retired_at.is_(None),
    )
    contact = ctx.session.execute(query).scalar_one_or_none()
    if contact is None:
        raise Refused("contact_missing", field="contact")
    return contact


def digest_of(text: str) -> str:
    """A short digest of a person's words, so that the log can show that they were not changed."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lease_until(ctx: Context, case: Case) -> datetime | None:
    """When the holder's claim lapses, for the page."""
    return transition.timer_of(ctx.session, case, Act.LAPSE_CLAIM)
