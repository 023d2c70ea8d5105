"""The queue's page, as its tests read it."""

from __future__ import annotations

from tests.public.visitor import Page

QUEUE = "/admin/queue/"


def references(page: Page) -> list[str]:
    return [head.get_text(strip=True) for head in page.html.select("tbody th")]


def cell(page: Page, label: str) -> str:
    found = page.html.find("td", attrs={"data-label": label})
    return " ".join(found.get_text(" ", strip=True).split())


def counts(page: Page) -> list[str]:
    """The views beside the list with their counts. They stand there twice, for wide and for narrow screens."""
    return [link.get_text(" ", strip=True) for link in page.html.select(".desk-nav--wide .views__link")]
