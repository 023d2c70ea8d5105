"""`flask report`: a report as a file, from the command line. Always masked: personal data leaves only through the page.

Exit codes: 0 the file is there; 1 it could not be written; 2 it was asked for wrongly. What is not whole is not left behind.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from portal import db, i18n, report_words, reports
from portal.casework import exports
from portal.casework.channels import COMMAND_LINE
from portal.casework.context import Context
from portal.casework.exports import DATA, DICTIONARY
from portal.domain.languages import DEFAULT_LANGUAGE, LANGUAGES
from portal.domain.lifecycle import SYSTEM
from portal.domain.periods import today
from portal.domain.reports import FILTERS, REPORTS, Asked
from portal.export import csv_file, reading
from portal.export.building import DICTIONARY_ENDING, FORMS, Poured, rows_in
from portal.export.table import Table
from portal.runtime import Runtime

BY = "flask report"


@click.command("report")
@click.argument("name", type=click.Choice(sorted(REPORTS)))
@click.option("--from", "start", metavar="DAY", help="First day in Japan, as 2026-04-01.")
@click.option("--to", "end", metavar="DAY", help="Last day in Japan, included.")
@click.option(
    "--period", metavar="NAME", help="Instead of days, such as last_month. Without both: last_month."
)
@click.option("--basis", metavar="NAME", help="Which date counts: received, approved, closed, …")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="Such as language=ja.")
@click.option("--columns", metavar="NAMES", help="Only these columns, with commas between them.")
@click.option("--seed", help="What a sample is drawn by.")
@click.option("--language", "--lang", type=click.Choice(list(LANGUAGES)), default=DEFAULT_LANGUAGE)
@click.option("--format", "form", type=click.Choice(list(FORMS)), default="csv")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@with_appcontext
def report(name: str, out: Path, form: str, language: str, **given: Any) -> None:
    """Write the report NAME into a file, with personal data masked, and its column dictionary beside it."""
    runtime = db.runtime()
    with runtime.sessions() as session:
        asked = _asked(runtime.context(session, SYSTEM), {"report": name, **_texts(given)})
    try:
        with i18n.spoken_in(language), _unfinished(out) as folder:
            table, made = _written(runtime, asked, form, folder)
            _record(runtime, asked, form, table, made)
            os.replace(folder / DICTIONARY, out.with_name(out.stem + DICTIONARY_ENDING))
            os.replace(folder / DATA, out)
    except (OSError, DBAPIError, reading.DataChanged) as problem:
        raise click.ClickException(f"The file could not be written: {_why(problem)}.") from None
    click.echo(f"Rows:    {rows_in(table, FORMS[form])}\nSHA-256: {made.digest.hexdigest()}")
    click.echo(
        f"Newest signed head of the audit log:\n{table.note}" if table.note else "The log has no head yet."
    )


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    """The options as a form would send them."""
    texts = {name: given[name] or "" for name in ("start", "end", "period", "basis", "seed")}
    texts["columns"] = (given["columns"] or "").replace(",", " ")
    for each in given["filters"]:
        key, equals, value = each.partition("=")
        if not equals or key not in FILTERS:
            raise click.BadParameter(
                f"{each} is not one of {', '.join(FILTERS)} with = and a value.", param_hint="--filter"
            )
        texts[key] = value
    return texts


def _asked(ctx: Context, given: Mapping[str, str]) -> Asked:
    try:
        return reports.read(given, today(ctx.now), ctx.limits)
    except reports.WrongAsked as wrong:
        named = {"start": "--from", "end": "--to"}
        with i18n.spoken_in("en"):
            said = report_words.errors(wrong, ctx.limits)
        lines = [f"{named.get(name, f'--{name}')}: {words}" for name, words in said.items()]
        raise click.UsageError("\n".join(lines)) from None


@contextmanager
def _unfinished(out: Path) -> Iterator[Path]:
    """A folder beside the file, so that what is whole can be put in place in one step; it goes in any case."""
    with tempfile.TemporaryDirectory(prefix=".kaijo-report-", dir=out.absolute().parent) as folder:
        yield Path(folder)


def _written(runtime: Runtime, asked: Asked, form: str, folder: Path) -> tuple[Table, Poured]:
    with reports.snapshot(runtime.engine) as session, _progress() as tell:
        ctx = runtime.context(session, SYSTEM)
        table = reading.table_of(ctx, asked, built_by=BY, personal=False, tell=tell)
        with _poured(folder / DATA) as data:
            FORMS[form].write(table, data, folder)
    with _poured(folder / DICTIONARY) as beside:
        csv_file.write_dictionary(table, beside, data.digest.hexdigest())
    return table, data


@contextmanager
def _poured(path: Path) -> Iterator[Poured]:
    """A file that is on the disk, and not only on its way there, when it is closed."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        poured = Poured(lambda _number, piece: file.write(piece))
        yield poured
        poured.close()
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar for people; nothing where nobody watches."""
    with click.progressbar(length=1, label="Rows", file=sys.stderr, show_pos=True) as bar:

        def tell(done: int, whole: int) -> None:
            bar.length = whole or 1
            bar.update(done - bar.pos)

        yield tell


def _record(runtime: Runtime, asked: Asked, form: str, table: Table, made: Poured) -> None:
    facts = {
        **exports.said_of(asked),
        "form": form,
        "rows": rows_in(table, FORMS[form]),
        "digest": made.digest.hexdigest(),
        "size": made.size,
        "tree": table.tree,
        "channel": COMMAND_LINE,
    }
    with runtime.sessions() as session:
        ctx = runtime.context(session, SYSTEM)
        with ctx.act():
            exports.record(ctx, "system:export:built", **facts)


def _why(problem: Exception) -> str:
    if isinstance(problem, OSError):
        return problem.strerror or type(problem).__name__
    return (
        str(problem)
        if isinstance(problem, reading.DataChanged)
        else "the database does not answer as it should"
    )
