"""Locking a colleague out: whoever sits in their network, knows their address or even their password cannot."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.casework import logins, sign_in
from portal.casework.context import Refused, Throttled
from portal.casework.sessions import Opened
from tests.casework.staffroom import PASSWORD, Staffroom, use_cheap_hashes
from tests.world import World


@pytest.fixture
def room(world: World) -> Staffroom:
    use_cheap_hashes()
    return Staffroom(world)


def fail(room: Staffroom, times: int = 1, **changed: object) -> None:
    for _ in range(times):
        with pytest.raises(Refused):
            room.sign_in("alice", **changed)


def try_codes(room: Staffroom, times: int, **changed: object) -> None:
    """As somebody who has the password and not the device, as fast as codes are judged."""
    for _ in range(times):
        room.world.now += timedelta(minutes=16)
        fail(room, code=room.wrong_code("alice"), **changed)


def come_in(room: Staffroom) -> Opened:
    room.world.now += timedelta(seconds=30)
    return room.sign_in("alice")


def test_failures_of_a_neighbour_pause_the_network_but_no_browser_that_is_known(room: Staffroom):
    mark = come_in(room).mark
    room.world.now += timedelta(seconds=30)
    for number in range(60):
        with pytest.raises(Refused):
            room.sign_in("alice", login=f"guess{number}@desk.example", code="000000")

    with pytest.raises(Throttled):
        room.sign_in("alice")
    assert room.sign_in("alice", mark=mark).stage == "full"


def test_twenty_wrong_codes_from_elsewhere_leave_the_known_browser_its_way_in(room: Staffroom):
    mark = come_in(room).mark
    try_codes(room, 20)

    assert room.told("staff_changed", "factor_disabled") == {"Alice Verity", "Lee Leader", "Lou Leader"}
    fail(room)
    room.world.now += timedelta(seconds=30)
    assert room.sign_in("alice", mark=mark).stage == "full"


def test_wrong_codes_from_elsewhere_end_no_session_and_stop_no_act(room: Staffroom):
    opened = come_in(room)
    fail(room, 5, code=room.wrong_code("alice"))

    assert room.who(opened) is not None
    ctx, code = room.world.as_("alice"), room.world.code("alice")
    assert sign_in.fresh_factor(ctx, room.id("alice"), code) is True


def test_a_right_code_at_the_desk_gives_a_thief_no_new_tries(room: Staffroom):
    mark = come_in(room).mark
    for _ in range(19):
        try_codes(room, 1)
        assert sign_in.fresh_factor(room.world.as_("alice"), room.id("alice"), room.world.code("alice"))
        room.world.now += timedelta(seconds=30)
        room.sign_in("alice", mark=mark)
    try_codes(room, 1)

    assert "staff:factor:disabled" in room.tags("alice")


def test_another_password_opens_the_door_to_new_browsers_again(room: Staffroom):
    mark = come_in(room).mark
    try_codes(room, 20)
    room.world.now += timedelta(seconds=30)
    ctx, signed = room.session_of(room.sign_in("alice", mark=mark))
    room.world.now += timedelta(seconds=30)
    new = "herons under seven lamps"
    later = room.door().as_actor(ctx.actor)
    logins.change_password(later, signed, present=PASSWORD, code=room.world.code("alice"), new=new)
    room.world.now += timedelta(minutes=16)

    fail(room)
    room.world.now += timedelta(seconds=30)
    assert room.sign_in("alice", password=new).stage == "full"


def test_a_known_browser_has_as_few_tries_as_any(room: Staffroom):
    mark = come_in(room).mark
    for _ in range(20):
        room.world.now += timedelta(minutes=16)
        fail(room, password="wrong", mark=mark)
    room.world.now += timedelta(minutes=16)
    try_codes(room, 20)
    room.world.now += timedelta(minutes=16)

    fail(room, mark=mark)


def test_a_known_browser_pauses_after_its_own_failures(room: Staffroom):
    mark = come_in(room).mark
    room.world.now += timedelta(seconds=30)
    fail(room, 6, password="wrong", code="000000", mark=mark)

    with pytest.raises(Throttled):
        room.sign_in("alice", mark=mark)
    assert room.sign_in("alice", door=room.door("198.51.100.1")).stage == "full"


def test_five_wrong_codes_in_a_known_browser_shut_it_out_for_a_while(room: Staffroom):
    mark = come_in(room).mark
    fail(room, 5, code=room.wrong_code("alice"), mark=mark)
    room.world.now += timedelta(seconds=30)

    fail(room, mark=mark)
    room.world.now += timedelta(minutes=15)
    assert room.sign_in("alice", mark=mark).stage == "full"


def test_signing_in_forgives_a_known_browser(room: Staffroom):
    mark = come_in(room).mark
    for _ in range(3):
        for _ in range(15):
            room.world.now += timedelta(minutes=16)
            fail(room, password="wrong", mark=mark)
        room.world.now += timedelta(minutes=16)
        assert room.sign_in("alice", mark=mark).mark == ""  # the old one goes on to count

    try_codes(room, 20)
    room.world.now += timedelta(minutes=16)
    assert room.sign_in("alice", mark=mark).stage == "full"


@pytest.mark.parametrize("spoil", ["colleague", "old", "longer", "made_up", "newline"])
def test_a_mark_counts_for_its_login_and_its_time_only(room: Staffroom, spoil: str):
    mark = come_in(room).mark
    name, until, seal = mark.split(".")
    room.world.now += timedelta(seconds=30)
    spoilt = {
        "colleague": lambda: room.sign_in("bob").mark,
        "old": lambda: mark,
        "longer": lambda: f"{name}.{int(until) + 86400}.{seal}",
        "made_up": lambda: f"{name}.{until}.{'0' * 64}",
        "newline": lambda: f"{mark}\n",
    }[spoil]()
    try_codes(room, 20)
    room.world.now += timedelta(days=31 if spoil == "old" else 0, minutes=16)

    fail(room, mark=spoilt)


def test_a_mark_opens_nothing_by_itself(room: Staffroom):
    mark = come_in(room).mark
    room.world.now += timedelta(seconds=30)

    fail(room, password="wrong", mark=mark)
    room.world.now += timedelta(seconds=30)
    fail(room, code="", mark=mark)


def test_a_saved_code_makes_no_browser_known(room: Staffroom):
    assert room.recover("alice", room.codes["alice"][0]).mark == ""


def test_twenty_wrong_codes_at_the_desk_end_the_sessions_and_lock_nobody_out(room: Staffroom):
    opened = come_in(room)
    for _ in range(20):
        room.world.now += timedelta(minutes=16)
        ctx = room.door().as_actor(room.world.as_("alice").actor)
        assert sign_in.fresh_factor(ctx, room.id("alice"), room.wrong_code("alice")) is False

    assert room.who(opened) is None
    assert "staff:session:ended" in room.tags("alice")
    assert come_in(room).stage == "full"


def test_after_sessions_were_ended_so_one_slip_of_the_person_ends_none_of_theirs(room: Staffroom):
    for _ in range(20):
        room.world.now += timedelta(minutes=16)
        ctx = room.door().as_actor(room.world.as_("alice").actor)
        sign_in.fresh_factor(ctx, room.id("alice"), room.wrong_code("alice"))
    room.world.now += timedelta(minutes=16)
    opened = come_in(room)

    assert sign_in.fresh_factor(ctx, room.id("alice"), room.wrong_code("alice")) is False
    assert room.who(opened) is not None
