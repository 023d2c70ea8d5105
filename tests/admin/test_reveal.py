"""Showing what is masked: with a reason, on the record, for a minute."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.models import AuditEvent
from tests.admin.clerk import Clerk
from tests.admin.desk import tags_of
from tests.people import HANAKO
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]


def address(case_id: str, field: str) -> str:
    return f"/admin/reveal/{case_id}/{field}"


def shown(clerk: Clerk, case_id: str, field: str, reason: str | None = "call_owner") -> Page:
    page = clerk.get(address(case_id, field))
    assert page.code == 200, page.text
    return clerk.send(reason=reason)


def revealed(world: World, name: str) -> list[str]:
    """What is recorded of somebody's looking at masked data."""
    world.session.rollback()
    stream = f"staff:{world.logins[name].staff_id}"
    rows = world.session.query(AuditEvent).filter_by(stream=stream, tag="case:data:revealed")
    return [row.event_bytes.decode() for row in rows]


def test_a_value_is_shown_with_a_reason_and_recorded(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    page = shown(clerk("alice"), case_id, "name")
    assert HANAKO["name"] in page.text
    assert len(revealed(world, "alice")) == 1
    for part in (f'"case":"{case_id}"', '"field":"name"', '"why":"call_owner"'):
        assert part in revealed(world, "alice")[0]


def test_looking_changes_nothing_of_the_case(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    before = (world.case(case_id).version, tags_of(world, f"case:{case_id}"))
    shown(clerk("alice"), case_id, "phone")
    assert (world.case(case_id).version, tags_of(world, f"case:{case_id}")) == before


def test_every_field_can_be_shown(world: World, clerk: Hire) -> None:
    typed = {"latin_name": "Hanako Yamada", "organisation": "見本商店", "detail": "海に落としました"}
    case_id = world.queued(**typed)
    alice = clerk("alice")
    wanted = {
        **typed,
        "name": HANAKO["name"],
        "kana": HANAKO["kana"],
        "account_email": HANAKO["account_email"],
        "reply_email": HANAKO["account_email"],
        "phone": HANAKO["phone"],
    }
    for field, text in wanted.items():
        assert text in shown(alice, case_id, field).text


def test_asking_for_a_value_does_not_show_it_yet(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    page = clerk("alice").get(address(case_id, "name"))
    assert HANAKO["name"] not in page.response.text
    assert "表示した記録が、あなたの名前で残ります。" in page.text
    assert not revealed(world, "alice")


def test_without_a_reason_nothing_is_shown(world: World, clerk: Hire, lang: str) -> None:
    case_id = world.queued()
    alice = clerk("alice", lang)
    words = {"ja": "表示する理由を選択してください。", "en": "Select why you need to see this"}
    for reason in (None, "curious", "x" * 400):
        page = shown(alice, case_id, "name", reason)
        assert page.code == 422
        assert page.errors_at("reason") == [words[lang]]
        assert HANAKO["name"] not in page.response.text
    assert not revealed(world, "alice")


def test_a_shown_value_leaves_the_screen_after_a_minute(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    page = shown(clerk("alice"), case_id, "name")
    assert page.response.headers["Refresh"] == f"60; url=/admin/case/{case_id}?said=hidden#do-show-name"
    assert page.response.headers["Cache-Control"] == "no-store"
    assert "60 秒後に、もう一度伏せます。" in page.text


def test_showing_it_longer_is_recorded_again(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    alice = clerk("alice")
    shown(alice, case_id, "name", "matching")
    page = alice.send()
    assert HANAKO["name"] in page.text
    assert len(revealed(world, "alice")) == 2
    assert '"why":"matching"' in revealed(world, "alice")[1]


def test_the_text_of_an_owner_is_marked_as_their_language(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    page = shown(clerk("alice", "en"), case_id, "name")
    assert page.html.find("bdi", lang="ja").get_text() == HANAKO["name"]
    assert page.foreign_words("en") == []


def test_compliance_and_administrators_see_nothing(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    assert [clerk(name).get(address(case_id, "name")).code for name in ("chika", "ada")] == [403, 403]


def test_nobody_is_shown_the_data_of_a_case_about_themselves(world: World, clerk: Hire, lang: str) -> None:
    world.account(account_email="alice@desk.example")
    case_id = world.queued(account_email="alice@desk.example", reply_email="else@mail.example")
    page = clerk("alice", lang).get(address(case_id, "reply_email"))
    words = {
        "ja": "ご自身が連絡先になっているアカウントのケースは扱えません。",
        "en": "You cannot work on this case, because you are a contact of the account.",
    }
    assert words[lang] in page.text
    assert not page.html.main.find_all("form")


@pytest.mark.parametrize("field", ["triage", "sealed_name", "origin", "x" * 300, "letter"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_else_can_be_shown(world: World, clerk: Hire, field: str) -> None:
    assert clerk("alice").get(address(world.queued(), field)).code == 404


def test_an_unconfirmed_request_shows_nothing(world: World, clerk: Hire) -> None:
    assert clerk("alice").get(address(world.submit(), "name")).code == 404
