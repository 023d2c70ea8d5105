"""`flask staff`: it invites the first three, once, and afterwards lists and proposes; agreeing is not on the command line."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import delete, select

from portal import db, i18n, runtime
from portal.casework import logins, staff_matters
from portal.casework.staff_changes import CHANGES
from portal.domain.lifecycle import Role
from portal.models import AuditEvent, Person, Staff, StaffRole
from portal.runtime import Runtime
from portal.staff_cli import staff_group
from portal.vault import Keys
from tests import web
from tests.casework.staffroom import Staffroom, use_cheap_hashes
from tests.world import World

ADMINS = ("--admin", "Aiko Hajime <aiko@first.example>", "--admin", "佐藤 次郎 <jiro@first.example>")
LEAD = ("--lead", "Rei Saisho <rei@first.example>")
PROPOSALS = {
    "propose-role": ("role_grant", ["vic@desk.example", "approver"]),
    "propose-role-end": ("role_revoke", ["vic@desk.example", "verifier"]),
    "propose-address": ("address_change", ["vic@desk.example", "victor@desk.example"]),
    "propose-enable": ("re_enable", ["ben@desk.example"]),
    "propose-reset": ("factor_reset", ["vic@desk.example"]),
    "propose-login": ("new_login", ["Nao Newcomer <nao@desk.example>", "--role", "verifier"]),
}


@pytest.fixture
def room(world: World) -> Staffroom:
    use_cheap_hashes()
    return Staffroom(world)


@pytest.fixture
def app(world: World) -> Flask:
    return command_line(world.runtime)


def command_line(made_of: Runtime) -> Flask:
    made = Flask("portal")
    made.config["SESSION_COOKIE_SECURE"] = False
    db.init_app(made, made_of)
    i18n.init_app(made, made_of.settings)
    made.cli.add_command(staff_group)
    return made


@pytest.fixture
def empty(world: World) -> World:
    """A desk on its first day."""
    with world.system.act():
        for table in (StaffRole, Staff, Person):
            world.session.execute(delete(table))
    world.logins.clear()
    return world


def run(app: Flask, *words: str, typed: str = "") -> Result:
    return app.test_cli_runner().invoke(args=["staff", *words], input=typed)


def logins_now(world: World) -> dict[str, tuple[str, ...]]:
    world.session.rollback()
    return {row.staff.email: row.roles for row in logins.roster(world.system)}


def waiting(world: World) -> list[staff_matters.Matter]:
    world.session.rollback()
    return staff_matters.matters(world.system)


def test_two_admins_and_a_lead_are_invited(app: Flask, empty: World):
    said = run(app, "bootstrap", *ADMINS, *LEAD)

    assert said.exit_code == 0, said.output
    assert logins_now(empty) == {
        "aiko@first.example": ("admin",),
        "jiro@first.example": ("admin",),
        "rei@first.example": ("lead",),
    }


def test_the_first_staff_can_only_come_in_through_their_mailboxes(app: Flask, empty: World):
    said = run(app, "bootstrap", *ADMINS, *LEAD)
    room = Staffroom(empty)
    links = [empty.params(row)["links"]["invite"] for row in room.mails("staff_invite")]

    assert len(set(links)) == 3
    assert not [link for link in links if link in said.output]


def test_bootstrap_says_what_comes_next(app: Flask, empty: World):
    said = run(app, "bootstrap", *ADMINS, *LEAD).output

    assert "Next: run `flask worker`" in said
    assert "within 24 hours" in said


def test_whoever_is_not_named_is_asked_for(app: Flask, empty: World):
    typed = "Jiro Sato\njiro@first.example\nRei Saisho\nrei@first.example\n"
    said = run(app, "bootstrap", *ADMINS[:2], typed=typed)

    assert said.exit_code == 0, said.output
    assert "Full name of administrator 2 of 2" in said.output
    assert "Work email address of lead" in said.output
    assert len(logins_now(empty)) == 3


def test_nobody_is_made_while_answers_are_missing(app: Flask, empty: World):
    said = run(app, "bootstrap", *ADMINS, typed="Rei Saisho\n")

    assert said.exit_code == 1
    assert logins_now(empty) == {}


def test_the_language_of_the_first_staff_can_be_named(app: Flask, empty: World):
    run(app, "bootstrap", *ADMINS, *LEAD, "--language", "en")
    empty.session.rollback()

    assert set(empty.session.execute(select(Staff.language)).scalars()) == {"en"}


def test_bootstrap_works_once(app: Flask, empty: World):
    run(app, "bootstrap", *ADMINS, *LEAD)
    again = run(app, "bootstrap", *ADMINS, *LEAD)

    assert again.exit_code == 1
    assert "There are staff already." in again.output
    assert len(logins_now(empty)) == 3


def test_bootstrap_asks_nothing_where_it_cannot_work(app: Flask, world: World):
    said = run(app, "bootstrap", typed="Jiro Sato\n")

    assert (said.exit_code, "Full name" in said.output) == (1, False)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ((*ADMINS[:2], *ADMINS[:2], *LEAD), "three different mailboxes"),
        ((*ADMINS, "--lead", "Rei <AIKO@first.example>"), "three different mailboxes"),
        ((*ADMINS, *LEAD, *LEAD), "two administrators and one lead"),
        ((*ADMINS, *ADMINS[:2], *LEAD), "two administrators and one lead"),
        ((*ADMINS, "--lead", "Rei <no address>"), "like name@example.com"),
        ((*ADMINS, "--lead", f"{'R' * 101} <rei@first.example>"), "must be 100 characters or less"),
    ],
    ids=["same twice", "same in other spelling", "two leads", "three admins", "no address", "long name"],
)
def test_anything_but_three_people_at_three_mailboxes_is_refused(
    app: Flask, empty: World, words: tuple[str, ...], answer: str
):
    said = run(app, "bootstrap", *words)

    assert (said.exit_code, answer in said.output) == (1, True), said.output
    assert logins_now(empty) == {}


def test_a_database_without_tables_is_said_and_what_to_do(tmp_path: Path):
    settings = web.demo_settings(tmp_path)
    Keys.generate(settings.keys)
    said = run(command_line(runtime.build(settings)), "bootstrap", *ADMINS, *LEAD)

    assert (said.exit_code, "run `flask db upgrade` first" in said.output) == (1, True), said.output


@pytest.mark.parametrize("person", ["Rei Saisho", "rei@first.example", "<rei@first.example>", ""])
def test_a_person_is_written_with_name_and_address(person: str):
    bare = Flask("portal")
    bare.cli.add_command(staff_group)
    said = run(bare, "bootstrap", *ADMINS, "--lead", person)

    assert said.exit_code == 2
    assert '"Full Name <name@example.com>"' in said.output


def test_everybody_is_listed_with_roles_and_state(app: Flask, world: World):
    said = run(app, "list").output

    assert "bob@desk.example  Bob Approva  approver  active  last sign-in: never" in said
    assert "Nothing waits for a second person." in said


def test_an_empty_desk_says_how_to_begin(app: Flask, empty: World):
    assert "Next: flask staff bootstrap" in run(app, "list").output


def test_what_waits_is_listed_with_who_must_act(app: Flask, room: Staffroom):
    room.propose("ada", "role_grant", "vic", role="approver")
    said = run(app, "list").output

    assert "open: Give a role (Vic Verdi vic@desk.example), proposed by Ada Admin" in said
    assert "Next: an administrator who did not propose it signs in" in said


def test_what_is_agreed_is_listed_with_its_time(app: Flask, room: Staffroom):
    room.agree("ann", room.propose("ada", "role_grant", "vic", role="approver"))
    due = room.world.now + timedelta(hours=24)

    assert f"takes effect {due:%Y-%m-%d %H:%M} UTC" in run(app, "list").output


@pytest.fixture
def answers(app: Flask, room: Staffroom) -> dict[str, Result]:
    """Every proposal that the command line knows, made in the name of one admin."""
    with room.world.system.act():
        room.login("ben").disabled_at = room.world.now
    proposer = ("--proposer", "ada@desk.example")
    return {kind: run(app, command, *words, *proposer) for command, (kind, words) in PROPOSALS.items()}


def test_everything_that_two_decide_can_be_proposed(answers: dict[str, Result], world: World):
    proposed = {(matter.kind, matter.state, matter.proposer) for matter in waiting(world)}

    assert {kind: said.exit_code for kind, said in answers.items()} == dict.fromkeys(CHANGES, 0)
    assert proposed == {(kind, "open", "Ada Admin") for kind in CHANGES}


def test_nothing_changes_by_a_proposal(app: Flask, world: World, request: pytest.FixtureRequest):
    before = logins_now(world)
    request.getfixturevalue("answers")

    assert logins_now(world) == before


def test_each_proposal_says_who_must_act_and_when_it_counts(answers: dict[str, Result]):
    for kind, said in answers.items():
        assert "Proposed in the name of Ada Admin" in said.output
        assert "Next: another administrator signs in, opens Colleagues" in said.output
        assert ("24 hours after that" in said.output) == CHANGES[kind].waits, kind


def test_whoever_is_named_as_the_proposer_is_told_of_each_proposal(
    answers: dict[str, Result], room: Staffroom
):
    told = [row for row in room.mails("staff_changed") if room.world.params(row)["what"] == "named_proposer"]

    assert [row.staff_id for row in told] == [room.id("ada")] * len(CHANGES)
    assert all("in the name of Ada Admin, who is told by mail" in said.output for said in answers.values())


def test_the_named_proposer_is_told_on_every_login_of_theirs(app: Flask, room: Staffroom):
    room.world.hire("ada_two", role=Role.COMPLIANCE, person_of="ada")
    run(app, "propose-reset", "vic@desk.example", "--proposer", "ada@desk.example")

    assert {row.staff_id for row in room.mails("staff_changed")} == {room.id("ada"), room.id("ada_two")}


def test_nobody_is_told_of_a_proposal_that_was_refused(app: Flask, room: Staffroom):
    run(app, "propose-role", "vic@desk.example", "admin", "--proposer", "ada@desk.example")

    assert room.mails("staff_changed") == []


def test_each_proposal_is_recorded_as_made_on_the_command_line(answers: dict[str, Result], world: World):
    assert channels_of(world) == ["command_line"] * len(CHANGES)
    assert all(matter.by_command for matter in waiting(world))


def test_a_proposal_made_on_a_page_is_recorded_as_such_and_mails_nobody(room: Staffroom):
    room.propose("ada", "role_grant", "vic", role="approver")

    assert channels_of(room.world) == ["page"]
    assert [matter.by_command for matter in waiting(room.world)] == [False]
    assert room.mails("staff_changed") == []


def channels_of(world: World) -> list[str]:
    world.session.rollback()
    query = select(AuditEvent).where(AuditEvent.tag.in_(("staff:role:proposed", "staff:change:proposed")))
    return [json.loads(event.event_bytes)["d"]["channel"] for event in world.session.execute(query).scalars()]


@pytest.mark.parametrize(
    ("proposer", "answer"),
    [
        ("alice@desk.example", "Your role does not allow this."),
        ("lee@desk.example", "Your role does not allow this."),
        ("nobody@desk.example", "Nobody on the staff has the address"),
        ("no address", "Nobody on the staff has the address"),
    ],
)
def test_only_an_admin_can_be_the_proposer(app: Flask, room: Staffroom, proposer: str, answer: str):
    said = run(app, "propose-role", "vic@desk.example", "compliance", "--proposer", proposer)

    assert (said.exit_code, answer in said.output) == (1, True), said.output
    assert waiting(room.world) == []


def test_an_admin_proposes_nothing_for_themselves(app: Flask, room: Staffroom):
    room.world.hire("ada_two", role=Role.COMPLIANCE, person_of="ada")
    said = run(app, "propose-reset", "ada_two@desk.example", "--proposer", "ada@desk.example")

    assert (said.exit_code, said.output) == (1, "Error: You cannot do this for yourself.\n")
    assert waiting(room.world) == []


def test_a_disabled_admin_proposes_nothing(app: Flask, room: Staffroom):
    with room.world.system.act():
        room.login("ada").disabled_at = room.world.now
    said = run(app, "propose-reset", "vic@desk.example", "--proposer", "ada@desk.example")

    assert (said.exit_code, "is disabled" in said.output) == (1, True)
    assert waiting(room.world) == []


def test_a_refusal_is_said_in_words(app: Flask, room: Staffroom):
    said = run(app, "propose-role", "vic@desk.example", "admin", "--proposer", "ada@desk.example")

    assert (said.exit_code, said.output) == (1, "Error: An administrator cannot work on cases.\n")


def test_another_sign_in_of_a_person_is_proposed_as_theirs(app: Flask, room: Staffroom):
    words = (
        "Vic Verdi <vic.two@desk.example>",
        "--role",
        "compliance",
        "--same-person-as",
        "vic@desk.example",
    )
    run(app, "propose-login", *words, "--proposer", "ada@desk.example")
    (matter,) = waiting(room.world)

    assert matter.person_id == room.world.logins["vic"].person_id


def test_a_role_that_does_not_exist_is_said_before_anything_is_read(app: Flask, room: Staffroom):
    said = run(app, "propose-role", "vic@desk.example", "owner", "--proposer", "ada@desk.example")

    assert said.exit_code == 2
    assert "'owner' is not one of" in said.output


def test_nobody_can_agree_or_disable_on_the_command_line():
    others = set(staff_group.commands) - set(PROPOSALS)

    assert others == {"bootstrap", "list"}
