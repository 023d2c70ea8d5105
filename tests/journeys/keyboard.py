"""Somebody who has no mouse: goes through a page with Tab, and looks at every page as axe does, in each of its looks."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

MOST_STOPS = 120
LOOKS = (("light", 1280), ("dark", 320), ("dark", 1280), ("light", 320))  # the last one stays
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {
        name: {"enabled": True}
        for name in (
            *("target-size", "label-content-name-mismatch", "td-has-header", "table-fake-caption"),
            *("p-as-heading", "css-orientation-lock"),
        )
    },
    "resultTypes": ["violations"],
}
PRESSED = frozenset({"A", "BUTTON", "SUMMARY"})
# What has the focus now: enough to know it, to see that it is seen, and that nothing covers it.
FOCUSED = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect();
  const drawn = [at, at.closest('.choice')].filter(Boolean).map((one) => getComputedStyle(one));
  const spots = [[box.left + box.width / 2, box.top + box.height / 2], [box.left + 3, box.top + 3]];
  return {
    tag: at.tagName, type: at.type || '', name: at.name || '', value: at.value || '', id: at.id,
    to: (at.form ? at.getAttribute('formaction') || at.form.getAttribute('action') : at.getAttribute('href')) || '',
    words: (at.innerText || '').trim(), main: at.matches('.button--primary, .button--warning'),
    body: at === document.body, shown: drawn.some((one) => one.outlineStyle !== 'none'),
    uncovered: spots.some(([x, y]) => {
      const top = document.elementFromPoint(x, y);
      return top && (at.contains(top) || top.contains(at) || (at.labels && [...at.labels].some((one) => one.contains(top))));
    }),
  };
}"""


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds. It is put into a page once, and tells only this: what passed is a quarter of its time."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(
        "rules => axe.run(rules).then((found) => found.violations)", RULES
    )
    return found


class Keyboard:
    looks = LOOKS

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seen: list[str] = []
        self.faults: list[str] = []

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.look()

    def look(self) -> None:
        """Ask axe, in light and dark, on a phone and at a desk, and see that nothing sticks out of a phone's width."""
        path = self.page.url.split("://", 1)[1].partition("/")[2]
        self.seen.append(path)
        for scheme, width in self.looks:
            # without motion: half-way through a change of colours axe would measure a contrast that nobody sees
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            self.page.set_viewport_size({"width": width, "height": 640})
            if width == 320:
                wide = self.page.evaluate("document.documentElement.scrollWidth")
                if wide > width:
                    self.faults.append(f"{path}: {wide} px wide on a phone")
            for violation in violations(self.page):
                where = ", ".join(str(node["target"]) for node in violation["nodes"][:3])
                self.faults.append(f"{path} ({scheme}, {width} px): {violation['id']} at {where}")

    def next(self) -> dict[str, Any]:
        """Press Tab, and see that whoever looks knows where they are."""
        self.page.keyboard.press("Tab")
        at: dict[str, Any] = self.page.evaluate(FOCUSED)
        if not at["body"] and not at["shown"]:
            self.faults.append(
                f"{self.page.url}: no focus to be seen on {at['tag']} {at['name'] or at['words']}"
            )
        if not at["body"] and not at["uncovered"]:
            self.faults.append(f"{self.page.url}: {at['tag']} {at['name'] or at['words']} is covered")
        return at

    def press(self, words: str) -> None:
        """Go to what says these words, and press Enter."""
        for _stop in range(MOST_STOPS):
            at = self.next()
            # the page itself, and a panel that can be scrolled, say everything that stands in them
            if words in at["words"] and at["tag"] in PRESSED:
                self._enter()
                return
        raise AssertionError(f"no way to {words!r} on {self.page.url}")

    def follow(self, part: str) -> None:
        """Go to a link or button that leads to an address with this in it, and press Enter."""
        for _stop in range(MOST_STOPS):
            at = self.next()
            if part in at["to"] and at["tag"] in {"A", "BUTTON"}:
                self._enter()
                return
        raise AssertionError(f"no way to {part!r} on {self.page.url}")

    def type(self, *keys: str) -> None:
        """Press keys that lead to another page, as single-key shortcuts do."""
        with self.page.expect_navigation():
            for key in keys:
                self.page.keyboard.press(key)
        self.look()

    def fill(self, **values: str) -> None:
        """Fill in fields in the order in which Tab comes to them, then press the main button."""
        left = dict(values)
        for _stop in range(MOST_STOPS):
            at = self.next()
            if at["name"] in left and at["tag"] in {"INPUT", "TEXTAREA"}:
                self._answer(at, left.pop(at["name"]))
            elif at["main"] and not left and at["tag"] == "BUTTON":
                self._enter()
                return
        raise AssertionError(f"{left or 'the button'} cannot be reached on {self.page.url}")

    def _answer(self, at: dict[str, Any], value: str) -> None:
        if at["type"] == "checkbox":
            self.page.keyboard.press("Space")
        elif at["type"] == "radio":
            self._choose(at, value)
        else:
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(value)

    def _choose(self, at: dict[str, Any], value: str) -> None:
        if at["value"] == value:
            self.page.keyboard.press("Space")
            return
        for _choice in range(12):
            self.page.keyboard.press("ArrowDown")
            if self.page.evaluate(FOCUSED)["value"] == value:
                return
        raise AssertionError(f"{value} is no choice on {self.page.url}")

    def _enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.look()
