"""The agent's end of a call-back, for tests: their desk phone rings, is picked up, and one of the two hangs up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal.casework import call_checks, talks
from portal.casework.answering import Spoken
from portal.models import IdentityCheck, PhoneCall, Staff
from tests import ringing
from tests.world import World

AGENT = "+81312345670"


def give_desk_phone(world: World, name: str, number: str | None = AGENT) -> None:
    """As the person's own page keeps it."""
    with world.system.act():
        staff = world.session.get_one(Staff, world.logins[name].staff_id)
        world.runtime.vault.seal(world.session, staff.subject_id, staff, "desk_phone", number)


def asked_agent(world: World, call: PhoneCall) -> Spoken | None:
    return talks.agent_answered(world.system, **_agent(world, call))


def take(world: World, call: PhoneCall, *, digits: str = talks.TAKE_KEY, **changes: str) -> bool:
    """The agent presses the key. True: the two are connected."""
    return talks.agent_keyed(world.system, **{**_agent(world, call), **changes}, digits=digits)


def hang_up(world: World, call: PhoneCall) -> Spoken | None:
    """The agent's end is over, or was never picked up."""
    (path,) = ringing.named(world, call)
    return talks.parted(world.system, path, **ringing.line(world, call))


def _agent(world: World, call: PhoneCall) -> dict[str, Any]:
    (path,) = ringing.named(world, call)
    return {"path": path, "provider_id": f"demo-{call.id}", "number": AGENT}


def called_back(world: World) -> tuple[str, PhoneCall]:
    """A call-back that rings at the owner's."""
    account = world.account()
    case_id = world.verifying()
    call = call_checks.call_back(world.as_("alice"), case_id, world.contacts(account, "phone")[0].id)
    ringing.placed(world)
    return case_id, ringing.reread(world, call)


def proven(world: World) -> tuple[str, PhoneCall]:
    """One whose digits were right: the agent's telephone rings."""
    case_id, call = called_back(world)
    ringing.pick_up(world, call)
    ringing.press(world, call, ringing.digits_of(world, call))
    return case_id, ringing.reread(world, call)


def talked(world: World, seconds: int = 100) -> tuple[str, PhoneCall]:
    """One whose conversation is over."""
    case_id, call = proven(world)
    assert take(world, call)
    world.now += timedelta(seconds=seconds)
    hang_up(world, call)
    return case_id, ringing.reread(world, call)


def checks(world: World, case_id: str, by: str = "person") -> list[IdentityCheck]:
    """What is on record of call-backs: the digits, written by the system, or what a person found in a conversation."""
    world.session.rollback()
    query = select(IdentityCheck).where(
        IdentityCheck.case_id == case_id, IdentityCheck.method == "H3", IdentityCheck.attested_by == by
    )
    return list(world.session.execute(query).scalars())
