"""What all folds share: a fold takes the events of one stream in their order and knows what they must have made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ARRAY, ColumnElement, String, any_, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.models import Installation, Staff


@dataclass(frozen=True)
class Known:
    """What is read once for all of them: whose login is whose, and whether people may have been planted."""

    persons: Mapping[str, str]
    is_demo: bool

    @classmethod
    def read(cls, session: Session) -> Known:
        logins = session.execute(select(Staff.id, Staff.person_id))
        return cls(
            {row.id: row.person_id for row in logins},
            session.execute(select(Installation.mark)).scalar() == "demo",
        )

    def person(self, actor: str) -> str | None:
        """Who acted, where it was somebody of the staff."""
        return self.persons.get(actor.removeprefix("staff:"))


def among(session: Session, column: InstrumentedAttribute[Any], names: Iterable[Any]) -> ColumnElement[bool]:
    """Whether a column has one of these texts. On PostgreSQL they are one parameter: to read a statement with five hundred
    takes longer than to find the rows. What an event names may be anything, and is no reason to stop."""
    texts = [str(name) for name in names]
    if session.get_bind().dialect.name == "sqlite":
        return column.in_(texts)
    return column == any_(bindparam(None, texts, ARRAY(String)))


class Fold(Protocol):
    @property
    def is_full(self) -> bool:
        """Whether it holds so much that it must be compared before its stream ends."""

    def take(self, event: Mapping[str, Any]) -> None:
        """Raises KeyError, TypeError, ValueError or AttributeError for an event that does not say what its kind says."""
