"""A browser without script: follows redirects, keeps cookies, and sends forms with everything that is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from bs4 import BeautifulSoup, NavigableString, Tag
from flask import Flask
from werkzeug.test import TestResponse

JAPANESE = re.compile("[\u3041-\u30ff\u3400-\u9fff\uff66-\uff9f]")
# Five English words in a row are a sentence; names, labels of AWS and units are shorter.
ENGLISH = re.compile(r"\b[A-Za-z']{2,}(?: [A-Za-z']{2,}){4,}")

# What Hanako types, page by page.
ANSWERS: dict[str, dict[str, str]] = {
    "language": {"language": "ja"},
    "user": {"principal_kind": "root"},
    "account": {"account_email": "hanako@mail.example", "account_number": ""},
    "name": {"name": "山田 花子", "kana": "やまだ はなこ", "latin_name": ""},
    "holder": {"holder_kind": "individual", "organisation": "", "is_administrator": "no"},
    "reply": {"reply_to": "same", "reply_email": ""},
    "phone": {"phone": "090-1234-5678", "call_time": "any"},
    "registered-phone": {"registered_phone": "no"},
    "problem": {"problem": "broken", "problem_other": ""},
    "device": {"phone_on_device": "no", "device_kind": "virtual"},
    "theft": {"theft_suspected": "no"},
    "detail": {"detail": ""},
}
CONSENTS = {"declaration": "y", "waiting": "y", "privacy": "y"}


class Page:
    """One answer, read as its reader would."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.code = response.status_code
        self.path = response.request.path
        self.query = response.request.query_string.decode()

    @cached_property
    def html(self) -> BeautifulSoup:
        return BeautifulSoup(self.response.text, "lxml")

    @property
    def title(self) -> str:
        return self.html.title.get_text()

    @property
    def heading(self) -> str:
        headings = self.html.find_all("h1")
        assert len(headings) == 1, f"{self.path} has {len(headings)} h1"
        return headings[0].get_text(" ", strip=True)

    @property
    def text(self) -> str:
        return " ".join(self.html.main.get_text(" ", strip=True).split())

    @property
    def summary(self) -> list[tuple[str, str]]:
        """The errors above the heading: their words, and the field that each leads to."""
        return [
            (link.get_text(strip=True), link["href"].lstrip("#"))
            for link in self.html.select("#error-summary a")
        ]

    def errors_at(self, field: str) -> list[str]:
        lines = self.html.select(f"#{field}-error .field-error__line")
        return ["".join(line.find_all(string=True, recursive=False)).strip() for line in lines]

    def value(self, name: str) -> str:
        """What stands in a field, or which choice is taken."""
        fields = self.html.find_all(["input", "textarea"], attrs={"name": name})
        for field in fields:
            if field.get("type") not in {"radio", "checkbox"}:
                return str(field.get("value") or written_in(field))
            if field.has_attr("checked"):
                return str(field["value"])
        return ""

    def links(self) -> list[str]:
        return [link["href"] for link in self.html.find_all("a")]

    def foreign_words(self, language: str) -> list[str]:
        """Texts of the other language that are not marked as such."""
        looked_for = JAPANESE if language == "en" else ENGLISH
        return [text for text in self._spoken_in(language) if looked_for.search(text)]

    def _spoken_in(self, language: str) -> Iterator[str]:
        for text in self.html.find_all(string=True):
            spoken = next((tag["lang"] for tag in text.parents if tag.has_attr("lang")), language)
            # A set-up key can look like five words: what no one may translate is of no language.
            hidden = any(
                tag.name in {"script", "style"} or tag.get("translate") == "no" for tag in text.parents
            )
            if type(text) is NavigableString and spoken == language and not hidden:
                # A browser drops the line break that a text area begins with; the parser does not.
                yield str(text).removeprefix("\n")
        for tag in self.html.find_all(attrs={"aria-label": True}):
            if tag["aria-label"] != "言語 / Language":
                yield str(tag["aria-label"])


