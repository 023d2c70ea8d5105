"""`flask signer`: the process that signs the log's heads. It opens no database and loads no application."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import AppGroup

from portal import environment
from portal.environment import SettingsError
from portal.tlog import signer as signing

signer = AppGroup("signer", help="Sign the audit log's heads, with a key that nothing else has.")


@contextmanager
def _words() -> Iterator[None]:
    """Whatever hinders, in one sentence."""
    try:
        yield
    except (SettingsError, signing.SignerError) as problem:
        raise click.ClickException(str(problem)) from None
    except OSError as problem:
        raise click.ClickException(f"{problem.filename or 'The signer'}: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise click.ClickException("This file is no text, so it is no signed head of a log.") from None


@signer.command("init", with_appcontext=False)
@click.option(
    "--name", required=True, help="The log's name for ever, one word, such as mfa.corp.example/log."
)
def init(name: str) -> None:
    """Make the signer's key in the folder that KAIJO_SIGNER names. Never overwrites."""
    with _words():
        home = environment.signer_home(os.environ)
        published = signing.make_key(home, name)
    click.echo(f"The signer's key is made in {home}. Publish this line, on paper too:\n{published}")
    click.echo(f"Next: copy {home / signing.PUBLISHED} into the folder of keys, then `flask signer run`.")


@signer.command("rotate", with_appcontext=False)
@click.option(
    "--last",
    type=click.Path(path_type=Path),
    help="File with the newest signed head, where the signer's memory is lost as well: the last file in the anchors.",
)
def rotate(last: Path | None) -> None:
    """Replace a key that is lost or in wrong hands. Stop the signer first; what was signed stays true."""
    with _words():
        home = environment.signer_home(os.environ)
        keys = signing.replace_key(home, last.read_text() if last else None)
    click.echo(f"A new key signs from now on. Publish these lines, on paper too:\n{keys}")
    click.echo(f"Next: copy {home / signing.PUBLISHED} into the folder of keys, then `flask signer run`.")


@signer.command("run", with_appcontext=False)
def run() -> None:
    """Sign heads that extend the last one, until stopped. One process, as a user of its own.

    Where KAIJO_ANCHORS names a folder that this user can read, a memory older than the anchors stops the start.
    """
    with _words():
        home, path = environment.signer_home(os.environ), environment.signer_socket(os.environ)
        with signing.listening(home, path, environment.anchors_folder(os.environ)) as listener:
            for number in (signal.SIGTERM, signal.SIGINT):
                # In a thread: shutdown waits for the loop that the signal has interrupted.
                signal.signal(number, lambda *_: threading.Thread(target=listener.shutdown).start())
            click.echo(f"The signer answers at {path}. Ctrl-C stops it.")
            listener.serve_forever()


def make_demo_signer(home: Path, keys: Path) -> None:
    """A demo makes its own signer, beside its data, at its first start."""
    if not (home / signing.KEY).exists():
        signing.make_key(home, "demo.kaijo.example/log")
    if not (keys / signing.PUBLISHED).exists():
        shutil.copy(home / signing.PUBLISHED, keys / signing.PUBLISHED)
