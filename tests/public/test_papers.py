"""The receipt and the completion notice: only for the browser that sent the request or came with its link."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.casework import proofs
from portal.models import Document
from tests.post import work_off
from tests.public.records import new_status_link, only_case
from tests.public.visitor import Visitor, named
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def document(world: World, kind: str = "receipt") -> Document:
    world.session.rollback()
    return world.session.execute(select(Document).where(Document.kind == kind)).scalar_one()


def fetch(visitor: Visitor, paper: Document) -> TestResponse:
    return visitor.client.get(f"/ja/paper/{paper.id}")


def test_sender_saves_the_receipt_once_it_is_made(visitor: Visitor, world: World):
    page = visitor.request()
    assert "受付票を作成しています。数分後にメールのリンクからも保存できます。" in page.text
    work_off(world)
    page = visitor.follow("表示を更新")
    link = page.html.select_one(".file a")
    assert named(link) == "受付票を保存する"
    assert "KB" in page.html.select_one(".file small").get_text()

    answer = visitor.client.get(link["href"])
    assert (answer.status_code, answer.mimetype, answer.data[:5]) == (200, "application/pdf", b"%PDF-")
    assert len(answer.data) == document(world).size


@ONE_DATABASE
def test_paper_has_a_name_in_plain_letters_and_in_the_readers_words(visitor: Visitor, world: World):
    visitor.request()
    work_off(world)
    reference = only_case(world).reference

    disposition = fetch(visitor, document(world)).headers["Content-Disposition"]
    assert disposition.startswith("attachment; ")
    assert f"filename=mfa-request-receipt_{reference}_ja.pdf" in disposition.replace('"', "")
    assert f"filename*=UTF-8''MFA解除リクエスト受付票_{reference}.pdf" in unquote(disposition)


@ONE_DATABASE
def test_paper_may_run_nothing_and_is_kept_by_nobody(visitor: Visitor, world: World):
    visitor.request()
    work_off(world)
    headers = fetch(visitor, document(world)).headers

    assert headers.getlist("Content-Security-Policy") == ["sandbox; default-src 'none'"]
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
    assert headers["X-Robots-Tag"] == "noindex"


def test_nobody_else_is_given_a_paper(app: Flask, visitor: Visitor, world: World):
    visitor.request()
    stranger, other_owner = Visitor(app), Visitor(app)
    other_owner.request()
    work_off(world)

    world.session.rollback()
    papers = world.session.execute(select(Document)).scalars().all()
    given = [[fetch(who, paper).status_code for paper in papers] for who in (visitor, other_owner, stranger)]

    assert sorted(given[:2]) == [[200, 404], [404, 200]]
    assert given[2] == [404, 404]


@ONE_DATABASE
def test_paper_that_does_not_exist_is_answered_like_one_of_somebody_else(
    app: Flask, visitor: Visitor, world: World
):
    visitor.request()
    work_off(world)
    stranger = Visitor(app)
    theirs, none = (stranger.get(f"/paper/{document_id}") for document_id in (document(world).id, "0" * 32))

    assert (theirs.code, theirs.heading) == (none.code, none.heading) == (404, "ページが見つかりません")


def test_link_to_the_status_opens_the_papers_too(visitor: Visitor, world: World):
    world.account()
    case_id = world.deactivated()
    work_off(world)
    visitor.open(f"/ja/status/{new_status_link(world, case_id)}")
    page = visitor.get("/status")

    saved = {named(link): visitor.client.get(link["href"]) for link in page.html.select(".file a")}
    assert sorted(saved) == ["受付票を保存する", "完了通知書を保存する"]
    assert {answer.data[:5] for answer in saved.values()} == {b"%PDF-"}


@ONE_DATABASE
def test_letter_with_the_code_is_never_handed_out_here(visitor: Visitor, world: World):
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    visitor.open(f"/ja/status/{world.link(case_id, 'status')}")
    work_off(world)

    assert fetch(visitor, document(world, "letter")).status_code == 404
    assert len(visitor.get("/status").html.select(".file")) == 1


@ONE_DATABASE
def test_paper_that_is_not_made_yet_leads_back_to_its_page(app: Flask, visitor: Visitor, world: World):
    visitor.request()
    sent_from = visitor.get(f"/paper/{document(world).id}")
    follower = Visitor(app)
    case_id = only_case(world).id
    follower.open(f"/ja/confirm/{world.link(case_id, 'confirm')}")
    follower.send()
    follower.open(f"/ja/status/{world.link(case_id, 'status')}")

    assert sent_from.path == "/ja/request/sent"
    assert follower.get(f"/paper/{document(world).id}").path == "/ja/status"


@ONE_DATABASE
def test_browser_forgets_the_paper_with_its_answers(visitor: Visitor, world: World):
    visitor.request()
    work_off(world)
    world.now += timedelta(hours=24)

    assert fetch(visitor, document(world)).status_code == 404
