"""What the tests of the report pages share: addresses, and a report read as its reader would."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.public.visitor import Page
from tests.world import World

REPORTS = "/admin/reports/"


def builder(report: str, **asked: str) -> str:
    return f"{REPORTS}{report}?{urlencode(asked)}"


def result(report: str, **asked: str) -> str:
    return f"{REPORTS}{report}/result?{urlencode(asked)}"


def day(world: World, days: int = 0) -> date:
    """A day in Japan, so many days from now."""
    return (world.now + timedelta(hours=9, days=days)).date()


def today(world: World, report: str, **asked: str) -> str:
    """A report about this day."""
    here = day(world).isoformat()
    return result(report, start=here, end=here, **asked)


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def rows(page: Page) -> list[dict[str, str]]:
    """The rows of the report's table by the heads of their columns."""
    heads = [head.get_text(" ", strip=True) for head in page.html.select("table.report-table thead th")]
    lines = page.html.select("table.report-table tbody tr")
    cells = ([cell.get_text(" ", strip=True) for cell in line.find_all(["th", "td"])] for line in lines)
    return [dict(zip(heads, line, strict=True)) for line in cells]


def totals(page: Page) -> list[str]:
    return [cell.get_text(strip=True) for cell in page.html.select("table.report-table tfoot :is(th, td)")]


def finding(page: Page) -> str:
    return str(page.html.select_one("#finding").get_text(strip=True))
