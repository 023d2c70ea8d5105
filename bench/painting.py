"""A process that paints sheets and says how long each took: `python -m bench.painting NUMBER ours bare`, facts on its input.

Apart from the rest, because a cold start is only cold in a new process, and what it imports counts. With two kinds it
paints them in turns, so that what disturbs one disturbs both.
"""

from __future__ import annotations

import json
import sys
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
    from flask import Flask
    from flask_babel import Babel

    from portal import pdf

    # what `paint` would load at its first sheet: the start of the process, as it is for the bare one
    import_module("portal.typesetting")
    app = Flask("portal")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app, default_locale="ja")
    # for as long as the process lives
    app.app_context().push()
    return lambda: pdf.paint("receipt", facts, "ja")


def bare(_facts: Facts) -> Paint:
    """One line in the same font, from the same and only fonts."""
    from weasyprint import HTML

    from portal import typesetting

    return lambda: HTML(string=LINE).write_pdf(font_config=typesetting._fonts())


KINDS: Mapping[str, Callable[[Facts], Paint]] = {"ours": ours, "bare": bare}


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
