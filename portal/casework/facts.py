"""Reads all that the guards of the life-cycle look at, in the transaction that will write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from portal import audit
from portal.casework import holds, roles
from portal.casework.context import Context
from portal.domain import policy
from portal.domain.lifecycle import Act, CaseFacts, Party, Role, Status
from portal.domain.retention import KEY_GONE
from portal.models import (
    Account,
    Case,
    CaseParty,
    CaseTimer,
    CheckOpening,
    Contact,
    IdentityCheck,
    Objection,
    OutboxRow,
    Principal,
    Removal,
    Staff,
)
from portal.tlog import lag


def facts_of(ctx: Context, case: Case, given: Iterable[str] = (), **observed: Any) -> CaseFacts:
    """All facts of a case at once, for pages. `observed` overrides what only the caller can know."""
    reader = _Reader(ctx, case, given, observed)
    return CaseFacts(**{one.name: getattr(reader, one.name) for one in fields(CaseFacts)})


def asked_facts(ctx: Context, case: Case, given: Iterable[str] = (), **observed: Any) -> CaseFacts:
    """The same, each read when a guard asks for it: most acts need a few of them, and all are twenty statements.

    To be used before the act writes anything: what is read later is read later.
    """
    return cast(CaseFacts, _Reader(ctx, case, given, observed))


class _Reader:
    """Reads a fact once, when it is asked for."""

    def __init__(self, ctx: Context, case: Case, given: Iterable[str], observed: Mapping[str, Any]) -> None:
        self.ctx, self.case, self.session = ctx, case, ctx.session
        self.given = frozenset(given)
        if unknown := observed.keys() - READ.keys():
            # a misspelt fact would leave the guard with what is usual
            raise TypeError(f"there is no fact called {', '.join(sorted(unknown))}")
        self.__dict__.update(observed)

    def __getattr__(self, name: str) -> Any:
        if name not in READ:
            raise AttributeError(name)
        self.__dict__[name] = value = READ[name](self)
        return value


READ: Mapping[str, Callable[[Any], Any]] = {
    "status": lambda of: Status(of.case.status),
    "tier": lambda of: of.case.tier,
    "training": lambda of: of.case.training,
    "holder": lambda of: of.case.holder_id,
    "holder_may_continue": lambda of: _may_continue(of.ctx, of.case),
    "parties": lambda of: _parties(of.session, of.case),
    "own_account": lambda of: _is_own_account(of.ctx, of.case),
    "account_known": lambda of: of.case.account_id is not None,
    "contacts_known": lambda of: of.account_known and _has_contact(of.session, of.case.account_id),
    "policy_met": lambda of: policy.evaluate(of.profile, of.checks, now=of.ctx.now, limits=of.ctx.limits).met,
    "lead_needed": lambda of: policy.needs_lead(policy.Tier(of.case.tier), of.case.policy_set),
    "decision": lambda of: of.case.decision if of.case.decision_round == of.case.round else None,
    "proposer": lambda of: of.case.proposer_id,
    "checks_unopened": lambda of: _unopened(of.session, of.case, of.ctx.actor.person_id),
    "repeat_missing": lambda of: _repeat_missing(of.ctx, of.profile, of.checks),
    "facts_changed": lambda of: (
        of.case.decision == "remove" and of.case.decision_digest != decision_digest(of.ctx, of.case)
    ),
    "notices_pending": lambda of: _security_notice_pending(of.session, of.case),
    "objection_open": lambda of: objection_open(of.session, of.case),
    "contest_lead": lambda of: of.case.contest_lead_id,
    "log_behind": lambda of: lag.is_behind(of.session, of.ctx.now, of.ctx.limits.log_stop),
    "signed_in_since": lambda of: False,  # only who has just asked the connector knows
    "waiting_started": lambda of: of.case.waiting_started_at is not None,
    "waiting_until": lambda of: of.case.waiting_until,
    "extended": lambda of: of.case.extended,
    "owner_ready_needed": lambda of: _needs_owner_ready(of.ctx, of.case),
    "owner_ready_until": lambda of: of.case.owner_ready_until,
    "gone": lambda of: False,  # likewise
    "tries_left": lambda of: _tries_left(of.ctx, of.case),
    "removed_at": lambda of: removed_of(of.session, of.case),
    "partly_removed": lambda of: of.removed_at is None and removal_began(of.session, of.case) is not None,
    "objection_until": lambda of: _objection_until(of.ctx, of.case),
    "unfreeze": lambda of: of.case.unfreeze,
    "unfreeze_proposer": lambda of: of.case.unfreeze_proposer_id,
    "appeal_until": lambda of: (
        of.case.status_at + of.ctx.limits.appeal_window if of.case.status == Status.DECLINED else None
    ),
    "appealed": lambda of: of.case.appealed_at is not None,
    "timers": lambda of: _timers(of.session, of.case),
    "periods": lambda of: holds.periods(of.case, of.ctx.limits),
    "held": lambda of: holds.is_held(of.session, of.case.id),
    "data_gone": lambda of: of.case.retention_stage >= KEY_GONE,
    # what several of these rest on
    "checks": lambda of: check_facts(of.ctx, of.case),
    "profile": lambda of: profile_of(of.ctx, of.case),
}


def _parties(session: Session, case: Case) -> dict[str, Party]:
    rows = session.execute(select(CaseParty).where(CaseParty.case_id == case.id)).scalars()
    return {row.person_id: Party(row.part, row.excluded_at is not None) for row in rows}


def _may_continue(ctx: Context, case: Case) -> bool:
    if case.holder_id is None:
        return False
    party = ctx.session.get(CaseParty, (case.id, case.holder_id))
    excluded = party is not None and (party.excluded_at is not None or party.part != "verifier")
    return not excluded and Role.VERIFIER in roles.of_person(ctx, case.holder_id)


def _is_own_account(ctx: Context, case: Case) -> bool:
    """Nobody works a case whose registered contact, or reply address, is one of their own logins."""
    if ctx.actor.person_id is None:
        return False
    subjects = {case.subject_id}
    if case.account_id:
        subjects.add(ctx.session.get_one(Account, case.account_id).subject_id)
    emails = ctx.session.execute(select(Staff.email).where(Staff.person_id == ctx.actor.person_id)).scalars()
    return any(subjects & set(ctx.vault.find(ctx.session, "email", email)) for email in emails)


def contacts_of(session: Session, account_id: str, *, now: datetime, limit: Any) -> list[Contact]:
    """All that may be told: present contacts, and those retired for less than the given time."""
    query = (
        select(Contact)
        .where(
            Contact.account_id == account_id,
            or_(Contact.retired_at.is_(None), Contact.retired_at > now - limit),
        )
        .order_by(Contact.created_at, Contact.id)
    )
    return list(session.execute(query).scalars())


def _has_contact(session: Session, account_id: str) -> bool:
    query = select(exists().where(Contact.account_id == account_id, Contact.retired_at.is_(None)))
    return bool(session.execute(query).scalar_one())


def objection_open(session: Session, case: Case) -> bool:
    """Whether an objection against the case, or any on its account, is still undecided."""
    against = [Objection.case_id == case.id]
    if case.account_id:
        against.append(Objection.account_id == case.account_id)
    query = select(exists().where(or_(*against), Objection.outcome.is_(None)))
    return bool(session.execute(query).scalar_one())


def is_objected_to(session: Session, account_id: str) -> bool:
    """Whether somebody has said "this was not me" of the account, and nobody has decided on it."""
    query = select(exists().where(Objection.account_id == account_id, Objection.outcome.is_(None)))
    return bool(session.execute(query).scalar_one())


def _security_notice_pending(session: Session, case: Case) -> bool:
    query = select(
        exists().where(OutboxRow.case_id == case.id, OutboxRow.security, OutboxRow.state == "pending")
    )
    return bool(session.execute(query).scalar_one())


def _timers(session: Session, case: Case) -> dict[Act, datetime]:
    rows = session.execute(
        select(CaseTimer.act, func.min(CaseTimer.at))
        .where(CaseTimer.case_id == case.id)
        .group_by(CaseTimer.act)
    )
    return {Act(act): at for act, at in rows}


def _tries_left(ctx: Context, case: Case) -> int:
    most = ctx.session.execute(
        select(func.max(Removal.tries)).where(
            Removal.case_id == case.id, Removal.round == case.round, Removal.state != "confirmed"
        )
    ).scalar_one()
    return ctx.limits.removal_tries - int(most or 0)


def removal_began(session: Session, case: Case) -> datetime | None:
    """When the first device of the case was given to a connector: from then on it may be gone, whatever the case says."""
    query = select(func.min(Removal.sent_at)).where(Removal.case_id == case.id, Removal.state != "intended")
    return session.execute(query).scalar_one()


def removed_of(session: Session, case: Case) -> datetime | None:
    """When the last device was seen to be gone, also where a stop came before the case could be closed."""
    if case.deactivated_at is not None or case.executing_at is None:
        return case.deactivated_at
    rows = session.execute(
        select(Removal.confirmed_at).where(Removal.case_id == case.id, Removal.round == case.round)
    ).scalars()
    confirmed = list(rows)
    gone = [at for at in confirmed if at is not None]
    return max(gone) if gone and len(gone) == len(confirmed) else None


def _needs_owner_ready(ctx: Context, case: Case) -> bool:
    if case.account_id is None:
        return False
    connector = ctx.connectors.get(ctx.session.get_one(Account, case.account_id).connector)
    return connector is not None and connector.needs_owner_ready


def _objection_until(ctx: Context, case: Case) -> datetime | None:
    if case.status != Status.DEACTIVATED or case.deactivated_at is None:
        return None
    return case.deactivated_at + ctx.limits.objection_window


def checks_of(session: Session, case: Case) -> list[IdentityCheck]:
    """All checks of a case, oldest first, those of earlier rounds among them."""
    query = (
        select(IdentityCheck)
        .where(IdentityCheck.case_id == case.id)
        .order_by(IdentityCheck.recorded_at, IdentityCheck.id)
    )
    return list(session.execute(query).scalars())


def _unopened(session: Session, case: Case, person_id: str | None) -> int:
    """Person-attested checks of this round that whoever acts has not opened one by one: a colleague's look is not theirs."""
    opened = exists().where(CheckOpening.check_id == IdentityCheck.id, CheckOpening.person_id == person_id)
    query = select(func.count()).where(
        IdentityCheck.case_id == case.id,
        IdentityCheck.round == case.round,
        IdentityCheck.voided_at.is_(None),
        IdentityCheck.attested_by == "person",
        ~IdentityCheck.repeated,
        ~opened,
    )
    return int(session.execute(query).scalar_one())


