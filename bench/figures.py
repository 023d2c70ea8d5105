"""What a run found: figures beside their floors, as a table for people and as JSON for later runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
HEADS = ("what", "ours", "floor", "ratio", "what limits it")
FLUSH_RIGHT = (1, 2, 3)


@dataclass(frozen=True)
class Figure:
    """One line of the table. `unit` is /s, where more is better, or ms, where less is."""

    name: str
    ours: float
    floor: float
    floor_name: str
    unit: str
    limit: str
    others: float  # which part of the processors was taken by what does not belong to the run
    details: Mapping[str, Any] = field(default_factory=dict)
    broken: str = ""  # a promise that did not hold, in a sentence

    @property
    def ratio(self) -> float:
        """How many times the floor's time we take."""
        return self.floor / self.ours if self.unit == "/s" else self.ours / self.floor

    def cells(self) -> tuple[str, ...]:
        floor = f"{_written(self.floor)} {self.unit} {self.floor_name}"
        return self.name, f"{_written(self.ours)} {self.unit}", floor, f"{_written(self.ratio)}×", self.limit


def _written(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def middle(values: Sequence[float]) -> float:
    return float(median(values))


def percentile(values: Sequence[float], part: int) -> float:
    """The value that `part` percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * part // 100) - 1)]


def table(figures: Sequence[Figure]) -> str:
    rows = [HEADS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADS))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.rjust(width) if place in FLUSH_RIGHT else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def keep(figures: Sequence[Figure], about: Mapping[str, Any]) -> Path:
    """Write a run down under the moment of its end."""
    now = datetime.now(UTC)
    found = [{**asdict(figure), "ratio": figure.ratio} for figure in figures]
    written = {"at": now.strftime("%Y-%m-%dT%H:%M:%SZ"), **about, "figures": found}
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(_short(written), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def _short(value: Any) -> Any:
    """Four digits say all that a run can know."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {key: _short(inner) for key, inner in value.items()}
    return [_short(inner) for inner in value] if isinstance(value, list | tuple) else value
