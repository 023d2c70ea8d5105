"""Who may take a file away, for how long, and what is left of it afterwards."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import worker
from portal.casework import exports
from portal.casework.context import NotFound, Refused
from portal.domain.lifecycle import Role
from portal.models import SubjectKey
from tests.export.desk import ask, content, export, parts, tags, work_off
from tests.sql import changed, deleted, inserted, only_on, refused, row_of
from tests.world import World


@pytest.fixture
def ready(world: World, app: Flask) -> str:
    """A file of Chika's."""
    world.hire("kei", role=Role.COMPLIANCE)
    made = ask(world)
    work_off(world, app)
    return made


def test_its_asker_gets_it_and_each_time_is_an_event(world: World, ready: str) -> None:
    for part in ("data", "dictionary"):
        assert exports.fetch(world.as_("chika"), ready, part).id == ready
    facts = [json.loads(event.event_bytes) for event in tags(world, "staff:export:fetched")]
    assert [(one["d"]["export"], one["d"]["part"]) for one in facts] == [
        (ready, "data"),
        (ready, "dictionary"),
    ]
    assert {one["actor"] for one in facts} == {f"staff:{world.logins['chika'].staff_id}"}


def test_personal_data_takes_a_fresh_code_each_time_it_is_fetched(world: World, app: Flask) -> None:
    made = ask(world, purpose="Audit 7")
    work_off(world, app)
    for code in (None, "000000"):
        with pytest.raises(Refused, match="wrong_code"):
            exports.fetch(world.as_("chika"), made, "data", code)
    assert not tags(world, "staff:export:fetched")
    ctx, code = world.as_("chika"), world.code("chika")
    exports.fetch(ctx, made, "data", code)
    with pytest.raises(Refused, match="wrong_code"):
        exports.fetch(world.as_("chika"), made, "data", code)
    exports.fetch(world.as_("chika"), made, "dictionary")
    assert len(tags(world, "staff:export:fetched")) == 2


def test_a_colleague_in_compliance_finds_nothing_under_its_address(world: World, ready: str) -> None:
    with pytest.raises(NotFound):
        exports.fetch(world.as_("kei"), ready, "data")
    assert exports.own(world.as_("kei")) == []
    assert not tags(world, "staff:export:fetched")


@pytest.mark.parametrize("name", ["alice", "lee", "ada"])
def test_no_other_role_gets_it(world: World, ready: str, name: str) -> None:
    with pytest.raises(Refused, match="wrong_role"):
        exports.fetch(world.as_(name), ready, "data")


def test_who_left_compliance_does_not_get_what_they_asked_for(world: World, ready: str) -> None:
    with world.system.act():
        world.role_row("chika").revoked_at = world.now
    with pytest.raises(Refused, match="wrong_role"):
        exports.fetch(world.as_("chika"), ready, "data")


def test_there_are_two_parts_and_no_others(world: World, ready: str) -> None:
    with pytest.raises(NotFound):
        exports.fetch(world.as_("chika"), ready, "sealed_purpose")
    with pytest.raises(NotFound):
        exports.fetch(world.as_("chika"), "0" * 32, "data")


def test_after_a_day_it_is_gone_before_anybody_has_tidied_up(world: World, ready: str) -> None:
    world.now += timedelta(hours=24)
    with pytest.raises(Refused, match="export_over"):
        exports.fetch(world.as_("chika"), ready, "data")


def test_what_is_over_loses_its_pieces_and_its_key_and_the_log_says_so(world: World, ready: str) -> None:
    subject_id = export(world, ready).subject_id
    stolen = content(world, ready)
    world.now += timedelta(hours=23)
    worker.keep_house(world.runtime)
    assert export(world, ready).state == "ready"
    assert stolen

    world.now += timedelta(hours=1)
    worker.keep_house(world.runtime)
    worker.keep_house(world.runtime)
    over = export(world, ready)
    assert (over.state, over.sha256 is not None, over.rows) == ("expired", True, 0)
    assert parts(world) == 0
    query = select(SubjectKey).where(SubjectKey.subject_id == subject_id)
    assert world.session.execute(query).first() is None
    (event,) = tags(world, "system:export:expired")
    assert json.loads(event.event_bytes)["d"] == {"export": ready}


def test_ones_own_files_are_listed_newest_first_and_page_by_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "SHOWN", 2)
    made = [ask(world) for _file in range(4)]
    first = exports.own(world.as_("chika"))
    assert [one.id for one in first] == made[:0:-1]
    second = exports.own(world.as_("chika"), before=made[2])
    assert [one.id for one in second] == [made[1], made[0]]


def test_a_colleague_cannot_make_it_theirs_nor_make_it_last_with_sql_alone(world: World, ready: str) -> None:
    thief = world.logins["kei"].staff_id
    refused(world, "export_fixed", changed("export", ready, staff_id=thief))
    refused(world, "export_fixed", changed("export", ready, personal=True))
    refused(world, "export_fixed", changed("export", ready, sha256="0" * 64))
    refused(world, "export_fixed", changed("export", ready, expires_at=world.now + timedelta(days=9)))
    refused(world, "export_fixed", changed("export", ready, state="waiting"))


def test_what_was_asked_for_and_why_is_neither_changed_nor_deleted_with_sql_alone(
    world: World, ready: str, app: Flask
) -> None:
    open_one = ask(world, purpose="Audit 7")
    for changes in ({"settings": {"report": "cases"}}, {"language": "ja"}, {"sealed_purpose": b"x"}):
        refused(world, "export_fixed", changed("export", ready, **changes))
    refused(world, "export_fixed", changed("export", open_one, sealed_purpose=None))
    refused(world, "export_fixed", changed("export", open_one, sealed_purpose=b"x"))
    refused(world, "export_no_delete", deleted("export", id=open_one))


@only_on("sqlite")
def test_a_file_is_not_replaced(world: World, ready: str) -> None:
    row = row_of(world, "export", id=ready)
    refused(world, "export_never_replaced", inserted("export", row).prefix_with("OR REPLACE"))


def test_what_is_over_does_not_come_back_with_sql_alone(world: World, ready: str) -> None:
    world.now += timedelta(hours=24)
    exports.expire(world.system)
    refused(world, "export_fixed", changed("export", ready, state="ready"))
