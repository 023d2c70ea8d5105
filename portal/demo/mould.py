"""A mould for rows that are alike: places for values, of which some are the same in every copy, some move with the time and
some are made anew; and rows that pick their columns from the places. Nothing is looked up by name when a copy is made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

Values = list[Any]
Make = Callable[[Values], Any]
Form = Callable[[datetime], Any]
Rows = defaultdict[str, list[tuple[Any, ...]]]
KEPT = 400  # moved forms of a mould that are worth remembering


@dataclass
class Mould:
    """`made` are filled in their order, so that each may use those before it."""

    fixed: Values = field(default_factory=list)
    moments: list[tuple[int, datetime, Form]] = field(default_factory=list)
    made: list[tuple[int, Make]] = field(default_factory=list)
    rows: list[tuple[str, Callable[[Values], tuple[Any, ...]]]] = field(default_factory=list)
    moved: dict[timedelta, Values] = field(default_factory=dict)

    def constant(self, value: Any) -> int:
        """A place whose value is the same in every copy."""
        self.fixed.append(value)
        return len(self.fixed) - 1

    def moment(self, moment: datetime, form: Form) -> int:
        """A place for a time, written in some form, that is earlier in each copy."""
        place = self.constant(None)
        self.moments.append((place, moment, form))
        return place

    def make(self, how: Make) -> int:
        """A place whose value is made for each copy."""
        place = self.constant(None)
        self.made.append((place, how))
        return place

    def text(self, parts: Sequence[str | int]) -> int:
        """A place for a text that names other places."""
        named = [part for part in parts if isinstance(part, int)]
        if len(parts) == 1 and named:
            return named[0]
        if not named:
            return self.constant("".join(str(part) for part in parts))
        form = "".join("%s" if isinstance(part, int) else part.replace("%", "%%") for part in parts)
        pick = itemgetter(*named)
        return self.make(lambda values: form % pick(values))

    def row(self, table: str, places: Sequence[int]) -> None:
        """A row of a table, in the order of its columns."""
        self.rows.append((table, itemgetter(*places)))

    def begun(self, shift: timedelta) -> Values:
        """The values of a copy that is so much earlier, as far as nothing has to be made for it."""
        kept = self.moved.get(shift)
        if kept is None:
            kept = self.fixed.copy()
            for place, moment, form in self.moments:
                kept[place] = form(moment + shift)
            if len(self.moved) < KEPT:
                self.moved[shift] = kept
        return kept.copy()

    def finish(self, values: Values, into: Rows) -> None:
        """Make what is left and hand out the rows."""
        for place, how in self.made:
            values[place] = how(values)
        for table, pick in self.rows:
            into[table].append(pick(values))
