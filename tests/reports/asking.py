"""Asks a world for its reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from portal import reports
from portal.domain import periods
from portal.domain.reports import REPORTS, Asked
from portal.reports import Result
from tests.world import World

MONTH = timedelta(days=40)


def owner(world: World, place: int, **entry: Any) -> dict[str, Any]:
    """One more account of the register, and what its owner's form says."""
    mailbox = f"owner{place}@mail.example"
    world.account(
        number=f"9000{place:08d}", account_email=mailbox, second_email=f"old{place}@mail.example", **entry
    )
    return {"account_email": mailbox, "reply_email": mailbox}


def asked(world: World, report: str, **changes: Any) -> Asked:
    """The report about the forty days until now, by its usual date."""
    today = periods.today(world.now)
    usual = {"basis": REPORTS[report].bases[0], "start": today - MONTH, "end": today}
    return Asked(report, **{**usual, **changes})


def told(world: World, report: str, **changes: Any) -> Result:
    world.session.rollback()
    return reports.run(world.system, asked(world, report, **changes))


def rows(world: World, report: str, **changes: Any) -> list[Mapping[str, Any]]:
    """The rows by the keys of their columns."""
    keys = [column.key for column in REPORTS[report].columns]
    return [dict(zip(keys, row, strict=True)) for row in told(world, report, **changes).rows]


def row(world: World, report: str, **changes: Any) -> Mapping[str, Any]:
    (only,) = rows(world, report, **changes)
    return only


def day(text: str) -> date:
    return date.fromisoformat(text)
