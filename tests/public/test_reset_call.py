"""Step 2 of the owner's own path: the page that shows the digits, and what it says of every way a call can go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.casework import answering
from portal.models import Account
from tests.casework import resetting
from tests.people import HANAKO
from tests.public.resetting import called, newest_call, press, sign_in, to_call, to_mail
from tests.public.visitor import Page, Visitor
from tests.world import World


@pytest.fixture
def world(calling_world: World) -> World:
    return calling_world


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def owner(visitor: Visitor, account: Account) -> Visitor:
    visitor.language = "en"
    return visitor


def status_line(page: Page) -> str:
    lines = [" ".join(line.get_text(" ", strip=True).split()) for line in page.html.select('[role="status"]')]
    return next((line for line in lines if line and "Sending" not in line), "")


def test_the_number_is_masked_and_no_digits_stand_there_before_the_call(owner: Visitor, world: World) -> None:
    page = to_call(owner, world)
    assert HANAKO["phone"] not in page.response.text
    assert "***-****-5678" in page.text.replace(" ", "").replace("***-****-", "***-****-")
    assert not page.html.select(".call-code")


def test_the_digits_stand_on_the_page_before_the_telephone_rings(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    call, digits = called(owner, world)
    assert len(digits) == 6
    assert call.placed_at is None
    assert digits == "".join(d.text for d in owner.get("/reset/call").html.select(".call-code__digit"))


def test_the_digits_are_read_out_one_by_one(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    _, digits = called(owner, world)
    page = owner.get("/reset/call")
    assert page.html.select_one("#call-code-read").get_text() == ", ".join(digits)
    assert page.html.select_one("output").find(attrs={"aria-hidden": "true"})


def test_nobody_else_sees_the_digits(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    _, digits = called(owner, world)
    thief = Visitor(owner.client.application, "en")
    sign_in(thief)
    for path in ("/reset", "/reset/call", "/reset/mail", "/mfa"):
        assert digits not in thief.get(path).response.text


def test_the_language_of_the_call_is_chosen(owner: Visitor, world: World) -> None:
    page = to_call(owner, world)
    assert page.value("language") == "en"
    owner.send("", language="ja")
    assert newest_call(world).language == "ja"
    assert owner.get("/reset/call").value("language") == "ja"


def test_what_to_do_when_the_call_does_not_come_is_there_from_the_first_second(
    owner: Visitor, world: World
) -> None:
    page = to_call(owner, world)
    assert "The call did not come" in page.text
    assert "Do not tell this number to anyone." not in page.text
    called(owner, world)
    page = owner.get("/reset/call")
    assert "The call did not come" in page.text
    assert "Do not tell this number to anyone." in page.text
    assert {form["action"] for form in page.html.find_all("form", method="post")} >= {"/en/reset/to-form"}


OUTCOMES = {
    "no-answer": "No answer",
    "busy": "Line busy",
    "failed": "Could not be connected",
}


@pytest.mark.parametrize("status", OUTCOMES)
def test_each_end_of_a_call_has_its_own_words(owner: Visitor, world: World, status: str) -> None:
    to_call(owner, world)
    call, _ = called(owner, world)
    path, told = resetting.ring(world, call)
    answering.status(world.system, path, status=status, **told)
    page = owner.get("/reset/call")
    assert OUTCOMES[status] in status_line(page)
    assert not page.html.select(".call-code")
    assert "Call again" in page.text


def test_wrong_digits_end_the_call_and_another_one_can_be_asked_for(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    call, _ = called(owner, world)
    path, told = resetting.ring(world, call)
    answering.answered(world.system, path, machine=False, **told)
    for _try in range(3):
        answering.keyed(world.system, path, digits="000000", **told)
    assert "Number did not match" in status_line(owner.get("/reset/call"))
    world.now += timedelta(minutes=2)
    owner.send("")
    assert newest_call(world).id != call.id


def test_a_machine_that_answers(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    call, _ = called(owner, world)
    path, told = resetting.ring(world, call)
    answering.answered(world.system, path, machine=True, **told)
    assert "Answered by a machine" in status_line(owner.get("/reset/call"))


def test_digits_that_were_not_keyed_in_in_time(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    called(owner, world)
    world.now += timedelta(minutes=6)
    page = owner.get("/reset/call")
    assert "Number expired" in status_line(page)
    assert not page.html.select(".call-code")


def test_the_right_digits_lead_to_step_3(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    call, digits = called(owner, world)
    resetting.answer(world, call, digits)
    assert owner.get("/reset/call").path == "/en/reset/remove"


def test_nine_signs_everybody_out(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    call, _ = called(owner, world)
    resetting.answer(world, call, "9")
    assert owner.get("/reset/call").path == "/en/sign-in"


def test_too_soon_says_how_long_to_wait(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    called(owner, world)
    world.now += timedelta(seconds=20)
    page = press(owner, "/reset/call", language="en")
    assert page.code == 429
    assert "Wait 40 seconds." in page.text


def test_when_no_more_calls_are_possible_the_form_is_offered_for_that_reason(
    owner: Visitor, world: World
) -> None:
    to_call(owner, world)
    for _ in range(world.runtime.limits.calls_per_number_hour):
        press(owner, "/reset/call", language="en")
        world.now += timedelta(minutes=6)
    page = press(owner, "/reset/call", language="en")
    assert page.code == 422
    assert "No more calls are possible for now." in page.text
    assert page.value("reason") == "calls_used_up"


# what script asks


def state(visitor: Visitor) -> dict[str, object]:
    answer = visitor.client.get("/en/reset/state")
    assert answer.headers["Cache-Control"] == "no-store"
    return dict(answer.get_json())


def test_script_is_told_how_the_call_stands(owner: Visitor, world: World) -> None:
    to_call(owner, world)
    call, digits = called(owner, world)
    assert state(owner) == {
        "state": "queued",
        "label": "Calling",
        "words": "Answer the call and key in the number below.",
        "done": False,
    }
    path, told = resetting.ring(world, call)
    answering.answered(world.system, path, machine=False, **told)
    assert state(owner)["label"] == "Connected"
    answering.keyed(world.system, path, digits=digits, **told)
    assert (state(owner)["state"], state(owner)["done"]) == ("confirmed", True)


def test_the_page_carries_the_address_that_script_asks_only_while_a_call_runs(
    owner: Visitor, world: World
) -> None:
    page = to_call(owner, world)
    assert not page.html.select("[data-live]")
    called(owner, world)
    [box] = owner.get("/reset/call").html.select("[data-live]")
    assert box["data-live"] == "/en/reset/state"
    assert box.select_one("p .tag__text")


def test_script_of_somebody_else_is_told_nothing(owner: Visitor, world: World) -> None:
    nothing = {"state": "ended", "label": "", "words": "", "done": True}
    to_call(owner, world)
    called(owner, world)
    stranger = Visitor(owner.client.application, "en")
    assert state(stranger) == nothing
    sign_in(stranger)
    assert state(stranger) == nothing
    to_mail(stranger)
    assert state(stranger) == nothing
