"""The pages about colleagues: who reads, who may propose what, and what one admin does alone. Decisions are next door."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.casework import logins, staff_matters
from portal.casework.staff_changes import CHANGES
from portal.domain.lifecycle import Role
from portal.models import OutboxRow
from tests.admin.clerk import Clerk
from tests.admin.conftest import Hire
from tests.admin.desk import banner, statements
from tests.casework.staffroom import Staffroom
from tests.public.visitor import Page

HOME = "/admin/colleagues/"
NEW = HOME + "new"
NEWCOMER: dict[str, Any] = {
    "name": "Nao Newcomer",
    "email": "nao@desk.example",
    "language": "en",
    "roles": ["verifier"],
}
PROPOSED = {
    "grant": ("role_grant", {"role": "approver"}),
    "revoke": ("role_revoke", {"role": "verifier"}),
    "address": ("address_change", {"email": "victor@desk.example"}),
    "another": ("new_login", {"email": "vic.two@desk.example", "roles": ["compliance"]}),
    "reset": ("factor_reset", {}),
}
WRONG_ROLE = {"ja": "お使いの権限ではこの操作を行えません。", "en": "Your role does not allow this."}
OWN_LOGIN = {"ja": "ご自身についてこの操作は行えません。", "en": "You cannot do this for yourself."}
NEVER_BOTH = {"ja": "管理者はケースを扱えません。", "en": "An administrator cannot work on cases."}
NO_ADDRESS = {
    "ja": "メールアドレスは name@example.com の形で入力してください。",
    "en": "Enter an email address in the correct format, like name@example.com",
}
TAKEN = {
    "ja": "このメールアドレスは、別の担当者が使用しています。",
    "en": "Another colleague already has this address.",
}
NO_ROLE = {"ja": "権限を選択してください。", "en": "Select a role."}
WRONG_CODE = {
    "ja": "MFA コードが一致しません。新しく表示されたコードを入力してください。",
    "en": "The code does not match. Enter the newest code in your app",
}


def at(room: Staffroom, name: str, key: str = "") -> str:
    return f"{HOME}{room.id(name)}" + (f"/{key}" if key else "")


def open_act(clerk: Clerk, name: str, key: str) -> Page:
    page = clerk.get(at(clerk.room, name, key))
    assert page.code == 200, page.text
    return page


def do(clerk: Clerk, name: str, key: str, **typed: Any) -> Page:
    open_act(clerk, name, key)
    return clerk.send(**typed)


def force(clerk: Clerk, address: str, **typed: Any) -> Page:
    """Send a form that the page does not offer."""
    clerk.get(HOME)
    return clerk.post(address, {"csrf_token": clerk.token, **typed})


def waiting(room: Staffroom) -> list[staff_matters.Matter]:
    room.world.session.rollback()
    return staff_matters.matters(room.world.system)


def row_of(page: Page, name: str) -> str:
    rows = [row.get_text(" ", strip=True) for row in page.html.main.select("tbody tr")]
    return next(row for row in rows if row.startswith(name))


def disable(room: Staffroom, name: str) -> None:
    with room.world.system.act():
        room.login(name).disabled_at = room.world.now


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


@pytest.mark.parametrize("name", ["lee", "chika"])
def test_a_form_that_only_admins_have_is_refused_to_others(
    clerk: Hire, room: Staffroom, name: str, lang: str
):
    reader = clerk(name, lang)
    sent = [(at(room, "vic", key), fields) for key, (_kind, fields) in PROPOSED.items()]
    answers = [force(reader, address, language="ja", **fields) for address, fields in sent]

    assert {answer.code for answer in answers} == {422}
    assert all(WRONG_ROLE[lang] in answer.text for answer in answers)
    assert WRONG_ROLE[lang] in force(reader, NEW, **NEWCOMER).text
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
        "Vic Verdi": {"ja": "MFA デバイス停止中", "en": "MFA device stopped"},
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

    assert offered["vic"] == {*PROPOSED, "disable"}
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
    proposals = [f"{HOME}proposals/{room.propose(by, 'role_grant', 'vic', role=role)}" for by, role in ROUNDS]
    acts = [at(room, "vic", key) for key in (*PROPOSED, "invite", "disable", "enable")]
    pages = [HOME, NEW, at(room, "vic"), at(room, "ada"), at(room, "ben"), *acts, *proposals]
    foreign = {page: ada.get(page).foreign_words(lang) for page in pages}

    assert {page: words for page, words in foreign.items() if words} == {}


ROUNDS = (("ada", "approver"), ("ann", "lead"))


# what is proposed


@pytest.mark.parametrize("key", PROPOSED)
def test_a_change_is_proposed_and_waits(clerk: Hire, room: Staffroom, key: str):
    kind, typed = PROPOSED[key]
    ada = clerk("ada", "en")
    before = logins.roster(room.world.system)
    page = do(ada, "vic", key, **typed)
    (matter,) = waiting(room)

    assert banner(page) == "Your proposal is saved. A different person decides."
    assert (matter.kind, matter.state, matter.proposer, matter.about) == (
        kind,
        "open",
        "Ada Admin",
        "Vic Verdi",
    )
    assert logins.roster(room.world.system) == before


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


# what one admin does alone


def invited(room: Staffroom) -> str:
    """A colleague who has not opened the invitation."""
    room.world.hire("newt")
    with room.world.system.act():
        room.login("newt").sealed_totp = None
    return "newt"


def test_an_invitation_is_sent_again_and_the_old_link_dies(clerk: Hire, room: Staffroom):
    ada, name = clerk("ada", "en"), invited(room)
    do(ada, name, "invite")
    first = room.link("staff_invite", "invite")
    room.world.now += timedelta(seconds=1)
    page = do(ada, name, "invite")
    second = room.link("staff_invite", "invite")

    assert banner(page) == "The invitation is on its way. Earlier links no longer work."
    assert logins.find_invite(room.door(), first) is None
    assert logins.find_invite(room.door(), second) is not None


def test_nobody_who_has_a_password_is_invited_again(clerk: Hire, room: Staffroom, lang: str):
    page = do(clerk("ada", lang), "vic", "invite")
    words = {
        "ja": "この担当者は、すでにパスワードを設定しているか、停止されています。",
        "en": "This person has already set a password, or is disabled.",
    }

    assert (page.code, words[lang] in page.text) == (422, True)
    assert room.mails("staff_invite") == []


def test_a_disabled_colleague_is_out_at_once(clerk: Hire, room: Staffroom):
    vic, ada = clerk("vic"), clerk("ada", "en")
    page = do(ada, "vic", "disable", code=ada.code())

    assert banner(page) == "The sign-in is disabled, and its sessions have ended."
    assert vic.get("/admin/queue/").path == "/admin/sign-in/"
    assert room.told("staff_changed", "login_disabled") >= {"Vic Verdi", "Lee Leader", "Chika Kansa"}


def test_disabling_takes_a_right_code(clerk: Hire, room: Staffroom, lang: str):
    ada = clerk("ada", lang)
    page = do(ada, "vic", "disable", code=room.wrong_code("ada"))

    assert (page.code, page.errors_at("code"), page.value("code")) == (422, [WRONG_CODE[lang]], "")
    assert room.login("vic").disabled_at is None


def test_a_code_disables_one_sign_in_and_not_a_second(clerk: Hire, room: Staffroom, lang: str):
    ada = clerk("ada", lang)
    code = ada.code()
    do(ada, "vic", "disable", code=code)
    page = do(ada, "bob", "disable", code=code)

    assert page.errors_at("code") == [WRONG_CODE[lang]]
    assert room.login("vic").disabled_at is not None
    assert room.login("bob").disabled_at is None


def test_a_code_that_was_spent_on_a_refusal_is_spent(clerk: Hire, room: Staffroom):
    disable(room, "ben")
    ada = clerk("ada", "en")
    code = ada.code()
    first = do(ada, "ben", "disable", code=code)
    second = do(ada, "bob", "disable", code=code)

    assert "This sign-in is already disabled." in first.text
    assert second.errors_at("code") == [WRONG_CODE["en"]]


def test_a_missing_code_is_said_at_its_field(clerk: Hire, room: Staffroom, lang: str):
    words = {"ja": "MFA コードを入力してください。", "en": "Enter the 6-digit MFA code"}

    assert do(clerk("ada", lang), "vic", "disable").errors_at("code") == [words[lang]]


def test_too_many_wrong_codes_are_said_above_the_form(clerk: Hire, room: Staffroom, lang: str):
    ada = clerk("ada", lang)
    for _ in range(5):
        page = do(ada, "vic", "disable", code=room.wrong_code("ada"))
    page = do(ada, "vic", "disable", code=ada.code())
    words = {"ja": "試行回数が多すぎます。", "en": "Too many attempts."}

    assert words[lang] in page.html.select_one("#error-summary").get_text()
    assert room.login("vic").disabled_at is None


def test_the_invitation_of_a_disabled_sign_in_dies_with_it(clerk: Hire, room: Staffroom):
    ada, name = clerk("ada"), invited(room)
    do(ada, name, "invite")
    link = room.link("staff_invite", "invite")
    do(ada, name, "disable", code=ada.code())

    assert logins.find_invite(room.door(), link) is None


def test_no_page_writes_anything_by_being_opened(clerk: Hire, room: Staffroom):
    ada = clerk("ada")
    before = room.world.session.execute(select(OutboxRow.id)).scalars().all()
    for key in (*PROPOSED, "invite", "enable", "disable"):
        open_act(ada, "vic", key)

    assert room.world.session.execute(select(OutboxRow.id)).scalars().all() == before
    assert waiting(room) == []
