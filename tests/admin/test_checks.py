"""Who has a case, what was checked, what the owner is asked for: each page, its refusals at their fields, and two at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portal.casework import objection, verification
from portal.models import Case, IdentityCheck
from tests.admin.clerk import Clerk
from tests.admin.desk import address, banner, do, has_form, open_act, queued, send, tags_of, typed
from tests.casework.staffroom import Staffroom
from tests.people import HANAKO
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]

D2 = {
    "e_document_type": "passport",
    "e_document_end": "1234",
    "e_face_compared": "y",
    "e_gesture_done": "y",
    "result": "match",
}
PAGES = {
    "checks/claim": "",
    "checks/release": "",
    "checks/take_over": "",
    "checks/reassign": "",
    "checks/record": "D2",
    "checks/mailbox": "",
    "checks/letter": "",
    "checks/pressure": "",
    "checks/ask": "",
    "checks/end_asking": "",
}


def checks(world: World, case_id: str) -> list[IdentityCheck]:
    """What people recorded in a case, oldest first."""
    world.session.rollback()
    query = world.session.query(IdentityCheck).filter_by(case_id=case_id, attested_by="person")
    return list(query.order_by(IdentityCheck.recorded_at))


def says_in(lang: str, page: Page, field: str, words: tuple[str, str]) -> None:
    """An error stands at its field and above the form, in the reader's language, and the title says so."""
    said = words[lang == "en"]
    assert page.code == 422
    assert page.errors_at(field) == [said]
    assert (said, page.summary[0][1]) in page.summary
    assert page.title.startswith("エラー：" if lang == "ja" else "Error: ")


