"""The removal: what will go, who may start it, the runbook's steps by two persons, and how each end is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

import wsgi
from portal.casework import deactivation, intake
from portal.casework.context import Refused
from portal.connectors import ConnectorError, runbook
from portal.models import DirectoryDevice, Principal
from tests.admin.clerk import Clerk
from tests.admin.desk import address, banner, do, has_form, open_act, says_in, send, tags_of, typed
from tests.casework.staffroom import Staffroom
from tests.casework.test_deactivation import half_removed, troubled, unreachable
from tests.public.visitor import Page
from tests.world import World

NAMED_IN_BOTH = "MFA デバイス / MFA device"  # the runbook knows no other name of the device

Hire = Callable[..., Clerk]


def result(clerk: Clerk, case_id: str) -> Page:
    page = clerk.get(address("removals/result", case_id))
    assert page.code == 200, page.text
    return page


def under_way(world: World) -> str:
    """A removal by hand that has been started; its owner is ready to sign in."""
    world.account(connector="runbook")
    case_id = world.ready()
    deactivation.declare_ready(world.owner, case_id)
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    deactivation.carry_out(world.system, case_id)
    return case_id


def step(world: World, case_id: str, key: str) -> str:
    """How an address names a step of the one attempt."""
    return f"{deactivation.removals_of(world.system, world.case(case_id))[0].id}:{key}"


# starting it


def test_the_page_restates_account_devices_wait_and_approvers(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.ready()
    page = open_act(clerk("vic", "en"), "removals/execute", case_id)
    for words in (
        "AWS account ID 123456789012",
        "End of the waiting period 25 November 2026",
        "Proposed and approved by Alice Verity, Bob Approva",
        "Will be deactivated Phone (Authenticator app",
        "Stays Drawer key (Hardware TOTP token",
        "Nothing has been changed yet.",
    ):
        assert words in page.text
    assert page.html.main.find("button", string="Deactivate MFA")


def test_a_removal_is_started_with_a_tick_and_a_code(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.ready()
    page = do(clerk("vic"), "removals/execute", case_id, seen="y", code="new")
    assert page.path == address("removals/result", case_id)
    assert "無効化を実行しています。" in page.text
    assert world.status(case_id) == "executing"


def test_without_the_tick_nothing_is_started(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.ready()
    page = do(clerk("vic", lang), "removals/execute", case_id, code="new")
    words = ("内容を確認し、チェックを入れてください。", "Confirm that you have checked what will happen")
    says_in(lang, page, "seen", words)
    assert world.status(case_id) == "ready"


def test_a_wrong_code_starts_nothing_and_keeps_the_tick(
    world: World, room: Staffroom, clerk: Hire, lang: str
) -> None:
    world.account()
    case_id = world.ready()
    vic = clerk("vic", lang)
    page = do(vic, "removals/execute", case_id, seen="y", code=room.wrong_code("vic"))
    words = (
        "MFA コードが一致しません。新しく表示されたコードを入力してください。",
        "The code does not match. Enter the newest code in your app",
    )
    says_in(lang, page, "code", words)
    assert page.html.find("input", attrs={"name": "seen"}).has_attr("checked")
    assert world.status(case_id) == "ready"


def test_a_wait_that_runs_is_said_as_text_without_a_button(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.cooling_off()
    page = open_act(clerk("vic", lang), "removals/execute", case_id)
    assert ("Available in 23 hours" in page.text) if lang == "en" else ("後の 2026年11月25日" in page.text)
    assert not has_form(page)


def test_a_second_press_returns_the_outcome_of_the_first(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.ready()
    vic = clerk("vic", "en")
    open_act(vic, "removals/execute", case_id)
    sent = typed(vic, seen="y", code=vic.code())
    vic.post(address("removals/execute", case_id), sent)
    page = vic.post(address("removals/execute", case_id), sent)
    assert page.path == address("removals/result", case_id)
    assert "In progress" in page.text
    assert tags_of(world, f"case:{case_id}").count("case:removal:started") == 1


def test_of_two_who_start_it_at_once_one_is_told_who_was_faster(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.ready()
    alice, vic = clerk("alice"), clerk("vic", lang)
    open_act(alice, "removals/execute", case_id)
    open_act(vic, "removals/execute", case_id)
    send(alice, seen="y", code=alice.code())
    page = send(vic, seen="y", code=vic.code())
    assert page.code == 409
    words = {"ja": "Alice Verity さんが更新しました。", "en": "Alice Verity updated this at"}
    assert words[lang] in banner(page)


def test_who_finds_that_the_owner_has_cancelled_reads_when(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.ready()
    vic = clerk("vic", lang)
    open_act(vic, "removals/execute", case_id)
    intake.withdraw(world.owner, case_id, "device_works")
    page = send(vic, seen="y", code=vic.code())
    words = {
        "ja": "にお客様が取り消しました。無効化は行いません。",
        "en": "The owner cancelled at 25 November 2026",
    }
    assert words[lang] in page.text
    assert not has_form(page)


def test_an_owner_who_is_not_ready_stands_in_the_way(world: World, clerk: Hire, lang: str) -> None:
    world.account(connector="runbook")
    case_id = world.ready()
    page = open_act(clerk("vic", lang), "removals/execute", case_id)
    words = {
        "ja": "お客様のサインインの準備が確認できていません。",
        "en": "The owner has not yet said that they are ready to sign in.",
    }
    assert words[lang] in page.text
    assert not has_form(page)


def test_a_device_that_is_gone_already_is_said_beforehand_and_starts_the_checks_again(
    world: World, clerk: Hire
) -> None:
    world.account()
    case_id = world.ready()
    case = world.case(case_id)
    device_id, principal = case.devices[0]["id"], world.session.get_one(Principal, case.principal_id)
    with world.system.act():
        world.system.connectors["local"].deactivate(world.session, principal, device_id, now=world.now)
    vic = clerk("vic", "en")
    page = open_act(vic, "removals/execute", case_id)
    assert "The account no longer has this device: Phone" in page.text
    page = send(vic, seen="y", code=vic.code())
    assert "Nothing was removed: the facts have changed, so the checks start again." in banner(page)
    assert world.status(case_id) == "verifying"


def test_a_silent_system_starts_nothing(world: World, room: Staffroom) -> None:
    world.account()
    case_id = world.ready()
    troubled(world, lambda name: unreachable("deactivate") if name == "list_devices" else None)
    vic = Clerk(wsgi.create_app(runtime=world.runtime), room, "vic", "en")
    vic.sign_in()
    page = vic.get(address("removals/execute", case_id))
    assert page.code == 503
    assert "The system that holds the MFA devices does not answer." in page.text
    assert world.status(case_id) == "ready"


def test_compliance_and_administrators_have_no_page_of_a_removal(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.ready()
    for name in ("chika", "ada"):
        reader = clerk(name)
        assert reader.get(address("removals/execute", case_id)).code == 403
        assert reader.get(address("removals/result", case_id)).code == 403


# how it ended


def test_a_finished_removal_is_done(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.deactivated()
    page = result(clerk("alice", "en"), case_id)
    assert page.html.select_one(".panel h2").get_text() == "Done"
    assert "Gone" in page.text


def test_a_removal_that_never_began_says_so(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.ready()
    page = result(clerk("alice", "en"), case_id)
    assert "No removal of this round has begun." in page.text


def test_a_failed_removal_says_what_happened_and_that_it_may_be_started_again(
    world: World, room: Staffroom, lang: str
) -> None:
    world.account()
    case_id = world.executing()
    troubled(world, unreachable)
    for _ in range(2):
        with pytest.raises(ConnectorError):
            deactivation.carry_out(world.system, case_id)
    deactivation.carry_out(world.system, case_id)
    alice = Clerk(wsgi.create_app(runtime=world.runtime), room, "alice", lang)
    alice.sign_in()
    page = result(alice, case_id)
    words = {"ja": ("失敗", "もう一度実行しても安全です。"), "en": ("Failed", "It is safe to start again")}
    assert page.html.select_one(".panel h2").get_text() == words[lang][0]
    assert words[lang][1] in page.text
    assert "no answer" in page.text
    assert address("removals/execute", case_id) in page.links()


def test_a_removal_that_went_half_way_is_partly_done_and_goes_on_from_there(
    world: World, clerk: Hire, lang: str
) -> None:
    case_id = half_removed(world)
    alice = clerk("alice", lang)
    words = {"ja": ("一部完了", "無効化済みのデバイス"), "en": ("Partly done", "Already gone")}
    assert result(alice, case_id).html.select_one(".panel h2").get_text() == words[lang][0]
    page = open_act(alice, "removals/execute", case_id)
    facts = {row.dt.get_text(): row.dd.get_text(" ", strip=True) for row in page.html.select(".facts__row")}
    went = world.session.execute(select(DirectoryDevice).where(DirectoryDevice.removed_at.is_not(None)))
    assert facts[words[lang][1]] == went.scalar_one().label
    assert not page.html.main.select(".panel")
    assert page.foreign_words(lang) == []
    assert (
        "残りのデバイスは、まだ変更していません。"
        if lang == "ja"
        else "What is left has not been changed yet."
    ) in page.text
    page = send(alice, seen="y", code=alice.code())
    assert page.path == address("removals/result", case_id)
    assert world.status(case_id) == "executing"


# by hand


def test_each_step_is_done_by_one_and_confirmed_by_another_until_the_device_is_gone(
    world: World, clerk: Hire
) -> None:
    case_id = under_way(world)
    alice, vic = clerk("alice"), clerk("vic")
    for key in runbook.STEPS:
        item = step(world, case_id, key)
        result(alice, case_id)
        page = alice.send(item)
        assert "手順を記録しました。別の担当者が確かめる必要があります。" in banner(page)
        page = do(vic, "removals/attest", case_id, item, code="new")
        assert "手順が完了し、確認されました。" in banner(page)
    assert world.status(case_id) == "deactivated"
    assert page.html.select_one(".panel h2").get_text() == "完了"


def test_ones_own_step_is_confirmed_by_somebody_else(world: World, clerk: Hire, lang: str) -> None:
    case_id = under_way(world)
    item = step(world, case_id, runbook.STEPS[0])
    deactivation.confirm_step(world.as_("alice"), case_id, *item.split(":"))
    alice = clerk("alice", lang)
    page = result(alice, case_id)
    words = {
        "ja": "この手順は別の担当者が確かめる必要があります。",
        "en": "A different person must confirm this step.",
    }
    assert words[lang] in page.text
    assert address("removals/attest", case_id, item) not in page.links()
    page = do(alice, "removals/attest", case_id, item, code="new")
    assert page.code == 422
    assert ("別の担当者が必要です。" if lang == "ja" else "A different person must approve.") in page.text


def test_until_the_sign_ins_are_confirmed_the_device_cannot_be_switched_off(
    world: World, clerk: Hire, lang: str
) -> None:
    case_id = under_way(world)
    item = step(world, case_id, "deactivate_device")
    vic = clerk("vic", lang)
    words = {
        "ja": "この手順の前に、1 人がサインインの有無を調べ、別の担当者がそれを確かめる必要があります。",
        "en": "Before this step, one person must check the sign-ins and a different person must confirm it.",
    }
    page = result(vic, case_id)
    assert words[lang] in page.html.select_one("#step-deactivate_device").get_text()
    assert not page.html.select("#step-deactivate_device button")
    page = open_act(vic, "removals/do", case_id, item)
    assert words[lang] in page.text
    assert not has_form(page)
    result(vic, case_id)
    page = vic.post(address("removals/do", case_id, item), {"csrf_token": vic.token})
    assert page.code == 422
    assert words[lang] in page.text
    looked = step(world, case_id, runbook.SIGN_INS)
    deactivation.confirm_step(world.as_("alice"), case_id, *looked.split(":"))
    do(vic, "removals/attest", case_id, looked, code="new")
    assert result(vic, case_id).html.select("#step-deactivate_device button")


def test_a_step_that_nobody_has_done_cannot_be_confirmed(world: World, clerk: Hire, lang: str) -> None:
    case_id = under_way(world)
    item = step(world, case_id, runbook.STEPS[0])
    page = do(clerk("vic", lang), "removals/attest", case_id, item, code="new")
    words = {"ja": "この手順は、まだ行われていません。", "en": "This step has not been done yet."}
    assert page.code == 422
    assert words[lang] in page.html.select_one("#error-summary").get_text()


def test_confirming_a_step_needs_a_code_that_was_not_used_before(world: World, clerk: Hire) -> None:
    case_id = under_way(world)
    items = [step(world, case_id, key) for key in runbook.STEPS[:2]]
    for item in items:
        deactivation.confirm_step(world.as_("alice"), case_id, *item.split(":"))
    vic = clerk("vic", "en")
    code = vic.code()
    do(vic, "removals/attest", case_id, items[0], code=code)
    page = do(vic, "removals/attest", case_id, items[1], code=code)
    says_in("en", page, "code", ("", "The code does not match. Enter the newest code in your app"))


def test_steps_that_are_none_are_not_found(world: World, clerk: Hire) -> None:
    case_id = under_way(world)
    real = step(world, case_id, runbook.STEPS[0]).partition(":")[0]
    alice = clerk("alice")
    for item in (f"{real}:dance", real, "x:open_support_tool", ":"):
        alice.get(address("removals/do", case_id, item))
        assert alice.page is not None
        assert alice.page.code == 404, item


def test_the_steps_stand_on_the_case_page_as_its_next_step(world: World, clerk: Hire) -> None:
    case_id = under_way(world)
    page = clerk("vic").get(f"/admin/case/{case_id}")
    assert page.html.select_one(".next-step .button")["href"] == address("removals/result", case_id)


def test_the_result_can_be_reached_from_the_case(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.deactivated()
    assert address("removals/result", case_id) in clerk("alice").get(f"/admin/case/{case_id}").links()


def test_an_hour_after_the_owner_was_ready_it_is_too_late(world: World) -> None:
    world.account(connector="runbook")
    case_id = world.ready()
    deactivation.declare_ready(world.owner, case_id)
    world.now += timedelta(minutes=61)
    with pytest.raises(Refused, match="owner_not_ready"):
        deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))


def test_the_pages_of_a_removal_speak_one_language(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.ready()
    vic = clerk("vic", lang)
    assert open_act(vic, "removals/execute", case_id).foreign_words(lang) == []
    assert result(vic, case_id).foreign_words(lang) == []


def test_the_pages_of_a_runbook_speak_one_language(world: World, clerk: Hire, lang: str) -> None:
    case_id = under_way(world)
    item = step(world, case_id, runbook.STEPS[0])
    vic = clerk("vic", lang)
    pages = [open_act(vic, f"removals/{key}", case_id, item) for key in ("do", "attest")]
    for page in (*pages, result(vic, case_id)):
        assert [words for words in page.foreign_words(lang) if words != NAMED_IN_BOTH] == []
