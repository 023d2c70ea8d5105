"""The database's own rate: one small row, inserted and committed, by as many threads as there are clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Engine, MetaData, String, Table, insert
from sqlalchemy.orm import Session

from bench.durable import Store
from bench.plan import CLIENTS
from portal.engine import make_engine, writing
from portal.models import new_id

SMALL = Table("small", MetaData(), Column("id", String(32), primary_key=True), Column("said", String(40)))


@contextmanager
def small_table(store: Store) -> Iterator[Engine]:
    """A database with nothing but one small table, opened with the portal's own settings."""
    engine = make_engine(store.make("floor"), pool_size=CLIENTS)
    try:
        SMALL.metadata.create_all(engine)
        yield engine
    finally:
        engine.dispose()


def work(
    engine: Engine, number: int
) -> tuple[Callable[[], Session], Iterable[int], Callable[[Session, int], None]]:
    """What the clients work with, the rows, and what is done with each."""
    return lambda: Session(engine), range(number), _insert_and_commit


def _insert_and_commit(session: Session, number: int) -> None:
    with writing(session):
        session.execute(insert(SMALL).values(id=new_id(), said=f"row {number}"))
