"""Answers on their way: kept for a day, over those of the same name, and not lost between two tabs."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from portal.casework import drafts
from tests.together import together
from tests.world import OWNER, World


def test_answers_of_the_same_name_are_replaced_and_the_others_stay(world: World) -> None:
    raw = drafts.start(world.owner, {"name": "山田", "phone": "1"})
    assert drafts.save(world.owner, raw, {"phone": "2"})
    kept = drafts.read(world.owner, raw)
    assert kept is not None
    assert dict(kept.values) == {"name": "山田", "phone": "2"}


def test_tabs_that_save_at_once_lose_nothing(world: World) -> None:
    raw = drafts.start(world.owner, {})
    world.session.rollback()
    numbers = count()

    def save() -> bool:
        number = next(numbers)
        with world.runtime.sessions() as session:
            return drafts.save(world.runtime.context(session, OWNER), raw, {f"field{number}": "x"})

    assert all(together(8, save))
    world.session.rollback()
    kept = drafts.read(world.owner, raw)
    assert kept is not None
    assert len(kept.values) == 8


def test_a_draft_ends_after_a_day_and_its_key_goes_with_it(world: World) -> None:
    raw = drafts.start(world.owner, {"name": "山田"})
    world.now += timedelta(hours=24)
    assert drafts.read(world.owner, raw) is None
    assert not drafts.save(world.owner, raw, {"name": "佐藤"})
    assert drafts.purge(world.system) == 1
    assert drafts.purge(world.system) == 0


def test_a_made_up_cookie_finds_nothing(world: World) -> None:
    for raw in (None, "", "x", "x" * 43, "あ" * 43):
        assert drafts.read(world.owner, raw) is None
