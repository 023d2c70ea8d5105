"""`flask retention` and the files that a person is handed: what they say, what they leave behind, and how they end."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal import worker
from tests.applications import app_for
from tests.casework.kept import decided, events, later
from tests.world import World


@pytest.fixture
def app(world: World) -> Flask:
    return app_for(world.runtime)


@pytest.fixture
def case_id(world: World) -> str:
    world.account()
    return world.declined()


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=list(words))


def test_the_preview_names_classes_numbers_and_cases_and_deletes_nothing(
    app: Flask, world: World, case_id: str
) -> None:
    later(world, days=40)
    said = run(app, "retention", "preview")
    ahead = run(app, "retention", "preview", "--until", "2027-12-31")

    assert said.exit_code == 0, said.output
    assert "evidence  after 30d          1 to delete" in said.output
    assert "contact   after 365d         0 to delete" in said.output
    assert world.case(case_id).reference in said.output
    assert "contact   after 365d         1 to delete" in ahead.output
    assert world.case(case_id).retention_stage == 0


def test_what_a_hold_keeps_is_said(app: Flask, world: World, case_id: str) -> None:
    decided(world, "case_hold", case_id)
    later(world, days=40)

    assert "0 to delete, 1 under a legal hold" in run(app, "retention", "preview").output


def test_a_run_says_what_it_deleted_and_can_be_repeated(app: Flask, world: World, case_id: str) -> None:
    later(world, days=100)
    first, second = run(app, "retention", "run"), run(app, "retention", "run")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "evidence        1 deleted" in first.output
    assert "network         1 deleted" in first.output
    assert "Nothing was due." in second.output
    assert world.case(case_id).retention_stage == 2


def test_the_worker_deletes_when_it_keeps_house(world: World, case_id: str) -> None:
    later(world, days=40)
    worker.keep_house(world.runtime)

    assert world.case(case_id).retention_stage == 1


def test_the_worker_carries_out_what_two_have_agreed(world: World, case_id: str) -> None:
    later(world, days=15)
    decided(world, "case_erase", case_id)
    world.pass_time(hours=24)

    assert world.case(case_id).retention_stage == 3


@pytest.mark.parametrize(
    ("day", "why"), [("2027-13-01", "does not match the format"), ("0001-01-01", "must not be in the past")]
)
def test_an_impossible_date_is_refused_as_a_wrong_option(app: Flask, day: str, why: str) -> None:
    said = run(app, "retention", "preview", "--until", day)

    assert (said.exit_code, why in said.output) == (2, True)


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_persons_data_is_written_whole_and_for_nobody_else_to_read(
    app: Flask, world: World, case_id: str, tmp_path: Path, form: str
) -> None:
    out, reference = tmp_path / "person", world.case(case_id).reference
    said = run(app, "cases", "export-person", reference, "--out", str(out), "--form", form)

    assert said.exit_code == 0, said.output
    assert reference in out.read_text("utf-8")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.glob(".export-*")] == []
    assert [event["form"] for event in events(world, "case:data:exported")] == [form]


def test_what_the_person_may_not_have_yet_is_written_for_an_authority_only(
    app: Flask, world: World, tmp_path: Path
) -> None:
    world.account()
    out, reference = tmp_path / "person", world.case(world.queued()).reference
    words = ("cases", "export-person", reference, "--out", str(out))
    said = run(app, *words)
    was_there = out.exists()

    assert (said.exit_code, "has not ended" in said.output, was_there) == (1, True, False)
    assert run(app, *words, "--reason", "asked_by_authority").exit_code == 0
    assert [event["why"] for event in events(world, "case:data:exported")] == ["asked_by_authority"]


def test_an_accounts_data_is_written_by_its_number(
    app: Flask, world: World, case_id: str, tmp_path: Path
) -> None:
    out = tmp_path / "account.json"
    said = run(app, "register", "export-person", "1234-5678-9012", "--out", str(out))

    assert said.exit_code == 0, said.output
    assert json.loads(out.read_text("utf-8"))["cases"][0]["reference"] == world.case(case_id).reference


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("cases", "export-person", "MR-0000-0000"), "There is no request"),
        (("register", "export-person", "12"), "no account ID of 12 digits"),
        (("register", "export-person", "000000000001"), "The register has no account"),
    ],
)
def test_what_is_not_there_is_said_and_nothing_is_written(
    app: Flask, world: World, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    out = tmp_path / "person.json"
    said = run(app, *words, "--out", str(out))

    assert (said.exit_code, why in said.output, out.exists()) == (1, True, False)


def test_where_nothing_can_be_written_nothing_half_done_is_left(
    app: Flask, world: World, case_id: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    said = run(app, "cases", "export-person", world.case(case_id).reference, "--out", str(kept / "no" / "x"))
    (kept / "there").write_text("before")

    assert (said.exit_code, "cannot be written" in said.output) == (1, True)
    assert [each.name for each in kept.iterdir()] == ["there"]
