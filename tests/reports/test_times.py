"""How long requests take: by status, without what is not the desk's time, and alike in both languages."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import literal, select, union_all

from portal.casework import intake, verification
from portal.models import Case
from portal.reports import times
from portal.reports.figures import percentiles
from tests.reports.asking import owner, rows, told
from tests.world import World


def clocks(world: World, **changes: Any) -> dict[str, float]:
    """The median of each clock."""
    return {found["clock"]: found["hours_median"] for found in rows(world, "times", **changes)}


def cancelled_after(world: World, place: int, **time: float) -> None:
    """A request that waited so long in the queue until its owner cancelled it."""
    case_id = world.queued(**owner(world, place))
    world.now += timedelta(**time)
    intake.withdraw(world.owner, case_id, "device_works")


def test_a_stay_is_measured_from_its_first_event_to_the_next_status(world: World) -> None:
    cancelled_after(world, 1, hours=5)
    assert clocks(world)["queued"] == 5.0


def test_several_stays_in_one_status_are_added_up(world: World) -> None:
    case_id = world.queued(**owner(world, 1))
    world.now += timedelta(hours=2)
    verification.claim(world.as_("alice"), case_id)
    verification.release(world.as_("alice"), case_id)
    world.now += timedelta(hours=3)
    intake.withdraw(world.owner, case_id, "device_works")
    found = {line["clock"]: line for line in rows(world, "times")}
    assert (found["queued"]["counted"], found["queued"]["hours_median"]) == (1, pytest.approx(5.01, abs=0.01))


def test_the_clock_of_the_desk_stands_still_while_the_owner_is_asked_and_the_wait_runs(world: World) -> None:
    case_id = world.waiting_owner(**owner(world, 1))
    world.now += timedelta(hours=40)
    verification.end_asking(world.as_("alice"), case_id)
    world.now += timedelta(hours=1)
    intake.withdraw(world.owner, case_id, "device_works")
    found = clocks(world)
    assert found["waiting_owner"] == pytest.approx(40, abs=0.05)
    assert found["desk"] == pytest.approx(1, abs=0.05)
    assert found["whole"] == pytest.approx(41, abs=0.05)


def test_the_waiting_period_is_not_the_desks_time(world: World) -> None:
    world.deactivated(**owner(world, 1))
    found = clocks(world)
    assert found["cooling_off"] == pytest.approx(25, abs=0.1)
    assert found["desk"] < 0.2
    assert found["whole"] > 25


def test_a_stay_that_goes_on_is_not_measured(world: World) -> None:
    world.verifying(**owner(world, 1))
    world.now += timedelta(hours=9)
    found = clocks(world)
    assert "verifying" not in found
    assert "whole" not in found
    assert found["queued"] < 0.1


def test_half_and_95_of_100_are_figures_that_occurred(world: World) -> None:
    for place, hours in enumerate((1, 2, 3, 10)):
        cancelled_after(world, place, hours=hours)
    found = next(line for line in rows(world, "times") if line["clock"] == "queued")
    assert (found["hours_median"], found["hours_p95"], found["hours_mean"]) == (2.0, 10.0, 4.0)


def test_ranks_are_those_of_the_nearest_rank(world: World) -> None:
    for size, median, p95 in ((1, 1, 1), (2, 1, 2), (3, 2, 3), (20, 10, 19), (21, 11, 20), (100, 50, 95)):
        each = (select(literal(n).label("value"), literal("all").label("key")) for n in range(1, size + 1))
        numbered = union_all(*each).subquery()
        found = world.session.execute(percentiles(numbered, "key")).one()
        assert found[1:] == (size, size * (size + 1) // 2, median, p95)


def test_times_are_told_apart_by_language_and_tier(world: World) -> None:
    cancelled_after(world, 1, hours=5)
    case_id = world.queued(language="en", theft_suspected=True, **owner(world, 2))
    world.now += timedelta(hours=7)
    intake.withdraw(world.owner, case_id, "device_works")
    found = {
        (line["language"], line["tier"]): line["hours_median"]
        for line in rows(world, "times_by_group")
        if line["clock"] == "queued"
    }
    assert found == {("ja", "standard"): 5.0, ("en", "elevated"): 7.0}


def test_both_languages_are_set_beside_each_other(world: World) -> None:
    world.deactivated(**owner(world, 1))
    world.declined(language="en", **owner(world, 2))
    world.queued(language="en", **owner(world, 3))
    found = {line["language"]: line for line in rows(world, "parity")}
    assert [found[language]["approval_share"] for language in ("ja", "en")] == [1.0, 0.0]
    assert [found[language]["requests"] for language in ("ja", "en")] == [1, 2]
    assert all(found[language]["desk_median"] is not None for language in ("ja", "en"))


def test_small_numbers_of_one_language_are_said_to_be_small(world: World) -> None:
    world.declined(**owner(world, 1))
    facts = told(world, "parity").facts
    assert facts["small"]
    assert facts["limit"] == world.runtime.limits.report_small


def test_of_very_many_requests_an_even_part_is_measured_and_the_report_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(6):
        cancelled_after(world, place, hours=place + 1)
    monkeypatch.setattr(times, "part_of", partial(times.part_of, most=3))
    below = times.part_of(6, most=3).below
    assert below == "80000000"
    measured = sum(case_id < below for case_id in world.session.execute(select(Case.id)).scalars())
    found = told(world, "times")
    assert found.facts["measured_of"] == 6
    assert found.facts.get("whole_counted", 0) == measured


def test_where_all_can_be_measured_all_are(world: World) -> None:
    cancelled_after(world, 1, hours=5)
    assert "measured_of" not in told(world, "times").facts
    assert times.part_of(times.MOST_MEASURED).below is None


def test_a_part_is_about_as_large_as_may_be_measured() -> None:
    for requests in (50_001, 100_000, 1_000_000, 87_654_321):
        below = times.part_of(requests).below
        assert below is not None
        assert int(below, 16) / 16**8 * requests == pytest.approx(times.MOST_MEASURED, rel=0.001)
