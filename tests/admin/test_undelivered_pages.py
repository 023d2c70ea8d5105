"""The page of what could not be delivered, for leads and administrators."""

from __future__ import annotations

import pytest

from portal.models import OutboxRow
from tests.admin.conftest import Hire
from tests.sql import row_of
from tests.world import World

HOME = "/admin/undelivered/"


@pytest.fixture
def row_id(world: World) -> str:
    world.account()
    case_id = world.queued()
    row = world.mails(case_id, "received")[0]
    with world.system.act():
        dead = world.session.get_one(OutboxRow, row.id)
        dead.state, dead.done_at, dead.last_error = "dead", world.now, "nobody is left to write to"
    return row.id


def test_what_failed_stands_there_in_words_with_its_case(
    lang: str, clerk: Hire, world: World, row_id: str
) -> None:
    page = clerk("lee", lang).get(HOME)
    (row,) = page.html.select("tbody tr")
    said = row.get_text(" ", strip=True)
    assert world.case(row_of(world, "outbox", id=row_id)["case_id"]).reference in said
    assert "hanako@" not in page.text
    assert "nobody is left" not in said
    if lang == "en":
        assert "Request received" in said
        assert "There is no longer an address." in said


def test_a_lead_sends_it_again(clerk: Hire, world: World, row_id: str) -> None:
    lee = clerk("lee", "en")
    lee.get(HOME)
    page = lee.send("/again")
    assert (page.code, page.path) == (200, HOME)
    assert row_of(world, "outbox", id=row_id)["state"] == "pending"


def test_an_administrator_sees_it_and_leaves_sending_to_a_lead(
    clerk: Hire, world: World, row_id: str
) -> None:
    ada = clerk("ada", "en")
    page = ada.get(HOME)
    assert "A lead can send it again." in page.text
    assert page.html.main.find("form") is None
    assert ada.post(f"{HOME}{row_id}/again", {"csrf_token": ada.token}).code == 422
    assert row_of(world, "outbox", id=row_id)["state"] == "dead"


@pytest.mark.parametrize("name", ["alice", "bob", "chika"])
def test_others_do_not_open_it(clerk: Hire, row_id: str, name: str) -> None:
    assert clerk(name, "en").get(HOME).code == 403


def test_a_notice_that_is_no_longer_true_says_so_and_has_no_button(
    clerk: Hire, world: World, row_id: str
) -> None:
    with world.system.act():
        world.session.get_one(OutboxRow, row_id).expires_at = world.now
    page = clerk("lee", "en").get(HOME)
    assert "no longer true" in page.text
    assert page.html.main.find("form") is None


def test_nothing_undelivered_is_said(clerk: Hire) -> None:
    assert "There are no undelivered messages." in clerk("lee", "en").get(HOME).text
