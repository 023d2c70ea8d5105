"""What the owner is asked for: several things at once, in a mail that can be read before it is sent."""

from __future__ import annotations

from collections.abc import Callable

from tests.admin.clerk import Clerk
from tests.admin.desk import (
    banner,
    do,
    says_in,
    send,
)
from tests.world import World

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
    assert mail.startswith("本人確認のお願い")
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
    assert "2026年12月8日" in shown


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
