"""The receipt beside a sheet with one line of text: in a fresh process, and in one that has painted before."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from bench.figures import Figure, middle, percentile
from bench.machine import Usage, metered
from bench.plan import Plan, Say
from bench.profiling import profiled
from bench.servers import ROOT
from portal import pdf
from tests.papers import RECEIPT, press

LONGEST = 120  # seconds for one process
PROFILED = 10

Seconds = Mapping[str, list[float]]


def measure(plan: Plan, say: Say) -> Iterator[Figure]:
    yield _cold(plan, say)
    yield _warm(plan, say)
    if plan.profile:
        with press():
            pdf.paint("receipt", RECEIPT, "ja")
            with profiled(f"{PROFILED} receipts"):
                for _sheet in range(PROFILED):
                    pdf.paint("receipt", RECEIPT, "ja")


def _cold(plan: Plan, say: Say) -> Figure:
    """From the start of the process to its end, imports included: what the first paper costs."""
    whole: dict[str, list[float]] = {"ours": [], "bare": []}
    sheets: dict[str, list[float]] = {"ours": [], "bare": []}
    usage = Usage()
    for start in range(1, plan.cold_starts + 1):
        say(f"receipt, cold: start {start} of {plan.cold_starts}")
        for kind in whole:
            started = time.perf_counter()
            with metered(usage):
                sheets[kind] += _painted(1, kind)[kind]
            whole[kind].append(time.perf_counter() - started)
    sheet = middle(sheets["ours"])
    start_up = middle(whole["ours"]) - sheet
    return _figure(
        "receipt, cold", whole, usage, f"start and imports {start_up:.2f} s, first sheet {sheet:.2f} s"
    )


def _warm(plan: Plan, say: Say) -> Figure:
    say(f"receipt, warm: {plan.sheets} sheets each")
    usage = Usage()
    with metered(usage):
        found = _painted(plan.sheets + 1, "ours", "bare")
    # the first one of each still loads fonts
    warm = {kind: seconds[1:] for kind, seconds in found.items()}
    return _figure(
        "receipt, warm", warm, usage, "WeasyPrint's layout and drawing, in Python (--profile shows it)"
    )


def _painted(number: int, *kinds: str) -> Seconds:
    done = subprocess.run(
        [sys.executable, "-m", "bench.painting", str(number), *kinds],
        check=True,
        cwd=ROOT,
        input=json.dumps(RECEIPT),
        stdout=subprocess.PIPE,
        text=True,
        timeout=LONGEST,
    )
    found: Seconds = json.loads(done.stdout)
    return found


def _figure(name: str, found: Seconds, usage: Usage, limit: str) -> Figure:
    ours, floor = (middle(found[kind]) * 1000 for kind in ("ours", "bare"))
    spread = {
        kind: {"fastest_ms": min(seconds) * 1000, "p95_ms": percentile(seconds, 95) * 1000}
        for kind, seconds in found.items()
    }
    return Figure(name, ours, floor, "bare sheet", "ms", limit, usage.share("others"), spread)
