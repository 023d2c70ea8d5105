"""From the owner's own path to the request form with one press: what is known is not asked again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.casework import intake
from portal.models import Account, Case
from tests.casework import resetting
from tests.public.resetting import called, press, sign_in, to_call, to_mail
from tests.public.visitor import ANSWERS, CONSENTS, Visitor
from tests.world import World


@pytest.fixture
def world(calling_world: World) -> World:
    return calling_world


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def owner(visitor: Visitor, account: Account) -> Visitor:
    return visitor


def hand_over(owner: Visitor, reason: str) -> None:
    page = press(owner, "/reset/to-form", reason=reason)
    assert page.path.startswith("/ja/request/")


def fill_in(owner: Visitor) -> list[str]:
    """Answer what is still asked; returns which pages those were."""
    asked: list[str] = []
    page = owner.get("/request")
    while "/request/check" not in page.path:
        step = page.path.rpartition("/")[2]
        asked.append(step)
        page = owner.answer(step)
        assert not page.summary, page.summary
        assert len(asked) < 20
    return asked


def sent(owner: Visitor, world: World) -> Case:
    fill_in(owner)
    owner.send(**CONSENTS)
    world.session.rollback()
    return world.session.execute(select(Case)).scalar_one()


def test_what_was_proven_is_not_asked_again(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    hand_over(owner, "phone_unreachable")
    asked = fill_in(owner)
    assert not {"user", "account", "registered-phone"} & set(asked)
    assert set(asked) < set(ANSWERS)
    page = owner.get("/request/check")
    assert "hanako@mail.example" in page.text


def test_the_case_knows_the_step_and_the_reason(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    hand_over(owner, "phone_unreachable")
    case = sent(owner, world)
    assert (case.triage["failed_step"], case.triage["failed_reason"]) == ("call", "phone_unreachable")
    assert case.triage["user"] == "root"
    assert case.registered_phone == "no"
    assert case.self_service_id is not None


def test_the_password_counts_as_proven_for_the_matched_account(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    hand_over(owner, "no_answer")
    case_id = sent(owner, world).id
    intake.confirm(world.owner, world.link(case_id, "confirm"))
    intake.match(world.system, case_id)
    assert world.case(case_id).proven_by == "password"


def test_an_open_request_is_closed_when_the_owner_succeeds_after_all(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    hand_over(owner, "call_did_not_come")
    case_id = sent(owner, world).id
    intake.confirm(world.owner, world.link(case_id, "confirm"))
    intake.match(world.system, case_id)
    browser = resetting.Browser(world)
    world.pass_time(minutes=2)
    browser.with_all()
    browser.remove()
    case = world.case(case_id)
    assert (case.status, case.close_reason) == ("cancelled", "self_service")


def test_the_draft_s_word_is_not_enough(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    hand_over(owner, "no_answer")
    fill_in(owner)
    press(owner, "/sign-out")  # the browser is no longer the one that proved the password
    owner.get("/request/check")
    owner.send(**CONSENTS)
    world.session.rollback()
    case = world.session.execute(select(Case)).scalar_one()
    assert case.self_service_id is None
    assert case.triage["failed_reason"] == "no_answer"


def test_a_made_up_attempt_in_the_form_is_ignored(owner: Visitor, world: World) -> None:
    owner.answer("language")
    page = owner.get("/request/user")
    form = owner.fill(principal_kind="root")
    owner.post(page.path, {**form, "failed:step": "remove", "failed:reason": "stopped", "attempt": "0" * 32})
    case = sent(owner, world)
    assert case.self_service_id is None
    assert "failed_step" not in case.triage


@pytest.mark.parametrize("reason", ["", "protected", "stolen", "x" * 500])
def test_a_reason_that_nobody_can_press_is_refused(owner: Visitor, reason: str) -> None:
    to_mail(owner)
    assert press(owner, "/reset/to-form", reason=reason).code == 404


def test_the_true_reason_of_a_closed_path_reaches_the_agent_and_no_page(
    owner: Visitor, world: World, account: Account
) -> None:
    sign_in(owner)
    with world.system.act():
        account.calls_off_at = world.now
    page = to_mail(owner)
    assert page.path == "/ja/reset/closed"
    hand_over(owner, "other_way")
    case = sent(owner, world)
    assert case.triage["failed_reason"] == "path_off"
    page = owner.get("/request/sent")
    assert "path_off" not in page.response.text


def test_a_lock_on_calls_never_closes_the_way_to_the_form(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    for _ in range(3):
        called(owner, world)
        world.pass_time(minutes=6)
    page = press(owner, "/reset/call", language="ja")
    assert page.code == 422
    hand_over(owner, "calls_used_up")
    assert sent(owner, world).triage["failed_reason"] == "calls_used_up"


def test_answers_that_were_given_before_stay(owner: Visitor, world: World) -> None:
    owner.answer("language")
    owner.answer("name")
    to_mail(owner)
    hand_over(owner, "mail_not_received")
    assert "name" not in fill_in(owner)


# triage


def test_triage_offers_the_owner_s_own_path_where_there_is_a_telephone(owner: Visitor) -> None:
    for key, answer in {
        "user": "root",
        "other_device": "no",
        "codes_refused": "no",
        "password": "yes",
        "mailbox": "yes",
        "phone": "yes",
    }.items():
        owner.get(f"/triage/{key}")
        owner.send(answer=answer)
    page = owner.get("/triage/result")
    assert "/ja/sign-in" in page.links()


def test_the_start_page_leads_there_too(owner: Visitor) -> None:
    assert "/ja/sign-in" in owner.get("/").links()
