"""The sample for a second audit: drawn by a seed, again the same, and steered by nobody."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from portal import reports
from portal.reports.sampling import draw
from tests.reports.asking import asked, owner, rows, told
from tests.sql import only_on
from tests.tlog.desk import keep
from tests.world import World


def approved(world: World, number: int) -> dict[str, str]:
    """So many approved removals: id by reference."""
    ids = [world.approved(**owner(world, place)) for place in range(number)]
    return {world.case(case_id).reference: case_id for case_id in ids}


def test_the_order_is_that_of_the_digest_of_seed_and_case(world: World) -> None:
    ids = approved(world, 4)
    found = rows(world, "sample", seed="7")
    by_digest = sorted(ids, key=lambda reference: sha256(f"7{ids[reference]}".encode()).hexdigest())
    assert [line["reference"] for line in found] == by_digest
    assert [line["place"] for line in found] == [1, 2, 3, 4]
    assert [line["draw"] for line in found] == sorted(draw("7", case_id) for case_id in ids.values())


@only_on("sqlite")
def test_the_same_seed_draws_the_same_and_another_one_another_order(world: World) -> None:
    approved(world, 5)
    first, again, other = (told(world, "sample", seed=seed).rows for seed in ("a", "a", "b"))
    assert first == again
    assert first != other


def test_no_more_are_drawn_than_one_person_can_read(world: World) -> None:
    approved(world, 3)
    ctx = replace(world.system, limits=replace(world.system.limits, audit_sample=2))
    found = reports.run(ctx, asked(world, "sample", seed="7"))
    assert len(found.rows) == 2
    assert found.facts | {"drawn": 2, "requests": 3} == found.facts


def test_only_approved_removals_are_drawn(world: World) -> None:
    world.declined(**owner(world, 1))
    world.pending_approval(**owner(world, 2))
    assert told(world, "sample").rows == []


def test_a_drawn_case_says_who_checked_what_and_who_approved(world: World) -> None:
    world.approved(**owner(world, 1))
    (found,) = rows(world, "sample", seed="7")
    assert (found["verifier"], found["approver"]) == ("Alice Verity", "Bob Approva")
    assert found["methods"] == ("D2", "H1")
    assert found["policy_set"] == "standard"


def test_without_a_seed_the_first_signed_head_after_the_period_decides(logged: World) -> None:
    logged.approved(**owner(logged, 1))
    keep(logged)
    before = told(logged, "sample").facts["seed"]
    logged.pass_time(days=2)
    period = asked(logged, "sample")
    ended = {"start": period.start, "end": logged.case(logged.submit(**owner(logged, 2))).created_at.date()}
    logged.pass_time(days=2)
    keep(logged)
    after = told(logged, "sample", **ended).facts["seed"]
    logged.pass_time(days=2)
    logged.submit(**owner(logged, 3))
    keep(logged)
    assert told(logged, "sample", **ended).facts["seed"] == after != before
    assert len(after) == 64


def test_where_no_head_was_ever_signed_the_days_are_the_seed(world: World) -> None:
    world.approved(**owner(world, 1))
    period = asked(world, "sample")
    assert told(world, "sample").facts["seed"] == f"{period.start}/{period.end}"
