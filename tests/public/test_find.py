"""Find my request: the same answer for everybody, and a link only in the mailbox to which updates go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import intake
from portal.domain.reference import new_reference
from portal.models import OutboxRow
from tests.post import work_off
from tests.public.records import statements
from tests.public.visitor import Page, Visitor
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EMAIL = "hanako@mail.example"


def ask(visitor: Visitor, reference: str, email: str = EMAIL) -> Page:
    visitor.get("/find")
    return visitor.send(reference=reference, email=email)


def found_link(world: World, case_id: str) -> str:
    """The link in the mail that the worker makes of the question; it is wiped once the mail is out."""
    world.session.rollback()
    query = select(OutboxRow.unique_key).where(OutboxRow.kind == "find")
    for key in world.session.execute(query).scalars().all():
        intake.send_found_link(world.system, key)
    return str(world.params(world.mails(case_id, "find_link")[0])["links"]["status"])


def mailed(world: World) -> int:
    """How many links the worker has sent."""
    query = select(OutboxRow).where(OutboxRow.notice == "find_link")
    return len(world.session.execute(query).scalars().all())


def test_link_arrives_in_the_mailbox_of_the_request(visitor: Visitor, world: World):
    case = world.case(world.queued())
    page = ask(visitor, case.reference)

    assert (page.path, page.heading) == ("/ja/find/sent", "メールを確認してください")
    assert "一致するリクエストがある場合は、状況確認用のリンクをメールで送信しました。" in page.text
    assert visitor.open(f"/ja/status/{found_link(world, case.id)}").heading == "リクエストの状況"


@pytest.mark.parametrize("spelling", ["{}", " {} ", "{lower}", "{wide}", "{bare}", "{spaced}"])
@ONE_DATABASE
def test_number_is_understood_in_any_case_and_width(visitor: Visitor, world: World, spelling: str):
    reference = world.case(world.queued()).reference
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in reference)
    ask(
        visitor,
        spelling.format(
            reference,
            lower=reference.lower(),
            wide=wide,
            bare=reference.replace("-", ""),
            spaced=reference.replace("-", " "),
        ),
    )
    work_off(world)

    assert mailed(world) == 1


def test_answer_and_statements_are_the_same_whoever_asks_for_what(visitor: Visitor, world: World):
    confirmed, unconfirmed = (world.case(make()).reference for make in (world.queued, world.submit))
    invented = new_reference(lambda count: b"\7" * count)
    ask(visitor, new_reference(lambda count: b"\6" * count))
    seen = []
    for reference, email in (
        (confirmed, EMAIL),
        (confirmed, "stranger@elsewhere.example"),
        (unconfirmed, EMAIL),
        (invented, EMAIL),
    ):
        with statements(world) as sent:
            page = ask(visitor, reference, email)
        seen.append((page.code, page.path, page.response.text, sorted(page.response.headers), sent))

    assert seen[1:] == seen[:1] * 3


def test_nobody_else_is_sent_a_link(visitor: Visitor, world: World):
    confirmed, unconfirmed = (world.case(make()).reference for make in (world.queued, world.submit))
    ask(visitor, confirmed, "stranger@elsewhere.example")
    ask(visitor, unconfirmed)
    ask(visitor, new_reference(lambda count: b"\7" * count))
    work_off(world)

    assert mailed(world) == 0


@ONE_DATABASE
def test_asking_twice_within_the_hour_sends_one_link(visitor: Visitor, world: World):
    reference = world.case(world.queued()).reference
    pages = [ask(visitor, reference) for _ in range(2)]
    work_off(world)

    assert pages[0].text == pages[1].text
    assert mailed(world) == 1


@pytest.mark.parametrize(
    ("lang", "heading", "advice"),
    [
        ("ja", "試行回数が多すぎます", "60 分後にもう一度試してください。"),
        ("en", "Too many attempts", "Try again in 60 minutes."),
    ],
)
def test_eleventh_question_within_an_hour_is_put_off(
    visitor: Visitor, world: World, lang: str, heading: str, advice: str
):
    visitor.language = lang
    for _ in range(10):
        assert ask(visitor, "MR-7K4Q-2W9D".replace("D", "")).code == 422  # a slip is not counted
    for _ in range(10):
        assert ask(visitor, new_reference(lambda count: b"\7" * count)).code == 200
    page = ask(visitor, new_reference(lambda count: b"\7" * count))
    assert (page.code, page.heading, page.response.headers["Retry-After"]) == (429, heading, "3600")
    assert advice in page.text

    world.now += timedelta(hours=1)
    assert ask(visitor, new_reference(lambda count: b"\7" * count)).code == 200


@ONE_DATABASE
@pytest.mark.parametrize(
    ("reference", "in_japanese", "in_english"),
    [
        ("", "受付番号を入力してください。", "Enter your receipt number"),
        (
            "MR-7K4Q",
            "受付番号は MR- と英数字 8 文字です。",
            "Receipt number is MR- then 8 letters or numbers",
        ),
        (
            "MR-7K4Q-2W9Z",
            "受付番号は MR- と英数字 8 文字です。",
            "Receipt number is MR- then 8 letters or numbers",
        ),
        (
            "M" * 5000,
            "受付番号は MR- と英数字 8 文字です。",
            "Receipt number is MR- then 8 letters or numbers",
        ),
    ],
)
def test_wrong_number_is_answered_at_the_field(
    visitor: Visitor, reference: str, in_japanese: str, in_english: str
):
    page = ask(visitor, reference)
    assert (page.code, page.errors_at("reference"), page.value("email")) == (422, [in_japanese], EMAIL)
    assert visitor.switch().errors_at("reference") == [in_english]


@ONE_DATABASE
def test_missing_address_is_answered_at_the_field(visitor: Visitor):
    page = ask(visitor, "MR-7K4Q", "")

    assert page.errors_at("email") == ["メールアドレスを入力してください。"]
    assert [target for _words, target in page.summary] == ["reference", "email"]


@ONE_DATABASE
def test_link_that_was_found_ends_with_the_case(visitor: Visitor, world: World):
    case = world.case(world.queued())
    ask(visitor, case.reference)
    link = found_link(world, case.id)
    intake.withdraw(world.owner, case.id, "other")
    world.now += timedelta(days=29, hours=23)
    assert visitor.open(f"/ja/status/{link}").heading == "リクエストの状況"

    world.now += timedelta(hours=1)
    page = visitor.get("/status")
    assert (page.code, page.heading) == (404, "このリンクは使えません")
    assert "リンクの有効期限が切れています。受付番号から続けてください。" in page.text
