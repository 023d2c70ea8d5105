"""`python -m bench`: measure, show the table, keep it, and say what to do next."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import click

from bench import evidence, figures, machine, queue_page, receipt, sign_in_pairs, submissions
from bench.figures import RESULTS, Figure
from bench.plan import QUICK, USUAL, Plan, Say

MEASUREMENTS: Mapping[str, Callable[[Plan, Say], Iterator[Figure]]] = {
    "submissions": submissions.measure,
    "queue": queue_page.measure,
    "receipt": receipt.measure,
    "sign-in": sign_in_pairs.measure,
    "evidence": evidence.measure,
}


DISTURBED = 0.1


@click.command()
@click.option("--only", type=click.Choice(list(MEASUREMENTS)), multiple=True, help="Measure this alone.")
@click.option("--quick", is_flag=True, help="Small numbers, for trying it out.")
@click.option("--profile", is_flag=True, help="Print as well which functions the time goes to.")
def bench(only: tuple[str, ...], quick: bool, profile: bool) -> None:
    """Measure Kaijo against floors of the same run."""
    # a plain `kill` stops the servers as Ctrl-C does
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    plan = replace(QUICK if quick else USUAL, profile=profile)
    say = _stop_watch()
    found = [figure for name in only or MEASUREMENTS for figure in MEASUREMENTS[name](plan, say)]
    path = figures.keep(found, {"quick": quick, "machine": machine.described()})
    click.echo(f"\n{figures.table(found)}\n")
    if broken := [figure.broken for figure in found if figure.broken]:
        raise click.ClickException("\n".join(broken))
    click.echo(_next(found, f"{RESULTS.parent.name}/{RESULTS.name}/{path.name}"))


def _stop_watch() -> Say:
    """Say each step with the time since the start."""
    started = time.perf_counter()
    return lambda step: click.echo(f"[{time.perf_counter() - started:4.0f} s] {step}")


def _next(found: list[Figure], kept: str) -> str:
    others = max(figure.others for figure in found)
    if others > DISTURBED:
        return f"Other programs took up to {others:.0%} of the processors. Next: repeat on an idle machine, then keep {kept}."
    return f"Next: compare {kept} with the earlier files beside it."


if __name__ == "__main__":
    bench()
