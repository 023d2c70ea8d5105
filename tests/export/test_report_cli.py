"""`flask report`: a file from the command line, whole or not at all, masked in any case, and on record."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal.export import building
from portal.tlog.signer_cli import make_demo_signer
from tests.export.desk import read_csv, tags
from tests.people import HANAKO
from tests.world import World


@pytest.fixture
def filled(world: World) -> World:
    world.account()
    world.queued()
    return world


PERIOD = ("--from", "2026-01-01", "--to", "2026-11-24")


def run(app: Flask, out: Path, *words: str, name: str = "cases") -> Result:
    return app.test_cli_runner().invoke(args=["report", name, "--out", str(out), *words])


def test_a_report_is_written_with_its_dictionary_and_says_what_it_is(
    filled: World, app: Flask, tmp_path: Path
) -> None:
    out = tmp_path / "cases.csv"
    said = run(app, out, *PERIOD, "--language", "en")
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    assert said.exit_code == 0, said.output
    assert "Rows:    1\n" in said.output
    assert digest in said.output
    assert "The log has no head yet." in said.output
    assert len(read_csv(out.read_bytes())) == 2
    beside = (tmp_path / "cases_dictionary.csv").read_bytes()
    assert ["File", "SHA-256 of the file", digest, "", ""] in read_csv(beside)
    assert HANAKO["name"].encode() not in out.read_bytes() + beside
    assert {path.name for path in tmp_path.glob("*cases*")} == {"cases.csv", "cases_dictionary.csv"}
    assert not list(tmp_path.glob(".kaijo-report-*"))
    assert out.stat().st_mode & 0o077 == 0


def test_it_stands_in_the_log_as_done_on_the_command_line(filled: World, app: Flask, tmp_path: Path) -> None:
    run(app, tmp_path / "cases.csv", *PERIOD)
    (event,) = tags(filled, "system:export:built")
    said = json.loads(event.event_bytes)
    assert said["actor"] == "system"
    assert said["d"] | {"digest": "", "size": 0} == {
        "report": "cases",
        "form": "csv",
        "from": "2026-01-01",
        "to": "2026-11-24",
        "basis": "received",
        "rows": 1,
        "channel": "command_line",
        "digest": "",
        "size": 0,
    }


@pytest.mark.parametrize(("form", "start"), [("xlsx", b"PK"), ("pdf", b"%PDF")])
def test_other_formats_languages_and_columns(
    filled: World, app: Flask, tmp_path: Path, form: str, start: bytes
) -> None:
    out = tmp_path / f"cases.{form}"
    said = run(app, out, *PERIOD, "--format", form, "--lang", "ja", "--columns", "reference,reason")
    assert said.exit_code == 0, said.output
    assert out.read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "2026-13-01", "--to", "2026-06-30"), "--from"),
        (
            ("--from", "2026-06-30", "--to", "2026-04-01"),
            "Start date must be the same as or before the end date",
        ),
        (("--from", "2026-04-01"), "Enter an end date"),
        (("--from", "2026-04-01", "--to", "2027-01-01"), "End date must be today or earlier"),
        (("--from", "2024-04-01", "--to", "2026-01-01"), "Period must be 366 days or less"),
        ((*PERIOD, "--columns", "reference,password"), "--columns"),
        ((*PERIOD, "--basis", "birthday"), "--basis"),
        ((*PERIOD, "--filter", "language=fr"), "--language"),
        ((*PERIOD, "--filter", "name=x"), "name=x is not one of status"),
        ((*PERIOD, "--filter", "language"), "with = and a value"),
        ((*PERIOD, "--format", "docx"), "'docx' is not one of"),
        ((*PERIOD, "--language", "fr"), "'fr' is not one of"),
        (("--period", "last_century"), "--period"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_asked_for_wrongly_is_said_and_nothing_is_written(
    world: World, app: Flask, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    out = tmp_path / "cases.csv"
    said = run(app, out, *words)
    assert said.exit_code == 2, said.output
    assert told in said.output
    assert not out.exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_seed_that_is_no_text_is_a_wrong_use(world: World, app: Flask, tmp_path: Path) -> None:
    # as Python reads an argument that is not UTF-8
    said = run(app, tmp_path / "sample.csv", *PERIOD, "--seed", "a\udcff", name="sample")
    assert (said.exit_code, "Remove the characters" in said.output) == (2, True)


def test_an_unknown_report_is_a_wrong_use(world: World, app: Flask, tmp_path: Path) -> None:
    said = run(app, tmp_path / "x.csv", name="everything")
    assert said.exit_code == 2
    assert "'everything' is not one of" in said.output


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_folder_that_is_not_there_is_said_and_nothing_is_on_record(
    world: World, app: Flask, tmp_path: Path
) -> None:
    said = run(app, tmp_path / "nowhere" / "cases.csv", *PERIOD)
    assert said.exit_code == 1
    assert "The file could not be written: No such file or directory." in said.output
    assert not tags(world, "system:export:built")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_data_that_does_not_fit_together_leaves_no_file(
    filled: World, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(_table: object, out: object, _scratch: Path) -> None:
        raise building.DataChanged("12 rows were counted, and 11 came")

    monkeypatch.setitem(building.FORMS, "csv", building.Form(".csv", "text/csv", changed))
    out = tmp_path / "cases.csv"
    out.write_text("what was there before")
    said = run(app, out, *PERIOD)
    assert said.exit_code == 1
    assert "12 rows were counted, and 11 came" in said.output
    assert out.read_text() == "what was there before"


@pytest.mark.processes
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_disk_that_fills_leaves_nothing_half_written(
    filled: World, tmp_path: Path, form: str, database_url: str
) -> None:
    filled.session.rollback()
    out = tmp_path / "out"
    out.mkdir()
    settings = filled.runtime.settings
    # the first start of a demo writes more than this disk holds
    make_demo_signer(settings.data / "signer", settings.keys)
    environment = {
        **os.environ,
        "KAIJO_DEMO": "1",
        "KAIJO_DATA": str(settings.data),
        "KAIJO_DATABASE_URL": database_url,
    }
    limit = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({LITTLE[form]}, -1))"
    program = f"import resource, flask.cli; {limit}; flask.cli.main()"
    command = [sys.executable, "-c", program, "--app", "wsgi", "report", "cases", *PERIOD, "--format", form]
    done = subprocess.run(
        [*command, "--out", str(out / "cases")], check=False, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "The file could not be written: File too large." in done.stderr
    assert list(out.iterdir()) == []


# Bytes at which the disk of the test is full: in the file itself, and in what its library writes on the way.
LITTLE = {"csv": 100, "xlsx": 500}
