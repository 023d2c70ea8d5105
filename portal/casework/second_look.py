"""What a second person judges by: form and register beside each other, whom the desk has reached, and the next case of the pool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, or_, select

from portal.casework import registry
from portal.casework.context import Context
from portal.casework.facts import asked_facts, checks_of
from portal.casework.registry import MASKS, ContactView
from portal.domain import lifecycle, policy
from portal.domain.lifecycle import Act, Role, Status
from portal.domain.names import mask_name
from portal.models import Account, Case, CaseParty, Contact, Objection, OutboxRow, Principal

NAMES = ("name", "latin_name", "kana")
ADMINISTRATOR = {True: "yes", False: "no", None: "unknown"}
MOST_TRIED = 10


@dataclass(frozen=True)
class Difference:
    """One thing that the form says and the register knows. Texts are masked; `same` is None where one of them is silent."""

    key: str
    form: str
    register: Sequence[str]
    same: bool | None


@dataclass(frozen=True)
class Reached:
    """A registered contact, what became of telling it of the request, and whether a check was made over it."""

    contact: ContactView
    state: str  # told | pending | failed | untold | own, where the requester's own mails go
    at: datetime | None
    proven: bool


def differences(ctx: Context, case: Case) -> list[Difference]:
    """Form and register beside each other, compared here so that nothing leaves unmasked."""
    account = ctx.session.get(Account, case.account_id) if case.account_id else None
    if account is None:
        return []
    principal = ctx.session.get(Principal, case.principal_id) if case.principal_id else None
    values = _registered(ctx, account)
    return [
        _of_contacts(ctx, case, "account_email", "email", values),
        _of_contacts(ctx, case, "reply_email", "email", values),
        _of_contacts(ctx, case, "phone", "phone", values),
        _of_names(ctx, case, account),
        _of_answers("holder_kind", case.holder_kind, account.holder_kind),
        _of_answers(
            "is_administrator",
            case.is_administrator,
            ADMINISTRATOR[principal.is_administrator if principal else None],
        ),
    ]


def _registered(ctx: Context, account: Account) -> Mapping[str, Sequence[str]]:
    """The present contacts of an account by their kind."""
    query = select(Contact).where(Contact.account_id == account.id, Contact.retired_at.is_(None))
    found: dict[str, list[str]] = {}
    for row in ctx.session.execute(query.order_by(Contact.created_at, Contact.id)).scalars():
        value = ctx.vault.open(ctx.session, account.subject_id, row, "value")
        found.setdefault(row.kind, []).extend([value] if value else [])
    return found


def _of_contacts(
    ctx: Context, case: Case, column: str, kind: str, values: Mapping[str, Sequence[str]]
) -> Difference:
    typed = ctx.vault.open(ctx.session, case.subject_id, case, column)
    known = values.get(kind, ())
    same = typed.casefold() in {each.casefold() for each in known} if typed and known else None
    return Difference(
        column, MASKS[kind](typed) if typed else "", [MASKS[kind](each) for each in known], same
    )


def _of_names(ctx: Context, case: Case, account: Account) -> Difference:
    typed, known = _names(ctx, case), _names(ctx, account)
    same = policy.any_name_matches(typed, known) if typed and known else None
    return Difference("name", mask_name(typed[0]) if typed else "", [mask_name(each) for each in known], same)


def _names(ctx: Context, row: Case | Account) -> list[str]:
    opened = (ctx.vault.open(ctx.session, row.subject_id, row, column) for column in NAMES)
    return [text for text in opened if text]


def _of_answers(key: str, form: str, register: str | None) -> Difference:
    known = register not in {None, "unknown"} and form != "unknown"
    return Difference(key, form, [register] if register else [], form == register if known else None)


def reached(ctx: Context, case: Case) -> list[Reached]:
    """Every present contact of the account, whether it has been told of this request, and whether it proved something."""
    account = ctx.session.get(Account, case.account_id) if case.account_id else None
    if account is None:
        return []
    query = select(OutboxRow.contact_id, OutboxRow.state, OutboxRow.done_at).where(
        OutboxRow.case_id == case.id, OutboxRow.contact_id.is_not(None), OutboxRow.state != "cancelled"
    )
    rows = ctx.session.execute(query.order_by(OutboxRow.created_at, OutboxRow.id)).all()
    proven = {
        check.contact_id
        for check in checks_of(ctx.session, case)
        if check.round == case.round and check.voided_at is None and check.result == "match"
    }
    own = _own_mailboxes(ctx, case, account)
    return [
        Reached(
            contact,
            *_became([row[1:] for row in rows if row[0] == contact.id], own=contact.id in own),
            contact.id in proven,
        )
        for contact in registry.contacts_view(ctx, account)
        if contact.retired_at is None
    ]


def _own_mailboxes(ctx: Context, case: Case, account: Account) -> frozenset[str]:
    """The registered mailbox from which the request came: it gets the requester's notices, and no other."""
    reply = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email")
    query = select(Contact).where(Contact.account_id == account.id, Contact.kind == "email")
    rows = ctx.session.execute(query).scalars()
    return frozenset(
        row.id for row in rows if ctx.vault.open(ctx.session, account.subject_id, row, "value") == reply
    )


