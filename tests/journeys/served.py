"""The real portal on a free port of this machine, with a desk that can be turned forward, for a real browser."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from tests.journeys.story import Story
from tests.world import World


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(database_url: str, folder: Path, language: str, **settings: Any) -> Iterator[Story]:
    """A story whose portal answers at `story.base`."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    world = World(database_url, folder, base_url=base, **settings)
    story = Story(world, language)
    server = make_server("127.0.0.1", port, story.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield story
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        world.close()
