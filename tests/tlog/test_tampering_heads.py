"""Rewriting the past, with and without the key: found by signed heads, and where those were made anew, by those kept elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal.tlog import checkpoints, signer
from portal.tlog.notes import Head, NoteSigner
from tests.sql import TABLES, deleted
from tests.tlog.desk import NAME, keep, signing
from tests.tlog.tampering import checked, failing, heads_again, placed, rewritten, tampered, tree_again
from tests.world import World


@pytest.fixture
def stolen(database_url: str, tmp_path: Path, short: Path) -> Iterator[tuple[World, Path, Path]]:
    """A desk whose log is signed and anchored, the signer's folder, and the anchors."""
    world = World(database_url, tmp_path, signer=short / "signer.sock")
    anchors = tmp_path / "anchors"
    anchors.mkdir()
    with signing(world) as home:
        world.queued()
        keep(world)
        world.submit(reply_email="other@example.example")
        keep(world)
        checkpoints.anchor(world.session, anchors)
        yield world, home, anchors
    world.close()


Stolen = tuple[World, Path, Path]


def rewrite(world: World) -> None:
    """Change who did the first act, and make chain and tree anew."""
    first = placed(world)[0]
    tampered(world, *rewritten(world, first.stream, 1, lambda event: event.update(actor="system")))
    tampered(world, *tree_again(world))


def cut(world: World) -> None:
    """Take the last case away with everything, as if it had never been."""
    case_id = placed(world)[-1].case_id or ""
    tables = ("draft", "outbox", "link_token", "document", "case_timer", "case_party")
    ids = [row.id for row in placed(world) if row.case_id == case_id]
    tampered(
        world,
        *(deleted(table, case_id=case_id) for table in tables),
        *(deleted("audit_leaf", event_id=one) for one in ids),
        deleted("audit_event", case_id=case_id),
        deleted("cases", id=case_id),
    )
    tampered(world, *tree_again(world))


def test_whoever_rewrites_the_past_without_the_key_is_found_by_every_signed_head(stolen: Stolen) -> None:
    world, _home, anchors = stolen
    rewrite(world)
    verdict = checked(world, anchors=anchors)
    assert verdict.failed == "heads"
    assert {finding.check for finding in verdict.findings} == {"heads", "anchors"}


def test_whoever_rewrites_the_past_with_the_key_is_found_by_the_anchors_alone(stolen: Stolen) -> None:
    world, home, anchors = stolen
    rewrite(world)
    tampered(world, *heads_again(world, home))
    assert failing(world) == set()
    assert failing(world, anchors=anchors) == {"anchors"}


def test_a_tail_that_was_cut_off_is_counted_by_the_signed_head(stolen: Stolen) -> None:
    world, _home, _anchors = stolen
    size = len(placed(world))
    cut(world)
    verdict = checked(world)
    assert (verdict.failed, verdict.first_bad) == ("size", f"head {size}")


def test_an_old_database_with_its_old_head_is_found_by_the_anchors(stolen: Stolen) -> None:
    world, _home, anchors = stolen
    size = len(placed(world))
    tampered(world, deleted("audit_checkpoint", size=size))
    cut(world)
    assert failing(world) == set()
    verdict = checked(world, anchors=anchors)
    assert (verdict.failed, verdict.first_bad) == ("anchors", f"{size:012d}.note")


def test_a_head_that_another_key_has_signed_is_found(stolen: Stolen) -> None:
    world, home, _anchors = stolen
    signer.make_key(home / "other", NAME)
    tampered(world, *heads_again(world, home / "other"))
    assert checked(world).failed == "heads"


def test_a_head_whose_columns_were_changed_is_found(stolen: Stolen) -> None:
    world, _home, _anchors = stolen
    tampered(world, TABLES["audit_checkpoint"].update().values(root="0" * 64))
    assert checked(world).failed == "heads"


def test_two_heads_of_one_size_that_differ_are_found_whichever_is_here(stolen: Stolen) -> None:
    world, home, anchors = stolen
    key = NoteSigner.parse((home / "log.key").read_text())
    head = key.verifier.open(checkpoints.newest_note(world.session) or "")
    forked = key.sign(Head(head.origin, head.size, bytes(32)))
    (anchors / "from-a-receipt.note").write_text(forked)
    verdict = checked(world, anchors=anchors)
    assert (verdict.failed, verdict.first_bad) == ("anchors", "from-a-receipt.note")


def test_an_anchor_that_is_none_or_of_another_log_is_named(stolen: Stolen) -> None:
    world, _home, anchors = stolen
    other = NoteSigner.generate("other.example/log")
    (anchors / "a.note").write_text(other.sign(Head(other.name, 1, bytes(32))))
    (anchors / "b.note").write_bytes(b"\xff")
    os.mkfifo(anchors / "c.note")  # to keep the check waiting for ever
    verdict = checked(world, anchors=anchors)
    assert (verdict.first_bad, verdict.findings[0].more) == ("a.note", 2)
    assert "it is of the log" in verdict.findings[0].words


def test_what_nobody_signed_for_long_is_said(stolen: Stolen) -> None:
    world, _home, _anchors = stolen
    world.submit(reply_email="third@example.example")
    world.now += timedelta(minutes=4)
    assert failing(world) == set()
    world.now += timedelta(minutes=2)
    verdict = checked(world)
    assert verdict.failed == "age"
    assert "1 events have no place yet" in verdict.findings[0].words


def test_a_log_whose_heads_are_all_gone_is_not_taken_for_a_new_one(stolen: Stolen) -> None:
    world, _home, _anchors = stolen
    tampered(world, deleted("audit_checkpoint"))
    assert checked(world).failed == "age"


def test_without_a_key_everything_but_the_signatures_is_checked(stolen: Stolen) -> None:
    world, _home, _anchors = stolen
    assert checked(world, key=None).unchecked.keys() == {"anchors", "heads"}
    rewrite(world)
    assert failing(world, key=None) == {"heads"}
