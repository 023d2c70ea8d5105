"""The commands of an installation that has its keys: database, worker, cases. What comes before keys is in `setup_cli`."""

from __future__ import annotations

import logging
import threading

import click
from flask import Flask
from flask.cli import AppGroup

from portal import db, install, worker
from portal.config import SettingsError
from portal.demo.command import demo
from portal.domain import lifecycle
from portal.register_cli import register_group
from portal.report_cli import report
from portal.retention_cli import export_account, export_case, retention_group
from portal.runtime import check_installation
from portal.staff_cli import staff_group

database = AppGroup("db", help="Bring the database up to date.")
cases = AppGroup("cases", help="About the cases as a whole.")


def init_app(app: Flask) -> None:
    for command in (database, work, cases, register_group, staff_group, retention_group, report, demo):
        app.cli.add_command(command)
    cases.add_command(export_case)
    register_group.add_command(export_account)


@database.command("upgrade")
def upgrade() -> None:
    """Make the tables, or bring them to the newest form. Safe to repeat."""
    runtime = db.runtime()
    try:
        made = install.upgrade(runtime)
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    click.echo("The database is made." if made else "The database is up to date.")
    click.echo("Next: flask staff bootstrap" if made else "Next: start the web server and `flask worker`.")


@click.command("worker")
def work() -> None:
    """Carry out what is queued and what is due, until stopped. Any number of workers may run."""
    runtime = db.runtime()
    try:
        check_installation(runtime)
        install.check_paper_key(runtime)
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    install.record_start(runtime)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    click.echo("The worker is at work. Ctrl-C stops it after the row in hand.")
    worker.run(runtime, db.this_app(), threading.Event())


@cases.command("diagram")
def diagram() -> None:
    """Print the life-cycle as the table that stands in the README."""
    click.echo(lifecycle.diagram())
