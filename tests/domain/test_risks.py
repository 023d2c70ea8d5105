"""Which signals a case shows: those that raised its tier, and those that only explain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.domain.risks import OWN, RAISING, RISKS, Signs, risks_of
from portal.domain.tiers import TIER_REASONS
from tests.domain.checks import ALONE

QUIET = Signs(profile=ALONE)


def test_a_case_without_any_sign_has_no_signal():
    assert risks_of(QUIET) == ()


@pytest.mark.parametrize("reason", RAISING)
def test_what_raised_the_tier_to_elevated_is_a_signal(reason: str):
    assert risks_of(replace(QUIET, tier_reasons=frozenset({reason}))) == (reason,)


@pytest.mark.parametrize("reason", ["company_root", "administrator", "register_incomplete"])
def test_who_somebody_is_makes_a_case_privileged_and_is_no_signal_against_them(reason: str):
    assert reason in TIER_REASONS
    assert risks_of(replace(QUIET, tier_reasons=frozenset({reason}))) == ()


def test_a_lost_phone_that_may_be_the_registered_one_is_told_with_every_such_case():
    lost = replace(ALONE, handset_lost=True)
    assert risks_of(replace(QUIET, profile=lost)) == ("same_handset",)
    elsewhere = replace(lost, hardware_device_registered=True)
    assert risks_of(replace(QUIET, profile=elsewhere)) == ()


def test_a_name_that_differs_is_a_signal_only_where_the_register_has_one():
    differs = replace(ALONE, name_matches=False)
    assert risks_of(replace(QUIET, profile=differs)) == ("name_differs",)
    assert risks_of(replace(QUIET, profile=replace(differs, has_registered_name=False))) == ()


def test_one_failed_check_is_told_until_two_of_them_speak_for_themselves():
    assert risks_of(replace(QUIET, failed_checks=1)) == ("failed_check",)
    twice = replace(QUIET, failed_checks=2, tier_reasons=frozenset({"failed_checks"}))
    assert risks_of(twice) == ("failed_checks",)


def test_an_objection_and_what_other_requests_share_are_signals():
    objected = replace(ALONE, objection_open=True)
    found = risks_of(replace(QUIET, profile=objected, same_phone=True, same_network=True))
    assert found == ("objection_open", "same_phone", "same_network")


def test_signals_stand_in_the_order_of_their_table():
    every = Signs(
        profile=replace(
            ALONE,
            name_matches=False,
            handset_lost=True,
            objection_open=True,
        ),
        tier_reasons=frozenset(TIER_REASONS),
        failed_checks=3,
        same_phone=True,
        same_network=True,
    )
    assert risks_of(every) == tuple(key for key in RISKS if key != "failed_check")
    assert len(RISKS) == len(RAISING) + len(OWN)
