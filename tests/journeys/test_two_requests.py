"""Two requests for one account: the same person twice is joined, two different addresses are held against each other."""

from __future__ import annotations

import pytest

from tests.journeys.story import LANGUAGES, Story
from tests.people import HANAKO
from tests.public.visitor import Page, Visitor
from tests.world import World

OWN = HANAKO["account_email"]
STRANGER = "somebody@elsewhere.example"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_address_twice_is_one_request(world: World, language: str):
    world.account()
    story = Story(world, language)
    first = story.file()
    story.confirm(OWN)
    second = story.file(Visitor(story.app, language))
    story.confirm(OWN)

    assert (story.is_at(first), story.is_at(second)) == ("queued", "cancelled")
    assert story.case(second).close_reason == "duplicate"
    # one of the mails that came of it leads to the request that goes on
    newest = [link for at, link in story.links(OWN, "status") if at == story.mails(OWN)[0].at]
    pages = [Page(story.owner.client.get(link, follow_redirects=True)) for link in newest]
    assert any(first in page.text.replace(" ", "") for page in pages)


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_addresses_stay_apart_in_one_leads_hands(world: World, language: str):
    world.account()
    story = Story(world, language)
    mine = story.file()
    story.confirm(OWN)
    theirs = story.file(Visitor(story.app, language), reply={"reply_to": "other", "reply_email": STRANGER})
    story.confirm(STRANGER)

    # nobody has proven anything for theirs, so nothing outside of it changes
    assert (story.is_at(mine), story.case(mine).tier) == ("queued", "standard")
    assert (story.is_at(theirs), story.case(theirs).tier) == ("queued", "elevated")
    words = " ".join(mail.raw.decode("utf-8", "ignore") for mail in story.mails(STRANGER))
    assert HANAKO["name"] not in words
    assert story.chains_hold()


def test_an_unproven_request_cannot_flood_the_registered_mailboxes(world: World):
    world.account()
    story = Story(world, "ja")
    for number in range(3):
        story.file(
            Visitor(story.app, "ja"),
            reply={"reply_to": "other", "reply_email": f"x{number}@elsewhere.example"},
        )
        story.confirm(f"x{number}@elsewhere.example")

    assert len(story.mails(HANAKO["second_email"])) == 1


def test_a_request_that_matches_no_account_can_never_be_approved(world: World):
    story = Story(world, "ja")
    reference = story.file()
    story.confirm(OWN)
    story.claim("alice", reference)
    page = story.clerks["alice"].get(f"/admin/decisions/{story.case(reference).id}/propose")

    assert story.is_at(reference) == "verifying"
    assert page.html.main.find("input", attrs={"name": "devices"}) is None
    assert "登録" in page.text
