"""A case on hold: a lead proposes how it goes on, and somebody who has had no part in it agrees."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.casework import objection
from tests.admin.clerk import Clerk
from tests.admin.desk import address, banner, do, has_form, open_act, says_in, send, typed
from tests.casework.staffroom import Staffroom
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]

WHY = "spoke to the owner at the registered number"


def proposed(world: World, outcome: str = "resume") -> str:
    world.account()
    case_id = world.frozen()
    objection.propose_unfreeze(world.as_("lee"), case_id, outcome, WHY)
    return case_id


def frozen_after_removal(world: World) -> str:
    world.account()
    case_id = world.deactivated()
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    return case_id


def offered(page: Page) -> list[str]:
    return [str(box["value"]) for box in page.html.find_all("input", attrs={"name": "outcome"})]


def test_a_lead_proposes_with_a_reason(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.frozen()
    page = do(clerk("lee"), "freezes/propose", case_id, outcome="resume", reason=WHY)
    assert "提案を保存しました。別の担当者が判断します。" in banner(page)
    assert "提案：本人確認を最初からやり直す" in page.text
    assert world.status(case_id) == "frozen"


def test_before_a_removal_the_case_can_go_on_or_be_declined(world: World, clerk: Hire) -> None:
    world.account()
    page = open_act(clerk("lee"), "freezes/propose", world.frozen())
    assert offered(page) == ["resume", "decline"]


def test_after_a_removal_it_can_stand_or_be_undone(world: World, clerk: Hire) -> None:
    case_id = frozen_after_removal(world)
    assert offered(open_act(clerk("lee"), "freezes/propose", case_id)) == ["unfounded", "reverse"]


def test_outcome_and_reason_are_asked_for_at_their_fields(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.frozen()
    lee = clerk("lee", lang)
    for outcome in (None, "reverse", "forget"):
        page = do(lee, "freezes/propose", case_id, outcome=outcome, reason=WHY)
        says_in(lang, page, "outcome", ("停止後の対応を選択してください。", "Select how to go on"))
        assert page.value("reason") == WHY
    page = do(lee, "freezes/propose", case_id, outcome="resume", reason="\u3000")
    says_in(lang, page, "reason", ("理由を入力してください。", "Enter a reason."))


def test_another_person_agrees_with_a_code_after_reading_why(world: World, clerk: Hire) -> None:
    case_id = proposed(world)
    bob = clerk("bob", "en")
    page = open_act(bob, "freezes/agree", case_id)
    assert WHY in page.text
    assert "Proposed by Lee Leader" in page.text
    page = send(bob, code=bob.code())
    assert "Your decision is saved, and everybody concerned is told." in banner(page)
    assert world.status(case_id) == "queued"


@pytest.mark.parametrize(("outcome", "status"), [("unfounded", "deactivated"), ("reverse", "reversed")])
def test_a_removal_stands_or_is_undone_by_two(world: World, clerk: Hire, outcome: str, status: str) -> None:
    case_id = frozen_after_removal(world)
    do(clerk("lee"), "freezes/propose", case_id, outcome=outcome, reason=WHY)
    do(clerk("lou"), "freezes/agree", case_id, code="new")
    assert world.status(case_id) == status


def test_the_proposer_cannot_agree_also_with_a_second_login(
    world: World, room: Staffroom, clerk: Hire, lang: str
) -> None:
    world.hire("lee.two", role=world.role("bob"), person_of="lee")
    room.give_password("lee.two")
    case_id = proposed(world)
    for name in ("lee", "lee.two"):
        page = open_act(clerk(name, lang), "freezes/agree", case_id)
        assert ("別の担当者が必要です。" if lang == "ja" else "A different person must approve.") in page.text
        assert not has_form(page)


def test_who_has_had_a_part_in_the_case_cannot_agree(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.pending_approval()
    world.open_checks("bob", case_id)
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    objection.propose_unfreeze(world.as_("lee"), case_id, "decline", WHY)
    page = open_act(clerk("bob"), "freezes/agree", case_id)
    assert "二次承認には別の担当者が必要です。" in page.text
    assert not has_form(page)


def test_a_code_works_once_here_too(world: World, clerk: Hire, lang: str) -> None:
    case_id = proposed(world)
    bob = clerk("bob", lang)
    page = do(bob, "freezes/agree", case_id, code="")
    says_in(lang, page, "code", ("MFA コードを入力してください。", "Enter the 6-digit MFA code"))
    open_act(bob, "freezes/agree", case_id)
    sent = typed(bob, code=bob.code())
    bob.post(address("freezes/agree", case_id), sent)
    assert world.status(case_id) == "queued"
    page = bob.post(address("freezes/agree", case_id), sent)
    assert page.code == 409
    assert "Bob Approva" in banner(page)


def test_nobody_agrees_to_a_proposal_that_was_changed_meanwhile(world: World, clerk: Hire, lang: str) -> None:
    case_id = proposed(world)
    bob = clerk("bob", lang)
    open_act(bob, "freezes/agree", case_id)
    objection.propose_unfreeze(world.as_("lou"), case_id, "decline", "nobody answers")
    page = send(bob, code=bob.code())
    assert page.code == 409
    assert "Lou Leader" in banner(page)
    assert "nobody answers" in page.text
    assert world.status(case_id) == "frozen"


def test_without_a_proposal_there_is_nothing_to_agree_to(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    page = open_act(clerk("bob", lang), "freezes/agree", world.frozen())
    words = {"ja": "この対応は提案されていません。", "en": "Nobody has proposed this."}
    assert words[lang] in page.text
    assert not has_form(page)


def test_a_verifier_can_neither_propose_nor_agree(world: World, clerk: Hire) -> None:
    case_id = proposed(world)
    alice = clerk("alice")
    for place in ("freezes/propose", "freezes/agree"):
        page = open_act(alice, place, case_id)
        assert "お使いの権限ではこの操作を行えません。" in page.text
        assert not has_form(page)


def test_compliance_and_administrators_have_no_page_of_a_hold(world: World, clerk: Hire) -> None:
    case_id = proposed(world)
    assert [clerk(name).get(address("freezes/agree", case_id)).code for name in ("chika", "ada")] == [
        403,
        403,
    ]


def test_the_pages_of_a_hold_speak_one_language(world: World, clerk: Hire, lang: str) -> None:
    case_id = proposed(world)
    pages = [
        open_act(clerk("lou", lang), "freezes/propose", case_id),
        open_act(clerk("bob", lang), "freezes/agree", case_id),
    ]
    # colleagues write to each other in either language
    assert [words for page in pages for words in page.foreign_words(lang) if words != WHY] == []
