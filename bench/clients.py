"""Several clients at once, each with a tool of its own, who share one heap of work; bounded in number and in time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from bench.figures import percentile
from bench.plan import CLIENTS, LONGEST

TIME_OUT = 60  # seconds until a client that does not come is an error

Tool = TypeVar("Tool")
Job = TypeVar("Job")
Done = TypeVar("Done")


@dataclass(frozen=True)
class Pace:
    """How fast a heap of work was done, and how long each piece took its client."""

    per_second: float
    seconds: list[float]

    def described(self) -> dict[str, Any]:
        p50, p99 = (percentile(self.seconds, part) * 1000 for part in (50, 99))
        return {"per_second": self.per_second, "p50_ms": p50, "p99_ms": p99}


def at_once(
    tools: Callable[[], AbstractContextManager[Tool]], jobs: Iterable[Job], do: Callable[[Tool, Job], Done]
) -> tuple[Pace, list[Done]]:
    """Let all clients work the heap off, or what they can of it in time. The first exception of any is raised here."""
    heap, done, seconds, started = deque(jobs), list[Done](), list[float](), list[float]()
    together = threading.Barrier(CLIENTS, lambda: started.append(time.perf_counter()), TIME_OUT)

    def work() -> None:
        with tools() as tool:
            together.wait()
            while time.perf_counter() - started[0] < LONGEST:
                try:
                    job = heap.popleft()
                except IndexError:
                    return
                begun = time.perf_counter()
                done.append(do(tool, job))
                seconds.append(time.perf_counter() - begun)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for client in [pool.submit(work) for _client in range(CLIENTS)]:
            client.result()
    return Pace(len(done) / (time.perf_counter() - started[0]), seconds), done
