"""The declarative base, the column types, and the class of data that every column declares.

`fact` may stand in clear, `contact`, `evidence`, `network` and `secret` are sealed or hashed; `portal/retention` and a
guard test read the class from `Column.info`, so that no column can be added without somebody deciding what it holds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, DateTime, Engine, ForeignKey, LargeBinary, MetaData, String
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column
from sqlalchemy.types import TypeDecorator

HOLDS = ("fact", "contact", "evidence", "network", "secret")

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


def make_tables(bind: Engine | Connection, *, checkfirst: bool = True) -> None:
    """Make the tables as the models say, to compare others with.

    Making them on PostgreSQL marks each key that closes a circle as one that tables are made without, for good: on SQLite,
    which cannot add it later, the same process would then make tables that lack it. The marks are taken back.
    """
    keys = [key for table in Base.metadata.tables.values() for key in table.foreign_key_constraints]
    marks = [key._create_rule for key in keys]
    try:
        Base.metadata.create_all(bind, checkfirst=checkfirst)
    finally:
        for key, mark in zip(keys, marks, strict=True):
            key._create_rule = mark


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time. SQLite keeps it as text of fixed width, so that CHECKs compare it rightly there too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime refused")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> str:
    """A random identifier of 128 bits, never a secret."""
    return uuid4().hex


def column(holds: str, *args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A column that says what it holds."""
    if holds not in HOLDS:
        raise ValueError(holds)
    return mapped_column(*args, info={"holds": holds}, **kwargs)


def fact(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A column that may stand in clear."""
    return column("fact", *args, **kwargs)


def key() -> MappedColumn[Any]:
    """The application-made primary key."""
    return fact(String(32), primary_key=True, default=new_id)


def ref(target: str, **kwargs: Any) -> MappedColumn[Any]:
    """A foreign key to an application-made id."""
    return fact(String(32), ForeignKey(target), **kwargs)


def sealed(holds: str, **kwargs: Any) -> MappedColumn[Any]:
    """A column of ciphertext, written only by `vault.seal`."""
    return column(holds, LargeBinary, **kwargs)


def one_of(name: str, values: Any) -> str:
    """SQL that limits a column to the values of a rule table."""
    return f"{name} IN ({', '.join(repr(str(value)) for value in values)})"
