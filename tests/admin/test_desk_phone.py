"""A person's own desk phone: set with a fresh code, seen by nobody else, and only where the portal may call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.casework import desk_phone
from portal.models import AuditEvent, Staff
from tests.admin.clerk import Clerk
from tests.admin.desk import tags_of
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]
ADDRESS = "/admin/desk-phone/"
TAG = "staff:desk_phone:changed"


def change(clerk: Clerk, number: str, code: str | None = None) -> Page:
    clerk.get(ADDRESS)
    return clerk.send(number=number, code=clerk.code() if code is None else code)


def kept(world: World, name: str = "alice") -> str:
    world.session.rollback()
    staff = world.session.get_one(Staff, world.logins[name].staff_id, populate_existing=True)
    return desk_phone.number_of(world.system, staff)


def stream(world: World) -> str:
    return f"staff:{world.logins['alice'].staff_id}"


@pytest.mark.parametrize("typed", ["03-2468-1357", "０３（２４６８）１３５７", "+81 3 2468 1357"])
def test_a_number_is_kept_sealed_and_shown_masked(world: World, clerk: Hire, typed: str) -> None:
    alice = clerk("alice", "en")
    page = change(alice, typed)
    assert "Saved" in page.text
    assert kept(world) == "+81324681357"
    assert "1357" in page.text
    assert "2468" not in page.html.main.get_text()
    staff = world.session.get_one(Staff, world.logins["alice"].staff_id)
    assert b"324681357" not in (staff.sealed_desk_phone or b"")


def test_a_change_is_on_record_without_the_number(world: World, clerk: Hire) -> None:
    change(clerk("alice"), "03-2468-1357")
    event = world.session.query(AuditEvent).filter_by(stream=stream(world), tag=TAG).one()
    assert "2468" not in event.event_bytes.decode()


def test_without_a_fresh_code_nothing_changes(world: World, clerk: Hire) -> None:
    alice = clerk("alice", "en")
    page = change(alice, "03-2468-1357", code="000000")
    assert page.code == 422
    assert page.errors_at("code")
    used = alice.code()
    change(alice, "03-2468-1357", code=used)
    again = change(alice, "03-8765-4321", code=used)
    assert again.errors_at("code")
    assert kept(world) == "+81324681357"
    assert tags_of(world, stream(world)).count(TAG) == 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("12", "Enter a phone number in the correct format"),
        ("0990-123-456", "Enter a number that our staff can call"),
        ("0120-123-456", "Enter a number that our staff can call"),
        ("+1 876 555 0123", "We cannot call this number."),
        ("+44 20 7946 0958", "We cannot call this number."),
    ],
)
def test_a_line_that_costs_more_or_lies_elsewhere_is_refused_at_the_field(
    world: World, clerk: Hire, typed: str, words: str
) -> None:
    page = change(clerk("alice", "en"), typed)
    assert page.code == 422
    assert words in page.errors_at("number")[0]
    assert page.value("number") == typed
    assert kept(world) == ""


def test_a_blank_field_takes_it_away(world: World, clerk: Hire) -> None:
    alice = clerk("alice", "en")
    change(alice, "03-2468-1357")
    page = change(alice, "")
    assert kept(world) == ""
    assert "Not set." in page.text


def test_everybody_sees_and_changes_their_own_only(world: World, clerk: Hire) -> None:
    change(clerk("alice"), "03-2468-1357")
    assert "1357" not in clerk("bob").get(ADDRESS).text
    change(clerk("bob"), "03-8765-4321")
    assert (kept(world), kept(world, "bob")) == ("+81324681357", "+81387654321")


def test_the_settings_lead_to_it(world: World, clerk: Hire) -> None:
    assert ADDRESS in clerk("alice").get("/admin/own/").links()
