"""A desk whose log is kept: its signer answers at a socket, in a thread of the test's process."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.tlog import checkpoints, signer
from portal.tlog.keeper import Keeper
from tests.world import World

NAME = "desk.example/log"


@contextmanager
def signing(world: World) -> Iterator[Path]:
    """Start the world's signer; gives its folder. Its socket is the one that the settings name."""
    with tempfile.TemporaryDirectory(prefix="kaijo-signer-") as folder:
        home = Path(folder)
        signer.make_key(home, NAME)
        shutil.copy(home / signer.PUBLISHED, world.runtime.settings.keys / checkpoints.PUBLISHED)
        with answering(home, world.runtime.settings.signer_socket):
            yield home


@contextmanager
def answering(home: Path, path: Path) -> Iterator[None]:
    with signer.listening(home, path) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            listener.shutdown()
            thread.join()


def keep(world: World) -> None:
    """Let the keeper place what waits and have it signed, as if a minute had gone by."""
    world.session.rollback()
    keeper = Keeper(world.runtime)
    keeper.placed |= checkpoints.AT_ONCE
    while keeper.turn():
        pass