def _repeat_missing(ctx: Context, profile: policy.Profile, checks: Sequence[policy.CheckFact]) -> bool:
    person_id = ctx.actor.person_id
    done = policy.live_check_repeated(profile, checks, person_id, now=ctx.now, limits=ctx.limits)
    return policy.needs_repeated_live_check(profile.tier) and not done


def profile_of(ctx: Context, case: Case) -> policy.Profile:
    """What the policy sets need to know of the case and its account."""
    session = ctx.session
    account = session.get(Account, case.account_id) if case.account_id else None
    principal = session.get(Principal, case.principal_id) if case.principal_id else None
    contacts = contacts_of(session, account.id, now=ctx.now, limit=ctx.limits.contact_age) if account else []
    return policy.Profile(
        tier=policy.Tier(case.tier),
        holder_kind=account.holder_kind if account else None,
        password_proven=case.proven_by == "password",
        handset_lost=case.problem in {"lost", "stolen"},
        mobile_on_file=any(
            contact.kind == "phone" and contact.is_mobile is not False for contact in contacts
        ),
        hardware_device_registered=bool(principal and principal.hardware_device),
        name_since=account.name_since if account else None,
        name_matches=_name_matches(ctx, case, account),
        has_registered_name=bool(account and account.sealed_name),
        objection_open=objection_open(session, case),
        last_resort=case.triage.get("outcome") == "last_resort",
        round=case.round,
    )


