"""Whether a paper is the newest of its own matter, whatever others have been given since."""

from __future__ import annotations

from datetime import timedelta

from portal import receipts
from portal.casework import paper_checks
from portal.models import new_id
from tests.casework.resetting import Browser
from tests.sql import attack, inserted, row_of
from tests.world import World


def test_a_notice_of_self_service_is_not_made_older_by_that_of_somebody_else(calling_world: World) -> None:
    """Both name no case: that they have none in common is no matter in common."""
    world = calling_world
    world.account()
    browser = Browser(world)
    browser.with_all()
    attempt = browser.remove()
    paper = receipts.reset_of(world.system, attempt.id)
    assert paper is not None
    receipts.store(world.system, paper.id, b"%PDF-")
    begun = row_of(world, "self_service", id=attempt.id) | dict.fromkeys(
        ("mailbox_at", "call_at", "removed_at", "ended_at")
    )
    other = row_of(world, "document", id=paper.id) | {"created_at": world.now + timedelta(hours=1)}
    attempt_id = new_id()
    attack(
        world,
        inserted("self_service", begun, id=attempt_id),
        inserted("document", other, id=new_id(), self_service_id=attempt_id),
    )
    found = paper_checks.issued(world.system, paper.id)
    assert found is not None
    assert found.is_newest
