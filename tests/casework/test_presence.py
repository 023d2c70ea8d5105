"""Who has a case open: seen by colleagues for as long as it is renewed, written seldom, and in nobody's way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import presence, verification
from portal.casework.context import Context
from portal.domain.lifecycle import Role
from portal.models import AuditEvent, Presence
from portal.worker import keep_house
from tests.admin.desk import statements
from tests.world import World


def rows(world: World) -> list[Presence]:
    world.session.rollback()
    return list(world.session.execute(select(Presence).order_by(Presence.at)).scalars())


def at_once(world: World, name: str) -> Context:
    """Their context without the half minute that goes by for each act."""
    now = world.now
    ctx = world.as_(name)
    world.now = now
    return replace(ctx, now=now)


def test_a_colleague_is_seen_viewing_and_then_editing(world: World) -> None:
    case_id = world.queued()
    presence.note(world.as_("alice"), case_id, "viewing")
    assert presence.here(world.as_("vic"), [case_id]) == {case_id: [("Alice Verity", "viewing")]}
    presence.note(world.as_("alice"), case_id, "editing")
    assert presence.here(world.as_("vic"), [case_id]) == {case_id: [("Alice Verity", "editing")]}


def test_nobody_is_told_of_themselves(world: World) -> None:
    case_id = world.queued()
    presence.note(world.as_("alice"), case_id, "viewing")
    assert presence.here(world.as_("alice"), [case_id]) == {}


def test_whoever_left_is_soon_not_seen_any_more(world: World) -> None:
    case_id = world.queued()
    presence.note(world.as_("alice"), case_id, "editing")
    vic = world.as_("vic")
    world.now += vic.limits.presence_life
    assert presence.here(world.as_("vic"), [case_id]) == {}


def test_an_open_page_keeps_its_reader_in_sight(world: World) -> None:
    case_id = world.queued()
    presence.note(world.as_("alice"), case_id, "viewing")
    for _ in range(4):
        presence.renew(world.as_("alice"), case_id, "viewing")  # half a minute later each time
    assert presence.here(world.as_("vic"), [case_id])


def test_renewing_writes_only_every_so_often(world: World) -> None:
    case_id = world.queued()
    alice = world.as_("alice")
    presence.note(alice, case_id, "viewing")
    for _ in range(5):
        with statements(world) as seen:
            presence.renew(alice, case_id, "viewing")
        assert not [text for text in seen if text.startswith("INSERT")]


def test_who_edits_in_one_tab_is_not_shown_as_reading_because_of_another(world: World) -> None:
    case_id = world.queued()
    alice = world.as_("alice")
    presence.note(alice, case_id, "editing")
    presence.renew(world.as_("alice"), case_id, "viewing")
    assert [row.doing for row in rows(world)] == ["editing"]
    presence.note(world.as_("alice"), case_id, "viewing")  # they have come back to the case themselves
    assert [row.doing for row in rows(world)] == ["viewing"]


def test_editors_are_named_before_readers_and_each_case_for_itself(world: World) -> None:
    first, second = world.queued(), world.queued(reply_email="other@mail.example")
    for name, doing in (("alice", "viewing"), ("bob", "editing"), ("chika", "viewing")):
        presence.note(at_once(world, name), first, doing)
    presence.note(at_once(world, "bob"), second, "viewing")
    seen = presence.here(at_once(world, "vic"), [first, second])
    assert [doing for _name, doing in seen[first]] == ["editing", "viewing", "viewing"]
    assert len(seen[second]) == 1


def test_all_rows_of_a_list_are_asked_for_at_once(world: World) -> None:
    cases = [world.queued(reply_email=f"n{number}@mail.example") for number in range(3)]
    for case_id in cases:
        presence.note(world.as_("alice"), case_id, "viewing")
    vic = world.as_("vic")
    with statements(world) as seen:
        presence.here(vic, cases)
    assert len([text for text in seen if "presence" in text]) == 1


def test_a_case_that_is_nobodys_yet_has_nobody_in_it(world: World) -> None:
    alice = world.as_("alice")
    for case_id in (world.submit(), "0" * 32):
        presence.note(alice, case_id, "viewing")
    assert rows(world) == []


@pytest.mark.parametrize("who", ["ada", "owner", "nobody"])
def test_whose_roles_do_not_allow_the_case_is_not_recorded_and_sees_nobody(world: World, who: str) -> None:
    case_id = world.queued()
    presence.note(world.as_("alice"), case_id, "viewing")
    outside = {"ada": world.as_("ada"), "owner": world.owner, "nobody": world.system}[who]
    presence.note(outside, case_id, "viewing")
    presence.renew(outside, case_id, "editing")
    assert presence.here(outside, [case_id]) == {}
    assert [row.person_id for row in rows(world)] == [world.logins["alice"].person_id]


def test_who_reads_for_compliance_is_seen_too(world: World) -> None:
    assert world.role("chika") is Role.COMPLIANCE
    case_id = world.queued()
    presence.note(world.as_("chika"), case_id, "viewing")
    assert presence.here(world.as_("alice"), [case_id])


def test_presence_is_no_event_and_no_change_of_the_case(world: World) -> None:
    case_id = world.queued()
    before = (world.case(case_id).version, world.session.query(AuditEvent).count())
    presence.note(world.as_("alice"), case_id, "editing")
    presence.renew(world.as_("vic"), case_id, "viewing")
    world.session.rollback()
    assert (world.case(case_id).version, world.session.query(AuditEvent).count()) == before


def test_somebody_who_edits_stands_in_nobodys_way(world: World) -> None:
    case_id = world.queued()
    presence.note(world.as_("vic"), case_id, "editing")
    verification.claim(world.as_("alice"), case_id)
    assert world.case(case_id).holder_id == world.logins["alice"].person_id


def test_what_says_nothing_any_more_is_thrown_away(world: World) -> None:
    case_id = world.queued()
    presence.note(world.as_("alice"), case_id, "viewing")
    keep_house(world.runtime)
    assert len(rows(world)) == 1
    world.now += timedelta(days=1)
    keep_house(world.runtime)
    assert rows(world) == []
