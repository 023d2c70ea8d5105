"""Events that were edited, deleted, added or moved: found in their bytes, in their stream, or in the tree."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import Executable

from portal import audit
from portal.models import new_id
from tests.sql import TABLES, changed, deleted, event, only_on, row_of, sql
from tests.tlog.desk import keep
from tests.tlog.tampering import checked, events, failing, headed, placed, rewritten, tampered, tree_again
from tests.world import World


def gone(event_id: str) -> list[Executable]:
    """Delete an event with all that names it."""
    return [
        deleted("audit_waiting", event_id=event_id),
        deleted("audit_leaf", event_id=event_id),
        deleted("audit_event", id=event_id),
    ]


def test_an_edited_event_is_found_by_its_bytes_and_named_by_its_place(logged: World) -> None:
    case_id = logged.queued()
    keep(logged)
    row = events(logged, f"case:{case_id}")[1]
    place = row_of(logged, "audit_leaf", event_id=row.id)["place"]
    tampered(logged, changed("audit_event", row.id, event_bytes=row.event_bytes.replace(b"owner", b"staff")))
    verdict = checked(logged)
    assert verdict.failed == "bytes"
    assert verdict.first_bad == f"place {place}: case:{case_id} 2"


@pytest.mark.parametrize("column", ["tag", "actor", "at", "status_after"])
def test_an_edited_column_is_found_by_the_bytes_of_its_event(logged: World, column: str) -> None:
    case_id = logged.queued()
    row = events(logged, f"case:{case_id}")[0]
    value = row.at + timedelta(hours=1) if column == "at" else "expired"
    tampered(logged, changed("audit_event", row.id, **{column: value}))
    assert checked(logged).failed == "bytes"


@only_on("sqlite")
def test_a_time_that_is_none_is_found_and_stops_nothing(logged: World) -> None:
    row = events(logged, f"case:{logged.queued()}")[0]
    tampered(logged, sql("UPDATE audit_event SET at = '!' WHERE id = :id", id=row.id))
    assert checked(logged).failed == "bytes"


def test_a_deleted_event_is_found_in_its_stream(logged: World) -> None:
    case_id = logged.queued()
    tampered(logged, *gone(events(logged, f"case:{case_id}")[1].id))
    verdict = checked(logged)
    assert (verdict.failed, verdict.first_bad) == ("streams", f"case:{case_id} 3")


def test_the_newest_event_that_has_no_place_yet_is_missed_by_the_row_of_its_case(logged: World) -> None:
    case_id = logged.queued()
    tampered(logged, *gone(events(logged, f"case:{case_id}")[-1].id))
    assert checked(logged).failed == "streams"


def test_the_newest_event_of_another_stream_is_missed_by_its_head(logged: World) -> None:
    with logged.system.act():
        for digest in ("one", "other"):
            facts = {"digest": digest}
            audit.append(
                logged.session,
                "system",
                "system:settings:started",
                actor="system",
                at=logged.now,
                facts=facts,
            )
    tampered(logged, *gone(events(logged, "system")[-1].id))
    verdict = checked(logged)
    assert (verdict.failed, verdict.first_bad) == ("streams", "system 1")


def test_a_case_without_any_event_left_is_found(logged: World) -> None:
    case_id = logged.queued()
    tampered(logged, *(one for row in events(logged, f"case:{case_id}") for one in gone(row.id)))
    verdict = checked(logged)
    assert (verdict.failed, verdict.first_bad) == ("streams", f"case:{case_id} 1")


def test_an_added_event_is_found_in_its_stream(logged: World) -> None:
    case_id = logged.queued()
    row = events(logged, f"case:{case_id}")[-1]
    said = {**json.loads(row.event_bytes), "id": new_id(), "sseq": row.sseq + 1}
    data = audit.canonical(said)
    more = {"id": said["id"], "event_bytes": data, "leaf_hash": audit.leaf(data)}
    more |= {"tag": row.tag, "actor": row.actor}
    tampered(logged, event(case_id, row.sseq + 1, row.status_after or "", row.at, **more))
    verdict = checked(logged)
    assert (verdict.failed, verdict.first_bad) == ("streams", f"case:{case_id} {row.sseq + 1}")


def test_two_events_of_a_stream_cannot_change_places(logged: World) -> None:
    case_id = logged.queued()
    one, other = events(logged, f"case:{case_id}")[1:3]
    tampered(
        logged,
        changed("audit_event", one.id, sseq=99),
        changed("audit_event", other.id, sseq=one.sseq),
        changed("audit_event", one.id, sseq=other.sseq),
    )
    assert failing(logged) >= {"bytes"}


def test_a_stream_that_was_chained_anew_is_found_in_the_tree(logged: World) -> None:
    case_id = logged.queued()
    keep(logged)
    tampered(logged, *rewritten(logged, f"case:{case_id}", 2, lambda event: event.update(actor="system")))
    assert checked(logged).failed == "tiles"


def test_a_place_that_is_missing_is_found(logged: World) -> None:
    logged.queued()
    keep(logged)
    row = placed(logged)[1]
    tampered(logged, deleted("audit_leaf", event_id=row.id))
    verdict = checked(logged)
    assert (verdict.failed, verdict.first_bad) == ("places", "place 1")


def test_an_event_that_neither_has_a_place_nor_waits_is_found(logged: World) -> None:
    logged.queued()
    keep(logged)
    case_id = logged.submit(reply_email="other@example.example")
    row = events(logged, f"case:{case_id}")[0]
    tampered(logged, deleted("audit_waiting", event_id=row.id))
    verdict = checked(logged)
    assert (verdict.failed, verdict.first_bad) == ("places", f"case:{case_id} 1")


def test_events_of_two_cases_cannot_change_places_in_the_tree(logged: World) -> None:
    logged.queued()
    logged.submit(reply_email="other@example.example")
    keep(logged)
    table, (first, *_, last) = TABLES["audit_leaf"], placed(logged)
    size = len(placed(logged))
    places = ((first.id, 999), (last.id, 0), (first.id, size - 1))
    tampered(
        logged, *(table.update().where(table.c.event_id == one).values(place=place) for one, place in places)
    )
    assert checked(logged).failed == "tiles"
    tampered(logged, *tree_again(logged))
    assert checked(logged).failed == "heads"


def test_a_tile_that_was_changed_is_found(logged: World) -> None:
    logged.queued()
    keep(logged)
    tampered(logged, TABLES["audit_tile"].update().values(hashes=b"\x00" * 32))
    assert checked(logged).failed == "tiles"


def test_a_stream_whose_head_was_moved_is_found(logged: World) -> None:
    case_id = logged.queued()
    tampered(logged, headed(f"case:{case_id}", audit_head="0" * 64))
    assert checked(logged).failed == "streams"
