"""`flask serve`: makes what is missing, then runs web server, signer and one worker on this machine and stops them together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click

HOST = "127.0.0.1"
THREADS = "8"
READY_SECONDS = 30
STOP_SECONDS = 10
DEMO_PLACES = (("Mails", "mail"), ("Telephone", "phone"))


@click.command("serve")
@click.option("--demo", is_flag=True, help="Invented people, mail to a local catcher, this machine only.")
def serve(demo: bool) -> None:
    """Start the web server, the signer and one worker on this machine, and stop them with Ctrl-C."""
    port = os.environ.get("PORT") or "5000"
    _refuse_taken(port)
    # a plain `kill` stops the other processes as Ctrl-C does
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if demo:
        os.environ["KAIJO_DEMO"] = "1"
    # the processes started here find the same folder
    os.environ["KAIJO_DATA"] = str(Path(os.environ.get("KAIJO_DATA") or "var").absolute())
    try:
        _serve(_prepare(), port)
    except KeyboardInterrupt:
        click.echo("\nStopped. 'make run' goes on with the same data.")


def _serve(details: str, port: str) -> None:
    with (
        _started(_flask("signer", "run")) as signer,
        _started(_server(port)) as server,
        _started(_flask("worker")) as worker,
    ):
        _wait_until_ready(server, port)
        click.echo(f"\nOwners: http://{HOST}:{port}/    Staff: http://{HOST}:{port}/admin/")
        click.echo(details)
        click.echo(f"Next: open http://{HOST}:{port}/ in a browser. Ctrl-C stops everything.")
        _stay(signer, server, worker)


def _refuse_taken(port: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except ValueError:
            raise click.ClickException("PORT must be a number.") from None
        except OSError:
            raise click.ClickException(f"Port {port} is in use: try PORT=5001 make run.") from None


def _prepare() -> str:
    """Bring the database up to date, fill a new demo, and return what there is to know about signing in."""
    import wsgi
    from portal import db, install
    from portal.config import SettingsError
    from portal.demo.command import begin, sign_in_table

    app = wsgi.create_app()
    runtime = db.runtime_of(app)
    try:
        install.upgrade(runtime)
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    try:
        if not runtime.settings.demo:
            return ""
        click.echo("Bringing the demo's database up to date; a new one takes about a minute.")
        begin(runtime, app)
        places = (f"{name}: {runtime.settings.base_url}/demo/{path}" for name, path in DEMO_PLACES)
        return "\n".join((*places, "", sign_in_table(runtime), ""))
    finally:
        runtime.engine.dispose()


def _server(port: str) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "wsgi:create_app()", "--bind", f"{HOST}:{port}"),
        *("--worker-class", "gthread", "--threads", THREADS, "--log-level", "warning"),
    ]


def _flask(*command: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi:create_app", *command]


@contextmanager
def _started(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], port: str) -> None:
    pause = threading.Event()
    for _try in range(READY_SECONDS * 10):
        if server.poll() is not None:
            break
        try:
            with urlopen(f"http://{HOST}:{port}/readyz", timeout=1):
                return
        except (URLError, OSError):
            pause.wait(0.1)
    raise click.ClickException("The web server did not start; the reason stands above.")


def _stay(*processes: subprocess.Popen[bytes]) -> None:
    """Until Ctrl-C, or until one of them ends by itself."""
    pause = threading.Event()
    while all(process.poll() is None for process in processes):
        pause.wait(0.5)
    raise click.ClickException("A process ended by itself; the reason stands above.")
