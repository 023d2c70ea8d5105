"""What was checked: each field with its refusals, links and letters to registered contacts, witnesses, pressure."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.casework import verification
from tests.admin.clerk import Clerk
from tests.admin.desk import (
    D2,
    banner,
    checks,
    do,
    has_form,
    open_act,
    says_in,
)
from tests.casework.staffroom import Staffroom
from tests.people import HANAKO
from tests.world import World

Hire = Callable[..., Clerk]


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
    assert "手紙を作成しています。" in banner(page)
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


def test_of_two_witnesses_at_once_the_later_one_reads_that_somebody_was_faster(
    world: World, clerk: Hire, lang: str
) -> None:
    world.account()
    case_id = world.verifying()
    check = world.check("alice", case_id, "W3")
    world.hire("vera")
    verification.witness(world.as_("vera"), case_id, check.id, world.code("vera"))
    page = do(clerk("vic", lang), "checks/witness", case_id, check.id, code="new")
    words = {
        "ja": "この確認の立ち会いは、すでに記録されています。",
        "en": "Somebody has already confirmed that they were there.",
    }
    assert page.code == 422
    assert words[lang] in page.html.select_one("#error-summary").get_text()
    assert checks(world, case_id)[0].witness_id == world.logins["vera"].person_id


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
