"""Words for what a check of a paper finds."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

Words = Mapping[str, LazyString]

OUTCOME: Words = {
    "genuine": _p("paper", "Genuine"),
    "another": _p("paper", "Genuine, but another paper"),
    "unrecorded": _p("paper", "Not in our records"),
    "changed": _p("paper", "Changed"),
    "foreign": _p("paper", "Not from us"),
    "not_pdf": _p("paper", "Not a PDF"),
    "too_large": _p("paper", "Too large"),
    "cut": _p("paper", "Cannot be read"),
}

OUTCOME_MEANS: Words = {
    "genuine": _l("This file is the paper that we issued. Not one byte is different."),
    "another": _l("This file is a paper that we issued, but not the one with this code."),
    "unrecorded": _l(
        "The file bears our signature, but our records do not know it. Do not rely on it, and tell us."
    ),
    "changed": _l("The file was made from a paper of ours, but it is not what we issued. Do not rely on it."),
    "foreign": _l("Nothing in this file comes from us. Do not rely on it."),
    "not_pdf": _l("Our papers are PDF files. A photo or a scan of a paper cannot be checked here."),
    "too_large": _l("No paper of ours is larger than 5 MB."),
    "cut": _l("The end of the file is missing. Save the paper again and choose the new file."),
}

TABLES: Mapping[str, Words] = {"paper_outcome": OUTCOME, "paper_outcome_means": OUTCOME_MEANS}
