"""Asking for another registered number as an IAM user: who may, with which code, and when nothing may change."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.casework import (
    account_objection,
    owner_sessions,
    phone_change,
)
from portal.casework.context import Throttled
from portal.models import (
    Account,
)
from tests.casework.corrections.steps import NEWER, OLD, begin, held_by
from tests.casework.keepers import (
    NEW,
    Keeper,
    asked,
    iam_user,
    root_user,
)
from tests.casework.register_desk import refused
from tests.world import World

# who may


@pytest.mark.parametrize(
    ("administrator", "edits", "may"),
    [
        (False, True, True),
        (True, None, True),
        (True, False, True),
        (None, None, False),
        (False, False, False),
        (False, None, False),
    ],
)
def test_an_iam_user_needs_the_right_and_what_nobody_knows_is_no_right(
    world: World, account: Account, administrator: bool | None, edits: bool | None, may: bool
) -> None:
    user = iam_user(world, account, "jiro", administrator=administrator, edits=edits)
    if may:
        assert asked(user).account_id == account.id
    else:
        assert refused(asked, user).reason == "phone_change_not_allowed"


def test_the_root_user_does_not_correct_the_number_that_lets_them_in(world: World, account: Account) -> None:
    assert refused(asked, root_user(world, account)).reason == "phone_change_not_allowed"


@pytest.mark.parametrize("stage", ["password", "limited", "enrol"])
def test_a_browser_that_did_not_sign_in_with_mfa_changes_nothing(taro: Keeper, stage: str) -> None:
    browser = taro.signed_in(stage)

    assert refused(begin, browser, code=taro.code()).reason == "session_moved"


def test_a_session_that_ended_meanwhile_changes_nothing(world: World, taro: Keeper) -> None:
    browser = taro.signed_in()
    visitor = browser.visitor
    with world.system.act():
        owner_sessions.end_all(world.system, taro.principal_id)

    refusal = refused(phone_change.begin, browser.ctx, visitor, NEW, code=taro.code())
    assert refusal.reason == "session_moved"


# the code


def test_a_wrong_code_is_counted_like_one_at_sign_in(taro: Keeper) -> None:
    refusal = refused(begin, taro.signed_in(), code="000000")

    assert (refusal.reason, refusal.details) == ("wrong_code", {"field": "code"})
    assert taro.entry.code_failures == 1


def test_a_code_that_was_used_before_is_no_code(taro: Keeper) -> None:
    browser, code = taro.signed_in(), taro.code()
    begin(browser, code=code)

    assert refused(begin, browser, NEWER, code=code).reason == "wrong_code"


def test_a_colleagues_code_is_no_code(world: World, account: Account, taro: Keeper) -> None:
    other = iam_user(world, account, "jiro", administrator=True)

    assert refused(begin, taro.signed_in(), code=other.code()).reason == "wrong_code"


def test_codes_cannot_be_tried_on_and_on(taro: Keeper) -> None:
    browser = taro.signed_in()
    for _try in range(5):
        refused(begin, browser, code="000000")

    with pytest.raises(Throttled):
        begin(browser, code=taro.code())


def test_a_number_that_cannot_be_taken_costs_no_code(taro: Keeper) -> None:
    browser, code = taro.signed_in(), taro.code()
    reasons = [refused(begin, browser, number, code=code).reason for number in (OLD, "+12025550123")]

    assert reasons == ["phone_unchanged", "phone_not_callable"]
    assert begin(browser, code=code).confirmed_at is None


# while things are held up


def test_nothing_changes_for_three_days_after_the_root_user_came_back(
    world: World, account: Account, taro: Keeper
) -> None:
    held_by(world, root_user(world, account), 72)
    refusal = refused(asked, taro)
    world.now += timedelta(hours=72)

    assert refusal.reason == "changes_held"
    assert refusal.details["until"] <= world.now
    assert asked(taro).id


def test_nor_after_this_user_came_back(world: World, taro: Keeper) -> None:
    held_by(world, taro, 72)

    assert refused(asked, taro).reason == "changes_held"


def test_nothing_changes_amid_a_dispute(world: World, account: Account, taro: Keeper) -> None:
    account_objection.object_without_case(
        world.system, world.contacts(account, "email")[0].id, channel="mail"
    )

    assert refused(asked, taro).reason == "objection_open"


def test_nothing_changes_while_a_device_is_being_removed(world: World, account: Account) -> None:
    world.executing()
    taro = iam_user(world, account, "taro", edits=True)

    assert refused(asked, taro).reason == "executing"
