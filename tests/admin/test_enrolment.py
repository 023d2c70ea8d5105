"""Between the first sign-in and the work: the app and the recovery codes; neither can be skipped."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pyotp
import pytest
import segno

from tests.admin.clerk import SIGN_IN, Clerk
from tests.admin.conftest import Hire
from tests.casework.staffroom import Staffroom
from tests.public.visitor import Page
from tests.world import World

ENROL, CODES, RESET = f"{SIGN_IN}enrol", f"{SIGN_IN}codes", f"{SIGN_IN}reset"
CODES_FILE, PICTURE = f"{SIGN_IN}codes/recovery-codes.txt", f"{SIGN_IN}enrol/key.svg"
WRONG = {
    "ja": [
        "MFA コードが一致しません。新しく表示されたコードを入力してください。",
        "端末の時刻が自動設定になっているか確認してください。",
    ],
    "en": [
        "The code does not match. Enter the newest code in your app",
        "Check that your device sets its time automatically.",
    ],
}


@pytest.fixture
def newcomer(stranger: Hire, room: Staffroom, world: World, lang: str) -> Clerk:
    """Alice on her first day: her password is set, and nothing else."""
    return beginner(stranger, room, world, lang)


@pytest.fixture
def beginner_in_japanese(stranger: Hire, room: Staffroom, world: World) -> Clerk:
    return beginner(stranger, room, world, "ja")


def beginner(stranger: Hire, room: Staffroom, world: World, language: str) -> Clerk:
    with world.system.act():
        alice = room.login("alice")
        alice.sealed_totp, alice.totp_enrolled_at = None, None
    made = stranger("alice", language)
    assert made.sign_in(code="").path == ENROL
    return made


def key_on(page: Page) -> str:
    return page.html.main.code.get_text().replace(" ", "")


def shown_by(key: str, world: World) -> str:
    """What an app that holds this key shows now."""
    return pyotp.TOTP(key).at(world.now)


def set_up(clerk: Clerk) -> Page:
    """Add the key to an app and type its code."""
    key = key_on(clerk.get(ENROL))
    clerk.world.logins["alice"].secret = key
    return clerk.send(code=shown_by(key, clerk.world))


def codes_on(page: Page) -> list[str]:
    return [line.get_text() for line in page.html.select(".codes li")]


def test_app_is_set_up_in_one_language_and_says_why(newcomer: Clerk, lang: str) -> None:
    page = newcomer.get(ENROL)

    assert page.heading == {"ja": "MFA デバイスの設定", "en": "Set up MFA"}[lang]
    assert {"ja": "この設定は省略できません。", "en": "This cannot be skipped."}[lang] in page.text
    assert (
        page.html.main.img["alt"]
        == {
            "ja": "設定キーを表示した QR コード",
            "en": "QR code for the setup key",
        }[lang]
    )
    assert page.foreign_words(lang) == []


def test_picture_text_and_link_hold_the_same_key(beginner_in_japanese: Clerk) -> None:
    alice = beginner_in_japanese
    page = alice.get(ENROL)
    groups = page.html.main.code.get_text().split(" ")
    link = next(address for address in page.links() if address.startswith("otpauth:"))
    picture = alice.client.get(PICTURE)
    drawn = BytesIO()
    segno.make(link, error="m").save(
        drawn, kind="svg", light="#fff", border=4, omitsize=True, xmldecl=False, svgclass=None
    )

    assert [len(group) for group in groups] == [4] * 8
    assert page.html.select_one("button[data-copy]")["data-copy"] == "".join(groups)
    assert pyotp.parse_uri(link).secret == "".join(groups)
    assert (pyotp.parse_uri(link).issuer, pyotp.parse_uri(link).name) == ("Kaijo", "alice@desk.example")
    assert picture.data == drawn.getvalue()
    assert (picture.mimetype, picture.headers["Cache-Control"]) == ("image/svg+xml", "no-store")


def test_right_code_goes_on_to_the_recovery_codes(beginner_in_japanese: Clerk, room: Staffroom) -> None:
    assert set_up(beginner_in_japanese).path == CODES
    assert room.told("staff_changed", "factor_enrolled") == {"Alice Verity"}


def test_wrong_code_says_what_to_do(newcomer: Clerk, lang: str) -> None:
    page = newcomer.send(code="000000")

    assert page.code == 422
    assert page.errors_at("code") == WRONG[lang]
    assert page.value("code") == ""
    assert page.foreign_words(lang) == []


def test_missing_code_is_said_at_its_field(newcomer: Clerk, lang: str) -> None:
    words = {"ja": "MFA コードを入力してください。", "en": "Enter the 6-digit MFA code"}

    assert newcomer.send(code="").errors_at("code") == [words[lang]]


def test_fifth_wrong_code_brings_another_key(newcomer: Clerk, lang: str) -> None:
    old = key_on(newcomer.get(ENROL))
    for _ in range(4):
        assert newcomer.send(code="000000").errors_at("code") == WRONG[lang]
    page = newcomer.send(code="000000")

    words = {"ja": "新しい設定キーでアプリの設定をやり直してください。", "en": "with the new key"}
    assert words[lang] in page.errors_at("code")[0]
    assert key_on(page) != old
    assert newcomer.send(code=shown_by(old, newcomer.world)).path == ENROL
    assert set_up(newcomer).path == CODES


def test_key_is_good_for_ten_minutes(beginner_in_japanese: Clerk, world: World) -> None:
    alice = beginner_in_japanese
    old = key_on(alice.get(ENROL))
    world.now += timedelta(minutes=10)
    page = alice.send(code=shown_by(old, world))

    assert "設定キーの有効期間" in page.errors_at("code")[0]
    assert key_on(page) != old


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/queue/", "/admin/own/", CODES, CODES_FILE, RESET, SIGN_IN]
)
def test_setting_up_the_app_cannot_be_skipped(beginner_in_japanese: Clerk, path: str) -> None:
    assert beginner_in_japanese.get(path).path == ENROL


@pytest.mark.parametrize("path", [CODES, RESET, "/admin/own/", "/admin/own/stay", "/admin/own/sessions"])
def test_form_of_a_later_page_cannot_be_sent_before_its_time(
    beginner_in_japanese: Clerk, room: Staffroom, path: str
) -> None:
    alice = beginner_in_japanese
    done = room.tags("alice")

    assert alice.post(path, {"csrf_token": alice.token, "saved": "y", "language": "en"}).path == ENROL
    assert room.tags("alice") == done


@pytest.mark.parametrize("path", ["/admin/", "/admin/queue/", "/admin/own/", ENROL, PICTURE, RESET])
def test_saving_the_codes_cannot_be_skipped(beginner_in_japanese: Clerk, path: str) -> None:
    set_up(beginner_in_japanese)

    assert beginner_in_japanese.get(path).path == CODES


@pytest.mark.parametrize("path", [ENROL, PICTURE, CODES, CODES_FILE, RESET])
def test_whoever_works_cannot_go_back_to_these_pages(clerk: Hire, path: str) -> None:
    assert clerk("alice").get(path).path == "/admin/queue/"


@pytest.mark.parametrize("path", [ENROL, PICTURE, CODES, CODES_FILE, RESET])
def test_stranger_sees_none_of_these_pages(stranger: Hire, path: str) -> None:
    assert stranger().get(path).path == SIGN_IN


def test_each_stage_has_a_cookie_of_its_own(beginner_in_japanese: Clerk, stranger: Hire) -> None:
    alice, thief = beginner_in_japanese, stranger()
    cookies = [alice.cookie]
    set_up(alice)
    cookies.append(alice.cookie)
    alice.send(saved="y")
    cookies.append(alice.cookie)

    assert len(set(cookies)) == 3
    for stale in cookies[:2]:
        thief.client.set_cookie("staff", str(stale))
        assert thief.get("/admin/own/").path == SIGN_IN


def test_code_of_the_set_up_is_used_up(beginner_in_japanese: Clerk, stranger: Hire) -> None:
    set_up(beginner_in_japanese)
    code = shown_by(beginner_in_japanese.world.logins["alice"].secret, beginner_in_japanese.world)

    assert stranger().sign_in(code=code).path == SIGN_IN


def test_whoever_left_the_set_up_goes_on_with_the_password_alone(beginner_in_japanese: Clerk) -> None:
    beginner_in_japanese.send("/out")

    assert beginner_in_japanese.sign_in(code="").path == ENROL


def test_language_can_be_chosen_before_everything_is_set_up(newcomer: Clerk, lang: str) -> None:
    other = {"ja": "en", "en": "ja"}[lang]
    page = newcomer.send("/language", language=other)

    assert page.path == ENROL
    assert page.foreign_words(other) == []


def test_codes_are_shown_to_be_kept_in_three_ways(newcomer: Clerk, lang: str) -> None:
    page = set_up(newcomer)
    codes = codes_on(page)

    assert len(set(codes)) == 10
    assert page.html.select_one("button[data-copy]")["data-copy"].split("\n") == codes
    assert page.html.select_one("button[data-print]")
    assert CODES_FILE in page.links()
    assert page.foreign_words(lang) == []


def test_file_of_the_codes_says_whose_they_are(newcomer: Clerk, lang: str) -> None:
    codes = codes_on(set_up(newcomer))
    answer = newcomer.client.get(CODES_FILE)

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=recovery-codes.txt"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "alice@desk.example" in answer.text
    assert {"ja": "リカバリーコード", "en": "Recovery codes"}[lang] in answer.text
    assert answer.text.split("\r\n")[-11:-1] == codes


def test_codes_must_be_said_to_be_saved(newcomer: Clerk, lang: str) -> None:
    shown = codes_on(set_up(newcomer))
    page = newcomer.send()

    words = {
        "ja": "リカバリーコードを保存し、チェックを入れてください。",
        "en": "Save your recovery codes, then confirm",
    }
    assert (page.code, page.errors_at("saved")) == (422, [words[lang]])
    assert codes_on(page) == shown
    assert newcomer.get("/admin/queue/").path == CODES


def test_saved_codes_open_the_desk_and_are_shown_no_more(beginner_in_japanese: Clerk) -> None:
    alice = beginner_in_japanese
    shown = codes_on(set_up(alice))
    page = alice.send(saved="y")

    assert page.path == "/admin/queue/"
    assert not any(code in alice.client.get(CODES_FILE, follow_redirects=True).text for code in shown)
