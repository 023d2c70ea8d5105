"""The stop link in the mail about a proposal: opening it shows what would happen, and only its button stops it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.casework import staff
from portal.casework.logins import Entry
from portal.domain.lifecycle import Role
from portal.models import Proposal
from tests.admin.clerk import SIGN_IN, whole_database
from tests.admin.conftest import Hire
from tests.casework.staffroom import Staffroom
from tests.world import World

KINDS = {
    "role_grant": {"ja": "権限を付与する", "en": "Give a role"},
    "new_login": {"ja": "サインイン", "en": "Make a new sign-in"},
    "address_change": {"ja": "アドレス", "en": "Change a colleague's address"},
    "re_enable": {"ja": "サインイン", "en": "Enable a sign-in again"},
    "factor_reset": {"ja": "リセット", "en": "Reset a colleague's MFA device"},
}


def agreed(room: Staffroom, kind: str = "role_grant") -> str:
    """Have two admins agree about Alice. Returns the proposal's id."""
    ada = room.world.as_("ada")
    if kind == "new_login":
        entry = Entry("Newt Newcomer", "newt@desk.example", "ja", frozenset({Role.VERIFIER}))
        proposal = staff.propose_login(ada, entry)
    elif kind == "address_change":
        proposal = staff.propose_address(ada, room.id("alice"), "alice.new@desk.example")
    else:
        if kind == "re_enable":
            with room.world.system.act():
                room.login("alice").disabled_at = room.world.now
        payload = {"role": "lead"} if kind == "role_grant" else {}
        proposal = room.propose("ada", kind, "alice", **payload)
    room.agree("ann", proposal)
    return proposal


def link(room: Staffroom, to: str = "lee") -> str:
    return f"/admin/halt/{room.link('staff_proposal', 'halt', to)}"


def state(world: World, proposal: str) -> str:
    world.session.rollback()
    return world.session.get_one(Proposal, proposal, populate_existing=True).state


def test_page_says_what_would_happen_to_whom_and_when(stranger: Hire, room: Staffroom, lang: str) -> None:
    agreed(room)
    page = stranger("lee", lang).get(link(room))

    assert page.heading == {"ja": "この変更を止めますか", "en": "Stop this change?"}[lang]
    for words in (
        KINDS["role_grant"][lang],
        "Alice Verity",
        "Ada Admin",
        {"ja": "責任者", "en": "Lead"}[lang],
    ):
        assert words in page.text
    assert {"ja": "2026年11月25日（水）10:", "en": "25 November 2026 at 10:"}[lang] in page.text
    assert page.foreign_words(lang) == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_proposal_is_named_and_can_be_stopped(
    stranger: Hire, room: Staffroom, world: World, kind: str
) -> None:
    proposal = agreed(room, kind)
    lee = stranger("lee")

    assert KINDS[kind]["ja"] in lee.get(link(room)).text
    assert lee.send().heading == "変更を止めました"
    assert state(world, proposal) == "stopped"


def test_stop_needs_no_sign_in_and_holds(stranger: Hire, room: Staffroom, world: World, lang: str) -> None:
    agreed(room)
    lee = stranger("lee", lang)
    lee.get(link(room))
    page = lee.send()

    assert page.heading == {"ja": "変更を止めました", "en": "The change was stopped"}[lang]
    assert page.foreign_words(lang) == []
    assert lee.cookie is None
    world.pass_time(hours=25)
    assert "staff:role:effective" not in room.tags("alice")
    assert "staff:proposal:stopped" in room.tags("alice")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_mail_scanners_change_nothing(stranger: Hire, room: Staffroom, world: World, method: str) -> None:
    agreed(room)
    address, lee = link(room), stranger("lee")
    before = whole_database(world)
    for _ in range(10):
        assert lee.client.open(address, method=method).status_code == 200

    assert whole_database(world) == before


def test_form_without_its_token_is_refused(stranger: Hire, room: Staffroom, world: World) -> None:
    proposal = agreed(room)

    assert stranger("lee").client.post(link(room)).status_code == 400
    assert state(world, proposal) == "agreed"


def test_second_press_is_told_that_it_is_stopped(stranger: Hire, room: Staffroom) -> None:
    agreed(room)
    lee, second = stranger("lee"), stranger("lee")
    lee.get(link(room))
    second.get(link(room))
    lee.send()

    assert second.send().heading == "変更を止めました"
    assert room.tags("alice").count("staff:proposal:stopped") == 1


def test_others_who_were_told_see_that_it_is_stopped(stranger: Hire, room: Staffroom) -> None:
    agreed(room)
    lee, lou = stranger("lee"), stranger("lou")
    lee.get(link(room, "lee"))
    lee.send()

    assert lou.get(link(room, "lou")).heading == "変更を止めました"


def test_change_that_has_taken_effect_says_so(
    stranger: Hire, room: Staffroom, world: World, lang: str
) -> None:
    agreed(room)
    address = link(room)
    world.pass_time(hours=24)
    page = stranger("lee", lang).get(address)

    heading = {"ja": "この変更はもう止められません", "en": "This change can no longer be stopped"}
    assert page.heading == heading[lang]
    assert not page.html.main.find("form")
    assert page.foreign_words(lang) == []


def test_form_that_comes_too_late_says_so(stranger: Hire, room: Staffroom, world: World) -> None:
    proposal = agreed(room)
    lee = stranger("lee")
    lee.get(link(room))
    world.pass_time(hours=24)

    assert lee.send().heading == "この変更はもう止められません"
    assert state(world, proposal) == "effective"


def test_link_is_over_from_the_moment_of_effect(
    stranger: Hire, room: Staffroom, world: World, lang: str
) -> None:
    agreed(room)
    address = link(room)
    world.now += timedelta(hours=24)
    page = stranger("lee", lang).get(address)

    assert page.code == 404
    assert page.heading == {"ja": "このリンクは使えません", "en": "This link no longer works"}[lang]
    assert page.foreign_words(lang) == []


def test_link_of_another_purpose_stops_nothing(stranger: Hire, room: Staffroom, world: World) -> None:
    room.done("factor_reset", "alice")
    invite = room.link("staff_invite", "invite")

    assert stranger("lee").get(f"/admin/halt/{invite}").code == 404


def test_address_without_a_token_leads_to_the_door(stranger: Hire) -> None:
    assert stranger("lee").get("/admin/halt/").path == SIGN_IN


def test_colleague_who_is_signed_in_keeps_the_menu(clerk: Hire, room: Staffroom) -> None:
    agreed(room)
    lee = clerk("lee")

    assert "/admin/own/" in lee.get(link(room)).links()
    assert lee.send().heading == "変更を止めました"
