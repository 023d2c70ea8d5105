"""`flask audit`: checks the log, proves what is in it, and writes it out for strangers. It loads no web application.

Exit codes: 0 what was asked for is so; 1 a check failed; 2 it could not be checked, because a key, a file or the database
is missing, unreadable or of the wrong kind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import Engine, make_url

from portal import environment
from portal.engine import make_engine
from portal.environment import SettingsError
from portal.tlog import bundle, bundle_check, checkpoints, proof_check, proofs, verify
from portal.tlog.bundle import BundleError
from portal.tlog.findings import CHECKS, Verdict, shown
from portal.tlog.log_keys import LogKeys
from portal.tlog.notes import BadKey, BadNote, Head, head_of
from portal.tlog.proofs import NoProof
from portal.tlog.verify import Unreadable

audit = AppGroup("audit", help="Check the audit log, prove what is in it, write it out for strangers.")

KEY = click.option("--vkey", metavar="KEY", help="The log's published key, or a file that holds it.")
SINCE = click.option(
    "--since",
    type=click.IntRange(min=0),
    default=0,
    help="Begin at this place; a signed head vouches for what is before.",
)
A_FILE = click.Path(path_type=Path)


class Uncheckable(click.ClickException):
    """What was asked for could not be done at all."""

    exit_code = 2


@contextmanager
def _words() -> Iterator[None]:
    """Whatever hinders, in one sentence and with the exit code for it."""
    try:
        yield
    except (SettingsError, Unreadable, BundleError, NoProof) as problem:
        raise Uncheckable(shown(str(problem))) from None


@contextmanager
def _database() -> Iterator[Engine]:
    """The database that the settings name; no file is made where there is none. Raises SettingsError."""
    data = environment.data_folder(os.environ)
    url = make_url(environment.database_url(os.environ.get("KAIJO_DATABASE_URL", "").strip(), data))
    is_file = url.get_backend_name() == "sqlite"
    if is_file and not Path(url.database or "").is_file():
        raise SettingsError(
            f"There is no database {url.database}: name it with KAIJO_DATA or KAIJO_DATABASE_URL."
        )
    engine = make_engine(url.render_as_string(hide_password=False))
    try:
        yield engine
    finally:
        engine.dispose()


def _key(given: str | None) -> LogKeys | None:
    """The key that was named, else the one in the folder of keys; None where there is none. Raises Unreadable."""
    try:
        if given is None:
            folder = _keys_folder()
            return checkpoints.published_key(folder) if folder else None
        if Path(given).exists():
            return LogKeys.parse(Path(given).read_text("ascii"))
        if "+" not in given:
            raise Unreadable(f"There is no key file {given}: name the log's published key, or its file.")
        return LogKeys.parse(given)
    except (BadKey, UnicodeDecodeError) as problem:
        said = str(problem) if isinstance(problem, BadKey) else "it is no text"
        raise Unreadable(
            f"The key cannot be used ({said}): name the log's published key, or its file."
        ) from None
    except OSError as problem:
        raise Unreadable(f"The key cannot be read ({problem.strerror}).") from None


def _keys_folder() -> Path | None:
    named = os.environ.get("KAIJO_KEYS", "").strip()
    if not named and os.environ.get("KAIJO_DEMO", "").strip() == "1":
        return environment.data_folder(os.environ) / "keys"
    return Path(named) if named else None


def _needed_key(given: str | None) -> LogKeys:
    key = _key(given)
    if key is None:
        raise Unreadable(
            "The log has no published key: name it with --vkey, or copy log.vkey into KAIJO_KEYS."
        )
    return key


@contextmanager
def progress_on_terminal(label: str) -> Iterator[verify.Progress]:
    """A bar on a terminal, and nothing in a file."""
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total or 1
            bar.update(done - bar.pos)

        yield show


@audit.command("verify", with_appcontext=False)
@KEY
@click.option(
    "--anchors", type=A_FILE, help="Folder of heads that were left elsewhere. Default: KAIJO_ANCHORS."
)
@SINCE
@click.option(
    "--bundle", "file", type=A_FILE, help="Check this file of `flask audit export` instead of the database."
)
@click.option("--proof", type=A_FILE, help="Check this file of `flask audit prove` instead of the database.")
def verify_log(
    vkey: str | None, anchors: Path | None, since: int, file: Path | None, proof: Path | None
) -> None:
    """Check the whole log: events, chains, tree, heads, rows, payloads and the rules of the database.

    Exit codes: 0 all checks passed; 1 a check failed; 2 it could not be checked.
    """
    if since and (file or proof):
        raise click.UsageError("--since is for the database: a bundle says itself where it begins.")
    if file and proof:
        raise click.UsageError("Name a bundle or a proof, one at a time.")
    with _words():
        key = _key(vkey)
        if proof is not None:
            _tell_proof(proof, key)
            return
        if file is not None:
            with progress_on_terminal("Checking") as progress:
                verdict = bundle_check.check(file, key=key, anchors=anchors, progress=progress)
        else:
            anchors = anchors or environment.anchors_folder(os.environ)
            with _database() as engine, progress_on_terminal("Checking") as progress:
                verdict = verify.run(engine, key=key, anchors=anchors, since=since, progress=progress)
    _tell(verdict, tuple(CHECKS))


def _tell_proof(path: Path, key: LogKeys | None) -> None:
    try:
        found = proof_check.check(path, key)
    except proof_check.Broken as problem:
        click.echo(f"The proof does not hold: {shown(str(problem))}.")
        raise SystemExit(1) from None
    by = "signed with this key" if key else "its signature is unchecked: name the key with --vkey"
    click.echo(f"The event has place {found.place} among the {found.head.size} of this head ({by}).")
    click.echo(shown(f"{found.head.origin}, root {found.head.root.hex()}"))
    if found.older:
        click.echo(f"It goes on from the head over {found.older.size} events, root {found.older.root.hex()}.")


@audit.command("reconcile", with_appcontext=False)
def reconcile_rows() -> None:
    """Check that cases, staff and accounts are what their events made of them, and nothing else.

    Exit codes as of `verify`.
    """
    with _words(), _database() as engine, progress_on_terminal("Checking") as progress:
        verdict = verify.state(engine, progress=progress)
    _tell(verdict, ("bytes", "streams", "reconcile", "payloads"))


def _tell(verdict: Verdict, checks: tuple[str, ...]) -> None:
    found = {finding.check: finding for finding in verdict.findings}
    for check in checks:
        if check in found:
            one = found[check]
            more = f" (and {one.more} more)" if one.more else ""
            click.echo(f"FAILED     {check:10} {one.place}: {one.words}{more}")
        elif check in verdict.unchecked:
            click.echo(f"unchecked  {check:10} {verdict.unchecked[check]}")
        else:
            click.echo(f"passed     {check:10} {CHECKS[check]}")
    if verdict.failed:
        click.echo(
            f"The log does not stand. First: {verdict.failed}, {verdict.first_bad}. {verdict.events} events."
        )
        raise SystemExit(1)
    click.echo(f"The log stands. {verdict.events} events.")


@audit.command("export", with_appcontext=False)
@click.option(
    "--out", type=A_FILE, required=True, help="The file to write. One that is there already is left as it is."
)
@SINCE
@KEY
def export(out: Path, since: int, vkey: str | None) -> None:
    """Write all events, the tree and the signed heads into one file that a stranger can check without this program."""
    with _words():
        key = _needed_key(vkey)
        with (
            _database() as engine,
            verify.snapshot(engine) as session,
            progress_on_terminal("Writing") as progress,
        ):
            number = checkpoints.newest(session)
            counter = verify.Counter(number.size - min(since, number.size) if number else 0, progress)
            size, at = bundle.write(session, out, key, since=since, tick=counter)
            progress(counter.total, counter.total)
    click.echo(
        f"{out}: {size} events, signed on {at:%Y-%m-%d at %H:%M} UTC. README.txt in it says how to check it."
    )
    click.echo(f"Next: flask audit verify --bundle {out}")


@audit.command("checkpoint", with_appcontext=False)
def checkpoint() -> None:
    """Print the newest signed head."""
    with _words():
        with _database() as engine, verify.snapshot(engine) as session:
            note = checkpoints.newest_note(session)
        if note is None:
            raise NoProof("The log has no signed head yet: start `flask signer run` and the worker.")
    click.echo(note, nl=False)


@audit.command("prove", with_appcontext=False)
@click.argument("event_id", metavar="EVENT")
@click.option(
    "--old",
    type=A_FILE,
    help="File with an older head, as on a receipt: prove that the newest goes on from it.",
)
@KEY
def prove(event_id: str, old: Path | None, vkey: str | None) -> None:
    """Print the proof that EVENT is in the log, as text that a stranger can check (see `verify --proof`)."""
    with _words():
        older = _older(old, _key(vkey)) if old else None
        with _database() as engine, verify.snapshot(engine) as session:
            text = proofs.written(session, event_id, older)
    click.echo(text, nl=False)


def _older(path: Path, key: LogKeys | None) -> Head:
    try:
        note = path.read_text("utf-8")
        return key.open(note) if key else head_of(note)
    except (BadNote, UnicodeDecodeError) as problem:
        said = str(problem) if isinstance(problem, BadNote) else "it is no text"
        raise NoProof(f"{path} is no signed head of this log ({said}).") from None
    except OSError as problem:
        raise NoProof(f"{path} cannot be read ({problem.strerror}).") from None
