""" "This was not me": in the waiting period, in every other status, and after the removal."""

from __future__ import annotations

import pytest

from portal.domain.lifecycle import FINAL, Status
from tests.journeys.story import LANGUAGES, Story
from tests.people import HANAKO
from tests.public.visitor import Visitor
from tests.world import World

OWN, OTHER = HANAKO["account_email"], HANAKO["second_email"]
STOPPABLE = sorted(
    set(Status) - FINAL - {Status.FROZEN, Status.UNCONFIRMED, Status.DEACTIVATED, Status.EXECUTING}
)


def waiting(story: Story) -> str:
    """A request that is approved and told to everybody."""
    story.world.account()
    reference = story.file()
    story.confirm(OWN)
    story.claim("alice", reference)
    story.record("alice", reference)
    story.propose("alice", reference)
    story.decide("bob", reference)
    story.work()
    assert story.is_at(reference) == "cooling_off"
    return reference


@pytest.mark.parametrize("language", LANGUAGES)
def test_not_me_in_the_waiting_period_stops_it_and_two_others_end_it(world: World, language: str):
    story = Story(world, language)
    reference = waiting(story)
    other = Visitor(story.app, language)

    story.follow(other, OTHER, "stop")
    assert story.is_at(reference) == "cooling_off"
    page = other.send()
    assert page.code == 200
    assert page.foreign_words(language) == []
    assert story.is_at(reference) == "frozen"

    # the waiting period no longer runs
    story.pass_time(days=2)
    assert story.is_at(reference) == "frozen"
    assert world.removed("Phone") is False

    story.act("lee", reference, "freezes/{case}/propose", outcome="decline", reason="The holder did not ask.")
    # who approved the request cannot decide on the objection
    page = story.clerk("bob").get(f"/admin/freezes/{story.case(reference).id}/agree")
    assert page.html.main.find("input", attrs={"name": "code"}) is None
    story.act("lou", reference, "freezes/{case}/agree", code="code")
    assert story.is_at(reference) == "declined"
    story.work()
    assert story.mails(OTHER)[0].subject != story.mails(OWN)[0].subject
    assert story.chains_hold()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stopped_request_that_was_right_starts_its_checks_again(world: World, language: str):
    story = Story(world, language)
    reference = waiting(story)
    other = Visitor(story.app, language)
    story.follow(other, OTHER, "stop")
    other.send()

    story.act("lee", reference, "freezes/{case}/propose", outcome="resume", reason="Both were reached.")
    story.act("lou", reference, "freezes/{case}/agree", code="code")

    case = story.case(reference)
    assert (case.status, case.round, case.tier, case.approver_id) == ("queued", 2, "elevated", None)
    assert story.chains_hold()


@pytest.mark.parametrize("status", STOPPABLE)
def test_a_registered_contact_stops_a_request_in_every_status(world: World, status: Status):
    """Without signing in, by the link of a notice; opening the link alone does nothing."""
    story = Story(world, "ja")
    world.account()
    case_id = world.walks[status]()
    other = Visitor(story.app, "ja")
    address = f"/stop/{world.link(case_id, 'stop')}"

    other.get(address)
    other.get(address)
    assert world.status(case_id) == status
    other.send()

    assert world.status(case_id) == "frozen"
    assert world.removed("Phone") is False


@pytest.mark.parametrize("language", LANGUAGES)
def test_not_me_after_the_removal_suspends_what_came_since_and_can_undo_it(world: World, language: str):
    story = Story(world, language)
    world.account()
    case_id = world.deactivated()
    story.work()
    other = Visitor(story.app, language)
    story.follow(other, OTHER, "stop")
    other.send()
    story.work()
    reference = world.case(case_id).reference
    assert world.status(case_id) == "frozen"

    story.act(
        "lee", reference, "freezes/{case}/propose", outcome="reverse", reason="A thief had the mailbox."
    )
    story.act("lou", reference, "freezes/{case}/agree", code="code")

    assert world.status(case_id) == "reversed"
    assert story.chains_hold()


def test_the_stop_link_ends_ten_days_after_the_case(world: World):
    story = Story(world, "ja")
    world.account()
    case_id = world.deactivated()
    story.work()
    other = Visitor(story.app, "ja")
    link = story.link(OTHER, "stop")
    world.pass_time(days=10, minutes=1)

    other.page = None
    assert other.client.get(link).status_code == 404
    assert world.status(case_id) == "deactivated"
