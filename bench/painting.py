"""A process that makes sheets and says how long each took: `python -m bench.painting NUMBER ours bare`, facts on its input.

Apart from the rest, because a cold start is only cold in a new process, and what it imports counts. With several kinds it
makes them in turns, so that what disturbs one disturbs all.
"""

from __future__ import annotations

import atexit
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"
LINE = '<!DOCTYPE html><html lang="ja"><style>p { font-family: "Noto Sans JP" }</style><p>申請</p></html>'

Facts = dict[str, Any]
Paint = Callable[[], bytes]


def ours(facts: Facts) -> Paint:
    """The receipt, in the smallest application that has its words."""
    from portal import pdf

    _press()
    return lambda: pdf.paint("receipt", facts, "ja")


def signed(facts: Facts) -> Paint:
    """The receipt as it is handed out: painted, signed, and checked."""
    from portal import paper_keys, pdf
    from portal.engine import machine_time

    _press()
    import_module("portal.paper_signing")
    folder, now = Path(tempfile.mkdtemp(prefix="kaijo-bench-")), machine_time()
    atexit.register(shutil.rmtree, folder)
    paper_keys.make(folder, "Kaijo", now)
    return lambda: pdf.issue("receipt", facts, "ja", keys=folder, at=now)


def plain(facts: Facts) -> Paint:
    """The very HTML of the receipt, with its style and fonts, through WeasyPrint as it comes: not archival, not tagged."""
    from weasyprint import HTML

    from portal import pdf, typesetting

    _press()
    html = next(pdf.drafts("receipt", facts, "ja"))
    fonts, fetcher = typesetting._fonts(), typesetting.ClosedFetcher()
    return lambda: HTML(string=html, url_fetcher=fetcher).write_pdf(
        font_config=fonts, stylesheets=[typesetting._style()]
    )


def bare(_facts: Facts) -> Paint:
    """One line in the same font, from the same and only fonts."""
    from weasyprint import HTML

    from portal import typesetting

    return lambda: HTML(string=LINE).write_pdf(font_config=typesetting._fonts())


def _press() -> None:
    """What painting needs, for as long as the process lives."""
    from flask import Flask
    from flask_babel import Babel

    # what `paint` would load at its first sheet: the start of the process, as it is for the bare one
    import_module("portal.typesetting")
    app = Flask("portal")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app, default_locale="ja")
    app.app_context().push()


KINDS: Mapping[str, Callable[[Facts], Paint]] = {"ours": ours, "signed": signed, "plain": plain, "bare": bare}


def main(number: str, *kinds: str) -> None:
    facts = json.load(sys.stdin)
    paints = {kind: KINDS[kind](facts) for kind in kinds}
    taken: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for _sheet in range(int(number)):
        for kind, paint in paints.items():
            taken[kind].append(_timed(paint))
    print(json.dumps(taken))


def _timed(paint: Paint) -> tuple[float, float]:
    """Seconds that went by, and seconds of processor time."""
    started, worked = time.perf_counter(), time.process_time()
    if not paint().startswith(b"%PDF-"):
        raise RuntimeError("This is no PDF.")
    return time.perf_counter() - started, time.process_time() - worked


if __name__ == "__main__":
    main(*sys.argv[1:])
