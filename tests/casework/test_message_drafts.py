"""Drafts: one a case, person and kind, kept over the end of a session, and never with a secret in it."""

from __future__ import annotations

import pytest

from portal.casework import message_drafts, templates
from portal.casework.context import NotFound, Refused
from portal.casework.message_drafts import Words
from portal.models import MessageDraft, new_id
from tests.casework.replies import WORDS, note, reply
from tests.world import World


@pytest.fixture
def case_id(world: World) -> str:
    world.account()
    return world.verifying()


def save(world: World, case_id: str, words: Words = WORDS, kind: str = "reply", name: str = "alice") -> bool:
    return message_drafts.save(world.as_(name), case_id, kind, words)


def kept(world: World, case_id: str, kind: str = "reply", name: str = "alice") -> Words | None:
    ctx, case = world.as_(name), world.case(case_id)
    draft = message_drafts.find(ctx, case, kind)
    return message_drafts.words_of(ctx, case, draft) if draft else None


def test_a_draft_comes_back_to_its_writer_only(world: World, case_id: str) -> None:
    save(world, case_id)
    assert kept(world, case_id) == WORDS
    assert kept(world, case_id, name="vic") is None
    assert kept(world, case_id, "note") is None


def test_a_draft_is_sealed(world: World, case_id: str) -> None:
    save(world, case_id)
    draft = world.session.query(MessageDraft).one()
    assert "電話".encode() not in (draft.sealed_body or b"") + (draft.sealed_subject or b"")


def test_there_is_one_draft_of_a_kind_and_the_newest_counts(world: World, case_id: str) -> None:
    save(world, case_id)
    save(world, case_id, Words("件名", "別の文"))
    assert kept(world, case_id) == Words("件名", "別の文")
    assert world.session.query(MessageDraft).count() == 1


def test_a_draft_makes_nobodys_page_stale_and_is_no_event(world: World, case_id: str) -> None:
    before = world.case(case_id)
    seen = (before.version, before.audit_seq)
    save(world, case_id)
    after = world.case(case_id)
    assert (after.version, after.audit_seq) == seen


def test_a_draft_with_a_secret_is_not_kept_and_the_earlier_one_stays(world: World, case_id: str) -> None:
    save(world, case_id)
    assert not save(world, case_id, Words("件名", "コードは 483920 です"))
    assert not save(world, case_id, Words("パスワード：x", "本文"))
    assert kept(world, case_id) == WORDS


def test_sending_uses_the_draft_up(world: World, case_id: str) -> None:
    save(world, case_id)
    save(world, case_id, Words(body="控え"), "note")
    reply(world, case_id)
    assert kept(world, case_id) is None
    assert kept(world, case_id, "note") is not None
    note(world, case_id)
    assert kept(world, case_id, "note") is None


def test_a_draft_is_deleted_on_demand_or_when_nothing_is_left_of_it(world: World, case_id: str) -> None:
    save(world, case_id)
    message_drafts.forget(world.as_("alice"), case_id, "reply")
    assert kept(world, case_id) is None
    save(world, case_id)
    save(world, case_id, Words(" ", "\n"))
    assert kept(world, case_id) is None


def test_a_draft_outlives_a_case_that_somebody_else_took(world: World, case_id: str) -> None:
    save(world, case_id)
    from portal.casework import verification

    verification.take_over(world.as_("vic"), case_id, "Alice is away")
    assert save(world, case_id, Words("件名", "続き"))
    assert kept(world, case_id) == Words("件名", "続き")


def test_a_draft_longer_than_anybody_writes_is_neither_read_nor_kept(world: World, case_id: str) -> None:
    save(world, case_id)
    with pytest.raises(message_drafts.DraftTooLong):
        save(world, case_id, Words("件名", "あ" * message_drafts.LONGEST_DRAFT))
    assert kept(world, case_id) == WORDS


def test_whoever_may_not_write_keeps_no_draft(world: World, case_id: str) -> None:
    with pytest.raises(Refused, match="wrong_role"):
        save(world, case_id, name="chika")
    with pytest.raises(Refused, match="not_found"):
        save(world, case_id, kind="owner")
    with pytest.raises(NotFound):
        save(world, new_id())


def test_a_draft_remembers_a_template_that_there_is(world: World, case_id: str) -> None:
    templates.create(world.as_("lee"), "ja", "電話", "お電話", "お電話いたします。")
    version = templates.offered(world.system)[0].version.id
    save(world, case_id, Words("件名", "本文", version))
    assert kept(world, case_id) == Words("件名", "本文", version)
    save(world, case_id, Words("件名", "本文", new_id()))
    assert kept(world, case_id) == Words("件名", "本文", None)
