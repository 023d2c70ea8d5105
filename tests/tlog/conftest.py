"""What the tests of the log may ask for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tlog.desk import signing
from tests.world import World


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a path that is short enough for a socket."""
    folder = tempfile.mkdtemp(prefix="kaijo-")
    yield Path(folder)
    shutil.rmtree(folder)


@pytest.fixture
def logged(database_url: str, tmp_path: Path, short: Path) -> Iterator[World]:
    """A desk whose log is kept and signed."""
    world = World(database_url, tmp_path, signer=short / "signer.sock")
    with signing(world):
        yield world
    world.close()
