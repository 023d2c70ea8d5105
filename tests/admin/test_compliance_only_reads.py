"""Compliance sees everything and changes nothing: tried at every form of the desk, and at every act of the life-cycle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask, url_for
from sqlalchemy import select

from portal.casework import (
    approval,
    deactivation,
    decisions,
    keeping,
    messages,
    objection,
    protection,
    register_import,
    staff,
    templates,
    training,
    verification,
)
from portal.casework.context import Refused
from portal.casework.messages import Words
from portal.domain import lifecycle
from portal.domain.lifecycle import Act, Actor, Role, Status
from portal.models import Account, IdentityCheck
from tests.admin.access import OWN_OF_COMPLIANCE
from tests.admin.clerk import whole_database
from tests.admin.conftest import Hire
from tests.admin.test_access import desk_rules, keys_of
from tests.domain.test_lifecycle import willing
from tests.world import START, World, evidence_for

Attempt = Callable[[Any, str], object]

COMPLIANCE = Actor(roles=frozenset({Role.COMPLIANCE}), person_id="p", staff_id="s")
# Sent by anybody who is signed in, and left out: they change whose session it is.
DOOR = ("door.", "invite.", "halt.")


def sendable(app: Flask) -> dict[str, str]:
    """Each form of the desk with an address of it, by endpoint and the key of the act."""
    found = {}
    with app.test_request_context():
        for rule in desk_rules(app):
            for key in keys_of(rule.endpoint) if "POST" in (rule.methods or ()) else ():
                values = dict.fromkeys(rule.arguments, "0" * 32) | ({"key": key} if key else {})
                found[rule.endpoint + (f"/{key}" if key else "")] = url_for(rule.endpoint, **values)
    return found


def test_every_form_of_the_desk_is_refused_except_what_is_a_reader_s_own(
    app: Flask, world: World, clerk: Hire
) -> None:
    world.account()
    world.pending_approval()
    chika = clerk("chika", "en")
    chika.get("/admin/own/")
    token = chika.token
    before = whole_database(world)
    addresses = {name: at for name, at in sendable(app).items() if name not in OWN_OF_COMPLIANCE}
    sent = {"csrf_token": token, "version": "0", "confirm": "y"}
    codes = {name: chika.client.post(at, data=sent).status_code for name, at in addresses.items()}
    after = whole_database(world)
    assert len(codes) > 50
    assert {name: code for name, code in codes.items() if code != 403 and not name.startswith(DOOR)} == {}
    # the session was seen to be awake, and nothing else happened
    changed = {table for table in before if before[table] != after[table]}
    assert changed <= {"staff_session"}


def test_what_is_a_reader_s_own_is_taken(app: Flask, clerk: Hire) -> None:
    chika = clerk("chika", "en")
    chika.get("/admin/own/")
    token, own = chika.token, {"reports.save", "reports.forget", "queue.save", "queue.forget", "exports.ask"}
    addresses = sendable(app)
    codes = {name: chika.client.post(addresses[name], data={"csrf_token": token}).status_code for name in own}
    assert 403 not in codes.values()


@pytest.mark.parametrize("act", Act)
def test_every_act_of_the_life_cycle_refuses_compliance(act: Act) -> None:
    covered = [status for status in (None, *Status) if lifecycle.row_for(act, status)]
    refusals = {lifecycle.refusal(willing(act, status), act, COMPLIANCE, START) for status in covered}
    assert refusals == {"wrong_role"}


def casework(world: World) -> Mapping[str, Mapping[str, Attempt]]:
    """What casework is asked to do, by the status of the case in which somebody else could; "" for what needs no case."""
    device, person = "0" * 32, world.logins["vic"].person_id
    evidence = evidence_for("D2")
    return {
        "queued": {
            "claim": verification.claim,
            "reassign": lambda ctx, case_id: verification.reassign(ctx, case_id, person),
            "note": lambda ctx, case_id: messages.note(
                ctx, case_id, world.case(case_id).version, "Looks fine."
            ),
        },
        "verifying": {
            "release": verification.release,
            "reply": lambda ctx, case_id: messages.reply(
                ctx, case_id, world.case(case_id).version, Words("Hello", "Hello there.")
            ),
            "take over": lambda ctx, case_id: verification.take_over(ctx, case_id, "on leave"),
            "record": lambda ctx, case_id: verification.record_check(
                ctx, case_id, "D2", "match", evidence=evidence
            ),
            "ask": lambda ctx, case_id: verification.ask(ctx, case_id, ["H4"]),
            "mark pressure": lambda ctx, case_id: verification.mark_pressure(ctx, case_id, "urgent"),
            "propose removal": lambda ctx, case_id: approval.propose_removal(ctx, case_id, [device]),
            "propose decline": lambda ctx, case_id: approval.propose_decline(ctx, case_id, "details_differ"),
        },
        "waiting_owner": {"end asking": verification.end_asking},
        "pending_approval": {
            "open check": lambda ctx, case_id: approval.open_check(ctx, case_id, check_of(world, case_id)),
            "repeat": lambda ctx, case_id: approval.repeat_check(
                ctx, case_id, "D2", "match", evidence=evidence
            ),
            "approve": lambda ctx, case_id: approval.approve(ctx, case_id, code=world.code("chika")),
            "send back": lambda ctx, case_id: approval.send_back(
                ctx, case_id, "no", code=world.code("chika")
            ),
        },
        "ready": {
            "execute": lambda ctx, case_id: deactivation.execute(ctx, case_id, code=world.code("chika"))
        },
        "frozen": {
            "propose unfreeze": lambda ctx, case_id: objection.propose_unfreeze(ctx, case_id, "resume", "no"),
            "agree unfreeze": lambda ctx, case_id: objection.agree_unfreeze(
                ctx, case_id, code=world.code("chika")
            ),
        },
        "": {
            "propose a role": lambda ctx, _: staff.propose(
                ctx, "role_grant", staff_id=ctx.actor.staff_id, payload={"role": "lead"}
            ),
            "a template": lambda ctx, _: templates.create(ctx, "en", "Thanks", "Thank you", "Thank you."),
            "a training case": lambda ctx, _: training.plant(
                ctx, "name_differs", "en", code=world.code("chika")
            ),
            "protect": lambda ctx, _: decisions.propose(
                ctx, protection.MATTER, "account_protect", account(world), reason="no"
            ),
            "erase": lambda ctx, _: decisions.propose(
                ctx, keeping.MATTER, "account_erase", account(world), reason="no"
            ),
            "import": lambda ctx, _: register_import.propose_import(ctx, "account_number\n"),
        },
    }


STATUSES = ("queued", "verifying", "waiting_owner", "pending_approval", "ready", "frozen", "")


@pytest.mark.parametrize("status", STATUSES)
def test_casework_refuses_compliance_whatever_page_asks(world: World, status: str) -> None:
    world.account()
    case_id = getattr(world, status)() if status else ""
    before = whole_database(world)
    attempts = casework(world)
    assert tuple(attempts) == STATUSES
    for name, attempt in attempts[status].items():
        with pytest.raises(Refused) as refusal:
            attempt(world.as_("chika"), case_id)
        assert refusal.value.reason == "wrong_role", name
    after = whole_database(world)
    # a code that was shown is used up, whatever it was shown for
    assert {table for table in before if before[table] != after[table]} <= {"staff"}


def account(world: World) -> str:
    return world.session.execute(select(Account.id).limit(1)).scalar_one()


def check_of(world: World, case_id: str) -> str:
    found = select(IdentityCheck.id).where(
        IdentityCheck.case_id == case_id, IdentityCheck.person_id.is_not(None)
    )
    return world.session.execute(found).scalars().one()
