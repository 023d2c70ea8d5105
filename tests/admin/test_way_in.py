"""The way in and out: what a cookie, an address or a form from elsewhere is worth, how sessions end, and the language."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

import wsgi
from tests.admin.clerk import SIGN_IN, Clerk
from tests.admin.conftest import Hire
from tests.casework.staffroom import PASSWORD, Staffroom
from tests.public.visitor import Page
from tests.web import LIVE
from tests.world import World

pytestmark = pytest.mark.door

FAILED = "メールアドレス、パスワード、MFA コードのいずれかが正しくありません。"


def cookie_line(answer: TestResponse, name: str) -> str:
    return next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith(f"{name}="))


def sign_in_by_hand(clerk: Clerk, **how: str) -> TestResponse:
    """The bare answer to a right form, before any redirect is followed."""
    page = clerk.client.get(SIGN_IN, **how).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    typed = {"email": f"{clerk.name}@desk.example", "password": PASSWORD, "code": clerk.code()}
    return clerk.client.post(SIGN_IN, data={**typed, "csrf_token": token}, **how)


def test_cookie_is_for_this_site_s_own_pages_and_ends_with_the_browser(stranger: Hire) -> None:
    line = cookie_line(sign_in_by_hand(stranger()), "staff")

    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(line.split("; "))
    assert "Secure" not in line
    assert "Max-Age" not in line
    assert "Expires" not in line


def test_outside_a_demo_the_cookie_is_bound_to_this_host(room: Staffroom, world: World) -> None:
    settings = replace(world.runtime.settings, demo=False, base_url=LIVE)
    alice = Clerk(wsgi.create_app(runtime=replace(world.runtime, settings=settings)), room, "alice")
    line = cookie_line(sign_in_by_hand(alice, base_url=LIVE), "__Host-staff")

    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Secure"} <= set(line.split("; "))
    assert "Domain" not in line


def test_planted_cookie_is_worth_nothing_after_the_sign_in(clerk: Hire, stranger: Hire) -> None:
    planter, victim = clerk("vic"), stranger()
    victim.get(SIGN_IN)
    planted = planter.cookie
    victim.client.set_cookie("staff", str(planted))
    victim.send(email="alice@desk.example", password=PASSWORD, code=victim.code())

    assert victim.cookie != planted
    assert planter.get("/admin/own/").path == SIGN_IN


def test_made_up_cookie_opens_nothing(stranger: Hire) -> None:
    alice = stranger()
    for cookie in ("x" * 43, "", "1", "\u00e9" * 43):
        alice.client.set_cookie("staff", cookie)
        assert alice.get("/admin/queue/").path == SIGN_IN


@pytest.mark.parametrize("path", ["/admin/", "/admin/queue/", "/admin/own/", "/admin/own/password"])
def test_page_of_the_desk_leads_a_stranger_to_the_door(stranger: Hire, path: str) -> None:
    assert stranger().get(path).path == SIGN_IN


def test_sign_in_leads_back_to_the_page_that_was_wanted(stranger: Hire) -> None:
    alice = stranger()
    alice.get("/admin/queue/?view=open&language=ja")
    page = alice.send(email="alice@desk.example", password=PASSWORD, code=alice.code())

    assert (page.path, page.query) == ("/admin/queue/", "view=open&language=ja")


def test_failure_does_not_forget_the_page_that_was_wanted(stranger: Hire) -> None:
    alice = stranger()
    alice.get("/admin/own/password")
    alice.send(email="alice@desk.example", password="wrong", code="")
    page = alice.send(email="alice@desk.example", password=PASSWORD, code=alice.code())

    assert page.path == "/admin/own/password"


@pytest.mark.parametrize(
    "trap",
    [
        "//evil.example",
        "https://evil.example/admin/",
        "/\\evil.example",
        "/admin/\\evil.example",
        "/admin//evil.example",
        "/%09/evil.example",
        "/ja/",
        "/administrator/",
        "admin/own/",
        "javascript:alert(1)",
    ],
)
def test_address_from_outside_leads_home(clerk: Hire, trap: str) -> None:
    alice = clerk("alice")
    answer = alice.client.get(SIGN_IN, query_string={"next": trap})

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/admin/"


def test_whoever_is_signed_in_is_led_on(clerk: Hire) -> None:
    alice = clerk("alice")

    assert alice.get(f"{SIGN_IN}?next=/admin/own/").path == "/admin/own/"
    assert alice.get(f"{SIGN_IN}recover").path == "/admin/queue/"


def test_idle_session_ends_and_the_door_says_why(clerk: Hire, world: World, lang: str) -> None:
    alice = clerk("alice", lang)
    world.now += timedelta(minutes=15)
    page = alice.get("/admin/queue/")

    words = {
        "ja": "一定時間操作がなかったためサインアウトしました。",
        "en": "You were signed out because of inactivity.",
    }
    assert page.path == SIGN_IN
    assert words[lang] in page.text
    assert page.foreign_words(lang) == []
    assert alice.cookie is None


def test_fourth_session_ends_the_oldest_and_says_so(clerk: Hire, lang: str) -> None:
    oldest, *_others = (clerk("alice", lang) for _ in range(3))
    fourth = clerk("alice", lang)

    words = {"ja": "いちばん古いものを終了しました。", "en": "so the oldest session has ended."}
    assert fourth.page is not None
    assert fourth.page.path == "/admin/own/"
    assert words[lang] in fourth.page.text
    assert fourth.page.foreign_words(lang) == []
    assert oldest.get("/admin/own/").path == SIGN_IN


def test_after_the_fourth_sign_in_one_link_leads_to_the_page_that_was_wanted(
    clerk: Hire, stranger: Hire
) -> None:
    for _ in range(3):
        clerk("alice")
    fourth = stranger()
    fourth.get("/admin/own/password")
    page = fourth.send(email="alice@desk.example", password=PASSWORD, code=fourth.code())

    assert "/admin/own/password" in [link["href"] for link in page.html.select(".banner a")]


def test_sign_out_kills_the_cookie(clerk: Hire, stranger: Hire, lang: str) -> None:
    alice, thief = clerk("alice", lang), stranger(language=lang)
    thief.client.set_cookie("staff", str(alice.cookie))
    page = alice.send("/out")

    assert page.path == SIGN_IN
    assert {"ja": "サインアウトしました。", "en": "You are signed out."}[lang] in page.text
    assert alice.cookie is None
    assert thief.get("/admin/queue/").path == SIGN_IN


def test_link_cannot_sign_anybody_out(clerk: Hire) -> None:
    alice = clerk("alice")

    assert alice.get(f"{SIGN_IN}out").code == 405
    assert alice.get("/admin/own/").code == 200


@pytest.mark.parametrize("path", [SIGN_IN, f"{SIGN_IN}recover", f"{SIGN_IN}out", f"{SIGN_IN}language"])
def test_form_without_its_token_is_refused(clerk: Hire, path: str) -> None:
    alice = clerk("alice")
    answer = alice.client.post(path, data={"language": "en"})

    assert answer.status_code == 400
    assert alice.get("/admin/own/").code == 200


def test_form_of_another_site_is_refused(stranger: Hire) -> None:
    alice = stranger()
    alice.get(SIGN_IN)
    sent = alice.fill(email="alice@desk.example", password=PASSWORD, code=alice.code())
    answer = alice.client.post(SIGN_IN, data=sent, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert alice.cookie is None


def test_disabled_colleague_is_out_at_once(clerk: Hire, room: Staffroom, world: World) -> None:
    alice = clerk("alice")
    with world.system.act():
        room.login("alice").disabled_at = world.now

    assert alice.get("/admin/queue/").path == SIGN_IN
    assert FAILED in alice.sign_in().text


@pytest.mark.parametrize("path", [SIGN_IN, f"{SIGN_IN}recover", "/admin/own/", "/admin/own/password"])
def test_pages_are_kept_by_no_cache_and_no_search_engine(clerk: Hire, path: str) -> None:
    headers = clerk("alice").client.get(path).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex"


def test_language_of_the_door_changes_without_losing_the_way(stranger: Hire) -> None:
    alice = stranger()
    alice.get("/admin/own/password")
    page = alice.send("/language", language="en")

    assert page.path == SIGN_IN
    assert "next=" in page.query
    assert page.heading == "Sign in"


def test_language_sticks_to_the_browser_at_the_door_and_to_the_person_inside(
    clerk: Hire, room: Staffroom, world: World
) -> None:
    with world.system.act():
        room.login("alice").theme, room.login("alice").density = "dark", "dense"
    alice = clerk("alice")
    alice.get("/admin/own/")
    page = alice.send("/language", language="en")

    assert (page.path, page.heading) == ("/admin/own/", "Settings")
    world.session.rollback()
    kept = room.login("alice")
    assert (kept.language, kept.theme, kept.density) == ("en", "dark", "dense")
    assert alice.send("/out").heading == "Sign in"


def test_language_that_is_none_of_ours_is_refused(stranger: Hire) -> None:
    alice = stranger()
    alice.get(SIGN_IN)
    for language in ("", "xx", "../../ja", "ja\n"):
        assert alice.post(f"{SIGN_IN}language", {"csrf_token": alice.token, "language": language}).code == 400
        alice.get(SIGN_IN)


def test_language_choice_leads_nowhere_else(stranger: Hire) -> None:
    alice = stranger()
    alice.get(SIGN_IN)
    sent = {"csrf_token": alice.token, "language": "en", "next": "//evil.example"}
    answer = alice.client.post(f"{SIGN_IN}language", data=sent)

    assert answer.headers["Location"] == "/admin/"


def test_back_office_may_be_open_alone(room: Staffroom, world: World) -> None:
    settings = replace(world.runtime.settings, windows=("admin",))
    app: Flask = wsgi.create_app(runtime=replace(world.runtime, settings=settings))

    assert Clerk(app, room, "alice").sign_in().path == "/admin/queue/"


def test_link_from_another_site_goes_on_from_a_page_of_our_own(stranger: Hire, lang: str) -> None:
    alice = stranger(language=lang)
    answer = alice.client.get("/admin/own/password", headers={"Sec-Fetch-Site": "cross-site"})
    page = Page(answer)

    assert page.code == 200
    assert page.html.find("meta", attrs={"http-equiv": "refresh"})["content"] == (
        f"0; url={SIGN_IN}?next=/admin/own/password"
    )
    assert f"{SIGN_IN}?next=/admin/own/password" in page.links()
    assert page.foreign_words(lang) == []


def test_link_from_another_site_ends_no_session(clerk: Hire) -> None:
    alice = clerk("alice")
    cookie = alice.cookie
    alice.client.delete_cookie("staff")
    answer = alice.client.get("/admin/own/", headers={"Sec-Fetch-Site": "cross-site"})

    assert not any(line.startswith("staff=") for line in answer.headers.getlist("Set-Cookie"))
    alice.client.set_cookie("staff", str(cookie))
    assert alice.get("/admin/own/").code == 200
