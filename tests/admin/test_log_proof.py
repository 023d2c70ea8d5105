"""The proof that one record is in the signed log: shown on its page, saved, and checked by whoever has the published key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal.domain import merkle
from portal.models import AuditTile
from portal.tlog import checkpoints
from portal.tlog.audit_cli import audit
from tests.admin.clerk import Clerk
from tests.sql import TABLES, only_on, row_of
from tests.tlog.conftest import logged, short  # noqa: F401
from tests.tlog.desk import keep
from tests.tlog.tampering import tampered
from tests.world import World

Hire = Callable[..., Clerk]
LOG = "/admin/log/"


@pytest.fixture
def world(logged: World) -> World:  # noqa: F811
    logged.queued()
    keep(logged)
    return logged


def submitted(world: World) -> str:
    return str(row_of(world, "audit_event", tag="case:request:submitted")["id"])


def verified(world: World, path: Path, **env: str) -> tuple[int, str]:
    key = world.runtime.settings.keys / checkpoints.PUBLISHED
    words = ["verify", "--proof", str(path), "--vkey", str(key)]
    done = CliRunner().invoke(
        audit, words, env={"KAIJO_KEYS": "", "KAIJO_DATABASE_URL": "sqlite:////nowhere/x"}
    )
    return done.exit_code, done.output


@only_on("sqlite")
def test_the_page_of_a_record_shows_its_proof_and_the_command_that_checks_it(
    world: World, clerk: Hire
) -> None:
    event_id = submitted(world)
    page = clerk("chika", "en").get(f"{LOG}{event_id}")
    row, head = row_of(world, "audit_event", id=event_id), checkpoints.newest(world.session)
    place = row_of(world, "audit_leaf", event_id=event_id)["place"]
    details = page.html.select_one("details.details")
    assert head is not None
    assert details is not None
    hashes = [bytes.fromhex(one.get_text()) for one in details.select("ol code")]
    assert head.root in details.get_text()
    assert merkle.includes(
        bytes.fromhex(row["leaf_hash"]), place, head.size, hashes, bytes.fromhex(head.root)
    )
    assert f"flask audit verify --proof log-proof-{event_id}.txt --vkey log.vkey" in details.get_text()


def test_the_saved_proof_holds_for_whoever_has_the_key_and_no_database(
    world: World, clerk: Hire, tmp_path: Path
) -> None:
    answer = clerk("chika").get(f"{LOG}{submitted(world)}/proof.txt").response
    path = tmp_path / "proof.txt"
    path.write_bytes(answer.data)
    code, said = verified(world, path)
    assert (code, "signed with this key" in said) == (0, True), said
    for name, old, new in (
        ("event", b"case:request:submitted", b"case:request:submittex"),
        ("place", b"\nplace ", b"\nplace 1"),
        ("a hash", b"\nproof ", b"\nproof 00"),
        ("head", b"desk.example/log\n", b"desk.example/log\n9"),
    ):
        path.write_bytes(answer.data.replace(old, new, 1))
        code, said = verified(world, path)
        assert (code, "does not hold" in said) == (1, True), (name, said)
    for data in (b"", b"text", b"\xff\xfe", answer.data[:300], answer.data.replace(b"size", b"sizx")):
        path.write_bytes(data)
        assert verified(world, path)[0] == 2


@only_on("sqlite")
def test_a_record_that_no_head_covers_yet_and_one_in_a_tree_with_a_gap_have_no_proof(
    world: World, clerk: Hire
) -> None:
    event_id = submitted(world)
    chika = clerk("chika")
    later = str(row_of(world, "audit_waiting")["event_id"])
    assert chika.get(f"{LOG}{later}/proof.txt").code == 404
    tampered(world, TABLES[AuditTile.__tablename__].delete())
    page = chika.get(f"{LOG}{event_id}")
    assert (page.code, page.html.select("details.details")) == (200, [])
    assert chika.get(f"{LOG}{event_id}/proof.txt").code == 404
