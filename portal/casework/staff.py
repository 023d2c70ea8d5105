"""What takes two persons about staff: one proposes, another agrees, and what gives power waits a day in which it can be stopped.

Nobody decides about their own login, whichever of their logins they use. A lead stands in only where, besides the proposer
and the person concerned, no admin is left: with two admins one could otherwise never be helped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from portal import audit, tokens
from portal.casework import channels, factor, fresh, logins, staff_mail, staff_matters
from portal.casework.context import Context, NotFound, Refused
from portal.casework.logins import Entry
from portal.casework.sessions import SignedIn
from portal.casework.staff_changes import CHANGES, Payload
from portal.domain.audit_tags import FACTS
from portal.domain.lifecycle import Actor, Role
from portal.models import PROPOSAL_PENDING, Installation, Proposal, Staff, new_id

FIRST_STAFF = (Role.ADMIN, Role.ADMIN, Role.LEAD)
BATCH = 100


def bootstrap(ctx: Context, entries: Sequence[Entry]) -> list[Staff]:
    """Invite the first staff: two admins and a lead at three mailboxes. Works once, on an empty table. Raises Refused."""
    read = [logins.read_entry(entry) for entry in entries]
    if sorted(role for entry in read for role in entry.roles) != sorted(FIRST_STAFF):
        raise Refused("first_staff")
    if len({entry.email for entry in read}) != len(FIRST_STAFF) or any(
        len(entry.roles) != 1 for entry in read
    ):
        raise Refused("three_mailboxes")
    with ctx.act():
        ctx.session.execute(select(Installation).with_for_update(key_share=True)).scalar_one()
        if ctx.session.execute(select(Staff.id).limit(1)).scalar_one_or_none() is not None:
            raise Refused("not_empty")
        made = [logins.create(ctx, entry, effective_at=ctx.now) for entry in read]
        facts = {"staff": [staff.id for staff in made]}
        audit.append(
            ctx.session, "system", "system:desk:bootstrapped", actor="system", at=ctx.now, facts=facts
        )
        for staff in made:
            logins.invite(ctx, staff)
    return made


def propose(
    ctx: Context,
    kind: str,
    *,
    staff_id: str | None = None,
    payload: Mapping[str, Any] | None = None,
    channel: str = channels.PAGE,
) -> str:
    """Propose a change as an admin, about somebody else. Returns the proposal's id. Raises Refused in words for the page."""
    with ctx.act():
        if not ctx.actor.is_any(frozenset({Role.ADMIN})):
            raise Refused("wrong_role")
        target = _target(ctx, staff_id)
        given = {key: value for key, value in (payload or {}).items() if value is not None}
        concerns = target.person_id if target else given.get("person_id")
        if concerns == ctx.actor.person_id:
            raise Refused("own_login")
        return _insert(ctx, kind, target, given, channel).id


def propose_login(ctx: Context, entry: Entry, *, channel: str = channels.PAGE) -> str:
    """Propose a login for a new colleague, or another one for a person who has one."""
    read = logins.read_entry(entry)
    payload = {
        "name": read.name,
        "email": read.email,
        "language": read.language,
        "roles": sorted(read.roles),
        "person_id": read.person_id,
    }
    return propose(ctx, "new_login", payload=payload, channel=channel)


def propose_address(ctx: Context, staff_id: str, email: str, *, channel: str = channels.PAGE) -> str:
    """Propose another address for a login."""
    payload = {"email": logins.read_address(email)}
    return propose(ctx, "address_change", staff_id=staff_id, payload=payload, channel=channel)


def ask_for_reset(ctx: Context, signed: SignedIn) -> None:
    """Ask for a reset of one's own factor, after signing in with a recovery code. Asking twice is asking once."""
    if signed.stage != "recovery":
        raise Refused("session_moved")
    with ctx.act():
        target = _target(ctx, signed.staff.id)
        if reset_asked_for(ctx, signed) is None:
            _insert(ctx, "factor_reset", target, {}, channels.PAGE)


def reset_asked_for(ctx: Context, signed: SignedIn) -> Proposal | None:
    """The reset that waits for this login, if there is one."""
    query = select(Proposal).where(
        Proposal.kind == "factor_reset",
        Proposal.target_id == signed.staff.id,
        Proposal.state.in_(PROPOSAL_PENDING),
    )
    return ctx.session.execute(query.order_by(Proposal.created_at)).scalars().first()


def _target(ctx: Context, staff_id: str | None) -> Staff | None:
    if staff_id is None:
        return None
    staff = factor.lock(ctx, staff_id)
    if staff is None:
        raise NotFound()
    return staff


