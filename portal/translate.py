"""`flask translate`: reads the code for words, brings the catalogues up to date and says what lacks words.

English is the language of the code itself, so it has no catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from portal.domain.languages import LANGUAGES

ROOT = Path(__file__).resolve().parent.parent
SOURCE_LANGUAGE = "en"
TRANSLATED = tuple(language for language in LANGUAGES if language != SOURCE_LANGUAGE)
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "_l": None,
    "_p": ((1, "c"), 2),
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
}


@click.group(invoke_without_command=True)
@click.pass_context
def translate(context: click.Context) -> None:
    """Extract, update and compile the catalogues, and list what lacks words."""
    if context.invoked_subcommand is None:
        for language in TRANSLATED:
            refresh(language)


@translate.command("add")
@click.argument("language")
def add(language: str) -> None:
    """Start the catalogue of a language that LANGUAGES already names."""
    if language not in TRANSLATED:
        raise click.ClickException(f"Enter {language} in portal/domain/languages.py first.")
    refresh(language)


def refresh(language: str) -> None:
    """Bring one catalogue up to date, compile it, and print what is missing."""
    catalogue = updated(language)
    path = po_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, include_lineno=False, sort_output=True, ignore_obsolete=True)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    missing = list(lacking(catalogue))
    for text in missing:
        click.echo(f"{language}: {text}")
    click.echo(f"{language}: {len(catalogue)} texts, {len(missing)} without words")


def po_path(language: str) -> Path:
    return ROOT / "translations" / language / "LC_MESSAGES" / "messages.po"


def extracted() -> Catalog:
    """Every text that the code and the templates say."""
    with (ROOT / "translations" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    catalogue = Catalog(charset="utf-8")
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS, directory_filter=_is_ours)
    for name, _line, text, comments, context in found:
        catalogue.add(text, None, [(name, 1)], auto_comments=comments, context=context)
    return catalogue


def stored(language: str) -> Catalog:
    """The catalogue as it lies in its file; empty where there is none."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """The stored catalogue with exactly the texts that the code says now; nothing is guessed."""
    catalogue = stored(language)
    catalogue.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    return catalogue


def lacking(catalogue: Catalog) -> Iterator[str]:
    """The texts without words, or with words that somebody marked as doubtful."""
    for message in catalogue:
        if message.id and (message.fuzzy or not all(_words(message))):
            yield message.id if isinstance(message.id, str) else message.id[0]


def _words(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, list | tuple) else (message.string or "",)


def _is_ours(folder: str) -> bool:
    """Keep out of what is installed or built inside the tree."""
    return not Path(folder).name.startswith((".", "_")) and Path(folder).name not in {
        "build",
        "tests",
        "bench",
    }
