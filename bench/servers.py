"""Web servers of the run: gunicorn on loopback, on a free port, stopped by its process id when the block ends."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
WORKERS, THREADS = 2, 8
SETTINGS = f"gunicorn gthread, {WORKERS} processes of {THREADS} threads"
READY_SECONDS = 30
STOP_SECONDS = 10


@dataclass(frozen=True)
class Server:
    port: int
    pid: int


@contextmanager
def gunicorn(application: str, environ: Mapping[str, str]) -> Iterator[Server]:
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "gunicorn", application, "--bind", f"{LOOPBACK}:{port}"),
        *("--worker-class", "gthread", "--workers", str(WORKERS), "--threads", str(THREADS)),
        # two of them at once would share the one control socket of this account
        *("--log-level", "warning", "--no-control-socket", "--graceful-timeout", str(STOP_SECONDS // 2)),
    ]
    foreign = {name for name in os.environ if name.startswith(("KAIJO_", "FLASK_"))}
    inherited = {name: value for name, value in os.environ.items() if name not in foreign}
    process = subprocess.Popen(command, cwd=ROOT, env={**inherited, **environ}, start_new_session=True)
    try:
        _wait_until_it_answers(process, port)
        yield Server(port, process.pid)
    finally:
        _stop(process)


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    pause = threading.Event()
    for _try in range(READY_SECONDS * 10):
        if process.poll() is not None:
            break
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=READY_SECONDS)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except OSError:
            pause.wait(0.1)
        finally:
            connection.close()
    raise RuntimeError("A web server did not start; the reason stands above.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        # with its workers, which have no other group
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
