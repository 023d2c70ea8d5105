"""The status page: where a request stands, what its owner has to do, what happened, and what can be done from there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import approval, objection, proofs, verification
from portal.domain.lifecycle import Status
from portal.models import DirectoryDevice, IdentityCheck
from tests.people import STAFF
from tests.post import work_off
from tests.public.records import new_status_link, statements
from tests.public.visitor import Page, Visitor, named
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# status: the tag, the sentence, what there is to do, and the five steps (d done, c in progress, t to do, s stopped)
SHOWN = {
    "unconfirmed": (
        "メール確認待ち",
        "2026年11月25日（水）10:00（日本時間）までに、メール内のリンクから確認してください。",
        "メール内のリンクを開き、「確認する」を押してください。",
        "ctttt",
    ),
    "queued": ("受付済み", "担当者が内容を確認します。", "お客様の作業はありません。", "dcttt"),
    "verifying": ("本人確認中", "現在、お客様の作業はありません。", "お客様の作業はありません。", "dcttt"),
    "waiting_owner": (
        "お客様の対応待ち",
        "下記の対応を 2026年12月8日（火）23:59（日本時間）までに行ってください。",
        "登録住所に届く手紙の確認コードを、状況のページで入力する",
        "dcttt",
    ),
    "pending_approval": (
        "承認手続き中",
        "現在、お客様の作業はありません。",
        "お客様の作業はありません。",
        "ddctt",
    ),
    "cooling_off": (
        "待機期間中",
        "日本時間）以降に MFA を無効にします。それまでは取り消せます。",
        "お客様の作業はありません。",
        "dddct",
    ),
    "ready": ("無効化待ち", "まもなく MFA を無効にします。", "お客様の作業はありません。", "ddddc"),
    "executing": ("無効化待ち", "まもなく MFA を無効にします。", "お客様の作業はありません。", "ddddc"),
    "deactivated": (
        "無効化済み",
        "MFA を無効にしました。新しい MFA デバイスを登録してください。",
        "すぐにサインインし、新しい MFA デバイスを登録してください。",
        "ddddd",
    ),
    "frozen": (
        "安全確認のため停止中",
        "安全のため手続きを止めて確認しています。",
        "お客様の作業はありません。",
        "dsttt",
    ),
    "declined": ("お受けできませんでした", "リクエストをお受けできませんでした。", "再確認", "ddstt"),
    "cancelled": (
        "取り消し済み",
        "このリクエストは取り消されました。",
        "お客様の作業はありません。",
        "dsttt",
    ),
    "expired": (
        "期限切れ",
        "期限までに確認できなかったため終了しました。",
        "お客様の作業はありません。",
        "stttt",
    ),
    "reversed": (
        "無効化は誤りと判断",
        "MFA の無効化は、行うべきではなかったと判断しました。",
        "以前の MFA デバイスは自動では元に戻りません。アカウントの所有者の方は、パスワードを変更し、"
        "新しい MFA デバイスを登録してください。",
        "dddds",
    ),
}
STEPS = {"完了": "d", "進行中": "c", "未着手": "t", "停止": "s"}


def follow(visitor: Visitor, world: World, case_id: str) -> Page:
    """Come with the link to the status of a case; a request that is not confirmed yet has none in its mails."""
    return visitor.open(f"/{visitor.language}/status/{new_status_link(world, case_id)}")


@pytest.mark.parametrize("status", list(Status))
def test_each_status_says_how_things_stand_and_what_to_do(visitor: Visitor, world: World, status: Status):
    world.account()
    page = follow(visitor, world, world.walks[status]())
    tag, sentence, to_do, steps = SHOWN[status]

    assert (page.path, page.heading) == ("/ja/status", "リクエストの状況")
    assert page.html.select_one(".state .tag").get_text(strip=True) == tag
    assert sentence in page.html.select_one(".state__sentence").get_text()
    assert to_do in page.html.select_one(".state__todo").get_text(" ", strip=True)
    assert steps_of(page) == steps
    assert len(page.html.select("[aria-current=step]")) == steps.count("c")


@ONE_DATABASE
@pytest.mark.parametrize("status", list(Status))
def test_each_status_speaks_one_language_and_names_no_staff(visitor: Visitor, world: World, status: Status):
    world.account()
    japanese = follow(visitor, world, world.walks[status]())
    english = visitor.other_language()

    assert (japanese.foreign_words("ja"), english.foreign_words("en")) == ([], [])
    for page in (japanese, english):
        assert not [name for name, _role in STAFF.values() if name in page.response.text]
        assert not [name for name, _role in STAFF.values() if name.split()[0] in page.text]


@ONE_DATABASE
def test_history_tells_newest_first_what_happened_when_and_on_whose_side(visitor: Visitor, world: World):
    world.account()
    page = follow(visitor, world, world.waiting_owner())

    history = page.html.select_one("ol.timeline")
    assert history.has_attr("reversed")
    told = [
        (item.select_one(".timeline__what").get_text(), item.select_one(".timeline__who").get_text())
        for item in history.select("li")
    ]
    assert told == [
        ("お客様に対応を依頼", "サポート担当"),
        ("本人確認を開始", "サポート担当"),
        ("本人確認の情報を受領", "システム"),
        ("メールアドレスを確認", "お客様"),
        ("リクエストを送信", "お客様"),
    ]
    assert all(time["datetime"].startswith("2026-11-24T01:") for time in history.select("time"))


@ONE_DATABASE
def test_request_without_news_says_so(visitor: Visitor, world: World):
    assert "受付以降の更新はまだありません。" in follow(visitor, world, world.submit()).text


def test_link_is_moved_out_of_the_address(visitor: Visitor, world: World):
    raw = world.link(world.queued(), "status")
    answer = visitor.client.get(f"/ja/status/{raw}")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/ja/status")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert raw not in visitor.get("/status").response.text


@ONE_DATABASE
@pytest.mark.parametrize(
    "path",
    ["/status", "/status/cancel", "/status/cancelled", "/status/letter", "/status/device", "/status/appeal"],
)
def test_browser_without_the_link_is_led_to_find_its_request(visitor: Visitor, lang: str, path: str):
    visitor.language = lang
    page = visitor.get(path)

    assert (page.code, page.foreign_words(lang)) == (404, [])
    assert f"/{lang}/find" in page.links()


@ONE_DATABASE
@pytest.mark.parametrize("cookie", ["x", "A" * 43, "é" * 43])
def test_cookie_of_no_request_opens_nothing(visitor: Visitor, cookie: str):
    visitor.client.set_cookie("case", cookie)

    assert visitor.get("/status").code == 404


def test_task_is_a_link_until_it_is_done_and_then_a_mark(visitor: Visitor, world: World):
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    verification.ask(world.as_("alice"), case_id, ["H4", "D6"])
    page = follow(visitor, world, case_id)
    assert [task.get_text() for task in page.html.select(".tasks .tag__text")] == ["未対応", "未対応"]

    visitor.follow("登録住所に届く手紙の確認コードを、状況のページで入力する")
    done = visitor.send(code=world.letter_code(case_id))
    assert [task.get_text() for task in done.html.select(".tasks .tag__text")] == ["対応済み", "未対応"]
    assert "コードを確認しました。手続きを続けます。" in done.text


@pytest.mark.parametrize("spelling", ["{}", "{lower}", "{wide}", " {bare} "])
@ONE_DATABASE
def test_code_of_the_letter_is_understood_however_it_is_typed(visitor: Visitor, world: World, spelling: str):
    case_id = with_letter(world)
    code = world.letter_code(case_id)
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    follow(visitor, world, case_id)
    visitor.get("/status/letter")
    visitor.send(code=spelling.format(code, lower=code.lower(), wide=wide, bare=code.replace("-", "")))

    assert "H4" in methods(world, case_id)


@ONE_DATABASE
@pytest.mark.parametrize(
    ("typed", "in_japanese", "in_english"),
    [
        (
            "",
            "手紙に記載された確認コードを入力してください。",
            "Enter the code that is printed in our letter",
        ),
        (
            "ABCD",
            "コードは 12 文字の英数字です（入力された文字は 4 文字）。",
            "The code has 12 letters and numbers (you entered 4)",
        ),
        (
            "ABCD-EFGH-JKMN",
            "確認コードが一致しません。手紙の記載を確かめて、もう一度入力してください。",
            "The code does not match. Compare it with the letter and enter it again",
        ),
    ],
)
def test_wrong_code_of_a_letter_is_answered_at_the_field(
    visitor: Visitor, world: World, typed: str, in_japanese: str, in_english: str
):
    follow(visitor, world, with_letter(world))
    visitor.get("/status/letter")
    page = visitor.send(code=typed)
    assert (page.code, page.errors_at("code"), page.value("code")) == (422, [in_japanese], typed)
    assert page.title.startswith("エラー：")
    assert visitor.switch().errors_at("code") == [in_english]


def test_sixth_wrong_code_is_not_tried_any_more(visitor: Visitor, world: World):
    case_id = with_letter(world)
    follow(visitor, world, case_id)
    visitor.get("/status/letter")
    for _ in range(5):
        visitor.send(code="ABCD-EFGH-JKMN")
    page = visitor.send(code=world.letter_code(case_id))

    assert page.errors_at("code") == ["誤ったコードが続きました。担当者からの連絡をお待ちください。"]
    assert "H4" not in methods(world, case_id)


@ONE_DATABASE
def test_code_of_a_letter_that_comes_too_late_is_not_asked_for(visitor: Visitor, world: World):
    world.account()
    follow(visitor, world, world.cooling_off())
    page = visitor.get("/status/letter")

    assert page.path == "/ja/status"
    assert "状況が変わったため、操作は行われませんでした。" in page.text


def test_code_of_another_device_is_a_proof(visitor: Visitor, world: World):
    world.account()
    case_id = world.verifying()
    verification.ask(world.as_("alice"), case_id, ["P1"])
    follow(visitor, world, case_id)
    page = visitor.follow("登録済みの別の MFA デバイスのコードを、状況のページで入力する")
    devices = {choice["value"] for choice in page.html.select("[name=device]")}
    device_id = world.session.execute(
        select(DirectoryDevice.id).where(DirectoryDevice.label == "Drawer key")
    ).scalar_one()
    assert device_id in devices
    assert page.foreign_words("ja") == []

    wrong = visitor.send(device=device_id, code="000000")
    assert wrong.errors_at("code") == ["MFA コードが一致しません。新しく表示されたコードを入力してください。"]
    assert wrong.value("device") == device_id
    visitor.send(device=device_id, code=world.device_code(device_id))
    assert "P1" in methods(world, case_id)


@ONE_DATABASE
def test_devices_are_named_only_to_somebody_who_has_proven_something(visitor: Visitor, world: World):
    world.account()
    case_id = world.verifying(reply_email="new@elsewhere.example")
    verification.ask(world.as_("alice"), case_id, ["P1"])
    follow(visitor, world, case_id)
    page = visitor.get("/status/device")

    assert "Drawer key" not in page.response.text
    assert "デバイス 1（" in page.text


@ONE_DATABASE
def test_device_is_not_asked_for_unless_we_asked(visitor: Visitor, world: World):
    world.account()
    follow(visitor, world, world.waiting_owner())

    assert visitor.get("/status/device").path == "/ja/status"


def test_owner_says_when_they_are_ready_to_sign_in(visitor: Visitor, world: World):
    world.account(connector="runbook")
    page = follow(visitor, world, world.ready())
    assert "すぐにサインインし、新しいデバイスを登録できる状態で、受付時間内に押してください。" in page.text
    page = visitor.send("ready")
    assert "1 時間以内に、担当者が MFA を無効にします。" in page.text
    assert page.html.find("form", method="post") is None

    world.now += timedelta(hours=1, seconds=1)
    assert visitor.get("/status").html.find("form", method="post") is not None


def test_declined_request_says_why_and_can_be_looked_at_once_more(visitor: Visitor, world: World):
    world.account()
    case_id = world.declined()
    page = follow(visitor, world, case_id)
    assert "理由：情報が一致しなかった" in page.text.replace(" ", "")
    page = visitor.follow("再確認を依頼する")
    assert page.foreign_words("ja") == []
    sent = visitor.fill()
    page = visitor.send()

    assert world.status(case_id) == "queued"
    assert "再確認を依頼する" not in page.text
    again = visitor.post("/ja/status/appeal", sent)
    assert "状況が変わったため、操作は行われませんでした。" in again.text


@ONE_DATABASE
def test_appeal_is_not_offered_after_its_time(visitor: Visitor, world: World):
    world.account()
    case_id = world.declined()
    follow(visitor, world, case_id)
    world.now += timedelta(days=14, seconds=1)

    assert "再確認を依頼する" not in visitor.get("/status").text
    assert visitor.get("/status/appeal").path == "/ja/status"


@ONE_DATABASE
def test_papers_are_offered_once_they_are_made(visitor: Visitor, world: World):
    case_id = world.queued()
    page = follow(visitor, world, case_id)
    assert "作成しています。" in page.text

    work_off(world)
    page = visitor.get("/status")
    assert [named(link) for link in page.html.select(".file a")] == ["受付票を保存する"]


@ONE_DATABASE
def test_wait_that_has_not_begun_is_explained(visitor: Visitor, world: World):
    world.account()
    page = follow(visitor, world, world.approved())

    assert "登録済みの連絡先へお知らせしています。" in page.text


def test_status_page_asks_the_database_as_often_however_long_the_story_is(visitor: Visitor, world: World):
    world.account()
    case_id = world.verifying()
    follow(visitor, world, case_id)
    with statements(world) as few:
        visitor.get("/status")
    for _ in range(6):
        world.check("alice", case_id)
        verification.ask(world.as_("alice"), case_id, ["D2"])
        verification.end_asking(world.as_("alice"), case_id)
    with statements(world) as many:
        visitor.get("/status")

    assert few == many


def test_freeze_that_ended_is_told_with_its_end(visitor: Visitor, world: World):
    world.account()
    case_id = world.frozen()
    follow(visitor, world, case_id)
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "called back")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))

    assert "安全確認が終わり、本人確認をやり直し" in visitor.get("/status").text


@ONE_DATABASE
def test_refused_proposal_is_told_without_its_reasons(visitor: Visitor, world: World):
    world.account()
    case_id = world.pending_approval()
    approval.send_back(world.as_("bob"), case_id, "the voice was strange", code=world.code("bob"))
    page = follow(visitor, world, case_id)

    assert "追加の確認のため差し戻し" in page.text
    assert "voice" not in page.response.text


def with_letter(world: World) -> str:
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    return case_id


def methods(world: World, case_id: str) -> set[str]:
    world.session.rollback()
    query = select(IdentityCheck.method).where(IdentityCheck.case_id == case_id)
    return set(world.session.execute(query).scalars())


def steps_of(page: Page) -> str:
    return "".join(STEPS[state.get_text()] for state in page.html.select(".steps__state"))


@pytest.mark.parametrize("account_email", ["hanako@mail.example", "nobody@mail.example"])
def test_no_code_can_be_typed_before_a_letter_was_posted_so_that_no_answer_tells_of_an_account(
    visitor: Visitor, world: World, account_email: str
):
    world.account()
    case_id = world.queued(reply_email="stranger@else.example", account_email=account_email)
    visitor.open(f"/ja/status/{new_status_link(world, case_id)}")
    shown = visitor.get("/status/letter")

    assert (shown.path, shown.query) == ("/ja/status", "said=too_late")
