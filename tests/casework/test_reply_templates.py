"""Reply templates: kept by leads, a version for each change, one set a language."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.casework import templates
from portal.casework.context import NotFound, Refused
from portal.casework.message_drafts import Words
from portal.casework.templates import Overtaken
from portal.models import AuditEvent, new_id
from tests.casework.replies import ENGLISH, reply
from tests.together import together
from tests.world import World

CALL = ("When we call", "About our call", "We will call you at {time}.")


def make(world: World, name: str = "lee", language: str = "en", words: tuple[str, str, str] = CALL) -> str:
    return templates.create(world.as_(name), language, *words).id


def events(world: World) -> list[tuple[str, dict[str, Any]]]:
    world.session.rollback()
    found = (
        world.session.query(AuditEvent)
        .filter(AuditEvent.tag.like("desk:template:%"))
        .order_by(AuditEvent.sseq)
    )
    return [(one.tag, json.loads(one.event_bytes)["d"]) for one in found]


def test_a_template_is_offered_in_its_language(world: World) -> None:
    made = make(world)
    assert [one.row.id for one in templates.offered(world.system, language="en")] == [made]
    assert templates.offered(world.system, language="ja") == []


@pytest.mark.parametrize("name", ["alice", "bob", "ada", "chika"])
def test_only_leads_keep_templates(world: World, name: str) -> None:
    made = make(world)
    ctx = world.as_(name)
    with pytest.raises(Refused, match="wrong_role"):
        templates.create(ctx, "en", "Other", "Subject", "Text of a template")
    with pytest.raises(Refused, match="wrong_role"):
        templates.change(ctx, made, 1, "Subject", "Text of a template")
    with pytest.raises(Refused, match="wrong_role"):
        templates.retire(ctx, made)


def test_a_change_is_a_new_version_and_the_old_one_stays(world: World) -> None:
    made = make(world)
    templates.change(world.as_("lou"), made, 1, "About our call", "We will ring you at {time}.")
    newest, first = templates.history(world.system, made)
    assert (newest.version.version, newest.by, newest.version.body) == (
        2,
        "Lou Leader",
        "We will ring you at {time}.",
    )
    assert (first.version.version, first.by, first.version.body) == (1, "Lee Leader", CALL[2])
    assert [one.version.version for one in templates.offered(world.system)] == [2]


def test_a_change_on_top_of_another_is_refused_and_shows_what_it_says_now(world: World) -> None:
    made = make(world)
    templates.change(world.as_("lou"), made, 1, "About our call", "We will ring you.")
    with pytest.raises(Overtaken) as overtaken:
        templates.change(world.as_("lee"), made, 1, "About our call", "We will phone you.")
    assert overtaken.value.details["current"].version.body == "We will ring you."


def test_a_retired_template_is_offered_no_more_and_comes_back_under_its_name(world: World) -> None:
    made = make(world)
    version = templates.offered(world.system)[0].version.id
    templates.retire(world.as_("lee"), made)
    assert templates.offered(world.system) == []
    with pytest.raises(NotFound):
        templates.by_version(world.system, version)
    with pytest.raises(NotFound):
        templates.change(world.as_("lee"), made, 1, "Subject", "Text of a template")
    assert make(world) == made
    assert [one.version.version for one in templates.history(world.system, made)] == [2, 1]


def test_a_name_is_used_once_in_a_language(world: World) -> None:
    make(world)
    with pytest.raises(Refused, match="template_name_taken"):
        make(world)
    make(world, language="ja", words=(CALL[0], "お電話", "お電話いたします。"))


def test_of_two_leads_who_make_the_same_template_one_is_told(world: World) -> None:
    actor = world.as_("lee").actor

    def create() -> str:
        with world.runtime.sessions() as session:
            ctx = world.runtime.context(session, actor)
            try:
                templates.create(ctx, "en", *CALL)
            except Refused as refused:
                return refused.reason
            return "made"

    assert sorted(together(2, create)) == ["made", "template_name_taken"]


@pytest.mark.parametrize(
    ("language", "words", "reason", "field"),
    [
        ("fr", CALL, "language_unknown", "language"),
        ("en", (" ", *CALL[1:]), "template_name_missing", "name"),
        ("en", ("x" * 61, *CALL[1:]), "template_name_long", "name"),
        ("en", (CALL[0], "", CALL[2]), "subject_missing", "subject"),
        ("en", (CALL[0], "x" * 121, CALL[2]), "subject_long", "subject"),
        ("en", (CALL[0], "a\nb", CALL[2]), "unprintable", "subject"),
        ("en", (CALL[0], CALL[1], " "), "message_missing", "body"),
        ("en", (CALL[0], CALL[1], "x" * 4001), "message_long", "body"),
        ("en", (CALL[0], CALL[1], "Your password: hunter2"), "message_secret", "body"),
        ("ja", CALL, "template_other_script", "body"),
        ("en", (CALL[0], "お電話", "お電話いたします。"), "template_other_script", "body"),
    ],
)
def test_a_template_that_cannot_be_is_refused_at_its_field(
    world: World, language: str, words: tuple[str, str, str], reason: str, field: str
) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        make(world, language=language, words=words)
    assert refused.value.details["field"] == field
    assert templates.offered(world.system) == []


def test_every_change_is_on_record_with_a_digest_and_without_words(world: World) -> None:
    made = make(world)
    templates.change(world.as_("lou"), made, 1, "About our call", "We will ring you.")
    templates.retire(world.as_("lee"), made)
    (first, said), (second, _), (third, retired) = events(world)
    assert (first, second, third) == ("desk:template:changed",) * 2 + ("desk:template:retired",)
    assert said.keys() == {"template", "version", "language", "payload"}
    assert len(said["payload"]) == 64
    assert retired == {"template": made}


def test_a_reply_names_the_version_that_it_began_from(world: World) -> None:
    world.account()
    case_id = world.verifying(language="en")
    make(world)
    version = templates.offered(world.system)[0].version.id
    message = reply(world, case_id, Words(ENGLISH.subject, ENGLISH.body, version))
    assert message.template_version_id == version


def test_a_template_of_another_language_needs_a_yes(world: World) -> None:
    world.account()
    case_id = world.verifying()
    make(world)
    words = Words("お電話", "お電話いたします。", templates.offered(world.system)[0].version.id)
    with pytest.raises(Refused, match="other_language"):
        reply(world, case_id, words)
    assert reply(world, case_id, words, other_language=True).language == "ja"


def test_a_template_that_there_never_was_is_not_recorded(world: World) -> None:
    world.account()
    case_id = world.verifying(language="en")
    assert reply(world, case_id, Words(ENGLISH.subject, ENGLISH.body, new_id())).template_version_id is None
