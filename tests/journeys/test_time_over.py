"""What ends or moves on because time passes, as the owner is told it."""

from __future__ import annotations

import pytest

from tests.journeys.story import LANGUAGES, Story
from tests.people import HANAKO
from tests.world import World

OWN = HANAKO["account_email"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_that_nobody_confirms_ends_after_24_hours(world: World, language: str):
    story = Story(world, language)
    reference = story.file()
    story.work()
    link = story.link(OWN, "confirm")
    story.pass_time(hours=23, minutes=59)
    assert story.is_at(reference) == "unconfirmed"
    story.pass_time(minutes=2)

    assert story.is_at(reference) == "expired"
    assert story.owner.client.get(link).status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_owner_who_does_not_answer_is_reminded_three_times_and_told_of_the_end(
    world: World, language: str
):
    world.account()
    story = Story(world, language)
    reference = story.file()
    story.confirm(OWN)
    story.claim("alice", reference)
    story.act("alice", reference, "checks/{case}/ask", items=["D5"])
    assert story.is_at(reference) == "waiting_owner"
    story.work()
    before = len(story.mails(OWN))
    for _day in range(14):
        story.pass_time(days=1)
    assert len(story.mails(OWN)) == before + 3
    story.pass_time(days=1)

    assert story.is_at(reference) == "expired"
    page = story.status(OWN)
    assert page.foreign_words(language) == []
    assert story.chains_hold()


def test_a_claim_that_nobody_uses_goes_back_to_the_queue(world: World):
    world.account()
    story = Story(world, "ja")
    reference = story.file()
    story.confirm(OWN)
    story.claim("alice", reference)
    story.pass_time(hours=4, minutes=1)
    assert story.is_at(reference) == "queued"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_approval_that_nobody_uses_grows_stale_and_the_owner_is_told(world: World, language: str):
    world.account()
    story = Story(world, language)
    case_id = world.ready(language=language)
    story.work()
    story.pass_time(days=12)

    case = world.case(case_id)
    assert (case.status, case.round, case.approver_id) == ("verifying", 2, None) or case.status == "queued"
    assert world.mails(case_id, "checks_again")


def test_a_hold_alarms_leads_and_then_compliance(world: World):
    world.account()
    story = Story(world, "ja")
    case_id = world.frozen()
    story.work()
    story.pass_time(hours=4, minutes=1)
    assert any(world.case(case_id).reference in subject for subject in story.subjects("lee@desk.example"))
    assert not story.mails("chika@desk.example")
    story.pass_time(days=6)
    assert story.mails("chika@desk.example")
