"""When something at the desk goes wrong, staff stay among their own pages."""

from __future__ import annotations

from flask import Flask

from tests.admin.conftest import Hire


def test_an_unknown_page_of_the_desk_keeps_its_menu(clerk: Hire) -> None:
    page = clerk("alice").get("/admin/case/nothing-here")
    assert page.code == 404
    assert page.html.select_one(".desk-nav a[href='/admin/queue/']")
    assert page.html.select_one("main a[href='/admin/']")


def test_a_forbidden_page_of_the_desk_keeps_its_menu(clerk: Hire) -> None:
    page = clerk("alice").get("/admin/colleagues/new")
    assert page.code == 403
    assert page.html.select_one(".desk-nav a[href='/admin/queue/']")


def test_an_owner_never_sees_the_frame_of_the_desk(app: Flask) -> None:
    text = app.test_client().get("/ja/nothing-here").text
    assert "desk-nav" not in text
    assert 'href="/ja/"' in text


def test_a_stranger_is_shown_no_menu_of_the_desk(app: Flask) -> None:
    text = app.test_client().get("/admin/nothing/here").text
    assert "desk-nav" not in text
