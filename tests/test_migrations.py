"""The schema's history: it ends where the models are, on both databases, and loses nothing on the way."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, Inspector, MetaData, Table, inspect, make_url, select, text
from sqlalchemy.exc import IntegrityError

from migrations import triggers
from portal import audit
from portal.casework import messages
from portal.engine import MIGRATIONS, make_engine, upgrade
from portal.models import Base
from portal.models.base import make_tables
from tests.casework.resetting import Browser
from tests.sql import TABLES, only_on
from tests.world import World

TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}
REBUILT = ("cases", "case_party", "audit_event", "identity_check", "account", "installation", "removal")

REBUILD = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0005", "0004"


def upgrade():
    for table in {REBUILT}:
        with op.batch_alter_table(table, recreate="auto") as batch:
            batch.add_column(sa.Column("extra", sa.String(8), nullable=False, server_default="new"))
"""
UPGRADE = "import sys; from portal.engine import make_engine, upgrade; upgrade(make_engine(sys.argv[1]))"
FILL = """    op.execute("UPDATE audit_event SET extra = 'old'")
"""
BREAK = """
from alembic import op

revision, down_revision = "0005", "0004"


def upgrade():
    op.execute("UPDATE case_party SET case_id = 'nowhere'")
"""


@pytest.fixture
def empty(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table, of the same kind."""
    with _empty_address(database_url, tmp_path) as address:
        made = make_engine(address)
        yield made
        made.dispose()


@contextmanager
def _empty_address(beside: str, folder: Path) -> Iterator[str]:
    if beside.startswith("sqlite"):
        yield f"sqlite:///{folder / 'empty.sqlite'}"
        return
    name = f"empty_{uuid.uuid4().hex}"
    with psycopg.connect(beside, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield make_url(beside).set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def shape(engine: Engine) -> dict[str, Any]:
    """All that a database enforces, as it tells itself, without the columns' order."""
    inspector = inspect(engine)
    found = {table: shape_of(inspector, table) for table in inspector.get_table_names()}
    found.pop("alembic_version", None)
    return found


def shape_of(inspector: Inspector, table: str) -> dict[str, list[str]]:
    return {
        "columns": told({**column, "comment": None} for column in inspector.get_columns(table)),
        "checks": told(inspector.get_check_constraints(table)),
        "keys": told(inspector.get_foreign_keys(table)),
        "unique": told(inspector.get_unique_constraints(table)),
        "indexes": told(inspector.get_indexes(table)),
        "primary": told([inspector.get_pk_constraint(table)]),
    }


def told(found: Any) -> list[str]:
    return sorted(str(sorted((key, plain(value)) for key, value in each.items())) for each in found)


def plain(value: Any) -> str:
    """As text; an index's condition would otherwise be named by where it lies in memory."""
    return str({key: str(each) for key, each in value.items()}) if isinstance(value, dict) else str(value)


def triggers_in(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.execute(text(TRIGGERS[engine.dialect.name])).scalars())


def wanted_triggers(engine: Engine) -> list[str]:
    dialect = engine.dialect.name
    wanted = triggers.triggers_of(dialect)
    at_all = [f"{name}_at_all" for name, (event, _, when) in wanted.items() if event == "DELETE" and not when]
    return sorted([*wanted, *triggers.FOLLOWING, *(at_all if dialect == "postgresql" else [])])


def later(engine: Engine, folder: Path, script: str) -> None:
    """Go on to one more migration than there is."""
    (folder / "0005_later.py").write_text(script)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{MIGRATIONS / 'versions'}\n{folder}")
    config.attributes["engine"] = engine
    command.upgrade(config, "head")


def contents(engine: Engine) -> dict[str, list[Any]]:
    """Every row of every table, in columns of the models."""
    with engine.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(select(table)).all())) for name, table in TABLES.items()
        }


def test_upgrading_from_nothing_leads_to_what_the_models_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_migrated_database_enforces_the_same_as_one_made_from_the_models(
    engine: Engine, empty: Engine
) -> None:
    with empty.connect() as connection, connection.execution_options(writes=True).begin():
        make_tables(connection)
    migrated, made = shape(engine), shape(empty)
    assert set(migrated) == set(TABLES)
    for table in made:
        assert migrated[table] == made[table], table


def test_every_constraint_has_a_name_that_its_refusal_can_be_known_by(engine: Engine) -> None:
    inspector = inspect(engine)
    for table in TABLES:
        for found in (
            *inspector.get_check_constraints(table),
            *inspector.get_foreign_keys(table),
            *inspector.get_unique_constraints(table),
        ):
            assert str(found["name"]).startswith(("ck_", "fk_", "uq_")), found


def test_every_trigger_is_there_and_no_other_is(engine: Engine) -> None:
    assert triggers_in(engine) == wanted_triggers(engine)


def test_upgrading_can_be_repeated(empty: Engine) -> None:
    upgrade(empty)
    once = (shape(empty), triggers_in(empty))
    upgrade(empty)
    assert (shape(empty), triggers_in(empty)) == once


@pytest.mark.processes
def test_two_that_upgrade_at_once_upgrade_once(empty: Engine) -> None:
    address = empty.url.render_as_string(hide_password=False)
    hosts = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, address], cwd=MIGRATIONS.parent, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    assert [host.communicate()[1].decode() for host in hosts] == ["", ""]
    assert triggers_in(empty) == wanted_triggers(empty)


