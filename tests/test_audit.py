"""The log: exact bytes, a chain for each stream, facts that its tag names, and nothing personal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal import audit
from portal.casework import staff, verification
from portal.domain import audit_tags
from portal.domain.lifecycle import Act, Status
from portal.models import AuditEvent, AuditStream, Case
from tests.people import HANAKO
from tests.sql import attack, changed, deleted, event, inserted, row_of, unguarded
from tests.world import START, World

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_the_bytes_of_an_event_are_fixed() -> None:
    made = audit.canonical({"v": 1, "b": [True, False, -7], "a": {"ü": '花子\n"\\\u0007'}, "": ""})
    assert made == '{"":"","a":{"ü":"花子\\n\\"\\\\\\u0007"},"b":[true,false,-7],"v":1}'.encode()


def test_the_order_of_the_keys_changes_nothing() -> None:
    assert audit.canonical({"b": 1, "a": {"d": 1, "c": 2}}) == audit.canonical(
        {"a": {"c": 2, "d": 1}, "b": 1}
    )


@pytest.mark.parametrize("value", [None, 1.5, b"x", NOON, {1}, object()])
def test_what_has_no_one_way_to_be_written_is_refused(value: Any) -> None:
    for within in ({"d": value}, {"d": [value]}, {"d": {"inner": value}}):
        with pytest.raises(audit.UnknownFact):
            audit.canonical(within)


def test_a_leaf_is_hashed_as_rfc_6962_says() -> None:
    assert audit.leaf(b"") == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert audit.leaf(b"abc") == sha256(b"\x00abc").hexdigest()


@pytest.mark.parametrize(
    "at",
    [NOON, NOON.astimezone(timezone(timedelta(hours=9))), NOON.replace(microsecond=0)],
)
def test_times_are_written_in_utc_and_always_27_characters(at: datetime) -> None:
    assert audit.timestamp(at) == "2026-11-24T12:00:00.000000Z"
    assert len(audit.timestamp(at)) == 27


def test_every_act_has_its_own_tag_and_every_tag_its_facts() -> None:
    assert set(audit_tags.ACT_TAGS) == set(Act)
    assert len(set(audit_tags.ACT_TAGS.values())) == len(Act)
    assert set(audit_tags.ACT_TAGS.values()) <= set(audit_tags.FACTS)


@pytest.mark.parametrize("tag", audit_tags.FACTS)
def test_a_tag_fits_its_column_and_names_subject_thing_and_what_happened(tag: str) -> None:
    assert len(tag) <= AuditEvent.tag.type.length
    assert [part.islower() for part in tag.split(":")] == [True] * 3


def test_a_fact_that_the_tag_does_not_name_is_refused(world: World) -> None:
    with pytest.raises(audit.UnknownFact, match="colour"), world.system.act():
        audit.append(
            world.session,
            "system",
            "system:settings:started",
            actor="system",
            at=NOON,
            facts={"colour": "red"},
        )
    assert world.session.get(AuditStream, "system") is None


def test_a_tag_that_nobody_knows_is_refused(world: World) -> None:
    with pytest.raises(KeyError), world.system.act():
        audit.append(world.session, "system", "system:made:up", actor="system", at=NOON, facts={})


def test_a_fact_that_is_none_is_left_out(world: World) -> None:
    row = settings_started(world, None)
    assert json.loads(row.event_bytes)["d"] == {}


def settings_started(world: World, digest: str | None = "0") -> AuditEvent:
    with world.system.act():
        return audit.append(
            world.session,
            "system",
            "system:settings:started",
            actor="system",
            at=world.now,
            facts={"digest": digest},
        )


def test_an_event_says_what_was_done_to_what_by_whom_and_when(world: World) -> None:
    case_id = world.verifying()
    row = last_of(world, case_id)
    said = json.loads(row.event_bytes)
    assert said == {
        "v": 1,
        "id": row.id,
        "stream": f"case:{case_id}",
        "sseq": world.case(case_id).audit_seq,
        "sprev": said["sprev"],
        "at": audit.timestamp(row.at),
        "actor": f"staff:{world.logins['alice'].staff_id}",
        "act": "case:claim:taken",
        "d": {},
        "from": "queued",
        "to": "verifying",
        "ver": world.case(case_id).version,
    }
    assert row.actor == said["actor"]


def last_of(world: World, case_id: str) -> AuditEvent:
    query = select(AuditEvent).where(AuditEvent.case_id == case_id).order_by(AuditEvent.sseq.desc())
    world.session.rollback()
    return world.session.execute(query.limit(1)).scalar_one()


def test_the_columns_repeat_the_bytes(world: World) -> None:
    world.account()
    world.verifying()
    for row in world.session.execute(select(AuditEvent)).scalars():
        said = json.loads(row.event_bytes)
        assert (said["id"], said["stream"], said["sseq"], said["act"]) == (
            row.id,
            row.stream,
            row.sseq,
            row.tag,
        )
        assert (said.get("to"), said["at"]) == (row.status_after, audit.timestamp(row.at))
        assert audit.canonical(said) == row.event_bytes


def streams(world: World) -> list[str]:
    world.session.rollback()
    return list(world.session.execute(select(AuditEvent.stream).distinct()).scalars())


@pytest.mark.parametrize("status", Status)
def test_every_way_into_a_status_leaves_whole_chains(world: World, status: Status) -> None:
    world.account()
    case_id = world.walks[status]()
    assert f"case:{case_id}" in streams(world)
    assert {stream: audit.first_break(world.session, stream) for stream in streams(world)} == dict.fromkeys(
        streams(world)
    )


@pytest.mark.parametrize("status", Status)
def test_the_log_ends_with_the_status_of_its_case(world: World, status: Status) -> None:
    world.account()
    case_id = world.walks[status]()
    row, case = last_of(world, case_id), world.case(case_id)
    assert (row.sseq, row.leaf_hash, row.status_after) == (case.audit_seq, case.audit_head, status)


def test_the_chain_of_a_stream_that_is_no_cases_is_whole_too(world: World) -> None:
    for digest in ("a", "b", "c"):
        settings_started(world, digest)
    head = world.session.get_one(AuditStream, "system")
    assert (head.sseq, audit.first_break(world.session, "system")) == (3, None)


def test_an_empty_stream_is_whole(world: World) -> None:
    assert audit.first_break(world.session, "staff:nobody") is None


def test_nothing_personal_stands_in_the_log(world: World) -> None:
    world.account()
    world.deactivated(detail="my dog ate it")
    text = b"\n".join(world.session.execute(select(AuditEvent.event_bytes)).scalars()).decode()
    for value in (*HANAKO.values(), "my dog ate it", "192.0.2.7"):
        assert value not in text
        assert sha256(value.encode()).hexdigest() not in text


Tampering = Callable[[World, dict[str, Any]], None]


def in_bytes(world: World, row: dict[str, Any]) -> None:
    other = row["event_bytes"].replace(b"queued", b"frozen")
    attack(world, changed("audit_event", row["id"], event_bytes=other))


def in_bytes_and_hash(world: World, row: dict[str, Any]) -> None:
    other = row["event_bytes"].replace(b"staff:", b"stuff:").replace(b"owner", b"other")
    actor = row["actor"].replace("staff:", "stuff:").replace("owner", "other")
    attack(
        world,
        changed("audit_event", row["id"], event_bytes=other, leaf_hash=audit.leaf(other), actor=actor),
    )


def in_the_actor(world: World, row: dict[str, Any]) -> None:
    attack(world, changed("audit_event", row["id"], actor="system"))


def in_the_tag(world: World, row: dict[str, Any]) -> None:
    attack(world, changed("audit_event", row["id"], tag="case:request:withdrawn"))


def in_the_time(world: World, row: dict[str, Any]) -> None:
    attack(world, changed("audit_event", row["id"], at=row["at"] - timedelta(days=1)))


def in_what_is_no_event(world: World, row: dict[str, Any]) -> None:
    for nothing in (b"", b"null", b"[]", b"{}", b"\xff"):
        attack(world, changed("audit_event", row["id"], event_bytes=nothing, leaf_hash=audit.leaf(nothing)))
        assert audit.first_break(world.session, row["stream"]) == row["sseq"]
        world.session.rollback()


@pytest.mark.parametrize(
    "tampering", [in_bytes, in_bytes_and_hash, in_the_tag, in_the_actor, in_the_time, in_what_is_no_event]
)
def test_a_change_is_found_where_it_was_made(world: World, tampering: Tampering) -> None:
    case_id = world.verifying()
    row = row_of(world, "audit_event", case_id=case_id, sseq=2)
    unguarded(world)
    tampering(world, row)
    found = audit.first_break(world.session, f"case:{case_id}")
    assert found == (3 if tampering is in_bytes_and_hash else 2)


def test_a_missing_event_is_found(world: World) -> None:
    case_id = world.verifying()
    unguarded(world)
    attack(world, deleted("audit_waiting"), deleted("audit_event", case_id=case_id, sseq=2))
    assert audit.first_break(world.session, f"case:{case_id}") == 2


def test_a_cut_off_tail_is_found(world: World) -> None:
    settings_started(world, "a")
    settings_started(world, "b")
    unguarded(world)
    attack(world, deleted("audit_waiting"), deleted("audit_event", stream="system", sseq=2))
    assert audit.first_break(world.session, "system") == 2


def test_a_stream_without_its_head_is_found(world: World) -> None:
    settings_started(world, "a")
    attack(world, deleted("audit_stream", stream="system"))
    assert audit.first_break(world.session, "system") == 2


def test_a_head_that_was_moved_is_found(world: World) -> None:
    case_id = world.verifying()
    place = world.case(case_id).audit_seq
    attack(world, changed("cases", case_id, audit_head="0" * 64))
    assert audit.first_break(world.session, f"case:{case_id}") == place + 1


def test_a_well_chained_forgery_that_says_one_status_and_stands_for_another_is_found(world: World) -> None:
    case_id = world.queued()
    case = world.case(case_id)
    after = case.audit_seq + 1
    forgery = event(case_id, after, "cancelled", world.now, tag="case:claim:taken")
    row = forgery.compile().params
    said = {
        **json.loads(last_of(world, case_id).event_bytes),
        "id": row["id"],
        "sseq": after,
        "sprev": case.audit_head,
        "at": audit.timestamp(world.now),
        "act": "case:claim:taken",
        "to": "verifying",
    }
    data = audit.canonical(said)
    values = {**row, "event_bytes": data, "leaf_hash": audit.leaf(data)}
    step = changed("cases", case_id, status="cancelled", audit_seq=after, audit_head=audit.leaf(data))
    attack(world, inserted("audit_event", values), step)
    assert audit.first_break(world.session, f"case:{case_id}") == after


def test_two_events_of_one_act_follow_each_other(world: World) -> None:
    with world.system.act():
        for digest in ("a", "b"):
            audit.append(
                world.session,
                "system",
                "system:settings:started",
                actor="system",
                at=START,
                facts={"digest": digest},
            )
    assert audit.first_break(world.session, "system") is None
    assert world.session.get_one(AuditStream, "system").sseq == 2


def test_an_act_that_cannot_be_recorded_does_not_take_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = world.queued()

    def full(*_: Any, **__: Any) -> AuditEvent:
        raise OSError("no space left on device")

    monkeypatch.setattr(audit, "_row", full)
    with pytest.raises(OSError, match="no space"):
        verification.claim(world.as_("alice"), case_id)
    monkeypatch.undo()
    assert (world.status(case_id), world.case(case_id).holder_id) == ("queued", None)


def test_the_database_refusing_the_event_takes_the_act_back(world: World) -> None:
    case_id = world.queued()
    place = world.case(case_id).audit_seq + 1
    attack(world, event(case_id, place, "cancelled", world.now))
    with pytest.raises(IntegrityError, match="audit_event"):
        verification.claim(world.as_("alice"), case_id)
    assert world.status(case_id) == "queued"
    assert world.session.execute(select(Case.holder_id).where(Case.id == case_id)).scalar_one() is None


def test_what_is_done_to_staff_stands_in_the_stream_of_their_login(world: World) -> None:
    staff.propose(
        world.as_("ada"), "role_grant", staff_id=world.logins["vic"].staff_id, payload={"role": "approver"}
    )
    about = {stream for stream in streams(world) if stream.startswith("staff:")}
    assert about
    assert {audit.first_break(world.session, stream) for stream in about} == {None}
