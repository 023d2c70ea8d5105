"""Horizontal bars for reports: laid out by pygal, painted by our own templates, so that every word is escaped like any other.

Each bar says what it is and how much in words beside it, and each series has its own hatching: no colour is needed.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pygal

# The library puts a finder of its maps into the import system, in a form that Python is about to drop. We have no maps.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

# In the units of the drawing, whose width is that of a phone.
WIDTH = 400
TEXT = 15
LINE = 20  # a bar with the gap to the next
ABOVE = 20  # and half of what is free between two groups
GAP = 1.5  # between two bars of a group, on each side
AIR = 6
AROUND = 0.02
NARROWEST = 120  # what the longest bar keeps, however long the words beside it
MOST_GROUPS = 24  # a longer chart is read as a table


@dataclass(frozen=True)
class Series:
    """What one bar of each group stands for: its name, its lengths, and how each is written. None has no bar."""

    name: str
    lengths: Sequence[float | None]
    written: Sequence[str]


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    series: int  # from 1


@dataclass(frozen=True)
class Words:
    x: float
    y: float  # the line they stand on
    text: str
    is_name: bool


@dataclass(frozen=True)
class Drawing:
    """Everything that the macros of `macros/drawing.html` paint."""

    title: str
    width: int
    height: int
    bars: tuple[Bar, ...]
    words: tuple[Words, ...]


def bars(title: str, names: Sequence[str], series: Sequence[Series]) -> Drawing:
    """A group of bars below each name, one for each series. `title` is what a reader without eyes is told."""
    band = 2 * ABOVE + LINE * len(series)
    height = band * len(names)
    beside = [[_beside(one, place, len(series)) for place in range(len(names))] for one in series]
    room = min(
        max((_length(text) for line in beside for text in line), default=0) + 2 * AIR, WIDTH - NARROWEST
    )
    drawn = list(_laid_out(names, series, WIDTH - room, height))
    left = min((bar.x for _, bar in drawn), default=0)
    # the library leaves some air around all bars
    pitch, top = band / (1 + 2 * AROUND), height * AROUND / (1 + 2 * AROUND)
    above = [top + pitch * (place + ABOVE / band) - 7 for place in range(len(names))]
    words = [Words(left, line, name, True) for line, name in zip(above, names, strict=True)]
    words += [
        Words(
            bar.x + bar.width + AIR, bar.y + bar.height / 2 + TEXT / 3, beside[bar.series - 1][place], False
        )
        for place, bar in drawn
    ]
    return Drawing(title, WIDTH, height - ABOVE + AIR, tuple(bar for _, bar in drawn), tuple(words))


def _beside(one: Series, place: int, of: int) -> str:
    """The words beside a bar: how much, and before it of what where a group has several."""
    written = one.written[place]
    return f"{one.name} {written}" if of > 1 else written


def _laid_out(
    names: Sequence[str], series: Sequence[Series], width: float, height: float
) -> Iterator[tuple[int, Bar]]:
    """Where the library puts each bar, with the place of its name."""
    chart = _chart(len(series), width, height)
    for one in series:
        # it begins at the bottom, and a reader at the top
        chart.add(one.name, [None if value is None else float(value) for value in reversed(one.lengths)])
    tree = chart.render_tree()
    for number, one in enumerate(series, 1):
        group = tree.find(f".//*[@class='series serie-{number - 1} color-{number - 1}']")
        shown = [place for place, value in reversed(list(enumerate(one.lengths))) if value is not None]
        rects = [] if group is None else list(group.iter("{*}rect"))
        for place, rect in zip(shown, rects, strict=True):
            x, y, wide, high = (float(rect.get(side, "0")) for side in ("x", "y", "width", "height"))
            yield place, Bar(x, y + GAP, wide, high - 2 * GAP, number)


def _chart(number: int, width: float, height: float) -> Any:
    chart = pygal.HorizontalBar(
        width=width,
        height=height,
        margin=0,
        zero=0,
        include_x_axis=True,
        show_legend=False,
        show_x_labels=False,
        show_y_labels=False,
        js=(),
        css=(),
        explicit_size=True,
    )
    chart._series_margin = ABOVE / (
        2 * ABOVE + LINE * number
    )  # what its class fixes is the room for our names
    return chart


def _length(text: str) -> float:
    """How wide a text is, or a little less: Japanese signs are twice as wide as Latin ones."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return TEXT * (wide + 0.58 * (len(text) - wide))
