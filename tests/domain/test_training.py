"""Scenarios of training cases, the people in them, and how the end of one is judged."""

from __future__ import annotations

import re
from dataclasses import astuple
from random import Random

import pytest

from portal.domain.invented import Story, invent
from portal.domain.lifecycle import DECLINE_REASONS
from portal.domain.names import same_name
from portal.domain.training import LANGUAGES, OUTCOMES, SCENARIOS, outcome_of
from portal.models.desk import TRAINING_OUTCOMES

PROPOSED = ("case:removal:proposed", "pending_approval")
AGREED = ("case:removal:approved", "cooling_off")
SENT_BACK = ("case:proposal:sent_back", "verifying")
NO = ("case:decline:proposed", "pending_approval")
DECLINED = ("case:decline:approved", "declined")
HELD_AND_DECLINED = ("case:unfreeze:agreed", "declined")
VOIDED = ("case:round:voided", "queued")
EXPIRED = ("case:answer:expired", "expired")


@pytest.mark.parametrize(
    ("outcome", "history"),
    [
        ("ended", []),
        ("ended", [EXPIRED]),
        ("ended", [PROPOSED]),
        ("ended", [PROPOSED, VOIDED]),
        ("caught_first", [NO]),
        ("caught_first", [NO, DECLINED]),
        ("caught_first", [NO, SENT_BACK]),
        ("caught_first", [PROPOSED, VOIDED, NO, DECLINED]),
        ("caught_first", [HELD_AND_DECLINED]),
        ("caught_second", [PROPOSED, SENT_BACK]),
        ("caught_second", [PROPOSED, SENT_BACK, EXPIRED]),
        ("caught_second", [PROPOSED, SENT_BACK, NO, DECLINED]),
        ("caught_second", [NO, SENT_BACK, PROPOSED, SENT_BACK]),
        ("missed", [PROPOSED, AGREED]),
        ("missed", [PROPOSED, AGREED, VOIDED, NO, DECLINED]),
        ("missed", [PROPOSED, SENT_BACK, PROPOSED, AGREED]),
        ("missed", [NO, SENT_BACK, PROPOSED, AGREED]),
    ],
)
def test_the_history_decides_who_caught_it(outcome: str, history: list[tuple[str, str]]) -> None:
    assert outcome_of(history) == outcome


def test_the_database_knows_the_same_outcomes() -> None:
    assert set(OUTCOMES) == set(TRAINING_OUTCOMES)


def test_a_desk_can_give_its_invented_people_a_domain_of_its_own() -> None:
    story = invent(SCENARIOS["lookalike_mailbox"], "ja", Random(1), "training.corp.example")
    for address in (story.mailbox, story.second_mailbox, story.reply):
        assert address.endswith(".training.corp.example")


def stories(key: str, language: str) -> list[Story]:
    return [invent(SCENARIOS[key], language, Random(seed)) for seed in range(50)]


@pytest.mark.parametrize("key", SCENARIOS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_everybody_lives_under_a_reserved_domain_and_has_no_number_that_a_carrier_gives_out(
    key: str, language: str
) -> None:
    for story in stories(key, language):
        for address in (story.mailbox, story.second_mailbox, story.reply):
            assert re.fullmatch(r"[a-z0-9.]+@[a-z0-9-]+\.example", address)
        for number in filter(None, (story.phone, story.earlier_phone)):
            assert re.fullmatch(r"\+81[79]00000\d{4}", number)
        assert re.fullmatch(r"\d{12}", story.account_number)
        assert story.network.startswith("100.")


@pytest.mark.parametrize("key", SCENARIOS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_story_is_told_in_its_language(key: str, language: str) -> None:
    for story in stories(key, language):
        assert bool(re.search("[぀-ヿ一-鿿]", story.detail)) == (language == "ja")
        assert bool(story.holder.kana) == (language == "ja")


@pytest.mark.parametrize("key", SCENARIOS)
def test_no_two_stories_are_the_same(key: str) -> None:
    told = {astuple(story) for story in stories(key, "ja")}
    assert len(told) == 50


@pytest.mark.parametrize("key", SCENARIOS)
def test_each_scenario_has_the_one_thing_that_gives_it_away(key: str) -> None:
    scenario = SCENARIOS[key]
    assert scenario.decline in DECLINE_REASONS
    for story in stories(key, "ja"):
        same = same_name(story.holder.name, story.typed.name) != "different"
        assert same != scenario.other_name
        assert (story.reply == story.mailbox) == (scenario.reply == "own")
        assert bool(story.earlier_phone) == bool(scenario.phone_changed)
        assert bool(story.organisation) == scenario.of_company
