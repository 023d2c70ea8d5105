"""Who has a case: taken, released, taken over, given; and of two at once one is told who was faster."""

from __future__ import annotations

from collections.abc import Callable

from tests.admin.clerk import Clerk
from tests.admin.desk import (
    address,
    banner,
    do,
    has_form,
    open_act,
    says_in,
    send,
    tags_of,
)
from tests.world import World

Hire = Callable[..., Clerk]


def test_a_verifier_takes_a_case_with_one_press_on_its_page(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    alice = clerk("alice")
    alice.get(f"/admin/case/{case_id}")
    page = alice.send("/claim")
    assert page.path == f"/admin/case/{case_id}"
    assert "ケースを自分に割り当てました。" in banner(page)
    assert world.case(case_id).holder_id == world.logins["alice"].person_id


def test_of_two_who_take_a_case_at_once_one_is_told_who_was_faster(
    world: World, clerk: Hire, lang: str
) -> None:
    case_id = world.queued()
    alice, vic = clerk("alice"), clerk("vic", lang)
    alice.get(f"/admin/case/{case_id}")
    vic.get(f"/admin/case/{case_id}")
    alice.send("/claim")
    page = vic.send("/claim")
    assert page.code == 409
    words = {
        "ja": (
            "2026年11月24日（火）10:01（日本時間）に Alice Verity さんが更新しました。",
            "自分に割り当て Alice Verity さん",
            "今回の操作は保存していません。",
        ),
        "en": (
            "Alice Verity updated this at 24 November 2026 at 10:01am JST (UTC+9).",
            "Assigned to themselves Alice Verity",
            "Nothing of yours was saved.",
        ),
    }
    for said in words[lang]:
        assert said in banner(page)
    assert not has_form(page)
    assert world.case(case_id).holder_id == world.logins["alice"].person_id


def test_a_second_press_changes_nothing(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    alice = clerk("alice")
    alice.get(f"/admin/case/{case_id}")
    sent = alice.fill("/claim")
    alice.send("/claim")
    assert alice.post(address("checks/claim", case_id), sent).code == 409
    assert tags_of(world, f"case:{case_id}").count("case:claim:taken") == 1


def test_a_case_is_released(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    page = do(clerk("alice"), "checks/release", case_id)
    assert "ケースをキューに戻しました。本人確認の記録は残っています。" in banner(page)
    assert world.status(case_id) == "queued"


def test_a_case_is_taken_over_by_name_with_a_reason(world: World, clerk: Hire) -> None:
    case_id = world.verifying()
    vic = clerk("vic")
    assert open_act(vic, "checks/take_over", case_id).heading == "Alice Verity さんから引き継ぐ"
    page = send(vic, reason="Alice is ill today")
    assert "ケースを引き継ぎました。" in banner(page)
    assert world.case(case_id).holder_id == world.logins["vic"].person_id


def test_taking_over_without_a_reason_is_refused_at_the_field(world: World, clerk: Hire, lang: str) -> None:
    page = do(clerk("vic", lang), "checks/take_over", world.verifying(), reason="  ")
    says_in(lang, page, "reason", ("理由を入力してください。", "Enter a reason."))


def test_a_lead_gives_a_case_to_a_named_verifier(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    page = do(clerk("lee"), "checks/reassign", case_id, person=world.logins["vic"].person_id)
    assert "担当者を変更しました。" in banner(page)
    assert world.case(case_id).holder_id == world.logins["vic"].person_id


def test_only_people_who_may_check_the_case_are_offered(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    page = open_act(clerk("lee"), "checks/reassign", case_id)
    offered = [option.get_text() for option in page.html.select("#person option")]
    assert offered == ["選択してください", "Alice Verity", "Vic Verdi"]


def test_reassigning_to_nobody_or_to_somebody_who_cannot_is_refused(
    world: World, clerk: Hire, lang: str
) -> None:
    case_id = world.queued()
    lee = clerk("lee", lang)
    page = do(lee, "checks/reassign", case_id, person="")
    says_in(lang, page, "person", ("担当者を選択してください。", "Select an assignee"))
    for stranger in (world.logins["bob"].person_id, "nobody"):
        page = do(lee, "checks/reassign", case_id, person=stranger)
        words = ("この担当者は、このケースを扱えません。", "This person cannot work on the case.")
        says_in(lang, page, "person", words)
