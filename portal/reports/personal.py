"""Personal values of a list. They stream sealed and show as dots; a stated purpose opens them, a batch of keys at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from portal.vault import Vault, held

DOTS = "••••"
BATCH = 1000

Row = tuple[Any, ...]


# Not frozen: a file of a million rows makes three million of these, and each would take three times as long.
@dataclass(slots=True)
class Hidden:
    """A personal value. Its mask shows nothing of it that was not shown in clear before."""

    subject_id: str = ""
    place: bytes = b""  # where it is sealed
    data: bytes | None = field(default=None, repr=False)
    clear: str | None = field(
        default=None, repr=False
    )  # a value that the database has in clear, such as an account's number

    @property
    def mask(self) -> str | None:
        if self.clear is not None:
            return DOTS + self.clear[-4:]
        return DOTS if self.data else None


def masked(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows with personal values masked. No key is touched for it."""
    for row in rows:
        yield tuple([value.mask if type(value) is Hidden else value for value in row])


def reveal(vault: Vault, session: Session, rows: Iterable[Row]) -> Iterator[Row]:
    """The rows with personal values opened; None where nothing was said or the person's key was destroyed."""
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        subjects = {value.subject_id for row in batch for value in row if isinstance(value, Hidden)}
        keys = held(session, subjects - {""})  # noqa: F841 - held, so that opening asks for none of them again
        for row in batch:
            yield tuple(
                _opened(vault, session, value) if isinstance(value, Hidden) else value for value in row
            )


def _opened(vault: Vault, session: Session, value: Hidden) -> str | None:
    if value.clear is not None or not value.data:
        return value.clear
    data = vault.open_at(session, value.subject_id, value.place, value.data)
    return None if data is None else data.decode()
