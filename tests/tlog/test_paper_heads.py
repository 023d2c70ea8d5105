"""The signed head on a paper: frozen with its act, and proven to be the beginning of today's log."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from portal import receipts
from portal.casework import paper_checks
from portal.casework.paper_checks import Continuity
from portal.domain import merkle
from portal.models import AuditCheckpoint, AuditTile, Document
from portal.tlog import checkpoints
from portal.tlog.log_keys import LogKeys
from tests.applications import app_for
from tests.post import work_off
from tests.public.visitor import Visitor
from tests.sql import unguarded
from tests.tlog.desk import keep
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def key(world: World) -> LogKeys:
    found = checkpoints.published_key(world.runtime.settings.keys)
    assert found is not None
    return found


def paper(world: World) -> Document:
    world.session.rollback()
    query = select(Document).order_by(Document.created_at.desc(), Document.id).limit(1)
    return world.session.execute(query).scalar_one()


def printed_head(world: World) -> str | None:
    return receipts.open_facts(world.system, paper(world)).get("checkpoint")


def with_a_head(world: World) -> None:
    """A paper that names a head, in a log that has grown since."""
    world.submit()
    keep(world)
    world.now += timedelta(minutes=5)
    world.submit()
    work_off(world)
    keep(world)


def continuity(world: World) -> Continuity | None:
    note = printed_head(world)
    assert note is not None
    return paper_checks.continuity(world.system, note, key(world))


def test_the_newest_signed_head_is_frozen_with_the_paper(logged: World):
    logged.submit()
    assert printed_head(logged) is None
    keep(logged)
    newest = checkpoints.newest_note(logged.session)
    logged.now += timedelta(minutes=5)
    logged.submit()
    keep(logged)

    assert printed_head(logged) == newest


def test_todays_log_is_proven_to_begin_with_the_head_on_the_paper(logged: World):
    with_a_head(logged)
    found = continuity(logged)
    assert found is not None
    assert found.holds
    assert found.newest.size > found.printed.size > 0

    first, *lines = found.text.partition("\n\n")[0].split("\n")
    proof = [base64.b64decode(line) for line in lines]
    new = key(logged).open(found.text.partition("\n\n")[2])
    old = key(logged).open(printed_head(logged) or "")
    assert first == f"old {old.size}"
    assert merkle.extends(old.size, old.root, new.size, new.root, proof)


def test_a_log_whose_past_was_changed_is_not_called_the_same(logged: World):
    with_a_head(logged)
    unguarded(logged)
    with logged.system.act():
        tile = logged.session.get_one(AuditTile, (0, 0))
        tile.hashes = tile.hashes[:32] + b"\x01" * 32 + tile.hashes[64:]
    found = continuity(logged)

    assert found is not None
    assert not found.holds


def test_a_log_that_is_shorter_than_the_paper_says_is_not_called_the_same(logged: World):
    with_a_head(logged)
    note = checkpoints.newest_note(logged.session) or ""
    size = key(logged).open(note).size
    unguarded(logged)
    with logged.system.act():
        logged.session.execute(delete(AuditCheckpoint).where(AuditCheckpoint.size == size))
    found = paper_checks.continuity(logged.system, note, key(logged))

    assert found is not None
    assert (found.holds, found.printed.size) == (False, size)


@ONE_DATABASE
def test_the_page_shows_the_head_and_gives_the_proof(logged: World):
    with_a_head(logged)
    visitor = Visitor(app_for(logged.runtime), "en")
    page = visitor.get(f"/verify/{paper(logged).id}")
    proof = visitor.client.get(f"/en/verify/{paper(logged).id}/proof.txt")

    assert page.html.select_one(".log-head").get_text() == printed_head(logged)
    assert "none was changed or taken away" in page.text
    assert proof.text == getattr(continuity(logged), "text", None)
    assert proof.headers["Content-Disposition"].startswith("attachment; filename=log-proof-")
    assert visitor.client.get("/en/verify/log.vkey").text == f"{key(logged)}\n"


@ONE_DATABASE
def test_the_page_says_so_where_the_proof_cannot_be_given(logged: World):
    with_a_head(logged)
    unguarded(logged)
    with logged.system.act():
        logged.session.execute(update(AuditTile).values(hashes=b"\x01" * 32 * 256))
    visitor = Visitor(app_for(logged.runtime), "en")

    assert "We cannot show at the moment" in visitor.get(f"/verify/{paper(logged).id}").text
    assert visitor.client.get(f"/en/verify/{paper(logged).id}/proof.txt").status_code == 404
