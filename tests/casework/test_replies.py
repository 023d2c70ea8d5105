"""Replies: to the confirmed address only, in the language of the case, by whoever has it, and back again for a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from portal.casework import account_objection, intake, message_drafts, messages, objection, verification
from portal.casework.context import NotFound, Refused, Stale
from portal.casework.message_drafts import Words
from portal.models import OutboxRow
from tests.applications import app_for
from tests.casework.replies import (
    ENGLISH,
    WORDS,
    caught,
    leave,
    mails,
    note,
    receive,
    reply,
    states,
    text_of,
    thread,
    with_body,
)
from tests.sql import row_of
from tests.world import World


@pytest.fixture
def app(world: World) -> Flask:
    world.account()
    return app_for(world.runtime)


@pytest.fixture
def case_id(app: Flask, world: World) -> str:
    return world.verifying()


def test_a_reply_leaves_as_a_mail_after_the_moment_in_which_it_can_be_taken_back(
    world: World, app: Flask, case_id: str
) -> None:
    message = reply(world, case_id)
    row = row_of(world, "outbox", id=message.outbox_id)
    assert row["not_before"] == message.leaves_at == message.created_at + world.runtime.limits.reply_undo
    assert states(world, case_id) == ["leaving"]
    leave(world, app)
    assert states(world, case_id) == ["sent"]


def test_a_reply_goes_to_the_confirmed_address_with_its_words_its_reference_and_the_status_page(
    world: World, app: Flask, case_id: str
) -> None:
    reply(world, case_id)
    leave(world, app)
    mail = caught(world, WORDS.subject)
    assert mail["To"] == "hanako@mail.example"
    assert world.case(case_id).reference in mail["Subject"]
    assert WORDS.body in text_of(mail)
    assert "/ja/status/" in text_of(mail)


def test_a_reply_is_framed_in_the_language_of_the_case(world: World, app: Flask) -> None:
    case_id = world.verifying(language="en")
    reply(world, case_id, ENGLISH)
    leave(world, app)
    text = text_of(caught(world, ENGLISH.subject))
    assert "We never ask for your password or codes." in text
    assert "/en/status/" in text


def test_what_was_typed_is_no_link_no_list_no_rule_and_no_markup_in_the_mail(
    world: World, app: Flask, case_id: str
) -> None:
    reply(world, case_id, with_body("**太字**\nhttps://elsewhere.example/\n・項目\n――――\n<b>重要</b>"))
    leave(world, app)
    html = text_of(caught(world, WORDS.subject), "html")
    assert 'href="https://elsewhere.example/' not in html
    assert "<b>" not in html
    assert "**太字**" in html
    assert "・項目" in html
    assert html.count("<hr") == 1


# who may


def test_only_the_holder_answers_while_somebody_has_the_case(world: World, case_id: str) -> None:
    for name in ("vic", "bob", "lee"):
        with pytest.raises(Refused, match="not_holder"):
            reply(world, case_id, name=name)


def test_nobody_answers_a_case_that_nobody_has(world: World, app: Flask) -> None:
    with pytest.raises(Refused, match="wrong_status"):
        reply(world, world.queued())


def test_only_a_lead_answers_a_held_case(world: World, app: Flask) -> None:
    case_id = world.frozen()
    with pytest.raises(Refused, match="wrong_role"):
        reply(world, case_id)
    assert reply(world, case_id, name="lee").kind == "reply"


def test_anybody_at_work_answers_after_the_decision(world: World, app: Flask) -> None:
    assert reply(world, world.declined(), name="vic").kind == "reply"


def test_compliance_and_owners_send_no_replies(world: World, case_id: str) -> None:
    for ctx in (world.as_("chika"), world.owner):
        with pytest.raises(Refused, match="wrong_role"):
            messages.reply(ctx, case_id, world.case(case_id).version, WORDS)


def test_an_address_that_nobody_confirmed_is_never_answered(world: World, app: Flask) -> None:
    case_id = world.submit()
    intake.withdraw(world.owner, case_id, "not_mine")
    with pytest.raises(Refused, match="no_confirmed_address"):
        reply(world, case_id)


def test_a_hold_without_a_request_has_nobody_to_answer(world: World, app: Flask) -> None:
    account = world.account(number="210987654321", account_email="k@keeper.example", second_email=None)
    mailbox = world.contacts(account, "email")[0]
    held = account_objection.object_without_case(world.system, mailbox.id, channel="mail")
    with pytest.raises(Refused, match="no_confirmed_address"):
        reply(world, held.id, name="lee")


# what it may say


@pytest.mark.parametrize(
    ("words", "reason", "field"),
    [
        (replace(WORDS, subject=" "), "subject_missing", "subject"),
        (replace(WORDS, subject="件" * 121), "subject_long", "subject"),
        (replace(WORDS, subject="件名\r\nBcc: x@y.example"), "unprintable", "subject"),
        (replace(WORDS, subject="コード 483920"), "message_secret", "subject"),
        (replace(WORDS, subject="{件}について"), "gaps_left", "subject"),
        (with_body(" \n"), "message_missing", "body"),
        (with_body("\u200b \ufeff"), "message_missing", "body"),
        (Words("\u200b", "本文"), "subject_missing", "subject"),
        (with_body("あ" * 2001), "message_long", "body"),
        (with_body("はい\x00"), "unprintable", "body"),
        (with_body("コードは 483920 です"), "message_secret", "body"),
        (with_body("{期限} までに｛書類名｝を"), "gaps_left", "body"),
    ],
)
def test_a_reply_that_must_not_go_is_refused_at_its_field(
    world: World, case_id: str, words: Words, reason: str, field: str
) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        reply(world, case_id, words, other_language=True, other_script=True)
    assert refused.value.details["field"] == field
    assert thread(world, case_id) == []
    assert world.mails(case_id, "desk_reply") == []


def test_gaps_that_are_left_are_named(world: World, case_id: str) -> None:
    with pytest.raises(Refused) as refused:
        reply(world, case_id, with_body("{期限} までに｛書類名｝を"))
    assert refused.value.details["gaps"] == ["期限", "書類名"]


def test_a_reply_in_another_script_is_asked_about_once(world: World, case_id: str) -> None:
    with pytest.raises(Refused, match="other_script"):
        reply(world, case_id, ENGLISH)
    assert reply(world, case_id, ENGLISH, other_script=True).kind == "reply"


def test_an_answer_on_top_of_another_is_refused_and_says_who_was_faster(world: World, app: Flask) -> None:
    case_id = world.declined()
    seen = world.case(case_id).version
    messages.reply(world.as_("vic"), case_id, seen, WORDS)
    with pytest.raises(Stale) as refused:
        messages.reply(world.as_("alice"), case_id, seen, WORDS)
    assert refused.value.details["tag"] == "case:reply:sent"
    assert len(thread(world, case_id)) == 1


def test_a_message_from_the_owner_meanwhile_is_seen_before_an_answer_goes(world: World, case_id: str) -> None:
    seen = world.case(case_id).version
    receive(world, case_id)
    with pytest.raises(Stale):
        messages.reply(world.as_("alice"), case_id, seen, WORDS)
    assert world.case(case_id).owner_wrote_at is not None


# taking back


def test_a_reply_is_taken_back_before_it_leaves_and_its_words_are_a_draft_again(
    world: World, app: Flask, case_id: str
) -> None:
    message = reply(world, case_id)
    world.now -= timedelta(seconds=25)
    messages.take_back(world.as_("alice"), case_id, message.id)
    assert states(world, case_id) == ["taken_back"]
    draft = message_drafts.find(world.as_("alice"), world.case(case_id), "reply")
    assert draft is not None
    assert message_drafts.words_of(world.system, world.case(case_id), draft) == WORDS
    leave(world, app)
    assert all(WORDS.subject not in mail["Subject"] for mail in mails(world))


def test_what_was_begun_since_is_kept_behind_the_words_that_come_back(world: World, case_id: str) -> None:
    message = reply(world, case_id)
    message_drafts.save(world.as_("alice"), case_id, "reply", Words("", "追伸です。"))
    world.now -= timedelta(seconds=55)
    messages.take_back(world.as_("alice"), case_id, message.id)
    draft = message_drafts.find(world.as_("alice"), world.case(case_id), "reply")
    assert draft is not None
    assert (
        message_drafts.words_of(world.system, world.case(case_id), draft).body
        == f"{WORDS.body}\n\n追伸です。"
    )


def test_a_reply_that_has_left_is_not_taken_back(world: World, app: Flask, case_id: str) -> None:
    message = reply(world, case_id)
    leave(world, app)
    with pytest.raises(Refused, match="reply_left"):
        messages.take_back(world.as_("alice"), case_id, message.id)
    assert states(world, case_id) == ["sent"]


def test_a_reply_whose_time_is_over_is_not_taken_back_though_no_worker_came(
    world: World, case_id: str
) -> None:
    message = reply(world, case_id)
    with pytest.raises(Refused, match="reply_left"):
        messages.take_back(world.as_("alice"), case_id, message.id)
    assert row_of(world, "outbox", id=message.outbox_id)["state"] == "pending"


def test_only_its_author_takes_a_reply_back(world: World, case_id: str) -> None:
    message = reply(world, case_id)
    world.now -= timedelta(seconds=30)
    with pytest.raises(Refused, match="not_author"):
        messages.take_back(world.as_("lee"), case_id, message.id)


def test_taking_back_twice_is_like_once(world: World, case_id: str) -> None:
    message = reply(world, case_id)
    world.now -= timedelta(seconds=30)
    messages.take_back(world.as_("alice"), case_id, message.id)
    version = world.case(case_id).version
    messages.take_back(world.as_("alice"), case_id, message.id)
    assert world.case(case_id).version == version


def test_a_reply_is_reached_through_its_own_case_only(world: World, case_id: str) -> None:
    message = reply(world, case_id)
    other = world.queued(account_email="p@nowhere.example", reply_email="p@nowhere.example")
    for act in (messages.take_back, messages.send_again):
        with pytest.raises(NotFound):
            act(world.as_("alice"), other, message.id)


def test_a_note_is_never_taken_back(world: World, case_id: str) -> None:
    written = note(world, case_id)
    with pytest.raises(NotFound):
        messages.take_back(world.as_("alice"), case_id, written.id)


# what failed


def fail(world: World, outbox_id: str | None) -> None:
    with world.system.act():
        row = world.session.get_one(OutboxRow, outbox_id)
        row.state, row.done_at, row.last_error = "dead", world.now, "550"


def test_a_reply_that_failed_is_sent_again_by_whoever_may_reply(
    world: World, app: Flask, case_id: str
) -> None:
    message = reply(world, case_id)
    fail(world, message.outbox_id)
    assert states(world, case_id) == ["failed"]
    with pytest.raises(Refused, match="not_holder"):
        messages.send_again(world.as_("vic"), case_id, message.id)
    messages.send_again(world.as_("alice"), case_id, message.id)
    leave(world, app)
    assert states(world, case_id) == ["sent"]
    assert WORDS.body in text_of(caught(world, WORDS.subject))


def test_a_reply_is_an_act_with_a_digest_and_without_its_words(world: World, case_id: str) -> None:
    message = reply(world, case_id)
    event = row_of(world, "audit_event", tag="case:reply:sent")
    assert message.id.encode() in event["event_bytes"]
    assert "電話".encode() not in event["event_bytes"]


def test_a_reply_renews_the_claim_and_answers_the_owner(world: World, case_id: str) -> None:
    receive(world, case_id)
    world.now += timedelta(hours=3)
    reply(world, case_id)
    case = world.case(case_id)
    assert case.owner_wrote_at is None
    assert verification.lease_until(world.system, case) == world.now + world.runtime.limits.claim_lease


def test_a_case_that_is_stopped_keeps_what_was_said(world: World, case_id: str) -> None:
    reply(world, case_id)
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    assert len(thread(world, case_id)) == 1
