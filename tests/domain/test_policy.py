"""Which checks count, what a last resort asks for, and how long a removal waits."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.limits import Limits
from portal.domain.methods import METHODS
from portal.domain.policy import (
    IGNORED_REASONS,
    POLICY_SETS,
    REQUIREMENTS,
    Tier,
    any_name_matches,
    needs_lead,
    needs_repeated_live_check,
    waiting_hours,
)
from tests.domain.checks import (
    ALONE,
    COMPANY,
    ELEVATED,
    LAST,
    LAST_COMPANY,
    NOW,
    PASSWORD,
    PRIVILEGED,
    check,
    judge,
    judge_all,
)
from tests.domain.steady import steady

THIRTY_DAYS = timedelta(days=30)
WITNESSED = check("W3", witnessed=True)
LOST = replace(ALONE, handset_lost=True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"method": "K1"}, "unknown_method"),
        ({"round": 2}, "other_round"),
        ({"voided": True}, "voided"),
        ({"result": "mismatch"}, "mismatch"),
        ({"result": "could_not"}, "could_not"),
        ({"result": "perhaps"}, "could_not"),
        ({"attested_by": "person", "person_id": "alice"}, "wrongly_attested"),
        ({"person_id": "alice"}, "wrongly_attested"),
        ({"contact_id": None}, "contact_unknown"),
        ({"contact_since": None}, "contact_unknown"),
        ({"contact_since": NOW}, "contact_changed"),
        ({"contact_since": NOW + timedelta(days=1)}, "contact_changed"),
        ({"contact_since": NOW - THIRTY_DAYS + timedelta(seconds=1)}, "contact_changed"),
    ],
)
def test_a_check_does_not_count_and_says_why(change, reason):
    verdict = judge(ALONE, check("P1"), replace(check("H1"), **change))

    assert verdict.ignored == (("H1", reason),)
    assert verdict.missing == ("held_contact",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"person_id": None}, "wrongly_attested"),
        ({"attested_by": "system", "person_id": None}, "wrongly_attested"),
        ({"repeated": True}, "is_repetition"),
        ({"method": "D4"}, "never_completes"),
    ],
)
def test_a_check_by_a_person_does_not_count_and_says_why(change, reason):
    assert judge(ALONE, replace(check("D2"), **change), check("H1")).ignored == (("D2", reason),)


def test_a_contact_unchanged_for_exactly_thirty_days_counts():
    assert judge(ALONE, check("P1"), check("H1", contact_since=NOW - THIRTY_DAYS)).met


@pytest.mark.parametrize("profile", [ALONE, PRIVILEGED, ELEVATED, PASSWORD])
@pytest.mark.parametrize("held", ["H1", "H2", "H3", "H4"])
def test_a_changed_contact_counts_for_no_tier(profile, held):
    assert not judge(profile, check("P1"), check(held, contact_since=NOW - timedelta(days=29))).met


def test_how_long_a_contact_is_new_is_a_limit():
    longer = Limits().tightened({"contact_age": "60d"})

    assert not judge(
        ALONE, check("P1"), check("H1", contact_since=NOW - timedelta(days=45)), limits=longer
    ).met


def test_a_mismatch_by_another_eye_takes_back_what_a_person_saw():
    again = check("D2", id="again", result="mismatch", person_id="bob")
    verdict = judge(ALONE, check("D2"), check("H1"), again)

    assert dict(verdict.ignored) == {"D2": "contradicted", "again": "mismatch"}
    assert not verdict.met


def test_a_repetition_that_fails_takes_the_first_check_back():
    again = check("D2", id="again", result="mismatch", person_id="lee", repeated=True)

    assert not judge(PRIVILEGED, check("D2"), check("H4"), again).met


@pytest.mark.parametrize("change", [{"voided": True}, {"round": 2}, {"method": "D3"}])
def test_a_mismatch_elsewhere_takes_nothing_back(change):
    again = check("D2", id="again", result="mismatch")

    assert judge(ALONE, check("D2"), check("H1"), replace(again, **change)).met


def test_a_right_code_stands_whatever_was_typed_before_it():
    assert judge(ALONE, check("P1"), check("P1", id="typo", result="mismatch"), check("H1")).met


def test_one_phone_counts_once():
    same = check("H3", contact_id="mailbox")

    assert judge(PASSWORD, check("H1"), same).ignored == (("H3", "contact_counted"),)
    assert judge(PASSWORD, check("H1"), check("H3")).met


def test_a_contact_is_counted_where_it_helps_most():
    # H1 over the first mailbox would leave the call over the same number without a place; H1 over the other does not.
    first, other = check("H1", contact_id="shared"), check("H1", id="other", contact_id="elsewhere")

    assert judge(PASSWORD, first, other, check("H2", contact_id="shared")).met


@pytest.mark.parametrize("call", ["H2", "H3"])
@pytest.mark.parametrize(
    ("change", "met"),
    [
        ({"handset_lost": True}, False),
        ({"handset_lost": False}, True),
        ({"handset_lost": True, "mobile_on_file": False}, True),
        ({"handset_lost": True, "hardware_device_registered": True}, True),
    ],
)
def test_a_call_to_the_lost_handset_counts_for_nothing(call, change, met):
    verdict = judge(replace(ALONE, **change), check("P1"), check(call))

    assert verdict.met is met
    assert verdict.ignored == (() if met else ((call, "same_handset"),))


@pytest.mark.parametrize("held", ["H1", "H4"])
def test_a_mailbox_or_letter_counts_also_where_the_handset_is_lost(held):
    assert judge(LOST, check("P1"), check(held)).met


@pytest.mark.parametrize(
    ("profile", "made", "met"),
    [
        (LAST, [check("D1"), check("D5")], True),
        (LAST, [WITNESSED, check("D5")], True),
        (LAST, [check("W3"), check("D5")], False),
        (LAST, [check("D1")], False),
        (LAST, [check("D5")], False),
        (LAST, [check("D2"), check("D5")], False),
        (LAST, [check("D1"), check("D6"), check("W1")], False),
        (LAST_COMPANY, [check("D1"), check("D6"), check("W1")], True),
        (LAST_COMPANY, [WITNESSED, check("D6"), check("W1")], True),
        (LAST_COMPANY, [check("D1"), check("D5")], False),
        (LAST_COMPANY, [check("D1"), check("D6")], False),
        (LAST_COMPANY, [check("D1"), check("W1")], False),
        (replace(LAST, holder_kind=None), [check("D1"), check("D5")], False),
        (ALONE, [check("D1"), check("D5")], False),
    ],
)
def test_the_last_resort_asks_for_exactly_this(profile, made, met):
    assert judge(profile, *made).met is met


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"has_registered_name": False}, "name_registered"),
        ({"name_matches": False}, "name_registered"),
        ({"name_since": None}, "name_registered"),
        ({"name_since": NOW - timedelta(days=89)}, "name_registered"),
        ({"objection_open": True}, "no_objection"),
    ],
)
def test_the_last_resort_needs_an_old_name_and_no_objection(change, missing):
    verdict = judge(replace(LAST, **change), check("D1"), check("D5"))

    assert (verdict.set_key, verdict.missing) == ("last_resort", (missing,))


def test_a_name_registered_for_exactly_ninety_days_is_old_enough():
    assert judge(replace(LAST, name_since=NOW - timedelta(days=90)), check("D1"), check("D5")).met


def test_who_can_meet_the_ordinary_set_does_not_wait_for_the_last_resort():
    assert judge_all(LAST, "D1 D5 H4").set_key == "standard"


@pytest.mark.parametrize("tier", Tier)
def test_a_lead_is_needed_above_standard_and_for_the_last_resort(tier):
    assert needs_lead(tier) is (tier is not Tier.STANDARD)
    assert needs_repeated_live_check(tier) is (tier is not Tier.STANDARD)
    assert needs_lead(tier, "last_resort")


@pytest.mark.parametrize(
    ("tier", "set_key", "reached", "hours"),
    [
        (Tier.STANDARD, "standard", True, 24),
        (Tier.STANDARD, "password", True, 24),
        (Tier.STANDARD, None, True, 24),
        (Tier.PRIVILEGED, "privileged", True, 72),
        (Tier.ELEVATED, "privileged", True, 168),
        (Tier.STANDARD, "last_resort", True, 720),
        (Tier.PRIVILEGED, "last_resort", True, 720),
        (Tier.ELEVATED, "last_resort", True, 720),
        (Tier.STANDARD, "standard", False, 168),
        (Tier.PRIVILEGED, "privileged", False, 168),
        (Tier.ELEVATED, "privileged", False, 168),
        (Tier.ELEVATED, "last_resort", False, 720),
    ],
)
def test_waiting_is_as_long_as_tier_set_and_silence_ask(tier, set_key, reached, hours):
    assert waiting_hours(tier, set_key, Limits(), everyone_reached=reached) == hours


def test_a_longer_wait_of_the_tier_is_kept_where_nobody_was_reached():
    longer = Limits().tightened({"wait_elevated_hours": "400"})

    assert waiting_hours(Tier.ELEVATED, "privileged", longer, everyone_reached=False) == 400


@pytest.mark.parametrize(
    ("typed", "registered", "matches"),
    [
        (["高崎 徳子"], ["髙﨑 德子"], True),
        (["Tokuko Takasaki"], ["髙﨑 德子", "TAKASAKI TOKUKO"], True),
        (["山田 太郎"], ["髙﨑 德子"], False),
        ([], ["髙﨑 德子"], False),
        (["山田 太郎"], [], False),
        ([""], [""], False),
    ],
)
def test_a_typed_name_matches_any_registered_one(typed, registered, matches):
    assert any_name_matches(typed, registered) is matches


some_checks = st.lists(
    st.builds(
        check,
        st.sampled_from(sorted(METHODS)),
        id=st.uuids().map(str),
        result=st.sampled_from(["match", "match", "match", "mismatch", "could_not"]),
        round=st.sampled_from([1, 1, 1, 2]),
        voided=st.sampled_from([False, False, False, True]),
        contact_id=st.sampled_from(["mailbox", "phone", "address"]),
        contact_since=st.sampled_from([NOW - timedelta(days=400), NOW - timedelta(days=3)]),
        witnessed=st.booleans(),
        repeated=st.sampled_from([False, False, True]),
    ),
    max_size=6,
)
profiles = st.sampled_from([ALONE, PASSWORD, LOST, PRIVILEGED, ELEVATED, COMPANY, LAST, LAST_COMPANY])


@steady
@given(profiles, some_checks, some_checks)
def test_one_more_check_never_takes_a_met_set_back_unless_it_failed(profile, made, more):
    added = [one for one in more if one.result != "mismatch"]

    assert judge(profile, *made, *added).met >= judge(profile, *made).met


@steady
@given(profiles, some_checks)
def test_the_order_of_checks_does_not_matter(profile, made):
    forwards, backwards = judge(profile, *made), judge(profile, *reversed(made))

    assert (forwards.met, forwards.set_key, forwards.missing) == (
        backwards.met,
        backwards.set_key,
        backwards.missing,
    )


@steady
@given(profiles, some_checks)
def test_a_verdict_speaks_in_known_keys_and_is_consistent(profile, made):
    verdict = judge(profile, *made)

    assert verdict.set_key in POLICY_SETS
    assert {one.key for one in verdict.required} <= set(REQUIREMENTS)
    assert {reason for _, reason in verdict.ignored} <= set(IGNORED_REASONS)
    assert verdict.met is (not verdict.missing)


@steady
@given(profiles, some_checks)
def test_no_check_meets_two_requirements_and_no_contact_counts_twice(profile, made):
    by = [one.by for one in judge(profile, *made).required if one.by]
    contacts = [one.contact_id for one in made if one.id in by and METHODS[one.method].channel]

    assert len(by) == len(set(by))
    assert len(contacts) == len(set(contacts))


@steady
@given(some_checks)
def test_what_is_enough_for_a_higher_tier_is_enough_for_standard(made):
    assert judge(ALONE, *made).met >= judge(PRIVILEGED, *made).met >= judge(COMPANY, *made).met
