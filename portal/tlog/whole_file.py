"""A file that gets its name when it is whole and on the disk: whoever is killed before that leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

UNNAMED = getattr(os, "O_TMPFILE", 0)
OPEN_FILES = Path("/proc/self/fd")


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file for writing. Raises FileExistsError where one is there already, and any other OSError of the disk."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        if os.path.lexists(path):
            raise FileExistsError(path)
        with _unnamed(path, folder) if _can_be_unnamed(path.parent) else _hidden(path) as file:
            yield file
        os.fsync(folder)
    finally:
        os.close(folder)


def _can_be_unnamed(folder: Path) -> bool:
    """Whether the disk can keep a file without a name: not every kind can."""
    if not UNNAMED or not OPEN_FILES.is_dir():
        return False
    try:
        os.close(os.open(folder, UNNAMED | os.O_RDWR, 0o600))
    except OSError:
        return False
    return True


@contextmanager
def _unnamed(path: Path, folder: int) -> Iterator[BinaryIO]:
    with os.fdopen(os.open(path.parent, UNNAMED | os.O_RDWR, 0o600), "w+b") as file:
        yield file
        _settle(file)
        # With a folder that is open, or the link would be one to the entry in /proc.
        os.link(OPEN_FILES / str(file.fileno()), path, src_dir_fd=folder, follow_symlinks=True)


@contextmanager
def _hidden(path: Path) -> Iterator[BinaryIO]:
    """Under a hidden name, which the next try takes over where somebody was killed."""
    fresh = path.with_name(f".{path.name}.part")
    try:
        with open(fresh, "w+b") as file:
            yield file
            _settle(file)
        os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
