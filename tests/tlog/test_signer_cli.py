"""`flask signer`: what its settings must be, said in words, and never a trace of the program."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal import environment
from portal.tlog import notes, signer, signer_cli
from tests.domain.test_merkle import MANY, defined
from tests.tlog.desk import NAME
from tests.tlog.test_signer import asked

Run = Callable[..., Result]


@pytest.fixture
def home(short: Path) -> Path:
    signer.make_key(short / "signer", NAME)
    return short / "signer"


@pytest.fixture
def run(short: Path) -> Run:
    def run(*words: object, **settings: object) -> Result:
        given = {
            "KAIJO_DEMO": "",
            "KAIJO_DATA": short / "data",
            "KAIJO_SIGNER": short / "signer",
            "KAIJO_SIGNER_SOCKET": short / "s",
            "KAIJO_ANCHORS": "",
        }
        env = {name: str(value) for name, value in (given | settings).items()}
        return CliRunner().invoke(signer_cli.signer, [str(word) for word in words], env=env)

    return run


def test_each_setting_that_cannot_be_used_is_said_with_what_to_do(run: Run, home: Path, short: Path) -> None:
    (short / "file").write_text("")
    (short / "data").mkdir()
    (short / "data" / "signer").mkdir()
    for settings, said in (
        ({"KAIJO_SIGNER": ""}, "Set KAIJO_SIGNER to the folder of the signer's key"),
        ({"KAIJO_SIGNER": short / "nowhere"}, "There is no key in"),
        ({"KAIJO_SIGNER": short / "file"}, "Not a directory"),
        ({"KAIJO_SIGNER": short / "data" / "signer"}, "overlap: move the signer away"),
        ({"KAIJO_SIGNER_SOCKET": short / ("x" * 120)}, "is too long for a socket"),
        ({"KAIJO_SIGNER_SOCKET": short / "file"}, "is no socket: name another path"),
        ({"KAIJO_SIGNER_SOCKET": short}, "is no socket: name another path"),
        ({"KAIJO_SIGNER_SOCKET": short / "nowhere" / "s"}, "cannot listen at"),
        ({"KAIJO_ANCHORS": short / "nowhere"}, "Create the folder that KAIJO_ANCHORS names"),
    ):
        done = run("run", **settings)
        assert (done.exit_code, said in done.output) == (1, True), (settings, done.output)
        assert isinstance(done.exception, SystemExit), settings


def test_each_state_of_its_folder_that_cannot_be_used_is_said(run: Run, home: Path, short: Path) -> None:
    key = home / signer.KEY
    secret = key.read_text()
    key.unlink()
    key.mkdir(mode=0o700)
    assert "Is a directory" in run("run").output
    key.rmdir()
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    key.chmod(0o400)
    assert "is no key of a signer" in run("run").output
    key.unlink()
    key.write_text(secret)
    key.chmod(0o400)
    home.chmod(0o750)
    assert "run `chmod 700" in run("run").output
    home.chmod(0o700)
    (home / signer.STATE).unlink()
    assert "put the newest signed head there" in run("run").output
    assert "There is a signer in" in run("init", "--name", NAME).output


def test_init_says_what_to_publish_and_what_comes_next(run: Run, short: Path) -> None:
    done = run("init", "--name", NAME)
    published = (short / "signer" / signer.PUBLISHED).read_text().strip()
    assert (done.exit_code, published in done.output, "flask signer run" in done.output) == (0, True, True)
    assert signer.Signer(short / "signer").last.size == 0
    (short / "keys").mkdir(mode=0o700)
    shutil.copy(short / "signer" / signer.PUBLISHED, short / "keys")
    assert environment.keys_folder(str(short / "keys"), short / "data") == short / "keys"  # it may start
    assert run("init", "--name", "two words").exit_code == 1


def test_rotate_says_what_to_publish_and_takes_a_head_from_a_file(run: Run, home: Path, short: Path) -> None:
    newest = signer.Signer(home).answer(asked(7, 0))["note"]
    (home / signer.STATE).unlink()
    for name, data in {"newest.note": newest.encode(), "noise": b"\xff\xfe"}.items():
        (short / name).write_bytes(data)
    assert "--last" in run("rotate").output
    assert "no text" in run("rotate", "--last", short / "noise").output
    assert "No such file" in run("rotate", "--last", short / "nowhere").output
    done = run("rotate", "--last", short / "newest.note")
    assert done.exit_code == 0
    assert f" until {7}\n" in done.output
    assert signer.Signer(home).last == notes.Head(NAME, 7, defined(MANY[:7]))
