"""Planting a training case, letting it arrive like any other, and ending it; and what is known of those that were planted.

A training case lives on an account of the training directory. Nothing about it leaves the house: its mails and spoken
notices are settled by the worker, its calls ring nowhere (see worker.py and calls.py), and it is revealed where a real
case would be executed or declined.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import func, or_, select

from portal import outbox
from portal.casework import fresh, intake, registry, training_plan, transition
from portal.casework.context import Context, NotFound, Origin, Refused
from portal.casework.register_entry import Entry, EntryContact, EntryPrincipal
from portal.connectors.training import KEY
from portal.domain.invented import Story, invent
from portal.domain.lifecycle import Act, Actor, Role, Status
from portal.domain.training import ARRIVES_AFTER, LANGUAGES, OUTCOMES, SCENARIOS, Scenario
from portal.models import Account, Case, CaseParty, Contact, Person, Training, new_id

OWNER = Actor(roles=frozenset({Role.OWNER}))
READS_ALL = Role.COMPLIANCE
MOST_SHOWN = 100
DRAW = secrets.SystemRandom()


def plant(ctx: Context, scenario: str, language: str, *, code: str, domain: str = "example") -> str:
    """Plant a case of a scenario and return its id. It reaches the queue when its invented owner confirms the address.

    `domain` is where its mailboxes seem to be; nothing is ever sent there.

    Raises Refused (wrong_role, training_scenario, training_full, wrong_code).
    """
    if Role.LEAD not in ctx.actor.roles:
        raise Refused("wrong_role")
    if scenario not in SCENARIOS or language not in LANGUAGES:
        raise Refused("training_scenario", field="scenario")
    fresh.factor(ctx, code)
    with ctx.act():
        told = invent(SCENARIOS[scenario], language, DRAW, domain)
        _enter(ctx, SCENARIOS[scenario], told)
        case = _file(ctx, SCENARIOS[scenario], told)
        transition.take_part(ctx, case, "planter")
        training_plan.fix(ctx, case, scenario)
        _refuse_too_many(ctx)
        _let_arrive(ctx, case, DRAW)
    return case.id


def _refuse_too_many(ctx: Context) -> None:
    """After the commitment, which holds the stream of the log: of two leads at once the second counts the first's."""
    ctx.session.flush()
    query = select(func.count()).select_from(Training).where(Training.opened_at.is_(None))
    if ctx.session.execute(query).scalar_one() > ctx.limits.training_open:
        raise Refused("training_full")


def _enter(ctx: Context, scenario: Scenario, told: Story) -> Account:
    """The account in the register, with the age and the past that its story gives it."""
    since = ctx.now - told.known_for
    changed = ctx.now - scenario.phone_changed if scenario.phone_changed else since
    phones = [EntryContact("phone", told.phone, changed, told.language, is_mobile=True)]
    if told.earlier_phone:
        phones.insert(0, EntryContact("phone", told.earlier_phone, since, told.language, is_mobile=True))
    entry = Entry(
        account_number=told.account_number,
        connector=KEY,
        principals=(EntryPrincipal("root", new_id(), is_administrator=False, hardware_device=False),),
        contacts=(
            EntryContact("email", told.mailbox, since, told.language),
            EntryContact("email", told.second_mailbox, since, told.language),
            *phones,
            EntryContact("post", told.address, since, told.language),
        ),
        holder_kind="company" if told.organisation else "individual",
        name=told.holder.name,
        latin_name=told.holder.latin_name,
        kana=told.holder.kana,
    )
    account = registry.enter(replace(ctx, now=since), entry)
    if told.earlier_phone:
        _retire_earlier_phone(ctx, account, changed)
    return account


def _retire_earlier_phone(ctx: Context, account: Account, changed: datetime) -> None:
    query = select(Contact).where(Contact.account_id == account.id, Contact.kind == "phone")
    ctx.session.flush()
    earlier, present = ctx.session.execute(query.order_by(Contact.confirmed_at)).scalars()
    earlier.retired_at, present.predecessor_id, present.place = changed, earlier.id, earlier.place
    registry.read_terms(ctx, account)


def _file(ctx: Context, scenario: Scenario, told: Story) -> Case:
    """The request as if it had come through the form: the same acts, by an owner, from an invented network."""
    owner = replace(ctx.as_actor(OWNER), origin=Origin(told.network, told.browser, ""))
    request = intake.OwnerRequest(
        language=told.language,
        principal_kind="root",
        account_email=told.mailbox,
        account_number=told.account_number,
        name=told.typed.name,
        kana=told.typed.kana,
        latin_name=told.typed.latin_name,
        organisation=told.organisation,
        holder_kind="company" if told.organisation else "individual",
        is_administrator="no",
        reply_email=told.reply,
        phone=told.phone,
        call_time="any",
        registered_phone="yes",
        phone_on_device="no",
        problem=scenario.problem,
        device_kind="virtual",
        theft_suspected=False,
        detail=told.detail,
        accepted={"declaration": "1", "waiting": "1", "privacy": "1"},
        triage={},
    )
    return intake.file(owner, ctx.vault.new_subject(ctx.session), request, training=True)


