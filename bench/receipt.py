"""The receipt beside a sheet with one line of text: in a fresh process, and in one that has painted before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.figures import Figure, middle, percentile
from bench.machine import Usage, metered
from bench.plan import Plan, Say
from bench.profiling import profiled
from bench.servers import ROOT
from portal import pdf
from tests.papers import RECEIPT, press

LONGEST = 120  # seconds for one process
PROFILED = 10
KINDS = ("ours", "bare")
HANDED_OUT = ("signed", "plain")


@dataclass
class Taken:
    """Seconds that went by, and seconds of processor time, sheet by sheet."""

    seconds: list[float] = field(default_factory=list)
    on_processor: list[float] = field(default_factory=list)

    def add(self, seconds: float, on_processor: float) -> None:
        self.seconds.append(seconds)
        self.on_processor.append(on_processor)

    @property
    def processor_ms(self) -> float:
        return middle(self.on_processor) * 1000

    def described(self) -> dict[str, Any]:
        return {
            "p50_ms": middle(self.seconds) * 1000,
            "p95_ms": percentile(self.seconds, 95) * 1000,
            "fastest_ms": min(self.seconds) * 1000,
            "processor_ms": self.processor_ms,
        }


def measure(plan: Plan, say: Say) -> Iterator[Figure]:
    yield _cold(plan, say)
    yield _warm(plan, say)
    yield _signed(plan, say)
    if plan.profile:
        with press():
            pdf.paint("receipt", RECEIPT, "ja")
            with profiled(f"{PROFILED} receipts"):
                for _sheet in range(PROFILED):
                    pdf.paint("receipt", RECEIPT, "ja")


def _cold(plan: Plan, say: Say) -> Figure:
    """From the start of the process to its end, imports included: what the first paper costs."""
    whole, sheets, usage = {kind: Taken() for kind in KINDS}, {kind: Taken() for kind in KINDS}, Usage()
    for start in range(1, plan.cold_starts + 1):
        say(f"receipt, cold: start {start} of {plan.cold_starts}")
        for kind in KINDS:
            started, worked = time.perf_counter(), _by_children()
            with metered(usage):
                (sheet,) = _painted(1, kind)[kind]
            whole[kind].add(time.perf_counter() - started, _by_children() - worked)
            sheets[kind].add(*sheet)
    first = ", ".join(f"{kind} {sheets[kind].processor_ms:.0f} ms" for kind in KINDS)
    return _figure("receipt, cold", whole, usage, f"of it the sheet {first}")


def _warm(plan: Plan, say: Say) -> Figure:
    say(f"receipt, warm: {plan.sheets} sheets each")
    warm, usage = _in_turns(plan, *KINDS)
    return _figure("receipt, warm", warm, usage, "WeasyPrint's layout and drawing")


def _signed(plan: Plan, say: Say) -> Figure:
    """What owners get, beside the same HTML as anybody would print it."""
    say(f"receipt, signed: {plan.sheets} sheets each")
    made, usage = _in_turns(plan, "ours", *HANDED_OUT)
    share = f"of it painting {made['ours'].processor_ms:.0f} ms, the rest is signing and checking"
    return _figure("receipt, signed", made, usage, share, HANDED_OUT, "same HTML, WeasyPrint")


def _in_turns(plan: Plan, *kinds: str) -> tuple[dict[str, Taken], Usage]:
    warm, usage = {kind: Taken() for kind in kinds}, Usage()
    with metered(usage):
        found = _painted(plan.sheets + 1, *kinds)
    for kind in kinds:
        # the first one of each still loads fonts
        for sheet in found[kind][1:]:
            warm[kind].add(*sheet)
    return warm, usage


def _painted(number: int, *kinds: str) -> Mapping[str, list[tuple[float, float]]]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.painting", str(number), *kinds],
        check=True,
        cwd=ROOT,
        input=json.dumps(RECEIPT),
        stdout=subprocess.PIPE,
        text=True,
        timeout=LONGEST,
    )
    found: Mapping[str, list[tuple[float, float]]] = json.loads(done.stdout)
    return found


def _by_children() -> float:
    """Seconds of processor time of all child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _figure(
    name: str,
    taken: Mapping[str, Taken],
    usage: Usage,
    limit: str,
    kinds: tuple[str, str] = KINDS,
    floor_name: str = "bare sheet",
) -> Figure:
    ours, bare = (taken[kind] for kind in kinds)
    return Figure(
        name=name,
        ours=middle(ours.seconds) * 1000,
        floor=middle(bare.seconds) * 1000,
        floor_name=floor_name,
        unit="ms",
        limit=f"processor {ours.processor_ms:.0f} ms, bare {bare.processor_ms:.0f} ms; {limit}",
        others=usage.share("others"),
        details={kind: each.described() for kind, each in taken.items()},
    )
