"""What one admin may do to a colleague's login at once, and what nobody may: leave the desk without two who decide."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.casework import shutting, staff_matters, timers, transition
from portal.casework.context import Refused
from portal.domain.lifecycle import Role
from portal.models import AuditEvent
from tests.casework.staffroom import Staffroom, use_cheap_hashes
from tests.world import World


@pytest.fixture
def room(world: World) -> Staffroom:
    use_cheap_hashes()
    return Staffroom(world)


def disable(room: Staffroom, by: str, whom: str) -> None:
    admin = room.world.as_(by)
    shutting.disable(admin, room.id(whom), code=room.world.code(by))


def end(room: Staffroom, by: str, whom: str, which: str = shutting.ALL) -> None:
    admin = room.world.as_(by)
    shutting.end_sessions(admin, room.id(whom), which, code=room.world.code(by))


def why(room: Staffroom, do: Callable[..., None], *given: object) -> str:
    with pytest.raises(Refused) as refused:
        do(room, *given)
    return refused.value.reason


def endings(room: Staffroom, name: str) -> list[tuple[str, object]]:
    """Who ended sessions of a login, and why."""
    room.world.session.rollback()
    query = select(AuditEvent).where(
        AuditEvent.stream == f"staff:{room.id(name)}", AuditEvent.tag == "staff:session:ended"
    )
    rows = room.world.session.execute(query.order_by(AuditEvent.sseq)).scalars()
    events = [json.loads(row.event_bytes) for row in rows]
    return [(event["actor"], event["d"]["why"]) for event in events]


def waiting(room: Staffroom) -> list[staff_matters.Matter]:
    room.world.session.rollback()
    return staff_matters.matters(room.world.system)


# sessions


def test_an_admin_sees_where_a_colleague_is_signed_in_as_a_network_and_not_as_an_address(room: Staffroom):
    room.sign_in("alice")
    (one,) = shutting.open_sessions(room.world.as_("ada"), room.id("alice"))

    assert (one.browser, one.address, one.is_this) == ("Test browser", "192.0.2.0/24", False)


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2::9", "2001:db8:1::/48"), ("", ""), ("a", "")],
)
def test_a_network_is_coarse(address: str, network: str):
    assert shutting.network_of(address) == network


@pytest.mark.parametrize("who", ["bob", "lee", "chika"])
def test_nobody_but_an_admin_sees_a_colleagues_sessions(room: Staffroom, who: str):
    room.sign_in("alice")

    assert shutting.open_sessions(room.world.as_(who), room.id("alice")) == []
    assert why(room, end, who, "alice") == "wrong_role"


def test_one_admin_ends_all_sessions_of_a_colleague_who_is_told(room: Staffroom):
    opened = [room.sign_in("alice")]
    room.world.now += timedelta(seconds=30)
    opened += [room.sign_in("alice")]
    end(room, "ada", "alice")

    assert [room.who(each) for each in opened] == [None, None]
    assert endings(room, "alice") == [(f"staff:{room.id('ada')}", "by_admin")]
    assert room.told("staff_changed", "sessions_ended") == {"Alice Verity"}
    assert room.sign_in("alice").stage == "full"


def test_one_admin_ends_one_session_of_a_colleague_and_no_other(room: Staffroom):
    older = room.sign_in("alice")
    room.world.now += timedelta(seconds=30)
    newer = room.sign_in("alice")
    end(room, "ada", "alice", older.hash[:16])

    assert room.who(older) is None
    assert room.who(newer) is not None
    assert endings(room, "alice") == [(f"staff:{room.id('ada')}", "by_admin")]


def test_the_key_of_somebody_elses_session_ends_nothing(room: Staffroom):
    opened = room.sign_in("bob")
    end(room, "ada", "alice", opened.hash[:16])

    assert room.who(opened) is not None


def test_ending_sessions_takes_a_fresh_code_and_is_not_for_ones_own(room: Staffroom):
    opened = room.sign_in("alice")
    with pytest.raises(Refused, match="wrong_code"):
        shutting.end_sessions(room.world.as_("ada"), room.id("alice"), "all", code=room.wrong_code("ada"))

    assert why(room, end, "ada", "ada") == "own_login"
    assert room.who(opened) is not None


# what a disabled person leaves behind


def test_cases_of_a_disabled_person_go_back_to_the_queue_at_once(room: Staffroom):
    room.world.account()
    case_id = room.world.verifying("alice")
    checked = room.world.check("alice", case_id)
    disable(room, "ada", "alice")
    timers.run_due(room.world.runtime)

    case = room.world.case(case_id)
    assert (case.status, case.holder_id) == ("queued", None)
    assert checked.voided_at is None


def test_a_person_with_another_sign_in_keeps_their_cases(room: Staffroom):
    room.world.hire("alice.two", person_of="alice")
    case_id = room.world.verifying("alice")
    disable(room, "ada", "alice")
    timers.run_due(room.world.runtime)

    assert room.world.status(case_id) == "verifying"


def test_an_answered_case_does_not_go_back_to_somebody_disabled(room: Staffroom):
    case_id = room.world.waiting_owner()
    disable(room, "ada", "alice")
    ctx = room.world.system

    assert not transition.asked_facts(ctx, room.world.case(case_id)).holder_may_continue


def test_open_and_agreed_proposals_of_a_disabled_admin_stop(room: Staffroom):
    room.world.hire("abe", role=Role.ADMIN)
    room.give_password("abe")
    proposed = room.propose("abe", "role_grant", "vic", role="approver")
    agreed = room.propose("ann", "role_grant", "bob", role="verifier")
    room.agree("abe", agreed)
    kept = room.propose("ann", "role_grant", "ben", role="verifier")
    disable(room, "ada", "abe")
    room.world.pass_time(hours=25)

    assert [matter.id for matter in waiting(room)] == [kept]
    assert {"staff:proposal:stopped"} <= set(room.tags("vic")) & set(room.tags("bob"))
    assert proposed != agreed
