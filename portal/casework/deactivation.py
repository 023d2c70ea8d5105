"""Removing the device: claimed with a fresh factor, carried out by the worker or by hand, read back, told to everybody.

A remote call cannot be rolled back, so each device has an attempt row that is committed as `sent` before the call and is
asked about before the call is repeated: a time-out is not a failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal import outbox, receipts
from portal.casework import fresh, passes, rounds, training, transition
from portal.casework.context import Context, NotFound, Refused
from portal.casework.devices import held_by
from portal.casework.facts import asked_facts, checks_of
from portal.connectors import Connector, ConnectorError, Device, signing_in
from portal.connectors.runbook import STEPS, waiting_steps
from portal.domain import lifecycle
from portal.domain.lifecycle import Act, Status
from portal.models import Account, Case, Principal, Removal, RunbookStep, new_id

VOIDING = frozenset({"facts_changed", "signed_in_since"})


@dataclass(frozen=True)
class DryRun:
    """What would be removed, as the connector shows it at this moment. Nothing is changed by looking."""

    chosen: tuple[Device, ...]
    kept: tuple[Device, ...]
    gone: tuple[str, ...]  # labels of chosen devices that this very round has taken away already
    missing: tuple[str, ...]  # labels of chosen devices that somebody else took away
    signed_in_since: bool


def dry_run(ctx: Context, case: Case) -> DryRun:
    """Compare what was approved with what is there now. Raises ConnectorError."""
    connector, principal = held_by(ctx, case)
    shown = connector.list_devices(ctx.session, principal)
    wanted = {device["id"]: device["label"] for device in case.devices}
    absent = wanted.keys() - {device.id for device in shown}
    ours = {row.device_id for row in removals_of(ctx, case) if row.state != "intended"}
    return DryRun(
        chosen=tuple(device for device in shown if device.id in wanted),
        kept=tuple(device for device in shown if device.id not in wanted),
        gone=tuple(label for device_id, label in wanted.items() if device_id in absent & ours),
        missing=tuple(label for device_id, label in wanted.items() if device_id in absent - ours),
        signed_in_since=connector.signed_in_since(ctx.session, principal, case.created_at),
    )


def declare_ready(ctx: Context, case_id: str) -> None:
    """The owner says on the status page that they can sign in now; valid for an hour."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        until = ctx.now + ctx.limits.ready_to_sign_in
        transition.apply(
            ctx, case, Act.DECLARE_READY, said={"until": until.isoformat()}, owner_ready_until=until
        )


def execute(ctx: Context, case_id: str, *, code: str, version: int | None = None) -> Status:
    """Start the removal with a fresh factor. Everything that was approved is read again; if it changed, the round is void.

    Returns `executing`, the status of the voided case, or `cancelled` for a training case. Raises Refused where only time or
    a notice is missing.
    """
    given = fresh.factor(ctx, code)
    case = _readable(ctx, case_id)
    seen = dry_run(ctx, case)
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        observed: dict[str, Any] = {"signed_in_since": seen.signed_in_since}
        if seen.missing:
            observed["facts_changed"] = True
        blockers = lifecycle.blocked_by(
            asked_facts(ctx, case, given, **observed), Act.EXECUTE, ctx.actor, ctx.now
        )
        if blockers and set(blockers) <= VOIDING:
            return _void(ctx, case, blockers[0])
        if case.training:
            return _reveal(ctx, case, blockers)
        account = ctx.session.get_one(Account, case.account_id)
        said = {
            "devices": [device["id"] for device in case.devices],
            "digest": case.decision_digest,
            "connector": account.connector,
        }
        after = transition.apply(
            ctx,
            case,
            Act.EXECUTE,
            given=given,
            said=said,
            observed=observed,
            executing_at=ctx.now,
            executor_id=ctx.actor.person_id,
            needs_attention=False,
        )
        _intend(ctx, case, account.connector)
    return after


def _reveal(ctx: Context, case: Case, blockers: Sequence[str]) -> Status:
    """An invented case ends here, and not sooner: what would hold up a real one holds it up too."""
    if blockers:
        raise Refused(blockers[0])
    return training.close(ctx, case)


