"""The log as one file: checked by a stranger's own program and by ours, and never half-written."""

from __future__ import annotations

import base64
import errno
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from portal import audit
from portal.tlog import bundle, bundle_check, checkpoints, verify, whole_file
from portal.tlog.findings import Verdict
from portal.tlog.log_keys import LogKeys
from portal.tlog.notes import NoteSigner
from portal.tlog.verify import Unreadable
from tests.sql import only_on
from tests.tlog import stranger
from tests.tlog.desk import keep
from tests.world import World


def key_of(world: World) -> LogKeys:
    key = checkpoints.published_key(world.runtime.settings.keys)
    assert key is not None
    return key


def many(world: World, number: int) -> None:
    """So many more events, in a moment."""
    ctx = world.system
    with ctx.act():
        for at in range(number):
            facts = {"digest": str(at)}
            audit.append(
                ctx.session, "system", "system:settings:started", actor="system", at=ctx.now, facts=facts
            )


def exported(world: World, path: Path, **asked: int) -> Path:
    with verify.snapshot(world.runtime.engine) as session:
        bundle.write(session, path, key_of(world), **asked)
    return path


@pytest.fixture
def long(logged: World) -> World:
    """A desk whose log fills more than two tiles and was signed three times."""
    logged.queued()
    keep(logged)
    many(logged, 270)
    keep(logged)
    logged.submit(reply_email="other@example.example")
    many(logged, 250)
    keep(logged)
    return logged


def checked(path: Path, world: World, **asked: object) -> Verdict:
    return bundle_check.check(path, **{"key": key_of(world), "anchors": None, **asked})  # type: ignore[arg-type]


def test_a_stranger_checks_it_by_the_words_of_its_readme_alone(long: World, tmp_path: Path) -> None:
    path = exported(long, tmp_path / "log.zip")
    newest = checkpoints.newest(long.session)
    assert newest is not None
    assert newest.size > 512
    assert stranger.check(path, str(key_of(long))) == newest.size


def test_openssl_agrees_as_the_readme_says(long: World, tmp_path: Path) -> None:
    note = (checkpoints.newest_note(long.session) or "").encode()
    body, signature = note.split(b"\n\n")
    (tmp_path / "body").write_bytes(body + b"\n")
    (tmp_path / "signature").write_bytes(base64.b64decode(signature.split()[-1])[4:])
    (tmp_path / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + key_of(long).current.key)
    words = bundle.README.read_text().split("openssl pkeyutl")[1].split("\n")[0]
    done = subprocess.run(
        ["openssl", "pkeyutl", *words.split()], cwd=tmp_path, check=False, capture_output=True
    )
    assert b"Verified Successfully" in done.stdout


@only_on("sqlite")
def test_our_own_check_passes_and_says_what_a_bundle_cannot_tell(long: World, tmp_path: Path) -> None:
    verdict = checked(exported(long, tmp_path / "log.zip"), long)
    assert verdict.findings == ()
    assert verdict.events == len(stranger.entries(zipfile.ZipFile(tmp_path / "log.zip")))
    assert verdict.unchecked.keys() == {"anchors", "reconcile", "payloads", "schema", "age"}


@only_on("sqlite")
def test_it_can_begin_behind_what_its_reader_has_already(long: World, tmp_path: Path) -> None:
    path = exported(long, tmp_path / "later.zip", since=300)
    with zipfile.ZipFile(path) as file:
        assert "tile/entries/000" not in file.namelist()
    verdict = checked(path, long)
    assert verdict.findings == ()
    assert "begins at place 256" in verdict.unchecked["places"]


@only_on("sqlite")
def test_heads_kept_elsewhere_are_compared_with_it(long: World, tmp_path: Path) -> None:
    anchors = tmp_path / "anchors"
    anchors.mkdir()
    checkpoints.anchor(long.session, anchors)
    path = exported(long, tmp_path / "log.zip")
    assert checked(path, long, anchors=anchors).unchecked.keys().isdisjoint({"anchors", "heads"})
    many(long, 1)
    keep(long)
    checkpoints.anchor(long.session, anchors)
    assert checked(path, long, anchors=anchors).failed == "anchors"


@only_on("sqlite")
def test_without_a_key_it_says_that_its_own_proves_nothing(long: World, tmp_path: Path) -> None:
    verdict = checked(exported(long, tmp_path / "log.zip"), long, key=None)
    assert verdict.findings == ()
    assert "proves nothing" in verdict.unchecked["heads"]


@only_on("sqlite")
def test_a_bundle_of_another_log_is_told_apart(long: World, tmp_path: Path) -> None:
    other = LogKeys(NoteSigner.generate("other.example/log").verifier)
    verdict = checked(exported(long, tmp_path / "log.zip"), long, key=other)
    assert verdict.failed == "heads"
    assert "it is of the log “desk.example/log”" in verdict.findings[0].words


Change = Callable[[dict[str, bytes]], None]