class Visitor:
    def __init__(self, app: Flask, language: str = "ja") -> None:
        self.client = app.test_client()
        self.language = language
        self.page: Page | None = None

    def get(self, path: str) -> Page:
        """Open a page of the visitor's language."""
        return self.open(f"/{self.language}{path}")

    def fill(self, form: str | None = None, **fields: str | None) -> dict[str, str]:
        """All fields of a form as the page has them, with some changed; None takes a field out."""
        sent = {
            name: value
            for tag in self._form(form).find_all(["input", "textarea"])
            for name, value in _field(tag)
        }
        sent.update({name: value for name, value in fields.items() if value is not None})
        return {name: value for name, value in sent.items() if fields.get(name, "") is not None}

    def send(self, form: str | None = None, **fields: str | None) -> Page:
        """Send a form of the page; `form` is the end of its address where there are several."""
        return self.post(self._action(form), self.fill(form, **fields))

    def post(self, address: str, sent: dict[str, str]) -> Page:
        """Send fields to an address. The test client forgets the form on a 307; a browser sends it again."""
        response = self.client.post(address, data=sent)
        while response.status_code == 307:
            response = self.client.post(response.headers["Location"], data=sent)
        if response.status_code in {302, 303}:
            response = self.client.get(response.headers["Location"], follow_redirects=True)
        self.page = Page(response)
        return self.page

    def switch(self, **fields: str | None) -> Page:
        """Press the other language's button in the header, with what is typed but not sent."""
        self.language = "en" if self.language == "ja" else "ja"
        return self.send(switch_language=self.language, **fields)

    def other_language(self) -> Page:
        """Follow the header's link to the other language, on a page without a form of its own."""
        assert self.page is not None
        link = self.page.html.select_one("a.languages__other")
        assert link is not None
        self.language = str(link["hreflang"])
        return self.open(str(link["href"]))

    def open(self, address: str) -> Page:
        """Open an address as it stands in a link."""
        self.page = Page(self.client.get(address, follow_redirects=True))
        return self.page

    def follow(self, words: str) -> Page:
        """Follow the page's one link with these words."""
        assert self.page is not None
        found = {str(link["href"]) for link in self.page.html.main.find_all("a") if named(link) == words}
        assert len(found) == 1, f"{words}: {sorted(found)}"
        return self.open(found.pop())

    def answer(self, step: str, **changes: str) -> Page:
        """Fill one page of the request form as Hanako would, and send it."""
        address = f"/{self.language}/request/{step}"
        page = self.page if self.page and self.page.path == address else self.get(f"/request/{step}")
        wanted = {**ANSWERS[step], **changes}
        there = {tag.get("name") for tag in page.html.find_all(["input", "textarea"])}
        return self.send(**{name: value for name, value in wanted.items() if name in there})

    def fill_in(self, **changes: dict[str, str]) -> Page:
        """Go through the whole form up to "check your answers"."""
        page = self.get("/request")
        while "/request/check" not in page.path:
            step = page.path.rpartition("/")[2]
            page = self.answer(step, **changes.get(step.replace("-", "_"), {}))
            assert not page.summary, page.summary
        return page

    def request(self, **changes: dict[str, str]) -> Page:
        """Fill in the form and send the request."""
        self.fill_in(**changes)
        return self.send(**CONSENTS)

    def _form(self, ending: str | None) -> Tag:
        assert self.page is not None
        forms = self.page.html.find_all("form", method="post")
        return next(form for form in forms if not ending or form["action"].endswith(ending))

    def _action(self, ending: str | None) -> str:
        assert self.page is not None
        action = str(self._form(ending)["action"])
        return action or self.page.path + (f"?{self.page.query}" if self.page.query else "")


def named(link: Tag) -> str:
    """What a link is called by those who hear it."""
    return str(link.get("aria-label") or " ".join(link.get_text(" ", strip=True).split()))


def _field(tag: Tag) -> Iterator[tuple[str, str]]:
    if tag.name == "textarea":
        yield str(tag["name"]), written_in(tag)
    elif tag.get("type") not in {"radio", "checkbox"} or tag.has_attr("checked"):
        yield str(tag["name"]), str(tag.get("value", ""))


def written_in(area: Tag) -> str:
    """What a reader finds in a text area: browsers leave out the line break that it begins with."""
    return area.get_text().removeprefix("\n")
