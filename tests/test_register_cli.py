"""`flask register`: it proposes and lists; agreeing is not on the command line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal import db, i18n
from portal.casework import register_import
from portal.casework.register_import import OpenImport
from portal.cli import register_group
from portal.models import OutboxRow
from tests.casework.register_desk import agreed, proposed
from tests.casework.register_rows import file, row
from tests.world import World


@pytest.fixture
def app(world: World) -> Flask:
    made = Flask("portal")
    made.config["SESSION_COOKIE_SECURE"] = False
    db.init_app(made, world.runtime)
    i18n.init_app(made, world.runtime.settings)
    made.cli.add_command(register_group)
    return made


def waiting_for(world: World) -> tuple[OpenImport, ...]:
    world.session.rollback()
    return register_import.open_proposals(world.as_("lee"))


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["register", *words])


def propose(app: Flask, folder: Path, data: bytes, proposer: str = "ada@desk.example") -> Result:
    path = folder / "register.csv"
    path.write_bytes(data)
    return run(app, "import", str(path), "--proposer", proposer)


def test_a_file_is_proposed_in_somebodys_name_and_the_digest_is_said(
    app: Flask, world: World, tmp_path: Path
):
    said = propose(app, tmp_path, file(row()))
    (waiting,) = waiting_for(world)

    assert said.exit_code == 0, said.output
    assert waiting.digest in said.output
    assert waiting.proposer == "Ada Admin"
    assert "another admin or lead signs in" in said.output


def test_whoever_is_named_as_the_proposer_is_told(app: Flask, world: World, tmp_path: Path):
    said = propose(app, tmp_path, file(row()))
    mails = world.session.query(OutboxRow).filter_by(notice="staff_changed").all()

    assert [mail.staff_id for mail in mails] == [world.logins["ada"].staff_id]
    assert world.params(mails[0])["what"] == "named_proposer"
    assert "Proposed in the name of Ada Admin, who is told by mail" in said.output


def test_a_file_says_whether_it_was_proposed_on_the_command_line(app: Flask, world: World, tmp_path: Path):
    propose(app, tmp_path, file(row()))
    world.now += timedelta(seconds=1)
    proposed(world)

    assert [waiting.by_command for waiting in waiting_for(world)] == [True, False]
    assert world.session.query(OutboxRow).filter_by(notice="staff_changed").count() == 1


def test_every_mistake_is_said_with_line_and_column_in_words(app: Flask, world: World, tmp_path: Path):
    said = propose(app, tmp_path, file(row(email="nobody", account_number="12")))

    assert said.exit_code == 1
    assert "line 2 account_number: AWS account ID must be 12 digits (you entered 2)" in said.output
    assert "line 2 email: Enter an email address in the correct format" in said.output
    assert waiting_for(world) == ()


@pytest.mark.parametrize(
    ("proposer", "answer"),
    [
        ("alice@desk.example", "Only an admin or a lead"),
        ("nobody@desk.example", "Nobody on the staff"),
        ("no address", "Nobody on the staff"),
    ],
)
def test_only_an_admin_or_a_lead_can_be_the_proposer(
    app: Flask, world: World, tmp_path: Path, proposer: str, answer: str
):
    said = propose(app, tmp_path, file(row()), proposer)

    assert (said.exit_code, answer in said.output) == (1, True)
    assert waiting_for(world) == ()


def test_a_file_that_is_not_there_is_said(app: Flask):
    said = run(app, "import", "/nowhere/register.csv", "--proposer", "ada@desk.example")

    assert said.exit_code == 2
    assert "No such file" in said.output


def test_what_waits_is_listed_until_it_is_decided(app: Flask, world: World):
    proposal = proposed(world)
    before = run(app, "list").output
    agreed(world, proposal)

    assert proposal.digest in before
    assert "Nothing waits." in run(app, "list").output


def test_nobody_can_agree_on_the_command_line():
    # the last one is added where the whole command line is put together
    assert set(register_group.commands) - {"export-person"} == {"import", "list"}
