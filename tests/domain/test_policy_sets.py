"""Every cell of the policy sets: which methods together are enough for whom."""

import hashlib
from dataclasses import replace
from itertools import combinations

import pytest

from portal.domain.methods import METHODS
from portal.domain.policy import (
    POLICY_SETS,
    POLICY_VERSION,
    REQUIREMENTS,
    SETS_OF_TIER,
    Tier,
)
from tests.domain.checks import ALONE, COMPANY, ELEVATED, LAST, PASSWORD, PRIVILEGED, check, judge, judge_all

STRONG = "P1 P2 P3 D1 D2 D3 D5 W3".split()
VERY_STRONG = "P1 D1 D2 D3 D5 W3".split()
HELD = "H1 H2 H3 H4".split()
CALL_BACK_OR_LETTER = "H3 H4".split()
PAIRS = list(combinations(METHODS, 2))
TRIPLES = list(combinations(METHODS, 3))


def one_of_each(pair, *sides):
    return any(a in left and b in right for a, b in (pair, pair[::-1]) for left, right in [sides])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("profile", [ALONE, PASSWORD, PRIVILEGED, ELEVATED, COMPANY, LAST])
def test_one_check_is_never_enough(profile, method):
    assert not judge(profile, check(method)).met


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_two_checks_are_enough_for_standard_only_as_written(pair):
    assert judge_all(ALONE, " ".join(pair)).met is one_of_each(pair, STRONG, HELD)


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_two_checks_are_enough_with_the_password_only_as_written(pair):
    by_password = one_of_each(pair, ["H1"], ["H2", "H3"])

    assert judge_all(PASSWORD, " ".join(pair)).met is (by_password or one_of_each(pair, STRONG, HELD))


@pytest.mark.parametrize("profile", [PRIVILEGED, ELEVATED])
@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_two_checks_are_enough_for_privileged_and_elevated_only_as_written(profile, pair):
    assert judge_all(profile, " ".join(pair)).met is one_of_each(pair, VERY_STRONG, CALL_BACK_OR_LETTER)


@pytest.mark.parametrize("triple", TRIPLES, ids=" ".join)
def test_three_checks_are_enough_for_a_company_only_as_written(triple):
    chosen = set(triple)
    enough = chosen & set(VERY_STRONG) and chosen & set(CALL_BACK_OR_LETTER) and chosen & {"W1", "D6"}

    assert judge_all(COMPANY, " ".join(triple)).met is bool(enough)


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_two_checks_are_never_enough_for_a_company_of_a_higher_tier(pair):
    assert not judge_all(COMPANY, " ".join(pair)).met


def test_a_standard_case_of_a_company_s_ordinary_member_needs_no_company_paper():
    assert judge_all(replace(ALONE, holder_kind="company"), "P1 H1").met


def test_a_holder_of_unknown_kind_is_asked_for_what_a_company_is():
    unknown = replace(PRIVILEGED, holder_kind=None)

    assert judge_all(unknown, "P1 H4").missing == ("company_proof",)
    assert judge_all(unknown, "P1 H4 D6").met


@pytest.mark.parametrize("tier", Tier)
def test_all_held_channels_together_are_not_enough_without_the_password(tier):
    assert not judge_all(replace(ALONE, tier=tier), "H1 H2 H3 H4").met


@pytest.mark.parametrize("profile", [ALONE, PRIVILEGED, ELEVATED, COMPANY])
@pytest.mark.parametrize("weak", ["D4", "W2"])
def test_a_document_image_or_a_recovery_contact_completes_nothing(profile, weak):
    assert not judge_all(profile, f"{weak} H1 H3 H4 W1 D6").met


def test_the_password_helps_no_higher_tier():
    assert not judge_all(replace(PRIVILEGED, password_proven=True), "H1 H3 H4").met


@pytest.mark.parametrize(
    ("profile", "text", "missing"),
    [
        (ALONE, "", ("strong_proof", "held_contact")),
        (ALONE, "H1", ("strong_proof",)),
        (ALONE, "D2", ("held_contact",)),
        (PASSWORD, "H1", ("strong_proof",)),
        (PRIVILEGED, "P1 H1", ("call_back_or_letter",)),
        (COMPANY, "H4", ("very_strong_proof", "company_proof")),
    ],
)
def test_what_is_missing_is_named(profile, text, missing):
    verdict = judge_all(profile, text)

    assert (verdict.met, verdict.missing) == (False, missing)


def test_each_requirement_names_the_check_that_meets_it():
    verdict = judge_all(COMPANY, "D2 H4 D6")

    assert verdict.set_key == "privileged"
    assert [(one.key, one.by) for one in verdict.required] == [
        ("very_strong_proof", "D2"),
        ("call_back_or_letter", "H4"),
        ("company_proof", "D6"),
    ]


@pytest.mark.parametrize(
    ("profile", "text", "key"),
    [
        (ALONE, "P1 H1", "standard"),
        (PASSWORD, "H1 H2", "password"),
        (PASSWORD, "P1 H1 H2", "standard"),
        (PRIVILEGED, "P1 H4", "privileged"),
        (ELEVATED, "P1 H4", "privileged"),
    ],
)
def test_the_set_that_is_met_is_named(profile, text, key):
    assert judge_all(profile, text).set_key == key


def test_sets_name_only_known_methods():
    named = {
        method
        for one in POLICY_SETS.values()
        for need in one.needs
        for method in need.methods | need.witnessed
    }

    assert named <= set(METHODS)
    assert not named & {"D4", "W2"}


def test_every_tier_has_sets_that_exist_and_fit_their_column():
    assert set(SETS_OF_TIER) == set(Tier)
    assert {key for keys in SETS_OF_TIER.values() for key in keys} | {"last_resort"} == set(POLICY_SETS)
    assert all(len(key) <= 16 for key in POLICY_SETS)


def test_every_set_but_the_last_resort_contains_a_check_that_only_the_system_writes():
    for one in POLICY_SETS.values():
        written = [
            need
            for need in one.needs
            if need.methods and all(METHODS[m].attested == "system" for m in need.methods)
        ]
        assert bool(written) is one.system_written is (one.key != "last_resort")


def test_requirements_are_listed_once_for_the_labels():
    assert len(REQUIREMENTS) == len(set(REQUIREMENTS))


def test_whoever_changes_a_set_changes_the_version_too():
    text = repr(
        [
            (one.key, one.system_written, need.key, sorted(need.methods), sorted(need.witnessed), need.holder)
            for one in POLICY_SETS.values()
            for need in one.needs
        ]
        + [(tier.value, keys) for tier, keys in SETS_OF_TIER.items()]
    )

    assert (POLICY_VERSION, hashlib.sha256(text.encode()).hexdigest()[:12]) == ("2026.1", "a684be483fa5")
