"""What the tests of the case desk share: opening and sending the page of an act, and counting what it asks the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bs4 import Tag
from sqlalchemy import event

from portal.casework import drafts, intake
from portal.casework.context import Origin
from portal.models import AuditEvent, Case, IdentityCheck
from tests.admin.clerk import Clerk
from tests.public.visitor import Page
from tests.world import World

# A match by video call, as the form sends it.
D2 = {
    "e_document_type": "passport",
    "e_document_end": "1234",
    "e_face_compared": "y",
    "e_gesture_done": "y",
    "result": "match",
}


def queued(world: World, number: int = 1, **changes: Any) -> list[str]:
    """Cases of people whom the register does not know, each from another address, so that none touches another."""
    made = []
    for _ in range(number):
        place = world.session.query(Case).count()
        owner = replace(
            world.owner, origin=Origin(f"198.51.{place // 200}.{place % 200}", "Test browser", "")
        )
        mailbox = {"account_email": f"p{place}@nowhere.example", "reply_email": f"p{place}@nowhere.example"}
        form = world.request(**{**mailbox, **changes})
        case_id = intake.submit(owner, drafts.start(owner, {}), form).case_id
        intake.confirm(owner, world.link(case_id, "confirm"))
        intake.match(world.system, case_id)
        made.append(case_id)
    return made


def address(place: str, case_id: str, item: str = "") -> str:
    """Where an act stands: `address("checks/record", case_id, "D2")`."""
    view, key = place.split("/")
    return f"/admin/{view}/{case_id}/{key}" + (f"/{item}" if item else "")


def open_act(clerk: Clerk, place: str, case_id: str, item: str = "") -> Page:
    page = clerk.get(address(place, case_id, item))
    assert page.code == 200, page.text
    return page


def typed(clerk: Clerk, **changed: Any) -> dict[str, Any]:
    """Everything that the act's own form would send; None takes a field out, a list is sent as several values."""
    sent: dict[str, Any] = {}
    for name, value in _values(act_form(clerk)):
        sent.setdefault(name, []).append(value)
    sent.update(changed)
    return {name: value for name, value in sent.items() if value is not None}


def send(clerk: Clerk, **changed: Any) -> Page:
    """Fill the act's own form, which stands on the page that is open, and send it to where it stands."""
    assert clerk.page is not None
    where = clerk.page.path + (f"?{clerk.page.query}" if clerk.page.query else "")
    return clerk.post(where, typed(clerk, **changed))


def do(clerk: Clerk, place: str, case_id: str, item: str = "", **fields: Any) -> Page:
    """Open the page of an act, fill its form and send it."""
    open_act(clerk, place, case_id, item)
    if "code" in fields and fields["code"] == "new":
        fields["code"] = clerk.code()
    return send(clerk, **fields)


def act_form(clerk: Clerk) -> Tag:
    """The form of the act: the one that says from which version of the case it was made, and goes to its own page."""
    assert clerk.page is not None
    forms = clerk.page.html.main.find_all("form", method="post")
    return next(form for form in forms if form["action"] == "" and form.find(attrs={"name": "version"}))


def has_form(page: Page) -> bool:
    return any(form["action"] == "" for form in page.html.main.find_all("form", method="post"))


def _values(form: Tag) -> Iterator[tuple[str, str]]:
    for tag in form.find_all(["input", "textarea", "select"]):
        name = str(tag["name"])
        if tag.name == "textarea":
            yield name, tag.get_text().removeprefix("\n")
        elif tag.name == "select":
            chosen = tag.find("option", selected=True) or tag.find("option")
            yield name, str(chosen["value"])
        elif tag.get("type") not in {"radio", "checkbox"} or tag.has_attr("checked"):
            yield name, str(tag.get("value", ""))


def banner(page: Page) -> str:
    """What a page says about what was just done, or about who was faster."""
    return " ".join(part.get_text(" ", strip=True) for part in page.html.select(".banner"))


def next_step(page: Page) -> str:
    return " ".join(page.html.select_one(".next-step").get_text(" ", strip=True).split())


def tags_of(world: World, stream: str) -> list[str]:
    """What is recorded in a stream, oldest first."""
    world.session.rollback()
    rows = world.session.query(AuditEvent.tag).filter(AuditEvent.stream == stream).order_by(AuditEvent.sseq)
    return [tag for (tag,) in rows]


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """Every statement that reaches the database in the block."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    event.listen(world.runtime.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(world.runtime.engine, "before_cursor_execute", note)


def checks(world: World, case_id: str) -> list[IdentityCheck]:
    """What people recorded in a case, oldest first."""
    world.session.rollback()
    query = world.session.query(IdentityCheck).filter_by(case_id=case_id, attested_by="person")
    return list(query.order_by(IdentityCheck.recorded_at))


def says_in(lang: str, page: Page, field: str, words: tuple[str, str]) -> None:
    """An error stands at its field and above the form, in the reader's language, and the title says so."""
    said = words[lang == "en"]
    assert page.code == 422
    assert page.errors_at(field) == [said]
    assert (said, page.summary[0][1]) in page.summary
    assert page.title.startswith("エラー：" if lang == "ja" else "Error: ")
