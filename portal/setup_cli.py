"""Commands that run before there is an installation: they load no application. Registered by setup.cfg."""

from __future__ import annotations

import os
from pathlib import Path

import click
from flask.cli import AppGroup

from portal import environment
from portal.config import SettingsError
from portal.vault import Keys

keys = AppGroup("keys", help="Make the keys that open what is sealed.")


@keys.command("init", with_appcontext=False)
def init() -> None:
    """Make a first set of keys in the folder that KAIJO_KEYS names. Never overwrites."""
    data = Path(os.environ.get("KAIJO_DATA") or "var").absolute()
    try:
        folder = environment.keys_folder(os.environ.get("KAIJO_KEYS", ""), data)
        Keys.generate(folder)
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    except FileExistsError:
        raise click.ClickException(
            f"There are keys in {folder} already: they are left as they are."
        ) from None
    click.echo(f"The keys are made in {folder}. Keep a copy where no copy of the data is kept.")
    click.echo("Next: flask db upgrade")
