"""What the owner is asked for: several things at once, in a mail that can be read before it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from portal.domain.lifecycle import Act
from portal.models import CaseTimer
from tests.admin.clerk import Clerk
from tests.admin.desk import (
    banner,
    do,
    open_act,
    says_in,
    send,
)
from tests.post import written
from tests.world import World

# The clock of these tests stands on Tuesday, 24 November 2026; owners have 14 days.
EVENING = datetime(2026, 11, 27, 14, 59, tzinfo=UTC)

Hire = Callable[..., Clerk]


def test_the_owner_is_asked_for_several_things_at_once(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    page = do(clerk("alice"), "checks/ask", case_id, items=["H4", "D2"])
    assert "お客様に、お客様の言語で依頼しました。対応期限は一時停止しています。" in banner(page)
    assert world.case(case_id).asked == ["H4", "D2"]
    assert world.status(case_id) == "waiting_owner"


def test_the_mail_can_be_read_before_it_is_sent_in_the_language_of_the_owner(
    world: World, clerk: Hire
) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", "en")
    page = do(alice, "checks/ask", case_id, items=["D2", "H4"], preview="yes")
    mail = page.html.find("div", lang="ja").get_text(" ", strip=True)
    assert mail.startswith("【Kaijo】本人確認のお願い（受付番号 MR-")
    assert "ビデオ通話で写真付き身分証を提示" in mail or "ビデオ通話" in mail
    assert world.status(case_id) == "verifying"
    assert page.foreign_words("en") == []
    send(alice)
    assert world.case(case_id).asked == ["H4", "D2"]


def test_the_preview_says_what_the_mail_will_say(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    page = do(clerk("alice"), "checks/ask", case_id, items=["H4"], preview="yes")
    shown = " ".join(page.html.find("div", lang="ja").get_text(" ", strip=True).split())
    assert "手紙" in shown
    assert "期限：2026年12月8日（火）23:59（日本時間）" in shown


def test_something_must_be_asked_for_and_nothing_that_is_not_offered(
    world: World, clerk: Hire, lang: str
) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", lang)
    for items in (None, ["H2"], ["D2", "<b>"], ["x" * 300]):
        page = do(alice, "checks/ask", case_id, items=items)
        says_in(lang, page, "items", ("依頼する項目を選択してください。", "Select what to ask for."))
    assert world.status(case_id) == "verifying"


def test_waiting_for_the_owner_is_ended_with_one_press(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.waiting_owner()
    alice = clerk("alice")
    alice.get(f"/admin/case/{case_id}")
    assert "ケースの担当に戻りました。" in banner(alice.send("/end_asking"))
    assert world.status(case_id) == "verifying"


def test_the_due_date_is_fourteen_days_away_unless_another_is_chosen(world: World, clerk: Hire) -> None:
    world.account()
    page = open_act(clerk("alice"), "checks/ask", world.verifying())
    field = page.html.find("input", attrs={"name": "due"})
    assert (field["type"], field["value"]) == ("date", "2026-12-08")
    assert (field["min"], field["max"]) == ("2026-11-25", "2026-12-08")


def test_the_owner_has_until_the_end_of_the_chosen_day_in_japan(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    do(clerk("alice"), "checks/ask", case_id, items=["H4"], due="2026-11-27")
    case = world.case(case_id)
    assert (case.asked_until, case.due_at) == (EVENING, EVENING)
    (mail,) = world.mails(case_id, "check_needed")
    assert world.params(mail)["until"] == "2026-11-27T14:59:00.000000Z"


def without_links(lines: list[str]) -> list[str]:
    return [line for line in lines if "://" not in line]


def test_the_mail_says_what_the_preview_said(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", "en")
    page = do(alice, "checks/ask", case_id, items=["H4", "D5"], due="2026-11-30", preview="yes")
    shown = page.html.find("div", lang="ja").get_text("\n", strip=True)
    send(alice)
    (row,) = world.mails(case_id, "check_needed")
    mail = written(world, row)
    sent_lines = [line.strip() for line in (mail.subject, *mail.text.splitlines()) if line.strip()]
    assert without_links(shown.splitlines()) == without_links(sent_lines)
    assert "期限：2026年11月30日（月）23:59（日本時間）" in sent_lines


@pytest.mark.parametrize(
    ("due", "words"),
    [
        ("2026-11-24", ("期限は明日以降の日付を入力してください。", "Due date must be after today")),
        ("2020-02-29", ("期限は明日以降の日付を入力してください。", "Due date must be after today")),
        (
            "2026-12-09",
            (
                "期限は 2026年12月8日（火）までの日付を入力してください。",
                "Due date must be 8 December 2026 or earlier",
            ),
        ),
        (
            "2026-02-30",
            (
                "期限の日付を入力してください（例：2026-12-08）。",
                "Enter the due date, for example 2026-12-08",
            ),
        ),
        (
            "",
            (
                "期限の日付を入力してください（例：2026-12-08）。",
                "Enter the due date, for example 2026-12-08",
            ),
        ),
        (
            "9" * 400,
            (
                "期限の日付を入力してください（例：2026-12-08）。",
                "Enter the due date, for example 2026-12-08",
            ),
        ),
    ],
)
def test_a_day_on_which_nothing_can_be_due_is_answered_at_the_field_and_what_was_chosen_is_kept(
    world: World, clerk: Hire, lang: str, due: str, words: tuple[str, str]
) -> None:
    world.account()
    case_id = world.verifying()
    page = do(clerk("alice", lang), "checks/ask", case_id, items=["D2"], due=due)
    says_in(lang, page, "due", words)
    assert page.html.find("input", attrs={"name": "due"}).get("value", "") == due
    assert page.html.find("input", attrs={"name": "items", "value": "D2"}).has_attr("checked")
    assert world.status(case_id) == "verifying"


@pytest.mark.parametrize("typed_day", ["2026/11/27", "2026年11月27日", "２０２６－１１－２７"])
def test_a_day_is_understood_however_it_is_typed(world: World, clerk: Hire, typed_day: str) -> None:
    world.account()
    case_id = world.verifying()
    do(clerk("alice"), "checks/ask", case_id, items=["H4"], due=typed_day)
    assert world.case(case_id).asked_until == EVENING


@pytest.mark.parametrize(
    ("due", "days"),
    [
        ("2026-11-25", []),
        ("2026-11-27", []),
        ("2026-11-29", [3]),
        ("2026-12-02", [3, 7]),
        ("2026-12-08", [3, 7, 12]),
    ],
)
def test_reminders_come_only_if_a_day_is_left_after_them(
    world: World, clerk: Hire, due: str, days: list[int]
) -> None:
    world.account()
    case_id = world.verifying()
    do(clerk("alice"), "checks/ask", case_id, items=["H4"], due=due)
    asked = world.case(case_id).status_at
    query = world.session.query(CaseTimer.at).filter_by(case_id=case_id, act=Act.REMIND_OWNER)
    assert sorted((at - asked).days for (at,) in query) == days


def test_the_case_page_says_until_when_the_owner_has_time(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice")
    do(alice, "checks/ask", case_id, items=["H4"], due="2026-11-27")
    assert "2026年11月27日（金）23:59（日本時間）" in alice.get(f"/admin/case/{case_id}").text
