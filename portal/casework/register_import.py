"""The audited import of the register: one person proposes a file, another agrees to exactly that file, then it counts.

All that is known of people's addresses and names comes from here, so no single person can put anything in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select

from portal import audit
from portal.casework import channels, fresh, intake, register_held, registry, rounds
from portal.casework.context import Context, NotFound, Refused
from portal.casework.register_entry import Entry, packed, unpacked
from portal.casework.register_file import Mistake, parse
from portal.casework.register_plan import Disturbed, Planned, disturbed, planned
from portal.connectors.table import registrable
from portal.domain.lifecycle import Role
from portal.models import Account, Case, Person, Principal, Proposal, new_id

KIND = "register_import"
MAY = frozenset({Role.ADMIN, Role.LEAD})
CHUNK = 500  # numbers in one statement
CAUSE = "register_changed"


@dataclass(frozen=True)
class OpenImport:
    """A proposed file that waits for another person."""

    id: str
    digest: str
    proposer: str
    created_at: datetime
    is_own: bool
    by_command: bool = False


@dataclass(frozen=True)
class Preview:
    """A proposed file as the deciding person sees it: how much of it is new, and a part of it in detail."""

    proposal: OpenImport
    new: int
    known: int
    planned: tuple[Planned, ...]
    disturbed: Disturbed
    mistakes: tuple[Mistake, ...]  # what the register contradicts by now


@dataclass(frozen=True)
class Imported:
    """What an agreed import did, in accounts."""

    added: int
    changed: int
    unchanged: int


def propose_import(ctx: Context, data: bytes | str, *, channel: str = channels.PAGE) -> Proposal:
    """Propose a file. Raises Refused("register_file") with every mistake in `mistakes`; then nothing is kept."""
    _require_role(ctx)
    parsed = parse(data, now=ctx.now, connectors=registrable(ctx.connectors))
    mistakes = parsed.mistakes or tuple(_contradicted(ctx, parsed.entries))
    if mistakes:
        raise Refused("register_file", mistakes=mistakes)
    payload = json.dumps([packed(entry) for entry in parsed.entries], ensure_ascii=False, sort_keys=True)
    with ctx.act():
        proposal = Proposal(
            id=new_id(),
            kind=KIND,
            subject_id=ctx.vault.new_subject(ctx.session),
            # keyed: a plain hash of a short file could be guessed from the audit log
            digest=ctx.vault.digest(KIND, payload),
            state="open",
            proposed_by=ctx.actor.person_id,
            created_at=ctx.now,
        )
        ctx.vault.seal(ctx.session, proposal.subject_id, proposal, "payload", payload)
        ctx.session.add(proposal)
        ctx.session.flush()
        _record(ctx, proposal, "system:register:proposed", rows=parsed.rows, channel=channel)
        channels.tell_proposer(ctx, channel)
    return proposal


def open_proposals(ctx: Context) -> tuple[OpenImport, ...]:
    """The imports that wait for another person, oldest first."""
    query = (
        select(Proposal, Person.name)
        .join(Person, Person.id == Proposal.proposed_by)
        .where(Proposal.kind == KIND, Proposal.state == "open")
        .order_by(Proposal.created_at, Proposal.id)
    )
    rows = ctx.session.execute(query).all()
    commanded = channels.by_command(ctx, [proposal for proposal, _ in rows])
    return tuple(_waiting(ctx, proposal, name, commanded) for proposal, name in rows)


def _waiting(ctx: Context, proposal: Proposal, proposer: str, commanded: frozenset[str]) -> OpenImport:
    return OpenImport(
        id=proposal.id,
        digest=proposal.digest,
        proposer=proposer,
        created_at=proposal.created_at,
        is_own=proposal.proposed_by == ctx.actor.person_id,
        by_command=proposal.id in commanded,
    )


def preview(ctx: Context, proposal_id: str, *, start: int = 0, most: int = 100) -> Preview:
    """Show what an open import would do now, `most` accounts of it from `start` on. Raises NotFound and Refused."""
    _require_role(ctx)
    proposal = ctx.session.get(Proposal, proposal_id)
    if proposal is None or proposal.kind != KIND or proposal.state != "open":
        raise NotFound()
    entries = _entries(ctx, proposal)
    known = sum(_known(ctx, chunk) for chunk in _chunks(entries))
    proposer = ctx.session.get_one(Person, proposal.proposed_by).name
    return Preview(
        proposal=_waiting(ctx, proposal, proposer, channels.by_command(ctx, [proposal])),
        new=len(entries) - known,
        known=known,
        planned=tuple(one for chunk in _chunks(entries[start : start + most]) for one in planned(ctx, chunk)),
        disturbed=_disturbed(ctx, entries),
        mistakes=tuple(_contradicted(ctx, entries)),
    )


def _chunks(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    return (entries[start : start + CHUNK] for start in range(0, len(entries), CHUNK))


def _disturbed(ctx: Context, entries: Sequence[Entry]) -> Disturbed:
    found = [disturbed(ctx, chunk) for chunk in _chunks(entries)]
    return Disturbed(
        voided=tuple(number for one in found for number in one.voided),
        executing=tuple(number for one in found for number in one.executing),
    )


def _known(ctx: Context, chunk: Sequence[Entry]) -> int:
    numbers = [entry.account_number for entry in chunk]
    query = select(func.count()).select_from(Account).where(Account.number.in_(numbers))
    return int(ctx.session.execute(query).scalar_one())


def agree_import(ctx: Context, proposal_id: str, *, digest: str, code: str) -> Imported:
    """Agree, as another person and with a fresh factor, to the file of this digest; it is in force at once.

    Raises Refused("register_file") with `mistakes` where the register contradicts the file by now, and
    Refused("executing") with the account's number where a device is just being removed. Then nothing is written.
    """
    _require_role(ctx)
    fresh.factor(ctx, code)
    with ctx.act():
        proposal = _lock(ctx, proposal_id)
        if proposal.proposed_by == ctx.actor.person_id:
            raise Refused("another_person")
        if proposal.digest != digest:
            raise Refused("proposal_changed")
        entries = _entries(ctx, proposal)
        mistakes = tuple(_contradicted(ctx, entries))
        if mistakes:
            raise Refused("register_file", mistakes=mistakes)
        done = _apply(ctx, proposal, entries)
        _decide(ctx, proposal, "effective")
        proposal.effective_at = ctx.now
        _record(ctx, proposal, "system:register:imported", added=done.added, changed=done.changed)
    return done


def refuse_import(ctx: Context, proposal_id: str, *, code: str) -> None:
    """Refuse a file, or withdraw one's own, with a fresh factor."""
    _require_role(ctx)
    fresh.factor(ctx, code)
    with ctx.act():
        proposal = _lock(ctx, proposal_id)
        _decide(ctx, proposal, "refused")
        _record(ctx, proposal, "system:register:refused")


