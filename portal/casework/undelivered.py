"""Queued work that has failed for good: who was to be told what, why it failed, and another try where that can still help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from portal import contact, outbox, vault
from portal.casework import lookup
from portal.casework.context import Context, NotFound, Refused
from portal.domain.lifecycle import FINAL, Role
from portal.models import Account, Case, Contact, OutboxRow, Staff

MOST_SHOWN = 50
READERS = frozenset({Role.LEAD, Role.ADMIN})
# What does no harm when it is done a second time. A call is only placed again by whoever asks for it, a removal only
# through its case, where a person looks at what has happened.
REPEATABLE = frozenset({"mail", "spoken", "document", "match"})


@dataclass(frozen=True)
class Undelivered:
    """One dead row, with its case and its recipient, partly hidden. `refusal` says why it is not tried again."""

    row: OutboxRow
    case: Case | None
    to: str
    refusal: str | None


def listed(ctx: Context) -> list[Undelivered]:
    """What failed for good, security notices first, then the newest. What is sent again makes room for the rest."""
    query = (
        select(OutboxRow)
        .where(OutboxRow.state == "dead")
        .order_by(OutboxRow.security.desc(), OutboxRow.done_at.desc(), OutboxRow.id.desc())
        .limit(MOST_SHOWN)
    )
    return _opened(ctx, list(ctx.session.scalars(query)))


def number(ctx: Context) -> int:
    """How many there are."""
    query = select(func.count()).select_from(OutboxRow).where(OutboxRow.state == "dead")
    return int(ctx.session.execute(query).scalar_one())


def _opened(ctx: Context, rows: Sequence[OutboxRow]) -> list[Undelivered]:
    """The rows of a page, with five statements for all of them."""
    session = ctx.session
    cases = {
        case.id: case
        for case in session.scalars(select(Case).where(Case.id.in_({row.case_id for row in rows})))
    }
    contacts = {
        one.id: (one, account)
        for one, account in session.execute(
            select(Contact, Account)
            .join(Account, Account.id == Contact.account_id)
            .where(Contact.id.in_({row.contact_id for row in rows}))
        )
    }
    staff = {
        one.id: one
        for one in session.scalars(select(Staff).where(Staff.id.in_({row.staff_id for row in rows})))
    }
    subjects = {case.subject_id for case in cases.values()} | {a.subject_id for _, a in contacts.values()}
    # held, so that opening each row finds its key without another statement
    _keys = vault.held(session, subjects)
    return [
        Undelivered(
            row,
            cases.get(row.case_id or ""),
            _recipient(ctx, row, cases, contacts, staff),
            refusal(ctx, row, cases.get(row.case_id or "")),
        )
        for row in rows
    ]


def _recipient(
    ctx: Context,
    row: OutboxRow,
    cases: dict[str, Case],
    contacts: dict[str, tuple[Contact, Account]],
    staff: dict[str, Staff],
) -> str:
    if row.kind not in {"mail", "spoken"}:
        return ""
    if row.contact_id in contacts:
        one, account = contacts[row.contact_id]
        value = ctx.vault.open(ctx.session, account.subject_id, one, "value") or ""
        return contact.mask_phone(value) if one.kind == "phone" else contact.mask_email(value)
    if row.staff_id in staff:
        return contact.mask_email(staff[row.staff_id].email)
    case = cases.get(row.case_id or "")
    address = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email") if case else None
    return contact.mask_email(address) if address else ""


def refusal(ctx: Context, row: OutboxRow, case: Case | None) -> str | None:
    """Why a dead row is not tried again, as a key with words; None where it may be."""
    if row.kind not in REPEATABLE:
        return "not_repeatable"
    if row.expires_at is not None and row.expires_at <= ctx.now:
        return "notice_over"
    if row.subject_id and row.sealed_params is None:
        return "notice_over"
    # what was to be said while the case was open is no longer true once it has ended
    spoke_of = outbox.params_of(ctx.session, ctx.vault, row).get("status")
    over = case is not None and case.status in FINAL and spoke_of not in {None, case.status}
    return "notice_over" if over else None


def send_again(ctx: Context, row_id: str) -> None:
    """Give a dead row another chance. A lead's; whoever reads the page may see it and not do it."""
    if Role.LEAD not in ctx.actor.roles:
        raise Refused("wrong_role")
    revive(ctx, row_id)


def revive(ctx: Context, row_id: str) -> None:
    """Put a dead row back into the queue, on the record of whoever did it. Of two presses one counts."""
    with ctx.act():
        row = ctx.session.get(OutboxRow, row_id, populate_existing=True)
        if row is None or row.state not in {"dead", "pending"}:
            raise NotFound()
        if row.state == "pending":
            return
        case = ctx.session.get(Case, row.case_id) if row.case_id else None
        if reason := refusal(ctx, row, case):
            raise Refused(reason)
        if outbox.revive(ctx.session, row.id, now=ctx.now):
            facts = {"row": row.id, "kind": row.kind, "notice": row.notice, "case": row.case_id}
            lookup.record(ctx, "staff:notice:sent_again", facts)