def _void(ctx: Context, case: Case, cause: str) -> Status:
    said = {"cause": cause, "tier": case.tier}
    return transition.apply(ctx.as_system(), case, Act.VOID_ROUND, said=said, **rounds.begin(ctx, case))


def _intend(ctx: Context, case: Case, connector: str) -> None:
    """One attempt row per device. A second start of the same round goes on with the rows of the first."""
    known = {row.device_id: row for row in removals_of(ctx, case)}
    for device in case.devices:
        row = known.get(device["id"])
        if row is None:
            ctx.session.add(
                Removal(
                    id=new_id(),
                    case_id=case.id,
                    round=case.round,
                    connector=connector,
                    principal_id=case.principal_id,
                    device_id=device["id"],
                    state="intended",
                    tries=0,
                    created_at=ctx.now,
                )
            )
        elif row.state != "confirmed":
            row.tries = 0
    ctx.session.flush()
    _queue(ctx, case)


def _queue(ctx: Context, case: Case) -> None:
    outbox.put(
        ctx.session,
        ctx.vault,
        "remove",
        unique_key=f"{case.id}:remove:{case.audit_seq}",
        now=ctx.now,
        case_id=case.id,
    )


def removals_of(ctx: Context, case: Case) -> list[Removal]:
    """The attempt rows of the running round."""
    query = (
        select(Removal)
        .where(Removal.case_id == case.id, Removal.round == case.round)
        .order_by(Removal.created_at, Removal.id)
    )
    return list(ctx.session.execute(query).scalars())


def carry_out(ctx: Context, case_id: str) -> None:
    """The worker's part: remove each device that is not yet confirmed gone, then close. Safe to repeat at any point.

    Raises ConnectorError when a try failed and others are left, so that the outbox row comes back later.
    """
    ctx = ctx.as_system()
    case = _readable(ctx, case_id)
    connector, principal = held_by(ctx, case)
    errors: list[str] = []
    for removal in removals_of(ctx, case):
        if removal.state != "confirmed":
            errors += _remove_one(ctx, case_id, removal.id, connector, principal)
    if connector.by_hand:
        return
    _close(ctx, case_id, connector, principal, errors)


def _still_executing(ctx: Context, case_id: str) -> bool:
    """Read anew and held for the act that asks: an objection may freeze the case before it or after it, not amid it."""
    return transition.lock(ctx.session, case_id).status == Status.EXECUTING


def _remove_one(
    ctx: Context, case_id: str, removal_id: str, connector: Connector, principal: Principal
) -> list[str]:
    with ctx.act():
        if not _still_executing(ctx, case_id):
            return []
        removal = ctx.session.get_one(Removal, removal_id)
        repeated = removal.state in {"sent", "unknown"}
        removal.state, removal.tries = "sent", removal.tries + 1
        # The first try counts: what was bound between two of them is in doubt too.
        removal.sent_at = removal.sent_at or ctx.now
        device_id = removal.device_id
    try:
        if not (repeated and connector.is_gone(ctx.session, principal, device_id)):
            with ctx.act():
                if not _still_executing(ctx, case_id):
                    return []
                # With the device, not after it: in between the password alone would enrol whoever has it.
                _hold_sign_in(ctx, ctx.session.get_one(Case, case_id), connector, principal)
                connector.deactivate(ctx.session, principal, device_id, now=ctx.now)
        gone = connector.is_gone(ctx.session, principal, device_id)
        error = "" if gone or connector.by_hand else "still there"
    except ConnectorError as problem:
        gone, error = False, str(problem) or "no answer"
    with ctx.act():
        removal = ctx.session.get_one(Removal, removal_id)
        removal.last_error = error[:200] or None
        if gone:
            removal.state, removal.confirmed_at = "confirmed", ctx.now
        elif error:
            removal.state = "unknown"
    return [error] if error else []


def _close(
    ctx: Context, case_id: str, connector: Connector, principal: Principal, errors: Sequence[str]
) -> None:
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        if case.status != Status.EXECUTING:
            return
        rows = removals_of(ctx, case)
        if rows and all(row.state == "confirmed" for row in rows):
            _finish(ctx, case, connector, principal)
            return
        if all(row.tries >= ctx.limits.removal_tries for row in rows if row.state != "confirmed"):
            _give_up(ctx, case, rows)
            return
    raise ConnectorError("; ".join(errors) or "not finished")


