"""A bundle from somebody who wants its reader deceived, or its checker to fall over."""

from __future__ import annotations

import contextlib
import json
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal.domain import merkle
from portal.tlog import bundle_check
from portal.tlog.audit_cli import audit
from portal.tlog.bundle import tile_name
from portal.tlog.findings import Verdict
from portal.tlog.notes import Head, NoteSigner
from portal.tlog.verify import Unreadable

OTHER = NoteSigner.generate("other.example/log")
WHOLE = (
    b'{"act":"a:b:c","actor":"system","at":"2026-11-24T01:00:00.000000Z","d":{},"id":"%032d",'
    b'"sprev":"%s","sseq":%d,"stream":"system","v":1}'
)


def chained(number: int) -> list[bytes]:
    events, head = [], "0" * 64
    for at in range(1, number + 1):
        events.append(WHOLE % (at, head.encode(), at))
        head = merkle.leaf_hash(events[-1]).hex()
    return events


def forged(
    path: Path, events: Sequence[bytes], *, signer: NoteSigner = OTHER, origin: str | None = None
) -> Path:
    """A bundle that somebody signed with a key of their own: all of it fits together."""
    hashes = [merkle.leaf_hash(event) for event in events]
    edge = merkle.Frontier()
    for one in hashes:
        edge.append(one)
    note = signer.sign(Head(signer.name, edge.size, edge.root()))
    if origin is not None:
        note = note.replace(f"{signer.name}\n", f"{origin}\n", 1)
    width = len(events)
    rows = b"".join(len(event).to_bytes(2, "big") + event for event in events)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("log.vkey", str(signer.verifier))
        file.writestr("checkpoint", note)
        file.writestr("checkpoints.txt", f"{note}\n")
        file.writestr(tile_name("entries", 0, width), rows)
        file.writestr(tile_name(0, 0, width), b"".join(hashes))
    return path


def checked(path: Path) -> Verdict:
    return bundle_check.check(path, key=None, anchors=None)


def again(path: Path, change: Callable[[zipfile.ZipFile], object], mode: str = "a") -> Path:
    with zipfile.ZipFile(path, mode) as file:  # type: ignore[call-overload]
        change(file)
    return path


def test_one_that_fits_together_passes_and_is_said_to_prove_nothing(tmp_path: Path) -> None:
    verdict = checked(forged(tmp_path / "log.zip", chained(3)))
    assert (verdict.findings, verdict.events) == ((), 3)
    assert "proves nothing" in verdict.unchecked["heads"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_in_it_twice_is_refused(tmp_path: Path) -> None:
    """One program would read the first, another the second."""
    path = forged(tmp_path / "log.zip", chained(3))
    again(path, lambda file: file.writestr("checkpoint", file.read("checkpoint")))
    with pytest.raises(Unreadable, match="checkpoint in it stands twice"):
        checked(path)


@pytest.mark.parametrize(
    "name", ["tile/entries/000", "tile/entries/001.p/9", "tile/0/001.p/4", "tile/1/000.p/1"]
)
def test_events_and_hashes_that_no_head_counts_are_found(tmp_path: Path, name: str) -> None:
    """Somebody who reads the files in their order would take them for events of the log."""
    path = forged(tmp_path / "log.zip", chained(3))
    again(path, lambda file: file.writestr(name, b""))
    found = checked(path).findings[0]
    assert (found.check, found.place) == ("places", name)


@pytest.mark.parametrize(
    "event",
    [
        b'{"act":1,"actor":1,"at":1,"d":1,"id":1,"sprev":"","sseq":1%s,"stream":"x"}' % (b"0" * 30),
        b'{"act":1,"actor":1,"at":1,"d":1,"id":1,"sprev":"","sseq":1e999,"stream":"x"}',
        b'{"act":1,"actor":1,"at":1,"d":1,"id":1,"sprev":"","sseq":1,"stream":"\\ud800"}',
        b'{"act":1,"actor":1,"at":1,"d":1,"id":1,"sprev":"\\udfff","sseq":1,"stream":"x"}',
        b"[" * 60_000,
        b"7",
        b"",
        b"\xff",
        b"null",
    ],
)
def test_what_is_no_event_is_found_and_stops_nothing(tmp_path: Path, event: bytes) -> None:
    verdict = checked(forged(tmp_path / "log.zip", [*chained(2), event]))
    assert (verdict.failed, verdict.first_bad) == ("bytes", "place 2")


def test_what_it_says_cannot_paint_the_readers_screen(tmp_path: Path) -> None:
    """An escape that moves the cursor would write “The log stands.” over the line that says it does not."""
    path = forged(tmp_path / "log.zip", chained(3), origin="x\x1b[2J\x9b1A\u202e")
    done = CliRunner().invoke(audit, ["verify", "--bundle", str(path)], color=True, env={"KAIJO_KEYS": ""})
    assert done.exit_code == 1
    assert "FAILED     heads" in done.output
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.output)


def test_a_method_of_packing_that_the_format_does_not_know_is_refused(tmp_path: Path) -> None:
    path = forged(tmp_path / "log.zip", chained(3))
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        packed = tmp_path / f"{method}.zip"
        with zipfile.ZipFile(path) as file, zipfile.ZipFile(packed, "w", method) as other:
            for name in file.namelist():
                other.writestr(name, file.read(name))
        with pytest.raises(Unreadable, match="is packed in a way"):
            checked(packed)


def test_a_bundle_that_grows_when_it_is_unpacked_takes_no_memory(tmp_path: Path) -> None:
    path = forged(tmp_path / "log.zip", chained(3))
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as other:
        for name in file.namelist():
            data = file.read(name)
            other.writestr(name, bytes(60_000_000) if name == "tile/entries/000.p/3" else data)
    with pytest.raises(Unreadable, match="is too long"):
        checked(bomb)


def test_whatever_is_cut_or_flipped_ends_in_words(tmp_path: Path) -> None:
    whole = forged(tmp_path / "log.zip", chained(5)).read_bytes()
    dice = random.Random(5)
    path = tmp_path / "damaged.zip"
    for _ in range(400):
        data = bytearray(whole)
        for _flip in range(dice.randint(0, 3)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(data[: dice.choice([len(data), len(data), dice.randrange(len(data))])])
        with contextlib.suppress(Unreadable):
            checked(path)  # anything else would be a fault of ours


def test_a_head_larger_than_any_log_ends_in_words(tmp_path: Path) -> None:
    huge = OTHER.sign(Head(OTHER.name, 10**17, bytes(32)))
    path = tmp_path / "log.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("checkpoint", huge)
        file.writestr("tile/entries/x999/x999/x999/x999/x999/999", json.dumps({}))
    with pytest.raises(Unreadable, match="lacks the tile"):
        checked(path)
