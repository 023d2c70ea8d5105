"""The signer alone: what it signs, what it refuses, and that it remembers."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from portal.domain import merkle
from portal.tlog import checkpoints, notes, signer
from tests.domain.test_merkle import MANY, defined, nodes_over
from tests.tlog.desk import NAME, answering


@pytest.fixture
def home(tmp_path: Path) -> Path:
    signer.make_key(tmp_path / "signer", NAME)
    return tmp_path / "signer"


def asked(size: int, old: int) -> dict[str, Any]:
    proof = merkle.consistency(old, size, nodes_over(MANY[:size]))
    return {"size": size, "root": defined(MANY[:size]).hex(), "proof": [one.hex() for one in proof]}


def published(home: Path) -> notes.Verifier:
    return notes.Verifier.parse((home / signer.PUBLISHED).read_text())


def test_it_signs_a_head_that_anybody_can_check_with_the_published_key(home: Path) -> None:
    note = signer.Signer(home).answer(asked(7, 0))["note"]
    assert published(home).open(note) == notes.Head(NAME, 7, defined(MANY[:7]))


def test_it_signs_what_extends_the_last_head(home: Path) -> None:
    mine = signer.Signer(home)
    mine.answer(asked(7, 0))
    assert published(home).open(mine.answer(asked(20, 7))["note"]).size == 20


def test_it_refuses_a_smaller_past(home: Path) -> None:
    mine = signer.Signer(home)
    mine.answer(asked(7, 0))
    assert mine.answer(asked(6, 0)) == {"refused": "smaller"}


def test_it_refuses_a_different_past_of_the_same_size(home: Path) -> None:
    mine = signer.Signer(home)
    mine.answer(asked(7, 0))
    other = {"size": 7, "root": defined(MANY[1:8]).hex(), "proof": []}
    assert mine.answer(other) == {"refused": "different_past"}


def test_it_refuses_a_longer_past_that_does_not_begin_with_the_last(home: Path) -> None:
    mine = signer.Signer(home)
    mine.answer(asked(7, 0))
    others = MANY[1:]
    proof = merkle.consistency(7, 20, nodes_over(others))
    rewritten = {"size": 20, "root": defined(others[:20]).hex(), "proof": [one.hex() for one in proof]}
    assert mine.answer(rewritten) == {"refused": "different_past"}


def test_it_remembers_after_a_restart(home: Path) -> None:
    signer.Signer(home).answer(asked(7, 0))
    assert signer.Signer(home).answer({}) == {"size": 7, "root": defined(MANY[:7]).hex()}
    assert signer.Signer(home).answer(asked(6, 0)) == {"refused": "smaller"}


def test_the_same_head_may_be_asked_for_again(home: Path) -> None:
    mine = signer.Signer(home)
    assert mine.answer(asked(7, 0)) == mine.answer(asked(7, 7))


@pytest.mark.parametrize(
    "question",
    [
        {"size": "7", "root": "00" * 32, "proof": []},
        {"size": True, "root": "00" * 32, "proof": []},
        {"size": 7, "root": "00", "proof": []},
        {"size": 7, "root": "00" * 32, "proof": ["00"]},
        {"size": 7, "root": "00" * 32},
        {"size": 7, "root": "zz", "proof": []},
        {"size": 7, "root": 7, "proof": 7},
    ],
)
def test_it_refuses_a_malformed_question(home: Path, question: dict[str, Any]) -> None:
    assert signer.Signer(home).answer(question) == {"refused": "malformed"}


def test_a_memory_that_was_tampered_with_stops_the_start(home: Path) -> None:
    mine = signer.Signer(home)
    mine.answer(asked(7, 0))
    state = home / signer.STATE
    state.write_text(state.read_text().replace("\n7\n", "\n3\n"))
    with pytest.raises(signer.SignerError, match="not the last signed head"):
        signer.Signer(home)


def test_a_lost_memory_stops_the_start_and_says_what_to_put_there(home: Path) -> None:
    signer.Signer(home).answer(asked(7, 0))
    (home / signer.STATE).unlink()
    with pytest.raises(signer.SignerError, match="put the newest signed head there"):
        signer.Signer(home)


def test_the_newest_head_from_the_anchors_gives_the_memory_back(home: Path) -> None:
    note = signer.Signer(home).answer(asked(7, 0))["note"]
    (home / signer.STATE).write_text(note)
    assert signer.Signer(home).answer(asked(6, 0)) == {"refused": "smaller"}


def test_a_memory_that_was_put_back_from_an_old_copy_is_told_by_the_anchors(
    home: Path, tmp_path: Path
) -> None:
    mine = signer.Signer(home)
    old = mine.answer(asked(7, 0))["note"]
    newest = mine.answer(asked(20, 7))["note"]
    for name, text in {"000000000020": newest, "000000000007": old, "999999999999": "noise"}.items():
        (tmp_path / f"{name}.note").write_text(text)
    assert signer.Signer(home, tmp_path).last.size == 20
    (home / signer.STATE).write_text(old)
    with pytest.raises(signer.SignerError, match=r"counts 20 events and .* counts 7"):
        signer.Signer(home, tmp_path)


def test_a_folder_that_others_can_reach_stops_the_start_and_takes_no_key(home: Path, tmp_path: Path) -> None:
    home.chmod(0o770)
    with pytest.raises(signer.SignerError, match="run `chmod 700"):
        signer.Signer(home)
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(signer.SignerError, match="run `chmod 700"):
        signer.make_key(tmp_path / "open", NAME)
    assert list((tmp_path / "open").iterdir()) == []


def test_a_head_that_could_not_be_read_again_is_never_signed(home: Path) -> None:
    mine = signer.Signer(home)
    huge = {"size": 10**18, "root": "00" * 32, "proof": []}
    assert mine.answer(huge) == {"refused": "malformed"}
    assert mine.answer(huge | {"size": 10**18 - 1}).keys() == {"note"}
    assert signer.Signer(home).last.size == 10**18 - 1


def test_a_disk_that_is_full_is_no_refusal_and_forgets_nothing(home: Path, short: Path) -> None:
    path = short / "signer.sock"
    with answering(home, path):
        (home / f"{signer.STATE}.new").mkdir()  # the memory cannot be written
        with pytest.raises(checkpoints.NoHead, match="cannot keep what it signs") as raised:
            checkpoints.ask(path, asked(7, 0))
        assert not isinstance(raised.value, checkpoints.SignerRefuses)
        (home / f"{signer.STATE}.new").rmdir()
        assert checkpoints.ask(path, asked(6, 0)).keys() == {"note"}


def test_what_is_no_socket_is_never_deleted(home: Path, short: Path) -> None:
    (short / "kaijo.sqlite").write_text("the database")
    with pytest.raises(signer.SignerError, match="is no socket"), answering(home, short / "kaijo.sqlite"):
        pass
    assert (short / "kaijo.sqlite").read_text() == "the database"


def test_a_missing_key_stops_the_start_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(signer.SignerError, match="run `flask signer init`"):
        signer.Signer(tmp_path)


def test_a_key_that_others_can_read_stops_the_start(home: Path) -> None:
    (home / signer.KEY).chmod(0o440)
    with pytest.raises(signer.SignerError, match="can be read by others"):
        signer.Signer(home)


@pytest.mark.parametrize("text", ["", "hello", "\xff", "PRIVATE+KEY+x+00000000+AAAA"])
def test_a_file_that_is_no_key_stops_the_start(home: Path, text: str) -> None:
    key = home / signer.KEY
    key.chmod(0o600)
    key.write_bytes(text.encode("latin-1"))
    with pytest.raises(signer.SignerError, match="is no key of a signer"):
        signer.Signer(home)


def test_the_published_key_is_not_taken_for_the_secret_one(home: Path) -> None:
    key = home / signer.KEY
    key.chmod(0o600)
    key.write_text((home / signer.PUBLISHED).read_text())
    with pytest.raises(signer.SignerError, match="is no key of a signer"):
        signer.Signer(home)


def test_a_key_is_never_made_twice(home: Path) -> None:
    before = (home / signer.KEY).read_text()
    with pytest.raises(signer.SignerError, match="left as it is"):
        signer.make_key(home, NAME)
    assert (home / signer.KEY).read_text() == before


@pytest.mark.parametrize("name", ["", "two words", "a+b", "名前"])
def test_a_log_needs_a_name_that_can_stand_in_a_note(tmp_path: Path, name: str) -> None:
    with pytest.raises(signer.SignerError, match="needs another name"):
        signer.make_key(tmp_path / "signer", name)


def test_two_signers_never_share_a_memory(home: Path, short: Path) -> None:
    with (
        answering(home, short / "one.sock"),
        pytest.raises(signer.SignerError, match="at work in"),
        answering(home, short / "two.sock"),
    ):
        pass


def test_it_answers_at_its_socket_and_survives_nonsense(home: Path, short: Path) -> None:
    path = short / "signer.sock"
    with answering(home, path):
        for nonsense in (b"\n", b"[]\n", b"\xff\n", b"[" * 2000 + b"\n", b"x" * 20_000 + b"\n"):
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(str(path))
                line.sendall(nonsense)
                line.shutdown(socket.SHUT_WR)
                assert json.loads(line.makefile("rb").readline()) == {"refused": "malformed"}
        assert checkpoints.ask(path, {}) == {"size": 0, "root": merkle.EMPTY_ROOT.hex()}
        assert path.stat().st_mode & 0o007 == 0


def test_a_signer_that_is_away_is_said_to_be(short: Path) -> None:
    with pytest.raises(checkpoints.NoHead, match="start `flask signer run`"):
        checkpoints.ask(short / "nobody.sock", {})
