"""A report as a file shows it: heads, cells as text, the column dictionary, and what is to be known of the file itself.

Everything is said in the language spoken now. Times are those of Japan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from babel.dates import format_skeleton
from flask_babel import gettext as _
from flask_babel import pgettext

from portal import i18n, labels, written_times
from portal.domain.reports import FILTER_WORDS, REPORTS, Asked, Column, Report, columns_of

Row = tuple[Any, ...]
Out = Callable[[bytes], object]  # takes a file piece by piece
VERSION = 1  # of how these files are laid out; part of their names
TIMES = frozenset({"moment", "day", "month"})
TWO = tuple(f"{number:02}" for number in range(60))


@dataclass(frozen=True)
class Table:
    """One report on its way into a file. `rows` is walked once; `number` is how many there will be."""

    asked: Asked
    rows: Iterable[Row]
    number: int
    built_at: datetime
    built_by: str
    note: str | None  # the newest signed head
    tree: int | None = None  # how many events it vouches for
    totals: Row | None = None
    finding: str = ""  # the report in a sentence
    notes: tuple[str, ...] = ()  # what a reader has to know beside the figures
    personal: bool = False

    @property
    def report(self) -> Report:
        return REPORTS[self.asked.report]

    @property
    def columns(self) -> tuple[Column, ...]:
        return columns_of(self.asked)

    @property
    def title(self) -> str:
        return labels.word("report", self.asked.report)

    @property
    def heads(self) -> list[str]:
        return [head(column) for column in self.columns]

    def dictionary(self) -> Iterator[list[str]]:
        """A row for each column: what it is called, what it means, how it is written, whether it is personal."""
        for column in self.columns:
            means = labels.word("report_column_help", column.key)
            written = labels.word("column_format", kind_of(column))
            personal = _("Personal data") if column.personal else ""
            yield [_("Column"), head(column), means, written, personal]

    def about(self, sha256: str = "") -> Iterator[list[str]]:
        """The same for the file. A file cannot hold its own digest: the one beside it does, and the audit log."""
        digest = sha256 or _("It stands in the file with the column dictionary and in the audit log.")
        facts = [
            (_("Report"), self.title),
            (pgettext("report", "Period"), period(self.asked.start, self.asked.end)),
            (_("Date basis"), labels.word("report_basis", self.asked.basis)),
            (_("Filters"), filters(self.asked)),
            *([(_("Drawn by"), self.asked.seed)] if self.asked.seed else []),
            (_("In a sentence"), self.finding),
            *((_("Take note"), note) for note in self.notes),
            (_("Rows"), f"{self.number:,}"),
            (_("Personal data"), _("Included") if self.personal else pgettext("personal data", "Masked")),
            (_("Created"), i18n.when(self.built_at)),
            (_("Created by"), self.built_by),
            (_("SHA-256 of the file"), digest),
            (_("Newest signed head of the audit log"), self.note or _("There is none yet.")),
            (
                _("Apostrophes"),
                _("A ' at the start of a cell keeps a spreadsheet from calculating or rounding."),
            ),
        ]
        for name, value in facts:
            yield [pgettext("export", "File"), name, value, "", ""]

    @property
    def dictionary_heads(self) -> list[str]:
        return [_("Part"), _("Item"), _("What it means"), _("How it is written"), _("Personal data")]


def head(column: Column) -> str:
    """The head of a column, with its time zone where it is about time."""
    name = labels.word("report_column", column.key)
    return _("%(name)s (Japan time)", name=name) if column.kind in TIMES else name


def period(start: date, end: date) -> str:
    """The period written out, as pages and files say it."""
    days = written_times.span(start, end, i18n.current())
    return str(_("%(days)s (Japan time). End date included.", days=days))


def filters(asked: Asked) -> str:
    """The filters as a sentence would name them."""
    named = [
        f"{labels.word('report_filter', key)}{_(': ')}{labels.word(FILTER_WORDS[key], value)}"
        for key, value in asked.filters.items()
    ]
    return str(_(", ")).join(named) or pgettext("filters", "None")


def file_name(asked: Asked, at: datetime, ending: str) -> str:
    """What a file is called: plain letters, and days in Japan."""
    report = asked.report.replace("_", "-")
    made = written_times.local(at).strftime("%Y%m%dT%H%M")
    return f"mfa-{report}_{asked.start}_{asked.end}_jst_{made}_v{VERSION}{ending}"


def kind_of(column: Column) -> str:
    """The kind without the table that its words stand in: "word:status" is a "word"."""
    return column.kind.partition(":")[0]


def text_of(column: Column, written: Mapping[str, Callable[[Any], str]]) -> Callable[[Any], str]:
    """How the values of a column are written; a missing one is an empty cell."""
    kind, _colon, words = column.kind.partition(":")
    if kind in {"word", "words"}:
        say = _sayer(words)
        write = say if kind == "word" else lambda keys: " / ".join(map(say, keys))
    else:
        write = written[kind]
    return lambda value: "" if value is None else write(value)


def _sayer(kind: str) -> Callable[[str], str]:
    """The words for keys of a kind, each looked up once. A key that has none any more stays as it is."""

    @cache
    def say(key: str) -> str:
        return str(labels.TABLES[kind][key]) if key in labels.TABLES[kind] else str(key)

    return say


def _flag(value: Any) -> str:
    return str(labels.TABLES["is_administrator"]["yes" if value else "no"])


@cache
def _day(number: int) -> str:
    return date.fromordinal(number).isoformat()


def _moment(value: datetime) -> str:
    """As 2026-04-01 09:30:00, put together: the library takes twice as long, and a file has five million of them."""
    here = written_times.local(value)
    return f"{_day(here.toordinal())} {TWO[here.hour]}:{TWO[here.minute]}:{TWO[here.second]}"


def _month(value: str) -> str:
    year, _dash, month = value.partition("-")
    return str(format_skeleton("yMMMM", date(int(year), int(month), 1), locale=i18n.current()))


def _decimal(value: Any) -> str:
    return f"{value:.2f}"


# As machines read them: the same in every language.
PLAIN: Mapping[str, Callable[[Any], str]] = {
    "number": lambda value: str(int(value)),
    "share": lambda value: f"{value:.4f}",
    "hours": _decimal,
    "minutes": _decimal,
    "moment": _moment,
    "day": str,  # a date, or one that is written already: both as 2026-04-01
    "month": str,
    "flag": _flag,
    "id": str,
    "text": str,
}
# As people read them on paper.
SHOWN: Mapping[str, Callable[[Any], str]] = {
    **PLAIN,
    "number": lambda value: f"{int(value):,}",
    "share": lambda value: f"{value:.1%}",
    "hours": lambda value: f"{value:,.1f}",
    "minutes": lambda value: f"{value:,.1f}",
    "month": _month,
}
