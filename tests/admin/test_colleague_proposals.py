"""What an admin proposes about a colleague: it waits, and what cannot be is said at its field."""

from __future__ import annotations

from typing import Any

import pytest

from portal.casework.staff_changes import CHANGES
from portal.domain.lifecycle import Role
from tests.admin.colleagues import (
    NEVER_BOTH,
    NEW,
    NEWCOMER,
    NO_ADDRESS,
    NO_ROLE,
    OWN_LOGIN,
    PROPOSED,
    TAKEN,
    at,
    disable,
    do,
    force,
    open_act,
    roster,
    waiting,
)
from tests.admin.conftest import Hire
from tests.admin.desk import banner
from tests.casework.staffroom import Staffroom


@pytest.mark.parametrize("key", PROPOSED)
def test_a_change_is_proposed_and_waits(clerk: Hire, room: Staffroom, key: str):
    kind, typed = PROPOSED[key]
    ada = clerk("ada", "en")
    before = roster(room)
    page = do(ada, "vic", key, **typed)
    (matter,) = waiting(room)

    assert banner(page) == "Your proposal is saved. A different person decides."
    assert (matter.kind, matter.state, matter.proposer, matter.about) == (
        kind,
        "open",
        "Ada Admin",
        "Vic Verdi",
    )
    assert roster(room) == before


def test_enabling_a_disabled_sign_in_is_proposed(clerk: Hire, room: Staffroom):
    disable(room, "ben")
    do(clerk("ada"), "ben", "enable")

    assert [matter.kind for matter in waiting(room)] == ["re_enable"]
    assert room.login("ben").disabled_at is not None


def test_a_new_colleague_is_proposed_and_not_yet_invited(clerk: Hire, room: Staffroom):
    ada = clerk("ada", "en")
    ada.get(NEW)
    page = ada.send(**NEWCOMER)
    (matter,) = waiting(room)

    assert banner(page) == "Your proposal is saved. A different person decides."
    assert (matter.about, matter.email, matter.language) == ("Nao Newcomer", "nao@desk.example", "en")
    assert room.mails("staff_invite") == []


def test_each_page_says_when_a_proposal_counts(clerk: Hire, room: Staffroom):
    ada = clerk("ada", "en")
    waits = {PROPOSED[key][0]: "24 hours after" in open_act(ada, "vic", key).text for key in PROPOSED}

    assert waits == {kind: CHANGES[kind].waits for kind in waits}


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(clerk: Hire, room: Staffroom, lang: str):
    ada = clerk("ada", lang)
    ada.get(NEW)
    page = ada.send(name=" ", email="no address", roles=[])
    name = {"ja": "担当者の氏名を入力してください。", "en": "Enter the colleague's full name"}

    assert page.code == 422
    assert page.summary == [(name[lang], "name"), (NO_ADDRESS[lang], "email"), (NO_ROLE[lang], "roles-0")]
    assert page.errors_at("email") == [NO_ADDRESS[lang]]
    assert page.value("email") == "no address"
    assert waiting(room) == []


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"email": "bob@desk.example"}, "email", TAKEN),
        ({"email": "ＢＯＢ@desk.example"}, "email", TAKEN),
        ({"roles": ["admin", "verifier"]}, "roles", NEVER_BOTH),
        ({"roles": ["owner"]}, "roles", NO_ROLE),
    ],
    ids=["taken", "taken in other spelling", "admin and verifier", "no such role"],
)
def test_what_casework_refuses_stands_at_its_field(
    clerk: Hire, room: Staffroom, lang: str, typed: dict[str, Any], field: str, words: dict[str, str]
):
    ada = clerk("ada", lang)
    ada.get(NEW)
    page = ada.send(**{**NEWCOMER, **typed})

    assert page.code == 422
    assert page.errors_at(field) == [words[lang]]
    assert page.value("name") == "Nao Newcomer"
    assert waiting(room) == []


def test_a_colleague_on_cases_cannot_be_an_admin_as_well(clerk: Hire, room: Staffroom, lang: str):
    assert do(clerk("ada", lang), "vic", "grant", role="admin").errors_at("role") == [NEVER_BOTH[lang]]
    assert waiting(room) == []


def test_two_sign_ins_do_not_make_two_people_of_one(clerk: Hire, room: Staffroom, lang: str):
    typed = {"email": "vic.two@desk.example", "roles": ["admin"]}
    page = do(clerk("ada", lang), "vic", "another", **typed)

    assert page.errors_at("roles") == [NEVER_BOTH[lang]]
    assert waiting(room) == []


def test_who_was_an_admin_lately_gets_no_part_in_cases(clerk: Hire, room: Staffroom, lang: str):
    with room.world.system.act():
        room.world.role_row("ann").revoked_at = room.world.now
    words = {
        "ja": "過去 30 日以内に管理者だった担当者は、ケースを扱えません。",
        "en": "Somebody who was an administrator in the last 30 days cannot work on cases.",
    }

    assert do(clerk("ada", lang), "ann", "grant", role="verifier").errors_at("role") == [words[lang]]


@pytest.mark.parametrize("typed", [{}, {"role": "owner"}, {"role": "verifier"}], ids=str)
def test_only_a_role_that_is_offered_can_be_given(
    clerk: Hire, room: Staffroom, lang: str, typed: dict[str, str]
):
    page = do(clerk("ada", lang), "vic", "grant", **typed)

    assert (page.code, page.errors_at("role")) == (422, [NO_ROLE[lang]])


def test_an_address_that_somebody_has_is_refused_at_its_field(clerk: Hire, room: Staffroom, lang: str):
    page = do(clerk("ada", lang), "vic", "address", email="bob@desk.example")

    assert (page.code, page.errors_at("email")) == (422, [TAKEN[lang]])


def test_the_same_proposal_does_not_wait_twice(clerk: Hire, room: Staffroom, lang: str):
    room.propose("ann", "role_grant", "vic", role="approver")
    page = do(clerk("ada", lang), "vic", "grant", role="approver")
    words = {
        "ja": "同じ提案が、すでに判断を待っています。",
        "en": "The same proposal is already waiting for a decision.",
    }

    assert words[lang] in page.html.select_one("#error-summary").get_text()
    assert len(waiting(room)) == 1


@pytest.mark.parametrize("name", ["ada", "ada_two"])
def test_ones_own_sign_ins_cannot_be_touched(clerk: Hire, room: Staffroom, lang: str, name: str):
    room.world.hire("ada_two", role=Role.COMPLIANCE, person_of="ada")
    ada = clerk("ada", lang)
    page = ada.get(at(room, name))
    keys = {**{key: typed for key, (_, typed) in PROPOSED.items()}, "invite": {}, "enable": {}}
    forced = [
        force(ada, at(room, name, key), **{"language": "ja", **typed, **role_of(name, key)})
        for key, typed in keys.items()
    ]
    disabled = force(ada, at(room, name, "disable"), code=ada.code())

    assert OWN_LOGIN[lang] in page.text
    assert not [link for link in page.links() if link.startswith(at(room, name) + "/")]
    assert [answer.code for answer in forced if OWN_LOGIN[lang] not in answer.text] == []
    assert OWN_LOGIN[lang] in disabled.text
    assert waiting(room) == []
    assert room.login(name).disabled_at is None


def role_of(name: str, key: str) -> dict[str, str]:
    held = {"ada": "admin", "ada_two": "compliance"}[name]
    return {"revoke": {"role": held}, "grant": {"role": "lead"}}.get(key, {})
