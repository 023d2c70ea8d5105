"""Requests for one account that stand against each other, side by side: what each has proven, and what they have in common.

The keys say who is alike without showing anything: names and addresses are compared here and leave masked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import func, or_, select

from portal import contact as contacts
from portal import vault
from portal.casework.context import Context
from portal.casework.registry import MASKS
from portal.domain import policy
from portal.domain.lifecycle import OPEN, Status
from portal.domain.names import mask_name
from portal.models import Account, Case, Contact, IdentityCheck, Person

MOST = 20
NAMES = ("name", "latin_name", "kana")
COMPARED = ("name", "reply_email", "phone", "network")


@dataclass(frozen=True)
class Proof:
    """A check of the running round that matched: its method, and the registered contact that it was made over."""

    method: str
    contact: str  # masked; "" where there is none
    by_system: bool


@dataclass(frozen=True)
class Side:
    """One of the requests, with what was typed masked."""

    case: Case
    holder: str
    name: str
    reply_email: str
    phone: str
    name_fits: bool | None  # whether the name is the registered one; None where the register has none
    proofs: Sequence[Proof]


@dataclass(frozen=True)
class Contest:
    """Requests for one account, the oldest first. `same` says of each thing in COMPARED whether all have the same."""

    id: str
    account: str
    lead: str  # who has all of them in hand
    sides: Sequence[Side]
    same: Mapping[str, bool | None]


@dataclass(frozen=True)
class _Known:
    """What was read for all of them at once."""

    accounts: Mapping[str, Account]
    contacts: Mapping[str, Contact]
    people: Mapping[str, str]
    checks: Mapping[str, Sequence[IdentityCheck]]


def contests(ctx: Context) -> list[Contest]:
    """Contests in which something is still open; what is due first comes first. Seven statements, however many."""
    first_due = func.min(Case.due_at)
    query = (
        select(Case.contest_id)
        .where(Case.contest_id.is_not(None), Case.status.in_(OPEN - {Status.UNCONFIRMED}))
        .group_by(Case.contest_id)
        .order_by(first_due, Case.contest_id)
        .limit(MOST)
    )
    ids = [str(each) for each in ctx.session.execute(query).scalars()]
    groups = _groups(ctx, ids)
    cases = [case for group in groups.values() for case in group]
    known = _read(ctx, cases)
    subjects = [case.subject_id for case in cases]
    _keys = vault.held(ctx.session, [*subjects, *(account.subject_id for account in known.accounts.values())])
    return [_contest(ctx, each, groups[each], known) for each in ids]


def _groups(ctx: Context, ids: Sequence[str]) -> Mapping[str, Sequence[Case]]:
    """The cases of each contest. The oldest may not know of it: what is unproven changes nothing outside itself."""
    query = (
        select(Case)
        .where(or_(Case.contest_id.in_(ids), Case.id.in_(ids)), Case.status != Status.UNCONFIRMED)
        .order_by(Case.created_at, Case.id)
    )
    found: dict[str, list[Case]] = defaultdict(list)
    for case in ctx.session.execute(query).scalars():
        found[case.contest_id or case.id].append(case)
    return found


def _read(ctx: Context, cases: Sequence[Case]) -> _Known:
    accounts = {case.account_id for case in cases if case.account_id}
    people = {person for case in cases for person in (case.holder_id, case.contest_lead_id) if person}
    checks: dict[str, list[IdentityCheck]] = defaultdict(list)
    query = select(IdentityCheck).where(
        IdentityCheck.case_id.in_([case.id for case in cases]), IdentityCheck.voided_at.is_(None)
    )
    for check in ctx.session.execute(query.order_by(IdentityCheck.recorded_at, IdentityCheck.id)).scalars():
        checks[check.case_id].append(check)
    rows = ctx.session.execute(select(Contact).where(Contact.account_id.in_(accounts))).scalars()
    held = ctx.session.execute(select(Account).where(Account.id.in_(accounts))).scalars()
    names = ctx.session.execute(select(Person.id, Person.name).where(Person.id.in_(people)))
    return _Known(
        accounts={account.id: account for account in held},
        contacts={contact.id: contact for contact in rows},
        people=dict(names.all()),
        checks=checks,
    )


def _contest(ctx: Context, contest_id: str, cases: Sequence[Case], known: _Known) -> Contest:
    account = known.accounts.get(cases[0].account_id or "")
    lead = next((case.contest_lead_id for case in cases if case.contest_lead_id), None)
    return Contest(
        id=contest_id,
        account=account.number or "" if account else "",
        lead=known.people.get(lead or "", ""),
        sides=[_side(ctx, case, known) for case in cases],
        same={thing: _all_same([ALIKE[thing](ctx, case) for case in cases], thing) for thing in COMPARED},
    )


def _side(ctx: Context, case: Case, known: _Known) -> Side:
    account = known.accounts.get(case.account_id or "")
    registered = _opened(ctx, account, NAMES) if account else []
    typed = _opened(ctx, case, NAMES)
    reply, phone = (_one(ctx, case, column) for column in ("reply_email", "phone"))
    return Side(
        case=case,
        holder=known.people.get(case.holder_id or "", ""),
        name=mask_name(typed[0]) if typed else "",
        reply_email=contacts.mask_email(reply) if reply else "",
        phone=contacts.mask_phone(phone) if phone else "",
        name_fits=policy.any_name_matches(typed, registered) if registered else None,
        proofs=[
            Proof(
                check.method, _masked(ctx, known, check.contact_id), by_system=check.attested_by == "system"
            )
            for check in known.checks.get(case.id, ())
            if check.round == case.round and check.result == "match"
        ],
    )


def _masked(ctx: Context, known: _Known, contact_id: str | None) -> str:
    contact = known.contacts.get(contact_id or "")
    account = known.accounts.get(contact.account_id) if contact else None
    if contact is None or account is None:
        return ""
    value = ctx.vault.open(ctx.session, account.subject_id, contact, "value")
    return MASKS[contact.kind](value) if value else ""


def _opened(ctx: Context, row: Case | Account, columns: Iterable[str]) -> list[str]:
    found = (ctx.vault.open(ctx.session, row.subject_id, row, column) for column in columns)
    return [text for text in found if text]


def _one(ctx: Context, case: Case, column: str) -> str | None:
    return ctx.vault.open(ctx.session, case.subject_id, case, column)


def _network(ctx: Context, case: Case) -> list[str]:
    origin = ctx.vault.open_json(ctx.session, case.subject_id, case, "origin") or {}
    return [str(origin["address"])] if origin.get("address") else []


# What of a request is compared under each name: a list of texts, of which two requests share one or they differ.
ALIKE: Mapping[str, Callable[[Context, Case], list[str]]] = {
    "name": lambda ctx, case: _opened(ctx, case, NAMES),
    "reply_email": lambda ctx, case: _opened(ctx, case, ("reply_email",)),
    "phone": lambda ctx, case: _opened(ctx, case, ("phone",)),
    "network": _network,
}


def _all_same(texts: Sequence[list[str]], thing: str) -> bool | None:
    """Whether each has it in common with the next; None where somebody did not say it or there is nobody else."""
    if len(texts) < 2 or not all(texts):
        return None
    if thing == "name":
        return all(policy.any_name_matches(one, other) for one, other in pairwise(texts))
    return all(one == other for one, other in pairwise(texts))