def _name_matches(ctx: Context, case: Case, account: Account | None) -> bool:
    from_register = [
        ctx.vault.open(ctx.session, account.subject_id, account, column)
        for column in ("name", "latin_name", "kana")
        if account
    ]
    typed = [
        ctx.vault.open(ctx.session, case.subject_id, case, column)
        for column in ("name", "latin_name", "kana")
    ]
    return policy.any_name_matches([name for name in typed if name], [name for name in from_register if name])


def check_facts(ctx: Context, case: Case) -> list[policy.CheckFact]:
    """The checks of a case as the policy sets want them."""
    since: dict[str, datetime] = {}
    if case.account_id:
        contacts = ctx.session.execute(select(Contact).where(Contact.account_id == case.account_id)).scalars()
        since = {contact.id: contact.confirmed_at for contact in contacts if contact.retired_at is None}
    return [
        policy.CheckFact(
            id=check.id,
            method=check.method,
            result=check.result,
            round=check.round,
            voided=check.voided_at is not None,
            attested_by=check.attested_by,
            person_id=check.person_id,
            contact_id=check.contact_id,
            contact_since=since.get(check.contact_id or ""),
            witnessed=check.witness_id is not None,
            repeated=check.repeated,
        )
        for check in checks_of(ctx.session, case)
    ]


def verdict_of(ctx: Context, case: Case) -> policy.Verdict:
    """Whether the checks of this round complete a policy set, and what is missing."""
    return policy.evaluate(profile_of(ctx, case), check_facts(ctx, case), now=ctx.now, limits=ctx.limits)


def decision_digest(ctx: Context, case: Case) -> str:
    """What an approval is for: account, devices, contacts, tier, policy version. Another value means another case."""
    rows = ctx.session.execute(
        select(Contact.id, Contact.confirmed_at).where(
            Contact.account_id == case.account_id, Contact.retired_at.is_(None)
        )
    )
    return digest_of_decision(case, [(row.id, row.confirmed_at) for row in rows])


def digest_of_decision(case: Case, contacts: Iterable[tuple[str, datetime]]) -> str:
    """The same, for contacts that are known already: their ids, and since when the register has them."""
    subject = {
        "account": case.account_id or "",
        "principal": case.principal_id or "",
        "devices": sorted(str(device["id"]) for device in case.devices),
        "contacts": sorted(f"{contact_id}@{audit.timestamp(since)}" for contact_id, since in contacts),
        "tier": case.tier,
        "policy": policy.POLICY_VERSION,
    }
    return hashlib.sha256(audit.canonical(subject)).hexdigest()
