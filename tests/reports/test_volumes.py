"""How many requests there were, and how they stand."""

from __future__ import annotations

from datetime import UTC, date, datetime

from portal import reports
from tests import planting
from tests.reports.asking import asked, day, owner, row, rows, told
from tests.world import World


def test_requests_are_counted_by_what_became_of_them(world: World) -> None:
    world.deactivated(**owner(world, 1))
    world.declined(**owner(world, 2))
    world.cancelled(**owner(world, 3))
    world.expired(**owner(world, 4))
    world.verifying(**owner(world, 5))
    found = row(world, "volumes")
    assert found | {"hours_to_decision": None} == {
        "month": "2026-11",
        "requests": 5,
        "confirmed": 4,
        "deactivated": 1,
        "reversed": 0,
        "declined": 1,
        "cancelled": 1,
        "expired": 1,
        "still_open": 1,
        "hours_to_decision": None,
    }


def test_a_training_case_is_in_no_report_but_its_own(world: World) -> None:
    planting.declined(world)
    for report in ("volumes", "outcomes", "times", "checks", "four_eyes", "agents", "parity", "sample"):
        assert told(world, report).rows == [], report
    assert list(reports.stream(world.session, asked(world, "cases"))) == []
    assert list(reports.stream(world.session, asked(world, "check_records"))) == []


def test_the_mean_counts_only_what_two_persons_have_decided(world: World) -> None:
    case = world.case(world.deactivated(**owner(world, 1)))
    world.cancelled(**owner(world, 2))
    took = (case.closed_at - case.created_at).total_seconds() / 3600
    assert row(world, "volumes")["hours_to_decision"] == round(took, 2)


def test_a_day_begins_at_midnight_in_japan(world: World) -> None:
    world.now = datetime(2026, 11, 29, 14, 59, 59, tzinfo=UTC)  # the last second of the 29th in Tokyo
    world.submit(**owner(world, 1))
    world.now = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)  # midnight of 1 December
    world.submit(**owner(world, 2))
    assert [found["day"] for found in rows(world, "volumes_by_day")] == [
        date(2026, 11, 29),
        date(2026, 12, 1),
    ]
    assert [found["month"] for found in rows(world, "volumes")] == ["2026-11", "2026-12"]
    november = {"start": day("2026-11-01"), "end": day("2026-11-30")}
    assert row(world, "volumes", **november)["requests"] == 1


def test_both_ends_of_a_period_are_included(world: World) -> None:
    world.submit(**owner(world, 1))
    for start, end, number in (("24", "24", 1), ("23", "24", 1), ("24", "25", 1), ("22", "23", 0)):
        found = told(world, "volumes", start=day(f"2026-11-{start}"), end=day(f"2026-11-{end}"))
        assert sum(line[1] for line in found.rows) == number


def test_each_date_basis_gathers_other_requests(world: World) -> None:
    world.deactivated(**owner(world, 1))
    world.verifying(**owner(world, 2))
    numbers = {
        basis: row(world, "volumes", basis=basis)["requests"] for basis in ("received", "approved", "closed")
    }
    assert numbers == {"received": 2, "approved": 1, "closed": 1}
    assert told(world, "volumes", basis="closed").facts["closed"] == 1


def test_filters_narrow_what_is_counted(world: World) -> None:
    world.deactivated(**owner(world, 1))
    world.cancelled(language="en", **owner(world, 2))
    for key, value in (
        ("status", "cancelled"),
        ("language", "en"),
        ("outcome", "device_works"),
    ):
        assert row(world, "volumes", filters={key: value})["cancelled"] == 1
        assert row(world, "volumes", filters={key: value})["requests"] == 1
    assert row(world, "volumes", filters={"reason": "broken", "tier": "standard"})["requests"] == 2
    assert told(world, "volumes", filters={"language": "en", "status": "deactivated"}).rows == []


def test_totals_add_up_what_can_be_added_up(world: World) -> None:
    world.now = datetime(2026, 10, 30, 1, 0, tzinfo=UTC)
    world.cancelled(**owner(world, 1))
    world.now = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    world.declined(**owner(world, 2))
    found = told(world, "volumes")
    assert found.totals is not None
    assert found.totals[0] is None
    assert found.totals[1:9] == (2, 2, 0, 0, 1, 1, 0, 0)
    assert found.totals[9] == found.rows[1][9]
    assert found.facts["received"] == 2


def test_outcomes_stand_beside_each_other_by_language(world: World) -> None:
    world.declined(**owner(world, 1))
    world.cancelled(language="en", **owner(world, 2))
    world.cancelled(language="ja", **owner(world, 3))
    world.queued(**owner(world, 4))
    found = rows(world, "outcomes")
    assert [tuple(line.values()) for line in found] == [
        ("open", 1, 0, 1, 0.25),
        ("declined", 1, 0, 1, 0.25),
        ("device_works", 1, 1, 2, 0.5),
    ]
    assert told(world, "outcomes").facts == {"requests": 4, "most": "device_works", "most_share": 0.5}


def test_statuses_and_tiers_stand_in_their_own_order(world: World) -> None:
    world.cancelled(**owner(world, 1))
    world.queued(theft_suspected=True, **owner(world, 2))
    assert [line["status"] for line in rows(world, "statuses")] == ["queued", "cancelled"]
    assert [line["tier"] for line in rows(world, "tiers")] == ["standard", "elevated"]


def test_the_nearest_period_with_data_is_as_long_and_nowhere_in_the_future(world: World) -> None:
    world.submit(**owner(world, 1))
    world.now = datetime(2026, 12, 24, 1, 0, tzinfo=UTC)
    before = asked(world, "volumes", start=day("2026-11-01"), end=day("2026-11-20"))
    after = asked(world, "volumes", start=day("2026-12-01"), end=day("2026-12-20"))
    assert reports.nearest(world.system, before) == (day("2026-11-24"), day("2026-12-13"))
    assert reports.nearest(world.system, after) == (day("2026-11-05"), day("2026-11-24"))
    world.now = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
    assert reports.nearest(world.system, before) == (day("2026-11-24"), day("2026-11-26"))


def test_the_nearest_period_knows_the_filters(world: World) -> None:
    world.submit(**owner(world, 1))
    far = {"start": day("2026-11-01"), "end": day("2026-11-02")}
    assert reports.nearest(world.system, asked(world, "volumes", filters={"language": "en"}, **far)) is None
