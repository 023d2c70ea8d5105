"""Several threads that do the same at the same moment, each with connections of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def together(count: int, do: Callable[[], Result]) -> list[Result]:
    """Start all at once; gives what each returned, or raises what one of them raised."""
    line = threading.Barrier(count)

    def one() -> Result:
        line.wait(timeout=30)
        return do()

    with ThreadPoolExecutor(count) as threads:
        return [each.result() for each in [threads.submit(one) for _ in range(count)]]
