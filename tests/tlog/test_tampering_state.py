"""Rows that somebody changed without an event: found by folding the events, whatever trigger was away meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Executable

from portal.casework import decisions, objection, protection, shutting, staff
from portal.casework.logins import Entry
from portal.domain.lifecycle import Role
from portal.models import new_id
from tests.sql import TABLES, changed, inserted, only_on, row_of, sql
from tests.tlog.tampering import checked, failing, tampered
from tests.world import World


def whole(table: str, **columns: object) -> Executable:
    """Change every row of a table."""
    return TABLES[table].update().values(**columns)


# How to change a case that waits after a removal was approved, and which words tell of it.
CASE_CHANGES: dict[str, Callable[[World], Executable]] = {
    "status is frozen": lambda world: whole("cases", status="frozen"),
    "version is 99": lambda world: whole("cases", version=99),
    "account_id is": lambda world: whole("cases", account_id=world.account(number="999999999999").id),
    "proposer_id is": lambda world: whole("cases", proposer_id=world.logins["lee"].person_id),
    "approver_id is": lambda world: whole("cases", approver_id=world.logins["lee"].person_id),
    "decision_digest is": lambda world: whole("cases", decision_digest="0" * 64),
    "waiting_hours is 48,": lambda world: whole("cases", waiting_hours=48),
    "waiting_until is": lambda world: whole("cases", waiting_until=world.now + timedelta(days=9)),
    "devices is": lambda world: whole("cases", devices=[{"id": "another"}]),
    "retention_stage is 3": lambda world: whole("cases", retention_stage=3),
}


def test_a_case_that_was_changed_without_an_event_is_found_and_the_column_named(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    before = row_of(world, "cases", id=case_id)
    for words, change in CASE_CHANGES.items():
        tampered(world, change(world))
        verdict = checked(world)
        assert verdict.failed == "reconcile", words
        assert verdict.first_bad == f"case:{case_id}"
        assert verdict.findings[0].words.startswith(words)
        tampered(world, whole("cases", **{name: before[name] for name in before if name != "id"}))
    assert failing(world) == set()


def test_a_tier_that_no_event_named_is_found(world: World) -> None:
    case_id = world.queued()
    tampered(world, changed("cases", case_id, tier="elevated"))
    assert checked(world).first_bad == f"case:{case_id}"


def test_a_status_that_came_back_before_the_next_event_is_found_by_that_event(world: World) -> None:
    case_id = world.queued()
    tampered(world, changed("cases", case_id, status="frozen", frozen_from="queued"))
    world.now += timedelta(minutes=1)
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "nothing was wrong")
    verdict = checked(world)
    assert verdict.failed == "reconcile"
    assert any("without an event" in finding.words for finding in verdict.findings)


def test_a_check_that_nobody_recorded_is_found(world: World) -> None:
    world.account()
    world.pending_approval()
    row = row_of(world, "identity_check", method="D2")
    tampered(world, inserted("identity_check", row, id="f" * 32, method="W3"))
    verdict = checked(world)
    assert verdict.failed == "reconcile"
    assert verdict.first_bad == f"case:{row['case_id']} check {'f' * 32}"


def test_a_failed_check_that_became_a_match_is_found(world: World) -> None:
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id, result="mismatch")
    tampered(world, whole("identity_check", result="match"))
    assert checked(world).failed == "reconcile"


def test_a_check_that_the_second_person_never_opened_is_not_ticked_by_sql(world: World) -> None:
    world.account()
    case_id = world.pending_approval()
    check = row_of(world, "identity_check", method="D2")["id"]
    ticked = {"check_id": check, "person_id": world.logins["bob"].person_id, "case_id": case_id}
    tampered(world, inserted("check_opening", {**ticked, "part": "approver", "at": world.now}))
    assert checked(world).failed == "reconcile"


def test_a_legal_hold_that_no_event_placed_or_lifted_is_found(world: World) -> None:
    case_id = world.queued()
    hold = {"id": new_id(), "case_id": case_id, "set_by_proposal": new_id(), "set_at": world.now}
    tampered(world, inserted("legal_hold", hold))
    assert checked(world).failed == "reconcile"


def test_a_role_that_two_never_agreed_to_is_found(world: World) -> None:
    alice = world.logins["alice"].staff_id
    role = {"id": new_id(), "staff_id": alice, "role": "lead"}
    role["effective_at"] = world.now + timedelta(hours=1)
    tampered(world, inserted("staff_role", role))
    verdict = checked(world)
    assert (verdict.failed, verdict.first_bad) == ("reconcile", f"staff:{alice}")
    assert verdict.findings[0].words == "no event made it lead"


def test_a_role_that_was_granted_by_two_and_then_changed_is_found(world: World) -> None:
    grant = staff.propose(
        world.as_("ada"),
        "role_grant",
        staff_id=world.logins["chika"].staff_id,
        payload={"role": "approver"},
    )
    digest = row_of(world, "proposal", id=grant)["digest"]
    staff.agree(world.as_("ann"), grant, digest=digest, code=world.code("ann"))
    world.pass_time(hours=25)
    assert failing(world) == set()
    tampered(world, whole("staff_role", revoked_at=world.now))
    assert checked(world).failed == "reconcile"


def new_colleague(world: World) -> str:
    """A login that two have made, a verifier's."""
    entry = Entry("Nora New", "nora@desk.example", "en", frozenset({Role.VERIFIER}))
    asked = staff.propose_login(world.as_("ada"), entry)
    digest = row_of(world, "proposal", id=asked)["digest"]
    staff.agree(world.as_("ann"), asked, digest=digest, code=world.code("ann"))
    world.pass_time(hours=25)
    return str(row_of(world, "staff", email="nora@desk.example")["id"])


