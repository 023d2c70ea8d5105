"""From a lost phone to the completion notice: the whole way, in both languages, on both databases."""

from __future__ import annotations

import re

import pytest

from tests.journeys.story import LANGUAGES, Story
from tests.people import HANAKO
from tests.public.visitor import Visitor
from tests.world import World

OWN, OTHER = HANAKO["account_email"], HANAKO["second_email"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_lost_phone_to_the_completion_notice(world: World, language: str):
    world.account()
    story = Story(world, language)
    reference = story.file(problem={"problem": "lost"})
    assert story.is_at(reference) == "unconfirmed"

    story.confirm(OWN)
    assert story.is_at(reference) == "queued"
    assert saved_paper(story.owner, story.status(OWN).links()).startswith(b"%PDF-")
    # everybody on file hears of it at once, with a way to stop it
    assert story.link(OTHER, "stop")

    story.claim("alice", reference)
    story.record("alice", reference)
    story.propose("alice", reference)
    assert story.is_at(reference) == "pending_approval"

    story.decide("bob", reference)
    story.work()
    assert story.is_at(reference) == "cooling_off"
    story.pass_time(hours=23, minutes=50)
    assert story.is_at(reference) == "cooling_off"
    story.pass_time(hours=1)
    assert story.is_at(reference) == "ready"

    story.execute("alice", reference)
    story.work()
    assert story.is_at(reference) == "deactivated"
    assert (world.removed("Phone"), world.removed("Drawer key")) == (True, False)

    page = story.status(OWN)
    papers = [link for link in page.links() if "/paper/" in link]
    assert len(papers) == 2
    assert all(saved_paper(story.owner, [paper]).startswith(b"%PDF-") for paper in papers)
    assert page.foreign_words(language) == []
    assert story.chains_hold()


def saved_paper(visitor: Visitor, links: list[str]) -> bytes:
    paper = next(link for link in links if re.search(r"/paper/[0-9a-f]{32}$", link))
    return visitor.client.get(paper).data