# who has the case


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
            "2026年11月24日（火）10:01（日本時間）に Alice Verity さんが更新しました（自分に割り当て）。",
            "今回の操作は保存していません。",
        ),
        "en": (
            "Alice Verity updated this at 24 November 2026 at 10:01am JST (UTC+9): Assigned to themselves.",
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


# what was checked


def test_a_check_is_recorded(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    page = do(clerk("alice"), "checks/record", case_id, "D2", **D2)
    assert "結果を保存しました。" in banner(page)
    assert [(check.method, check.result) for check in checks(world, case_id)] == [("D2", "match")]


def test_the_page_of_a_check_says_what_to_do_and_what_counts(world: World, clerk: Hire) -> None:
    world.account()
    page = open_act(clerk("alice", "en"), "checks/record", world.verifying(), "D2")
    assert page.heading == "Video call with photo ID"
    assert "It counts when face, document and registered name agree." in page.text
    assert "Call the number on record, not the number in the form." in page.text
    legends = [legend.get_text(strip=True) for legend in page.html.find_all("legend")]
    assert "What you checked, and the result" in legends


def test_evidence_that_a_match_needs_is_marked_as_required(world: World, clerk: Hire) -> None:
    world.account()
    page = open_act(clerk("alice"), "checks/record", world.verifying(), "D2")
    assert page.html.find("label", attrs={"for": "e_document_end"}).get_text() == "番号の末尾 4 文字 ※必須"
    assert page.html.find("label", attrs={"for": "e_expires_on"}).get_text().endswith("※任意")


def test_a_match_without_its_evidence_is_refused_at_each_field(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    page = do(
        clerk("alice", lang), "checks/record", world.verifying(), "D2", result="match", e_document_end="12"
    )
    assert page.code == 422
    said = {
        field: page.errors_at(field)[0] for _, field in page.summary for field in [field.removesuffix("-0")]
    }
    words = {
        "e_document_type": ("書類の種類：入力してください。", "Kind of document: Enter this"),
        "e_document_end": (
            "番号の末尾 4 文字：英数字 4 文字を入力してください。",
            "Last 4 characters of its number: Enter exactly 4 letters or digits",
        ),
        "e_face_compared": (
            "顔と写真を見比べました：実施したことを確認し、チェックを入れてください。",
            "I compared the face with the picture: Confirm that this was done",
        ),
        "e_gesture_done": (
            "指定した動作をしてもらいました：実施したことを確認し、チェックを入れてください。",
            "The gesture I asked for was made: Confirm that this was done",
        ),
    }
    assert said == {field: both[lang == "en"] for field, both in words.items()}


def test_a_result_must_be_chosen(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    page = do(clerk("alice", lang), "checks/record", world.verifying(), "D2")
    words = (
        "『写真付き身分証を使ったビデオ通話』の結果を選択してください。",
        "Select the result of 'Video call with photo ID'",
    )
    says_in(lang, page, "result", words)


def test_what_did_not_match_must_be_said(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    page = do(clerk("alice", lang), "checks/record", world.verifying(), "D2", result="mismatch")
    says_in(lang, page, "note", ("不一致の内容を入力してください。", "Enter what did not match"))


def test_a_mismatch_needs_no_evidence(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    do(clerk("alice"), "checks/record", case_id, "D2", result="mismatch", note="another face")
    assert [check.result for check in checks(world, case_id)] == ["mismatch"]


@pytest.mark.parametrize("written", ["2026-10-1", "2026/10/01", "２０２６年１０月１日"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_day_may_be_written_as_people_write_it(world: World, clerk: Hire, written: str) -> None:
    world.account()
    case_id = world.verifying()
    evidence = {
        "e_notary_name": "Tokyo notary",
        "e_paper_number": "1",
        "e_issued_on": written,
        "result": "match",
    }
    do(clerk("alice"), "checks/record", case_id, "D5", **evidence)
    check = checks(world, case_id)[0]
    case = world.case(case_id)
    kept = world.runtime.vault.open_json(world.session, case.subject_id, check, "evidence")
    assert kept["issued_on"] == "2026-10-01"


def test_a_stale_page_says_who_and_when_and_keeps_what_was_typed(
    world: World, clerk: Hire, lang: str
) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", lang)
    open_act(alice, "checks/record", case_id, "D2")
    verification.mark_pressure(world.as_("lee"), case_id, "urgent")
    page = send(alice, **{**D2, "note": "seen at 10 o'clock"})
    assert page.code == 409
    assert "Lee Leader" in banner(page)
    kept = "入力した内容はこのページに残っています。" if lang == "ja" else "What you typed is still here."
    assert kept in banner(page)
    assert page.value("note") == "seen at 10 o'clock"
    assert page.value("e_document_type") == "passport"
    assert not checks(world, case_id)
    assert "結果を保存しました。" in banner(send(alice)) if lang == "ja" else send(alice).code == 200
    assert len(checks(world, case_id)) == 1


def test_what_was_typed_is_shown_where_the_page_has_no_place_for_it_any_more(
    world: World, clerk: Hire
) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", "en")
    open_act(alice, "checks/record", case_id, "D2")
    verification.take_over(world.as_("vic"), case_id, "urgent")
    page = send(alice, **{**D2, "note": "the gesture was slow"})
    assert page.code == 409
    assert not has_form(page)
    assert "What you typed" in page.text
    for words in ("the gesture was slow", "Passport", "1234", "Match"):
        assert words in page.text


def test_a_link_goes_to_a_registered_mailbox(world: World, clerk: Hire) -> None:
    account = world.account()
    case_id = world.verifying()
    contact = world.contacts(account, "email")[1]
    page = do(clerk("alice"), "checks/mailbox", case_id, contact=contact.id)
    assert "登録メールに確認用リンクを送信しています。" in banner(page)
    assert world.mails(case_id, "mailbox_check")[0].contact_id == contact.id


def test_registered_contacts_are_shown_masked(world: World, clerk: Hire) -> None:
    world.account()
    page = open_act(clerk("alice"), "checks/mailbox", world.verifying())
    assert HANAKO["second_email"] not in page.response.text
    assert page.text.count("h***@m***.example") == 2


def test_a_letter_is_made_for_the_registered_address(world: World, clerk: Hire) -> None:
    account = world.account()
    case_id = world.verifying()
    page = do(clerk("alice"), "checks/letter", case_id, contact=world.contacts(account, "post")[0].id)
    assert "郵便を作成しています。" in banner(page)
    assert len(world.letter_code(case_id)) == 14


@pytest.mark.parametrize("place", ["checks/mailbox", "checks/letter"])
def test_nothing_is_sent_to_anything_but_a_contact_of_the_account(
    world: World, clerk: Hire, lang: str, place: str
) -> None:
    account = world.account()
    world.account(number="210987654321", account_email="x@mail.example", second_email="y@mail.example")
    case_id = world.verifying()
    alice = clerk("alice", lang)
    words = ("登録済みの連絡先を選択してください。", "Select a registered contact.")
    wrong_kind = world.contacts(account, "phone")[0].id
    for contact in (None, "", "x", "alice@desk.example", wrong_kind):
        says_in(lang, do(alice, place, case_id, contact=contact), "contact", words)
    assert not world.mails(case_id, "mailbox_check")


def test_without_a_registered_address_there_is_no_letter_to_make(
    world: World, clerk: Hire, lang: str
) -> None:
    world.account(post="")
    page = open_act(clerk("alice", lang), "checks/letter", world.verifying())
    words = {
        "ja": "このアカウントには登録済みの連絡先がありません。",
        "en": "The account has no registered contact.",
    }
    assert words[lang] in page.text
    assert not has_form(page)


def test_a_colleague_who_was_there_says_so_with_a_code(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    check = world.check("alice", case_id, "W3")
    page = do(clerk("vic"), "checks/witness", case_id, check.id, code="new")
    assert "立ち会いを記録しました。" in banner(page)
    assert checks(world, case_id)[0].witness_id == world.logins["vic"].person_id


def test_a_witness_with_a_wrong_or_missing_code_is_refused(
    world: World, room: Staffroom, clerk: Hire, lang: str
) -> None:
    world.account()
    case_id = world.verifying()
    check = world.check("alice", case_id, "W3")
    vic = clerk("vic", lang)
    refused = {
        "": ("MFA コードを入力してください。", "Enter the 6-digit MFA code"),
        "123": (
            "MFA コードは 6 桁です（入力された数字は 3 桁）。",
            "MFA code must be 6 digits (you entered 3)",
        ),
        room.wrong_code("vic"): (
            "MFA コードが一致しません。新しく表示されたコードを入力してください。",
            "The code does not match. Enter the newest code in your app",
        ),
    }
    for code, words in refused.items():
        page = do(vic, "checks/witness", case_id, check.id, code=code)
        says_in(lang, page, "code", words)
        assert page.value("code") == ""


def test_who_checked_cannot_be_their_own_witness(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    check = world.check("alice", case_id, "W3")
    page = open_act(clerk("alice"), "checks/witness", case_id, check.id)
    assert "このケースは、すでに自分に割り当てられています。" in page.text
    assert not has_form(page)


def test_marking_pressure_raises_the_tier(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    page = do(clerk("alice"), "checks/pressure", case_id, marker="refuses_call_back")
    assert "保存しました。区分を計算し直しました。" in banner(page)
    assert world.case(case_id).tier == "elevated"


def test_what_was_noticed_must_be_one_of_the_answers(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", lang)
    for marker in (None, "rude"):
        page = do(alice, "checks/pressure", case_id, marker=marker)
        says_in(lang, page, "marker", ("気づいた様子を選択してください。", "Select what you noticed."))


# what the owner is asked for


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
    assert "郵便" in shown
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


# who may not, and what nobody's browser sends


@pytest.mark.parametrize("name", ["chika", "ada"])
def test_who_only_reads_or_manages_staff_has_no_page_of_an_act(world: World, clerk: Hire, name: str) -> None:
    case_id = world.queued()
    reader = clerk(name)
    codes = {place: reader.get(address(place, case_id, item)).code for place, item in PAGES.items()}
    assert set(codes.values()) == {403}


def test_an_approver_reads_why_there_is_nothing_to_do(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.verifying()
    bob = clerk("bob", lang)
    words = {"ja": "お使いの権限ではこの操作を行えません。", "en": "Your role does not allow this."}
    for place in ("checks/record", "checks/ask", "checks/take_over"):
        page = open_act(bob, place, case_id, PAGES[place])
        assert words[lang] in page.text
        assert not has_form(page)


def test_an_approver_who_sends_a_check_all_the_same_changes_nothing(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice, bob = clerk("alice"), clerk("bob")
    open_act(alice, "checks/record", case_id, "D2")
    sent = typed(alice, **D2)
    bob.get("/admin/queue/")
    page = bob.post(address("checks/record", case_id, "D2"), {**sent, "csrf_token": bob.token})
    assert page.code == 422
    assert not checks(world, case_id)


def test_who_does_not_hold_the_case_is_told_to_take_it_first(world: World, clerk: Hire) -> None:
    world.account()
    page = open_act(clerk("vic", "en"), "checks/record", world.verifying(), "D2")
    assert "Assign the case to yourself first." in page.text


def test_a_page_whose_time_is_over_says_what_happened_last(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.queued()
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    page = open_act(clerk("alice", "en"), "checks/claim", case_id)
    assert "The case is no longer at this stage." in page.text
    assert (
        "Last change by Registered contact at 24 November 2026 at 10:00am JST (UTC+9): Received" in page.text
    )


@pytest.mark.parametrize(
    "place", ["checks/record/H2", "checks/record/H1", "checks/record/XX", "checks/steal", "checks/witness/x"]
)
def test_a_method_or_page_that_is_none_is_not_found(world: World, clerk: Hire, place: str) -> None:
    world.account()
    view, key, *item = place.split("/")
    case_id = world.verifying()
    assert clerk("alice").get(address(f"{view}/{key}", case_id, *item)).code == 404


def test_a_form_without_a_sensible_version_is_not_acted_on(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice")
    for version in (None, "", "-1", "1.5", "²", "9" * 5000, "9" * 10):
        page = do(alice, "checks/record", case_id, "D2", **{**D2, "version": version})
        assert page.code == 400, version
    assert not checks(world, case_id)


def test_a_version_of_the_far_future_is_told_like_any_other_that_is_not_the_present_one(
    world: World, clerk: Hire
) -> None:
    world.account()
    case_id = world.verifying()
    assert do(clerk("alice"), "checks/record", case_id, "D2", **{**D2, "version": "999999999"}).code == 409


ODD: dict[str, tuple[dict[str, Any], int]] = {
    "an unknown answer": ({"e_document_type": "library_card"}, 422),
    "an unknown result": ({"result": "maybe"}, 422),
    "a very long note": ({"note": "x" * 501}, 422),
    "a very long value": ({"e_document_end": "9" * 5000}, 422),
    "a control character": ({"note": "a\x07b"}, 422),
    "a NUL": ({"note": "a\0b"}, 400),
    "half of a pair": ({"note": "\ufffe"}, 422),
    "a field twice": ({"result": ["match", "mismatch"]}, 400),
}


def test_values_made_by_hand_are_answered_clearly(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice")
    found = {}
    for name, (changed, _code) in ODD.items():
        found[name] = do(alice, "checks/record", case_id, "D2", **{**D2, **changed}).code
    assert found == {name: code for name, (_changed, code) in ODD.items()}
    assert not checks(world, case_id)


def test_a_note_that_is_too_long_says_so_and_is_kept(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    page = do(clerk("alice", lang), "checks/record", world.verifying(), "D2", **{**D2, "note": "あ" * 501})
    words = ("メモは 500 文字以内で入力してください。", "Note must be 500 characters or less")
    says_in(lang, page, "note", words)
    assert page.value("note") == "あ" * 501


def test_a_form_of_another_site_is_not_acted_on(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    alice = clerk("alice")
    answer = alice.client.post(address("checks/claim", case_id), data={"version": "2"})
    assert answer.status_code == 400
    assert world.session.get_one(Case, case_id).holder_id is None


def test_each_page_speaks_one_language(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.verifying()
    waiting = queued(world)[0]
    alice, lee = clerk("alice", lang), clerk("lee", lang)
    for method in ("D1", "D2", "D3", "D4", "D5", "D6", "W1", "W3"):
        assert open_act(alice, "checks/record", case_id, method).foreign_words(lang) == []
    for place in ("release", "take_over", "mailbox", "letter", "pressure", "ask"):
        assert open_act(alice, f"checks/{place}", case_id).foreign_words(lang) == []
    for place in ("claim", "reassign"):
        assert open_act(lee, f"checks/{place}", waiting).foreign_words(lang) == []
