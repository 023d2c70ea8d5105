from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.limits import Limits
from portal.domain.tiers import TIER_REASONS, Signals, Tier, raised, tier_of
from tests.domain.steady import steady

PLAIN = Signals(principal_kind="root", holder_kind="individual", is_administrator=False)

signals = st.builds(
    Signals,
    principal_kind=st.sampled_from(["root", "iam", None]),
    holder_kind=st.sampled_from(["individual", "company", None]),
    is_administrator=st.sampled_from([True, False, None]),
    failed_checks=st.integers(0, 3),
    **{
        one.name: st.booleans()
        for one in fields(Signals)
        if one.name not in {"principal_kind", "holder_kind", "is_administrator", "failed_checks"}
    },
)


def test_a_person_s_own_account_with_nothing_against_it_is_standard():
    assert tier_of(PLAIN).tier is Tier.STANDARD
    assert tier_of(PLAIN).reasons == ()


@pytest.mark.parametrize(
    ("change", "tier", "reason"),
    [
        ({"holder_kind": "company"}, Tier.PRIVILEGED, "company_root"),
        ({"is_administrator": True}, Tier.PRIVILEGED, "administrator"),
        ({"register_incomplete": True}, Tier.PRIVILEGED, "register_incomplete"),
        ({"principal_kind": None}, Tier.PRIVILEGED, "register_incomplete"),
        ({"holder_kind": None}, Tier.PRIVILEGED, "register_incomplete"),
        ({"is_administrator": None}, Tier.PRIVILEGED, "register_incomplete"),
        ({"contact_changed": True}, Tier.ELEVATED, "contact_changed"),
        ({"fraud_signal": True}, Tier.ELEVATED, "fraud_signal"),
        ({"theft_suspected": True}, Tier.ELEVATED, "theft_suspected"),
        ({"failed_checks": 2}, Tier.ELEVATED, "failed_checks"),
        ({"failed_checks": 7}, Tier.ELEVATED, "failed_checks"),
        ({"pressure_marker": True}, Tier.ELEVATED, "pressure_marker"),
        ({"contested": True}, Tier.ELEVATED, "contested"),
        ({"appealed": True}, Tier.ELEVATED, "appealed"),
        ({"past_dispute": True}, Tier.ELEVATED, "past_dispute"),
        ({"past_decline": True}, Tier.ELEVATED, "past_decline"),
    ],
)
def test_each_signal_raises_the_tier_by_itself(change, tier, reason):
    verdict = tier_of(replace(PLAIN, **change))

    assert (verdict.tier, verdict.reasons) == (tier, (reason,))


@pytest.mark.parametrize(
    "change", [{"failed_checks": 1}, {"principal_kind": "iam", "holder_kind": "company"}]
)
def test_one_failed_check_or_an_ordinary_member_of_a_company_stays_standard(change):
    assert tier_of(replace(PLAIN, **change)).tier is Tier.STANDARD


def test_every_reason_is_given_not_only_the_gravest():
    verdict = tier_of(replace(PLAIN, holder_kind="company", appealed=True))

    assert verdict.reasons == ("company_root", "appealed")
    assert verdict.tier is Tier.ELEVATED


def test_how_many_failed_checks_raise_the_tier_is_a_limit():
    one = replace(PLAIN, failed_checks=1)

    assert tier_of(one, Limits().tightened({"failed_checks_elevate": "1"})).tier is Tier.ELEVATED


@pytest.mark.parametrize("old", Tier)
@pytest.mark.parametrize("new", Tier)
def test_a_tier_only_rises(old, new):
    assert raised(old, new).rank == max(old.rank, new.rank)


def test_tiers_are_ordered_by_care_not_by_the_alphabet():
    assert sorted(Tier, key=lambda tier: tier.rank) == ["standard", "privileged", "elevated"]


@steady
@given(signals)
def test_reasons_are_known_keys_and_stand_for_every_tier_above_standard(found):
    verdict = tier_of(found)

    assert set(verdict.reasons) <= set(TIER_REASONS)
    assert bool(verdict.reasons) is (verdict.tier is not Tier.STANDARD)


@steady
@given(signals, st.sampled_from([one.name for one in fields(Signals) if one.default is False]))
def test_one_more_signal_never_lowers_the_tier(found, more):
    assert tier_of(replace(found, **{more: True})).tier.rank >= tier_of(found).tier.rank
