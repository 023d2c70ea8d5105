"""What the run runs on, and whose processor time it takes: ours by process id, and that of others, who disturb."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.databases import VERSION, WHEEL

TICKS = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1
LIBRARIES = ("Flask", "SQLAlchemy", "psycopg", "gunicorn", "WeasyPrint")
BLOCK = 8192
NOTHING: Mapping[str, int] = {}


def described() -> dict[str, Any]:
    """The machine without a name: what a reader of the figures has to know."""
    return {
        "cores": CORES,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": _postgresql(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _postgresql() -> str:
    package = find_spec(WHEEL)
    assert package is not None
    assert package.origin is not None
    program = Path(package.origin).parent / VERSION / "bin" / "postgres"
    said = subprocess.run([str(program), "--version"], check=True, capture_output=True, text=True).stdout
    return said.split()[-1]


def syncs_per_second(folder: Path, seconds: float = 0.5) -> float:
    """How often the disk confirms a write. Far above 10,000 the machine only says so."""
    done, end = 0, time.perf_counter() + seconds
    with (folder / "sync").open("wb", buffering=0) as file:
        while time.perf_counter() < end:
            file.write(bytes(BLOCK))
            os.fdatasync(file.fileno())
            done += 1
    return done / seconds


@dataclass
class Usage:
    """Seconds of processor time by whose they were, and the time that went by."""

    wall: float = 0.0
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def share(self, who: str) -> float:
        """Which part of all processors somebody had."""
        return self.seconds[who] / (self.wall * CORES) if self.wall else 0.0

    def shares(self) -> dict[str, float]:
        return {who: self.share(who) for who in self.seconds}


@contextmanager
def metered(usage: Usage, parts: Mapping[str, int] = NOTHING) -> Iterator[None]:
    """Add to `usage` what is used inside the block: by the process trees that are named, by the clients, by others."""
    before, started = _snapshot(parts), time.perf_counter()
    yield
    after = _snapshot(parts)
    usage.wall += time.perf_counter() - started
    for who, seconds in after.items():
        usage.seconds[who] += max(0.0, seconds - before[who])


def _snapshot(parts: Mapping[str, int]) -> dict[str, float]:
    family, taken = _processes()
    trees = {who: _tree(pid, family) for who, pid in parts.items()}
    # our own tree holds the web servers, but not a database, which detaches itself
    ours = set(_tree(os.getpid(), family)).union(*trees.values())
    return {
        **{who: _sum(tree, taken) for who, tree in trees.items()},
        "clients": time.process_time(),
        "others": _busy() - _sum(ours, taken),
    }


def _processes() -> tuple[dict[int, list[int]], dict[int, float]]:
    """All processes of the machine: whose children they are, and what each has taken with those that have ended."""
    family: dict[int, list[int]] = defaultdict(list)
    taken: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:  # it has just ended
            continue
        # the name of the program stands in brackets and may hold anything
        fields = text.rpartition(")")[2].split()
        pid = int(path.parent.name)
        family[int(fields[1])].append(pid)
        taken[pid] = sum(int(ticks) for ticks in fields[11:15]) / TICKS
    return family, taken


def _tree(pid: int, family: Mapping[int, list[int]]) -> list[int]:
    """A process and all that descend from it."""
    return [pid, *(each for child in family.get(pid, ()) for each in _tree(child, family))]


def _sum(pids: Iterable[int], taken: Mapping[int, float]) -> float:
    return sum(taken.get(pid, 0.0) for pid in pids)


def _busy() -> float:
    """What all processors together have worked since the start: user, nice, system, interrupts, stolen."""
    ticks = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _waiting, *rest = ticks
    return (user + nice + system + sum(rest)) / TICKS
