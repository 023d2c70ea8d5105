"""Counts what an engine is asked to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass
class Counted:
    statements: int = 0
    commits: int = 0
    seconds: float = 0.0  # from asking to the first row
    asked_at: float = 0.0


@contextmanager
def counted(engine: Engine) -> Iterator[Counted]:
    """Count the statements and commits inside the block. BEGIN is none: on PostgreSQL it comes with the next one."""
    count = Counted()

    def before(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        count.statements += not statement.startswith("BEGIN")
        count.asked_at = time.perf_counter()

    def after(*_all: Any) -> None:
        count.seconds += time.perf_counter() - count.asked_at

    def commit(_connection: Any) -> None:
        count.commits += 1

    listeners = {"before_cursor_execute": before, "after_cursor_execute": after, "commit": commit}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield count
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)
