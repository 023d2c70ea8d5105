"""Commands that run before there is an installation: they load no application. Registered by setup.cfg."""

from __future__ import annotations

import os
from typing import BinaryIO

import click
from flask.cli import AppGroup

from portal import environment, paper_keys
from portal.config import Settings, SettingsError
from portal.engine import machine_time
from portal.vault import Keys

MOST_BYTES = 1024 * 1024

keys = AppGroup("keys", help="Make the keys that open what is sealed.")


@keys.command("init", with_appcontext=False)
def init() -> None:
    """Make a first set of keys in the folder that KAIJO_KEYS names. Never overwrites."""
    data = environment.data_folder(os.environ)
    try:
        folder = environment.keys_folder(os.environ.get("KAIJO_KEYS", ""), data)
        Keys.generate(folder)
        paper_keys.make(folder, _service_name(), machine_time())
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    except FileExistsError:
        raise click.ClickException(
            f"There are keys in {folder} already: they are left as they are."
        ) from None
    click.echo(f"The keys are made in {folder}. Keep a copy where no copy of the data is kept.")
    click.echo("Next: flask db upgrade")


@keys.command("paper", with_appcontext=False)
@click.option("--new", is_flag=True, help="Make another beside the present one; it signs from now on.")
@click.option(
    "--own",
    type=click.File("rb"),
    help="Your own certificate and key (PKCS#12) instead; the password is asked for.",
)
def paper(new: bool, own: BinaryIO | None) -> None:
    """Make the certificate that papers are signed under, in the folder that KAIJO_KEYS names. Never overwrites."""
    data, at = environment.data_folder(os.environ), machine_time()
    try:
        folder = environment.keys_folder(os.environ.get("KAIJO_KEYS", ""), data)
        if paper_keys.has_one(folder) and not new:
            raise SettingsError(f"There is a certificate in {folder} already: --new makes another beside it.")
        if own is None:
            paper_keys.make(folder, _service_name(), at)
        else:
            password = click.prompt("Password of the file", default="", show_default=False, hide_input=True)
            paper_keys.keep(folder, paper_keys.own(own.read(MOST_BYTES), password, at))
        certificate = paper_keys.load(folder, at).certificate
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(
        f"Papers are signed under the newest certificate in {folder} from now on. Publish its SHA-256:"
    )
    click.echo(paper_keys.fingerprint(certificate))


def _service_name() -> str:
    return environment.line(os.environ, "KAIJO_SERVICE_NAME", 40) or Settings.service_name
