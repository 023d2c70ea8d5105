"""What holds on every page of an act: who may not, what changed meanwhile, and values that nobody's browser sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portal.casework import objection, verification
from portal.models import Case
from tests.admin.clerk import Clerk
from tests.admin.desk import (
    D2,
    address,
    banner,
    checks,
    do,
    has_form,
    open_act,
    queued,
    says_in,
    send,
    tags_of,
    typed,
)
from tests.world import World

Hire = Callable[..., Clerk]


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


def test_who_changed_the_case_is_told_together_with_what_is_missing(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", "en")
    open_act(alice, "checks/record", case_id, "D2")
    verification.mark_pressure(world.as_("lee"), case_id, "urgent")
    page = send(alice)
    assert page.code == 409
    assert "Lee Leader updated this" in banner(page)
    assert page.errors_at("result") == ["Select the result of 'Video call with photo ID'"]


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


def test_looking_changes_nothing_however_it_is_asked(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    alice = clerk("alice")
    before = tags_of(world, f"case:{case_id}")
    for method in ("get", "head", "options"):
        assert getattr(alice.client, method)(address("checks/claim", case_id)).status_code == 200
    assert tags_of(world, f"case:{case_id}") == before


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
