"""What the system itself sees proven: a link opened in a registered mailbox, the code of a letter, a code of another device.

Digits keyed on a call are in call_checks.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import func, or_, select

from portal import receipts, throttle, tokens
from portal.casework import contests, responding, transition
from portal.casework.context import Context, NotFound, Refused, Throttled
from portal.casework.devices import held_by
from portal.casework.verification import payload, seal_evidence
from portal.domain.lifecycle import Act, Status
from portal.domain.reference import ALPHABET
from portal.models import Case, Contact, Document, IdentityCheck, LinkToken, PhoneCall, new_id

LETTER_CODE = 12  # characters of the reference alphabet: 59 bits


def send_mailbox_link(ctx: Context, case_id: str, contact_id: str, *, version: int | None = None) -> None:
    """Method H1: a link to a registered mailbox. Only to an address of the register, never to a typed one."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        contact = registered(ctx, case, contact_id, "email")
        tokens.revoke(ctx.session, now=ctx.now, purpose="mailbox", case_id=case.id, contact_id=contact.id)
        said = {"method": "H1", "contact": contact.id}
        transition.apply(ctx, case, Act.SEND_CHALLENGE, said=said, contact_id=contact.id)


def send_link_again(ctx: Context, case_id: str) -> None:
    """The owner has the link of H1 sent once more, to the registered mailbox that the desk chose. Where it chose none,
    nothing happens, and nobody is told."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        transition.require(ctx, case, Act.SEND_LINK_AGAIN)
        if "H1" not in case.asked:
            raise Refused("wrong_status")
        _refuse_too_many_links(ctx, case)
        sent = select(LinkToken.contact_id).where(
            LinkToken.case_id == case.id, LinkToken.purpose == "mailbox", LinkToken.round == case.round
        )
        newest = sent.order_by(LinkToken.created_at.desc()).limit(1)
        contact_id = ctx.session.execute(newest).scalar_one_or_none()
        if contact_id is None:
            return
        contact = registered(ctx, case, contact_id, "email")
        tokens.revoke(ctx.session, now=ctx.now, purpose="mailbox", case_id=case.id, contact_id=contact.id)
        said = {"method": "H1", "contact": contact.id}
        transition.apply(ctx, case, Act.SEND_LINK_AGAIN, said=said, contact_id=contact.id)


def _refuse_too_many_links(ctx: Context, case: Case) -> None:
    # the mailbox may be another's, whom the requester wants to wear down; counted alike where there is none
    for window, most in (
        (timedelta(hours=1), ctx.limits.mails_per_mailbox_hour),
        (timedelta(days=1), ctx.limits.mails_per_mailbox_day),
    ):
        rule = f"link_again_{int(window.total_seconds())}"
        if throttle.hit(ctx.session, ctx.vault, rule, case.id, window=window, now=ctx.now) > most:
            raise Throttled(int(window.total_seconds()))


def confirm_mailbox(ctx: Context, raw: str) -> Case | None:
    """The holder of the registered mailbox pressed the button on the link's page: H1 is proven, by the system."""
    with ctx.act():
        link = tokens.consume(ctx.session, raw, "mailbox", now=ctx.now)
        if link is None or link.case_id is None:
            return None
        case = transition.lock(ctx.session, link.case_id)
        if link.round != case.round:
            raise Refused("wrong_status")  # the link stays unused, so that its page does not say it was taken
        record_proof(ctx, case, "H1", contact_id=link.contact_id, evidence={"link": "mailbox"})
        contact_proven(ctx, case)
    return case


def contact_proven(ctx: Context, case: Case) -> None:
    """From the first proof of a registered contact on, the request counts against others of its account."""
    if case.proven_by is None:
        case.proven_by = "contact"
        contests.contest(ctx.as_system(), case)


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
    seal_evidence(ctx, case, check, evidence, "")
    said = {
        "check": check.id,
        "method": method,
        "result": "match",
        "contact": contact_id,
        "payload": payload(check),
    }
    transition.apply(ctx.as_system(), case, Act.SYSTEM_CHECK, said=said)
    responding.settle(ctx, case)
    return check


