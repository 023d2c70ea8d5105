"""`flask audit`: its words, its exit codes, and that it needs neither keys nor an application."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal.domain import merkle
from portal.tlog import audit_cli, checkpoints, notes, proofs
from portal.tlog.audit_cli import audit
from tests.sql import TABLES, only_on
from tests.tlog.desk import keep
from tests.tlog.tampering import events, placed, tampered
from tests.world import World

Run = Callable[..., Result]


@pytest.fixture
def run(logged: World) -> Run:
    """Runs a command on a desk with a signed log, from an environment that names its database and nothing else."""
    logged.queued()
    keep(logged)
    url = logged.runtime.engine.url.render_as_string(hide_password=False)

    def run(*words: object, **more: str) -> Result:
        settings = {
            "KAIJO_DATABASE_URL": url.replace("+psycopg", ""),
            "KAIJO_KEYS": "",
            "KAIJO_ANCHORS": "",
            "KAIJO_DEMO": "",
        }
        return CliRunner().invoke(audit, [str(word) for word in words], env=settings | more)

    return run


def key_file(world: World) -> Path:
    return world.runtime.settings.keys / checkpoints.PUBLISHED


def test_a_log_that_stands_is_said_to_stand(run: Run, logged: World) -> None:
    for key in (key_file(logged), key_file(logged).read_text()):
        done = run("verify", "--vkey", key)
        assert done.exit_code == 0, done.output
        assert "passed     heads" in done.output
        assert f"The log stands. {len(events(logged))} events." in done.output


def test_a_log_that_does_not_stand_names_the_first_bad_place(run: Run, logged: World) -> None:
    tampered(logged, TABLES["audit_event"].update().values(actor="system:other"))
    done = run("verify", "--vkey", key_file(logged))
    assert done.exit_code == 1
    assert re.search(r"FAILED     bytes +place \d+: case:\w{32} 1: .* \(and \d+ more\)", done.output)
    assert "The log does not stand. First: bytes, place" in done.output


def test_without_a_key_the_signatures_are_said_to_be_unchecked(run: Run) -> None:
    done = run("verify")
    assert done.exit_code == 0
    assert "unchecked  heads      without the log's key" in done.output


def test_the_key_in_the_folder_of_keys_is_taken_where_none_is_named(run: Run, logged: World) -> None:
    done = run("verify", KAIJO_KEYS=str(logged.runtime.settings.keys))
    assert "passed     heads" in done.output


@only_on("sqlite")
def test_what_cannot_be_checked_says_so_with_its_own_exit_code(
    run: Run, logged: World, tmp_path: Path
) -> None:
    key = key_file(logged).read_text().strip()
    secret = str(notes.NoteSigner.generate("desk.example/log"))
    (tmp_path / "kaijo.sqlite").write_bytes(b"no database")
    (tmp_path / "noise").write_bytes(b"\xff\xfe")
    for words, said in {
        ("verify", "--vkey", "/nowhere/log.vkey"): "There is no key file /nowhere/log.vkey",
        ("verify", "--vkey", tmp_path / "noise"): "it is no text",
        ("verify", "--vkey", tmp_path): "The key cannot be read",
        ("verify", "--vkey", f"x{key}"): "this key was changed or cut",
        ("verify", "--vkey", key[:-4]): "this key is of another kind: Ed25519 is needed",
        ("verify", "--vkey", secret): "the private key of a log",
        ("verify", "--anchors", tmp_path / "nowhere"): "There is no folder",
        ("verify", "--bundle", tmp_path / "nowhere.zip"): "cannot be read",
        ("verify", "--bundle", tmp_path / "noise"): "is no bundle of a log, or it was cut",
        ("verify", "--bundle", "x.zip", "--since", 3): "--since is for the database",
        ("export", "--out", tmp_path / "log.zip"): "The log has no published key",
        (
            "export",
            "--out",
            tmp_path / "log.zip",
            "--vkey",
            key,
            "--since",
            10**9,
        ): "begin at an earlier place",
        ("prove", "f" * 32): "There is no event ffff",
        ("prove", "f" * 32, "--old", tmp_path / "noise"): "is no signed head of this log",
        ("prove", "f" * 32, "--old", tmp_path / "nowhere"): "cannot be read",
    }.items():
        done = run(*words)
        assert (done.exit_code, said in done.output) == (2, True), (words, done.output)
    for url, said in {
        "mysql://nobody": "KAIJO_DATABASE_URL must begin with postgresql://",
        f"sqlite:///{tmp_path}/none.sqlite": "There is no database",
        f"sqlite:///{tmp_path}/kaijo.sqlite": "The database cannot be read (file is not a database)",
        "postgresql://nobody@127.0.0.1:1/none": "The database cannot be read",
    }.items():
        done = run("verify", KAIJO_DATABASE_URL=url)
        assert (done.exit_code, said in done.output) == (2, True), (url, done.output)
    assert not (tmp_path / "none.sqlite").exists()


def test_rows_and_events_can_be_compared_alone(run: Run, logged: World) -> None:
    done = run("reconcile")
    assert done.exit_code == 0
    assert [line.split()[1] for line in done.output.splitlines()[:-1]] == [
        *("bytes", "streams", "reconcile", "payloads")
    ]
    tampered(logged, TABLES["cases"].update().values(version=9))
    assert run("reconcile").exit_code == 1


def test_a_bundle_is_written_and_checked_without_the_database(
    run: Run, logged: World, tmp_path: Path
) -> None:
    path = tmp_path / "log.zip"
    done = run("export", "--out", path, "--vkey", key_file(logged))
    assert done.exit_code == 0, done.output
    assert f"Next: flask audit verify --bundle {path}" in done.output
    done = run(
        "verify", "--bundle", path, "--vkey", key_file(logged), KAIJO_DATABASE_URL="sqlite:////nowhere/x"
    )
    assert done.exit_code == 0, done.output
    assert "passed     heads" in done.output
    assert run("export", "--out", path, "--vkey", key_file(logged)).exit_code == 2


def test_the_newest_head_is_printed_as_it_is(run: Run, logged: World) -> None:
    done = run("checkpoint")
    assert (done.exit_code, done.output) == (0, checkpoints.newest_note(logged.session))


@only_on("sqlite")
def test_there_is_no_head_to_print_before_the_first(run: Run, logged: World) -> None:
    tampered(logged, TABLES["audit_checkpoint"].delete())
    done = run("checkpoint")
    assert done.exit_code == 2
    assert "no signed head yet" in done.output


def lines(text: str, name: str) -> list[str]:
    return [line.split(" ", 1)[1] for line in text.splitlines() if line.startswith(f"{name} ")]


def test_a_proof_holds_for_whoever_checks_it_with_the_published_key(
    run: Run, logged: World, tmp_path: Path
) -> None:
    older = checkpoints.newest_note(logged.session) or ""
    (tmp_path / "receipt.note").write_text(older)
    logged.submit(reply_email="other@example.example")
    keep(logged)
    event = placed(logged)[2]
    done = run("prove", event.id, "--old", tmp_path / "receipt.note", "--vkey", key_file(logged))
    assert done.exit_code == 0, done.output
    key = notes.Verifier.parse(key_file(logged).read_text())
    head = key.open(done.output.split("The newest signed head:\n")[1])
    [place], [leaf] = lines(done.output, "place"), lines(done.output, "hash")
    shown = next(line for line in done.output.splitlines() if line.startswith("{"))
    assert json.loads(shown)["id"] == event.id
    assert merkle.leaf_hash(shown.encode()).hex() == leaf
    path = [bytes.fromhex(one) for one in lines(done.output, "proof")]
    assert merkle.includes(bytes.fromhex(leaf), int(place), head.size, path, head.root)
    known = key.open(older)
    path = [bytes.fromhex(one) for one in lines(done.output, "consistency")]
    assert merkle.extends(known.size, known.root, head.size, head.root, path)


def test_an_event_that_no_head_covers_yet_has_no_proof(run: Run, logged: World) -> None:
    case_id = logged.submit(reply_email="other@example.example")
    event = events(logged, f"case:{case_id}")[0]
    assert proofs.inclusion_of(logged.session, event.id) is None
    done = run("prove", event.id)
    assert done.exit_code == 2
    assert "No signed head covers this event yet" in done.output


@only_on("sqlite")
def test_a_head_of_a_past_that_is_not_ours_has_no_proof(run: Run, logged: World, tmp_path: Path) -> None:
    head = notes.head_of(checkpoints.newest_note(logged.session) or "")
    other = notes.NoteSigner.generate(head.origin)
    for size, root, said in (
        (head.size, bytes(32), "over other events"),
        (head.size + 1, head.root, "and the newest here counts"),
    ):
        (tmp_path / "old.note").write_text(other.sign(notes.Head(head.origin, size, root)))
        done = run("prove", placed(logged)[0].id, "--old", tmp_path / "old.note")
        assert (done.exit_code, said in done.output) == (2, True), done.output


def test_a_bar_on_a_terminal_shows_how_far_it_is_and_nothing_goes_into_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for is_terminal in (True, False):
        screen = io.StringIO()
        screen.isatty = lambda is_terminal=is_terminal: is_terminal  # type: ignore[misc, assignment]
        monkeypatch.setattr(sys, "stderr", screen)
        with audit_cli.progress_on_terminal("Checking") as show:
            for done in (1, 2):
                show(done, 2)
        assert ("Checking" in screen.getvalue()) is ("100%" in screen.getvalue()) is is_terminal


@pytest.mark.processes
@only_on("sqlite")
def test_the_command_loads_no_web_application(run: Run, logged: World) -> None:
    code = (
        "import sys; from portal.tlog.audit_cli import audit\n"
        "assert not {'portal.public', 'admin', 'portal.db', 'flask_admin'} & set(sys.modules), sys.modules.keys()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
