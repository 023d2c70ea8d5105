"""A colleague's open sessions, as an admin sees and ends them; and what the desk says of a reset that somebody asked for."""

from __future__ import annotations

import pytest

from tests.admin.colleagues import HOME, WRONG_CODE, at, do, force, open_act, waiting
from tests.admin.conftest import Hire
from tests.admin.desk import banner, statements
from tests.casework.staffroom import PASSWORD, Staffroom

pytestmark = pytest.mark.door


def test_an_admin_sees_where_and_since_when_a_colleague_is_signed_in(clerk: Hire, room: Staffroom, lang: str):
    clerk("alice")
    page = clerk("ada", lang).get(at(room, "alice"))
    headings = {"ja": "開いているセッション", "en": "Open sessions"}

    assert headings[lang] in page.text
    assert "127.0.0.0/24" in page.text
    assert "127.0.0.1" not in page.text


@pytest.mark.parametrize(("who", "code"), [("lee", 422), ("chika", 403)])
def test_leads_and_compliance_see_no_sessions(clerk: Hire, room: Staffroom, who: str, code: int):
    clerk("alice")

    assert "127.0.0" not in clerk(who).get(at(room, "alice")).text
    assert force(clerk(who), at(room, "alice", "sessions"), session="all", code="000000").code == code


def test_all_sessions_of_a_colleague_end_at_once(clerk: Hire, room: Staffroom):
    alice, again, ada = clerk("alice"), clerk("alice"), clerk("ada", "en")
    page = do(ada, "alice", "sessions", session="all", code=ada.code())

    assert banner(page) == "The sessions have ended, and the person is told."
    assert [each.get("/admin/queue/").path for each in (alice, again)] == ["/admin/sign-in/"] * 2
    assert room.told("staff_changed", "sessions_ended") == {"Alice Verity"}


def test_one_session_of_a_colleague_is_named_and_ends_alone(clerk: Hire, room: Staffroom):
    alice, again, ada = clerk("alice"), clerk("alice"), clerk("ada", "en")
    page = open_act(ada, "alice", "sessions")
    ways = [radio["value"] for radio in page.html.select("input[name=session]")]
    ada.send(session=ways[1], code=ada.code())

    assert (len(ways), ways[0]) == (3, "all")
    assert again.get("/admin/queue/").path == "/admin/sign-in/"  # the newest stands first
    assert alice.get("/admin/queue/").path == "/admin/queue/"


def test_ending_sessions_takes_a_right_code(clerk: Hire, room: Staffroom, lang: str):
    alice, ada = clerk("alice"), clerk("ada", lang)
    page = do(ada, "alice", "sessions", session="all", code=room.wrong_code("ada"))

    assert (page.code, page.errors_at("code")) == (422, [WRONG_CODE[lang]])
    assert alice.get("/admin/queue/").path == "/admin/queue/"


def test_a_missing_choice_stands_at_its_field(clerk: Hire, room: Staffroom, lang: str):
    ada = clerk("ada", lang)
    page = do(ada, "alice", "sessions", code=ada.code())
    words = {"ja": "セッションを選択してください。", "en": "Select a session"}

    assert page.errors_at("session") == [words[lang]]


def test_more_sessions_take_no_more_statements(clerk: Hire, room: Staffroom):
    ada = clerk("ada")
    clerk("alice")
    with statements(room.world) as few:
        ada.get(at(room, "alice"))
    for _ in range(2):
        clerk("alice")
    with statements(room.world) as many:
        ada.get(at(room, "alice"))

    assert len(few) == len(many)


def test_who_agrees_first_to_a_reset_that_was_asked_for_is_told_so(
    clerk: Hire, stranger: Hire, room: Staffroom
):
    alice, ada = stranger(), clerk("ada", "en")
    alice.get("/admin/sign-in/recover")
    alice.send(email="alice@desk.example", password=PASSWORD, code=room.codes["alice"][0])
    alice.send()
    (matter,) = waiting(room)
    page = ada.get(f"{HOME}proposals/{matter.id}")

    assert "you are the first of them" in page.text
    assert "after you have seen the person" in page.text
    done = ada.send(decision="agree", code=ada.code())
    assert banner(done) == "You are the first of the two who agree. A different person decides."


def test_the_last_who_could_decide_are_not_disabled_and_the_page_says_why(
    clerk: Hire, room: Staffroom, lang: str
):
    ada = clerk("ada", lang)
    for name in ("ann", "lou"):
        do(ada, name, "disable", code=ada.code())
    page = do(ada, "lee", "disable", code=ada.code())
    words = {
        "ja": "このままでは、担当者に関する決定を行える人がいなくなります。",
        "en": "This would leave nobody who can decide about colleagues.",
    }

    assert (page.code, words[lang] in page.text) == (422, True)
    assert room.login("lee").disabled_at is None


def test_a_browser_that_signed_in_keeps_a_mark_that_scripts_and_other_sites_cannot_read(clerk: Hire):
    alice = clerk("alice")
    kept = alice.client.get_cookie("known")

    assert kept is not None
    assert (kept.http_only, kept.same_site, kept.path) == (True, "Strict", "/")
    assert kept.max_age == 30 * 24 * 3600
    alice.get("/admin/own/")
    alice.send("/out")
    assert alice.client.get_cookie("known") is not None


def test_a_known_browser_comes_in_after_twenty_wrong_codes_elsewhere(
    clerk: Hire, stranger: Hire, room: Staffroom
):
    alice, thief = clerk("alice"), stranger()
    alice.get("/admin/own/")
    alice.send("/out")
    with room.world.system.act():
        room.login("alice").totp_failures = 20

    assert thief.sign_in().path == "/admin/sign-in/"
    assert alice.sign_in().path == "/admin/queue/"
