"""What one admin does about a colleague alone: send an invitation again, and shut a sign-in at once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal.casework import logins
from portal.models import OutboxRow
from tests.admin.colleagues import PROPOSED, WRONG_CODE, disable, do, open_act, waiting
from tests.admin.conftest import Hire
from tests.admin.desk import banner
from tests.casework.staffroom import Staffroom


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
