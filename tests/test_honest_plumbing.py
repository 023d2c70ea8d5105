"""Removals, proposals, objections, papers, the queue and the installation's mark: tried with SQL alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Executable, Integer

from portal.casework import message_drafts, messages, presence
from portal.casework.message_drafts import Words
from portal.connectors import runbook
from portal.domain.lifecycle import Status
from portal.models import Base, new_id
from tests import attempts
from tests.sql import TABLES, attack, changed, deleted, dialect, inserted, only_on, refused, row_of
from tests.world import World


def removal(world: World, **ground: Any) -> Executable:
    row = {
        "id": new_id(),
        "connector": "local",
        "round": 1,
        "principal_id": row_of(world, "principal")["id"],
        "device_id": "phone",
        "state": "sent",
        "tries": 1,
        "created_at": world.now,
    }
    return inserted("removal", row, **ground)


def test_a_removal_without_any_ground_is_refused(world: World) -> None:
    world.account()
    refused(world, "removal_has_its_ground", removal(world))


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.EXECUTING])
def test_only_a_case_in_execution_is_ground_for_a_removal(world: World, status: Status) -> None:
    world.account()
    case_id = world.walks[status]()
    refused(world, "removal_has_its_ground", removal(world, case_id=case_id))


def test_an_earlier_round_is_no_ground_for_a_removal(world: World) -> None:
    world.account()
    case_id = world.executing()
    refused(world, "removal_has_its_ground", removal(world, case_id=case_id, round=2))
    attack(world, removal(world, case_id=case_id))


def test_a_removal_keeps_its_ground_and_its_device(world: World) -> None:
    world.account()
    world.executing()
    id_ = row_of(world, "removal")["id"]
    changes: dict[str, Any] = {"case_id": None, "self_service_id": new_id(), "managed_id": new_id()}
    changes |= {"device_id": "x", "round": 2}
    for name, value in changes.items():
        refused(world, "removal_fixed", changed("removal", id_, **{name: value}))
    refused(world, "removal_fixed", changed("removal", id_, principal_id=new_id()))


def test_a_device_has_one_removal_in_a_round(world: World) -> None:
    world.account()
    world.executing()
    again = inserted("removal", row_of(world, "removal"), id=new_id())
    refused(world, "uq_removal_case_id_round_device_id", again)


@only_on("sqlite")
def test_a_removal_is_never_replaced(world: World) -> None:
    world.account()
    world.executing()
    other = inserted("removal", row_of(world, "removal"), device_id="x").prefix_with("OR REPLACE")
    refused(world, "removal_never_replaced", other)


def test_nobody_attests_the_step_that_they_did(world: World) -> None:
    world.account()
    world.executing()
    alice = world.logins["alice"].person_id
    step = {"removal_id": row_of(world, "removal")["id"], "step": runbook.STEPS[0], "done_by": alice}
    row = {**step, "done_at": world.now, "attested_at": world.now}
    refused(world, "ck_runbook_step_two_persons", inserted("runbook_step", row, attested_by=alice))
    attack(world, inserted("runbook_step", row, attested_by=world.logins["bob"].person_id))


def proposal(world: World, **changes: Any) -> Executable:
    row = {
        "id": new_id(),
        "kind": "role_grant",
        "subject_id": new_id(),
        "sealed_payload": b"sealed",
        "digest": "0" * 64,
        "state": "open",
        "proposed_by": world.logins["ada"].person_id,
        "created_at": world.now,
    }
    return inserted("proposal", row, **changes)


@pytest.mark.parametrize("state", ["agreed", "effective"])
def test_what_one_proposed_is_decided_by_another(world: World, state: str) -> None:
    for decider in (world.logins["ada"].person_id, None):
        refused(world, "ck_proposal_two_persons", proposal(world, state=state, decided_by=decider))
    attack(world, proposal(world, state=state, decided_by=world.logins["ann"].person_id))


def test_a_contact_objects_once_to_a_case(world: World) -> None:
    world.account()
    world.frozen()
    again = inserted("objection", row_of(world, "objection"), id=new_id())
    refused(world, "uq_objection_case_id_contact_id", again)


def test_a_notice_is_queued_once(world: World) -> None:
    world.submit()
    again = inserted("outbox", row_of(world, "outbox"), id=new_id())
    refused(world, "uq_outbox_unique_key", again)


def test_a_draft_makes_one_case_and_a_case_comes_from_one_draft(world: World) -> None:
    world.submit()
    row = row_of(world, "draft")
    assert row["case_id"] is not None
    own = {"id": new_id(), "hash": "0" * 64, "subject_id": new_id()}
    refused(world, "uq_draft_case_id", inserted("draft", row, **own))


def test_a_paper_is_made_once_a_round(world: World) -> None:
    world.submit()
    again = inserted("document", row_of(world, "document"), id=new_id())
    refused(world, "uq_document_case_id_kind_round", again)


def test_the_mark_of_an_installation_never_changes(world: World) -> None:
    refused(world, "installation_mark_fixed", changed("installation", 1, mark="live"))
    refused(world, "installation_no_delete", deleted("installation"))


def test_there_is_one_installation(world: World) -> None:
    row = row_of(world, "installation")
    by = "installation_never_replaced" if dialect(world) == "sqlite" else "pk_installation"
    refused(world, by, inserted("installation", row, mark="live"))
    refused(world, "ck_installation_one", inserted("installation", row, id=2))


@only_on("sqlite")
def test_an_installation_is_never_replaced(world: World) -> None:
    row = row_of(world, "installation")
    other = inserted("installation", row, mark="live").prefix_with("OR REPLACE")
    refused(world, "installation_never_replaced", other)


# No row begins with a value here: how it comes to one has tests of its own.
ONLY_LATER = {"phone_call.outcome", "phone_call.state", "training.outcome"}


def limited() -> Iterator[tuple[str, str, str]]:
    """Every column that takes only the values of a rule table: its table, its name and the CHECK that says so."""
    for table in Base.metadata.sorted_tables:
        for check in table.constraints:
            if isinstance(check, CheckConstraint):
                found = re.fullmatch(r"(?:(\w+) IS NULL OR )?(\w+) IN \([^()]*\)", str(check.sqltext))
                if found and f"{table.name}.{found[2]}" not in ONLY_LATER:
                    yield table.name, found[2], str(check.name)


# What a new row of a table must be like, so that nothing but the column in question refuses it.
BEGINS: dict[str, dict[str, Any]] = {
    "phone_call": {"state": "queued", "outcome": None, "path_hash": "2" * 64},
    "export": {"subject_id": "2" * 32},
}


def of_every_kind(world: World) -> None:
    """At least one row in every table whose columns are limited."""
    world.account()
    case_id = world.executing()
    world.submit()
    alice = world.as_("alice")
    messages.note(alice, case_id, world.case(case_id).version, "she called twice")
    message_drafts.save(alice, case_id, "note", Words(body="what she said"))
    presence.note(alice, case_id, presence.VIEWING)
    session = {"hash": "0" * 64, "staff_id": world.logins["ada"].staff_id, "stage": "full", "epoch": 1}
    moments = {"created_at": world.now, "seen_at": world.now}
    owner = row_of(world, "principal")
    account, principal = owner["account_id"], owner["id"]
    named = {"account_id": account, "principal_id": principal, "stage": "full", "epoch": 1}
    _, statements = attempts.proven(account, principal, world.now)
    export = {"id": "0" * 32, "staff_id": world.logins["chika"].staff_id, "report": "cases", "settings": {}}
    export |= {"form": "csv", "language": "ja", "personal": False, "subject_id": "0" * 32, "state": "waiting"}
    attack(
        world,
        inserted("export", {**export, "rows": 0, "created_at": world.now}),
        inserted("export_part", {"export_id": "0" * 32, "name": "data", "number": 0, "sealed_data": b"x"}),
        proposal(world),
        inserted("staff_session", {**session, **moments}),
        attempts.row("owner_session", hash="1" * 64, started_at=world.now, expires_at=world.now, **named),
        *statements,
    )


def test_no_column_takes_a_value_that_its_rule_does_not_know(world: World) -> None:
    of_every_kind(world)
    for table, column, check in limited():
        row = row_of(world, table, **({"status": "unconfirmed"} if table == "cases" else {}))
        own = {
            key.name: 2 if isinstance(key.type, Integer) else new_id() for key in TABLES[table].primary_key
        }
        own |= BEGINS.get(table, {})
        refused(world, check, inserted(table, row, **{**own, column: "nonsense"}))


def test_the_columns_of_rule_tables_are_limited() -> None:
    assert {f"{table}.{column}" for table, column, _ in limited()} >= set(
        "cases.status cases.tier cases.decision cases.unfreeze cases.close_reason case_party.part"
        " identity_check.result outbox.state document.kind removal.state installation.mark account.holder_kind"
        " principal.kind contact.kind proposal.state staff_role.role staff_session.stage link_token.purpose"
        " owner_session.stage phone_call.kind".split()
    )
