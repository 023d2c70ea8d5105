"""The moulds of a story: one for its household, which may ask more than once, and one for its case."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from portal.casework import facts
from portal.casework.context import Context
from portal.demo.mould import Make, Mould, Rows, Values
from portal.demo.patterns import Reader, personal
from portal.demo.people import Human
from portal.demo.programme import Told, Walk
from portal.domain.lifecycle import Status
from portal.domain.names import search_parts
from portal.models import (
    Account,
    AccountMark,
    AuditEvent,
    AuditStream,
    Base,
    Case,
    CaseParty,
    CaseTimer,
    CheckOpening,
    Contact,
    DirectoryDevice,
    DirectoryPrincipal,
    DirectorySession,
    IdentityCheck,
    Message,
    Objection,
    Principal,
    Removal,
    RunbookStep,
)
from portal.vault import Vault

# A case begins at its first event and no status comes without a later one; a removal needs a case that is being executed:
# so a case is inserted as it began, changed to how it was executed, and then to how it is.
STEPS = tuple("status audit_seq proposer_id proposer_part approver_id approver_part executing_at id".split())


@dataclass(frozen=True)
class Terms:
    """What a subject is found by: values as they are, by kind, and the person's names in all their parts."""

    subject: int
    whole: Sequence[tuple[str, int]]
    names: Sequence[str]

    def rows(self, values: Values, who: Mapping[str, str], vault: Vault) -> Iterator[tuple[str, ...]]:
        version = max(vault.keys.index, key=int)
        known = {(kind, values[place]) for kind, place in self.whole}
        for name in self.names:
            known.update(("name", part) for part in search_parts(who[name]))
        for kind, value in known:
            yield values[self.subject], kind, version, vault.digest(kind, value, version)


@dataclass(frozen=True)
class Half:
    """A household or a case."""

    mould: Mould
    person: Mapping[str, int]
    terms: Terms

    def begun(self, shift: timedelta, who: Mapping[str, str]) -> Values:
        values = self.mould.begun(shift)
        for name, place in self.person.items():
            values[place] = who[name]
        return values

    def finish(self, values: Values, who: Mapping[str, str], vault: Vault, into: Rows) -> None:
        self.mould.finish(values, into)
        into["search_term"] += self.terms.rows(values, who, vault)


@dataclass(frozen=True)
class Home:
    """A household that was copied: its person, and the values that its cases take from it."""

    who: Mapping[str, str]
    values: Values


@dataclass(frozen=True)
class Pattern:
    """A story as moulds. `next_due` is when the first of its timers rings."""

    walk: Walk
    home: Half | None
    case: Half
    taken: Sequence[tuple[int, int]]
    reference: int
    next_due: datetime | None

    def new_home(self, human: Human, shift: timedelta, vault: Vault, into: Rows) -> Home:
        who = personal(human)
        if self.home is None:
            return Home(who, [])
        values = self.home.begun(shift, who)
        self.home.finish(values, who, vault, into)
        return Home(who, values)

    def new_case(self, home: Home, shift: timedelta, reference: str, vault: Vault, into: Rows) -> None:
        values = self.case.begun(shift, home.who)
        for there, here in self.taken:
            values[here] = home.values[there]
        values[self.reference] = reference
        self.case.finish(values, home.who, vault, into)


def read(ctx: Context, told: Told) -> Pattern:
    """Make the moulds of a story."""
    session, human = ctx.session, told.part.human
    case = session.get_one(Case, told.case_id, populate_existing=True)
    account = session.get(Account, case.account_id) if case.account_id else None
    household = list(_household(session, account)) if account else []
    hanging = list(_hanging_on(session, case))
    at_home = Reader(ctx, human, _ids(household))
    home = _home(at_home, account, household) if account else None
    reader = Reader(ctx, human, [*_ids(hanging), case.id])
    reader.take(at_home)
    _decisions(reader, at_home, case, [row for row in household if isinstance(row, Contact)], hanging)
    reference = reader.mould.constant(None)
    made = _case(reader, case, hanging, reference)
    next_due = select(func.min(CaseTimer.at)).where(CaseTimer.case_id == case.id)
    return Pattern(told.walk, home, made, reader.taken, reference, session.execute(next_due).scalar_one())


def _ids(rows: Sequence[Base]) -> list[str]:
    return [found for row in rows if isinstance(found := getattr(row, "id", None), str)]


def _all(session: Session, table: type[Base], condition: ColumnElement[bool], *order: Any) -> list[Base]:
    return list(session.execute(select(table).where(condition).order_by(*order)).scalars())


def _household(session: Session, account: Account) -> Iterator[Base]:
    stream = f"account:{account.id}"
    principals = _all(session, Principal, Principal.account_id == account.id)
    known_as = [row.external_id for row in principals if isinstance(row, Principal)]
    yield account
    yield from principals
    # who follows another contact comes after it
    yield from _all(session, Contact, Contact.account_id == account.id, Contact.predecessor_id.is_not(None))
    yield from _all(session, DirectoryPrincipal, DirectoryPrincipal.id.in_(known_as))
    yield from _all(session, DirectoryDevice, DirectoryDevice.principal_id.in_(known_as))
    yield from _all(session, DirectorySession, DirectorySession.principal_id.in_(known_as))
    yield from _all(session, AuditEvent, AuditEvent.stream == stream, AuditEvent.sseq)
    yield from _all(session, AuditStream, AuditStream.stream == stream)