def test_upgrading_leaves_what_is_there(world: World) -> None:
    world.account()
    world.reversed()
    before = contents(world.runtime.engine)
    upgrade(world.runtime.engine)
    assert contents(world.runtime.engine) == before


def at_version(engine: Engine, revision: str) -> None:
    """The schema as it was in an earlier version that was used."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine
    command.upgrade(config, revision)


def tables_of(engine: Engine) -> list[Table]:
    """The tables of a database, as it tells them itself."""
    known = MetaData()
    known.reflect(engine)
    return [table for table in known.tables.values() if table.name != "alembic_version"]


def rows_in(engine: Engine, tables: list[Table]) -> dict[str, list[Any]]:
    """The rows of these tables, as far as their columns go."""
    with engine.connect() as connection:
        return {
            table.name: sorted((row._asdict() for row in connection.execute(select(table))), key=repr)
            for table in tables
        }


def fill(engine: Engine, rows: dict[str, list[Any]], tables: list[Table]) -> None:
    """Put rows into a database in any order: only their sum has to fit there."""
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        if engine.dialect.name == "sqlite":
            raw.execute("PRAGMA foreign_keys=OFF")
        with connection.execution_options(writes=True).begin():
            triggers.drop(connection)
            if engine.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table in tables:
                if rows[table.name]:
                    connection.execute(table.insert(), rows[table.name])
            triggers.create(connection)


def removed_by_the_desk(world: World) -> None:
    world.reversed()


def removed_by_the_owner(world: World) -> None:
    browser = Browser(world)
    browser.with_all()
    browser.remove()


def removed_after_a_note(world: World) -> None:
    removed_by_the_desk(world)
    case_id = world.verifying()
    messages.note(world.as_("alice"), case_id, world.case(case_id).version, "The voice sounded calm.")


# Each version: the desk it needs, and what was new in it.
EARLIER = {
    "0001": ("world", removed_by_the_desk, ("cases", "identity_check", "removal", "objection")),
    "0002": (
        "calling_world",
        removed_by_the_owner,
        ("self_service", "phone_call", "owner_session", "removal"),
    ),
    "0003": ("world", removed_after_a_note, ("cases", "message", "audit_event")),
}


@pytest.mark.parametrize("revision", EARLIER)
def test_what_an_earlier_version_has_kept_goes_on_living(
    request: pytest.FixtureRequest, empty: Engine, revision: str
) -> None:
    desk, happens, filled = EARLIER[revision]
    world: World = request.getfixturevalue(desk)
    world.account()
    happens(world)
    world.session.rollback()
    at_version(empty, revision)
    tables = tables_of(empty)
    kept = rows_in(world.runtime.engine, tables)
    assert all(kept[name] for name in filled)
    fill(empty, kept, tables)
    upgrade(empty)
    assert rows_in(empty, tables) == kept
    assert triggers_in(empty) == wanted_triggers(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_data_keys_checks_and_triggers_survive_a_rebuild(world: World, tmp_path: Path) -> None:
    world.account()
    case_id = world.reversed()
    engine = world.runtime.engine
    world.session.rollback()
    rows, enforced = contents(engine), shape(engine)
    later(engine, tmp_path, REBUILD)
    assert contents(engine) == rows
    assert triggers_in(engine) == wanted_triggers(engine)
    for table, found in shape(engine).items():
        for kind in ("checks", "keys", "unique", "indexes", "primary"):
            assert found[kind] == enforced[table][kind], f"{table}: {kind}"
    assert audit.first_break(world.session, f"case:{case_id}") is None


def test_a_rebuilt_desk_goes_on_working(world: World, tmp_path: Path) -> None:
    world.account()
    case_id = world.cooling_off()
    world.session.rollback()
    later(world.runtime.engine, tmp_path, REBUILD)
    world.pass_time(hours=25)
    assert world.status(case_id) == "ready"


def test_a_migration_may_fill_what_is_guarded_at_other_times(world: World, tmp_path: Path) -> None:
    world.submit()
    later(world.runtime.engine, tmp_path, REBUILD + FILL)
    with world.runtime.engine.connect() as connection:
        filled = connection.execute(text("SELECT DISTINCT extra FROM audit_event")).scalars().all()
    assert filled == ["old"]


def test_a_migration_that_breaks_a_key_is_undone_as_a_whole(world: World, tmp_path: Path) -> None:
    world.verifying()
    engine = world.runtime.engine
    world.session.rollback()
    before = (contents(engine), triggers_in(engine))
    with pytest.raises((RuntimeError, IntegrityError), match="foreign key"):
        later(engine, tmp_path, BREAK)
    assert (contents(engine), triggers_in(engine)) == before


@only_on("sqlite")
def test_foreign_keys_are_on_again_after_a_migration_and_after_one_that_failed(
    world: World, tmp_path: Path
) -> None:
    world.verifying()
    engine = world.runtime.engine
    world.session.rollback()
    for script in (BREAK, REBUILD):
        if script is BREAK:
            with pytest.raises(RuntimeError, match="foreign keys"):
                later(engine, tmp_path, script)
        else:
            later(engine, tmp_path, script)
        with engine.connect() as connection:
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
