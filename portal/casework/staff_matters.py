"""Reads proposals about staff: what each is about, who may decide, and what a link would stop. Changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from portal import audit, tokens
from portal.casework import channels, factor, staff_mail
from portal.casework.context import Context
from portal.casework.staff_changes import CHANGES, Payload
from portal.domain.lifecycle import Role
from portal.models import PROPOSAL_PENDING, Person, Proposal, Staff, SubjectKey


@dataclass(frozen=True)
class Matter:
    """A proposal as pages and mails show it. `digest` is what a decision must name, `blocked` why the reader has none.

    `email` is the address it leads to, `present_email` the one of the login now; no `person_id` means somebody new.
    `is_request`: the person concerned asked for it, and two others have to agree.
    """

    id: str
    kind: str
    state: str
    digest: str
    about: str
    email: str
    roles: tuple[Role, ...]
    proposer: str
    created_at: datetime
    effective_at: datetime | None
    blocked: str | None = None
    may_withdraw: bool = False
    target_id: str | None = None
    person_id: str | None = None
    present_email: str = ""
    language: str = ""
    decider: str = ""
    by_command: bool = False
    is_request: bool = False


@dataclass(frozen=True)
class Proposed:
    """A proposal with what it is about, read together."""

    proposal: Proposal
    target: Staff | None
    payload: Payload

    @property
    def concerns(self) -> str | None:
        """The person who can have no say in it."""
        return self.target.person_id if self.target else self.payload.get("person_id")


def digest_of(kind: str, target: Staff | None, payload: Payload) -> str:
    named = {"kind": kind, "target": target.id if target else "", "payload": dict(payload)}
    return hashlib.sha256(audit.canonical(named)).hexdigest()


def opened(ctx: Context, proposal: Proposal, target: Staff | None) -> Proposed:
    return Proposed(
        proposal, target, ctx.vault.open_json(ctx.session, proposal.subject_id, proposal, "payload")
    )


def admins_of(ctx: Context) -> frozenset[str]:
    """Persons who could decide as admins now. Who never came to set up a sign-in must not keep a lead from standing in."""
    return _able(ctx, Role.ADMIN)


def deciders_of(ctx: Context) -> frozenset[str]:
    """Persons who may ever decide about staff."""
    return _able(ctx, Role.ADMIN, Role.LEAD)


def _able(ctx: Context, *able: Role) -> frozenset[str]:
    """As `quorum` counts them: on a login that is not disabled and has a factor."""
    return frozenset(login.person_id for login in staff_mail.holders(ctx, *able) if factor.is_enrolled(login))


def is_request(asked: Proposed, deciders: frozenset[str]) -> bool:
    """Whether the person concerned asked for it themselves: that is nobody's vote, so two others agree, where there are two.

    A stolen password and a stolen saved code would else need one admin's mistake, or one admin who stole them.
    """
    own = asked.proposal.proposed_by == asked.concerns
    return own and len(deciders - {asked.concerns}) > 1


def decider_refused(ctx: Context, asked: Proposed, admins: frozenset[str]) -> str | None:
    """Why the actor has no say in this, or None."""
    others = admins - {asked.proposal.proposed_by, asked.concerns}
    may = frozenset({Role.ADMIN}) if others else frozenset({Role.ADMIN, Role.LEAD})
    if asked.concerns == ctx.actor.person_id:
        return "own_login"
    if asked.proposal.proposed_by == ctx.actor.person_id:
        return "own_proposal"
    return None if ctx.actor.is_any(may) else "second_admin"


def find_halt(ctx: Context, raw: str) -> Matter | None:
    """What the link would stop, or what became of it. None for a link that never was or can no longer stop it."""
    token = tokens.find(ctx.session, raw, "halt")
    proposal = ctx.session.get(Proposal, token.proposal_id) if token else None
    if token is None or proposal is None:
        return None
    if proposal.state in PROPOSAL_PENDING and not tokens.is_live(token, ctx.now):
        return None
    asked = opened(ctx, proposal, ctx.session.get(Staff, proposal.target_id) if proposal.target_id else None)
    return matter_of(ctx, asked, names_of(ctx, [asked]))


def matters(ctx: Context) -> list[Matter]:
    """What waits for a decision or for its day, oldest first, as the actor may act on it."""
    query = select(Proposal, Staff, SubjectKey).outerjoin(Staff, Staff.id == Proposal.target_id)
    # read along, or the vault would ask for each proposal's key by itself
    query = query.outerjoin(SubjectKey, SubjectKey.subject_id == Proposal.subject_id)
    query = query.where(Proposal.kind.in_(CHANGES), Proposal.state.in_(PROPOSAL_PENDING))
    rows = ctx.session.execute(query.order_by(Proposal.created_at, Proposal.id)).all()
    several = [opened(ctx, proposal, target) for proposal, target, _key in rows]
    names, admins, deciders = names_of(ctx, several), admins_of(ctx), deciders_of(ctx)
    commanded = channels.by_command(ctx, [asked.proposal for asked in several])
    shown = [matter_of(ctx, asked, names, admins=admins, commanded=commanded) for asked in several]
    return [
        replace(matter, is_request=matter.state == "open" and is_request(asked, deciders))
        for matter, asked in zip(shown, several, strict=True)
    ]


def names_of(ctx: Context, several: Iterable[Proposed]) -> dict[str, str]:
    ids = {person for asked in several for person in _persons_of(asked) if person}
    rows = ctx.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _persons_of(asked: Proposed) -> tuple[str | None, ...]:
    return asked.proposal.proposed_by, asked.proposal.decided_by, asked.concerns


def matter_of(
    ctx: Context,
    asked: Proposed,
    names: Mapping[str, str],
    *,
    admins: frozenset[str] | None = None,
    commanded: frozenset[str] = frozenset(),
) -> Matter:
    proposal, payload = asked.proposal, asked.payload
    wanted = payload.get("roles") or ([payload["role"]] if "role" in payload else [])
    return Matter(
        id=proposal.id,
        kind=proposal.kind,
        state=proposal.state,
        digest=proposal.digest,
        about=names.get(asked.concerns or "") or payload.get("name", ""),
        email=payload.get("email") or (asked.target.email if asked.target else ""),
        roles=tuple(Role(role) for role in wanted),
        proposer=names.get(proposal.proposed_by, ""),
        created_at=proposal.created_at,
        effective_at=proposal.effective_at,
        blocked=decider_refused(ctx, asked, admins) if admins is not None else None,
        may_withdraw=proposal.proposed_by == ctx.actor.person_id and proposal.state == "open",
        target_id=asked.target.id if asked.target else None,
        person_id=asked.concerns,
        present_email=asked.target.email if asked.target else "",
        language=payload.get("language", ""),
        decider=names.get(proposal.decided_by or "", ""),
        by_command=proposal.id in commanded,
    )