def _require_role(ctx: Context) -> None:
    if not ctx.actor.is_any(MAY) or ctx.actor.person_id is None:
        raise Refused("wrong_role")


def _lock(ctx: Context, proposal_id: str) -> Proposal:
    """Lock every open import, so that two agreed at once are written one after the other."""
    query = (
        select(Proposal)
        .where(Proposal.kind == KIND, Proposal.state == "open")
        .order_by(Proposal.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {proposal.id: proposal for proposal in ctx.session.execute(query).scalars()}
    if proposal_id not in found:
        raise Refused("proposal_decided")
    return found[proposal_id]


def _entries(ctx: Context, proposal: Proposal) -> list[Entry]:
    payload = ctx.vault.open_json(ctx.session, proposal.subject_id, proposal, "payload")
    return [unpacked(value) for value in payload]


def _decide(ctx: Context, proposal: Proposal, state: str) -> None:
    """Close the proposal. Its copy of everybody's data is erased: the register has it, or nobody needs it."""
    proposal.state, proposal.decided_by, proposal.decided_at = state, ctx.actor.person_id, ctx.now
    ctx.session.flush()
    ctx.vault.destroy(ctx.session, proposal.subject_id)


def _record(ctx: Context, proposal: Proposal, tag: str, **facts: Any) -> None:
    known = {"proposal": proposal.id, "digest": proposal.digest, **facts}
    audit.append(ctx.session, "system", tag, actor=ctx.actor_name, at=ctx.now, facts=known)


def _contradicted(ctx: Context, entries: Sequence[Entry]) -> Iterator[Mistake]:
    """Where the file names principals that the register knows otherwise."""
    for chunk in _chunks(entries):
        numbers = [entry.account_number for entry in chunk]
        names = [principal.external_id for entry in chunk for principal in entry.principals]
        query = select(Account.number, Account.connector, Principal.kind, Principal.external_id).join(
            Principal, Principal.account_id == Account.id
        )
        kinds: dict[tuple[str, str], str] = {}
        roots: dict[str, str] = {}
        for number, _, kind, external_id in ctx.session.execute(query.where(Account.number.in_(numbers))):
            kinds[number, external_id] = kind
            if kind == "root":
                roots[number] = external_id
        owners = {
            (connector, external_id): number
            for number, connector, _, external_id in ctx.session.execute(
                query.where(Principal.external_id.in_(names))
            )
        }
        for entry in chunk:
            yield from _entry_contradicted(entry, kinds, roots, owners)


def _entry_contradicted(
    entry: Entry,
    kinds: dict[tuple[str, str], str],
    roots: dict[str, str],
    owners: dict[tuple[str, str], str],
) -> Iterator[Mistake]:
    number = entry.account_number
    for principal in entry.principals:
        if owners.get((entry.connector, principal.external_id), number) != number:
            yield Mistake(entry.line, "external_id", "external_id_taken")
        elif kinds.get((number, principal.external_id), principal.kind) != principal.kind:
            yield Mistake(entry.line, "principal_kind", "kind_differs")
        elif principal.kind == "root" and roots.get(number, principal.external_id) != principal.external_id:
            yield Mistake(entry.line, "external_id", "second_root")


def _account(ctx: Context, number: str, *, lock: bool = False) -> Account | None:
    query = select(Account).where(Account.number == number)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return ctx.session.execute(query).scalar_one_or_none()


def _apply(ctx: Context, proposal: Proposal, entries: Sequence[Entry]) -> Imported:
    waiting = _somebody_waits(ctx)
    added = changed = 0
    for entry in entries:
        account = _account(ctx, entry.account_number, lock=True)
        if account is None:
            account, rematch = registry.enter(ctx, entry), True
            registry.record(
                ctx, account, "account:entry:imported", number=account.number, proposal=proposal.id
            )
            added += 1
        else:
            differences = registry.changes(ctx, register_held.of_account(ctx, account), entry)
            if not differences:
                continue
            _change(ctx, account, differences, proposal)
            rematch = any(change.field == "email" for change in differences)
            changed += 1
        if waiting and rematch:
            intake.rematch(ctx, account=account)
    return Imported(added, changed, len(entries) - added - changed)


def _somebody_waits(ctx: Context) -> bool:
    """Whether any request waits for an entry; without one, ten thousand accounts need not be searched for."""
    query = select(exists().where(Case.account_id.is_(None), Case.status.in_(intake.MATCHABLE)))
    return bool(ctx.session.execute(query).scalar_one())


def _change(
    ctx: Context, account: Account, differences: Sequence[registry.Change], proposal: Proposal
) -> None:
    registry.write(ctx, account, differences)
    fields = sorted({change.field for change in differences})
    registry.record(ctx, account, "account:entry:changed", fields=fields, proposal=proposal.id)
    if not any(change.is_identity for change in differences):
        return
    try:
        rounds.facts_changed(ctx, account.id, CAUSE)
    except Refused as refusal:
        raise Refused(refusal.reason, account_number=account.number) from None
