"""Training cases for tests: planted by Lee, taken in by the worker, and walked to where the desk recognises them or not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from portal import worker
from portal.casework import approval, deactivation, intake, training, verification
from portal.domain.training import SCENARIOS
from portal.models import Account, AuditEvent, Case, OutboxRow, Training
from tests.world import World

# Scenarios in which the rules alone would let a careless pair go all the way.
APPROVABLE = ("name_differs", "urgent")
PLANTER = "lee"


def plant(world: World, scenario: str = "urgent", language: str = "ja", by: str = PLANTER) -> str:
    """Sent, and not confirmed yet."""
    ctx = world.as_(by)
    return training.plant(ctx, scenario, language, code=world.code(by))


def queued(world: World, scenario: str = "urgent", **more: Any) -> str:
    """In the queue, matched with its invented account."""
    case_id = plant(world, scenario, **more)
    world.now += timedelta(minutes=16)
    training.arrive(world.system, case_id)
    intake.match(world.system, case_id)
    return case_id


def verifying(world: World, scenario: str = "urgent") -> str:
    case_id = queued(world, scenario)
    verification.claim(world.as_("alice"), case_id)
    return case_id


def pending_decline(world: World, scenario: str = "urgent") -> str:
    """The verifier has seen what is wrong."""
    case_id = verifying(world, scenario)
    approval.propose_decline(world.as_("alice"), case_id, SCENARIOS[scenario].decline)
    return case_id


def pending_removal(world: World, scenario: str = "urgent") -> str:
    """The verifier has seen nothing."""
    case_id = verifying(world, scenario)
    world.check("alice", case_id)
    world.propose("alice", case_id)
    return case_id


def second_person(world: World, case_id: str) -> str:
    return "lou" if world.case(case_id).tier != "standard" else "bob"


def agree(world: World, case_id: str) -> None:
    who = second_person(world, case_id)
    world.open_checks(who, case_id)
    approval.approve(world.as_(who), case_id, code=world.code(who))


def declined(world: World, scenario: str = "urgent") -> str:
    case_id = pending_decline(world, scenario)
    agree(world, case_id)
    return case_id


def sent_back(world: World, scenario: str = "urgent") -> str:
    case_id = pending_removal(world, scenario)
    who = second_person(world, case_id)
    approval.send_back(world.as_(who), case_id, "nobody could be reached", code=world.code(who))
    return case_id


def ready(world: World, scenario: str = "urgent") -> str:
    """Nobody has seen anything, and the wait is over."""
    case_id = pending_removal(world, scenario)
    agree(world, case_id)
    _speak(world, case_id)
    world.deliver()
    world.pass_time(hours=25)
    return case_id


def _speak(world: World, case_id: str) -> None:
    """As the worker does: what would be spoken to an invented person counts as heard."""
    spoken = [row.id for row in outbox_of(world, case_id) if row.kind == "spoken"]
    with world.system.act():
        for row_id in spoken:
            world.session.get_one(OutboxRow, row_id).state = "done"


def executed(world: World, scenario: str = "urgent") -> str:
    case_id = ready(world, scenario)
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    return case_id


def row_of(world: World, case_id: str) -> Training:
    world.session.rollback()
    return world.session.get_one(Training, case_id, populate_existing=True)


def account_of(world: World, case_id: str) -> Account:
    return world.session.get_one(Account, world.case(case_id).account_id)


def outbox_of(world: World, case_id: str) -> list[OutboxRow]:
    world.session.rollback()
    query = select(OutboxRow).where(OutboxRow.case_id == case_id).order_by(OutboxRow.created_at)
    return list(world.session.execute(query.execution_options(populate_existing=True)).scalars())


def work(world: World, app: Flask) -> None:
    """Let the worker do everything that is due."""
    world.session.rollback()
    while worker.work_once(world.runtime, app, "test"):
        pass
    world.pass_time(seconds=0)


def cases(world: World) -> list[Case]:
    world.session.rollback()
    return list(world.session.execute(select(Case).order_by(Case.created_at)).scalars())


def events(world: World, stream: str) -> list[AuditEvent]:
    world.session.rollback()
    query = select(AuditEvent).where(AuditEvent.stream == stream).order_by(AuditEvent.sseq)
    return list(world.session.execute(query).scalars())


def facts(world: World, stream: str, tag: str) -> dict[str, str]:
    """What the only event of this tag says."""
    (event,) = [event for event in events(world, stream) if event.tag == tag]
    return dict(json.loads(event.event_bytes)["d"])
