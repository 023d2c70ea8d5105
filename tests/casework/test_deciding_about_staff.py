"""Who decides about staff: two, nobody for themselves, and nobody may take so much away that no two are left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest

from portal.casework import factor, roles, shutting, staff, staff_matters
from portal.casework.context import Context, Refused
from portal.domain.lifecycle import Role
from tests.casework.staffroom import NOBODY, Staffroom, use_cheap_hashes
from tests.world import World


@pytest.fixture
def room(world: World) -> Staffroom:
    use_cheap_hashes()
    return Staffroom(world)


def disable(room: Staffroom, by: str, whom: str) -> None:
    admin = room.world.as_(by)
    shutting.disable(admin, room.id(whom), code=room.world.code(by))


def why(room: Staffroom, do: Callable[..., None], *given: object) -> str:
    with pytest.raises(Refused) as refused:
        do(room, *given)
    return refused.value.reason


def waiting(room: Staffroom) -> list[staff_matters.Matter]:
    room.world.session.rollback()
    return staff_matters.matters(room.world.system)


# whoever is left


def test_an_admin_and_a_lead_are_left_however_many_one_admin_disables(room: Staffroom):
    for name in ("ann", "lou"):
        disable(room, "ada", name)

    assert why(room, disable, "ada", "lee") == "last_deciders"
    disable(room, "ada", "alice")  # nobody needs a verifier in order to decide


def test_the_last_admin_is_not_disabled_by_themselves(room: Staffroom):
    disable(room, "ada", "ann")

    assert why(room, disable, "ada", "ada") == "own_login"


def test_two_logins_of_one_admin_are_not_two_who_decide(room: Staffroom):
    room.world.hire("ann.two", role=Role.ADMIN, person_of="ann")
    for name in ("lee", "lou"):
        disable(room, "ann", name)

    assert why(room, disable, "ann", "ada") == "last_deciders"


def test_the_role_of_the_last_lead_is_not_taken_where_one_admin_is_left(room: Staffroom):
    disable(room, "ada", "ann")
    disable(room, "ada", "lou")

    with pytest.raises(Refused, match="last_deciders"):
        room.propose("ada", "role_revoke", "lee", role="lead")


def test_a_role_is_not_taken_from_somebody_who_became_one_of_the_last(room: Staffroom):
    proposal_id = room.propose("ada", "role_revoke", "lee", role="lead")
    digest = room.digest(proposal_id)
    with room.world.system.act():
        for name in ("lou", "ada"):
            room.login(name).disabled_at = room.world.now

    with pytest.raises(Refused, match="last_deciders"):
        staff.agree(room.world.as_("ann"), proposal_id, digest=digest, code=room.world.code("ann"))


def test_who_was_only_invited_does_not_count_as_somebody_who_decides(room: Staffroom):
    with room.world.system.act():
        for name in ("lee", "lou"):
            room.login(name).sealed_totp = None

    assert why(room, disable, "ada", "ann") == "last_deciders"


def test_two_admins_who_disable_each_other_at_once_do_not_both_succeed(room: Staffroom):
    with room.world.system.act():
        for name in ("lee", "lou"):
            room.login(name).disabled_at = room.world.now
    room.world.hire("abe", role=Role.ADMIN)
    room.give_password("abe")
    room.world.now += timedelta(seconds=30)
    jobs = [("ada", "abe"), ("abe", "ann"), ("ann", "ada")]
    actors = {by: room.world.as_(by).actor for by, _ in jobs}
    codes, outcomes = {by: room.world.code(by) for by, _ in jobs}, []

    def post(by: str, whom: str) -> None:
        with room.world.runtime.sessions() as session:
            ctx: Context = room.world.runtime.context(session, NOBODY).as_actor(actors[by])
            try:
                shutting.disable(ctx, room.id(whom), code=codes[by])
                outcomes.append("done")
            except Refused as refused:
                outcomes.append(refused.reason)

    posts = [Thread(target=post, args=job) for job in jobs]
    for each in posts:
        each.start()
    for each in posts:
        each.join()

    assert outcomes.count("done") == 1, outcomes
    room.world.session.rollback()
    able = [name for name in ("ada", "ann", "abe") if room.login(name).disabled_at is None]
    assert len(able) == 2


# power for oneself


def test_nobody_gives_themselves_power_with_two_logins(room: Staffroom):
    room.world.hire("ada.two", role=Role.COMPLIANCE, person_of="ada")
    room.give_password("ada.two")

    with pytest.raises(Refused, match="own_login"):
        room.propose("ada", "role_grant", "ada.two", role="lead")
    proposal_id = room.propose("ann", "role_grant", "ada.two", role="admin")
    with pytest.raises(Refused, match="own_login"):
        room.agree("ada", proposal_id)


def test_the_second_login_of_the_proposer_is_no_second_person(room: Staffroom):
    room.world.hire("ada.two", role=Role.ADMIN, person_of="ada")
    room.give_password("ada.two")
    proposal_id = room.propose("ada", "role_grant", "vic", role="approver")

    with pytest.raises(Refused, match="own_proposal"):
        room.agree("ada.two", proposal_id)


# a reset that was asked for


def ask(room: Staffroom, name: str = "alice") -> str:
    ctx, signed = room.session_of(room.recover(name, room.codes[name][0]))
    staff.ask_for_reset(ctx, signed)
    (matter,) = waiting(room)
    return str(matter.id)


def test_a_reset_that_somebody_asked_for_themselves_takes_two_admins(room: Staffroom):
    proposal_id = ask(room)

    assert room.matter(proposal_id).is_request
    assert room.agree("ada", proposal_id) == "open"
    assert not room.matter(proposal_id).is_request
    with pytest.raises(Refused, match="own_proposal"):
        room.agree("ada", proposal_id)
    assert room.agree("ann", proposal_id) == "agreed"
    assert room.tags("alice").count("staff:change:proposed") == 2


def test_a_lead_is_the_second_where_the_other_admin_asked_for_a_reset(room: Staffroom):
    proposal_id = ask(room, "ann")

    with pytest.raises(Refused, match="second_admin"):
        room.agree("lee", proposal_id)
    assert room.agree("ada", proposal_id) == "open"
    assert room.agree("lee", proposal_id) == "agreed"


def test_an_admin_who_was_only_invited_keeps_no_lead_from_helping_the_one_who_came(room: Staffroom):
    disable(room, "ada", "lou")
    with room.world.system.act():
        room.login("ann").sealed_totp = None
    proposal_id = ask(room, "ada")

    assert room.agree("lee", proposal_id) == "agreed"


def test_one_is_enough_for_a_reset_where_only_one_is_left(room: Staffroom):
    disable(room, "ada", "ann")
    disable(room, "ada", "lou")
    proposal_id = ask(room, "ada")

    assert room.agree("lee", proposal_id) == "agreed"


def test_a_reset_takes_password_factor_and_saved_codes_and_all_sessions(room: Staffroom):
    opened = room.sign_in("alice")
    room.done("factor_reset", "alice")

    login = room.login("alice")
    assert (login.password_hash, login.sealed_totp) == (None, None)
    assert factor.unused_recovery_codes(room.world.system, login.id) == []
    assert room.who(opened) is None


def test_the_person_concerned_stops_a_reset_that_they_did_not_ask_for(room: Staffroom):
    room.agree("ann", room.propose("ada", "factor_reset", "alice"))
    staff.halt(room.door(), room.link("staff_proposal", "halt", to="alice"))
    room.world.pass_time(hours=25)

    assert room.sign_in("alice").stage == "full"


# roles


def test_a_role_of_an_invited_person_is_corrected_before_they_come(room: Staffroom):
    room.world.hire("nao")
    with room.world.system.act():
        room.login("nao").sealed_totp = None
    room.agree("ann", room.propose("ada", "role_revoke", "nao", role="verifier"))
    room.done("role_grant", "nao", role="compliance")

    assert roles.of_person(room.world.system, room.world.logins["nao"].person_id) == {Role.COMPLIANCE}


def test_enabling_again_takes_two_and_a_day(room: Staffroom):
    disable(room, "ada", "alice")
    proposal_id = room.propose("ada", "re_enable", "alice")
    with pytest.raises(Refused, match="own_proposal"):
        room.agree("ada", proposal_id)
    room.agree("ann", proposal_id)
    room.world.pass_time(hours=23)
    with pytest.raises(Refused, match="sign_in_failed"):
        room.sign_in("alice")
    room.world.pass_time(hours=1)

    assert room.sign_in("alice").stage == "full"
