"""The sign-in page: who is let in, and what everybody else is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.admin.clerk import SIGN_IN
from tests.admin.conftest import Hire
from tests.casework.staffroom import PASSWORD, Staffroom
from tests.world import World

pytestmark = pytest.mark.door

FAILED = {
    "ja": "メールアドレス、パスワード、MFA コードのいずれかが正しくありません。",
    "en": "The email address, password or MFA code is incorrect.",
}


def test_password_and_code_open_the_first_page_of_the_menu(clerk: Hire) -> None:
    alice = clerk("alice")

    assert alice.page is not None
    assert (alice.page.code, alice.page.path) == (200, "/admin/queue/")
    assert "Alice Verity" in alice.page.html.header.get_text()


def test_sign_in_page_speaks_one_language(stranger: Hire, lang: str) -> None:
    page = stranger(language=lang).get(SIGN_IN)

    assert page.heading == {"ja": "サインイン", "en": "Sign in"}[lang]
    assert page.foreign_words(lang) == []


def test_password_managers_and_code_keyboards_are_served(stranger: Hire) -> None:
    form = stranger().get(SIGN_IN).html.main.form
    kinds = {
        tag["name"]: (tag.get("autocomplete"), tag.get("type"))
        for tag in form.find_all("input", id=["email", "password", "code"])
    }

    assert kinds == {
        "email": ("username", "text"),
        "password": ("current-password", "password"),
        "code": ("one-time-code", "text"),
    }
    assert form.find(id="code")["inputmode"] == "numeric"
    assert form.find("button", attrs={"data-show": "password"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "not the password at all"},
        {"email": "nobody@desk.example"},
        {"email": "not an address"},
        {"email": "x" * 300},
        {"code": ""},
        {"code": "000000"},
    ],
    ids=lambda wrong: "-".join(f"{name}:{text[:9]}" for name, text in wrong.items()),
)
def test_whatever_is_wrong_gets_one_answer_without_password_and_code(
    stranger: Hire, wrong: dict[str, str]
) -> None:
    alice = stranger()
    page = alice.sign_in(**wrong)

    assert page.code == 422
    assert page.html.select_one("#error-summary li").get_text() == FAILED["ja"]
    assert page.value("email") == wrong.get("email", "alice@desk.example")
    assert (page.value("password"), page.value("code")) == ("", "")
    assert PASSWORD not in str(page.html)
    assert alice.cookie is None


def test_failure_is_said_in_the_reader_s_language(stranger: Hire, lang: str) -> None:
    page = stranger(language=lang).sign_in(password="not the password at all")

    assert FAILED[lang] in page.text
    assert page.foreign_words(lang) == []
    assert page.title.startswith({"ja": "エラー：", "en": "Error: "}[lang])


def test_what_is_missing_is_said_at_its_field(stranger: Hire, lang: str) -> None:
    page = stranger(language=lang).sign_in(email=" ", password="")

    assert (
        page.summary
        == {
            "ja": [
                ("業務用メールアドレスを入力してください。", "email"),
                ("パスワードを入力してください。", "password"),
            ],
            "en": [("Enter your work email address", "email"), ("Enter your password", "password")],
        }[lang]
    )
    assert page.foreign_words(lang) == []


def test_code_of_five_digits_is_said_at_its_field_and_costs_no_try(stranger: Hire, room: Staffroom) -> None:
    page = stranger().sign_in(code="12345")

    assert page.errors_at("code") == ["MFA コードは 6 桁です（入力された数字は 5 桁）。"]
    assert room.tags("alice") == []


def test_code_may_be_typed_in_full_width_and_with_a_space(stranger: Hire) -> None:
    alice = stranger()
    wide = alice.code().translate(str.maketrans("0123456789", "０１２３４５６７８９"))

    assert alice.sign_in(code=f"{wide[:3]} {wide[3:]}").path == "/admin/queue/"


def test_code_lets_in_one_browser(stranger: Hire) -> None:
    first, second = stranger(), stranger()
    code = first.code()
    first.sign_in(code=code)

    assert FAILED["ja"] in second.sign_in(code=code).text
    assert second.cookie is None


def test_too_many_failures_say_when_to_try_again(stranger: Hire, lang: str) -> None:
    alice = stranger(language=lang)
    for _ in range(14):
        page = alice.sign_in(email="guess@desk.example", password="wrong")
    page = alice.sign_in(email="guess@desk.example", password="wrong")

    words = {
        "ja": "分後にもう一度試すか、管理者に連絡してください。",
        "en": "or contact your administrator.",
    }
    assert page.code == 429
    assert words[lang] in page.text
    assert page.foreign_words(lang) == []
    assert int(page.response.headers["Retry-After"]) > 0


def test_pause_names_whole_minutes(stranger: Hire, world: World) -> None:
    alice = stranger(language="en")
    for _ in range(6):
        alice.sign_in(password="wrong", code="000000")
    for pause in (1, 2, 4, 8, 16, 32, 64):
        world.now += timedelta(seconds=pause)
        alice.sign_in(password="wrong", code="000000")
    page = alice.sign_in(password="wrong", code="000000")

    assert "Try again in 3 minutes or contact your administrator." in page.text


def test_login_without_a_factor_goes_on_to_set_one_up(stranger: Hire, room: Staffroom, world: World) -> None:
    with world.system.act():
        room.login("alice").sealed_totp = None
    page = stranger().sign_in(code="")

    assert page.path == "/admin/sign-in/enrol"
