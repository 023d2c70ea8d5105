"""`flask receipts`: whoever holds a paper checks it with the published certificate alone. No database, no application."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click
from cryptography import x509
from flask.cli import AppGroup

from portal import paper_check, paper_keys
from portal.environment import SettingsError
from portal.tlog import log_keys
from portal.tlog.log_keys import LogKeys
from portal.tlog.notes import BadKey, BadNote, Head, head_of

GENUINE, CHANGED, UNCHECKED, FOREIGN = 0, 1, 2, 3
# What is said of each outcome, and the exit code.
SAID = {
    "genuine": ("Genuine: not one byte was changed or added since it was signed.", GENUINE),
    "changed": ("Changed: this is not what was signed. Do not rely on it.", CHANGED),
    "foreign": ("Foreign: it is not signed under this certificate.", FOREIGN),
    "not_pdf": ("Foreign: this is no PDF, so it is no paper of ours.", FOREIGN),
    "too_large": ("It cannot be checked: no paper of ours is larger than 5 MB.", UNCHECKED),
    "cut": ("It cannot be checked: the file was cut off, its end is missing.", UNCHECKED),
}

receipts = AppGroup("receipts", help="Check papers, with the published certificate alone.")


class Unchecked(click.ClickException):
    exit_code = UNCHECKED


@receipts.command("verify", with_appcontext=False)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--cert", type=click.Path(path_type=Path), help="The published certificate, in PEM.")
@click.option("--vkey", type=click.Path(path_type=Path), help="The published key of the audit log.")
@click.pass_context
def verify(context: click.Context, file: Path, cert: Path | None, vkey: Path | None) -> None:
    """Say whether FILE is a paper as it was handed out, and what the signed head in it says.

    Exit codes: 0 genuine; 1 changed, or its head does not fit the log's key; 2 cannot be checked; 3 foreign.
    Without --cert the certificates in the folder that KAIJO_KEYS names count.
    """
    certificates, verifier = _certificates(cert), _verifier(vkey)
    reading = paper_check.read(_read(file, paper_check.MOST_BYTES + 1), certificates)
    words, code = SAID[reading.outcome]
    click.echo("Changed: something was added after it was signed." if reading.grown else words)
    if reading.certificate is not None:
        click.echo(f"Certificate: {reading.certificate.subject.rfc4514_string()}")
        click.echo(f"  SHA-256 {paper_keys.fingerprint(reading.certificate)}")
    if code == GENUINE:
        click.echo(f"Paper: {reading.document or 'without a code'}")
        code = _say_head(reading.head, verifier)
    context.exit(code)


def _say_head(note: str | None, verifier: LogKeys | None) -> int:
    if note is None:
        click.echo("Audit log: no signed head stood in the paper.")
        return GENUINE
    try:
        head = verifier.open(note) if verifier else head_of(note)
    except BadNote as problem:
        click.echo(f"Audit log: the head in the paper does not fit this key: {problem}.")
        return CHANGED
    click.echo(f"Audit log: {_words(head)}")
    click.echo("  Signed with this key." if verifier else "  Not checked: name the log's key with --vkey.")
    return GENUINE


def _words(head: Head) -> str:
    return f"{head.origin} held {head.size:,} events, root {head.root.hex()}."


def _certificates(cert: Path | None) -> Sequence[x509.Certificate]:
    folder = os.environ.get("KAIJO_KEYS", "").strip()
    try:
        if cert is not None:
            found = paper_keys.read_certificates(_read(cert, paper_check.MOST_BYTES))
        else:
            found = paper_keys.published(Path(folder)) if folder else ()
    except paper_keys.BadCertificate as problem:
        raise Unchecked(f"{cert} cannot be used: {problem}.") from None
    except SettingsError as problem:
        raise Unchecked(str(problem)) from None
    if not found:
        raise Unchecked("Name the published certificate with --cert.")
    return found


def _verifier(vkey: Path | None) -> LogKeys | None:
    if vkey is None:
        return None
    try:
        return LogKeys.parse(_read(vkey, log_keys.LONGEST).decode())
    except (BadKey, UnicodeDecodeError) as problem:
        why = problem if isinstance(problem, BadKey) else "it is no text"
        raise Unchecked(f"{vkey} cannot be used: {why}.") from None


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as problem:
        raise Unchecked(f"{path} cannot be read: {problem.strerror}.") from None
