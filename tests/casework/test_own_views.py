"""A person's own views: what casework refuses, whatever page asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.casework import own_views, queue
from portal.casework.context import NotFound, Refused
from portal.casework.queue import Filters
from tests.world import World

ENGLISH = Filters("open", language="en", sort="-received")


def names(world: World, person: str = "alice") -> list[str]:
    return [view.name for view in own_views.own(world.as_(person))]


def test_a_view_keeps_its_filters_and_its_order(world: World) -> None:
    own_views.save(world.as_("alice"), "English", ENGLISH)

    assert [queue.read(view.filters) for view in own_views.own(world.as_("alice"))] == [ENGLISH]


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\u202eb", "\u200b\u200d", "a\x00b"])
def test_a_name_that_nobody_could_read_is_refused(world: World, name: str) -> None:
    with pytest.raises(Refused, match="view_name"):
        own_views.save(world.as_("alice"), name, ENGLISH)
    assert names(world) == []


@pytest.mark.parametrize("twin", ["English", "english", "ＥＮＧＬＩＳＨ", " English  "])
def test_two_names_that_look_alike_are_one(world: World, twin: str) -> None:
    own_views.save(world.as_("alice"), "English", ENGLISH)
    with pytest.raises(Refused, match="view_name_taken"):
        own_views.save(world.as_("alice"), twin, Filters("open"))


def test_two_people_may_use_one_name(world: World) -> None:
    own_views.save(world.as_("alice"), "English", ENGLISH)
    own_views.save(world.as_("vic"), "English", ENGLISH)

    assert names(world, "vic") == ["English"]


def test_a_full_list_takes_no_other_view(world: World) -> None:
    few = replace(world.runtime.limits, saved_views=2)
    for number in range(2):
        own_views.save(world.as_("alice"), f"View {number}", ENGLISH)
    with pytest.raises(Refused, match="views_full"):
        own_views.save(replace(world.as_("alice"), limits=few), "View 2", ENGLISH)


def test_a_colleague_s_view_is_none_of_the_actor_s(world: World) -> None:
    own_views.save(world.as_("alice"), "English", ENGLISH)
    view = own_views.own(world.as_("alice"))[0]
    with pytest.raises(NotFound):
        own_views.delete(world.as_("vic"), view.id)
    assert names(world) == ["English"]


def test_nobody_without_a_login_keeps_views(world: World) -> None:
    with pytest.raises(NotFound):
        own_views.save(world.owner, "English", ENGLISH)
