"""Runs migrations on both databases.

Batch rebuilds on SQLite drop triggers and fail or cascade with foreign keys on: foreign keys are off while a migration
runs, triggers are made again from one list afterwards, and `foreign_key_check` has the last word.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, Engine

from migrations.triggers import recreate
from portal.models import Base


def run(engine: Engine) -> None:
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        with connection.execution_options(writes=True).begin():
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                render_as_batch=True,
                compare_type=True,
                transactional_ddl=True,
            )
            context.run_migrations()
            recreate(connection)
            if sqlite:
                _check_keys(connection)
        if sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")  # type: ignore[union-attr]


def _check_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise RuntimeError(f"The migration would break foreign keys: {broken[:5]}")


run(context.config.attributes["engine"])
