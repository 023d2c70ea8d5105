"""Signing in: what an attacker with a password, a code, a cookie or a second tab gets, which is nothing."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pyotp
import pytest

from portal import passwords
from portal.casework import sign_in
from portal.casework.context import Refused, Throttled
from portal.models import Staff
from tests.casework.staffroom import PASSWORD, Staffroom, use_cheap_hashes
from tests.world import World


@pytest.fixture
def room(world: World) -> Staffroom:
    use_cheap_hashes()
    return Staffroom(world)


def refusal(room: Staffroom, name: str = "alice", **changed: object) -> str:
    with pytest.raises(Refused) as refused:
        room.sign_in(name, **changed)
    return refused.value.reason


def test_password_and_code_let_in_with_roles(room: Staffroom):
    signed = room.who(room.sign_in("alice"))

    assert signed is not None
    assert (signed.stage, signed.person.name) == ("full", "Alice Verity")
    assert {role.value for role in signed.roles} == {"verifier"}
    assert room.tags("alice") == ["staff:sign_in:done"]


def test_code_lets_in_once(room: Staffroom):
    code = room.world.code("alice")
    room.sign_in("alice", code=code)

    assert refusal(room, code=code) == "sign_in_failed"


def test_older_code_is_refused_after_a_newer_one(room: Staffroom):
    older = room.world.code("alice")
    room.sign_in("alice")

    assert refusal(room, code=older) == "sign_in_failed"


def test_code_of_the_step_before_still_counts(room: Staffroom):
    code = room.world.code("alice")
    room.world.now += timedelta(seconds=30)

    assert room.sign_in("alice", code=code).stage == "full"


def test_code_two_steps_old_is_refused(room: Staffroom):
    code = room.world.code("alice")
    room.world.now += timedelta(seconds=60)

    assert refusal(room, code=code) == "sign_in_failed"


def test_code_is_used_up_by_a_wrong_password(room: Staffroom):
    code = room.world.code("alice")
    refusal(room, code=code, password="not the password at all")

    assert refusal(room, code=code) == "sign_in_failed"


@pytest.mark.parametrize("spoil", ["{}\n", " {}", "{}0", ""])
def test_code_has_one_spelling(room: Staffroom, spoil: str):
    assert refusal(room, code=spoil.format(room.world.code("alice"))) == "sign_in_failed"


def test_full_width_code_is_refused(room: Staffroom):
    wide = room.world.code("alice").translate(str.maketrans("0123456789", "０１２３４５６７８９"))

    assert refusal(room, code=wide) == "sign_in_failed"


@pytest.mark.parametrize("login", ["nobody@desk.example", "", " ", "not an address", "\u0000"])
def test_unknown_login_is_answered_like_a_wrong_password(room: Staffroom, login: str):
    assert refusal(room, login=login) == refusal(room, password="not the password at all")


def test_address_is_recognised_in_any_spelling(room: Staffroom):
    assert room.sign_in("alice", login=" ＡＬＩＣＥ@Desk.Example ").stage == "full"


def test_password_counts_as_it_was_typed(room: Staffroom):
    assert refusal(room, password=f"{PASSWORD} ") == "sign_in_failed"
    assert refusal(room, password=PASSWORD.upper()) == "sign_in_failed"


def test_endless_password_is_refused_unhashed(room: Staffroom):
    assert refusal(room, password="x" * 100_000) == "sign_in_failed"


def test_login_without_a_password_lets_nobody_in(room: Staffroom):
    room.world.hire("newt")

    assert refusal(room, "newt", password="") == "sign_in_failed"


@pytest.mark.parametrize("who", ["alice", "nobody"])
def test_sixth_failure_pauses_and_pauses_double(room: Staffroom, who: str):
    for _ in range(5):
        refusal(room, login=f"{who}@desk.example", password="wrong", code="000000")
    waits = [pause_after_failure(room, f"{who}@desk.example") for _ in range(12)]

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def pause_after_failure(room: Staffroom, login: str) -> int:
    refusal(room, login=login, password="wrong", code="000000")
    with pytest.raises(Throttled) as throttled:
        room.sign_in("alice", login=login, password="wrong", code="000000")
    wait = int(throttled.value.details["retry_after"])
    room.world.now += timedelta(seconds=wait)
    return wait


def test_pause_never_becomes_a_lock(room: Staffroom):
    for _ in range(5):
        refusal(room, password="wrong", code="000000")
    for _ in range(12):
        pause_after_failure(room, "alice@desk.example")

    assert room.sign_in("alice").stage == "full"


def test_stranger_who_keeps_a_login_paused_keeps_nobody_out(room: Staffroom):
    pause(room)

    assert room.sign_in("alice", door=room.door("198.51.100.1")).stage == "full"


def test_stranger_who_keeps_a_login_paused_keeps_nobody_from_a_recovery_code(room: Staffroom):
    pause(room)

    assert room.recover("alice", room.codes["alice"][0]).stage == "recovery"


def pause(room: Staffroom, login: str = "alice@desk.example") -> None:
    """Fail so often, without the password, that every right password was refused before."""
    for _ in range(5):
        refusal(room, login=login, password="wrong", code="000000")
    for _ in range(6):
        pause_after_failure(room, login)
    refusal(room, login=login, password="wrong", code="000000")


@pytest.mark.parametrize("wrong", ["password", "code", "both", "login"])
def test_whatever_is_wrong_during_a_pause_is_answered_with_the_same_wait(room: Staffroom, wrong: str):
    login = "nobody@desk.example" if wrong == "login" else "alice@desk.example"
    pause(room, login)
    given = {
        "password": "wrong" if wrong in {"password", "both"} else PASSWORD,
        "code": room.wrong_code("alice") if wrong in {"code", "both"} else room.world.code("alice"),
    }
    with pytest.raises(Throttled) as throttled:
        room.sign_in("alice", login=login, **given)

    assert throttled.value.details["retry_after"] == 64


@pytest.mark.parametrize("login", ["alice", "nobody"])
def test_password_is_compared_during_a_pause_as_it_is_without_one(
    room: Staffroom, login: str, monkeypatch: pytest.MonkeyPatch
):
    pause(room, f"{login}@desk.example")
    compared, fits = [], passwords.fits
    monkeypatch.setattr(passwords, "fits", lambda *given: compared.append(given) or fits(*given))
    with pytest.raises(Throttled):
        room.sign_in("alice", login=f"{login}@desk.example", password="wrong")

    assert len(compared) == 1


def test_wrong_recovery_code_during_a_pause_is_answered_like_a_wrong_password(room: Staffroom):
    pause(room)
    for password, code in ((PASSWORD, "AAAAA-AAAAA"), ("wrong", room.codes["alice"][0])):
        with pytest.raises(Throttled) as throttled:
            room.recover("alice", code, password)
        assert throttled.value.details["retry_after"] == 64


def test_tries_during_a_pause_do_not_make_it_longer(room: Staffroom):
    pause(room)
    for _ in range(3):
        with pytest.raises(Throttled):
            room.sign_in("alice", password="wrong")
    room.world.now += timedelta(seconds=64)

    assert refusal(room, password="wrong", code="000000") == "sign_in_failed"


def test_wrong_codes_behind_the_right_password_count_during_a_pause(room: Staffroom):
    pause(room)
    for _ in range(5):
        with pytest.raises(Throttled):
            room.sign_in("alice", code=room.wrong_code("alice"))

    assert room.login("alice").totp_failures == 5
    assert room.told("staff_changed", "codes_refused") == {"Alice Verity"}
    with pytest.raises(Throttled):
        room.sign_in("alice")


def test_twenty_wrong_codes_disable_the_factor_also_during_pauses(room: Staffroom):
    for _ in range(20):
        pause(room)
        with pytest.raises(Throttled):
            room.sign_in("alice", code=room.wrong_code("alice"), door=room.door("198.51.100.1"))
        room.world.now += timedelta(days=2)

    assert "staff:factor:disabled" in room.tags("alice")


def test_code_tried_with_a_wrong_password_during_a_pause_is_used_up(room: Staffroom):
    pause(room)
    code = room.world.code("alice")
    for password in ("wrong", PASSWORD):
        with pytest.raises(Throttled):
            room.sign_in("alice", password=password, code=code)


def test_password_alone_opens_nothing_during_a_pause(room: Staffroom):
    with room.world.system.act():
        room.login("alice").sealed_totp = None
    pause(room)
    with pytest.raises(Throttled):
        room.sign_in("alice", code="")
    room.world.now += timedelta(seconds=64)

    assert room.sign_in("alice", code="").stage == "enrol"


def test_tries_during_a_pause_slow_their_address_down_whatever_they_prove(room: Staffroom):
    pause(room, "guess@desk.example")
    for _ in range(40):
        with pytest.raises(Throttled):
            room.sign_in("alice", login="guess@desk.example", password="wrong")

    with pytest.raises(Throttled):
        room.sign_in("alice")
    assert room.sign_in("alice", door=room.door("198.51.100.1")).stage == "full"


def test_right_password_with_a_wrong_code_pauses_like_a_wrong_password(room: Staffroom):
    for _ in range(6):
        refusal(room, code=room.wrong_code("alice"))

    with pytest.raises(Throttled):
        room.sign_in("alice", code="000000")


def test_end_of_a_pause_gives_one_try(room: Staffroom):
    for _ in range(7):
        room.world.now += timedelta(seconds=2)
        refusal(room, password="wrong", code="000000")
    room.world.now += timedelta(seconds=2)
    refusal(room, password="wrong", code="000000")

    with pytest.raises(Throttled):
        room.sign_in("alice", password="wrong", code="000000")


def test_signing_in_forgives_the_login(room: Staffroom):
    for _ in range(5):
        refusal(room, password="wrong", code="000000")
    room.sign_in("alice")

    assert [refusal(room, password="wrong", code="000000") for _ in range(5)] == ["sign_in_failed"] * 5


def test_one_address_is_slowed_down_over_all_logins(room: Staffroom):
    for number in range(51):
        refusal(room, login=f"guess{number}@desk.example", code="000000")

    with pytest.raises(Throttled):
        room.sign_in("alice", code="000000")
    assert room.sign_in("alice", door=room.door("198.51.100.1")).stage == "full"


def test_own_login_does_not_reset_the_address(room: Staffroom):
    for number in range(50):
        refusal(room, login=f"guess{number}@desk.example", code="000000")
    room.sign_in("alice")
    refusal(room, login="guess@desk.example", code="000000")

    with pytest.raises(Throttled):
        room.sign_in("bob", code="000000")


def test_wrong_passwords_never_disable_the_factor(room: Staffroom):
    for _ in range(30):
        room.world.now += timedelta(seconds=901)
        refusal(room, password="wrong", code=room.wrong_code("alice"))
    room.world.now += timedelta(seconds=901)

    assert room.sign_in("alice").stage == "full"


def test_five_wrong_codes_shut_out_the_right_one_for_a_while(room: Staffroom):
    for _ in range(5):
        refusal(room, code=room.wrong_code("alice"))

    assert refusal(room) == "sign_in_failed"
    assert room.told("staff_changed", "codes_refused") == {"Alice Verity"}
    room.world.now += timedelta(minutes=15)
    assert room.sign_in("alice").stage == "full"


def test_twenty_wrong_codes_disable_the_factor_for_good(room: Staffroom):
    for _ in range(20):
        room.world.now += timedelta(minutes=16)
        refusal(room, code=room.wrong_code("alice"))
    room.world.now += timedelta(days=40)

    assert refusal(room) == "sign_in_failed"
    assert room.told("staff_changed", "factor_disabled") == {"Alice Verity", "Lee Leader", "Lou Leader"}
    assert "staff:factor:disabled" in room.tags("alice")
    assert room.chain_is_whole("alice")


def test_right_code_starts_the_count_anew(room: Staffroom):
    for round_of_failures in range(2):
        for _ in range(15):
            room.world.now += timedelta(minutes=16)
            refusal(room, code=room.wrong_code("alice"))
        room.world.now += timedelta(minutes=16)
        assert room.sign_in("alice").stage == "full", round_of_failures


def test_disabled_login_is_refused_like_any_failure(room: Staffroom):
    with room.world.system.act():
        room.login("alice").disabled_at = room.world.now

    assert refusal(room) == "sign_in_failed"


def test_two_posts_of_one_code_open_one_session(room: Staffroom):
    code, outcomes = room.world.code("alice"), []

    def post() -> None:
        with room.world.runtime.sessions() as session:
            ctx = room.world.runtime.context(session, room.door().actor)
            try:
                outcomes.append(sign_in.sign_in(ctx, "alice@desk.example", PASSWORD, code=code).stage)
            except Refused as refused:
                outcomes.append(refused.reason)

    posts = [Thread(target=post) for _ in range(4)]
    for each in posts:
        each.start()
    for each in posts:
        each.join()

    assert sorted(outcomes) == ["full", "sign_in_failed", "sign_in_failed", "sign_in_failed"]


def test_fresh_code_opens_one_act(room: Staffroom):
    ctx, code = room.world.as_("alice"), room.world.code("alice")

    assert sign_in.fresh_factor(room.world.as_("alice"), room.id("alice"), code) is True
    assert sign_in.fresh_factor(ctx, room.id("alice"), code) is False


def test_code_of_the_sign_in_is_no_fresh_code(room: Staffroom):
    code = room.world.code("alice")
    room.sign_in("alice", code=code)

    assert sign_in.fresh_factor(room.world.as_("alice"), room.id("alice"), code) is False


def test_colleagues_code_is_no_fresh_code(room: Staffroom):
    assert sign_in.fresh_factor(room.world.as_("alice"), room.id("alice"), room.world.code("bob")) is False


def test_recovery_code_is_no_fresh_code(room: Staffroom):
    code = room.codes["alice"][0]

    assert sign_in.fresh_factor(room.world.as_("alice"), room.id("alice"), code) is False


def test_wrong_fresh_codes_count_as_at_sign_in(room: Staffroom):
    for _ in range(5):
        sign_in.fresh_factor(room.world.as_("alice"), room.id("alice"), room.wrong_code("alice"))
    code = room.world.code("alice")

    with pytest.raises(Throttled):
        sign_in.fresh_factor(room.world.as_("alice"), room.id("alice"), code)


def test_right_fresh_codes_are_never_too_many(room: Staffroom):
    spent = [
        sign_in.fresh_factor(room.world.as_("alice"), room.id("alice"), room.world.code("alice"))
        for _ in range(8)
    ]

    assert spent == [True] * 8


def test_fresh_code_cannot_be_spent_inside_an_act(room: Staffroom):
    ctx = room.world.as_("alice")

    with ctx.act(), pytest.raises(RuntimeError):
        sign_in.fresh_factor(ctx, room.id("alice"), room.world.code("alice"))


def test_secret_is_neither_in_clear_nor_hashed_plainly(room: Staffroom):
    login: Staff = room.login("alice")

    assert room.world.logins["alice"].secret.encode() not in (login.sealed_totp or b"")
    assert login.password_hash is not None
    assert login.password_hash.startswith("$argon2id$")
    assert pyotp.TOTP(room.world.logins["alice"].secret).digits == 6
