"""Declined by two, and looked at once more by others."""

from __future__ import annotations

import pytest

from tests.journeys.story import LANGUAGES, Story
from tests.people import HANAKO
from tests.world import World

OWN = HANAKO["account_email"]


def declined(story: Story) -> str:
    story.world.account()
    reference = story.file()
    story.confirm(OWN)
    story.claim("alice", reference)
    story.record("alice", reference, result="mismatch")
    story.act("alice", reference, "decisions/{case}/propose_decline", reason="details_differ")
    assert story.is_at(reference) == "pending_approval"
    story.decide("bob", reference)
    story.work()
    return reference


@pytest.mark.parametrize("language", LANGUAGES)
def test_declined_and_appealed(world: World, language: str):
    story = Story(world, language)
    reference = declined(story)
    assert story.is_at(reference) == "declined"
    page = story.status(OWN)
    assert page.foreign_words(language) == []

    story.owner.get("/status/appeal")
    story.owner.send()
    case = story.case(reference)
    assert (case.status, case.tier, case.round) == ("queued", "elevated", 2)

    # who has decided before does not get it again: no button, and no page either
    for name in ("alice", "bob"):
        page = story.open(name, reference)
        assert page.html.find("form", action=lambda action: action and action.endswith("/claim")) is None
    answer = story.clerk("alice").client.get(f"/admin/checks/{case.id}/claim")
    assert "/claim" not in answer.text.split("<main", 1)[1] or 'name="version"' not in answer.text

    story.claim("vic", reference)
    assert story.is_at(reference) == "verifying"
    assert story.chains_hold()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_appeal_is_heard_once_and_in_time(world: World, language: str):
    story = Story(world, language)
    reference = declined(story)
    story.status(OWN)
    story.pass_time(days=14, minutes=1)

    page = story.owner.get("/status/appeal")

    assert page.path.endswith("/status")
    assert story.is_at(reference) == "declined"
