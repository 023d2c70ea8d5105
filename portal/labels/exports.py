"""Words for files that compliance takes away: their formats, how far they are, why there is none, how cells are written."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

Words = Mapping[str, LazyString]

EXPORT_FORM: Words = {
    "csv": _l("CSV (spreadsheets and other programs)"),
    "xlsx": _l("Excel workbook (XLSX)"),
    "pdf": _l("PDF (for reading and printing)"),
}

EXPORT_STATE: Words = {
    "waiting": _p("export", "Being prepared"),
    "building": _p("export", "Being prepared"),
    "ready": _p("export", "Completed"),
    "failed": _p("export", "Failed"),
    "expired": _p("export", "Expired"),
}

EXPORT_ERROR: Words = {
    "disk_full": _l("The disk of the server is full. Tell an administrator, then ask for the file again."),
    "database_full": _l("The database is full. Tell an administrator, then ask for the file again."),
    "interrupted": _l("The work was interrupted several times. Ask for the file again."),
    "data_changed": _l("The data does not fit together. Tell an administrator before you ask again."),
    "not_allowed": _l("You were no longer a compliance officer when it was to be built."),
    "not_built": _l(
        "Something went wrong. Ask for the file again. If it fails again, tell an administrator."
    ),
}

# How the cells of a column are written in CSV; the other formats have cells of their own for numbers and times.
COLUMN_FORMAT: Words = {
    "number": _l("Whole number"),
    "share": _l("Number from 0 to 1; 0.25 is 25 percent"),
    "hours": _l("Hours, with decimals"),
    "minutes": _l("Minutes, with decimals"),
    "moment": _l("Date and time in Japan (JST, UTC+9), as 2026-04-01 09:05:03"),
    "day": _l("Date in Japan, as 2026-04-01"),
    "month": _l("Month in Japan, as 2026-04"),
    "flag": _l("Yes or no"),
    "id": _l("Identifier, as text"),
    "text": _p("format", "Text"),
    "word": _l("One of several fixed words"),
    "words": _l("Several fixed words with / between them"),
}

TABLES: Mapping[str, Words] = {
    "export_form": EXPORT_FORM,
    "export_state": EXPORT_STATE,
    "export_error": EXPORT_ERROR,
    "column_format": COLUMN_FORMAT,
}
