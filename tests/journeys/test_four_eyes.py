"""The verifier who tries to approve their own check, also with a second login: page, casework and database refuse."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from portal.casework import approval
from portal.casework.context import Refused
from portal.domain.lifecycle import Role
from tests.journeys.story import LANGUAGES, Story
from tests.people import HANAKO
from tests.world import World

OWN = HANAKO["account_email"]


def proposed(story: Story) -> str:
    story.world.account()
    reference = story.file()
    story.confirm(OWN)
    story.claim("alice", reference)
    story.record("alice", reference)
    story.propose("alice", reference)
    return reference


def second_login(story: Story) -> str:
    """Alice has another login, whose role may approve."""
    story.world.hire("alice2", role=Role.APPROVER, person_of="alice")
    story.room.give_password("alice2")
    return "alice2"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("two_logins", [False, True])
def test_the_page_offers_no_approval_of_ones_own_check(world: World, language: str, two_logins: bool):
    story = Story(world, language)
    reference = proposed(story)
    name = second_login(story) if two_logins else "alice"

    page = story.clerk(name).get(f"/admin/decisions/{story.case(reference).id}/approve")

    assert page.html.main.find("input", attrs={"name": "code"}) is None
    assert page.foreign_words(language) == []
    if two_logins:
        words = {
            "ja": "ご自身が確認したケースは承認できません。",
            "en": "You cannot approve a case you checked.",
        }
        assert words[language] in page.text


def test_the_page_refuses_an_approval_that_is_sent_all_the_same(world: World):
    story = Story(world, "ja")
    reference = proposed(story)
    clerk = story.clerk(second_login(story))
    case = story.case(reference)
    clerk.get("/admin/own/")
    sent = {
        "csrf_token": clerk.token,
        "version": str(case.version),
        "decision": "agree",
        "reason": "",
        "code": clerk.code(),
    }
    clerk.post(f"/admin/decisions/{case.id}/approve", sent)

    assert story.is_at(reference) == "pending_approval"


def test_casework_refuses_the_second_login_of_the_same_person(world: World):
    story = Story(world, "ja")
    reference = proposed(story)
    name, case_id = second_login(story), story.case(reference).id

    with pytest.raises(Refused, match="another_person"):
        approval.approve(world.as_(name), case_id, code=world.code(name))


@pytest.mark.parametrize("part", ["approver", "verifier"])
def test_the_database_refuses_the_same_person_as_the_second_one(world: World, part: str):
    story = Story(world, "ja")
    case = story.case(proposed(story))
    by_hand = text(
        "UPDATE cases SET approver_id = proposer_id, approver_part = :part, approved_as = 'approver',"
        " waiting_hours = 24 WHERE id = :id"
    )
    with pytest.raises(DatabaseError), world.runtime.engine.begin() as connection:
        connection.execute(by_hand, {"part": part, "id": case.id})