def _insert(ctx: Context, kind: str, target: Staff | None, payload: Payload, channel: str) -> Proposal:
    if kind not in CHANGES:
        raise NotFound()
    CHANGES[kind].check(ctx, target, payload)
    digest = staff_matters.digest_of(kind, target, payload)
    same = select(Proposal.id).where(Proposal.digest == digest, Proposal.state.in_(PROPOSAL_PENDING))
    if ctx.session.execute(same.limit(1)).scalar_one_or_none():
        raise Refused("proposal_open")
    proposal = Proposal(
        id=new_id(),
        kind=kind,
        target_id=target.id if target else None,
        subject_id=target.subject_id if target else ctx.vault.new_subject(ctx.session),
        digest=digest,
        state="open",
        proposed_by=ctx.actor.person_id,
        created_at=ctx.now,
    )
    ctx.vault.seal_json(ctx.session, proposal.subject_id, proposal, "payload", payload)
    ctx.session.add(proposal)
    ctx.session.flush()
    _record(ctx, staff_matters.Proposed(proposal, target, payload), CHANGES[kind].tags[0], channel=channel)
    channels.tell_proposer(ctx, channel)
    return proposal


def _record(ctx: Context, asked: staff_matters.Proposed, tag: str, **more: Any) -> None:
    known: dict[str, Any] = {"proposal": asked.proposal.id, "kind": asked.proposal.kind, **more}
    if asked.target:
        known["staff"] = asked.target.id
    known["role"] = asked.payload.get("role")
    facts = {key: value for key, value in known.items() if key in FACTS[tag]}
    stream = f"staff:{asked.target.id}" if asked.target else "system"
    audit.append(ctx.session, stream, tag, actor=ctx.actor_name, at=ctx.now, facts=facts)


def agree(ctx: Context, proposal_id: str, *, digest: str, code: str) -> str:
    """Agree as another person, with a fresh code. Returns the state: `agreed` waits its day, `effective` is done.

    What somebody asked for themselves with a saved code becomes the proposal of the first who agrees, and stays `open`.
    """
    fresh.factor(ctx, code)
    with ctx.act():
        asked = _lock(ctx, proposal_id, digest)
        proposal, change = asked.proposal, CHANGES[asked.proposal.kind]
        reason = staff_matters.decider_refused(ctx, asked, staff_matters.admins_of(ctx))
        if reason:
            raise Refused(reason)
        change.check(ctx, asked.target, asked.payload)
        if staff_matters.is_request(asked, staff_matters.deciders_of(ctx)):
            proposal.proposed_by = str(ctx.actor.person_id)
            _record(ctx, asked, change.tags[0], channel=channels.PAGE)
            return proposal.state
        proposal.decided_by, proposal.decided_at, proposal.state = ctx.actor.person_id, ctx.now, "agreed"
        proposal.effective_at = ctx.now + ctx.limits.grant_delay if change.waits else ctx.now
        ctx.session.flush()
        _record(ctx, asked, "staff:proposal:decided", outcome="agreed")
        if change.waits:
            _tell_of(ctx, asked)
        else:
            _carry_out(ctx, asked)
        return proposal.state


def refuse(ctx: Context, proposal_id: str, *, digest: str, code: str) -> None:
    """Refuse a proposal, or withdraw one's own, with a fresh code."""
    fresh.factor(ctx, code)
    with ctx.act():
        asked = _lock(ctx, proposal_id, digest)
        reason = staff_matters.decider_refused(ctx, asked, staff_matters.admins_of(ctx))
        if reason and asked.proposal.proposed_by != ctx.actor.person_id:
            raise Refused(reason)
        asked.proposal.decided_by, asked.proposal.decided_at = ctx.actor.person_id, ctx.now
        asked.proposal.state = "refused"
        _record(ctx, asked, "staff:proposal:decided", outcome="refused")


def _lock(ctx: Context, proposal_id: str, digest: str) -> staff_matters.Proposed:
    asked = _read(ctx, proposal_id, states=("open",))
    if asked is None:
        raise Refused("proposal_decided")
    if asked.proposal.digest != digest or digest != staff_matters.digest_of(
        asked.proposal.kind, asked.target, asked.payload
    ):
        raise Refused("proposal_changed")
    return asked


def _read(ctx: Context, proposal_id: str | None, *, states: Sequence[str]) -> staff_matters.Proposed | None:
    query = select(Proposal).where(
        Proposal.id == proposal_id, Proposal.kind.in_(CHANGES), Proposal.state.in_(states)
    )
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    proposal = ctx.session.execute(locked).scalar_one_or_none()
    return (
        staff_matters.opened(ctx, proposal, factor.lock(ctx, proposal.target_id or "")) if proposal else None
    )


