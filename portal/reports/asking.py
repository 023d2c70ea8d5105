"""What somebody asks for, read and checked before anything is counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from portal import contact
from portal.domain.limits import Limits
from portal.domain.periods import PRESETS
from portal.domain.reports import FILTERS, REPORTS, Asked

CUSTOM = "custom"
DEFAULT_PERIOD = "last_month"
LONGEST_SEED = 100
EARLIEST = date(2000, 1, 1)  # the first days of the calendar begin before any moment that a database knows
# What can be wrong with a request for a report, by the field at which it is said. Keys of the label kind `report_error`.
ERRORS = (
    "report_unknown",
    "period_unknown",
    "basis_unknown",
    "filter_unknown",
    "column_unknown",
    "start_missing",
    "start_unreadable",
    "end_missing",
    "end_unreadable",
    "start_after_end",
    "start_too_early",
    "end_in_future",
    "period_too_long",
    "seed_too_long",
    "seed_unprintable",
)


class WrongAsked(ValueError):
    """A report cannot be made as it was asked for. `errors`: for each field a key of ERRORS."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {error}" for name, error in errors.items()))
        self.errors = dict(errors)


def check(asked: Asked, today: date, limits: Limits) -> Asked:
    """The same report, or WrongAsked with all that is wrong with it at once."""
    if errors := dict(_wrong(asked, today, limits)):
        raise WrongAsked(errors)
    return asked


def _wrong(asked: Asked, today: date, limits: Limits) -> Iterator[tuple[str, str]]:
    if asked.report not in REPORTS:
        yield "report", "report_unknown"
        return
    report = REPORTS[asked.report]
    if asked.basis not in report.bases:
        yield "basis", "basis_unknown"
    for key, value in asked.filters.items():
        if key not in report.filters or value not in FILTERS[key]:
            yield key, "filter_unknown"
    if set(asked.columns) - {column.key for column in report.columns}:
        yield "columns", "column_unknown"
    if len(asked.seed) > LONGEST_SEED:
        yield "seed", "seed_too_long"
    elif not _is_printable(asked.seed):
        yield "seed", "seed_unprintable"
    yield from _wrong_period(asked, today, limits)


def _is_printable(text: str) -> bool:
    try:
        contact.refuse_unprintable(text)
    except contact.ContactError:
        return False
    return True


def _wrong_period(asked: Asked, today: date, limits: Limits) -> Iterator[tuple[str, str]]:
    if asked.start > asked.end:
        yield "start", "start_after_end"
    elif asked.end > today:
        yield "end", "end_in_future"
    elif asked.start < EARLIEST:
        yield "start", "start_too_early"
    elif (asked.end - asked.start).days + 1 > limits.report_days:
        yield "end", "period_too_long"


def read(given: Mapping[str, str], today: date, limits: Limits) -> Asked:
    """A report from the texts of a form, a command line or a saved setting. Raises WrongAsked.

    `report`, `period` (a preset, or `custom` with `start` and `end` as 2026-11-26), `basis`, the filters, `seed`, and
    `columns` with blanks between them. What is left out is meant as usual.
    """
    errors: dict[str, str] = {}
    start, end = _period(given, today, errors)
    report = REPORTS.get(given.get("report", ""))
    asked = Asked(
        report=given.get("report", ""),
        start=start,
        end=end,
        basis=given.get("basis") or (report.bases[0] if report else ""),
        filters={key: given[key] for key in FILTERS if given.get(key)},
        seed=given.get("seed", "").strip(),
        columns=tuple(given.get("columns", "").split()),
    )
    try:
        check(asked, today, limits)
    except WrongAsked as wrong:
        errors = {**wrong.errors, **errors}
    if errors:
        raise WrongAsked(errors)
    return asked


def _period(given: Mapping[str, str], today: date, errors: dict[str, str]) -> tuple[date, date]:
    """The days; with an error noted, any that give no second one."""
    dated = given.get("start") or given.get("end")
    chosen = given.get("period") or (CUSTOM if dated else DEFAULT_PERIOD)
    if chosen in PRESETS:
        return PRESETS[chosen](today)
    if chosen != CUSTOM:
        errors["period"] = "period_unknown"
        return today, today
    for name in ("start", "end"):
        text = given.get(name, "").strip()
        if not text:
            errors[name] = f"{name}_missing"
        elif _day(text) is None:
            errors[name] = f"{name}_unreadable"
    start, end = (_day(given.get(name, "").strip()) for name in ("start", "end"))
    return (start, end) if start and end else (today, today)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def written(asked: Asked) -> dict[str, str]:
    """A report as texts that `read` understands, for a link, a saved setting or an export."""
    texts = {
        "report": asked.report,
        "start": asked.start.isoformat(),
        "end": asked.end.isoformat(),
        "basis": asked.basis,
        **asked.filters,
        "seed": asked.seed,
        "columns": " ".join(asked.columns),
    }
    return {key: text for key, text in texts.items() if text}


def moved(asked: Asked, start: date, end: date) -> Asked:
    """The same report about another period."""
    return replace(asked, start=start, end=end)