def test_the_roles_that_a_login_began_with_are_those_of_its_invitation(world: World) -> None:
    login = new_colleague(world)
    assert failing(world) == set()
    role = row_of(world, "staff_role", staff_id=login)
    tampered(world, changed("staff_role", role["id"], role="lead"))
    verdict = checked(world)
    assert (verdict.failed, verdict.first_bad) == ("reconcile", f"staff:{login}")
    assert verdict.findings[0].words == "it holds ['lead'], and its events say ['verifier']"


def test_a_login_that_became_another_persons_is_found(world: World) -> None:
    login = new_colleague(world)
    tampered(world, changed("staff", login, person_id=world.logins["bob"].person_id))
    assert checked(world).first_bad == f"staff:{login}"


def test_a_login_that_was_shut_and_opened_by_sql_is_found(world: World) -> None:
    alice = world.logins["alice"].staff_id
    shutting.disable(world.as_("ada"), alice, code=world.code("ada"))
    assert failing(world) == set()
    tampered(world, changed("staff", alice, disabled_at=None))
    verdict = checked(world)
    assert (verdict.failed, verdict.first_bad) == ("reconcile", f"staff:{alice}")


def test_a_login_that_nobody_invited_is_found_where_no_demo_planted_it(world: World) -> None:
    tampered(world, whole("installation", mark="live"))
    verdict = checked(world)
    assert verdict.failed == "reconcile"
    assert verdict.findings[0].words == "it was made without an event"


def test_a_protection_that_was_taken_away_by_sql_is_found(world: World) -> None:
    account = world.account()
    asked = decisions.propose(
        world.as_("ada"), protection.MATTER, "account_protect", account.id, reason="a minister's"
    )
    digest = row_of(world, "proposal", id=asked)["digest"]
    decisions.agree(world.as_("ann"), protection.MATTER, asked, digest=digest, code=world.code("ann"))
    assert failing(world) == set()
    tampered(world, whole("account", is_protected=False))
    verdict = checked(world)
    assert (verdict.failed, verdict.first_bad) == ("reconcile", f"account:{account.id}")


def test_a_protection_that_nobody_decided_is_found(world: World) -> None:
    account = world.account()
    tampered(world, changed("account", account.id, is_protected=True))
    assert checked(world).first_bad == f"account:{account.id}"


@only_on("sqlite")
def test_a_row_that_holds_what_none_can_hold_is_found_and_stops_nothing(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    tampered(world, sql("UPDATE cases SET waiting_until = '!'"))
    verdict = checked(world)
    assert (verdict.failed, verdict.first_bad) == ("reconcile", f"case:{case_id}")