def _let_arrive(ctx: Context, case: Case, draw: Random) -> None:
    """Later, as owners open their mail later: a case that was sent, confirmed and matched in one second would be known."""
    soonest, latest = (int(after.total_seconds()) for after in ARRIVES_AFTER)
    outbox.put(
        ctx.session,
        ctx.vault,
        "arrival",
        unique_key=f"{case.id}:arrival",
        now=ctx.now,
        not_before=ctx.now + timedelta(seconds=draw.randint(soonest, latest)),
        case_id=case.id,
    )


def arrive(ctx: Context, case_id: str) -> None:
    """The worker's part: the invented owner confirms their address."""
    owner = ctx.as_actor(OWNER)
    with owner.act():
        case = transition.lock(owner.session, case_id)
        if case.training and case.status == Status.UNCONFIRMED:
            intake.take_in(owner, case)


def close(ctx: Context, case: Case) -> Status:
    """End a training case in the caller's act; its plan is opened with it."""
    return transition.apply(
        ctx.as_system(),
        case,
        Act.CLOSE_TRAINING,
        said={"outcome": training_plan.outcome_so_far(ctx.session, case)},
        close_reason="training",
    )


def end(ctx: Context, case_id: str) -> None:
    """The planter takes the case out of the queue. What the desk had decided until then counts. Raises NotFound."""
    with ctx.act():
        row = ctx.session.get(Training, case_id)
        if row is None or row.planter_id != ctx.actor.person_id or Role.LEAD not in ctx.actor.roles:
            raise NotFound()
        case = transition.lock(ctx.session, case_id)
        if ctx.session.get_one(Training, case_id, populate_existing=True).opened_at is None:
            close(ctx, case)


@dataclass(frozen=True)
class Part:
    person_id: str
    name: str
    part: str


@dataclass(frozen=True)
class Planted:
    """One training case as the page of them shows it. What is not opened has no outcome and no parts yet."""

    case_id: str
    reference: str
    status: str
    scenario: str
    planter: str
    planted_at: datetime
    opened_at: datetime | None
    outcome: str | None
    parts: Sequence[Part]
    is_own: bool
    verified: bool  # the log had committed to this very plan

    @property
    def took(self) -> timedelta | None:
        """From planting to the end."""
        return self.opened_at - self.planted_at if self.opened_at else None


def listing(ctx: Context) -> list[Planted]:
    """The newest training cases that this actor may know of: opened ones, and their own; compliance knows all."""
    return _read(ctx, ctx.actor.person_id, sees_all=READS_ALL in ctx.actor.roles)


def revealed(ctx: Context, case_id: str) -> Planted:
    """One training case that is over, for everybody at work. Raises NotFound, for a real case too."""
    found = _read(ctx, None, sees_all=False, case_id=case_id)
    if not found:
        raise NotFound()
    return found[0]


def is_revealed(ctx: Context, case: Case) -> bool:
    """Whether a case was a training case and everybody may know it."""
    row = ctx.session.get(Training, case.id) if case.training else None
    return row is not None and row.opened_at is not None


def _read(
    ctx: Context, person_id: str | None, *, sees_all: bool, case_id: str | None = None
) -> list[Planted]:
    query = (
        select(Training, Case.reference, Case.status, Person.name)
        .join(Case, Case.id == Training.case_id)
        .join(Person, Person.id == Training.planter_id)
        .order_by(Training.planted_at.desc(), Training.case_id)
        .limit(MOST_SHOWN)
    )
    if not sees_all:
        query = query.where(or_(Training.opened_at.is_not(None), Training.planter_id == person_id))
    if case_id is not None:
        query = query.where(Training.case_id == case_id)
    rows = ctx.session.execute(query.execution_options(populate_existing=True)).all()
    parts = _parts(ctx, [row.case_id for row, *_ in rows if row.opened_at])
    proven = training_plan.verified(ctx.session)
    return [
        Planted(
            case_id=row.case_id,
            reference=reference,
            status=status,
            scenario=row.scenario,
            planter=planter,
            planted_at=row.planted_at,
            opened_at=row.opened_at,
            outcome=row.outcome,
            parts=parts.get(row.case_id, ()),
            is_own=row.planter_id == ctx.actor.person_id,
            verified=row.case_id in proven,
        )
        for row, reference, status, planter in rows
    ]


def _parts(ctx: Context, case_ids: Sequence[str]) -> Mapping[str, list[Part]]:
    query = (
        select(CaseParty.case_id, CaseParty.person_id, Person.name, CaseParty.part)
        .join(Person, Person.id == CaseParty.person_id)
        .where(CaseParty.case_id.in_(case_ids), CaseParty.part != "planter")
        .order_by(CaseParty.at, CaseParty.person_id)
    )
    found: dict[str, list[Part]] = {}
    for case_id, *who in ctx.session.execute(query):
        found.setdefault(case_id, []).append(Part(*who))
    return found


def totals(ctx: Context) -> Mapping[str, int]:
    """How many training cases ended in which way, every outcome named."""
    query = select(Training.outcome, func.count()).where(Training.outcome.is_not(None))
    counted = {
        outcome or "": number for outcome, number in ctx.session.execute(query.group_by(Training.outcome))
    }
    return {outcome: counted.get(outcome, 0) for outcome in OUTCOMES}
