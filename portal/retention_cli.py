"""`flask retention`: what would be deleted, and deleting it now; and what a person is handed about themselves, as a file.

Exit codes: 0 done, also where nothing was due; 1 refused or not written; 2 a wrong option.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time
from pathlib import Path

import click
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import select

from portal import db, labels, person_text
from portal.casework import person_data, retention
from portal.casework.context import Context, Refused
from portal.casework.person_data import Handed
from portal.config import SettingsError
from portal.contact import ContactError, parse_account_number
from portal.domain.lifecycle import SYSTEM
from portal.domain.limits import written
from portal.domain.reference import parse
from portal.models import Account, Case
from portal.runtime import Runtime, check_installation
from portal.written_times import ZONE

retention_group = AppGroup("retention", help="Delete what has been kept long enough, or see what would go.")

REASON = click.option(
    "--reason", type=click.Choice(person_data.REASONS), default=person_data.BY_PERSON, show_default=True
)
FORM = click.option("--form", type=click.Choice(person_data.FORMS), default="json", show_default=True)
OUT = click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write."
)


@retention_group.command("preview")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="By this day, instead of now (2027-04-01).")
def preview(until: datetime | None) -> None:
    """Show how much would go, class by class. Changes nothing."""
    with _system() as ctx:
        last = _end_of(until.date()) if until else ctx.now
        if last < ctx.now:
            raise click.BadParameter("the day must not be in the past.", param_hint="--until")
        for going in retention.preview(ctx, last):
            kept_for = written(getattr(ctx.limits, going.period.limit))
            click.echo(
                f"{going.period.key:<9} after {kept_for:<6} {_number(going.number):>7} to delete", nl=False
            )
            click.echo(f", {_number(going.held)} under a legal hold" if going.held else "")
            for case in going.first:
                click.echo(f"          {case.reference}  ended {case.closed_at:%Y-%m-%d}")


@retention_group.command("run")
def run() -> None:
    """Delete what is due now, case by case. Safe to stop and to repeat, and beside a running worker."""
    runtime = _runtime()
    with runtime.sessions() as session:
        due = retention.preview(runtime.context(session, SYSTEM), most=0)
    length = sum(going.number for going in due)
    with click.progressbar(length=length, label="Deleting", show_pos=True) as bar:
        gone = retention.run(runtime, tell=lambda _key: bar.update(1))
    for key, number in gone.items():
        click.echo(f"{key:<9} {number:>7,} deleted")
    if not any(gone.values()):
        click.echo("Nothing was due.")


@click.command("export-person")
@with_appcontext
@click.argument("reference")
@OUT
@FORM
@REASON
def export_case(reference: str, out: Path, form: str, reason: str) -> None:
    """Write everything that is held about the person of the request REFERENCE."""
    with _system() as ctx:
        query = select(Case.id).where(Case.reference == parse(reference))
        case_id = ctx.session.execute(query).scalar_one_or_none()
        if case_id is None:
            raise click.ClickException(f"There is no request {reference}.")
        _hand_out(ctx, case_id, person_data.of_case, out, form=form, reason=reason)


@click.command("export-person")
@with_appcontext
@click.argument("number")
@OUT
@FORM
@REASON
def export_account(number: str, out: Path, form: str, reason: str) -> None:
    """Write everything that is held about the account NUMBER."""
    with _system() as ctx:
        try:
            wanted = parse_account_number(number)
        except ContactError:
            raise click.ClickException(f"{number} is no account ID of 12 digits.") from None
        account_id = ctx.session.execute(
            select(Account.id).where(Account.number == wanted)
        ).scalar_one_or_none()
        if account_id is None:
            raise click.ClickException(f"The register has no account {number}.")
        _hand_out(ctx, account_id, person_data.of_account, out, form=form, reason=reason)


def _hand_out(
    ctx: Context, target_id: str, collect: Callable[..., Handed], out: Path, *, form: str, reason: str
) -> None:
    try:
        handed = collect(ctx, target_id, form=form, reason=reason)
    except Refused as refusal:
        raise click.ClickException(labels.word("refusal", refusal.reason, "en")) from None
    _write(out, handed.as_json() if form == "json" else person_text.written(handed))
    click.echo(f"Written to {out}, for nobody else to read. Go through it before you hand it over.")


def _write(path: Path, text: str) -> None:
    """All of it or nothing, readable by its owner only."""
    try:
        # made with the rights 0600
        number, name = tempfile.mkstemp(dir=path.parent, prefix=".export-")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as problem:
        raise click.ClickException(f"{path} cannot be written: {problem.strerror}.") from None


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, tzinfo=ZONE).astimezone(UTC)


def _number(count: int) -> str:
    return f"{count:,}" if count <= retention.COUNTED_TO else f"{retention.COUNTED_TO:,}+"


def _runtime() -> Runtime:
    runtime = db.runtime()
    try:
        check_installation(runtime)
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    return runtime


@contextmanager
def _system() -> Iterator[Context]:
    runtime = _runtime()
    with runtime.sessions() as session:
        yield runtime.context(session, SYSTEM)
