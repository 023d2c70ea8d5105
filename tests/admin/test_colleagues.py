"""The pages about colleagues: who may open them, and what they show. What is done there is tested next door."""

from __future__ import annotations

import pytest

from portal.domain.lifecycle import Role
from tests.admin.colleagues import (
    HOME,
    NEW,
    NEWCOMER,
    PROPOSED,
    WRONG_ROLE,
    at,
    disable,
    force,
    row_of,
    waiting,
)
from tests.admin.conftest import Hire
from tests.admin.desk import statements
from tests.casework.staffroom import Staffroom

# who may come here


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_who_works_cases_has_no_business_here(clerk: Hire, room: Staffroom, name: str):
    visitor = clerk(name)
    visitor.get("/admin/own/")
    token = visitor.token
    pages = [HOME, NEW, at(room, "vic"), at(room, "vic", "disable"), f"{HOME}proposals/none"]

    assert {visitor.get(page).code for page in pages} == {403}
    assert visitor.post(at(room, "vic", "reset"), {"csrf_token": token}).code == 403
    assert waiting(room) == []


@pytest.mark.parametrize("name", ["lee", "chika"])
def test_leads_and_compliance_read_and_are_offered_nothing(clerk: Hire, room: Staffroom, name: str):
    reader = clerk(name)
    links = [*reader.get(HOME).links(), *reader.get(at(room, "vic")).links()]

    assert at(room, "vic") in links
    assert not [link for link in links if link == NEW or link.startswith(at(room, "vic") + "/")]


def test_a_form_that_only_admins_have_is_refused_to_leads(clerk: Hire, room: Staffroom, lang: str):
    reader = clerk("lee", lang)
    sent = [(at(room, "vic", key), fields) for key, (_kind, fields) in PROPOSED.items()]
    answers = [force(reader, address, language="ja", **fields) for address, fields in sent]

    assert {answer.code for answer in answers} == {422}
    assert all(WRONG_ROLE[lang] in answer.text for answer in answers)
    assert WRONG_ROLE[lang] in force(reader, NEW, **NEWCOMER).text


def test_compliance_sends_no_form_of_these_pages(clerk: Hire, room: Staffroom):
    chika = clerk("chika")

    assert {
        force(chika, at(room, "vic", key), **fields).code for key, (_kind, fields) in PROPOSED.items()
    } == {403}
    assert waiting(room) == []


def test_the_menu_leads_here(clerk: Hire):
    assert HOME in [link["href"] for link in clerk("ada").get(HOME).html.select(".desk-nav a")]


# what is read


def test_everybody_stands_there_with_address_roles_and_last_sign_in(clerk: Hire, lang: str):
    page = clerk("ada", lang).get(HOME)
    never = {"ja": "未サインイン", "en": "Never"}[lang]
    role = {"ja": "承認者", "en": "Approver"}[lang]

    assert f"bob@desk.example {role}" in row_of(page, "Bob Approva")
    assert never in row_of(page, "Bob Approva")
    assert never not in row_of(page, "Ada Admin")


def test_the_state_of_each_sign_in_is_said_in_words(clerk: Hire, room: Staffroom, lang: str):
    disable(room, "ben")
    with room.world.system.act():
        room.login("bob").sealed_totp = None
        room.login("vic").totp_failures = 20
    page = clerk("ada", lang).get(HOME)
    words = {
        "Alice Verity": {"ja": "利用中", "en": "In use"},
        "Ben Approva": {"ja": "停止中", "en": "Disabled"},
        "Bob Approva": {"ja": "招待中", "en": "Invited"},
        "Vic Verdi": {"ja": "新しいブラウザーからは不可", "en": "Closed to new browsers"},
    }

    assert [name for name, said in words.items() if said[lang] not in row_of(page, name)] == []


def test_a_role_to_come_stands_there_with_its_time(clerk: Hire, room: Staffroom):
    room.agree("ann", room.propose("ada", "role_grant", "vic", role="approver"))
    ada = clerk("ada", "en")
    said = "Approver from 25 November 2026 at 10:01am JST (UTC+9)"

    assert said in row_of(ada.get(HOME), "Vic Verdi")
    assert said in ada.get(at(room, "vic")).text


def test_another_sign_in_of_the_same_person_is_named(clerk: Hire, room: Staffroom):
    room.world.hire("vic_two", role=Role.COMPLIANCE, person_of="vic")
    page = clerk("ada", "en").get(at(room, "vic"))

    assert "Other sign-ins of the same person" in page.text
    assert at(room, "vic_two") in page.links()


def test_a_page_offers_what_fits_the_state(clerk: Hire, room: Staffroom):
    disable(room, "ben")
    ada = clerk("ada")
    offered = {
        name: {
            link.rpartition("/")[2]
            for link in ada.get(at(room, name)).links()
            if link.startswith(at(room, name) + "/")
        }
        for name in ("vic", "ben")
    }

    assert offered["vic"] == {*PROPOSED, "sessions", "disable"}
    assert offered["ben"] == {"revoke", "address", "enable"}


@pytest.mark.parametrize("address", [f"{HOME}nobody", f"{HOME}nobody/grant", f"{HOME}proposals/none"])
def test_what_is_not_there_is_a_page_that_says_so(clerk: Hire, address: str):
    assert clerk("ada").get(address).code == 404


def test_an_act_that_does_not_exist_is_not_found(clerk: Hire, room: Staffroom):
    assert clerk("ada").get(at(room, "vic", "promote")).code == 404


def test_more_colleagues_and_proposals_take_no_more_statements(clerk: Hire, room: Staffroom):
    ada, counts = clerk("ada"), []
    for number in range(2):
        for place in range(number * 10):
            room.world.hire(f"more{place}")
            room.propose("ann", "role_grant", f"more{place}", role="compliance")
        room.propose("ann", "role_grant", "vic", role=["approver", "lead"][number])
        with statements(room.world) as said:
            ada.get(HOME)
        counts.append(len(said))

    assert counts[0] == counts[1]


def test_every_page_speaks_one_language(clerk: Hire, room: Staffroom, lang: str):
    disable(room, "ben")
    ada = clerk("ada", lang)
    by_each = [
        room.propose(by, "role_grant", "vic", role=role)
        for by, role in (("ada", "lead"), ("ann", "approver"))
    ]
    proposals = [f"{HOME}proposals/{proposal_id}" for proposal_id in by_each]
    acts = [at(room, "vic", key) for key in (*PROPOSED, "invite", "disable", "enable")]
    pages = [HOME, NEW, at(room, "vic"), at(room, "ada"), at(room, "ben"), *acts, *proposals]
    foreign = {page: ada.get(page).foreign_words(lang) for page in pages}

    assert {page: words for page, words in foreign.items() if words} == {}
