"""What no browser of an honest visitor sends: a clear page in the reader's language, and never half a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal import security
from portal.models import Case, OutboxRow
from tests.public.records import count, everything
from tests.public.visitor import ANSWERS, CONSENTS, Page, Visitor
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FORM = "application/x-www-form-urlencoded"
# A page with a form, and one of its fields.
PAGES = {
    "/triage/user": "answer",
    "/request/name": "name",
    "/request/problem": "problem",
    "/request/check": "declaration",
    "/find": "email",
    "/status/cancel": "reason",
}
CONTROLS = ("\x01", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\ufdd0", "\ue000")
TEXTS = {
    "name": ("name", "kana", "latin_name"),
    "account": ("account_email", "account_number"),
    "holder": ("organisation",),
    "reply": ("reply_email",),
    "phone": ("phone",),
    "problem": ("problem_other",),
    "detail": ("detail",),
}
SHOWING = {
    "holder": {"holder_kind": "company"},
    "reply": {"reply_to": "other"},
    "problem": {"problem": "other"},
}
CHOICES = (
    ("language", "language"),
    ("user", "principal_kind"),
    ("holder", "holder_kind"),
    ("holder", "is_administrator"),
    ("reply", "reply_to"),
    ("phone", "call_time"),
    ("registered-phone", "registered_phone"),
    ("problem", "problem"),
    ("device", "phone_on_device"),
    ("device", "device_kind"),
    ("theft", "theft_suspected"),
)

Send = Callable[[Visitor, str, str], TestResponse]


def body(raw: Callable[[str], bytes], kind: str = FORM, **more: Any) -> Send:
    """A form whose one field holds what `raw` makes of its name, with the right token."""

    def send(visitor: Visitor, path: str, field: str) -> TestResponse:
        assert visitor.page is not None
        token = visitor.page.value("csrf_token")
        data = b"csrf_token=" + token.encode() + b"&" + raw(field)
        return visitor.client.post(path, data=data, content_type=kind, **more)

    return send


def without_token(visitor: Visitor, path: str, field: str) -> TestResponse:
    return visitor.client.post(path, data={field: "x"})


def asked(how: Callable[[str], str], **more: Any) -> Send:
    return lambda visitor, path, _field: visitor.client.get(how(path), **more)


BAD: dict[str, tuple[int, Send]] = {
    "nul": (400, body(lambda field: f"{field}=a%00b".encode())),
    "raw bytes": (400, body(lambda field: f"{field}=".encode() + b"\xff\xfe")),
    "encoded bytes": (400, body(lambda field: f"{field}=%ff".encode())),
    "surrogate": (400, body(lambda field: f"{field}=%ed%a0%80".encode())),
    "bytes in a name": (400, body(lambda field: f"{field}%c0=1".encode())),
    "repeated field": (400, body(lambda field: f"{field}=a&{field}=b".encode())),
    "many fields": (413, body(lambda field: b"a&" * 100)),
    "huge value": (413, body(lambda field: f"{field}=".encode() + b"a" * 300_000)),
    "json": (415, body(lambda field: b"", "application/json")),
    "another site": (
        403,
        body(lambda field: f"{field}=a".encode(), headers={"Origin": "https://evil.example"}),
    ),
    "no token": (400, without_token),
    "another host": (421, asked(lambda path: path, base_url="http://evil.example")),
    "bytes in the query": (400, asked(lambda path: f"{path}?q=%ff")),
    "repeated parameter": (400, body(lambda field: f"{field}=a".encode(), query_string="x=1&x=2")),
    "long address": (414, asked(lambda path: f"{path}?q={'a' * 3000}")),
    "way out": (404, asked(lambda path: f"{path}/../../../etc/passwd")),
    "longer path": (404, asked(lambda path: f"{path}/more")),
    "deleting": (405, lambda visitor, path, _field: visitor.client.delete(path)),
}


@pytest.fixture
def at_work(visitor: Visitor, world: World) -> Visitor:
    """A visitor who has every page of the table open to them."""
    visitor.open(f"/ja/status/{world.link(world.queued(), 'status')}")
    visitor.fill_in()
    return visitor


@ONE_DATABASE
@pytest.mark.parametrize("bad", BAD)
def test_page_answers_clearly_in_the_readers_language_and_writes_nothing(
    at_work: Visitor, world: World, lang: str, bad: str
):
    code, send = BAD[bad]
    at_work.language = lang
    for path, field in PAGES.items():
        at_work.get(path)
        before = everything(world)
        page = Page(send(at_work, f"/{lang}{path}", field))

        assert (path, page.code) == (path, code)
        assert page.html.html["lang"] == lang
        assert page.foreign_words(lang) == []
        assert page.heading in page.title
        assert carries_the_headers(page.response)
        assert everything(world) == before


def carries_the_headers(answer: TestResponse) -> bool:
    wanted = security.HEADERS | {"Cache-Control": "no-store"}
    return all(answer.headers.getlist(name) == [value] for name, value in wanted.items())


@ONE_DATABASE
@pytest.mark.parametrize(
    ("asked_for", "cookie", "language"), [("en", None, "en"), ("fr", None, "ja"), ("en", "ja", "ja")]
)
@pytest.mark.parametrize("path", ["/fr/", "/de/request", "/JA/find", "/nothing", "/ja-JP/"])
def test_unknown_language_is_not_found_in_a_language_of_the_reader(
    app: Flask, path: str, asked_for: str, cookie: str | None, language: str
):
    client = app.test_client()
    if cookie:
        client.set_cookie("lang", cookie)
    page = Page(client.get(path, headers={"Accept-Language": asked_for}))

    assert (page.code, page.html.html["lang"], page.foreign_words(language)) == (404, language, [])


@pytest.mark.parametrize("step", TEXTS)
def test_sign_that_nobody_can_see_is_refused_at_its_field_or_dropped(
    visitor: Visitor, world: World, step: str
):
    visitor.answer("language")
    for field in TEXTS[step]:
        for sign in CONTROLS:
            visitor.get(f"/request/{step}")
            typed = ANSWERS[step].get(field) or "hanako@mail.example"
            page = visitor.send(
                **{**ANSWERS[step], **SHOWING.get(step, {}), field: f"{typed[:2]}{sign}{typed[2:]}"}
            )
            assert page.code in {200, 422}, (field, sign)
            assert page.code == 200 or page.errors_at(field), (field, sign)
    assert count(world, Case) == 0


@pytest.mark.parametrize("step", TEXTS)
def test_text_far_longer_than_any_is_refused_at_its_field(visitor: Visitor, world: World, step: str):
    visitor.answer("language")
    for field in TEXTS[step]:
        visitor.get(f"/request/{step}")
        page = visitor.send(**{**ANSWERS[step], **SHOWING.get(step, {}), field: "9" * 50_000})
        assert (page.code, [target for _words, target in page.summary]) == (422, [field])
        assert len(visitor.get(f"/request/{step}").value(field)) == 4000


@ONE_DATABASE
@pytest.mark.parametrize(("step", "field"), CHOICES, ids=[field for _step, field in CHOICES])
@pytest.mark.parametrize("value", ["abacus", "' OR 1=1 --", "x" * 10_000])
def test_choice_that_does_not_exist_is_refused_at_its_field(
    visitor: Visitor, step: str, field: str, value: str
):
    visitor.answer("language")
    visitor.get(f"/request/{step}")
    page = visitor.send(**{**ANSWERS[step], field: value})

    assert page.code == 422
    assert f"{field}-0" in [target for _words, target in page.summary]


@ONE_DATABASE
@pytest.mark.parametrize("path", ["/request/check", "/request/name", "/triage/user"])
def test_field_that_no_form_has_is_ignored(visitor: Visitor, world: World, path: str):
    visitor.fill_in()
    visitor.get(path)
    sent = {
        **visitor.fill(**CONSENTS),
        "answer": "root",
        "status": "deactivated",
        "training": "1",
        "triage:user": "iam",
    }
    page = visitor.post(f"/ja{path}", sent)

    assert page.code == 200
    assert visitor.get("/triage/user").value("answer") in {"", "root"}


def test_markup_that_is_typed_stays_text(visitor: Visitor, world: World):
    script = "<script>alert(1)</script>&amp;\"'"
    page = visitor.fill_in(name={"name": script, "kana": ""})
    assert page.html.find(id="row-name").dd.get_text() == script

    visitor.send(**CONSENTS)
    assert count(world, OutboxRow) == 2
    assert visitor.get("/request/sent").html.main.find("script") is None


@ONE_DATABASE
def test_words_in_the_address_steer_nothing(visitor: Visitor, world: World):
    visitor.open(f"/ja/status/{world.link(world.queued(), 'status')}")
    for said in ("<script>", "answered' OR 1", "%25s", "answered&lang=en&_external=1"):
        page = visitor.get(f"/status?said={said}")
        assert page.code == 200
        assert "<script>" not in page.response.text.split("</head>")[1]
