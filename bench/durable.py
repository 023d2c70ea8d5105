"""Databases that keep what they confirm: on a disk, with every commit waiting for it. The tests' own do without."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.databases import LOCALE, program_runner

DISK = "/var/tmp"  # noqa: S108 - kept through a restart, so never in memory, where a commit would wait for nothing
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")


@dataclass(frozen=True)
class Store:
    """A kind of database with room of its own: `make` gives the address of a new, empty one by name."""

    kind: str
    folder: Path
    make: Callable[[str], str]
    pids: Mapping[str, int]  # of the server, where there is one


@contextmanager
def sqlite() -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="kaijo-bench-", dir=DISK) as home:
        folder = Path(home)
        yield Store("SQLite", folder, lambda name: f"sqlite:///{folder / name}.sqlite", {})


@contextmanager
def postgresql() -> Iterator[Store]:
    """A server that listens on a socket file only, stopped by its process id when the block ends, however it ends."""
    with (
        tempfile.TemporaryDirectory(prefix="kaijo-bench-", dir=DISK) as folder,
        tempfile.TemporaryDirectory(prefix="kaijo-pg-", dir=DISK) as home,
        tempfile.TemporaryDirectory(prefix="kaijo-programs-", dir=DISK) as spare,
    ):
        run = program_runner(Path(home), Path(spare))
        run("initdb", "--no-sync", "--username=postgres", "--auth=trust", *LOCALE)
        options = f"-c listen_addresses= -k {home} " + " ".join(f"-c {setting}" for setting in DURABLE)
        try:
            run("pg_ctl", "start", "--wait", f"--log={home}/log", f"--options={options}")
            yield _store(Path(folder), Path(home))
        finally:
            pid_file = Path(home, "data", "postmaster.pid")
            if pid_file.exists():
                run("pg_ctl", "stop", "--wait", "--mode=fast")


def _store(folder: Path, home: Path) -> Store:
    server = f"postgresql://postgres@/postgres?host={home}"

    def make(name: str) -> str:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return server.replace("/postgres?", f"/{name}?")

    pid = int(Path(home, "data", "postmaster.pid").read_text().split("\n", 1)[0])
    return Store("PostgreSQL", folder, make, {"database": pid})


STORES: Mapping[str, Callable[[], AbstractContextManager[Store]]] = {
    "SQLite": sqlite,
    "PostgreSQL": postgresql,
}
