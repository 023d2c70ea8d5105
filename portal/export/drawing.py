"""The chart of a report, from its own rows: for the page and for the paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from portal import charts, labels
from portal.charts import Drawing, Series
from portal.domain.reports import REPORTS, Asked, columns_of
from portal.export.table import SHOWN, Row, text_of

BETWEEN = " · "  # two parts of a name


def drawing_of(asked: Asked, rows: Sequence[Row], title: str) -> Drawing | None:
    """What the report draws; None where it draws nothing, where what it draws was not asked for, or where nothing is."""
    chart, groups = REPORTS[asked.report].chart, groups_of(asked, rows)
    if chart is None or not 0 < len(groups) <= charts.MOST_GROUPS:
        return None
    columns = {column.key: (place, column) for place, column in enumerate(columns_of(asked))}
    says = [text_of(columns[key][1], SHOWN) for key in chart.names]
    names = [
        BETWEEN.join(filter(None, (say(part) for say, part in zip(says, name, strict=True))))
        for name, _rows in groups
    ]
    series = []
    for key in chart.lengths:
        place, column = columns[key]
        written = text_of(column, SHOWN)
        lengths = [_together(row[place] for row in group) for _name, group in groups]
        series.append(Series(labels.word("report_column", key), lengths, [written(each) for each in lengths]))
    return charts.bars(title, names, series)


def groups_of(asked: Asked, rows: Sequence[Row]) -> Sequence[tuple[Row, Sequence[Row]]]:
    """The name of each group of bars and the rows behind it, also where they are too many to be drawn."""
    chart = REPORTS[asked.report].chart
    places = {column.key: place for place, column in enumerate(columns_of(asked))}
    if chart is None or not {*chart.names, *chart.lengths, *chart.only} <= places.keys():
        return []
    drawn = [row for row in rows if all(row[places[key]] == value for key, value in chart.only.items())]
    named = [(tuple(row[places[key]] for key in chart.names), row) for row in drawn]
    if not chart.added:
        return [(name, [row]) for name, row in named]
    return [
        (name, [row for other, row in named if other == name])
        for name in dict.fromkeys(name for name, _row in named)
    ]


def _together(values: Iterable[Any]) -> Any:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