def _hanging_on(session: Session, case: Case) -> Iterator[Base]:
    """Checks and messages first, because events name digests of them; then the events in their order.

    A reply hangs on a mail that no copy has: a story with one is not copied.
    """
    yield from _all(session, IdentityCheck, IdentityCheck.case_id == case.id)
    yield from _all(session, Message, Message.case_id == case.id)
    yield from _all(session, AuditEvent, AuditEvent.case_id == case.id, AuditEvent.sseq)
    for table in (CaseParty, CheckOpening, CaseTimer, Objection, AccountMark, Removal):
        yield from _all(session, table, table.case_id == case.id)
    removals = select(Removal.id).where(Removal.case_id == case.id)
    yield from _all(session, RunbookStep, RunbookStep.removal_id.in_(removals))


def _home(reader: Reader, account: Account, rows: Sequence[Base]) -> Half:
    subjects: dict[type[Base], str] = {Account: account.subject_id, Contact: account.subject_id}
    reader.subject(account.subject_id)
    for row in rows:
        if isinstance(row, DirectoryPrincipal):
            subjects[DirectoryDevice] = row.subject_id
            reader.subject(row.subject_id)
    for row in rows:
        if isinstance(row, AuditEvent):
            reader.event(row)
        else:
            reader.row(row, subjects.get(type(row)))
    whole = [
        (row.kind, reader.mould.text(reader.personal_parts(reader.opened(row, "value", account.subject_id))))
        for row in rows
        if isinstance(row, Contact) and row.kind != "post" and row.retired_at is None
    ]
    return _half(reader, account, account.subject_id, whole)


def _half(reader: Reader, row: Account | Case, subject: str, whole: Sequence[tuple[str, int]]) -> Half:
    names = [name for name in ("name", "kana", "latin_name") if getattr(row, f"sealed_{name}") is not None]
    return Half(reader.mould, reader.person, Terms(reader.places[subject], whole, names))


def _decisions(
    reader: Reader, at_home: Reader, case: Case, contacts: Sequence[Contact], hanging: Sequence[Base]
) -> None:
    """What was proposed in a story: the digest of a copy is that of its own account and devices."""
    present = [row for row in contacts if row.retired_at is None]
    since = [
        (reader.places[row.id], reader.take_place(at_home.mould.moment(row.confirmed_at, lambda at: at)))
        for row in present
    ]
    for row in hanging:
        said = json.loads(row.event_bytes)["d"] if isinstance(row, AuditEvent) else {}
        if {"digest", "devices", "tier"} <= said.keys():
            reader.places[said["digest"]] = reader.mould.make(_digest(reader, case, said, since))


def _digest(reader: Reader, case: Case, said: Mapping[str, Any], since: Sequence[tuple[int, int]]) -> Make:
    account, principal = (reader.places[each or ""] for each in (case.account_id, case.principal_id))
    devices = [reader.mould.text(reader.parts(device)) for device in said["devices"]]

    def digest(values: Values) -> str:
        copy = Case(
            account_id=values[account],
            principal_id=values[principal],
            devices=[{"id": values[device]} for device in devices],
            tier=said["tier"],
        )
        return facts.digest_of_decision(copy, [(values[contact], values[at]) for contact, at in since])

    return digest


def _case(reader: Reader, case: Case, hanging: Sequence[Base], reference: int) -> Half:
    subject, mould = case.subject_id, reader.mould
    reader.subject(subject)
    for row in hanging:
        if isinstance(row, AuditEvent):
            reader.event(row)
        elif isinstance(row, IdentityCheck):
            reader.check(row, subject)
        elif isinstance(row, Message):
            reader.message(row, subject)
        else:
            reader.row(row)
    places = reader.columns(case, subject, reference=reference)
    _in_steps(mould, case, places, hanging)
    columns = (("email", "account_email"), ("email", "reply_email"), ("phone", "phone"))
    whole = [
        (kind, mould.text(reader.personal_parts(reader.opened(case, column, subject))))
        for kind, column in columns
        if getattr(case, f"sealed_{column}") is not None
    ]
    return _half(reader, case, subject, [*whole, ("network", reader.person["network"])])


def _in_steps(mould: Mould, case: Case, places: Mapping[str, int], hanging: Sequence[Base]) -> None:
    first = next(row for row in hanging if isinstance(row, AuditEvent))
    nobody = mould.constant(None)
    alone = dict.fromkeys(("proposer_id", "proposer_part", "approver_id", "approver_part"), nobody)
    began = {**places, **alone, "status": mould.constant(first.status_after), "audit_seq": mould.constant(1)}
    mould.row("cases", list(began.values()))
    if any(isinstance(row, Removal) for row in hanging):
        executing = {
            "status": mould.constant(Status.EXECUTING.value),
            "audit_seq": mould.constant(case.audit_seq - 1),
            "executing_at": places["executing_at" if case.executing_at else "waiting_until"],
        }
        mould.row("cases executing", [{**places, **executing}[column] for column in STEPS])
    if case.audit_seq > 1:
        mould.row("cases now", [places[column] for column in STEPS])
