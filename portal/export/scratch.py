"""Folders for half-made files: nobody else may read them, and none outlives the process that made it."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME = "exports"
HELD = ".held"


@contextmanager
def folder(data: Path) -> Iterator[Path]:
    """A folder below the folder of data, removed in any case; where a kill prevents that, by the next `sweep`."""
    home = _home(data)
    with _alone(home):
        made = Path(tempfile.mkdtemp(dir=home))
        held = (made / HELD).open("w")
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        held.close()


def sweep(data: Path) -> None:
    """Remove what processes have left that were killed: their locks died with them."""
    home = _home(data)
    with _alone(home):
        for left in home.iterdir():
            if left.is_dir() and _is_nobodys(left):
                shutil.rmtree(left, ignore_errors=True)


def _is_nobodys(left: Path) -> bool:
    try:
        with (left / HELD).open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # killed before it was held
    return True


def _home(data: Path) -> Path:
    home = data / HOME
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Between making a folder and holding it nobody sweeps."""
    with (home / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
