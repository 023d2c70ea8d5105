"""A key of the log that is lost or in wrong hands is replaced, and what it signed stays true."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.tlog import bundle, bundle_check, checkpoints, notes, signer, verify
from portal.tlog.log_keys import LogKeys
from tests.domain.test_merkle import MANY, defined
from tests.sql import only_on
from tests.tlog import stranger
from tests.tlog.desk import NAME, answering, keep
from tests.tlog.tampering import checked
from tests.tlog.test_signer import asked
from tests.world import World


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A signer that has signed seven events."""
    signer.make_key(tmp_path / "signer", NAME)
    signer.Signer(tmp_path / "signer").answer(asked(7, 0))
    return tmp_path / "signer"


def stolen(home: Path) -> notes.NoteSigner:
    return notes.NoteSigner.parse((home / signer.KEY).read_text())


def test_the_new_key_goes_on_where_the_old_one_ended(home: Path) -> None:
    signer.replace_key(home)
    mine = signer.Signer(home)
    assert mine.answer(asked(6, 0)) == {"refused": "smaller"}
    assert mine.answer(asked(20, 7)).keys() == {"note"}


def test_the_old_key_counts_up_to_its_last_head_and_no_further(home: Path) -> None:
    thief, old = stolen(home), (home / signer.STATE).read_text()
    keys = signer.replace_key(home)
    assert keys.open(old).size == 7
    with pytest.raises(notes.BadNote, match="it counts 8 events, and its key was replaced at 7"):
        keys.open(thief.sign(notes.Head(NAME, 8, defined(MANY[:8]))))
    assert thief.seed != stolen(home).seed


def test_what_is_published_can_be_read_again_after_several_rotations(home: Path) -> None:
    first = (home / signer.STATE).read_text()
    signer.replace_key(home)
    signer.Signer(home).answer(asked(20, 7))
    keys = signer.replace_key(home)
    assert LogKeys.parse((home / signer.PUBLISHED).read_text()) == keys
    assert [one.size for one in keys.replaced] == [20, 7]
    assert keys.open(first).size == 7


def test_with_key_and_memory_lost_it_goes_on_from_a_head_that_was_left_elsewhere(home: Path) -> None:
    newest = (home / signer.STATE).read_text()
    (home / signer.KEY).unlink()
    (home / signer.STATE).unlink()
    with pytest.raises(signer.SignerError, match="name a file with the newest signed head"):
        signer.replace_key(home)
    other = notes.NoteSigner.generate(NAME).sign(notes.Head(NAME, 3, defined(MANY[:3])))
    for forged in (other, "noise"):
        with pytest.raises(signer.SignerError, match="no signed head of this log"):
            signer.replace_key(home, forged)
    signer.replace_key(home, newest)
    assert signer.Signer(home).last.size == 7


def test_an_older_head_never_shortens_a_memory_that_is_there(home: Path) -> None:
    old = stolen(home).sign(notes.Head(NAME, 3, defined(MANY[:3])))
    signer.replace_key(home, old)
    assert signer.Signer(home).last.size == 7


def test_no_key_is_replaced_while_the_signer_runs(home: Path, short: Path) -> None:
    with answering(home, short / "one.sock"), pytest.raises(signer.SignerError, match="at work in"):
        signer.replace_key(home)


@pytest.mark.parametrize("ended", [signer.PUBLISHED, signer.STATE])
def test_whoever_is_killed_in_between_does_the_same_again(home: Path, ended: str, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "after")
    signer.replace_key(tmp_path / "after")
    for name in (signer.PUBLISHED, signer.STATE):
        (home / name).unlink()
        shutil.copy(tmp_path / "after" / name, home / name)
        if name == ended:
            break
    keys = signer.replace_key(home)
    assert signer.Signer(home).last.size == 7
    assert {one.size for one in keys.replaced} == {7}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{old}\n{other}", "has the form name"),
        ("{old}\n{other} until x", "has the form name"),
        ("{old}\n{foreign} until 3", "keys of two logs"),
        ("{old}\n" + "{other} until 3\n" * 60, "too many keys"),
        ("{old}\nPRIVATE+KEY+x+00000000+AAAA until 3", "the private key"),
        ("", "no key of a log"),
    ],
)
def test_a_file_of_keys_that_is_none_is_refused(text: str, words: str) -> None:
    old, other = (notes.NoteSigner.generate(NAME).verifier for _ in range(2))
    foreign = notes.NoteSigner.generate("other.example/log").verifier
    with pytest.raises(notes.BadKey, match=words):
        LogKeys.parse(text.format(old=old, other=other, foreign=foreign))


@pytest.fixture
def desk(database_url: str, tmp_path: Path, short: Path) -> Iterator[World]:
    """A desk whose signer is not started yet."""
    world = World(database_url, tmp_path, signer=short / "signer.sock")
    signer.make_key(short / "signer", NAME)
    yield world
    world.close()


def signed(world: World, home: Path, reply_email: str) -> str:
    """Publish the signer's keys, have a request, and have it signed."""
    published = world.runtime.settings.keys / checkpoints.PUBLISHED
    published.unlink(missing_ok=True)
    shutil.copy(home / signer.PUBLISHED, published)
    with answering(home, world.runtime.settings.signer_socket):
        world.submit(reply_email=reply_email)
        keep(world)
    return checkpoints.newest_note(world.session) or ""


@only_on("sqlite")
def test_log_bundle_and_receipts_verify_across_a_rotation(desk: World, short: Path, tmp_path: Path) -> None:
    """Heads of both keys are in it; and what a thief signs with the old one afterwards is found."""
    home = short / "signer"
    receipt, thief = signed(desk, home, "one@example.example"), stolen(home)
    keys = signer.replace_key(home)
    newest = keys.open(signed(desk, home, "two@example.example"))
    assert checked(desk).findings == ()
    assert keys.open(receipt).size < newest.size
    with verify.snapshot(desk.runtime.engine) as session:
        bundle.write(session, path := tmp_path / "log.zip", keys)
    assert bundle_check.check(path, key=keys, anchors=None).findings == ()
    assert stranger.check(path, str(keys)) == newest.size
    (tmp_path / "anchors").mkdir()
    (tmp_path / "anchors" / "000000000001.note").write_text(thief.sign(newest))
    assert checked(desk, anchors=tmp_path / "anchors").failed == "anchors"
