"""What the database holds after a visit, what it was asked, and a way in that only a mail gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import event, func, select

from portal import tokens
from portal.models import Base, Case
from tests.world import World


def count(world: World, model: type[Base]) -> int:
    world.session.rollback()
    return int(world.session.execute(select(func.count()).select_from(model)).scalar_one())


def only_case(world: World) -> Case:
    """The one case of this desk."""
    world.session.rollback()
    return world.session.execute(select(Case)).scalar_one()


def opened(world: World, case: Case, column: str) -> str | None:
    """A sealed value of a case."""
    return world.runtime.vault.open(world.session, case.subject_id, case, column)


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """Write down every statement that anybody sends to the desk's database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(world.runtime.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(world.runtime.engine, "before_cursor_execute", note)


def everything(world: World) -> dict[str, list[Any]]:
    """Every row of every table: two of these are equal when nothing was written in between."""
    world.session.rollback()
    return {
        table.name: sorted(map(repr, world.session.execute(select(table)).all()))
        for table in Base.metadata.sorted_tables
    }


def new_status_link(world: World, case_id: str) -> str:
    """What a new mail would lead to the status with; those in mails are wiped when they go out."""
    until = world.now + timedelta(days=730)
    with world.system.act():
        return tokens.issue(world.session, "status", now=world.now, expires_at=until, case_id=case_id)
