"""What the database itself refuses about calls that connect an agent, attacked with raw SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.models import PhoneCall, new_id
from tests.ringing import pick_up
from tests.sql import changed, inserted, refused
from tests.talking import called_back, give_desk_phone, hang_up, proven, take
from tests.world import World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(database_url, tmp_path, telephone="demo")
    give_desk_phone(made, "alice")
    yield made
    made.close()


def ringing(world: World) -> PhoneCall:
    return called_back(world)[1]


def fails(world: World, call: PhoneCall, **values: Any) -> None:
    refused(world, "phone_call_fixed", changed("phone_call", call.id, **values))


def test_nobody_is_connected_before_the_right_digits(world: World) -> None:
    call = ringing(world)
    fails(world, call, connected_at=world.now)
    pick_up(world, call)
    fails(world, call, connected_at=world.now)


def test_who_is_connected_is_fixed_with_the_call(world: World) -> None:
    call = ringing(world)
    fails(world, call, staff_id=world.logins["vic"].staff_id)
    fails(world, call, staff_id=None)
    fails(world, call, repeats=True)


def test_beginning_and_end_of_a_conversation_stay_as_they_were(world: World) -> None:
    _, call = proven(world)
    fails(world, call, connected_at=world.now - timedelta(minutes=1))
    take(world, call)
    fails(world, call, connected_at=world.now + timedelta(seconds=1))
    fails(world, call, connected_at=None)
    fails(world, call, parted_at=world.now - timedelta(seconds=1))
    world.now += timedelta(seconds=30)
    hang_up(world, call)
    fails(world, call, parted_at=world.now + timedelta(hours=1))
    fails(world, call, parted_at=None)


def test_a_call_that_is_over_is_not_connected_any_more(world: World) -> None:
    _, call = proven(world)
    hang_up(world, call)
    fails(world, call, connected_at=world.now)


def test_a_repeated_check_of_the_system_is_a_call_of_somebody_who_is_a_second_person(world: World) -> None:
    call = ringing(world)
    columns = {
        "id": new_id(),
        "case_id": call.case_id,
        "round": 1,
        "method": "H3",
        "result": "match",
        "attested_by": "system",
        "repeated": True,
        "person_id": world.logins["alice"].person_id,
        "part": "approver",
        "recorded_at": world.now,
    }
    refused(world, "fk_identity_check_party", inserted("identity_check", columns))
    refused(world, "ck_identity_check_attested", inserted("identity_check", columns, method="H2"))
    refused(world, "ck_identity_check_attested", inserted("identity_check", columns, part="verifier"))
    refused(world, "ck_identity_check_attested", inserted("identity_check", columns, repeated=False))
