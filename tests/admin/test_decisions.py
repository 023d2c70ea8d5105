"""The second person judges what was checked: what they see, what bars them, and that nobody does both."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from portal.casework import approval, intake, rounds
from portal.casework.devices import devices_of
from portal.models import CheckOpening
from tests.admin.clerk import Clerk
from tests.admin.desk import D2, address, banner, do, has_form, open_act, says_in, send, tags_of, typed
from tests.casework.staffroom import Staffroom
from tests.casework.test_approval import privileged
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]


def open_every_check(clerk: Clerk, case_id: str) -> Page:
    """Press "open check and confirm" at each check, as the page offers it."""
    page = open_act(clerk, "decisions/approve", case_id)
    while forms := [form for form in page.html.main.find_all("form") if "/open/" in form["action"]]:
        page = clerk.send(forms[0]["action"])
    return page


def test_a_second_person_opens_each_check_and_approves_with_a_code(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.pending_approval()
    bob = clerk("bob")
    open_every_check(bob, case_id)
    page = send(bob, decision="agree", code=bob.code())
    assert "判断を保存し、関係者に知らせました。" in banner(page)
    assert world.status(case_id) == "cooling_off"


def test_the_second_person_sees_devices_checks_evidence_and_who_did_what(world: World, clerk: Hire) -> None:
    world.account()
    page = open_act(clerk("bob", "en"), "decisions/approve", world.pending_approval())
    for words in (
        "Deactivate",
        "Phone (Authenticator app",
        "Video call with photo ID Match",
        "Kind of document Another document with a photo",
        "Alice Verity, 24 November 2026",
        "Checked by Alice Verity",
        "Open and confirm every check that a person recorded.",
    ):
        assert words in page.text


def test_approving_before_every_check_is_opened_is_refused(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.pending_approval()
    bob = clerk("bob", lang)
    page = do(bob, "decisions/approve", case_id, decision="agree", code="new")
    words = {
        "ja": "担当者が記録した本人確認をすべて開いて確かめてください。",
        "en": "Open and confirm every check that a person recorded.",
    }
    assert page.code == 422
    assert page.html.select_one("#error-summary li").get_text() == words[lang]
    assert world.status(case_id) == "pending_approval"


def test_opening_a_check_leads_back_to_it(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.pending_approval()
    bob = clerk("bob")
    page = open_every_check(bob, case_id)
    assert page.path == address("decisions/approve", case_id)
    assert "ご自身が確認済み" in page.text
    assert world.session.query(CheckOpening).count() == 1


def test_a_decision_must_be_made(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.pending_approval()
    bob = clerk("bob", lang)
    for decision in (None, "perhaps"):
        page = do(bob, "decisions/approve", case_id, decision=decision, code="new")
        words = ("承認・差し戻しのいずれかを選択してください。", "Select approve or send back")
        says_in(lang, page, "decision", words)


def test_sending_back_needs_a_reason(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    page = do(
        clerk("bob", lang), "decisions/approve", world.pending_approval(), decision="send_back", code="new"
    )
    says_in(lang, page, "reason", ("差し戻す理由を入力してください。", "Enter a reason for sending back"))


def test_a_case_is_sent_back_with_a_reason_that_the_verifier_reads(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.pending_approval()
    reason = "身分証の写真が不鮮明です"
    page = do(clerk("bob"), "decisions/approve", case_id, decision="send_back", reason=reason, code="new")
    assert "ケースを差し戻しました。" in banner(page)
    assert world.status(case_id) == "verifying"
    assert reason in clerk("alice").get(f"/admin/case/{case_id}").text


def test_a_code_works_for_one_act_only(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.pending_approval()
    bob = clerk("bob", lang)
    open_every_check(bob, case_id)
    code = bob.code()
    send(bob, decision="agree", code="123456" if code != "123456" else "654321")
    page = send(bob, decision="send_back", reason="blurred", code=code)
    assert world.status(case_id) == "verifying", page.text
    approval.propose_removal(world.as_("alice"), case_id, [_device(world, case_id)])
    page = do(bob, "decisions/approve", case_id, decision="send_back", reason="again", code=code)
    words = (
        "MFA コードが一致しません。新しく表示されたコードを入力してください。",
        "The code does not match. Enter the newest code in your app",
    )
    says_in(lang, page, "code", words)
    assert page.value("reason") == "again"
    assert page.value("code") == ""


def _device(world: World, case_id: str) -> str:
    return devices_of(world.as_("alice"), world.case(case_id))[0].id


def test_the_verifier_has_no_button_to_approve(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    page = open_act(clerk("alice", lang), "decisions/approve", world.pending_approval())
    assert ("お使いの権限では" if lang == "ja" else "Your role does not allow this.") in page.text
    assert not has_form(page)


def test_the_verifier_cannot_approve_with_a_second_login_either(
    world: World, room: Staffroom, clerk: Hire, lang: str
) -> None:
    world.hire("alice.two", role=world.role("bob"), person_of="alice")
    room.give_password("alice.two")
    world.account()
    case_id = world.pending_approval()
    words = {
        "ja": "ご自身が確認したケースは承認できません。二次承認には別の担当者が必要です。",
        "en": "You cannot approve a case you checked. A different person must approve.",
    }
    page = open_act(clerk("alice.two", lang), "decisions/approve", case_id)
    assert words[lang] in page.text
    assert not has_form(page)


def test_a_second_login_that_sends_the_form_all_the_same_approves_nothing(
    world: World, room: Staffroom, clerk: Hire
) -> None:
    world.hire("alice.two", role=world.role("bob"), person_of="alice")
    room.give_password("alice.two")
    world.account()
    case_id = world.pending_approval()
    bob, two = clerk("bob"), clerk("alice.two")
    world.open_checks("bob", case_id)
    open_act(bob, "decisions/approve", case_id)
    sent = typed(bob, decision="agree")
    two.get("/admin/queue/")
    page = two.post(
        address("decisions/approve", case_id), {**sent, "csrf_token": two.token, "code": two.code()}
    )
    assert page.code == 422
    assert world.status(case_id) == "pending_approval"


def test_of_two_who_decide_at_once_one_is_told_who_was_faster_and_keeps_what_was_typed(
    world: World, clerk: Hire, lang: str
) -> None:
    world.account()
    case_id = world.pending_approval()
    world.open_checks("bob", case_id)
    bob, ben = clerk("bob"), clerk("ben", lang)
    open_act(bob, "decisions/approve", case_id)
    open_act(ben, "decisions/approve", case_id)
    send(bob, decision="agree", code=bob.code())
    page = send(ben, decision="send_back", reason="the gesture is missing", code=ben.code())
    assert page.code == 409
    said = {
        "ja": ("Bob Approva さんが更新しました。", "入力した内容"),
        "en": ("Bob Approva updated this at 24 November 2026", "What you typed"),
    }
    assert said[lang][0] in banner(page)
    assert said[lang][1] in page.text
    assert "the gesture is missing" in page.text
    assert world.status(case_id) == "cooling_off"


def test_a_second_press_with_the_same_code_is_told_that_the_first_has_worked(
    world: World, clerk: Hire
) -> None:
    world.account()
    case_id = world.pending_approval()
    bob = clerk("bob", "en")
    open_every_check(bob, case_id)
    sent = typed(bob, decision="agree", code=bob.code())
    bob.post(address("decisions/approve", case_id), sent)
    page = bob.post(address("decisions/approve", case_id), sent)
    assert page.code == 409
    assert "Bob Approva updated this" in banner(page)
    assert "does not match" not in page.text
    assert tags_of(world, f"case:{case_id}").count("case:removal:approved") == 1


def test_a_decline_is_agreed_to_without_opening_checks(world: World, clerk: Hire) -> None:
    case_id = world.verifying()
    approval.propose_decline(world.as_("alice"), case_id, "details_differ")
    bob = clerk("bob", "en")
    page = open_act(bob, "decisions/approve", case_id)
    assert "Decline the request : Details did not match" in page.text
    page = send(bob, decision="agree", code=bob.code())
    assert world.status(case_id) == "declined", page.text


def test_a_decision_on_a_decline_names_what_it_decides(world: World, clerk: Hire, lang: str) -> None:
    case_id = world.verifying()
    approval.propose_decline(world.as_("alice"), case_id, "details_differ")
    page = do(clerk("bob", lang), "decisions/approve", case_id, code="new")
    words = ("不承認・差し戻しのいずれかを選択してください。", "Select decline or send back")
    says_in(lang, page, "decision", words)


def test_a_privileged_case_can_be_sent_back_by_an_approver_but_needs_a_lead_to_agree(
    world: World, clerk: Hire, lang: str
) -> None:
    page = open_act(clerk("bob", lang), "decisions/approve", privileged(world))
    words = {"ja": "このケースは責任者が判断する必要があります。", "en": "A lead must decide this case."}
    assert words[lang] in page.text
    assert has_form(page)


def test_a_lead_repeats_a_live_check_before_agreeing_to_a_privileged_case(world: World, clerk: Hire) -> None:
    case_id = privileged(world)
    lee = clerk("lee", "en")
    page = open_act(lee, "decisions/approve", case_id)
    assert "Repeat one live check yourself." in page.text
    assert address("decisions/repeat", case_id, "D2") in page.links()
    do(lee, "decisions/repeat", case_id, "D2", **D2)
    page = open_every_check(lee, case_id)
    assert "Repeat one live check yourself." not in page.text
    send(lee, decision="agree", code=lee.code())
    assert world.status(case_id) == "cooling_off"


def test_only_a_live_check_can_be_repeated(world: World, clerk: Hire) -> None:
    case_id = privileged(world)
    lee = clerk("lee")
    assert {lee.get(address("decisions/repeat", case_id, item)).code for item in ("D5", "H1", "")} == {404}


def test_facts_that_changed_since_the_proposal_start_the_checks_again(world: World, clerk: Hire) -> None:
    account = world.account()
    case_id = world.pending_approval()
    bob = clerk("bob", "en")
    open_every_check(bob, case_id)
    rounds.facts_changed(world.system, account.id, "contact_changed")
    page = send(bob, decision="agree", code=bob.code())
    assert page.code == 409
    assert "System updated this" in banner(page)
    assert world.status(case_id) == "verifying"


def test_compliance_and_administrators_have_no_page_of_a_decision(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.pending_approval()
    for name in ("chika", "ada"):
        reader = clerk(name)
        assert reader.get(address("decisions/approve", case_id)).code == 403


def test_an_unconfirmed_request_has_no_page_of_a_decision(world: World, clerk: Hire) -> None:
    assert clerk("alice").get(address("decisions/propose_decline", world.submit())).code == 404


@pytest.mark.parametrize("decision", ["remove", "decline"])
def test_the_pages_of_a_decision_speak_one_language(
    world: World, clerk: Hire, lang: str, decision: str
) -> None:
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    alice, lee = clerk("alice", lang), clerk("lee", lang)
    proposing = "decisions/propose" if decision == "remove" else "decisions/propose_decline"
    assert open_act(alice, proposing, case_id).foreign_words(lang) == []
    if decision == "remove":
        world.propose("alice", case_id)
    else:
        approval.propose_decline(world.as_("alice"), case_id, "duplicate_request")
    assert open_act(lee, "decisions/approve", case_id).foreign_words(lang) == []
    assert open_act(lee, "decisions/repeat", case_id, "D2").foreign_words(lang) == []


def test_who_withdraws_while_the_page_is_open_is_named(world: World, clerk: Hire, app: Flask) -> None:
    world.account()
    case_id = world.pending_approval()
    bob = clerk("bob")
    open_every_check(bob, case_id)
    intake.withdraw(world.owner, case_id, "device_works")
    page = send(bob, decision="agree", code=bob.code())
    assert page.code == 409
    assert "お客様が更新しました。" in banner(page)


def test_whoever_opens_the_evidence_to_judge_it_is_on_record(world: World, clerk: Hire):
    world.account()
    case_id = world.pending_approval()
    bob = clerk("bob")
    bob.get(f"/admin/decisions/{case_id}/approve")

    assert tags_of(world, f"staff:{world.logins['bob'].staff_id}")[-1] == "case:page:read"
