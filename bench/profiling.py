"""Where the time of one operation goes, function by function: `--profile`."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

LINES = 25


@contextmanager
def profiled(title: str) -> Iterator[None]:
    """Print which functions the block spent its time in: with all that they called, and by themselves."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
    for order in ("cumulative", "tottime"):
        text = StringIO()
        pstats.Stats(profile, stream=text).strip_dirs().sort_stats(order).print_stats(LINES)
        print(f"\n{title}, by {order}:\n{text.getvalue().strip()}\n", flush=True)