def _tell_of(ctx: Context, asked: staff_matters.Proposed) -> None:
    shown = staff_matters.matter_of(ctx, asked, staff_matters.names_of(ctx, [asked]))
    facts = {"kind": shown.kind, "about": shown.about, "by": shown.proposer, "roles": list(shown.roles)}
    staff_mail.proposed(ctx, asked.proposal, _concerned(ctx, asked), **facts)


def _concerned(ctx: Context, asked: staff_matters.Proposed) -> list[Staff]:
    """Leads, compliance, and the person: on every login they have, and on the one it is about even when disabled."""
    own = staff_mail.of_person(ctx, asked.concerns) if asked.concerns else []
    return [
        *staff_mail.holders(ctx, Role.LEAD, Role.COMPLIANCE),
        *own,
        *([asked.target] if asked.target else []),
    ]


def _carry_out(ctx: Context, asked: staff_matters.Proposed) -> None:
    proposal, change = asked.proposal, CHANGES[asked.proposal.kind]
    told = _concerned(ctx, asked)
    changed = change.carry_out(ctx, asked.target, asked.payload, proposal)
    proposal.state = "effective"
    ctx.session.flush()
    _record(ctx, staff_matters.Proposed(proposal, changed, asked.payload), change.tags[1])
    role = Role(asked.payload["role"]) if "role" in asked.payload else None
    staff_mail.changed(ctx, told, change.tell, about=changed, role=role)


def apply_due(ctx: Context) -> int:
    """Carry out what was agreed and not stopped, each in a transaction of its own. Returns how many took effect."""
    query = select(Proposal.id).where(
        Proposal.state == "agreed", Proposal.kind.in_(CHANGES), Proposal.effective_at <= ctx.now
    )
    due = ctx.session.execute(query.order_by(Proposal.effective_at, Proposal.id).limit(BATCH)).scalars().all()
    return sum(_apply(ctx.as_system(), proposal_id) for proposal_id in due)


def _apply(ctx: Context, proposal_id: str) -> bool:
    with ctx.act():
        asked = _read(ctx, proposal_id, states=("agreed",))
        if asked is None:
            return False
        try:
            CHANGES[asked.proposal.kind].check(ctx, asked.target, asked.payload)
        except Refused:
            # what it was agreed for is no longer so: another proposal, or a disabled login, came first
            _stop(ctx, asked)
            return False
        _carry_out(ctx, asked)
    return True


def _stop(ctx: Context, asked: staff_matters.Proposed) -> None:
    asked.proposal.state = "stopped"
    tokens.revoke(ctx.session, now=ctx.now, purpose="halt", proposal_id=asked.proposal.id)
    _record(ctx, asked, "staff:proposal:stopped")


def stop_all_of(ctx: Context, person_id: str) -> None:
    """Stop what somebody proposed or agreed to about staff who is shut out now: nobody knows whose hand it was."""
    query = select(Proposal.id).where(
        Proposal.kind.in_(CHANGES),
        Proposal.state.in_(PROPOSAL_PENDING),
        or_(Proposal.proposed_by == person_id, Proposal.decided_by == person_id),
    )
    for proposal_id in ctx.session.execute(query.order_by(Proposal.id)).scalars().all():
        asked = _read(ctx, proposal_id, states=PROPOSAL_PENDING)
        if asked:
            _stop(ctx, asked)


def halt(ctx: Context, raw: str) -> staff_matters.Matter:
    """Stop a proposal with the link of somebody who was told of it, without signing in. Raises Refused("link_over")."""
    with ctx.act():
        token = tokens.consume(ctx.session, raw, "halt", now=ctx.now)
        asked = _read(ctx, token.proposal_id, states=("agreed",)) if token else None
        if token is None or asked is None:
            raise Refused("link_over")
        holder = Actor(roles=frozenset(), staff_id=token.staff_id)
        _stop(ctx.as_actor(holder), asked)
        if asked.target:
            deciders = [asked.proposal.proposed_by, asked.proposal.decided_by or ""]
            hands = [login for person in deciders for login in staff_mail.of_person(ctx, person)]
            staff_mail.changed(ctx, [*_concerned(ctx, asked), *hands], "proposal_stopped", about=asked.target)
        return staff_matters.matter_of(ctx, asked, staff_matters.names_of(ctx, [asked]))
