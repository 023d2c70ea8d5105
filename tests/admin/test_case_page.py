"""The page of a case: one next step with what stands in its way, masked data, checks in words, and the history."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from portal.casework import approval, objection, proofs, rounds, verification
from portal.domain.lifecycle import Actor, Role, Status
from portal.models import Contact, IdentityCheck
from tests.admin.clerk import Clerk
from tests.admin.desk import next_step, queued, statements, tags_of
from tests.casework.staffroom import Staffroom
from tests.people import HANAKO
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]
OPENED = [status for status in Status if status is not Status.UNCONFIRMED]


def address(case_id: str) -> str:
    return f"/admin/case/{case_id}"


def links(page: Page) -> list[str]:
    return [link.get_text(" ", strip=True) for link in page.html.main.find_all("a")]


def buttons(page: Page) -> list[str]:
    return [button.get_text(" ", strip=True) for button in page.html.main.find_all("button", type="submit")]


def region(page: Page, heading: str) -> str:
    found = page.html.find(["h2", "h3"], string=heading)
    return " ".join(found.parent.get_text(" ", strip=True).split())


def test_who_reads_cases_may_open_one_and_others_may_not(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    codes = {name: clerk(name).get(address(case_id)).code for name in ("alice", "bob", "lee", "chika", "ada")}
    assert codes == {"alice": 200, "bob": 200, "lee": 200, "chika": 200, "ada": 403}


def test_a_case_that_is_none_or_nobodys_yet_is_not_found(world: World, clerk: Hire) -> None:
    alice = clerk("alice")
    assert [alice.get(address(each)).code for each in ("0" * 32, "x", world.submit())] == [404] * 3


def test_opening_a_case_is_recorded(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    clerk("chika").get(address(case_id))
    assert tags_of(world, f"staff:{world.logins['chika'].staff_id}")[-1] == "case:page:read"


def test_the_address_without_a_case_leads_to_the_queue(clerk: Hire) -> None:
    assert clerk("alice").get("/admin/case/").path == "/admin/queue/"


def test_the_head_says_number_status_tier_due_language_and_assignee(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    page = clerk("bob", "en").get(address(case_id))
    head = " ".join(page.html.select_one(".case-bar").get_text(" ", strip=True).split())
    for words in (
        "Checking identity",
        "Standard",
        "left",
        "日本語",
        "Alice Verity",
        "until 24 November 2026",
    ):
        assert words in head
    assert page.title.startswith(f"Case {world.case(case_id).reference} |")


def test_next_step_comes_before_data_and_data_before_the_history(world: World, clerk: Hire) -> None:
    page = clerk("alice").get(address(world.queued()))
    headings = [h2.get_text(" ", strip=True) for h2 in page.html.main.find_all("h2")]
    wanted = ["次の対応 自分に割り当てる", "リクエストの内容", "本人確認", "経過"]
    assert [heading for heading in headings if heading in wanted] == wanted


# Who sees which one button as the next step, and the words that stand in its way.
STEPS = {
    ("alice", Status.QUEUED): ("自分に割り当てる", ""),
    ("bob", Status.QUEUED): ("", ""),
    ("alice", Status.VERIFYING): ("本人確認を行う", "必要な本人確認がそろっていません。"),
    ("vic", Status.VERIFYING): ("", ""),
    ("alice", Status.WAITING_OWNER): ("お客様の対応待ちを終える", ""),
    ("bob", Status.PENDING_APPROVAL): ("二次承認", ""),
    ("alice", Status.PENDING_APPROVAL): ("", ""),
    ("alice", Status.COOLING_OFF): ("", ""),
    ("vic", Status.READY): ("MFA を無効にする", ""),
    ("lee", Status.FROZEN): ("停止後の対応を提案する", ""),
    ("bob", Status.FROZEN): ("", ""),
    ("alice", Status.DEACTIVATED): ("", ""),
    ("chika", Status.READY): ("", ""),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("name", "status"), STEPS)
def test_there_is_one_next_step_for_whoever_looks(
    world: World, clerk: Hire, name: str, status: Status
) -> None:
    world.account()
    button, blocker = STEPS[name, status]
    case_id = world.walks[status]()
    page = clerk(name).get(address(case_id))
    panel = page.html.select_one(".next-step")
    assert [part.get_text(strip=True) for part in panel.select(".button")] == ([button] if button else [])
    assert " ".join(item.get_text(strip=True) for item in panel.select(".blockers li")) == blocker


def test_a_second_login_of_the_verifier_reads_why_it_cannot_approve(
    world: World, room: Staffroom, clerk: Hire, lang: str
) -> None:
    world.hire("alice.two", role=world.role("bob"), person_of="alice")
    room.give_password("alice.two")
    world.account()
    page = clerk("alice.two", lang).get(address(world.pending_approval()))
    words = {
        "ja": "ご自身が確認したケースは承認できません。二次承認には別の担当者が必要です。",
        "en": "You cannot approve a case you checked. A different person must approve.",
    }
    assert words[lang] in next_step(page)
    assert not page.html.select(".next-step .button")


def test_a_wait_that_runs_says_how_long_and_until_when(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.cooling_off()
    said = next_step(clerk("alice", lang).get(address(case_id)))
    assert ("後の 2026年" in said) if lang == "ja" else ("Available in 23 hours" in said)


def test_a_wait_that_has_not_begun_says_what_it_waits_for(world: World, clerk: Hire) -> None:
    world.account()
    said = next_step(clerk("alice", "en").get(address(world.approved())))
    assert "starts when every registered contact has been told. It lasts 24 hours." in said


def test_a_case_without_an_account_says_so_and_offers_no_check(world: World, clerk: Hire) -> None:
    case_id = queued(world)[0]
    verification.claim(world.as_("alice"), case_id)
    page = clerk("alice").get(address(case_id))
    assert "リクエストに一致するアカウントが登録されていません。" in region(page, "登録台帳のアカウント")
    assert not page.html.select(".ways")


def test_other_acts_that_are_open_stand_below(world: World, clerk: Hire) -> None:
    world.account()
    page = clerk("alice").get(address(world.verifying()))
    others = region(page, "その他の操作")
    for words in ("お客様に依頼する", "不承認を提案する", "不審な様子を記録する", "担当を外れる"):
        assert words in others
    assert "引き継ぐ" not in others


def test_a_colleague_is_offered_to_take_over(world: World, clerk: Hire) -> None:
    world.account()
    assert "引き継ぐ" in region(clerk("vic").get(address(world.verifying())), "その他の操作")


def test_a_lead_is_offered_to_reassign(world: World, clerk: Hire) -> None:
    world.account()
    assert "担当者を変更する" in region(clerk("lee").get(address(world.verifying())), "その他の操作")


def test_compliance_is_offered_nothing_to_do(world: World, clerk: Hire) -> None:
    world.account()
    page = clerk("chika").get(address(world.verifying()))
    assert buttons(page) == []
    assert page.html.find(string="その他の操作") is None


def test_personal_data_is_masked_with_a_way_to_show_it(world: World, clerk: Hire) -> None:
    case_id = world.queued(detail="The phone fell into the sea")
    page = clerk("alice").get(address(case_id))
    for secret in (HANAKO["name"], HANAKO["account_email"], "1234-5678", "fell into the sea"):
        assert secret not in page.response.text
    assert f"/admin/reveal/{case_id}/name" in page.links()
    assert "（一部を伏せています）" in page.text


def test_compliance_cannot_show_masked_data_nor_read_evidence(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id, "D2", "mismatch")
    page = clerk("chika").get(address(case_id))
    assert not [link for link in page.links() if "/reveal/" in link]
    assert "does not fit" not in page.response.text
    assert "不一致" in page.text


def test_a_check_shows_result_evidence_note_who_and_what_it_counts_for(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id, "D2")
    world.check("alice", case_id, "W1", "could_not")
    page = clerk("vic", "en").get(address(case_id))
    cards = [" ".join(card.get_text(" ", strip=True).split()) for card in page.html.select(".check-card")]
    assert "Could not check Does not count: It could not be checked." in cards[0]
    assert "does not fit" in cards[0]
    assert "Video call with photo ID Match Counts for: One strong proof" in cards[1]
    assert "Last 4 characters of its number 1234" in cards[1]
    assert "Alice Verity, 24 November 2026" in cards[1]
    assert "Confirmation of the address for updates" in cards[2]


def test_the_result_of_all_checks_is_one_sentence(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    page = clerk("alice", lang).get(address(world.verifying()))
    words = {
        "ja": "必須 2 項目のうち 1 項目が一致。『強い確認を 1 つ（デバイス、書類、対面のいずれか）』が未実施です。",
        "en": "1 of 2 required checks match. 'One strong proof: device, document or in person' is not done.",
    }
    assert words[lang] in page.text


def test_the_holder_is_told_how_to_check_under_the_two_questions(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    page = clerk("alice").get(address(case_id))
    assert "折り返しは、フォームの番号ではなく登録済みの番号にかけてください。" in page.text
    for question in ("身元確認（本人であるか）", "当人認証（同じ人が手続きしているか）"):
        assert page.html.find("h3", string=question)
    assert f"/admin/checks/{case_id}/record/D2" in page.links()
    assert f"/admin/checks/{case_id}/mailbox" in page.links()
    assert f"/admin/checks/{case_id}/ask?items=P1" in page.links()
    assert f"/admin/checks/{case_id}/record/H2" not in page.links()


def test_only_the_holder_is_offered_checks(world: World, clerk: Hire) -> None:
    world.account()
    assert not clerk("vic").get(address(world.verifying())).html.select(".ways")


def test_a_check_in_person_offers_a_colleague_to_confirm_that_they_were_there(
    world: World, clerk: Hire
) -> None:
    world.account()
    case_id = world.verifying()
    check = world.check("alice", case_id, "W3")
    witness = f"/admin/checks/{case_id}/witness/{check.id}"
    assert witness in clerk("vic").get(address(case_id)).links()
    assert witness not in clerk("alice").get(address(case_id)).links()
    assert witness not in clerk("bob").get(address(case_id)).links()


def test_a_letter_is_handed_out_once_it_is_painted(world: World, clerk: Hire) -> None:
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    assert "手紙を作成しています。" in clerk("alice").get(address(case_id)).text


def test_the_history_says_what_who_and_when_newest_first(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    verification.take_over(world.as_("vic"), case_id, "on leave")
    page = clerk("alice", "en").get(address(case_id))
    items = [" ".join(item.get_text(" ", strip=True).split()) for item in page.html.select(".timeline__item")]
    assert items[0].startswith("Took over the case 24 November 2026 at 10:0")
    assert "Vic Verdi Assignee until then: Alice Verity" in items[0]
    assert items[-1].endswith("Owner")
    assert page.html.select_one("ol.timeline").has_attr("reversed")


def test_a_round_that_was_voided_says_why(world: World, clerk: Hire) -> None:
    account = world.account()
    case_id = world.pending_approval()
    rounds.facts_changed(world.system, account.id, "contact_changed")
    assert "30 日以内に連絡先が変更された" in clerk("alice").get(address(case_id)).text


def test_who_has_which_part_is_listed(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.pending_approval()
    world.open_checks("bob", case_id)
    parts = region(clerk("lee").get(address(case_id)), "担当者の役割")
    assert "Alice Verity：確認担当者" in parts
    assert "Bob Approva：承認者" in parts


def test_a_reason_for_sending_back_is_read_by_those_who_work_the_case(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.pending_approval()
    approval.send_back(world.as_("bob"), case_id, "the picture is blurred", code=world.code("bob"))
    assert "the picture is blurred" in clerk("alice").get(address(case_id)).text
    assert "the picture is blurred" not in clerk("chika").get(address(case_id)).response.text


def test_what_a_person_typed_is_never_markup(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying(organisation="<script>alert(1)</script>")
    note = "<b>bold</b>"
    verification.record_check(world.as_("alice"), case_id, "D2", "could_not", evidence={}, note=note)
    page = clerk("alice").get(address(case_id))
    assert note not in page.response.text
    assert note in page.text


def test_a_case_opened_by_an_objection_has_no_owner_to_show(world: World, clerk: Hire) -> None:
    account = world.account()
    contact = (
        world.session.execute(select(Contact.id).where(Contact.account_id == account.id)).scalars().first()
    )
    holder = world.owner.as_actor(Actor(roles=frozenset({Role.CONTACT}), contact_id=contact))
    case_id = objection.object_without_case(holder, contact, channel="mail").id
    page = clerk("lee").get(address(case_id))
    assert page.code == 200
    assert "停止後の対応を決める" in next_step(page)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("status", OPENED)
def test_the_page_speaks_one_language(world: World, clerk: Hire, status: Status) -> None:
    world.account()
    case_id = world.walks[status]()
    for lang in ("ja", "en"):
        page = clerk("lee", lang).get(address(case_id))
        assert page.code == 200
        # colleagues write to each other in either language
        assert [words for words in page.foreign_words(lang) if words != "the thief had the mailbox"] == []


def test_the_database_is_asked_equally_often_for_3_and_for_60_checks(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    asked = []
    for number in (3, 57):
        for place in range(number):
            world.check("alice", case_id, ("D2", "W1", "W3")[place % 3])
        reader = clerk("vic")
        with statements(world) as seen:
            page = reader.get(address(case_id))
        asked.append(len(seen))
    kept = world.session.query(IdentityCheck).filter(IdentityCheck.case_id == case_id).count()
    assert len(page.html.select(".check-card")) == kept
    assert asked[0] == asked[1]
