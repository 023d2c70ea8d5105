"""The demo's staff: who they are, how they get in, and that nobody else is told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyotp
import pytest
from flask import Flask

import wsgi
from portal import db, passwords
from portal.casework import factor, logins, sign_in
from portal.casework.context import Origin, Refused
from portal.config import SettingsError
from portal.demo import command, filling
from portal.demo.programme import WALKS
from portal.demo.staff import COLLEAGUES, hire, password_of, sign_in_details
from portal.domain.lifecycle import SYSTEM, Actor, Role
from portal.models import Case, Person, Staff
from tests import databases
from tests.conftest import migrate
from tests.demo.filled import Filled, built

NOBODY = Actor(roles=frozenset())


def test_the_desk_is_fully_staffed() -> None:
    roles = Counter(each.role for each in COLLEAGUES.values() if each.same_as is None)
    assert roles == {Role.VERIFIER: 2, Role.APPROVER: 2, Role.LEAD: 2, Role.ADMIN: 2, Role.COMPLIANCE: 1}
    assert {each.language for each in COLLEAGUES.values()} == {"ja", "en"}


def test_one_person_has_two_logins(demo: Filled) -> None:
    logins_of = Counter(staff.person_id for staff in demo.all(Staff))
    (twice,) = [person for person, number in logins_of.items() if number == 2]
    assert demo.session.get_one(Person, twice).name == COLLEAGUES["mori"].name


@pytest.mark.parametrize("key", COLLEAGUES)
def test_what_is_printed_opens_the_door(demo: Filled, key: str) -> None:
    each = next(row for row in sign_in_details(demo.runtime) if row.address == f"{key}@desk.example")
    door = demo.runtime.context(demo.session, NOBODY, Origin("192.0.2.200", "Test browser", ""))
    code = pyotp.TOTP(each.secret).at(door.now)
    opened = sign_in.sign_in(door, each.address, each.password or "", code=code)
    assert opened.stage == "full"


def test_a_second_start_prints_the_same(demo: Filled) -> None:
    assert sign_in_details(demo.runtime) == sign_in_details(demo.runtime)


def test_passwords_are_long_and_such_as_staff_may_choose(demo: Filled) -> None:
    for each in sign_in_details(demo.runtime):
        assert passwords.refusal(each.password or "", least=15, most=64, words=each.name.split()) is None


def test_passwords_stand_nowhere_in_the_database(demo: Filled) -> None:
    for each, staff in zip(sign_in_details(demo.runtime), demo.all(Staff), strict=True):
        assert (each.password or "") not in (staff.password_hash or "")


def test_another_database_has_other_passwords(demo: Filled, tmp_path: Path) -> None:
    other = built(f"sqlite:///{tmp_path}/kaijo.sqlite", tmp_path)
    address = "mori@desk.example"
    assert password_of(other.vault, address) != password_of(demo.runtime.vault, address)
    other.engine.dispose()


def test_a_password_that_somebody_has_set_is_not_guessed(shelf: Path, tmp_path: Path) -> None:
    with databases.fresh_sqlite(shelf, migrate) as url:
        runtime = built(url, tmp_path)
        with runtime.sessions() as session:
            ctx = runtime.context(session, SYSTEM)
            entry = logins.Entry("森 あおば", "mori@desk.example", "ja", frozenset({Role.VERIFIER}))
            staff, key = logins.plant(ctx, entry, password=password_of(ctx.vault, entry.email))
            with ctx.act():
                factor.record(ctx, staff, "staff:password:changed")
        assert [(each.password, each.secret) for each in sign_in_details(runtime)] == [(None, key)]
        runtime.engine.dispose()


@pytest.fixture
def app(demo: Filled) -> Flask:
    return demo.app


def test_codes_of_this_moment_are_printed(demo: Filled, app: Flask) -> None:
    said = app.test_cli_runner().invoke(args=["demo", "codes"])
    shown = {line.split()[1]: line.split()[0] for line in said.output.splitlines() if "@" in line}
    assert said.exit_code == 0, said.output
    for each in sign_in_details(demo.runtime):
        totp = pyotp.TOTP(each.secret)
        now = demo.runtime.clock(demo.session)
        assert shown[each.address] in {totp.at(now), totp.at(now, counter_offset=-1)}


def test_a_demo_that_has_its_people_is_not_filled_again(demo: Filled, app: Flask) -> None:
    before = len(demo.all(Case))
    demo.session.rollback()
    said = app.test_cli_runner().invoke(args=["demo", "--cases", "500"])
    assert (said.exit_code, "has its people already" in said.output) == (1, True)
    assert command.begin(demo.runtime, app) is False
    assert len(demo.all(Case)) == before


def test_a_live_database_is_refused_and_stays_empty(shelf: Path, tmp_path: Path) -> None:
    with databases.fresh_sqlite(shelf, migrate) as url:
        live = built(url, tmp_path, demo=False, base_url="https://mfa.corp.example")
        app = wsgi.assemble(live)
        for words in (["demo"], ["demo", "codes"]):
            said = app.test_cli_runner().invoke(args=words)
            assert (said.exit_code, "in a demo only" in said.output) == (1, True)
        with live.sessions() as session:
            assert session.get(Staff, "x") is None
            assert not filling.has_people(live)
        live.engine.dispose()


def test_a_live_database_is_refused_in_demo_mode_too(shelf: Path, tmp_path: Path) -> None:
    with databases.fresh_sqlite(shelf, migrate) as url:
        built(url, tmp_path, demo=False, base_url="https://mfa.corp.example").engine.dispose()
        with pytest.raises(SettingsError, match="live database"):
            built(url, tmp_path)


def test_nobody_can_be_planted_in_a_live_database(shelf: Path, tmp_path: Path) -> None:
    with databases.fresh_sqlite(shelf, migrate) as url:
        live = built(url, tmp_path, demo=False, base_url="https://mfa.corp.example")
        with live.sessions() as session, pytest.raises(Refused, match="only_in_demo"):
            hire(live.context(session, SYSTEM))
        live.engine.dispose()


def test_the_programme_is_small() -> None:
    assert 40 <= len(WALKS) <= 50
    assert filling.CASES == 200


def test_commands_of_the_demo_are_known_to_flask(app: Flask) -> None:
    with app.app_context():
        assert db.runtime().settings.demo
    assert set(command.demo.commands) == {"codes"}
