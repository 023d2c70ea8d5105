"""Several cases for somebody at once: each is an act of its own, and the answer says which were assigned and which were not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from flask import Flask

from portal.casework import approval, verification
from portal.models import Case
from tests.admin.clerk import Clerk, whole_database
from tests.admin.conftest import Hire
from tests.admin.desk import queued, says_in, statements, tags_of
from tests.admin.queue_page import QUEUE
from tests.public.visitor import Page
from tests.world import World

ASSIGN = f"{QUEUE}assign"


def boxes(page: Page) -> dict[str, str]:
    """What each box on the page would send, by the words of its label."""
    return {str(box["aria-label"]): str(box["value"]) for box in page.html.select("input.pick")}


def pick(world: World, *case_ids: str) -> list[str]:
    return [f"{case_id}.{world.case(case_id).version}" for case_id in case_ids]


def assign(clerk: Clerk, picks: Iterable[str], query: str = "view=open", **typed: str) -> Page:
    clerk.get(f"{QUEUE}?{query}")
    return clerk.post(f"{ASSIGN}?{query}", {"csrf_token": clerk.token, "case": list(picks), **typed})


def lists(page: Page) -> list[list[str]]:
    """What stands under each heading of the answer."""
    return [
        [line.get_text(" ", strip=True) for line in part.select("li")] for part in page.html.select(".banner")
    ]


def holder(world: World, case_id: str) -> str | None:
    return world.case(case_id).holder_id


def test_a_verifier_takes_several_cases_at_once(world: World, clerk: Hire, lang: str) -> None:
    made = queued(world, 3)
    alice = clerk("alice", lang)
    page = assign(alice, pick(world, *made[:2]))

    assert page.code == 200
    assert {"ja": "自分に割り当てました", "en": "Assigned to you"}[lang] in page.text
    assert lists(page) == [[world.case(case_id).reference for case_id in made[:2]]]
    assert [holder(world, case_id) for case_id in made] == [world.logins["alice"].person_id] * 2 + [None]
    assert page.foreign_words(lang) == []


def test_a_lead_gives_cases_to_a_verifier(world: World, clerk: Hire, lang: str) -> None:
    made = queued(world, 2)
    verification.claim(world.as_("alice"), made[0])
    page = assign(clerk("lee", lang), pick(world, *made), person=world.logins["vic"].person_id)

    assert {"ja": "Vic Verdi さんに割り当てました", "en": "Assigned to Vic Verdi"}[lang] in page.text
    assert {holder(world, case_id) for case_id in made} == {world.logins["vic"].person_id}


def test_each_assignment_is_an_act_of_its_own_on_record(world: World, clerk: Hire) -> None:
    made = queued(world, 2)
    assign(clerk("lee"), pick(world, *made), person=world.logins["vic"].person_id)

    assert [tags_of(world, f"case:{case_id}")[-1] for case_id in made] == ["case:claim:reassigned"] * 2


def test_a_case_that_somebody_took_meanwhile_does_not_hold_up_the_others(
    world: World, clerk: Hire, lang: str
) -> None:
    made = queued(world, 3)
    seen = pick(world, *made)
    verification.claim(world.as_("vic"), made[1])
    page = assign(clerk("alice", lang), seen)
    names = [world.case(case_id).reference for case_id in made]

    assert page.code == 200
    done, left = lists(page)
    assert done == [names[0], names[2]]
    assert left[0].startswith(names[1])
    assert "Vic Verdi" in left[0]
    assert holder(world, made[1]) == world.logins["vic"].person_id


def test_a_person_who_may_not_have_one_of_the_cases_gets_the_others(world: World, clerk: Hire) -> None:
    world.account(second_email="vic@desk.example")
    own, other = world.queued(), queued(world)[0]
    page = assign(clerk("lee", "en"), pick(world, own, other), person=world.logins["vic"].person_id)

    assert lists(page) == [
        [world.case(other).reference],
        [f"{world.case(own).reference} : This person cannot work on the case."],
    ]
    assert holder(world, own) is None


def test_nothing_assigned_is_a_conflict_in_words(world: World, clerk: Hire) -> None:
    made = queued(world)
    seen = pick(world, *made)
    verification.claim(world.as_("vic"), made[0])
    page = assign(clerk("alice", "en"), seen)

    assert page.code == 409
    assert page.html.select_one(".banner").get_text(" ", strip=True).startswith("Not assigned")


def test_who_can_be_chosen_are_the_verifiers_of_now(world: World, clerk: Hire) -> None:
    world.hire("gone")
    world.role_row("gone").revoked_at = world.now
    world.session.commit()
    queued(world)
    page = clerk("lee", "en").get(QUEUE)
    offered = [option.get_text() for option in page.html.select("#assign select option")]

    assert offered == ["Select a person", "Alice Verity", "Vic Verdi"]


@pytest.mark.parametrize(("name", "statuses"), [("alice", 1), ("lee", 2), ("bob", 0), ("chika", 0)])
def test_boxes_stand_only_where_somebody_could_assign(
    world: World, clerk: Hire, name: str, statuses: int
) -> None:
    free, held, proposed = queued(world, 3)
    for case_id in (held, proposed):
        verification.claim(world.as_("vic"), case_id)
    approval.propose_decline(world.as_("vic"), proposed, "details_differ")
    page = clerk(name).get(f"{QUEUE}?view=open")

    assert {value.partition(".")[0] for value in boxes(page).values()} == {*[free, held][:statuses]}
    assert bool(page.html.find("form", id="assign")) == bool(statuses)


def test_each_box_says_which_case_it_is_for(world: World, clerk: Hire, lang: str) -> None:
    case = world.case(queued(world)[0])
    box = clerk("alice", lang).get(QUEUE).html.select_one("input.pick")

    words = {"ja": f"{case.reference} を選択", "en": f"Select {case.reference}"}
    assert box["aria-label"] == words[lang]
    assert (box["form"], box["value"]) == ("assign", f"{case.id}.{case.version}")


def test_nothing_selected_is_said_where_to_select(world: World, clerk: Hire, lang: str) -> None:
    queued(world)
    page = assign(clerk("alice", lang), [])

    says_in(lang, page, "case", ("ケースを 1 件以上選択してください。", "Select at least one case"))
    assert page.summary[0][1] == "case-0"
    assert page.html.find(id="case-0")


def test_nobody_chosen_is_said_at_the_field_and_the_boxes_stay_ticked(
    world: World, clerk: Hire, lang: str
) -> None:
    made = queued(world, 2)
    page = assign(clerk("lee", lang), pick(world, made[1]), person="")

    says_in(lang, page, "person", ("担当者を選択してください。", "Select an assignee"))
    assert [box["value"] for box in page.html.select("input.pick[checked]")] == pick(world, made[1])


def test_more_cases_than_allowed_at_once_are_refused_whole(
    world: World, app: Flask, clerk: Hire, lang: str
) -> None:
    low = replace(world.runtime.limits, assigned_at_once=2)
    app.extensions["kaijo"] = replace(world.runtime, limits=low)
    made = queued(world, 3)
    page = assign(clerk("alice", lang), pick(world, *made))

    words = ("一度に選択できるのは 2 件までです。", "Select no more than 2 cases at once")
    says_in(lang, page, "case", words)
    assert [holder(world, case_id) for case_id in made] == [None] * 3


def test_one_case_ticked_twice_is_assigned_once(world: World, clerk: Hire) -> None:
    made = queued(world)
    page = assign(clerk("alice"), pick(world, *made) * 2)

    assert lists(page) == [[world.case(made[0]).reference]]


# who forges the call


def test_a_verifier_cannot_give_a_case_to_a_colleague(world: World, clerk: Hire) -> None:
    made = queued(world)
    assign(clerk("alice"), pick(world, *made), person=world.logins["vic"].person_id)

    assert holder(world, made[0]) in {None, world.logins["alice"].person_id}


@pytest.mark.parametrize("name", ["bob", "chika"])
def test_nobody_else_can_assign(world: World, clerk: Hire, name: str) -> None:
    made = queued(world)
    page = assign(clerk(name), pick(world, *made), person=world.logins["vic"].person_id)

    assert page.code in {403, 409}
    assert holder(world, made[0]) is None


def test_an_unconfirmed_request_can_neither_be_assigned_nor_named(world: World, clerk: Hire) -> None:
    case_id = world.submit()
    reference = world.case(case_id).reference
    page = assign(clerk("lee", "en"), [f"{case_id}.1"], person=world.logins["vic"].person_id)

    assert page.code == 409
    assert reference not in page.text
    assert holder(world, case_id) is None


@pytest.mark.parametrize("sent", ["x", "a" * 32, "a" * 32 + ".", "a" * 32 + ".9999999999", "' OR 1=1"])
def test_a_box_made_by_hand_changes_nothing(world: World, clerk: Hire, sent: str) -> None:
    queued(world)
    alice = clerk("alice")
    alice.get(QUEUE)
    before = whole_database(world)
    page = alice.post(f"{ASSIGN}?view=open", {"csrf_token": alice.token, "case": [sent]})

    assert page.code == 400
    assert whole_database(world) == before


def test_without_the_token_of_a_page_nothing_is_assigned(world: World, clerk: Hire) -> None:
    made = queued(world)
    clerk("alice").post(f"{ASSIGN}?view=open", {"case": pick(world, *made)})

    assert holder(world, made[0]) is None


def test_the_way_back_is_the_list_as_it_was(world: World, clerk: Hire) -> None:
    made = queued(world, language="en")
    page = assign(clerk("alice"), pick(world, *made), "view=open&language=en&sort=-received")

    assert f"{QUEUE}?view=open&language=en&sort=-received" in page.links()


def test_language_can_be_changed_after_a_mistake(world: World, clerk: Hire) -> None:
    queued(world)
    alice = clerk("alice")
    assign(alice, [], "view=open")

    assert alice.get(f"{ASSIGN}?view=open").path == QUEUE


def test_the_page_costs_no_statement_for_each_box(world: World, clerk: Hire) -> None:
    lee = clerk("lee")
    asked = []
    for number in (2, 20):
        queued(world, number)
        with statements(world) as seen:
            lee.get(f"{QUEUE}?view=open")
        asked.append(len(seen))

    assert asked[0] == asked[1]
    assert world.session.query(Case).count() == 22
