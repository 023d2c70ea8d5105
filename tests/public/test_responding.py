"""The owner answers on the status page: a list of what was asked, words, a time for a call, and how each is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.casework import messages, proofs, responding, verification
from portal.casework.message_drafts import Words
from portal.models import Account, Message
from tests.casework.owners_answer import TOMORROW, asked
from tests.public.records import everything, new_status_link, statements
from tests.public.visitor import Page, Visitor, named
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SENT = "火曜日に書留で送りました。"
TOO_LATE = "状況が変わったため、操作は行われませんでした。"
DAY, HOUR = {"day": "2026-11-25"}, {"time": "10:30"}


@pytest.fixture
def world(calling_world: World) -> World:
    return calling_world


def follow(visitor: Visitor, world: World, case_id: str) -> Page:
    return visitor.open(f"/{visitor.language}/status/{new_status_link(world, case_id)}")


def list_of(page: Page) -> list[tuple[str, str, str]]:
    """Every row of the task list: where it leads, what it is called there, and its state."""
    rows = []
    for row in page.html.select(".tasks__item"):
        link = row.select_one("a")
        where = link["href"].partition("/status/")[2] if link else ""
        rows.append(
            (
                where,
                row.select_one(".tasks__name").get_text(" ", strip=True),
                row.select_one(".tag__text").get_text(),
            )
        )
    return rows


def said_on(page: Page) -> list[str]:
    """The conversation as the owner reads it, oldest first."""
    heading = page.html.find(id="messages")
    thread = heading.find_next_sibling("ol") if heading else None
    return [item.get_text(" ", strip=True) for item in thread.select("li")] if thread else []


# the list


def test_each_thing_asked_for_is_one_row_and_leads_to_where_it_is_done(
    visitor: Visitor, world: World
) -> None:
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    verification.ask(world.as_("alice"), case_id, ["P1", "H1", "H2", "H3", "H4", "D2", "D5", "W1", "W3"])
    page = follow(visitor, world, case_id)
    places = [where for where, _words, _state in list_of(page)]
    assert places == [
        *("device", "mailbox", "call", "call-time", "letter", "call-time", "done/D5", "done/W1", "call-time"),
    ]
    assert {state for _where, _words, state in list_of(page)} == {"未対応"}
    for place in dict.fromkeys(places):
        opened = visitor.get(f"/status/{place}")
        assert (opened.code, opened.path, opened.foreign_words("ja")) == (200, f"/ja/status/{place}", [])


@ONE_DATABASE
def test_a_letter_that_is_not_posted_yet_has_no_page_and_the_list_says_so(
    visitor: Visitor, world: World
) -> None:
    ((where, words, state),) = list_of(follow(visitor, world, asked(world, "H4")))
    assert (where, state) == ("", "未対応")
    assert "手紙を発送した後に、コードを入力できるようになります。" in words


@pytest.mark.parametrize("status", ["queued", "verifying", "pending_approval", "frozen", "expired"])
@ONE_DATABASE
def test_where_nothing_is_asked_there_is_no_list_and_no_page_for_it(
    visitor: Visitor, world: World, status: str
) -> None:
    world.account()
    case_id = world.walks[status]()
    assert list_of(follow(visitor, world, case_id)) == []
    before = everything(world)
    for place in ("answer", "done/D5", "mailbox"):
        page = visitor.get(f"/status/{place}")
        assert (page.path, TOO_LATE in page.text) == ("/ja/status", True)
    assert everything(world) == before


@ONE_DATABASE
def test_the_page_of_a_thing_that_nobody_could_ask_for_does_not_exist(visitor: Visitor, world: World) -> None:
    follow(visitor, world, asked(world, "D5"))
    assert visitor.get("/status/done/X9").code == 404
    assert TOO_LATE in visitor.get("/status/done/D6").text


def test_with_the_last_thing_done_the_case_goes_back_by_itself_and_the_page_says_so(
    visitor: Visitor, world: World, lang: str
) -> None:
    visitor.language = lang
    case_id = asked(world, "D5", "W1")
    follow(visitor, world, case_id)
    visitor.get("/status/done/D5")
    page = visitor.send(message=SENT)
    assert [state for _where, _words, state in list_of(page)] == [
        *(("対応済み", "未対応") if lang == "ja" else ("Done", "Not done"))
    ]
    visitor.get("/status/done/W1")
    page = visitor.send(message="部長の伊藤から連絡します。")
    words = {"ja": "すべて対応済みです。ありがとうございました。", "en": "You have done everything we asked"}[
        lang
    ]
    assert page.text.count(words) == 2  # said at once, and it still stands there
    assert visitor.get("/status").text.count(words) == 1
    assert world.status(case_id) == "verifying"


def test_who_cannot_do_the_rest_says_why(visitor: Visitor, world: World) -> None:
    case_id = asked(world, "D5", "W1")
    follow(visitor, world, case_id)
    visitor.follow("残りの項目に対応できない")
    empty = visitor.send(message=" ")
    assert (empty.code, empty.errors_at("message")) == (422, ["本文を入力してください。"])
    sent = visitor.fill(message="公証役場が近くにありません。")
    page = visitor.send(message="公証役場が近くにありません。")
    assert "ありがとうございました。手続きを続けます。" in page.text
    assert "すべて対応済みです" not in page.text
    assert world.status(case_id) == "verifying"
    assert TOO_LATE in visitor.post("/ja/status/answer", sent).text


# words


def test_what_is_written_reaches_the_desk_and_stands_in_the_conversation(
    visitor: Visitor, world: World
) -> None:
    world.account()
    case_id = world.queued()
    follow(visitor, world, case_id)
    visitor.follow("担当者にメッセージを書く")
    page = visitor.send(message="番号を変えました。\n<b>いつ</b>かかってきますか。")
    assert "メッセージを受け付けました。" in page.text
    (line,) = said_on(page)
    assert "<b>いつ</b>かかってきますか。" in line
    assert "2026年11月24日（火）10:00（日本時間）" in line
    assert world.case(case_id).owner_wrote_at == world.now


def test_replies_that_have_left_are_shown_oldest_first_and_notes_never(
    visitor: Visitor, world: World
) -> None:
    world.account()
    case_id = world.verifying()
    follow(visitor, world, case_id)
    responding.write(world.owner, case_id, "最初の質問です。")
    alice = world.as_("alice")
    messages.note(alice, case_id, world.case(case_id).version, "声が怪しい。")
    taken = messages.reply(
        world.as_("alice"), case_id, world.case(case_id).version, Words("ご回答", "取り消す返信です。")
    )
    messages.take_back(world.system.as_actor(alice.actor), case_id, taken.id)
    messages.reply(
        world.as_("alice"), case_id, world.case(case_id).version, Words("ご回答", "明日お電話します。")
    )
    early = visitor.get("/status")
    assert "明日お電話します。" not in early.text
    world.now += world.runtime.limits.reply_undo
    page = visitor.get("/status")
    first, second = said_on(page)
    assert "最初の質問です。" in first
    assert "ご回答 明日お電話します。" in second
    assert "声が怪しい" not in page.response.text
    assert "取り消す返信です" not in page.response.text


@ONE_DATABASE
def test_the_conversation_stays_readable_after_the_end_and_nothing_more_is_taken(
    visitor: Visitor, world: World
) -> None:
    case_id = asked(world, "D5")
    follow(visitor, world, case_id)
    responding.write(world.owner, case_id, "まだですか。")
    world.pass_time(days=15)
    page = visitor.get("/status")
    assert world.status(case_id) == "expired"
    assert len(said_on(page)) == 1
    assert "担当者にメッセージを書く" not in page.text
    assert TOO_LATE in visitor.get("/status/message").text
    world.now += timedelta(days=31)
    assert visitor.get("/status").code == 404


SECRETS = ("My password: hunter2hunter2", "コードは 123456 です", "シークレットキー: JBSWY3DPEHPK3PXP")


@pytest.mark.parametrize("place", ["message", "done/D5", "answer"])
@ONE_DATABASE
def test_words_that_cannot_be_taken_are_answered_at_the_field_and_kept(
    visitor: Visitor, world: World, place: str
) -> None:
    case_id = asked(world, "D5", "W1")
    follow(visitor, world, case_id)
    for text in SECRETS:
        visitor.get(f"/status/{place}")
        page = visitor.send(message=text)
        assert (page.code, page.errors_at("message")) == (422, ["パスワードやコードは書かないでください。"])
        assert page.value("message").strip() == text
    long = "あ" * 2001
    visitor.get(f"/status/{place}")
    page = visitor.send(message=long)
    assert page.errors_at("message") == ["メッセージは 2,000 文字以内で入力してください（現在 2,001 文字）。"]
    assert page.value("message").strip() == long
    assert visitor.switch().errors_at("message") == [
        "Message must be 2,000 characters or less (currently 2,001)"
    ]
    assert visitor.page is not None
    assert visitor.page.value("message").strip() == long
    assert world.session.query(Message).count() == 0
    assert world.status(case_id) == "waiting_owner"


@ONE_DATABASE
def test_after_the_messages_of_a_day_the_page_says_when_the_next_is_taken_and_keeps_the_words(
    visitor: Visitor, world: World
) -> None:
    world.account()
    case_id = world.queued()
    follow(visitor, world, case_id)
    for number in range(world.runtime.limits.owner_messages_day):
        responding.write(world.owner, case_id, f"メッセージその{number}です。")
    visitor.get("/status/message")
    page = visitor.send(message=SENT)
    assert page.code == 422
    assert "2026年11月25日（水）10:00（日本時間）" in page.errors_at("message")[0]
    assert page.value("message").strip() == SENT


# a time to be called


def test_a_time_is_chosen_and_changed_and_written_out_in_full(
    visitor: Visitor, world: World, lang: str
) -> None:
    visitor.language = lang
    case_id = asked(world, "H3", "D5")
    follow(visitor, world, case_id)
    page = visitor.get("/status/call-time")
    assert page.foreign_words(lang) == []
    assert [box["value"] for box in page.html.select("[name=day]")][:2] == ["2026-11-24", "2026-11-25"]
    page = visitor.send(**DAY, **HOUR)
    written = {
        "ja": "2026年11月25日（水）10:30（日本時間）",
        "en": "25 November 2026 at 10:30am JST (UTC+9)",
    }[lang]
    assert page.text.count(written) == 2  # in the list, and below it
    assert world.case(case_id).call_booked_at == TOMORROW
    again = visitor.get("/status/call-time")
    assert again.value("day") == "2026-11-25"
    assert again.html.find("option", selected=True)["value"] == "10:30"
    visitor.send(day="2026-11-26", time="17:30")
    assert world.case(case_id).call_booked_at == datetime(2026, 11, 26, 8, 30, tzinfo=UTC)


@ONE_DATABASE
@pytest.mark.parametrize(
    ("sent", "field", "in_japanese", "in_english"),
    [
        ({"time": "10:30"}, "day", "日付を選択してください。", "Select a day"),
        ({"day": "2026-11-25", "time": ""}, "time", "時間を選択してください。", "Select a time"),
        ({"day": "2026-11-28", "time": "10:30"}, "day", "日付を選択してください。", "Select a day"),
        ({"day": "2026-11-25", "time": "10:45"}, "time", "時間を選択してください。", "Select a time"),
        ({"day": "2026-11-25", "time": "x" * 300}, "time", "時間を選択してください。", "Select a time"),
        (
            {"day": "2026-11-24", "time": "09:00"},
            "time",
            "この時間は選択できなくなりました。別の時間を選択してください。",
            "This time is no longer available. Select another",
        ),
    ],
)
def test_a_time_that_cannot_be_is_answered_at_its_field(
    visitor: Visitor, world: World, sent: dict[str, str], field: str, in_japanese: str, in_english: str
) -> None:
    case_id = asked(world, "H3")
    follow(visitor, world, case_id)
    visitor.get("/status/call-time")
    page = visitor.send(**{"day": None, **sent})
    assert (page.code, page.errors_at(field)) == (422, [in_japanese])
    assert page.title.startswith("エラー：")
    assert page.value("day") in {sent.get("day", ""), ""}
    assert world.case(case_id).call_booked_at is None
    assert visitor.switch(**{"day": None, **sent}).errors_at(field) == [in_english]


@ONE_DATABASE
def test_a_time_that_passed_while_the_page_was_open_is_refused_and_the_choice_kept(
    visitor: Visitor, world: World
) -> None:
    case_id = asked(world, "H3")
    follow(visitor, world, case_id)
    visitor.get("/status/call-time")
    world.now += timedelta(hours=3)
    page = visitor.send(day="2026-11-24", time="11:30")
    assert page.errors_at("time") == ["この時間は選択できなくなりました。別の時間を選択してください。"]
    assert page.value("day") == "2026-11-24"
    assert page.html.find("option", selected=True)["value"] == "11:30"
    assert world.case(case_id).call_booked_at is None


@ONE_DATABASE
def test_the_page_says_who_calls_and_that_nobody_dictates_digits(visitor: Visitor, world: World) -> None:
    follow(visitor, world, asked(world, "H3"))
    text = visitor.get("/status/call-time").text
    assert "本人確認の電話は、システムからアカウントに登録された電話番号にかかります。" in text
    assert "人から伝えられた数字は、決して入力しないでください。" in text
    assert "担当者は、はじめに同じ 2 つの言葉をお伝えします。" in text


@ONE_DATABASE
@pytest.mark.parametrize("account_email", ["hanako@mail.example", "nobody@mail.example"])
def test_a_time_is_offered_alike_whether_there_is_such_an_account_or_not(
    visitor: Visitor, world: World, account_email: str
) -> None:
    world.account()
    case_id = world.queued(reply_email="stranger@else.example", account_email=account_email)
    page = follow(visitor, world, case_id)
    links = {named(link): link["href"] for link in page.html.select(".state__todo a")}
    assert "お電話の日時を選ぶ" in links
    assert visitor.get("/status/call-time").code == 200


@ONE_DATABASE
def test_a_call_that_is_over_is_not_spoken_of_any_more(visitor: Visitor, world: World) -> None:
    case_id = asked(world, "H3")
    follow(visitor, world, case_id)
    responding.book_call(world.owner, case_id, TOMORROW)
    assert "お電話の日時" in visitor.get("/status").text
    world.now = TOMORROW + responding.SLOT
    assert "お電話の日時： " not in visitor.get("/status").text


# the mailbox link


def test_the_link_is_sent_again_from_the_page(visitor: Visitor, world: World) -> None:
    world.account()
    case_id = world.verifying(reply_email="new@elsewhere.example")
    account = world.session.get_one(Account, world.case(case_id).account_id)
    contact = world.contacts(account, "email")[0]
    proofs.send_mailbox_link(world.as_("alice"), case_id, contact.id)
    verification.ask(world.as_("alice"), case_id, ["H1"])
    page = follow(visitor, world, case_id)
    assert list_of(page)[0][0] == "mailbox"
    visitor.get("/status/mailbox")
    assert len(world.mails(case_id, "mailbox_check")) == 1
    page = visitor.send()
    assert "登録メールアドレスに送信しました。" in page.text
    assert len(world.mails(case_id, "mailbox_check")) == 2
    assert "hanako" not in page.response.text


# how much it asks


@ONE_DATABASE
def test_the_page_asks_as_often_however_much_was_said_and_asked(visitor: Visitor, world: World) -> None:
    case_id = asked(world, "D5")
    follow(visitor, world, case_id)
    responding.write(world.owner, case_id, "一つ目です。")
    with statements(world) as few:
        visitor.get("/status")
    verification.end_asking(world.as_("alice"), case_id)
    verification.ask(world.as_("alice"), case_id, ["D5", "D6", "W1", "H2", "H3", "P1"])
    for number in range(5):
        responding.write(world.owner, case_id, f"次の{number}です。")
        version = world.case(case_id).version
        messages.reply(world.as_("alice"), case_id, version, Words("ご回答", f"返信の{number}です。"))
    world.now += timedelta(minutes=1)
    with statements(world) as many:
        visitor.get("/status")
    assert len(few) == len(many)