def _finish(ctx: Context, case: Case, connector: Connector, principal: Principal) -> None:
    sessions = connector.end_sessions(ctx.session, principal, now=ctx.now)
    _hold_sign_in(ctx, case, connector, principal)
    transition.apply(
        ctx,
        case,
        Act.CONFIRM_GONE,
        observed={"gone": True},
        said={
            "devices": [device["id"] for device in case.devices],
            "sessions": sessions,
            "connector": connector.key,
        },
        deactivated_at=ctx.now,
    )
    receipts.freeze(ctx, case, "completion", sessions_ended=sessions)


def _hold_sign_in(ctx: Context, case: Case, connector: Connector, principal: Principal) -> None:
    """From now on the password alone opens nothing, and for three days nothing that is left can be changed."""
    standing = [one for one in checks_of(ctx.session, case) if one.round == case.round and not one.voided_at]
    proven = {one.contact_id for one in standing if one.contact_id and one.result == "match"}
    directory = signing_in(connector)
    if directory is None or directory.must_enrol(ctx.session, principal) is None:
        # once: a second time would void a pass that is on its way
        passes.require(ctx, principal, ground=proven)
    if directory is not None:
        directory.hold_changes(ctx.session, principal, ctx.now + ctx.limits.changes_held)


def _give_up(ctx: Context, case: Case, rows: Sequence[Removal]) -> None:
    transition.apply(
        ctx,
        case,
        Act.FAIL_REMOVAL,
        said={
            "devices": [row.device_id for row in rows if row.state != "confirmed"],
            "errors": [row.last_error or "" for row in rows if row.state != "confirmed"],
        },
        params={"alarm": "removal_failed"},
        needs_attention=True,
        executing_at=None,
    )


def confirm_step(ctx: Context, case_id: str, removal_id: str, step: str) -> None:
    """A person says that they have done one step of a runbook in the other system."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        removal = _removal_of(ctx, case, removal_id)
        if step not in STEPS:
            raise NotFound()
        if step in waiting_steps(ctx.session, removal.id):
            raise Refused("sign_ins_unchecked")
        transition.apply(ctx, case, Act.CONFIRM_STEP, said={"removal": removal.id, "step": step})
        if ctx.session.get(RunbookStep, (removal.id, step)) is None:
            ctx.session.add(
                RunbookStep(removal_id=removal.id, step=step, done_by=ctx.actor.person_id, done_at=ctx.now)
            )
            ctx.session.flush()


def attest_step(ctx: Context, case_id: str, removal_id: str, step: str, *, code: str) -> None:
    """A second person attests a step with a fresh factor; the last one lets the case close."""
    given = fresh.factor(ctx, code)
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        removal = _removal_of(ctx, case, removal_id)
        row = ctx.session.get(RunbookStep, (removal.id, step))
        if row is None:
            raise Refused("step_not_done")
        if row.done_by == ctx.actor.person_id:
            raise Refused("another_person")
        if row.attested_by is not None:
            return  # who attested first has put their name to it; a later press must not replace it
        transition.apply(ctx, case, Act.ATTEST_STEP, given=given, said={"removal": removal.id, "step": step})
        row.attested_by, row.attested_at = ctx.actor.person_id, ctx.now
        ctx.session.flush()
        _close_by_hand(ctx.as_system(), case)


def _close_by_hand(ctx: Context, case: Case) -> None:
    connector, principal = held_by(ctx, case)
    for row in removals_of(ctx, case):
        if row.state != "confirmed" and connector.is_gone(ctx.session, principal, row.device_id):
            row.state, row.confirmed_at = "confirmed", ctx.now
    ctx.session.flush()
    if all(row.state == "confirmed" for row in removals_of(ctx, case)):
        _finish(ctx, case, connector, principal)


def _removal_of(ctx: Context, case: Case, removal_id: str) -> Removal:
    removal = ctx.session.get(Removal, removal_id)
    if removal is None or removal.case_id != case.id or removal.round != case.round:
        raise NotFound()
    return removal


def _readable(ctx: Context, case_id: str) -> Case:
    case = ctx.session.get(Case, case_id, populate_existing=True)
    if case is None:
        raise NotFound()
    return case
