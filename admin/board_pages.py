"""The board for leads: each figure as one sentence, as bars, and as a table of the same numbers that leads into the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from flask import Response, render_template, url_for
from flask_admin import expose
from flask_babel import gettext

from admin.base import StaffView, ctx
from portal import i18n, labels
from portal.casework import board
from portal.casework.board import AGES, Board
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import Role, Status

OLD = 7  # days after which a case counts as old in the sentence


@dataclass(frozen=True)
class Bar:
    """One line of a chart: its name, and how long each of its parts is, in percent of the longest line."""

    name: str
    number: int
    parts: Sequence[tuple[float, float]]  # where a part begins, and its length


class BoardView(StaffView):
    """For those who share out the work, and those who watch over it."""

    roles = frozenset({Role.LEAD, Role.COMPLIANCE})
    icon = "chart"

    @expose("/")
    def index(self) -> Response:
        seen = board.figures(ctx())
        html = render_template(
            "staff/board.html",
            board=seen,
            places=_places(seen),
            late=_late(seen),
            ages=_ages(seen),
            waits=_waits(seen),
            languages=tuple(LANGUAGES),
            oldest_url=url_for("case.page", case_id=seen.oldest.id) if seen.oldest else None,
            wide=True,
        )
        return Response(html, mimetype="text/html")


def bars(lines: Sequence[tuple[str, Sequence[int]]]) -> list[Bar]:
    """Lines of a chart, each of one or more numbers laid end to end."""
    longest = max((sum(numbers) for _name, numbers in lines), default=0) or 1
    made = []
    for name, numbers in lines:
        begins = [sum(numbers[:place]) for place in range(len(numbers))]
        parts = [(_percent(at, longest), _percent(n, longest)) for at, n in zip(begins, numbers, strict=True)]
        made.append(Bar(name, sum(numbers), parts))
    return made


def _percent(number: int, longest: int) -> float:
    return round(100 * number / longest, 2)


def _places(seen: Board) -> Mapping[str, Any]:
    """Where the open cases stand, by language."""
    statuses = [status for status in Status if seen.number(status)]
    rows = [(status, [seen.number(status, language) for language in LANGUAGES]) for status in statuses]
    return {
        "finding": _places_finding(seen),
        "bars": bars([(labels.word("status", status), numbers) for status, numbers in rows]),
        "rows": rows,
    }


def _places_finding(seen: Board) -> str:
    numbers = sorted(((seen.number(status), status) for status in Status), key=lambda one: -one[0])
    (most, status), (second, _other) = numbers[:2]
    said: str = gettext("No case is open.")
    if most == second > 0:
        said = gettext(
            "No status stands out: of %(all)s open cases, at most %(most)s are in one.",
            all=_n(seen.number()),
            most=_n(most),
        )
    elif most:
        said = gettext(
            'More open cases are in the status "%(status)s" than in any other: %(most)s of %(all)s.',
            status=labels.word("status", status),
            most=_n(most),
            all=_n(seen.number()),
        )
    return said


def _late(seen: Board) -> Mapping[str, Any]:
    """Where the desk is late. While an owner answers or a wait runs, nobody here is."""
    rows = [
        (status, number, seen.number(status)) for status, number in seen.late.items() if seen.number(status)
    ]
    finding = gettext("No case is overdue.")
    if seen.first_due is not None:
        finding = gettext(
            "%(late)s of %(all)s open cases are overdue, the longest by %(duration)s.",
            late=_n(sum(seen.late.values())),
            all=_n(seen.number()),
            duration=i18n.duration(ctx().now - seen.first_due),
        )
    chart = bars([(labels.word("status", status), [number]) for status, number, _all in rows])
    return {"finding": finding, "bars": chart, "rows": rows, "total": sum(seen.late.values())}


def _ages(seen: Board) -> Mapping[str, Any]:
    """How long ago the open cases came in."""
    lines = list(zip(_age_names(), seen.ages, strict=True))
    finding = gettext("No case is open.")
    if seen.oldest is not None:
        finding = _ages_finding(seen, i18n.duration(ctx().now - seen.oldest.created_at))
    return {"finding": finding, "bars": bars([(name, [number]) for name, number in lines]), "rows": lines}


def _ages_finding(seen: Board, first: str) -> str:
    old = sum(seen.ages[AGES.index(OLD) + 1 :])
    said: str = gettext(
        "No open case came in more than %(days)s days ago; the first of them came in %(duration)s ago.",
        days=OLD,
        duration=first,
    )
    if old:
        said = gettext(
            "%(old)s of %(all)s open cases came in more than %(days)s days ago, the first of them %(duration)s ago.",
            old=_n(old),
            all=_n(seen.number()),
            days=OLD,
            duration=first,
        )
    return said


def _age_names() -> list[str]:
    between = [
        gettext("%(first)s to %(last)s days", first=first, last=last) for first, last in pairwise(AGES)
    ]
    return [gettext("Under 1 day"), *between, gettext("More than %(days)s days", days=AGES[-1])]


def _waits(seen: Board) -> Mapping[str, Any]:
    """Waiting periods by the day on which they end, today and in the days to come."""
    days = list(seen.waits.items())
    lines = [(_day_name(day, place), number) for place, (day, number) in enumerate(days)]
    if seen.held_up:
        lines.insert(0, (gettext("Ended, but held up"), seen.held_up))
    today = days[0][1]
    finding = gettext("No waiting period ends today.")
    if today:
        finding = gettext(
            "The waiting period ends today for %(number)s of %(all)s waiting cases.",
            number=_n(today),
            all=_n(seen.number(Status.COOLING_OFF)),
        )
    # never below nothing: between two statements a wait may have ended
    later = max(0, seen.number(Status.COOLING_OFF) - sum(number for _name, number in lines))
    return {
        "finding": finding,
        "bars": bars([(name, [number]) for name, number in lines]),
        "rows": [*lines, (gettext("Later, or not started"), later)],
        "today": today,
    }


def _day_name(day: date, place: int) -> str:
    words = i18n.day(day)
    return gettext("Today, %(day)s", day=words) if place == 0 else words


def _n(number: int) -> str:
    return f"{number:,}"
