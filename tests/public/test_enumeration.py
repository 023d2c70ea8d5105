"""Whether an account exists cannot be told from any answer, header or effort of the database while a request comes in."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from portal.models import Case
from tests.public.records import statements
from tests.public.visitor import ANSWERS, CONSENTS, Page, Visitor
from tests.world import World

# Hidden alike, so that the pages would differ only by what we know.
KNOWN, UNKNOWN, NUMBER, NO_NUMBER = (
    "hanako@mail.example",
    "hanaka@mail.example",
    "123456789012",
    "123456780012",
)
CHANGING = re.compile(
    rf"{KNOWN}|{UNKNOWN}|{NUMBER}|{NO_NUMBER}"
    r'|name="csrf_token" value="[^"]+"|MR-[0-9A-Z]{4}-[0-9A-Z]{4}|(?<=__group">)[0-9A-Z]{4}|[A-Za-z0-9_-]{43}|[0-9a-f]{32}'
)


@dataclass(frozen=True)
class Seen:
    """All that a stranger can see of an answer, and what the database was asked for it."""

    code: int
    path: str
    headers: tuple[str, ...]
    text: str
    asked: tuple[str, ...]


def seen(page: Page, asked: list[str]) -> Seen:
    headers = tuple(sorted(name for name, _value in page.response.headers))
    text = CHANGING.sub("…", page.response.text)
    return Seen(page.code, CHANGING.sub("…", page.path), headers, text, tuple(asked))


def request_seen(visitor: Visitor, world: World, email: str, number: str) -> list[Seen]:
    """Fill in, send and confirm a request, and note what could be seen of each answer."""
    noted = []
    for step in ANSWERS:
        with statements(world) as asked:
            page = visitor.answer(step, **account(step, email, number))
        noted.append(seen(page, asked))
    with statements(world) as asked:
        page = visitor.send(**CONSENTS)
    noted.append(seen(page, asked))
    case = world.session.execute(select(Case).order_by(Case.created_at.desc()).limit(1)).scalar_one()
    raw = world.link(case.id, "confirm")
    world.session.rollback()
    for press in (lambda: visitor.open(f"/ja/confirm/{raw}"), visitor.send):
        with statements(world) as asked:
            page = press()
        noted.append(seen(page, asked))
    return noted


def account(step: str, email: str, number: str) -> dict[str, str]:
    return {"account_email": email, "account_number": number} if step == "account" else {}


@pytest.mark.parametrize(
    ("email", "number"),
    [(UNKNOWN, NO_NUMBER), (KNOWN, NO_NUMBER), (UNKNOWN, NUMBER)],
    ids=["unknown", "number unknown", "address unknown"],
)
def test_account_that_exists_and_one_that_does_not_are_answered_alike(
    app: Flask, world: World, email: str, number: str
):
    world.account()
    warm_up(app, world)
    known = request_seen(Visitor(app), world, KNOWN, NUMBER)
    world.now = world.now.replace(microsecond=0)
    other = request_seen(Visitor(app), world, email, number)

    assert [page.code for page in known] == [200] * len(known)
    for one, two in zip(known, other, strict=True):
        assert one == two


def test_account_with_an_open_request_is_answered_like_one_without(app: Flask, world: World):
    world.account()
    warm_up(app, world)
    first = request_seen(Visitor(app), world, KNOWN, NUMBER)
    second = request_seen(Visitor(app), world, KNOWN, NUMBER)

    assert first == second


def test_no_page_asks_the_register_before_the_worker_does(app: Flask, world: World):
    world.account()
    asked = [words for page in request_seen(Visitor(app), world, KNOWN, NUMBER) for words in page.asked]

    assert [
        words for words in asked if re.search(r"\b(FROM|JOIN) (account|principal|contact)\b", words)
    ] == []


def warm_up(app: Flask, world: World) -> None:
    """The first request of a process reads what later ones remember."""
    request_seen(Visitor(app), world, "taro@mail.example", "")
