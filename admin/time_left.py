"""The time that is left until a moment, in words and as a look, by the calendar: so a short and a long deadline compare."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext

from portal import i18n

SOON = timedelta(minutes=30)


@dataclass(frozen=True)
class Due:
    """The time left, as words and as a look: fine, soon, over or paused."""

    text: str
    look: str
    at: datetime


def time_left(at: datetime, now: datetime) -> Due:
    """How long until then, or since."""
    left = at - now
    span = i18n.duration(left, short=True)
    if left < timedelta(0):
        return Due(gettext("Overdue %(duration)s", duration=span), "over", at)
    if left < SOON:
        return Due(gettext("Due soon %(duration)s left", duration=span), "soon", at)
    return Due(gettext("%(duration)s left", duration=span), "fine", at)