def _became(notices: Sequence[tuple[str, datetime | None]], *, own: bool) -> tuple[str, datetime | None]:
    """What became of the notices to one contact: once told is told, whatever happened to a later one."""
    if own:
        return "own", None
    told = [at for state, at in notices if state == "done"]
    if told:
        return "told", told[-1]
    if not notices:
        return "untold", None
    return ("pending" if any(state == "pending" for state, _at in notices) else "failed"), None


def objections(ctx: Context, case: Case) -> list[Objection]:
    """What was said against this case or its account, decided or not, the newest first."""
    against = [Objection.case_id == case.id]
    if case.account_id:
        against.append(Objection.account_id == case.account_id)
    query = select(Objection).where(or_(*against)).order_by(Objection.at.desc(), Objection.id)
    return list(ctx.session.execute(query.limit(MOST_TRIED)).scalars())


def rivals(ctx: Context, case: Case) -> list[Case]:
    """The other requests of a contest, the oldest first. The oldest of all may not know of it."""
    if case.contest_id is None:
        return []
    theirs = or_(Case.contest_id == case.contest_id, Case.id == case.contest_id)
    query = select(Case).where(theirs, Case.id != case.id, Case.status != Status.UNCONFIRMED)
    return list(ctx.session.execute(query.order_by(Case.created_at, Case.id)).scalars())


def next_in_pool(ctx: Context) -> Case | None:
    """The case that has waited longest for a second person and that this one may decide. Nobody picks."""
    other_part = exists().where(
        CaseParty.case_id == Case.id,
        CaseParty.person_id == ctx.actor.person_id,
        or_(CaseParty.part != "approver", CaseParty.excluded_at.is_not(None)),
    )
    own = or_(Case.contest_lead_id.is_(None), Case.contest_lead_id == ctx.actor.person_id)
    query = select(Case).where(Case.status == Status.PENDING_APPROVAL, ~other_part, own)
    if Role.LEAD not in ctx.actor.roles:
        query = query.where(Case.tier == policy.Tier.STANDARD)
    waiting = ctx.session.execute(query.order_by(Case.created_at, Case.id).limit(MOST_TRIED)).scalars().all()
    return next(_decidable(ctx, waiting), None)


def _decidable(ctx: Context, cases: Iterable[Case]) -> Iterator[Case]:
    for case in cases:
        act = Act.APPROVE_DECLINE if case.decision == "decline" else Act.APPROVE
        blockers = lifecycle.blocked_by(asked_facts(ctx, case), act, ctx.actor, ctx.now)
        # what is asked of this person on the page itself stands in nobody's way
        if not set(blockers) - {"checks_unopened", "repeat_missing", "fresh_factor"}:
            yield case
