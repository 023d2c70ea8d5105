"""How the result of a removal is told: to whoever listens first, and honestly where somebody stopped it half way."""

from __future__ import annotations

from collections.abc import Callable

from portal.casework import deactivation, objection
from tests.admin.clerk import Clerk
from tests.admin.desk import address, open_act, typed
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]


def result(clerk: Clerk, case_id: str) -> Page:
    return clerk.get(f"/admin/removals/{case_id}/result")


def test_whoever_starts_it_is_led_to_the_outcome(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.ready()
    vic = clerk("vic")
    open_act(vic, "removals/execute", case_id)
    sent = typed(vic, seen="y", code=vic.code())
    for _press in range(2):
        answer = vic.client.post(address("removals/execute", case_id), data=sent)
        assert answer.headers["Location"].endswith(f"/removals/{case_id}/result#outcome")
    assert result(vic, case_id).html.select_one("#outcome")["tabindex"] == "-1"


def test_a_removal_that_an_objection_stopped_is_called_neither_done_nor_safe_to_repeat(
    world: World, clerk: Hire
) -> None:
    world.account()
    case_id = world.executing()
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    deactivation.carry_out(world.system, case_id)
    assert not world.removed("Phone")
    page = result(clerk("alice", "en"), case_id)
    assert page.html.select_one(".panel h2").get_text() == "Stopped"
    assert "Nothing more is removed until two people have decided." in page.text
    assert "safe to start again" not in page.text
    assert "Not confirmed" in page.text
    assert address("removals/execute", case_id) not in page.links()


def test_a_removal_is_never_called_done_before_the_connector_has_said_so(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.executing()
    page = result(clerk("alice", "en"), case_id)
    assert page.html.select_one(".panel h2").get_text() == "In progress"
    assert "Not confirmed" in page.text
    deactivation.carry_out(world.system, case_id)
    assert result(clerk("vic", "en"), case_id).html.select_one(".panel h2").get_text() == "Done"


def test_the_dry_run_names_exactly_the_devices_that_then_go(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.ready()
    vic = clerk("vic", "en")
    page = open_act(vic, "removals/execute", case_id)
    facts = {row.dt.get_text(): row.dd.get_text(" ", strip=True) for row in page.html.select(".facts__row")}
    assert facts["Will be deactivated"].startswith("Phone")
    assert facts["Stays"].startswith("Drawer key")
    assert not world.removed("Phone")
    vic.post(address("removals/execute", case_id), typed(vic, seen="y", code=vic.code()))
    deactivation.carry_out(world.system, case_id)
    assert (world.removed("Phone"), world.removed("Drawer key")) == (True, False)
