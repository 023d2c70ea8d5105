"""The request form as a whole: kept while it is filled in, checked, sent once, and gone when it should be."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.models import Case, Document, Draft, OutboxRow
from tests.public.records import count, only_case, opened, statements
from tests.public.visitor import ANSWERS, CONSENTS, Visitor, named
from tests.world import World

MARK = re.compile(r" (※必須|※任意|\(optional\))$")
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_sent_request_is_recorded_as_it_was_answered(visitor: Visitor, world: World):
    page = visitor.request(detail={"detail": "駅で落とした\nようです"})

    case = only_case(world)
    assert page.path == "/ja/request/sent"
    assert case.reference in page.html.select_one(".reference").get_text()
    assert case.accepted == dict.fromkeys(CONSENTS, "2026-11-23")
    assert [opened(world, case, column) for column in ("name", "kana", "account_email", "detail")] == [
        "山田 花子",
        "ヤマダ ハナコ",
        "hanako@mail.example",
        "駅で落とした\nようです",
    ]
    sent = world.session.execute(select(OutboxRow.kind, OutboxRow.notice)).all()
    assert sorted(sent, key=str) == [("document", None), ("mail", "confirm_address")]


def test_nothing_is_recorded_before_the_request_is_sent(visitor: Visitor, world: World):
    page = visitor.fill_in()

    assert "まだ送信されていません。" in page.text
    assert (count(world, Case), count(world, Document), count(world, OutboxRow)) == (0, 0, 0)


@ONE_DATABASE
def test_pages_and_the_check_speak_one_language(visitor: Visitor, lang: str):
    visitor.language = lang
    seen = [visitor.get("/request")]
    while not seen[-1].path.endswith("/check"):
        step = seen[-1].path.rpartition("/")[2]
        changes = {"name": {"name": "Hanako Yamada"}}.get(step, {}) if lang == "en" else {}
        seen.append(visitor.answer(step, **({"language": lang} if step == "language" else changes)))
    seen.append(visitor.send(**CONSENTS))

    assert [page.foreign_words(lang) for page in seen] == [[]] * len(seen)
    assert [MARK.sub("", page.heading) in page.title for page in seen] == [True] * len(seen)


@ONE_DATABASE
def test_each_page_leads_back_to_the_one_before(visitor: Visitor):
    visitor.fill_in()
    seen = [visitor.follow("戻る")]
    assert seen[0].path == "/ja/request/detail"
    # with all answered, "back" is the way back to the check
    assert visitor.follow("戻る").path == "/ja/request/check"


@ONE_DATABASE
def test_back_on_the_first_page_leads_to_the_questions_before_the_form(visitor: Visitor):
    visitor.get("/request/language")

    assert visitor.follow("戻る").path == "/ja/triage/user"


@ONE_DATABASE
def test_back_passes_over_pages_that_were_not_asked(visitor: Visitor):
    visitor.get("/triage")
    visitor.send(answer="iam")
    visitor.follow("手順を見る")
    visitor.send(answer="no")
    visitor.answer("language")
    visitor.get("/request/account")

    assert visitor.follow("戻る").path == "/ja/request/language"


@ONE_DATABASE
@pytest.mark.parametrize("step", [step for step in ANSWERS if step != "theft"])
def test_change_from_the_check_comes_back_to_its_row(visitor: Visitor, step: str):
    visitor.fill_in()
    visitor.get(f"/request/{step}")
    answer = visitor.client.post(visitor.page.path, data=visitor.fill())  # type: ignore[union-attr]

    address, _, row = answer.headers["Location"].partition("#")
    page = visitor.get("/request/check")
    assert address == "/ja/request/check"
    assert page.html.find(id=row)["tabindex"] == "-1"


@ONE_DATABASE
def test_every_row_of_the_check_has_a_change_link_that_names_it(visitor: Visitor):
    page = visitor.fill_in()

    rows = page.html.select(".summary__row")
    names = [named(row.find("a")) for row in rows]
    assert len(rows) == len(set(names)) == 18
    assert names[10] == "電話番号を変更する"
    assert all(name.endswith("を変更する") for name in names)
    assert {visitor.open(row.find("a")["href"]).code for row in rows} == {200}


@ONE_DATABASE
def test_optional_answer_that_was_left_out_is_shown_as_not_provided(visitor: Visitor):
    page = visitor.fill_in()

    assert "未入力" in page.html.find(id="row-account_number").get_text()


@ONE_DATABASE
def test_change_that_calls_for_another_question_asks_it_before_the_check(visitor: Visitor):
    visitor.fill_in(problem={"problem": "stolen"})
    page = visitor.answer("problem", problem="lost")

    assert page.path == "/ja/request/theft"


@ONE_DATABASE
def test_page_that_the_answers_do_not_call_for_leads_on(visitor: Visitor):
    visitor.answer("problem", problem="stolen")

    assert visitor.get("/request/theft").path == "/ja/request/language"


@ONE_DATABASE
def test_check_cannot_be_opened_before_everything_is_answered(visitor: Visitor):
    visitor.answer("language")

    assert visitor.get("/request/check").path == "/ja/request/user"


@ONE_DATABASE
def test_page_of_the_form_that_does_not_exist_is_not_found(visitor: Visitor):
    assert visitor.get("/request/nothing").code == 404


@ONE_DATABASE
@pytest.mark.parametrize(
    ("left_out", "in_japanese", "in_english"),
    [
        (
            "declaration",
            "所有者または権限のある方であることを確認し、チェックを入れてください。",
            "Confirm that you are the owner or authorised to act for the owner",
        ),
        (
            "waiting",
            "待機期間と連絡先への通知を確認し、チェックを入れてください。",
            "Confirm that you accept the waiting period and the notices",
        ),
        (
            "privacy",
            "個人情報の取り扱いを確認し、チェックを入れてください。",
            "Confirm that you agree to the use and storage of your data",
        ),
    ],
)
def test_request_without_a_consent_is_not_sent_and_keeps_the_others(
    visitor: Visitor, world: World, left_out: str, in_japanese: str, in_english: str
):
    visitor.fill_in()
    page = visitor.send(**{**CONSENTS, left_out: None})
    assert (page.code, page.errors_at(left_out)) == (422, [in_japanese])
    assert [page.value(name) for name in CONSENTS if name != left_out] == ["y", "y"]

    again = visitor.switch()
    assert (again.code, again.errors_at(left_out)) == (422, [in_english])
    assert count(world, Case) == 0


@ONE_DATABASE
def test_consent_names_the_waiting_periods_of_this_desk(visitor: Visitor):
    visitor.language = "en"

    assert "a waiting period of 24 hours, 72 hours or 7 days" in visitor.fill_in().text


@ONE_DATABASE
def test_confirmation_says_what_happens_next_and_when(visitor: Visitor):
    page = visitor.request()

    assert page.heading == "リクエストを受け付けました"
    assert "h***@m***.example" in page.text.replace(" ", "")
    assert "2026年11月25日（水）10:00（日本時間）" in page.text
    assert [step.get_text() for step in page.html.select(".steps__state")] == ["進行中", *["未着手"] * 4]
    assert page.html.select_one("[aria-current=step]") is not None


@ONE_DATABASE
def test_confirmation_of_a_theft_says_to_change_the_password(visitor: Visitor):
    assert "パスワードも変更してください" in visitor.request(theft={"theft_suspected": "yes"}).text


def test_pressing_twice_and_two_tabs_and_a_replay_make_one_case(app: Flask, visitor: Visitor, world: World):
    page = visitor.fill_in()
    address, sent = page.path, visitor.fill(**CONSENTS)
    first, second, replayed = (visitor.post(address, sent) for _ in range(3))

    reference = only_case(world).reference
    assert [page.path for page in (first, second, replayed)] == ["/ja/request/sent"] * 3
    assert [reference in page.text.replace(" ", "") for page in (first, second, replayed)] == [True] * 3
    assert [page.heading for page in (first, second)] == [
        "リクエストを受け付けました",
        "このリクエストは送信済みです。",
    ]
    assert count(world, OutboxRow) == 2


def test_two_tabs_that_send_at_the_same_moment_make_one_case(app: Flask, visitor: Visitor, world: World):
    page = visitor.fill_in()
    address, sent = page.path, visitor.fill(**CONSENTS)
    tabs = [Visitor(app) for _ in range(4)]
    for tab in tabs:
        for name in ("kaijo", "draft", "lang"):
            cookie = visitor.client.get_cookie(name)
            assert cookie is not None
            tab.client.set_cookie(name, cookie.value)
    with ThreadPoolExecutor(len(tabs)) as pool:
        pages = list(pool.map(lambda tab: tab.post(address, sent), tabs))

    reference = only_case(world).reference
    assert [(page.code, page.path) for page in pages] == [(200, "/ja/request/sent")] * len(tabs)
    assert all(reference in page.text.replace(" ", "") for page in pages)


@pytest.mark.parametrize("path", ["/request", "/request/check", "/request/name"])
def test_going_back_after_sending_says_that_it_was_sent(visitor: Visitor, world: World, path: str):
    visitor.request()
    page = visitor.get(path)
    if path == "/request":
        page = visitor.get("/request/check")

    assert (page.path, page.heading) == ("/ja/request/sent", "このリクエストは送信済みです。")
    assert only_case(world).reference in page.text.replace(" ", "")


def test_page_that_was_still_open_cannot_change_a_sent_request(visitor: Visitor, world: World):
    visitor.fill_in()
    visitor.get("/request/name")
    old = visitor.fill(name="別の 名前")
    visitor.get("/request/check")
    visitor.send(**CONSENTS)
    page = visitor.post("/ja/request/name", old)

    assert page.path == "/ja/request/sent"
    assert opened(world, only_case(world), "name") == "山田 花子"


def test_answering_the_questions_anew_begins_another_request(visitor: Visitor, world: World):
    visitor.request()
    visitor.get("/triage")
    visitor.send(answer="root")
    page = visitor.request()

    assert (page.path, count(world, Case)) == ("/ja/request/sent", 2)


def test_answers_are_kept_for_24_hours_and_then_said_to_be_gone(visitor: Visitor, world: World):
    visitor.answer("account")
    world.now += timedelta(hours=23, minutes=59)
    assert visitor.get("/request/account").value("account_email") == "hanako@mail.example"

    world.now += timedelta(minutes=1)
    page = visitor.get("/request/name")
    assert (page.path, page.heading) == ("/ja/request/start-again", "入力内容の保存期間が終わりました")
    assert visitor.follow("最初からやり直す").path == "/ja/triage/user"


@pytest.mark.parametrize("path", ["/request/name", "/request/check", "/triage/user", "/guide/resynchronise"])
def test_form_sent_after_its_time_makes_nothing_and_says_so(visitor: Visitor, world: World, path: str):
    visitor.fill_in()
    visitor.get("/request/name")
    sent = visitor.fill(**CONSENTS, answer="root")
    world.now += timedelta(hours=24)
    page = visitor.post(f"/ja{path}", sent)

    assert page.path == "/ja/request/start-again"
    assert (count(world, Case), count(world, Draft)) == (0, 1)


def test_deleting_the_answers_leaves_nothing_on_the_device_or_the_server(visitor: Visitor, world: World):
    visitor.fill_in()
    asked = visitor.follow("入力内容を消す")
    assert asked.heading == "入力内容を消しますか"
    assert visitor.follow("消さずに戻る").path == "/ja/triage/user"
    visitor.get("/request/delete")
    page = visitor.send()

    assert page.heading == "入力内容を消しました"
    assert count(world, Draft) == 0
    assert visitor.client.get_cookie("draft") is None
    assert visitor.get("/request").path == "/ja/request/language"


def test_forgetting_a_sent_request_leaves_the_request_itself(visitor: Visitor, world: World):
    visitor.request()
    page = visitor.follow("このリクエストの表示をこの端末から消す")
    assert page.heading == "このリクエストの表示をこの端末から消しますか"
    assert visitor.follow("リクエストに戻る").path == "/ja/request/sent"
    visitor.get("/request/delete")
    visitor.send()

    assert visitor.get("/request/sent").path == "/ja/request/language"
    assert only_case(world).status == "unconfirmed"


def test_answers_of_one_browser_are_not_seen_by_another(app: Flask, visitor: Visitor):
    visitor.request()
    other = Visitor(app)

    assert other.get("/request/sent").path == "/ja/request/language"
    assert other.get("/request/name").value("name") == ""


@ONE_DATABASE
@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "é" * 43, "A" * 4000])
def test_cookie_of_no_draft_is_answered_like_one_whose_time_is_over(visitor: Visitor, cookie: str):
    visitor.client.set_cookie("draft", cookie)

    assert visitor.get("/request").path in {"/ja/request/start-again", "/ja/request/language"}
    assert visitor.get("/triage").path == "/ja/triage/user"


@ONE_DATABASE
def test_draft_cookie_is_for_this_site_only_and_for_no_script(visitor: Visitor):
    visitor.get("/request/language")
    answer = visitor.client.post("/ja/request/language", data=visitor.fill(language="ja"))

    draft = next(
        cookie for cookie in answer.headers.getlist("Set-Cookie") if cookie.startswith("draft=")
    ).split("; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=86400"} <= set(draft)


def test_too_many_requests_from_one_address_are_refused_with_the_answers_kept(
    app: Flask, visitor: Visitor, world: World
):
    for _ in range(5):
        Visitor(app).request()
    page = visitor.request()
    assert (page.code, page.heading) == (429, "試行回数が多すぎます")
    assert int(page.response.headers["Retry-After"]) == 3600
    assert count(world, Case) == 5

    world.now += timedelta(hours=1)
    visitor.get("/request/check")
    assert visitor.send(**CONSENTS).path == "/ja/request/sent"


def test_confirmation_follows_what_has_become_of_the_request(visitor: Visitor, world: World):
    visitor.request()
    confirmed = Visitor(visitor.client.application)
    confirmed.open(f"/ja/confirm/{world.link(only_case(world).id, 'confirm')}")
    confirmed.send()

    page = visitor.get("/request/sent")
    assert "メールアドレスを確認しました。" in page.text
    assert next(step.get_text() for step in page.html.select(".steps__state")) == "完了"


def test_form_page_asks_the_database_as_often_however_full_the_draft_is(visitor: Visitor, world: World):
    visitor.answer("language")
    with statements(world) as few:
        visitor.get("/request/detail")
    visitor.fill_in()
    with statements(world) as many:
        visitor.get("/request/detail")

    assert few == many
