"""A person's own pages: how the desk looks, where they are signed in, their password and their recovery codes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.admin.clerk import SIGN_IN, Clerk
from tests.admin.conftest import Hire
from tests.casework.staffroom import PASSWORD, Staffroom
from tests.public.visitor import Page
from tests.world import World

pytestmark = pytest.mark.door

OWN, NEW_PASSWORD, NEW_CODES = "/admin/own/", "/admin/own/password", "/admin/own/codes"
CHOSEN = "herons under seven lamps"
BOTH_WRONG = {
    "ja": "パスワードまたは MFA コードが正しくありません。",
    "en": "The password or the MFA code is incorrect.",
}


def codes_on(page: Page) -> list[str]:
    return [line.get_text() for line in page.html.select(".codes li")]


def session_forms(page: Page) -> list[str]:
    """Where the buttons that end one session lead."""
    forms = page.html.main.find_all("form")
    return [form["action"] for form in forms if form.get("action", "").startswith("/admin/own/sessions/")]


def change(clerk: Clerk, **typed: str) -> Page:
    clerk.get(NEW_PASSWORD)
    mine = {"present": PASSWORD, "password": CHOSEN, "again": CHOSEN}
    code = typed.pop("code", None)
    return clerk.send(**{**mine, "code": clerk.code() if code is None else code, **typed})


@pytest.mark.parametrize("name", ["alice", "bob", "lee", "chika", "ada"])
def test_everybody_has_settings_in_the_menu(clerk: Hire, name: str) -> None:
    page = clerk(name).get(OWN)

    assert page.code == 200
    assert page.html.select_one(".desk-nav a[aria-current]")["href"] == OWN


@pytest.mark.parametrize("path", [OWN, NEW_PASSWORD, NEW_CODES])
def test_each_page_speaks_one_language(clerk: Hire, lang: str, path: str) -> None:
    page = clerk("alice", lang).get(path)

    assert page.heading
    assert page.foreign_words(lang) == []


def test_settings_are_kept_and_seen_at_once(clerk: Hire, room: Staffroom, lang: str) -> None:
    alice = clerk("alice", lang)
    alice.get(OWN)
    other = {"ja": "en", "en": "ja"}[lang]
    page = alice.send(language=other, theme="dark", density="dense")

    assert (
        page.html.find(role="status", class_="banner").get_text(strip=True)
        == {
            "ja": "保存しました",
            "en": "Saved",
        }[other]
    )
    assert page.html.html["lang"] == other
    assert page.html.html["data-density"] == "dense"
    assert page.html.find("link", href=lambda href: "dark.css" in href)["media"] == "screen"
    assert [page.value(name) for name in ("language", "theme", "density")] == [other, "dark", "dense"]
    assert room.tags("alice")[-1] == "staff:settings:changed"


def test_door_goes_on_in_the_language_that_was_set(clerk: Hire) -> None:
    alice = clerk("alice")
    alice.get(OWN)
    alice.send(language="en")

    assert alice.send("/out").heading == "Sign in"


@pytest.mark.parametrize("field", ["language", "theme", "density"])
@pytest.mark.parametrize("made_up", ["xx", "", "dark; DROP"])
def test_value_made_by_hand_is_refused_at_its_field(
    clerk: Hire, room: Staffroom, field: str, made_up: str
) -> None:
    alice = clerk("alice")
    alice.get(OWN)
    page = alice.send(**{field: made_up})

    assert page.code == 422
    assert page.errors_at(field) == ["選択肢から選んでください。"]
    assert "staff:settings:changed" not in room.tags("alice")


def test_sessions_are_listed_and_this_one_is_marked(clerk: Hire, lang: str) -> None:
    clerk("alice", lang)
    page = clerk("alice", lang).get(OWN)
    rows = page.html.select("tbody tr")

    assert len(rows) == 2
    assert ["このブラウザー" in row.get_text() or "This browser" in row.get_text() for row in rows] == [
        True,
        False,
    ]
    assert "127.0.0.1" in rows[0].get_text()
    assert len(session_forms(page)) == 1


def test_one_other_session_can_be_ended(clerk: Hire, lang: str) -> None:
    left_open, alice = clerk("alice", lang), clerk("alice", lang)
    page = alice.send(session_forms(alice.get(OWN))[0])

    assert {"ja": "セッションを終了しました。", "en": "The session has ended."}[lang] in page.text
    assert left_open.get(OWN).path == SIGN_IN
    assert alice.get(OWN).path == OWN


def test_ending_a_session_twice_is_ending_it_once(clerk: Hire) -> None:
    clerk("alice")
    alice = clerk("alice")
    address = session_forms(alice.get(OWN))[0]
    alice.send(address)

    assert alice.post(address, {"csrf_token": alice.token}).path == OWN


def test_colleague_s_session_cannot_be_ended(clerk: Hire) -> None:
    vic, alice = clerk("vic"), clerk("alice")
    second = clerk("vic")
    address = session_forms(second.get(OWN))[0]
    alice.get(OWN)
    alice.post(address, {"csrf_token": alice.token})

    assert vic.get(OWN).path == OWN


def test_all_other_sessions_can_be_ended(clerk: Hire, lang: str) -> None:
    others = [clerk("alice", lang), clerk("alice", lang)]
    alice = clerk("alice", lang)
    alice.get(OWN)
    page = alice.send("/admin/own/sessions")

    words = {"ja": "ほかのセッションをすべて終了しました。", "en": "All other sessions have ended."}
    assert words[lang] in page.text
    assert [other.get(OWN).path for other in others] == [SIGN_IN, SIGN_IN]


def test_password_is_changed_with_the_present_one_and_a_new_code(
    clerk: Hire, stranger: Hire, room: Staffroom, lang: str
) -> None:
    other, alice = clerk("alice", lang), clerk("alice", lang)
    page = change(alice)

    words = {"ja": "パスワードを変更しました。", "en": "Your password is changed."}
    assert (page.path, words[lang] in page.text) == (OWN, True)
    assert other.get(OWN).path == SIGN_IN
    assert stranger().sign_in().path == SIGN_IN
    assert stranger().sign_in(password=CHOSEN).path == "/admin/queue/"
    assert room.told("staff_changed", "password_changed") == {"Alice Verity"}


@pytest.mark.parametrize("wrong", [{"present": "not the password at all"}, {"code": "000000"}])
def test_wrong_proof_changes_nothing_and_does_not_say_which(
    clerk: Hire, stranger: Hire, lang: str, wrong: dict[str, str]
) -> None:
    alice = clerk("alice", lang)
    page = change(alice, **wrong)

    assert (page.code, BOTH_WRONG[lang] in page.text) == (422, True)
    assert page.foreign_words(lang) == []
    assert [page.value(name) for name in ("present", "password", "again", "code")] == ["", "", "", ""]
    assert stranger().sign_in().path == "/admin/queue/"


def test_code_that_was_used_before_changes_nothing(clerk: Hire, stranger: Hire) -> None:
    alice = stranger()
    code = alice.code()
    alice.sign_in(code=code)

    assert BOTH_WRONG["ja"] in change(alice, code=code).text


def test_weak_password_is_said_at_its_field_and_costs_no_code(clerk: Hire, lang: str) -> None:
    alice = clerk("alice", lang)
    code = alice.code()
    page = change(alice, password="short", again="short", code=code)

    words = {
        "ja": "パスワードは 15 文字以上で入力してください。",
        "en": "Password must be 15 characters or more",
    }
    assert page.errors_at("password") == [words[lang]]
    assert change(alice, code=code).path == OWN


def test_what_is_missing_is_said_at_each_field(clerk: Hire, lang: str) -> None:
    page = change(clerk("alice", lang), present="", password="", again="", code="")

    assert (
        page.summary
        == {
            "ja": [
                ("パスワードを入力してください。", "present"),
                ("パスワードを入力してください。", "password"),
                ("MFA コードを入力してください。", "code"),
            ],
            "en": [
                ("Enter your password", "present"),
                ("Enter a password", "password"),
                ("Enter the 6-digit MFA code", "code"),
            ],
        }[lang]
    )


def test_too_many_wrong_codes_say_when_to_try_again(clerk: Hire, lang: str) -> None:
    alice = clerk("alice", lang)
    for _ in range(6):
        alice.get(NEW_CODES)
        page = alice.send(code="000000")

    words = {
        "ja": "分後にもう一度試すか、管理者に連絡してください。",
        "en": "minutes or contact your administrator.",
    }
    assert page.code == 429
    assert words[lang] in page.text
    assert int(page.response.headers["Retry-After"]) > 0


def test_new_recovery_codes_need_a_new_code(clerk: Hire, lang: str) -> None:
    alice = clerk("alice", lang)
    alice.get(NEW_CODES)
    page = alice.send(code="000000")

    words = {
        "ja": "MFA コードが一致しません。新しく表示されたコードを入力してください。",
        "en": "The code does not match. Enter the newest code in your app",
    }
    assert page.errors_at("code") == [words[lang]]
    assert page.foreign_words(lang) == []


def test_new_recovery_codes_replace_the_old_ones_once_they_are_saved(
    clerk: Hire, room: Staffroom, lang: str
) -> None:
    alice = clerk("alice", lang)
    alice.get(NEW_CODES)
    page = alice.send(code=alice.code())
    shown = codes_on(page)

    assert len(set(shown)) == 10
    assert not set(shown) & set(room.codes["alice"])
    assert page.foreign_words(lang) == []
    page = alice.send(saved="y")
    words = {"ja": "新しいリカバリーコードを保存しました。", "en": "Your new recovery codes are saved."}
    assert (page.path, words[lang] in page.text) == (OWN, True)
    assert room.recover("alice", shown[0]).stage == "recovery"


def test_old_recovery_codes_work_until_the_new_ones_are_saved(clerk: Hire, room: Staffroom) -> None:
    alice = clerk("alice")
    alice.get(NEW_CODES)
    alice.send(code=alice.code())

    assert room.recover("alice", room.codes["alice"][0]).stage == "recovery"


def test_staying_renews_the_idle_time(clerk: Hire, world: World) -> None:
    alice = clerk("alice")
    for _ in range(3):
        world.now += timedelta(minutes=14)
        answer = alice.client.post("/admin/own/stay", data={"csrf_token": alice.token})
        assert (answer.status_code, answer.data) == (204, b"")

    assert alice.get(OWN).path == OWN


def test_staying_too_late_is_no_success(clerk: Hire, world: World) -> None:
    alice = clerk("alice")
    world.now += timedelta(minutes=15)
    answer = alice.client.post("/admin/own/stay", data={"csrf_token": alice.token})

    assert answer.status_code == 303


def test_nobody_stays_beyond_ten_hours(clerk: Hire, world: World) -> None:
    alice = clerk("alice")
    token = alice.token
    for _ in range(60):
        world.now += timedelta(minutes=10)
        alice.client.post("/admin/own/stay", data={"csrf_token": token})

    assert alice.get(OWN).path == SIGN_IN


def test_page_tells_the_script_when_to_warn_and_when_it_is_over(clerk: Hire) -> None:
    dialog = clerk("alice").get(OWN).html.find("dialog")

    assert (dialog["data-warn-after"], dialog["data-end-after"]) == (str(13 * 60), str(15 * 60))
    assert dialog.form["action"] == "/admin/own/stay"


def test_own_pages_stay_open_while_no_role_is_in_force(clerk: Hire, room: Staffroom) -> None:
    room.agree("ann", room.propose("ada", "role_revoke", "alice", role="verifier"))
    alice = clerk("alice")

    assert alice.page is not None
    assert alice.page.path == OWN
    assert "有効な権限はありません" in alice.page.text
    assert alice.get("/admin/queue/").code == 403


@pytest.mark.parametrize(
    "path", ["/admin/own/stay", "/admin/own/sessions", "/admin/own/sessions/0123456789abcdef"]
)
def test_acts_of_these_pages_are_no_links(clerk: Hire, path: str) -> None:
    assert clerk("alice").get(path).code == 405


def test_single_keys_work_until_they_are_switched_off_here(clerk: Hire, lang: str) -> None:
    alice = clerk("alice", lang)
    page = alice.get(OWN)
    assert page.html.find(attrs={"data-shortcuts": True})
    assert page.html.find("dialog", id="keys")
    sent = alice.fill()
    sent.pop("shortcuts")
    page = alice.post(OWN, sent)

    assert page.html.find(attrs={"data-shortcuts": True}) is None
    assert page.html.find("dialog", id="keys") is None
    assert alice.fill().get("shortcuts") is None
    assert alice.post(OWN, {**alice.fill(), "shortcuts": "y"}).html.find(attrs={"data-shortcuts": True})


def test_changing_the_language_in_the_header_leaves_the_keys_as_they_are(clerk: Hire) -> None:
    alice = clerk("alice")
    alice.get(OWN)
    sent = alice.fill()
    sent.pop("shortcuts")
    alice.post(OWN, sent)

    assert alice.send("/language", language="en").html.find(attrs={"data-shortcuts": True}) is None