def replace(name: str, old: bytes, new: bytes) -> Change:
    def change(files: dict[str, bytes]) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


TAMPERINGS: dict[str, tuple[Change, str]] = {
    "an event is edited": (replace("tile/entries/000", b"submitted", b"submitteX"), "streams"),
    "an event is cut": (
        lambda files: files.update({"tile/entries/000": files["tile/entries/000"][:-1]}),
        "bytes",
    ),
    "an event is no event": (replace("tile/entries/001", b'"stream"', b'"strxam"'), "bytes"),
    "events are missing": (lambda files: files.pop("tile/entries/001") and None, "places"),
    "a tile is changed": (
        lambda files: files.update({"tile/0/000": bytes(256 * 32)}),
        "tiles",
    ),
    "a tile is missing": (lambda files: files.pop("tile/1/000.p/2") and None, "tiles"),
    "a head is forged": (replace("checkpoints.txt", b"desk.example/log\n", b"desk.example/lox\n"), "heads"),
    "the newest head is forged": (replace("checkpoint", b"\n5", b"\n6"), "places"),
    "heads are left out": (lambda files: files.update({"checkpoints.txt": b""}), "heads"),
}


def again(path: Path, change: Change) -> Path:
    with zipfile.ZipFile(path) as file:
        files = {name: file.read(name) for name in file.namelist()}
    change(files)
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(other, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
    return other


@only_on("sqlite")
def test_each_tampering_with_a_bundle_is_found(long: World, tmp_path: Path) -> None:
    path = exported(long, tmp_path / "log.zip")
    for what, (change, check) in TAMPERINGS.items():
        verdict = checked(again(path, change), long)
        assert verdict.failed == check, what


@only_on("sqlite")
def test_a_file_that_is_cut_damaged_or_no_bundle_cannot_be_read_and_is_said_to_be(
    long: World, tmp_path: Path
) -> None:
    path = exported(long, tmp_path / "log.zip")
    whole = path.read_bytes()
    middle = len(whole) // 2
    for data, words in (
        (whole[:-100], "or it was cut"),
        (b"", "or it was cut"),
        (whole[:middle] + bytes(64) + whole[middle + 64 :], "is damaged"),
    ):
        path.write_bytes(data)
        with pytest.raises(Unreadable, match=words):
            checked(path, long)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("photo.jpg", b"")
    with pytest.raises(Unreadable, match="it has no signed head"):
        checked(path, long)
    with pytest.raises(Unreadable, match="cannot be read"):
        checked(tmp_path / "nowhere.zip", long)


@only_on("sqlite")
def test_a_log_that_was_never_signed_is_not_exported(world: World, tmp_path: Path) -> None:
    world.queued()
    key = LogKeys(NoteSigner.generate("desk.example/log").verifier)
    with (
        verify.snapshot(world.runtime.engine) as session,
        pytest.raises(bundle.BundleError, match="no signed head yet"),
    ):
        bundle.write(session, tmp_path / "log.zip", key)
    assert not (tmp_path / "log.zip").exists()


@only_on("sqlite")
def test_a_file_that_is_there_already_is_left_as_it_is(long: World, tmp_path: Path) -> None:
    path = tmp_path / "log.zip"
    path.write_text("mine")
    with pytest.raises(bundle.BundleError, match="left as it is"):
        exported(long, path)
    assert path.read_text() == "mine"


@pytest.fixture(params=[True, False], ids=["unnamed", "hidden"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A disk that can keep a file without a name, and one that cannot."""
    if not request.param:
        monkeypatch.setattr(whole_file, "UNNAMED", 0)
    return bool(request.param)


def test_a_whole_file_gets_its_name(disk: bool, tmp_path: Path) -> None:
    with whole_file.whole_file(tmp_path / "a") as file:
        file.write(b"whole")
        assert not (tmp_path / "a").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_a_disk_that_fills_leaves_nothing_behind(disk: bool, tmp_path: Path) -> None:
    def write_half() -> None:
        with whole_file.whole_file(tmp_path / "a") as file:
            file.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_half()
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from portal.tlog.whole_file import whole_file
with whole_file(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_writer_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a")], check=False, cwd=os.getcwd())
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


@only_on("sqlite")
def test_a_folder_that_is_not_there_is_said_in_words(long: World, tmp_path: Path) -> None:
    with pytest.raises(bundle.BundleError, match=r"No such file or directory.*nothing was left behind"):
        exported(long, tmp_path / "nowhere" / "log.zip")


@pytest.mark.parametrize(
    ("place", "width", "name"),
    [
        (0, 256, "tile/entries/000"),
        (999, 256, "tile/entries/999"),
        (1000, 256, "tile/entries/x001/000"),
        (1234067, 17, "tile/entries/x001/x234/067.p/17"),
    ],
)
def test_tiles_are_named_as_the_public_format_says(place: int, width: int, name: str) -> None:
    assert bundle.tile_name("entries", place, width) == name
