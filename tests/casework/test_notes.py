"""Notes stay among colleagues, and what an owner writes is kept, counted, and seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from portal.casework import messages
from portal.casework.context import Refused, Stale, Throttled
from portal.models import Message
from tests.applications import app_for
from tests.casework.replies import leave, mails, note, receive, reply, states, text_of, thread
from tests.world import World


@pytest.fixture
def app(world: World) -> Flask:
    world.account()
    return app_for(world.runtime)


@pytest.fixture
def case_id(app: Flask, world: World) -> str:
    return world.verifying()


def test_a_note_is_mailed_to_nobody_and_shown_to_no_owner(world: World, app: Flask, case_id: str) -> None:
    note(world, case_id, "免許証の裏面が不鮮明。")
    leave(world, app)
    assert all("裏面" not in text_of(mail) for mail in mails(world))
    assert messages.shown_to_owner(world.owner, world.case(case_id)) == []


def test_a_note_of_any_colleague_renews_no_claim_of_another(world: World, case_id: str) -> None:
    before = world.case(case_id).version
    note(world, case_id, name="vic")
    assert world.case(case_id).version == before + 1
    world.pass_time(hours=4)
    assert world.status(case_id) == "queued"


def test_a_note_says_that_the_owners_message_was_seen(world: World, case_id: str) -> None:
    receive(world, case_id)
    assert world.case(case_id).owner_wrote_at is not None
    note(world, case_id)
    assert world.case(case_id).owner_wrote_at is None


def test_a_note_cannot_hide_a_message_that_came_while_it_was_written(world: World, case_id: str) -> None:
    seen = world.case(case_id).version
    receive(world, case_id)
    with pytest.raises(Stale):
        messages.note(world.as_("alice"), case_id, seen, "特になし。")
    assert world.case(case_id).owner_wrote_at is not None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (" ", "message_missing"),
        ("\u200b\u2060", "message_missing"),
        ("コード 483920", "message_secret"),
        ("あ" * 2001, "message_long"),
        ("\x07", "unprintable"),
    ],
)
def test_a_note_is_checked_like_a_reply(world: World, case_id: str, body: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        note(world, case_id, body)
    assert thread(world, case_id) == []


def test_a_note_may_have_braces_and_any_language(world: World, case_id: str) -> None:
    assert note(world, case_id, "Ask for {the other one} again").kind == "note"


def test_whoever_is_a_contact_of_the_account_writes_no_note(world: World) -> None:
    world.account(second_email="alice@desk.example")
    case_id = world.queued()
    with pytest.raises(Refused, match="own_account"):
        note(world, case_id)


def test_compliance_writes_nothing(world: World, case_id: str) -> None:
    with pytest.raises(Refused, match="wrong_role"):
        note(world, case_id, name="chika")


# the owner's messages


def test_an_owners_message_is_kept_sealed_and_recorded(world: World, case_id: str) -> None:
    message = receive(world, case_id, "書類は明日送ります。")
    stored = world.session.get_one(Message, message.id)
    assert "書類".encode() not in (stored.sealed_body or b"")
    said = thread(world, case_id)[0]
    assert (said.body, said.by, said.state, said.message.kind) == (
        "書類は明日送ります。",
        "",
        "said",
        "owner",
    )
    assert stored.person_id is None


@pytest.mark.parametrize(
    "status", ["queued", "verifying", "pending_approval", "cooling_off", "ready", "frozen"]
)
def test_an_owner_can_write_while_the_case_is_open(world: World, app: Flask, status: str) -> None:
    assert receive(world, getattr(world, status)()).kind == "owner"


@pytest.mark.parametrize("status", ["submit", "declined", "cancelled", "expired"])
def test_an_owner_cannot_write_before_confirming_or_after_the_end(
    world: World, app: Flask, status: str
) -> None:
    with pytest.raises(Refused, match="wrong_status"):
        receive(world, getattr(world, status)())


def test_no_colleague_writes_in_the_owners_name(world: World, case_id: str) -> None:
    with pytest.raises(Refused, match="wrong_role"):
        messages.receive(world.as_("alice"), world.case(case_id), "やはり急いでください。")


def test_an_owners_code_is_refused_at_its_field(world: World, case_id: str) -> None:
    with pytest.raises(Refused, match="message_secret") as refused:
        receive(world, case_id, "コードは４８３９２０です")
    assert refused.value.details["field"] == "message"


def test_a_case_has_so_many_messages_of_its_owner_a_day(world: World, case_id: str) -> None:
    most = world.runtime.limits.owner_messages_day
    for _ in range(most):
        receive(world, case_id)
    world.now += timedelta(hours=1)
    with pytest.raises(Throttled) as refused:
        receive(world, case_id)
    assert refused.value.details["retry_after"] == 23 * 3600 + 1
    world.now += timedelta(hours=23, seconds=1)
    receive(world, case_id)


def test_what_an_owner_sees_is_theirs_and_what_has_left(world: World, app: Flask, case_id: str) -> None:
    receive(world, case_id)
    note(world, case_id)
    back = reply(world, case_id)
    world.now -= timedelta(seconds=30)
    messages.take_back(world.as_("alice"), case_id, back.id)
    reply(world, case_id)
    assert [said.message.kind for said in messages.shown_to_owner(world.owner, world.case(case_id))] == [
        "owner"
    ]
    leave(world, app)
    seen = messages.shown_to_owner(world.owner, world.case(case_id))
    assert [said.message.kind for said in seen] == ["owner", "reply"]
    assert states(world, case_id) == ["said", "said", "taken_back", "sent"]
