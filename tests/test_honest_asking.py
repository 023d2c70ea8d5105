"""Waiting for an owner, and what they said: tried with SQL alone, past every rule that stands in Python."""

from __future__ import annotations

import pytest

from portal.casework import responding
from portal.models import new_id
from tests.sql import attack, changed, deleted, forged, inserted, refused, row_of
from tests.world import World

WORDS = "When do you call?"


def test_nobody_is_left_waiting_for_an_answer_that_is_never_due(world: World) -> None:
    world.account()
    case_id = world.waiting_owner()
    refused(world, "asked_until", changed("cases", case_id, asked_until=None))


def test_a_case_does_not_begin_to_wait_without_an_end(world: World) -> None:
    world.account()
    case_id = world.verifying()
    refused(world, "asked_until", *forged(world, case_id, "waiting_owner"))
    attack(world, *forged(world, case_id, "waiting_owner", asked_until=world.now))
    assert world.status(case_id) == "waiting_owner"


def with_message(world: World) -> dict[str, object]:
    world.account()
    case_id = world.queued()
    responding.write(world.owner, case_id, WORDS)
    return row_of(world, "message", kind="owner")


def test_what_an_owner_wrote_is_neither_changed_nor_deleted(world: World) -> None:
    row = with_message(world)
    refused(world, "message_fixed", changed("message", str(row["id"]), sealed_body=b"forged"))
    refused(
        world, "message_fixed", changed("message", str(row["id"]), created_at=world.now.replace(year=2020))
    )
    refused(world, "message_no_delete", deleted("message", id=row["id"]))


def test_no_colleague_is_written_into_a_message_of_the_owner(world: World) -> None:
    row = with_message(world)
    alice = world.logins["alice"].person_id
    refused(world, "ck_message_author", inserted("message", row, id=new_id(), person_id=alice))
    refused(world, "message_fixed", changed("message", str(row["id"]), person_id=alice))


@pytest.mark.parametrize("kind", ["note", "reply"])
def test_a_message_of_the_owner_never_becomes_one_of_the_desk(world: World, kind: str) -> None:
    row = with_message(world)
    refused(world, "message_fixed", changed("message", str(row["id"]), kind=kind))
