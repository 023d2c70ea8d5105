"""An invitation: opening it shows who is invited, and only its button sets the password, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.casework import logins, shutting, staff
from portal.casework.logins import Entry
from portal.domain.lifecycle import Role
from tests.admin.clerk import SIGN_IN, Clerk, whole_database
from tests.admin.conftest import Hire
from tests.casework.staffroom import Staffroom
from tests.world import World

ENROL = f"{SIGN_IN}enrol"
CHOSEN = "herons under seven lamps"
GONE = {"ja": "このリンクは使えません", "en": "This link no longer works"}


@pytest.fixture
def newt(stranger: Hire) -> Clerk:
    """The browser of somebody who has no password yet."""
    return stranger("newt")


def invitation(room: Staffroom, language: str = "ja") -> str:
    """The address in the mail, after two admins have agreed and a day has passed."""
    entry = Entry("Newt Newcomer", "newt@desk.example", language, frozenset({Role.VERIFIER}))
    room.agree("ann", staff.propose_login(room.world.as_("ada"), entry))
    room.world.pass_time(hours=24)
    return address(room)


def address(room: Staffroom) -> str:
    return f"/admin/invite/{room.link('staff_invite', 'invite')}"


def test_password_leads_on_to_the_app_with_a_session(newt: Clerk, room: Staffroom) -> None:
    newt.get(invitation(room))
    page = newt.send(password=CHOSEN, again=CHOSEN)

    assert page.path == ENROL
    assert newt.cookie
    assert CHOSEN not in str(page.html)


def test_page_says_who_is_invited_and_what_a_password_must_be(
    stranger: Hire, room: Staffroom, lang: str
) -> None:
    page = stranger("newt", lang).get(invitation(room))

    assert page.heading == {"ja": "パスワードの設定", "en": "Set your password"}[lang]
    assert page.value("email") == "newt@desk.example"
    assert {"ja": "15 文字以上", "en": "15 characters or more"}[lang] in page.text
    assert page.foreign_words(lang) == []


def test_password_managers_are_told_that_this_is_a_new_password(newt: Clerk, room: Staffroom) -> None:
    fields = newt.get(invitation(room)).html.main.find_all("input", id=True)

    assert [field["autocomplete"] for field in fields] == ["username", "new-password", "new-password"]


def test_invitation_speaks_the_language_of_the_invited_unless_told_another(
    newt: Clerk, room: Staffroom
) -> None:
    link = invitation(room, "en")
    newt.client.delete_cookie("lang")

    assert newt.get(link).heading == "Set your password"
    assert newt.send("/language", language="ja").heading == "パスワードの設定"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_mail_scanners_change_nothing(newt: Clerk, room: Staffroom, method: str) -> None:
    link = invitation(room)
    before = whole_database(room.world)
    for _ in range(10):
        assert newt.client.open(link, method=method).status_code == 200

    assert whole_database(room.world) == before


def test_form_without_its_token_is_refused(newt: Clerk, room: Staffroom) -> None:
    link = invitation(room)

    assert newt.client.post(link, data={"password": CHOSEN, "again": CHOSEN}).status_code == 400
    assert newt.get(link).code == 200


def test_used_invitation_says_so(stranger: Hire, room: Staffroom, lang: str) -> None:
    newt = stranger("newt", lang)
    link = invitation(room)
    newt.get(link)
    newt.send(password=CHOSEN, again=CHOSEN)
    page = newt.get(link)

    assert (page.code, page.heading) == (404, GONE[lang])
    assert page.foreign_words(lang) == []


def test_second_press_of_the_button_says_so_too(newt: Clerk, stranger: Hire, room: Staffroom) -> None:
    link, second = invitation(room), stranger("newt")
    newt.get(link)
    second.get(link)
    newt.send(password=CHOSEN, again=CHOSEN)
    page = second.send(password="another one altogether", again="another one altogether")

    assert (page.code, page.heading) == (404, GONE["ja"])
    assert newt.get(ENROL).path == ENROL


def test_invitation_ends_after_a_day(newt: Clerk, room: Staffroom, world: World) -> None:
    link = invitation(room)
    world.now += timedelta(hours=24)

    assert newt.get(link).heading == GONE["ja"]


def test_newer_invitation_ends_the_older(newt: Clerk, room: Staffroom, world: World) -> None:
    older = invitation(room)
    world.now += timedelta(minutes=1)
    invited = logins.find_invite(world.system, older.rpartition("/")[2])
    assert invited is not None
    logins.invite_again(world.as_("ada"), invited.id)

    assert newt.get(older).heading == GONE["ja"]
    assert newt.get(address(room)).code == 200


def test_disabled_colleague_s_invitation_is_over(newt: Clerk, room: Staffroom, world: World) -> None:
    link = invitation(room)
    invited = logins.find_invite(world.system, link.rpartition("/")[2])
    assert invited is not None
    shutting.disable(world.as_("ada"), invited.id, code=world.code("ada"))

    assert newt.get(link).heading == GONE["ja"]


@pytest.mark.parametrize(
    ("spoil", "code"), [("x" * 43, 404), ("x" * 42, 404), ("x" * 44, 404), ("é" * 43, 404), ("%00" * 43, 400)]
)
def test_address_that_is_no_invitation_is_not_found(newt: Clerk, spoil: str, code: int) -> None:
    assert newt.get(f"/admin/invite/{spoil}").code == code


def test_address_without_a_token_leads_to_the_door(newt: Clerk) -> None:
    assert newt.get("/admin/invite/").path == SIGN_IN


@pytest.mark.parametrize(
    ("password", "words"),
    [
        (
            "short",
            {
                "ja": "パスワードは 15 文字以上で入力してください。",
                "en": "Password must be 15 characters or more",
            },
        ),
        (
            "aaaaaaaaaaaaaaaaaaaa",
            {
                "ja": "同じ文字の繰り返しや、キーボードの並びは使えません。",
                "en": "Password must not repeat itself or follow the keyboard",
            },
        ),
        (
            "Newt Newcomer desk",
            {
                "ja": "サービス名やご自身の名前だけのパスワードは使えません。",
                "en": "Password must not consist of names of the service or your own",
            },
        ),
        ("", {"ja": "パスワードを入力してください。", "en": "Enter a password"}),
    ],
    ids=["short", "repeats", "names", "missing"],
)
def test_password_that_will_not_do_is_said_at_its_field(
    stranger: Hire, room: Staffroom, lang: str, password: str, words: dict[str, str]
) -> None:
    newt = stranger("newt", lang)
    newt.get(invitation(room))
    page = newt.send(password=password, again=password)

    assert page.code == 422
    assert page.errors_at("password") == [words[lang]]
    assert page.value("password") == ""
    assert page.foreign_words(lang) == []


def test_password_must_be_typed_twice_alike(stranger: Hire, room: Staffroom, lang: str) -> None:
    newt = stranger("newt", lang)
    newt.get(invitation(room))
    page = newt.send(password=CHOSEN, again=f"{CHOSEN} ")

    words = {
        "ja": "2 つの欄に同じパスワードを入力してください。",
        "en": "Enter the same password in both fields",
    }
    assert page.errors_at("again") == [words[lang]]


def test_what_is_sent_as_the_address_is_not_read(newt: Clerk, room: Staffroom) -> None:
    newt.get(invitation(room))
    page = newt.send(email="alice@desk.example", password="short", again="short")

    assert page.value("email") == "newt@desk.example"


def test_session_of_whoever_used_the_browser_before_ends(clerk: Hire, room: Staffroom) -> None:
    link, alice = invitation(room), clerk("alice")
    alice.get(link)
    alice.send(password=CHOSEN, again=CHOSEN)

    assert alice.get(SIGN_IN).path == ENROL
    assert "newt@desk.example" in " ".join(alice.page.links() if alice.page else []).replace("%40", "@")
    assert room.tags("alice")[-1] == "staff:session:ended"