def post_letter(ctx: Context, case_id: str, contact_id: str, *, version: int | None = None) -> str:
    """Method H4: make the letter with a code to the registered postal address; returns the document's id to print."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        contact = registered(ctx, case, contact_id, "post")
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


def print_letter(ctx: Context, case_id: str, document_id: str) -> tuple[Case, bytes]:
    """Hand out the letter of method H4: its code proves the post, so whoever checks or agrees to the request never holds it.

    Printing is a part of its own in the case. Raises NotFound also while the letter is being painted.
    """
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        document = ctx.session.get(Document, document_id)
        if document is None or document.case_id != case.id or document.kind != "letter":
            raise NotFound()
        transition.require(ctx, case, Act.PRINT_LETTER)
        painted = receipts.open_pdf(ctx, document)
        if painted is None:
            raise NotFound()
        transition.take_part(ctx, case, "printer")
        transition.apply(ctx, case, Act.PRINT_LETTER, said={"document": document.id})
    return case, painted


def _refuse_letter_too_soon(ctx: Context, case: Case) -> None:
    lately = select(LinkToken.hash).where(
        LinkToken.case_id == case.id,
        LinkToken.purpose == "letter",
        LinkToken.created_at > ctx.now - ctx.limits.letter_wait,
    )
    if ctx.session.execute(lately.limit(1)).first():
        raise Refused("letter_too_soon", field="contact")


def _letter_digest(ctx: Context, case: Case, code: str) -> str:
    # 59 bits are too few for a plain hash: keyed, and bound to the case.
    return ctx.vault.digest("letter", f"{case.id}|{code}")


def enter_letter_code(ctx: Context, case_id: str, typed: str) -> bool:
    """The owner keys the code of the letter on the status page. A wrong one is counted and the count stays."""
    code = "".join(typed.upper().split()).replace("-", "")
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        refuse_after_failures(ctx, case)
        link = ctx.session.get(LinkToken, _letter_digest(ctx, case, code))
        if link is None or not tokens.is_live(link, ctx.now) or link.round != case.round:
            case.code_failures += 1
            return False
        link.used_at = ctx.now
        record_proof(
            ctx, case, "H4", contact_id=link.contact_id, evidence={"letter": link.created_at.isoformat()}
        )
        contact_proven(ctx, case)
    return True


def enter_device_code(ctx: Context, case_id: str, device_id: str, code: str) -> bool:
    """Method P1: a code of another device that is bound to the account, typed on the status page."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        refuse_after_failures(ctx, case)
        connector, principal = held_by(ctx, case)
        known = {device.id for device in connector.list_devices(ctx.session, principal)}
        if device_id not in known or not connector.accepts_code(
            ctx.session, principal, device_id, code, now=ctx.now
        ):
            case.code_failures += 1
            return False
        record_proof(ctx, case, "P1", contact_id=None, evidence={"device": device_id})
    return True


def refuse_after_failures(ctx: Context, case: Case) -> None:
    """As `refuse_used_up`, and where the case takes no proof."""
    refuse_used_up(ctx, case)
    if case.status not in {Status.QUEUED, Status.VERIFYING, Status.WAITING_OWNER} or case.account_id is None:
        raise Refused("wrong_status")


def refuse_used_up(ctx: Context, case: Case) -> None:
    """The count belongs to the case and survives new codes and sessions: no fresh tries by starting again."""
    if case.code_failures + _keyed_wrong(ctx, case) >= ctx.limits.code_tries_per_case:
        raise Refused("too_many_codes")


def _keyed_wrong(ctx: Context, case: Case) -> int:
    """How often digits were keyed on calls of this case that proved nothing: counted on the calls themselves."""
    tries = select(func.coalesce(func.sum(PhoneCall.tries), 0)).where(
        PhoneCall.case_id == case.id,
        PhoneCall.code_digest.is_not(None),
        or_(PhoneCall.outcome.is_(None), PhoneCall.outcome != "confirmed"),
    )
    return int(ctx.session.execute(tries).scalar_one())


def registered(ctx: Context, case: Case, contact_id: str, kind: str) -> Contact:
    """A present contact of the case's account, of that kind. Raises Refused: nothing goes anywhere else."""
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
