"""Words for what proves the rest: the checks of the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_pgettext as _p

Words = Mapping[str, LazyString]

# Each names what did not stand, behind "The check has failed since …".
LOG_CHECK: Words = {
    "bytes": _p("log_check", "content of the records"),
    "streams": _p("log_check", "missing or moved records"),
    "places": _p("log_check", "order of all records"),
    "tiles": _p("log_check", "stored hash tree"),
    "heads": _p("log_check", "signatures"),
    "size": _p("log_check", "records missing at the end"),
    "anchors": _p("log_check", "signatures kept elsewhere"),
    "reconcile": _p("log_check", "state of cases, staff and accounts"),
    "payloads": _p("log_check", "sealed data"),
    "schema": _p("log_check", "rules of the database"),
    "age": _p("log_check", "age of the newest signature"),
}

TABLES: Mapping[str, Words] = {"log_check": LOG_CHECK}
