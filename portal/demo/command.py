"""`flask demo`: fills a demo database, and tells on the terminal, and only there, how its staff sign in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import pyotp
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from portal import db, install
from portal.config import SettingsError
from portal.demo import filling, owners
from portal.demo.programme import WALKS
from portal.demo.staff import sign_in_details
from portal.runtime import Runtime

STEP_SECONDS = 30


@click.group("demo", cls=AppGroup, invoke_without_command=True)
@click.option("--cases", type=click.IntRange(0, 1_000_000), default=filling.CASES, show_default=True)
@click.option("--seed", type=int, default=filling.SEED, show_default=True, help="Another seed, other people.")
@click.pass_context
@with_appcontext
def demo(ctx: click.Context, cases: int, seed: int) -> None:
    """Fill a new demo database with invented people, and with cases in every status."""
    if ctx.invoked_subcommand is None:
        with _refusals():
            runtime = db.runtime()
            filling.require_demo_mode(runtime)
            install.upgrade(runtime)
            _fill(runtime, db.this_app(), cases, seed)
        click.echo(sign_in_table(runtime))
        click.echo("Next: flask serve --demo")


@demo.command("codes")
def codes() -> None:
    """Print the present code of each login of the demo. Each code counts once."""
    with _refusals():
        runtime = db.runtime()
        filling.require_demo(runtime)
    with runtime.sessions() as session:
        now = runtime.clock(session)
    for each in sign_in_details(runtime):
        click.echo(f"{pyotp.TOTP(each.secret).at(now)}  {each.address:26} {each.roles}")
    for line in owners.code_lines(runtime):
        click.echo(line)
    click.echo(f"The next codes come in {STEP_SECONDS - int(now.timestamp()) % STEP_SECONDS} seconds.")


def begin(runtime: Runtime, app: Flask) -> bool:
    """Fill a demo database that has nobody yet, before it is served. True if it was filled. Raises SettingsError."""
    filling.require_demo(runtime)
    if filling.has_people(runtime):
        return False
    _fill(runtime, app, filling.CASES, filling.SEED)
    return True


def _fill(runtime: Runtime, app: Flask, cases: int, seed: int) -> None:
    length = max(cases, len(WALKS))
    hidden = not sys.stderr.isatty()
    with click.progressbar(
        length=length, label="Inventing people and cases", file=sys.stderr, hidden=hidden
    ) as bar:
        try:
            filling.fill(runtime, app, cases=cases, seed=seed, done=bar.update)
        except (Exception, KeyboardInterrupt) as problem:
            if not isinstance(problem, SettingsError):
                click.echo("\nStopped half-way: delete the database and begin again.", err=True)
            raise


def sign_in_table(runtime: Runtime) -> str:
    """How the staff and some owners of a demo sign in, for the terminal: password and key of the second factor stand in clear."""
    rows = [
        f"  {each.address:26} {each.password or '(set by hand)':20} {each.secret}  {each.roles}, {each.name}"
        for each in sign_in_details(runtime)
    ]
    return "\n".join(
        [
            "Staff sign in with address, password, and the codes of this key (flask demo codes):",
            *rows,
            *owners.table(runtime),
        ]
    )


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
