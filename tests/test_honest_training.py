"""A real case never becomes a training case, nor a training case a real one: tried with SQL alone, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Update

from portal.models import new_id
from tests import planting
from tests.sql import TABLES, attack, changed, deleted, event, forged, inserted, refused, row_of, sql
from tests.world import World


def test_a_real_case_is_never_declared_a_training_case(world: World) -> None:
    case_id = world.queued()  # of nobody in the register, so that only the rule about the flag can refuse
    refused(world, "cases_only_forward", changed("cases", case_id, training=True))
    # nor by a later event of it
    refused(world, "cases_only_forward", *forged(world, case_id, "cancelled", training=True))


def test_a_real_case_is_never_closed_as_a_training_case(world: World) -> None:
    case_id = world.queued()
    refused(world, "close_training", *forged(world, case_id, "cancelled", close_reason="training"))
    refused(world, "close_training", changed("cases", case_id, close_reason="training"))


def test_a_training_case_is_never_declared_real(world: World) -> None:
    case_id = planting.plant(world)
    refused(world, "cases_only_forward", changed("cases", case_id, training=False))


def test_a_real_case_never_moves_to_an_invented_account(world: World) -> None:
    world.account()
    real, invented = world.queued(), planting.queued(world)
    account_id = world.case(invented).account_id
    refused(world, "cases_training_place", changed("cases", real, account_id=account_id))


def test_a_training_case_never_moves_to_a_real_account(world: World) -> None:
    account = world.account()
    case_id = planting.queued(world)
    refused(world, "cases_training_place", changed("cases", case_id, account_id=account.id))


@pytest.mark.parametrize("is_training", [True, False])
def test_no_case_begins_on_an_account_of_the_other_kind(world: World, is_training: bool) -> None:
    real = world.account()
    case_id = planting.queued(world)
    row, invented = row_of(world, "cases", id=case_id), world.case(case_id).account_id
    own = {
        "id": new_id(),
        "reference": "MR-NEW",
        "subject_id": new_id(),
        "audit_seq": 1,
        "training": is_training,
        "account_id": real.id if is_training else invented,
    }
    first = event(own["id"], 1, "queued", world.now)
    refused(world, "cases_training_begins", first, inserted("cases", row, **own, status="queued"))


@pytest.mark.parametrize("change", [{"connector": "training"}, {"training": True}])
def test_a_real_account_never_becomes_an_invented_one(world: World, change: dict[str, object]) -> None:
    account = world.account()
    refused(world, "account_fixed", changed("account", account.id, **change))
    refused(world, "account_fixed", changed("account", account.id, connector="training", training=True))


@pytest.mark.parametrize("change", [{"connector": "local"}, {"training": False}])
def test_an_invented_account_never_becomes_a_real_one(world: World, change: dict[str, object]) -> None:
    account_id = str(world.case(planting.queued(world)).account_id)
    refused(world, "account_fixed", changed("account", account_id, **change))
    refused(world, "account_fixed", changed("account", account_id, connector="local", training=False))


@pytest.mark.parametrize(("connector", "is_training"), [("training", False), ("local", True)])
def test_no_account_begins_as_half_of_each(world: World, connector: str, is_training: bool) -> None:
    world.account()
    row = row_of(world, "account")
    own = {"id": new_id(), "subject_id": new_id(), "number": "999900001111"}
    refused(
        world,
        "account_begins",
        inserted("account", row, **own, connector=connector, training=is_training),
    )


@pytest.mark.parametrize("status", ["executing", "deactivated"])
def test_a_training_case_is_never_executed(world: World, status: str) -> None:
    case_id = planting.ready(world)
    until = world.now + timedelta(hours=1)
    columns = {"executing_at": until, "executor_id": world.logins["alice"].person_id}
    refused(world, "ck_cases_training", *forged(world, case_id, status, **columns))


def test_nothing_is_removed_for_a_training_case(world: World) -> None:
    case = world.case(planting.ready(world))
    row = {
        "id": new_id(),
        "case_id": case.id,
        "round": case.round,
        "connector": "local",
        "principal_id": case.principal_id,
        "device_id": case.devices[0]["id"],
        "state": "intended",
        "tries": 0,
        "created_at": world.now,
    }
    refused(world, "removal_has_its_ground", inserted("removal", row))


PLAN = {"scenario": "new_phone", "salt": "0" * 64, "commitment": "0" * 64}


def plan_changed(of: str, **columns: object) -> Update:
    table = TABLES["training"]
    return table.update().where(table.c.case_id == of).values(**columns)


@pytest.mark.parametrize("column", [*PLAN, "planter_id", "planted_at", "case_id"])
def test_the_plan_is_fixed(world: World, column: str) -> None:
    world.account()
    real, case_id = world.queued(), planting.queued(world)
    others = {"planter_id": world.logins["lou"].person_id, "planted_at": world.now, "case_id": real}
    refused(world, "training_fixed", plan_changed(case_id, **{column: {**PLAN, **others}[column]}))


def test_an_outcome_stands(world: World) -> None:
    case_id = planting.executed(world)
    for outcome in ("caught_first", None):
        refused(world, "training_fixed", plan_changed(case_id, outcome=outcome))


def test_no_plan_is_deleted(world: World) -> None:
    case_id = planting.queued(world)
    refused(world, "training_no_delete", deleted("training", case_id=case_id))


def test_no_plan_is_written_for_a_real_case(world: World) -> None:
    world.account()
    real, case_id = world.declined(), planting.queued(world)
    row = row_of(world, "training", case_id=case_id)
    refused(world, "training_of_training_case", inserted("training", row, case_id=real))


def test_who_planted_a_case_is_never_somebody_else_in_it(world: World) -> None:
    case_id = planting.queued(world)
    lee = world.logins["lee"].person_id
    for part in ("verifier", "approver", "reviewer"):
        refused(
            world,
            "case_party_fixed",
            sql(
                "UPDATE case_party SET part = :part WHERE case_id = :case AND person_id = :lee",
                part=part,
                case=case_id,
                lee=lee,
            ),
        )
    refused(world, "case_party_no_delete", deleted("case_party", case_id=case_id, person_id=lee))


def test_an_outcome_is_accepted_when_the_case_ends(world: World) -> None:
    case_id = planting.queued(world)
    attack(world, plan_changed(case_id, outcome="ended", opened_at=world.now))
    assert planting.row_of(world, case_id).outcome == "ended"
