"""The commands of an installation, run as an operator runs them: in processes of their own, on a folder of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from sqlalchemy import create_engine, text

import portal
from portal.domain import lifecycle
from tests.conftest import migrate
from tests.world import World

ROOT = Path(portal.__file__).parent.parent
FLASK = (sys.executable, "-m", "flask")
LIVE = {
    "KAIJO_BASE_URL": "https://mfa.corp.example",
    "KAIJO_SMTP_HOST": "mail.corp.example",
    "KAIJO_SMTP_FROM": "mfa@corp.example",
    "KAIJO_EMERGENCY": "03-0000-0000",
}

pytestmark = pytest.mark.processes


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KAIJO_", "FLASK_"))}
    return {**kept, "KAIJO_DATA": str(data), **more}


def run(data: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FLASK, *words],
        cwd=ROOT,
        env=environment(data, **more),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_a_live_installation_is_made_by_three_commands_and_says_what_comes_next(tmp_path: Path):
    keys, data = tmp_path / "keys", tmp_path / "data"
    live = {**LIVE, "KAIJO_KEYS": str(keys)}

    early = run(data, "keys", "init", **live)
    assert early.returncode == 1
    assert "mkdir -m 700" in early.stderr

    keys.mkdir(mode=0o700)
    assert "Next: flask db upgrade" in run(data, "keys", "init", **live).stdout
    assert "already" in run(data, "keys", "init", **live).stderr
    assert "Next: flask staff bootstrap" in run(data, "db", "upgrade", **live).stdout
    again = run(data, "db", "upgrade", **live)
    assert (again.returncode, "up to date" in again.stdout) == (0, True)
    with create_engine(f"sqlite:///{data}/kaijo.sqlite").begin() as connection:
        assert connection.execute(text("SELECT mark FROM installation")).scalar_one() == "live"

    # a database of real people never starts as a demo
    other = run(data, "db", "upgrade", KAIJO_DEMO="1", KAIJO_KEYS=str(keys))
    assert other.returncode == 1
    assert "live database" in other.stderr


def test_a_setting_that_is_missing_stops_a_command_with_one_sentence(tmp_path: Path):
    said = run(tmp_path, "worker")

    assert said.returncode == 1
    assert said.stderr.strip() == "Error: Set KAIJO_KEYS to the folder of the keys, outside KAIJO_DATA."


def test_help_needs_no_settings(tmp_path: Path):
    said = run(tmp_path, "--help")

    assert said.returncode == 0
    assert "serve" in said.stdout
    assert "Traceback" not in said.stderr


def test_the_life_cycle_in_the_readme_is_the_one_that_runs(tmp_path: Path):
    said = run(tmp_path, "cases", "diagram", KAIJO_DEMO="1").stdout

    assert said.strip() == lifecycle.diagram()
    assert lifecycle.diagram() in (ROOT / "README.md").read_text("utf-8")


def test_one_command_serves_the_portal_with_a_worker_and_stops_both(tmp_path: Path):
    """The database has its people already; filling a new one is tried by the tests of the demo."""
    migrate(f"sqlite:///{tmp_path}/kaijo.sqlite")
    World(f"sqlite:///{tmp_path}/kaijo.sqlite", tmp_path).close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    served = subprocess.Popen(
        [*FLASK, "serve", "--demo"],
        cwd=ROOT,
        env=environment(tmp_path, PORT=port),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stdout is not None
        said = ""
        while "Ctrl-C stops everything" not in said:
            line = served.stdout.readline()
            assert line, said
            said += line
        assert f"http://127.0.0.1:{port}/" in said
        assert "Staff sign in" in said
        with urlopen(f"http://127.0.0.1:{port}/ja/") as page:
            assert "MFA デバイスを使えないとき" in page.read().decode()
        children = children_of(served.pid)
        assert len(children) >= 2
    finally:
        served.send_signal(signal.SIGTERM)
        served.communicate()
    assert served.returncode == 0
    until = time.monotonic() + 10
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < until:
        os.sched_yield()
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def test_a_port_that_is_taken_is_said_before_anything_is_made(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = run(tmp_path / "new", "serve", "--demo", PORT=port)

    assert said.returncode == 1
    assert f"Port {port} is in use" in said.stderr
    assert not (tmp_path / "new").exists()


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
