"""Signed heads: when they are taken, what is refused, and where they are left."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.casework import approval
from portal.models import AuditCheckpoint
from portal.tlog import checkpoints, notes, sequencer
from portal.tlog.keeper import Keeper
from portal.tlog.log_keys import LogKeys
from tests.sql import TABLES, attack, deleted, guarded_again, refused, row_of, unguarded
from tests.tlog.desk import NAME, keep
from tests.world import World


def heads(world: World) -> list[int]:
    world.session.rollback()
    return list(world.session.execute(select(AuditCheckpoint.size).order_by(AuditCheckpoint.size)).scalars())


def turn(world: World) -> Keeper:
    keeper = Keeper(world.runtime)
    keeper.turn()
    return keeper


def test_the_first_head_is_signed_as_soon_as_there_is_an_event(logged: World) -> None:
    logged.queued()
    turn(logged)
    assert heads(logged) == [sequencer.size_of(logged.session)]


def test_a_head_can_be_checked_with_the_published_key_alone(logged: World) -> None:
    logged.queued()
    turn(logged)
    key = checkpoints.published_key(logged.runtime.settings.keys)
    assert key is not None
    head = key.open(checkpoints.newest_note(logged.session) or "")
    assert (head.origin, head.size) == (NAME, heads(logged)[-1])


def test_a_grown_tree_is_signed_after_a_minute_and_not_before(logged: World) -> None:
    logged.queued()
    keeper = turn(logged)
    logged.queued()
    logged.now += timedelta(seconds=59)
    keeper.turn()
    assert len(heads(logged)) == 1
    logged.now += timedelta(seconds=1)
    keeper.turn()
    assert len(heads(logged)) == 2


def test_an_approval_is_signed_at_once(logged: World) -> None:
    logged.account()
    case_id = logged.pending_approval()
    keeper = turn(logged)
    logged.open_checks("bob", case_id)
    approval.approve(logged.as_("bob"), case_id, code=logged.code("bob"))
    keeper.turn()
    assert len(heads(logged)) == 2


def test_a_tree_that_has_not_grown_is_not_signed_again(logged: World) -> None:
    logged.queued()
    keeper = turn(logged)
    logged.now += timedelta(hours=1)
    keeper.turn()
    assert len(heads(logged)) == 1


def test_without_a_signer_events_get_their_places_and_the_trouble_is_said(world: World) -> None:
    world.queued()
    key = LogKeys(notes.NoteSigner.generate(NAME).verifier)
    (world.runtime.settings.keys / checkpoints.PUBLISHED).write_text(str(key))
    with pytest.raises(checkpoints.NoHead, match="start `flask signer run`"):
        turn(world)
    assert sequencer.size_of(world.session) > 0
    assert heads(world) == []


def test_without_a_published_key_nothing_is_asked(world: World) -> None:
    world.queued()
    turn(world)
    assert heads(world) == []


def test_the_signature_of_another_key_is_not_kept(logged: World) -> None:
    logged.queued()
    other = LogKeys(notes.NoteSigner.generate(NAME).verifier)
    (logged.runtime.settings.keys / checkpoints.PUBLISHED).unlink()
    (logged.runtime.settings.keys / checkpoints.PUBLISHED).write_text(str(other))
    with pytest.raises(checkpoints.NoHead, match="cannot be used"):
        turn(logged)
    assert heads(logged) == []


def test_a_rolled_back_database_gets_no_signature(logged: World) -> None:
    logged.queued()
    keep(logged)
    logged.queued()
    keep(logged)
    unguarded(logged)
    before, size = heads(logged)
    last = row_of(logged, "audit_leaf", place=size - 1)["event_id"]
    attack(logged, deleted("audit_checkpoint", size=size), deleted("audit_leaf", event_id=last))
    with pytest.raises(checkpoints.SignerRefuses, match=f"has signed {size} events"):
        checkpoints.take(
            logged.system,
            logged.runtime.settings.signer_socket,
            checkpoints.published_key(logged.runtime.settings.keys),
        )
    assert heads(logged) == [before]


def test_a_rewritten_tree_gets_no_signature(logged: World) -> None:
    logged.queued()
    keep(logged)
    unguarded(logged)
    tile = row_of(logged, "audit_tile", level=0, place=0)
    attack(
        logged,
        TABLES["audit_tile"].update().values(hashes=bytes([tile["hashes"][0] ^ 1]) + tile["hashes"][1:]),
    )
    guarded_again(logged)
    logged.queued()
    with pytest.raises(checkpoints.SignerRefuses, match="not those that the signer has signed"):
        keep(logged)


def test_heads_are_never_changed_nor_deleted(logged: World) -> None:
    logged.queued()
    turn(logged)
    refused(logged, "audit_checkpoint_no_delete", deleted("audit_checkpoint"))
    refused(logged, "audit_checkpoint_no_update", TABLES["audit_checkpoint"].update().values(note="x"))


def test_every_head_is_left_in_the_anchors_and_none_is_touched_again(logged: World, tmp_path: Path) -> None:
    folder = tmp_path / "anchors"
    folder.mkdir()
    logged.queued()
    keep(logged)
    logged.queued()
    keep(logged)
    assert checkpoints.anchor(logged.session, folder) == 2
    before = {path: path.read_text() for path in folder.iterdir()}
    assert [int(path.stem) for path in sorted(before)] == heads(logged)
    logged.queued()
    keep(logged)
    assert checkpoints.anchor(logged.session, folder) == 1
    assert before.items() <= {path: path.read_text() for path in folder.iterdir()}.items()
