"""The desk about itself: training cases, what was deleted, what was exported."""

from __future__ import annotations

from datetime import timedelta

from portal import reports
from portal.casework import exports, training
from portal.domain.reports import REPORTS
from portal.reports.personal import DOTS
from tests import planting
from tests.casework.kept import kept_until, run
from tests.reports.asking import asked, owner, row, rows, told
from tests.world import World


def test_training_cases_are_scored_by_what_the_desk_recognised(world: World) -> None:
    planting.declined(world, "urgent")
    planting.executed(world, "urgent")
    training.end(world.as_("lee"), planting.queued(world, "urgent"))
    found = row(world, "training")
    assert tuple(found.values()) == ("urgent", 3, 1, 0, 1, 1, 0.5)
    assert told(world, "training").facts == {"played": 3, "missed": 1, "score": 0.5, "running": 0}


def test_a_training_case_that_still_runs_is_not_given_away_by_its_scenario(world: World) -> None:
    planting.queued(world, "urgent")
    found = told(world, "training")
    assert found.rows == []
    assert found.facts["running"] == 1


def test_real_cases_are_not_in_the_report_about_training(world: World) -> None:
    world.declined(**owner(world, 1))
    assert told(world, "training").facts["played"] == 0


def test_what_was_deleted_is_counted_by_what_it_was(world: World) -> None:
    world.declined(**owner(world, 1))
    planting.declined(world)
    kept_until(world, "evidence")
    run(world)
    found = {line["what"]: line for line in rows(world, "deletions")}
    assert found["case:evidence:deleted"]["times_done"] == 1
    assert found["system:retention:run"]["times_done"] == 1
    assert found["case:evidence:deleted"]["first_at"] == found["case:evidence:deleted"]["last_at"]
    assert told(world, "deletions").facts == {"deleted": 1, "erased": 0, "held": 0}


def test_the_reports_survive_the_deletion_of_all_that_was_said(world: World) -> None:
    case_id = world.cancelled(**owner(world, 1))
    received = world.case(case_id).created_at.date()
    kept_until(world, "fact")
    run(world)
    span = {"start": received, "end": received}
    assert row(world, "volumes", **span)["cancelled"] == 1
    assert row(world, "outcomes", **span)["requests"] == 1
    (found,) = rows(world, "cases", **span)
    assert (found["name"], found["reply_email"]) == (None, None)


def test_an_export_is_listed_with_who_asked_and_what_it_held(world: World) -> None:
    ctx = world.as_("chika")
    exports.ask(ctx, asked(world, "volumes"), "csv", "en")
    found = row(world, "exports")
    assert (found["agent"], found["exported"], found["form"]) == ("Chika Kansa", "volumes", "csv")
    assert (found["from_day"], found["to_day"]) == (
        asked(world, "volumes").start,
        asked(world, "volumes").end,
    )
    assert (found["with_personal"], found["file_rows"], found["sha256"], found["downloads"]) == (
        False,
        None,
        None,
        0,
    )


def test_a_finished_export_shows_its_rows_its_digest_and_its_downloads(world: World) -> None:
    export = exports.ask(world.as_("chika"), asked(world, "volumes"), "csv", "en")
    exports.begin(world.system, export.id)
    built = exports.Built(
        file_name="a.csv", rows=3, rows_in_all=3, size=9, sha256="ab" * 32, note=None, tree=0
    )
    exports.finish(world.system, export.id, built)
    for part in ("data", "dictionary"):
        exports.fetch(world.as_("chika"), export.id, part)
    found = row(world, "exports")
    assert (found["file_rows"], found["sha256"], found["downloads"]) == (3, "ab" * 32, 2)


def test_an_export_with_personal_data_says_so(world: World) -> None:
    ctx = world.as_("chika")
    exports.ask(ctx, asked(world, "cases"), "csv", "ja", purpose="An audit", code=world.code("chika"))
    assert row(world, "exports")["with_personal"]


def test_why_personal_data_was_wanted_is_listed_and_masked_as_personal_data_is(world: World) -> None:
    exports.ask(world.as_("chika"), asked(world, "volumes"), "csv", "ja")
    world.now += timedelta(minutes=1)
    ctx = world.as_("chika")
    exports.ask(ctx, asked(world, "cases"), "csv", "ja", purpose="Audit 7", code=world.code("chika"))
    place = [column.key for column in REPORTS["exports"].columns].index("purpose")
    with reports.snapshot(world.runtime.engine) as session:
        listed = list(reports.stream(session, asked(world, "exports")))
        opened = list(reports.reveal(world.runtime.vault, session, listed))
    assert [one[place] for one in reports.masked(listed)] == [None, DOTS]
    assert [one[place] for one in opened] == [None, "Audit 7"]


def test_an_export_made_on_the_command_line_is_listed_too(world: World) -> None:
    facts = {
        "report": "cases",
        "form": "csv",
        "from": "2026-11-01",
        "to": "2026-11-02",
        "rows": 7,
        "digest": "cd" * 32,
    }
    with world.system.act():
        exports.record(world.system, "system:export:built", **facts, channel="command_line")
    found = row(world, "exports")
    assert (found["agent"], found["exported"], found["file_rows"], found["sha256"]) == (
        None,
        "cases",
        7,
        "cd" * 32,
    )
    assert not found["with_personal"]
