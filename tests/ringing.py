"""A telephone for tests: what the portal has queued rings, is answered or not, and keys are pressed."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal import outbox
from portal.casework import answering, call_checks, calls, notice_calls
from portal.models import Account, Contact, OutboxRow, PhoneCall
from tests.world import World

WORKER = "a worker"


def placed(world: World) -> list[PhoneCall]:
    """Let every call that is due ring, as the worker does. Returns them, the oldest first."""
    rung = []
    while row := _claimed(world, "call"):
        call_id, number = row.unique_key.partition(":")[0], str(world.params(row)["number"])
        assert world.runtime.telephone is not None
        calls.place(world.system, call_id, world.runtime.telephone, number)
        with world.system.act():
            outbox.finish(world.session, row.id, WORKER, now=world.now)
        rung.append(world.session.get_one(PhoneCall, call_id, populate_existing=True))
    return [call for call in rung if call.state == "calling"]


def told(world: World) -> None:
    """Let every spoken notice that is due be carried on, as the worker does."""
    while row := _claimed(world, "spoken"):
        notice_calls.carry(world.system, row.id, WORKER)


def spoken_rows(world: World, notice: str | None = None) -> list[OutboxRow]:
    world.session.rollback()
    query = select(OutboxRow).where(OutboxRow.kind == "spoken")
    if notice:
        query = query.where(OutboxRow.notice == notice)
    return list(world.session.execute(query.order_by(OutboxRow.created_at, OutboxRow.id)).scalars())


def pick_up(world: World, call: PhoneCall, *, machine: bool = False) -> answering.Spoken | None:
    return answering.answered(world.system, *named(world, call), **line(world, call), machine=machine)


def press(world: World, call: PhoneCall, digits: str) -> answering.Spoken | None:
    return answering.keyed(world.system, *named(world, call), **line(world, call), digits=digits)


def end(world: World, call: PhoneCall, status: str) -> None:
    answering.status(world.system, *named(world, call), **line(world, call), status=status)


def digits_of(world: World, call: PhoneCall) -> str:
    """What the page of the call's case shows."""
    return calls.code_of(world.system, call, call.case_id or "")


def wrong_digits(world: World, call: PhoneCall) -> str:
    return f"{(int(digits_of(world, call)) + 1) % 10**6:06}"


def check_by_call(world: World, case_id: str, digits: str | None = None) -> PhoneCall:
    """The owner has the registered number called and keys in what the page shows, or other digits."""
    world.now += timedelta(minutes=2)
    call = call_checks.ask_call(world.owner, case_id, language="ja")
    world.now += call_checks.READ_FIRST
    assert [one.id for one in placed(world)] == [call.id]
    pick_up(world, call)
    press(world, call, digits or digits_of(world, call))
    return reread(world, call)


def reread(world: World, call: PhoneCall) -> PhoneCall:
    world.session.rollback()
    return world.session.get_one(PhoneCall, call.id, populate_existing=True)


def _claimed(world: World, kind: str) -> OutboxRow | None:
    """The next row of a kind that is due; the others are left to whoever looks after them."""
    world.session.rollback()
    query = select(OutboxRow.id).where(
        OutboxRow.kind == kind, OutboxRow.state == "pending", OutboxRow.not_before <= world.now
    )
    found = world.session.execute(query.order_by(OutboxRow.not_before, OutboxRow.id).limit(1)).scalar()
    if found is None:
        return None
    with world.system.act():
        row = world.session.get_one(OutboxRow, found)
        row.lease_owner, row.lease_until = WORKER, world.now + outbox.LEASE
    return row


def named(world: World, call: PhoneCall) -> tuple[str]:
    """What its addresses are known by."""
    return (calls.path_of(world.system, call.id),)


def line(world: World, call: PhoneCall) -> dict[str, str]:
    """What a provider names it by."""
    contact = world.session.get_one(Contact, call.contact_id)
    account = world.session.get_one(Account, contact.account_id)
    number = world.runtime.vault.open(world.session, account.subject_id, contact, "value")
    return {"provider_id": f"demo-{call.id}", "number": number or ""}
