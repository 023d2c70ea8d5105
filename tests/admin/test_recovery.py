"""A saved recovery code: it opens the page that asks for a reset, and nothing else."""

from __future__ import annotations

import pyotp

from portal.casework import staff_matters
from tests.admin.clerk import SIGN_IN, Clerk
from tests.admin.conftest import Hire
from tests.casework.staffroom import PASSWORD, Staffroom
from tests.public.visitor import Page
from tests.world import World

RECOVER, RESET = f"{SIGN_IN}recover", f"{SIGN_IN}reset"
ENROL, CODES = f"{SIGN_IN}enrol", f"{SIGN_IN}codes"


def test_saved_code_opens_only_the_page_that_asks_for_a_reset(
    stranger: Hire, room: Staffroom, lang: str
) -> None:
    alice = stranger(language=lang)
    page = recover(alice, room.codes["alice"][0].lower().replace("-", " "))

    assert page.path == RESET
    assert page.heading == {"ja": "MFA デバイスのリセット", "en": "Reset your MFA device"}[lang]
    assert page.foreign_words(lang) == []
    for path in ("/admin/", "/admin/queue/", "/admin/own/", ENROL, CODES, SIGN_IN):
        assert alice.get(path).path == RESET


def only_proposal(room: Staffroom) -> str:
    (matter,) = staff_matters.matters(room.world.as_("ada"))
    return matter.id


def recover(clerk: Clerk, code: str, password: str = PASSWORD) -> Page:
    clerk.get(RECOVER)
    return clerk.send(email=f"{clerk.name}@desk.example", password=password, code=code)


def test_saved_code_works_once(stranger: Hire, room: Staffroom) -> None:
    code = room.codes["alice"][0]
    recover(stranger(), code)

    assert recover(stranger(), code).path == RECOVER


def test_page_for_saved_codes_has_one_answer_to_whatever_is_wrong(
    stranger: Hire, room: Staffroom, lang: str
) -> None:
    words = {
        "ja": "メールアドレス、パスワード、リカバリーコードのいずれかが正しくありません。",
        "en": "The email address, password or recovery code is incorrect.",
    }
    wrong_password = recover(stranger(language=lang), room.codes["alice"][0], "not the password at all")
    wrong_code = recover(stranger(language=lang), "AAAAA-AAAAA")

    assert words[lang] in wrong_password.text
    assert words[lang] in wrong_code.text
    assert wrong_code.value("code") == ""
    assert wrong_code.foreign_words(lang) == []


def test_code_of_the_app_is_no_saved_code(stranger: Hire) -> None:
    alice = stranger()

    assert recover(alice, alice.code()).path == RECOVER


def test_missing_saved_code_is_said_at_its_field(stranger: Hire, lang: str) -> None:
    words = {"ja": "リカバリーコードを入力してください。", "en": "Enter a recovery code"}

    assert recover(stranger(language=lang), "").errors_at("code") == [words[lang]]


def test_reset_is_asked_for_once(stranger: Hire, room: Staffroom, lang: str) -> None:
    alice = stranger(language=lang)
    recover(alice, room.codes["alice"][0])
    page = alice.send()

    words = {"ja": "2 人の担当者の同意を待っています。", "en": "Two people have to agree."}
    assert page.path == RESET
    assert words[lang] in page.text
    assert {"ja": "24 時間", "en": "24 hours"}[lang] in page.text
    assert page.foreign_words(lang) == []
    assert not page.html.select(".button--primary")
    alice.post(RESET, {"csrf_token": alice.token})
    assert room.tags("alice").count("staff:change:proposed") == 1


def test_agreed_reset_says_when_it_takes_effect(stranger: Hire, room: Staffroom, lang: str) -> None:
    alice = stranger(language=lang)
    recover(alice, room.codes["alice"][0])
    alice.send()
    for admin in ("ada", "ann"):
        room.agree(admin, only_proposal(room))

    words = {"ja": "リセットが同意されました。", "en": "Your reset is agreed."}
    assert words[lang] in alice.get(RESET).text


def test_reset_ends_in_an_invitation_and_a_new_app(stranger: Hire, room: Staffroom, world: World) -> None:
    alice = stranger()
    recover(alice, room.codes["alice"][0])
    alice.send()
    for admin in ("ada", "ann"):
        room.agree(admin, only_proposal(room))
    world.pass_time(hours=24)
    alice.get(f"/admin/invite/{room.link('staff_invite', 'invite')}")
    page = alice.send(password="herons under seven lamps", again="herons under seven lamps")

    assert page.path == ENROL
    key = page.html.main.code.get_text().replace(" ", "")
    assert alice.send(code=pyotp.TOTP(key).at(world.now)).path == CODES


def test_oldest_session_makes_room_for_this_one_too_and_the_page_says_so(
    clerk: Hire, stranger: Hire, room: Staffroom, lang: str
) -> None:
    oldest, *_others = (clerk("alice", lang) for _ in range(3))
    page = recover(stranger("alice", lang), room.codes["alice"][0])

    words = {"ja": "いちばん古いものを終了しました。", "en": "so the oldest session has ended."}
    assert page.path == RESET
    assert words[lang] in page.text
    assert oldest.get("/admin/own/").path == SIGN_IN
