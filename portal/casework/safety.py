"""What leads watch over: objections that nobody has decided on, cases on hold, and appeals; what is due first comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from portal import vault
from portal.business_calendar import is_holiday
from portal.casework.context import Context
from portal.casework.registry import MASKS
from portal.domain.business_time import add_business_hours
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import OPEN, Status
from portal.models import Account, Case, Contact, Objection, Person

MOST = 50  # of each kind: more is no list that anybody looks through


@dataclass(frozen=True)
class OnHold:
    """A case on hold. A lead has to look first, and two have to decide; `proposer` is the lead who has looked."""

    case: Case
    proposer: str
    lead_due: datetime
    decision_due: datetime

    @property
    def due(self) -> datetime:
        """What has to happen next."""
        return self.decision_due if self.case.unfreeze else self.lead_due


@dataclass(frozen=True)
class Objected:
    """ "This was not me", undecided: who said it, and of which case."""

    row: Objection
    contact_kind: str  # "" where whoever filed the request said it themselves
    contact: str  # masked
    case: Case | None
    due: datetime


@dataclass(frozen=True)
class Appealed:
    """A decline that its owner asks to look at again."""

    case: Case
    holder: str


def on_hold(ctx: Context) -> list[OnHold]:
    """Cases on hold, the longest first."""
    query = (
        select(Case, Person.name)
        .outerjoin(Person, Person.id == Case.unfreeze_proposer_id)
        .where(Case.status == Status.FROZEN)
        .order_by(Case.due_at, Case.id)
        .limit(MOST)
    )
    return [OnHold(case, name or "", *dues_of(ctx, case)) for case, name in ctx.session.execute(query)]


def dues_of(ctx: Context, case: Case) -> tuple[datetime, datetime]:
    """Until when a lead has to look at a case on hold, and until when two have to decide. Timers that rang leave no row."""
    language = LANGUAGES[case.language]
    decision = add_business_hours(
        case.status_at,
        ctx.limits.freeze_decision_hours,
        language.support,
        lambda day: is_holiday(language.code, day),
    )
    return case.status_at + ctx.limits.freeze_lead, decision


def objections(ctx: Context) -> list[Objected]:
    """Objections that nobody has decided on, the oldest first."""
    return _objections(ctx, Objection.outcome.is_(None))


def objections_of(ctx: Context, case: Case) -> list[Objected]:
    """All that was said against one case, decided or not, the oldest first."""
    return _objections(ctx, Objection.case_id == case.id)


def _objections(ctx: Context, condition: ColumnElement[bool]) -> list[Objected]:
    query = (
        select(Objection, Case, Contact, Account)
        .outerjoin(Case, Case.id == Objection.case_id)
        .outerjoin(Contact, Contact.id == Objection.contact_id)
        .outerjoin(Account, Account.id == Contact.account_id)
        .where(condition)
        .order_by(Objection.at, Objection.id)
        .limit(MOST)
    )
    rows = ctx.session.execute(query).all()
    _keys = vault.held(
        ctx.session, (account.subject_id for _row, _case, _contact, account in rows if account)
    )
    return [_objected(ctx, row, case, contact, account) for row, case, contact, account in rows]


def _objected(
    ctx: Context, row: Objection, case: Case | None, contact: Contact | None, account: Account | None
) -> Objected:
    kind = contact.kind if contact else ""
    value = ctx.vault.open(ctx.session, account.subject_id, contact, "value") if contact and account else None
    due = row.at + ctx.limits.freeze_lead
    if case is not None and case.status == Status.FROZEN:
        lead, decision = dues_of(ctx, case)
        due = decision if case.unfreeze else lead
    return Objected(row, kind, MASKS[kind](value) if value else "", case, due)


def appeals(ctx: Context) -> list[Appealed]:
    """Open cases that were declined once; those on hold stand with the others on hold."""
    query = (
        select(Case, Person.name)
        .outerjoin(Person, Person.id == Case.holder_id)
        .where(Case.status.in_(OPEN - {Status.UNCONFIRMED, Status.FROZEN}), Case.appealed_at.is_not(None))
        .order_by(Case.due_at, Case.id)
        .limit(MOST)
    )
    return [Appealed(case, name or "") for case, name in ctx.session.execute(query)]
