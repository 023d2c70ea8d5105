"""Messages, drafts and reply templates: tried with SQL alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from portal.casework import templates
from portal.models import new_id
from tests.casework.replies import note, receive, reply
from tests.sql import attack, changed, deleted, inserted, only_on, refused, row_of
from tests.world import World


@pytest.fixture
def case_id(world: World) -> str:
    world.account()
    return world.verifying()


def kept(world: World, message_id: str) -> dict[str, Any]:
    return row_of(world, "message", id=message_id)


def test_a_note_is_never_on_its_way_to_anybody(world: World, case_id: str) -> None:
    written, mail = note(world, case_id), row_of(world, "outbox")
    refused(world, "message_fixed", changed("message", written.id, outbox_id=mail["id"]))
    refused(
        world,
        "ck_message_mailed",
        inserted("message", kept(world, written.id), id=new_id(), outbox_id=mail["id"]),
    )


def test_a_note_never_becomes_a_reply(world: World, case_id: str) -> None:
    written = note(world, case_id)
    refused(world, "message_fixed", changed("message", written.id, kind="reply"))
    refused(world, "message_fixed", changed("message", written.id, kind="owner", person_id=None))


def test_a_reply_without_a_mail_is_no_reply(world: World, case_id: str) -> None:
    sent = kept(world, reply(world, case_id).id)
    refused(world, "ck_message_mailed", inserted("message", sent, id=new_id(), outbox_id=None))
    refused(world, "ck_message_leaves", inserted("message", sent, id=new_id(), leaves_at=None))


def test_only_an_owners_message_names_nobody(world: World, case_id: str) -> None:
    said, written = kept(world, receive(world, case_id).id), kept(world, note(world, case_id).id)
    refused(world, "ck_message_author", inserted("message", written, id=new_id(), person_id=None))
    refused(
        world,
        "ck_message_author",
        inserted("message", said, id=new_id(), person_id=world.logins["vic"].person_id),
    )


def test_what_was_said_stays_said(world: World, case_id: str) -> None:
    for message in (reply(world, case_id), note(world, case_id), receive(world, case_id)):
        refused(world, "message_no_delete", deleted("message", id=message.id))
        for column in ("sealed_body", "sealed_subject"):
            refused(world, "message_fixed", changed("message", message.id, **{column: b"other"}))
        for name, value in {"language": "en", "created_at": world.now + timedelta(days=1)}.items():
            refused(world, "message_fixed", changed("message", message.id, **{name: value}))


def test_nobody_is_made_the_author_of_what_another_wrote(world: World, case_id: str) -> None:
    written = note(world, case_id)
    refused(world, "message_fixed", changed("message", written.id, person_id=world.logins["vic"].person_id))


def test_a_reply_is_not_taken_back_after_it_has_left(world: World, case_id: str) -> None:
    sent = reply(world, case_id)
    assert sent.leaves_at is not None
    late = sent.leaves_at + timedelta(seconds=1)
    refused(world, "message_fixed", changed("message", sent.id, taken_back_at=late))
    refused(world, "message_fixed", changed("message", sent.id, leaves_at=late + timedelta(days=1)))


def test_what_was_taken_back_stays_taken_back(world: World, case_id: str) -> None:
    sent = reply(world, case_id)
    attack(world, changed("message", sent.id, taken_back_at=sent.created_at))
    refused(world, "message_fixed", changed("message", sent.id, taken_back_at=None))


def test_a_note_is_never_taken_back(world: World, case_id: str) -> None:
    refused(
        world, "ck_message_taken_back", changed("message", note(world, case_id).id, taken_back_at=world.now)
    )


def test_the_words_may_be_emptied_when_their_time_is_over(world: World, case_id: str) -> None:
    attack(world, changed("message", note(world, case_id).id, sealed_body=None))


def test_the_owner_has_no_draft_here_and_a_colleague_one_of_a_kind(world: World, case_id: str) -> None:
    draft = {
        "id": new_id(),
        "case_id": case_id,
        "person_id": world.logins["alice"].person_id,
        "kind": "reply",
        "updated_at": world.now,
    }
    refused(world, "ck_message_draft_kind", inserted("message_draft", draft, kind="owner"))
    attack(world, inserted("message_draft", draft))
    refused(world, "uq_message_draft_case_id_person_id_kind", inserted("message_draft", draft, id=new_id()))


def test_a_version_of_a_template_stays_as_it_was_written(world: World) -> None:
    templates.create(world.as_("lee"), "en", "Call", "About our call", "We will call you.")
    version = row_of(world, "reply_template_version")
    refused(
        world,
        "reply_template_version_fixed",
        changed("reply_template_version", version["id"], body="Pay us."),
    )
    refused(world, "reply_template_version_no_delete", deleted("reply_template_version", id=version["id"]))


@only_on("sqlite")
def test_neither_a_message_nor_a_version_is_replaced(world: World, case_id: str) -> None:
    other = inserted("message", kept(world, note(world, case_id).id), language="en").prefix_with("OR REPLACE")
    refused(world, "message_never_replaced", other)
    templates.create(world.as_("lee"), "en", "Call", "About our call", "We will call you.")
    row = row_of(world, "reply_template_version")
    for version in (
        inserted("reply_template_version", row, body="x"),
        inserted("reply_template_version", row, id=new_id()),
    ):
        refused(world, "reply_template_version_never_replaced", version.prefix_with("OR REPLACE"))
