"""A worker that is killed in the middle of a file: run as a program, because only a real kill leaves what a kill leaves."""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import wsgi
from portal import runtime, worker
from portal.casework.exports import PIECE
from portal.config import Settings
from portal.export import building


def write(_table: Any, out: Any, scratch: Path) -> None:
    (scratch / "half-made").write_text("half")
    out(b"x" * (PIECE + 40))
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, folder: str, now: str) -> None:
    settings = Settings(data=Path(folder), database_url=url, keys=Path(folder) / "keys", demo=True)
    built = runtime.build(settings, clock=lambda _session: datetime.fromisoformat(now))
    building.FORMS = {"csv": building.Form(".csv", "text/csv", write)}
    worker.work_once(built, wsgi.create_app(runtime=built), "killed")


if __name__ == "__main__":
    main(*sys.argv[1:])
