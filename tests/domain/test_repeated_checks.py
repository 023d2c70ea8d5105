"""The live check that the second person repeats, and what the conversation after a call-back is worth."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.domain.limits import Limits
from portal.domain.methods import METHODS
from portal.domain.policy import live_check_repeated
from tests.domain.checks import ALONE, ELEVATED, NOW, check, judge

THIRTY_DAYS = timedelta(days=30)


def is_repeated(again, profile=ELEVATED):
    return live_check_repeated(profile, [again], "lee", now=NOW, limits=Limits())


@pytest.mark.parametrize("method", METHODS)
def test_only_a_live_check_by_the_second_person_is_a_repetition(method):
    again = check(method, repeated=True, person_id="lee")

    assert is_repeated(again) is (method in {"D2", "W3", "H3"})


def test_a_conversation_repeats_nothing_without_the_digits():
    assert not is_repeated(check("H3", repeated=True, person_id="lee", attested_by="person"))


@pytest.mark.parametrize(
    ("profile", "change"),
    [
        (ELEVATED, {"contact_since": NOW - THIRTY_DAYS + timedelta(seconds=1)}),
        (ELEVATED, {"contact_id": None}),
        (replace(ELEVATED, handset_lost=True), {}),
    ],
)
def test_a_call_that_would_not_count_as_a_first_check_repeats_none(profile, change):
    again = replace(check("H3", repeated=True, person_id="lee"), **change)

    assert not is_repeated(again, profile=profile)


def test_what_an_agent_noticed_on_the_call_takes_the_digits_their_worth():
    heard = check("H3", id="heard", attested_by="person", person_id="alice", result="mismatch")
    proven = check("H3")

    assert judge(ELEVATED, check("D2"), proven).met
    assert judge(ELEVATED, check("D2"), proven, heard).missing == ("call_back_or_letter",)
    assert ("H3", "contradicted") in judge(ELEVATED, check("D2"), proven, heard).ignored


@pytest.mark.parametrize("result", ["match", "could_not"])
def test_what_an_agent_heard_on_the_call_proves_nothing(result):
    heard = check("H3", id="heard", attested_by="person", person_id="alice", result=result)

    assert not judge(ELEVATED, check("D2"), heard).met
    assert judge(ELEVATED, check("D2"), check("H3"), heard).met


@pytest.mark.parametrize(
    "change", [{"repeated": False}, {"round": 2}, {"voided": True}, {"result": "mismatch"}]
)
def test_a_repetition_must_match_in_this_round(change):
    again = replace(check("D2", repeated=True, person_id="lee"), **change)

    assert not is_repeated(again)


def test_whom_an_agent_did_not_recognise_on_a_telephone_proves_nothing_by_the_owners_own_call_to_it_either():
    heard = check("H3", id="heard", attested_by="person", person_id="alice", result="mismatch")

    assert judge(ALONE, check("D2"), check("H2")).met
    assert ("H2", "contradicted") in judge(ALONE, check("D2"), check("H2"), heard).ignored
    assert judge(ALONE, check("D2"), check("H2", contact_id="another phone"), heard).met


def test_a_call_to_a_telephone_on_which_an_agent_noticed_another_person_repeats_nothing():
    heard = check("H3", id="heard", attested_by="person", person_id="alice", result="mismatch")
    again = check("H3", id="again", repeated=True, person_id="lee")

    assert live_check_repeated(ELEVATED, [again], "lee", now=NOW, limits=Limits())
    assert not live_check_repeated(ELEVATED, [heard, again], "lee", now=NOW, limits=Limits())
